#!/usr/bin/env python3
"""Checks a studio's statements without the studio: a second implementation of
"extrato verify", written apart from it, with the standard library alone.

    python3 verify.py [--key KEY] [--json] FILE…

FILE is a statement as PDF or JSON, the text of its QR code, a backup with its
manifest beside it, a checkpoint, or a folder made by "extrato audit export". KEY is
the studio's public key, known from elsewhere: the 44 characters of a printed
statement. Exit codes: 0 all proved, 4 something is wrong, 2 something cannot be
read, 3 there is nothing to hold it against. Layouts: docs/architecture.md.
"""
import argparse
import base64
import datetime
import hashlib
import json
import os
import re
import struct
import sys
import zlib


class Wrong(Exception):
    """The file is not what was closed or signed."""


class Unknown(Exception):
    """The file cannot be read, or is no file of the program."""


class Unanchored(Exception):
    """The file is whole, but nothing is there to hold it against."""


# Ed25519 (RFC 8032), without the cofactor.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, (y & (1 << 255) - 1) % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if v * x * x % P != u:
        return None
    if x & 1 != sign:
        x = -x % P
    return x, y, 1, x * y % P


def add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, d - c, d + c, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(n, point):
    result = (0, 1, 1, 0)
    while n:
        if n & 1:
            result = add(result, point)
        point, n = add(point, point), n >> 1
    return result


BASE = decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def ed25519(key, message, signature):
    point, s = decompress(key), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or point is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    x, y, z, _ = add(multiply(s, BASE), multiply(h, (-point[0] % P, point[1], 1, -point[3] % P)))
    x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# Keys and signed heads (C2SP signed-note, tlog-checkpoint, tlog-cosignature).


def sha(data):
    return hashlib.sha256(data).digest()


def unbase64(text):
    """Returns the bytes, None of anything but the one form of them."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


def valid_name(name):
    return re.fullmatch(r"[!-*,-~]+", name) is not None


class Key:
    def __init__(self, name, typed):
        self.name, self.kind, self.key = name, typed[0], typed[1:]
        self.hash = sha(name.encode() + b"\n" + typed)[:4]
        self.printed = base64.b64encode(typed).decode()
        self.text = "%s+%s+%s" % (name, self.hash.hex(), self.printed)

    def signed(self, text, signature):
        if self.kind == 1:
            return ed25519(self.key, text, signature)
        if len(signature) != 72 or signature[0] >= 1 << 6:
            return False
        at = struct.unpack(">Q", signature[:8])[0]
        return ed25519(self.key, b"cosignature/v1\ntime %d\n" % at + text, signature[8:])


def key_of(text, origin=None):
    """Reads NAME+HASH+KEY, or a printed key of the log with this origin."""
    parts = text.split("+", 2)
    if len(parts) == 3 and valid_name(parts[0]):
        typed = unbase64(parts[2])
        if typed and len(typed) == 33 and typed[0] in (1, 4) and Key(parts[0], typed).text == text:
            return Key(parts[0], typed)
    typed = unbase64(text)
    if origin and typed and len(typed) == 33 and typed[0] == 1:
        return Key(origin, typed)
    raise Unknown("%r is no public key" % text)


class Head:
    def __init__(self, note):
        bad = Unknown("this is no checkpoint of a log")
        self.note, (head, found, lines) = note, note.partition("\n\n")
        parts = head.split("\n")
        if not found or len(parts) != 3 or not valid_name(parts[0]) or not re.fullmatch(r"0|[1-9]\d*", parts[1], re.ASCII):
            raise bad
        self.origin, self.size, self.root = parts[0], int(parts[1]), unbase64(parts[2])
        self.text = (head + "\n").encode()
        if self.root is None or len(self.root) != 32 or self.size >= 1 << 63:
            raise bad
        self.lines, self.keys, self.cosigned = [], [], []
        if not lines.endswith("\n"):
            raise bad
        for line in lines[:-1].split("\n"):
            name, found, code = line[2:].partition(" ")
            raw = unbase64(code)
            if line[:2] != "— " or not found or not valid_name(name) or raw is None or len(raw) < 5:
                raise bad
            self.lines.append((name, raw[:4], raw[4:]))
        if len({line[:2] for line in self.lines}) != len(self.lines) or len(self.lines) > 100:
            raise bad

    def open(self, keys):
        """Checks the signatures of known keys; those of others say nothing."""
        for name, code, signature in self.lines:
            for key in keys:
                if (key.name, key.hash) != (name, code) or key.kind == 1 and name != self.origin:
                    continue
                if not key.signed(self.text, signature):
                    raise Wrong("the signature of %s is not one of this head" % name)
                (self.keys if key.kind == 1 else self.cosigned).append(key)
                break
        if not self.keys:
            raise Wrong("no known key of %s has signed this head" % self.origin)
        return self


# The tree (RFC 6962).


def node(left, right):
    return sha(b"\1" + left + right)


def tree(leaves):
    if len(leaves) < 2:
        return sha(b"\0" + leaves[0]) if leaves else sha(b"")
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node(tree(leaves[:half]), tree(leaves[half:]))


def included(head, index, leaf, path):
    at, last, value = index, head.size - 1, sha(b"\0" + leaf)
    if not 0 <= at <= last:
        return False
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            value = node(step, value)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node(value, step)
        at, last = at >> 1, last >> 1
    return last == 0 and value == head.root


def inclusion(text):
    """Reads a C2SP tlog-proof: index, path, checkpoint, and the entry's hash if it is there."""
    match = re.fullmatch(r"c2sp\.org/tlog-proof@v1\n(?:extra (\S+)\n)?index (0|[1-9]\d*)\n((?:\S+\n)*)\n(.*)", text, re.S | re.A)
    if not match:
        raise Unknown("this is no inclusion proof")
    path = [unbase64(line) for line in match[3].split()]
    extra = unbase64(match[1]) if match[1] else None
    if any(step is None or len(step) != 32 for step in path) or match[1] and (extra is None or len(extra) != 32):
        raise Unknown("this is no inclusion proof")
    return int(match[2]), path, Head(match[4]), extra


# JSON, strictly: a repeated name would let two readers see two documents.


class Number:
    """A number as it was written: an amount's digits count."""

    def __init__(self, text):
        self.text = text

    def __eq__(self, other):
        return isinstance(other, Number) and self.text == other.text


def once(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name is repeated")
    return dict(pairs)


def no_constant(name):
    raise ValueError(name + " is no number")


def parse(text):
    try:
        if isinstance(text, bytes):
            text = text.decode()
        text.encode()
        value = json.loads(text, object_pairs_hook=once, parse_int=Number, parse_float=Number, parse_constant=no_constant)
        json.dumps(value, default=str, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError) as error:
        raise Unknown("it cannot be read: %s" % error) from None


def want(value, kind, nothing=None):
    """Returns a value of this kind, or nothing's if it is missing."""
    if value is None and nothing is not None:
        return nothing
    if not isinstance(value, kind):
        raise Unknown("%.60r stands where something else is expected" % (value,))
    return value


def whole(value):
    if value is None:
        return 0
    if not isinstance(value, Number) or not re.fullmatch(r"-?\d+", value.text, re.A):
        raise Unknown("%.60r is no whole number" % (value,))
    return int(value.text)


# The chain of closings.


def field(value):
    data = str(value).encode()
    return struct.pack(">I", len(data)) + data


def digest(value):
    """Returns 64 lower-case digits; the empty text for none."""
    text = want(value, str, "")
    if text and not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise Unknown("%r is no digest" % text)
    return text.lower() if text.strip("0") else ""


def micros(text):
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z", text, re.A)
    try:
        at = datetime.datetime(*map(int, match.groups()))
    except (AttributeError, ValueError):
        raise Unknown("%r is no instant" % text) from None
    return (at - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)


COUNTS = ["payments", "sessions", "commissions", "expenses", "links"]
ENTRY = ["seq", "action", "month", "revision", "at", "by", "correlation_id", "fingerprint", "core", "seal", *COUNTS, "backup_file",
         "backup_sha256", "detail", "reason", "totals", "notes", "salt", "previous", "hash"]
DETAIL = ["reason", "totals", "notes", "salt"]


class Entry:
    def __init__(self, value):
        e = want(value, dict)
        if set(e) - set(ENTRY):
            raise Unknown("an entry has unknown names")
        text = {name: want(e.get(name), str, "") for name in ["action", "month", "at", "by", "correlation_id", "backup_file", "backup_sha256"]}
        self.action, self.month, self.at, self.backup_file, self.backup_sha256 = (text[n] for n in ["action", "month", "at", "backup_file", "backup_sha256"])
        self.seq, self.revision, self.counts = whole(e.get("seq")), whole(e.get("revision")), [whole(e.get(n)) for n in COUNTS]
        self.fingerprint, self.core, self.seal, detail = (digest(e.get(n)) for n in ["fingerprint", "core", "seal", "detail"])
        self.previous, self.hash = (bytes.fromhex(digest(e.get(n)) or "0" * 64) for n in ["previous", "hash"])
        if self.month and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", self.month):
            raise Unknown("entry %d cannot be read" % self.seq)
        data = b"extrato chain 1\n" + self.previous + b"".join(map(field, [
            self.seq, self.action, self.month, self.revision, micros(self.at), text["by"], text["correlation_id"], self.fingerprint, self.core,
            self.seal, *self.counts, self.backup_file, self.backup_sha256, detail]))
        there = [e.get(name) is not None for name in DETAIL]
        if any(there) != all(there):
            raise Unknown("entry %d has half of its details" % self.seq)
        self.totals = None
        if all(there):
            salt, self.totals = want(e["salt"], str), want(e["totals"], str)
            notes = [want(note, str) for note in want(e["notes"], list)]
            if not re.fullmatch(r"[0-9a-fA-F]{32}", salt):
                raise Unknown("%r is no salt" % salt)
            found = sha(b"extrato detail 1\n" + bytes.fromhex(salt) + b"".join(map(field, [want(e["reason"], str), self.totals, len(notes), *notes])))
            if found.hex() != detail:
                raise Wrong("the details of entry %d were changed" % self.seq)
        if sha(data) != self.hash:
            raise Wrong("entry %d of the chain was changed" % self.seq)

    def has_statement(self):
        return self.action in ("closed", "revised", "adopted")


# Rows, their fingerprint and their totals.

KINDS = {
    "pagamento": "id data valor* forma_pagamento observacoes! comissao* cliente_id artista_id sessao_id google_event_id! created_at@ updated_at@",
    "sessao": "id data hora valor* observacoes! cliente_id artista_id google_event_id! status payment_id created_at@ updated_at@",
    "comissao": "id pagamento_id artista_id percentual* valor* observacoes! created_at@",
    "gasto": "id data valor* descricao! forma_pagamento created_by created_at@ updated_at@",
    "vinculo": "sessao_id payment_id",
}
PARTS = ["pagamentos", "sessoes", "comissoes", "gastos"]


def hundredths(text):
    match = re.fullmatch(r"(-?)(\d+)(?:\.(\d\d?))?", text, re.A)
    if not match:
        raise Wrong("%r is no amount" % text)
    value = int(match[2]) * 100 + int((match[3] or "0").ljust(2, "0"))
    return -value if match[1] else value


def prints(rows):
    """Returns core and fingerprint of (kind, {column: text or None}) in order."""
    core, texts, last = b"extrato core 1\n", b"extrato texts 1\n", (-1, 0)
    for kind, row in rows:
        number, columns = list(KINDS).index(kind), KINDS[kind].split()
        key = int(row[columns[0]] or 0)
        if (number, key) <= last:
            raise Wrong("the rows are not in order")
        last, kept = (number, key), b""
        for name in columns:
            value = row.get(name.rstrip("*!@"))
            if name[-1] == "!":
                if value is not None:
                    texts += field(kind) + field(key) + field(name[:-1]) + field(value)
                continue
            if value is not None and name[-1] in "*@":
                value = hundredths(value) if name[-1] == "*" else micros(value)
            kept += b"\0" if value is None else b"\1" + field(value)
        core += bytes([ord("0") + number, sum(name[-1] != "!" for name in columns)]) + kept
    return sha(core).hex(), sha(b"extrato rows 1\n" + sha(core) + sha(texts)).hex()


def as_text(row):
    return {name: value.text if isinstance(value, Number) else value for name, value in row.items()}


def grouped(rows, name, only=lambda row: True):
    sums = {}
    for row in filter(only, rows):
        sums[row[name]] = sums.get(row[name], 0) + hundredths(row["valor"])
    return sums


def totals_of(lists):
    payments, _, commissions, expenses = lists
    money = [sum(hundredths(row["valor"]) for row in rows) for rows in (payments, commissions, expenses)]
    names = {row["artista_id"]: row["artista_name"] or "" for row in commissions + payments}
    shares, revenue = grouped(commissions, "artista_id"), grouped(payments, "artista_id")
    artists = sorted((names[i], int(i), revenue.get(i, 0), share) for i, share in shares.items() if share > 0)
    expenses = [dict(row, categoria="Outros" if row["categoria"] is None else row["categoria"]) for row in expenses]
    return [money[0], money[0], money[1], money[2], money[0] - money[2], money[0] - money[1] - money[2],
            [(name, earned, share) for name, _, earned, share in artists],
            *(sorted(grouped(rows, name).items()) for rows, name in [
                (payments, "forma_pagamento"), (expenses, "forma_pagamento"), (expenses, "categoria")])]


TOTALS = ["receita_total", "total_pagamentos", "comissoes_total", "despesas_total", "saldo", "receita_liquida", "por_artista",
          "por_forma_pagamento", "gastos_por_forma_pagamento", "gastos_por_categoria"]


def totals_in(value):
    """Reads a statement's totals in the form of totals_of."""
    return [hundredths(value[n].text) for n in TOTALS[:6]] + [
        [tuple(hundredths(v.text) if isinstance(v, Number) else v for v in row.values()) for row in value[n]] for n in TOTALS[6:]]


def compare(entry, month, columns):
    """Compares a statement with its entry. Returns its parts, read."""
    if not entry.has_statement() or entry.month != month:
        raise Wrong("entry %d is not about the statement of %s" % (entry.seq, month))
    seal = b"extrato seal 1\n"
    for text in columns:
        data = (text or "").encode()
        seal += b"\xff" * 8 if text is None else struct.pack(">Q", len(data)) + data
    if sha(seal).hex() != entry.seal:
        raise Wrong("the statement of %s is not the one under the seal of entry %d" % (month, entry.seq))
    try:
        parts = [loaded(text) for text in columns]
    except Unknown as error:
        raise Wrong("the statement of %s cannot be read: %s" % (month, error)) from None
    if not isinstance(parts[4], (dict, type(None))):
        raise Wrong("the statement of %s has no totals" % month)
    if entry.action == "adopted":
        return parts
    try:
        header = parts[4]["extrato"]
        lists = [[as_text(row) for row in part] for part in parts[:4]]
        links = [as_text(row) for row in header["vinculos"]]
        counts = [len(rows) for rows in [*lists, links]]
        core, fingerprint = prints([(kind, row) for kind, rows in zip(KINDS, [*lists, links]) for row in rows])
        own = {name: value for name, value in parts[4].items() if name != "extrato"}
        good = (header["versao"] == Number("1") and header["mes"] == month and header["revisao"] == Number(str(entry.revision))
                and (core, fingerprint) == (entry.core, entry.fingerprint) and header["fingerprint"] == fingerprint and counts == entry.counts
                and totals_in(own) == totals_of(lists) and (entry.totals is None or parse(entry.totals) == own))
    except (KeyError, TypeError, AttributeError, ValueError, Unknown) as error:
        raise Wrong("the statement of %s cannot be read: %r" % (month, error)) from None
    if not good:
        raise Wrong("rows, counts or totals of %s are not those of entry %d" % (month, entry.seq))
    return parts


def loaded(text):
    for _ in range(3):  # v4 is known to nest JSON
        if not isinstance(text, str):
            break
        text = parse(text)
    return text


# Files.


class File:
    def __init__(self, name, given):
        self.name, self.given, self.result, self.reason, self.checked, self.trusted = name, given, "proved", "", [], []
        self.heads, self.entries, self.log, self.manifest, self.alone = [], [], None, None, None

    def check(self):
        try:
            self.read()
        except (Wrong, Unknown, Unanchored) as error:
            self.fail(type(error).__name__.lower(), str(error))
        except (UnicodeError, OSError) as error:
            self.fail("unknown", "it cannot be read: %s" % error)

    def fail(self, result, reason):
        if self.result == "proved" or result == "wrong" and self.result != "wrong":
            self.result, self.reason = result, reason

    def read(self):
        if os.path.isdir(self.name):
            return self.folder()
        with open(self.name, "rb") as file:
            data = file.read()
        if b"%PDF-" in data[:1024]:
            return self.pdf(data)
        if data.startswith(b"age-encryption.org/") or data.startswith(b"-----BEGIN AGE"):
            raise Unknown("it is encrypted with age: decrypt it first")
        if data.startswith(b"type,id,data,"):
            return self.backup(self.name)
        if data.lstrip().startswith(b"{"):
            names = set(want(json.loads(data, object_pairs_hook=dict) if valid(data) else None, dict, {}))
            for needed, read in [({"format", "vkeys"}, self.document), ({"format", "checksum", "sha256"}, lambda _: self.backup(self.name)),
                                 ({"month", "totals", "payments"}, self.statement)]:
                if needed <= names:
                    return read(data)
            raise Unknown("this is no file that can be checked")
        text = re.sub(r"\n-- ", "\n— ", data.decode().replace("\r\n", "\n"))
        if text.lstrip().startswith("c2sp.org/tlog-proof@v1"):
            return self.code(text.strip() + "\n")
        return self.checkpoint(Head(text))

    def keys(self, head, listed):
        """Returns the keys to trust: the given ones, else the file's own."""
        given = [key_of(text, head.origin) for text in self.given]
        own = not any(key.kind == 1 for key in given)
        texts = {key.text for key in given}
        return own, given + [key for key in listed if (own or key.kind == 4) and key.text not in texts]

    def signed(self, head, own):
        self.checked.append("the head of %s at size %d, root %s, is signed" % (head.origin, head.size, base64.b64encode(head.root).decode()))
        self.trusted.append("key: %s %s" % ("from the file itself, compare it with one from elsewhere:" if own else "given,", ", ".join(key.printed for key in head.keys)))
        self.checked += ["%s cosigned it" % key.name for key in head.cosigned]
        self.heads.append((head, own))

    def document(self, data):
        d = want(parse(data) if isinstance(data, bytes) else data, dict)
        if d.get("format") != "extrato proof 1" or set(d) - {"format", "vkeys", "cosigners", "statement", "entries", "proofs"}:
            raise Unknown("this is no proof of a statement")
        listed = [[key_of(want(k, str)) for k in want(d.get(name), list, [])] for name in ("vkeys", "cosigners")]
        statement = want(d.get("statement"), dict, {})
        if set(statement) - {"month", "totais", *PARTS}:
            raise Unknown("the statement has unknown names")
        columns = [statement.get(name) if statement.get(name) is None else want(statement[name], str) for name in [*PARTS, "totais"]]
        proofs = [inclusion(want(p, str)) for p in want(d.get("proofs"), list, [])]
        raw = want(d.get("entries"), list, [])
        if not raw or len(raw) != len(proofs) or not listed[0]:
            raise Unknown("the proof lacks an entry, a proof of one, or a key")
        head = proofs[0][2]
        own, keys = self.keys(head, listed[0] + listed[1])
        head.open(keys)
        entries = []
        for value, (index, path, at, _) in zip(raw, proofs):
            entry = Entry(value)
            if at.note != head.note:
                raise Unknown("the proofs of the entries are of several heads")
            if index != entry.seq - 1 or not included(head, index, entry.hash, path):
                raise Wrong("entry %d is not in the log at size %d" % (entry.seq, head.size))
            entries.append(entry)
        entry, parts = entries[0], compare(entries[0], statement.get("month"), columns)
        self.checked.append("%s, revision %d: %s" % (entry.month, entry.revision, ", ".join("%d %s" % pair for pair in zip(entry.counts, COUNTS[:4]))))
        if entry.action != "adopted":
            self.checked.append(", ".join("%s %s" % (name, parts[4][name].text) for name in TOTALS[:6]))
        self.checked += ["every byte of the statement is under the seal of entry %d" % entry.seq]
        self.checked += ["entry %d, %s, is in the log at size %d" % (e.seq, e.hash.hex(), head.size) for e in entries]
        self.signed(head, own)
        self.trusted.append("nothing newer: it is in the log at size %d, which may have gone on" % head.size)
        self.entries = entries
        return entry, parts

    def statement(self, data):
        says = parse(data)
        if "proof" not in says:
            raise Unknown("there is no proof in it: it is one artist's part, or was written without one")
        entry, parts = self.document(says.pop("proof"))
        shown = {"month": entry.month, "revision": Number(str(entry.revision)), "closed_at": entry.at, "fingerprint": entry.fingerprint or None,
                 "counts": {name: Number(str(n)) for name, n in zip(COUNTS[:4], entry.counts)},
                 "backup": {"file": entry.backup_file, "sha256": entry.backup_sha256},
                 "chain": {"seq": Number(str(entry.seq)), "hash": entry.hash.hex()}}
        if entry.action == "adopted":
            shown["adopted"] = True
        lists = {name: part or [] for name, part in zip(COUNTS[:4], parts)}
        lists["totals"] = {name: value for name, value in (parts[4] or {}).items() if name != "extrato"}
        same = same_as_v4 if entry.action == "adopted" else lambda a, b: a == b
        for name in sorted({*says, *shown, *lists}):
            if name not in says or not (says[name] == shown[name] if name in shown else name in lists and same(says[name], lists[name])):
                raise Wrong("%r in the file is not what its proof holds" % name)
        self.checked.append("all that the file says is what its proof holds")

    def pdf(self, data):
        if re.search(rb"/Encrypt\b", data):
            raise Unknown("the PDF is encrypted: save it without a password")
        proofs = [text for text in attachments(data) if b'"extrato proof ' in text]
        if len(proofs) != 1:
            raise Unknown("%d proofs are attached to the PDF, not one: it was printed again, or several were joined" % len(proofs))
        self.document(proofs[0])
        self.trusted.append("the pages themselves: only the attachment was checked; compare them with these totals")

    def code(self, text):
        index, path, head, leaf = inclusion(text)
        if leaf is None:
            raise Unknown("this is not the text of a statement's QR code")
        if not included(head, index, leaf, path):
            raise Wrong("the entry is not in the log at size %d" % head.size)
        self.checked.append("entry %d, %s, is in the log at size %d: compare number and hash with the paper's" % (index + 1, leaf.hex(), head.size))
        self.trusted.append("the rest of the paper: the code covers the entry's hash only")
        self.checkpoint(head)

    def checkpoint(self, head):
        own, keys = self.keys(head, [])
        if own:
            self.alone = head
            return
        self.signed(head.open(keys), False)

    def backup(self, name):
        base = re.sub(r"\.manifest\.json$|\.[^./]*$", "", name)
        with open(base + ".manifest.json", "rb") as file:
            text = file.read()
        with open(base + ".csv", "rb") as file:
            data = file.read()
        self.manifest = manifest(text, data)
        self.checked.append("%s: as many bytes, rows and amounts as its manifest names" % self.manifest["file"])
        raise Unanchored("a manifest can be written anew with its file: give the month's statement with it, or a folder of extrato audit export")

    def folder(self):
        texts = []
        for name in ["checkpoint", "keys", "entries.json"]:
            with open(os.path.join(self.name, name), encoding="utf-8", newline="") as file:
                texts.append(file.read())
        head, listed = Head(texts[0]), [key_of(line) for line in texts[1].splitlines()]
        own, keys = self.keys(head, listed)
        head.open(keys)
        d = want(parse(texts[2]), dict)
        if d.get("format") != "extrato entries 1" or set(d) - {"format", "entries"}:
            raise Unknown("this is no chain of closings")
        entries, previous = [], (0, bytes(32))
        for value in want(d.get("entries"), list, []):
            entry = Entry(value)
            if (entry.seq - 1, entry.previous) != previous:
                raise Wrong("entry %d does not follow entry %d of the chain" % (entry.seq, previous[0]))
            previous = entry.seq, entry.hash
            entries.append(entry)
        leaves = [entry.hash for entry in entries]
        if len(leaves) != head.size or tree(leaves) != head.root:
            raise Wrong("%d entries are not the %d under the signed head" % (len(leaves), head.size))
        self.checked.append("%d entries, each following the one before, are exactly those under the signed head" % len(leaves))
        self.signed(head, own)
        self.log, self.entries = (head.origin, leaves), entries
        folder, expected = os.path.join(self.name, "statements"), set()
        for entry in filter(Entry.has_statement, entries):
            name = "%s.r%d.json" % (entry.month, entry.revision)
            expected.add(name)
            one = File(os.path.join(folder, name), self.given)
            if not os.path.exists(one.name):
                raise Wrong("%s is missing" % name)
            with open(one.name, "rb") as file:
                if one.document(file.read())[0].hash != entry.hash:
                    raise Wrong("%s is of another entry than %d" % (name, entry.seq))
            self.checked.append(one.checked[0])
        if expected != set(os.listdir(folder) if os.path.isdir(folder) else []):
            raise Wrong("a file in statements is of no entry of the chain")


def valid(data):
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def same_as_v4(shown, stored):
    """Compares what the program shows of a statement of v4's with v4's own values."""
    if isinstance(stored, Number):
        return isinstance(shown, Number) and float(shown.text) == float(stored.text)
    if isinstance(stored, list):
        return isinstance(shown, list) and len(shown) == len(stored) and all(map(same_as_v4, shown, stored))
    if isinstance(stored, dict):
        return isinstance(shown, dict) and all(same_as_v4(shown.get(name), value) for name, value in stored.items() if name in shown)
    return shown == stored or not shown and not stored


def attachments(data):
    for match in re.finditer(rb"/EmbeddedFile\b", data):
        start, end = data.rfind(b"obj", 0, match.start()), data.find(b"stream", match.end())
        if start < 0 or end < 0 or b"endobj" in data[match.end():end]:
            continue
        dictionary, stream = data[start:end], re.sub(rb"\A\r?\n?", b"", data[end + 6:], count=1)
        if re.search(rb"/FlateDecode\b", dictionary):
            unpack = zlib.decompressobj()
            try:
                yield unpack.decompress(stream)
            except zlib.error as error:
                raise Unknown("an attachment of the PDF is damaged: %s" % error) from None
            if not unpack.eof:
                raise Unknown("an attachment of the PDF is cut off")
            continue
        size = re.search(rb"/Length\s+(\d+)", dictionary)
        if re.search(rb"/Filter\b", dictionary) or not size or int(size[1]) > len(stream):
            raise Unknown("an attachment of the PDF is stored in an unknown way")
        yield stream[:int(size[1])]


def manifest(text, data):
    """Compares a backup's CSV with its manifest."""
    m = parse(text)
    try:
        checksum = m["checksum"]
        empty = text.decode().rstrip("\n").replace('"checksum": "%s"' % checksum, '"checksum": ""')
        good = m["format"] == Number("1") and hashlib.sha256(empty.encode()).hexdigest() == checksum
        good = good and m["size"] == Number(str(len(data))) and hashlib.sha256(data).hexdigest() == m["sha256"]
        rows, counts, sums = [], {}, {}
        lines = list(records(data.decode()))
        for values in lines[1:]:
            row = dict(zip(lines[0], values))
            kind = row["type"]
            counts[kind] = counts.get(kind, 0) + 1
            if kind in list(KINDS)[:4]:
                sums[kind] = sums.get(kind, 0) + hundredths(row["valor"])
            if kind in KINDS:
                rows.append((kind, row))
        good = good and prints(rows)[1] == m["fingerprint"] and {k: int(v.text) for k, v in m["rows"].items()} == counts
        good = good and {k: hundredths(v.text) for k, v in m["sums"].items()} == sums
    except (KeyError, TypeError, AttributeError, ValueError, Unknown) as error:
        raise Wrong("the backup cannot be read: %r" % error) from None
    if not good:
        raise Wrong("the file is not the one that its manifest names")
    return m


def records(text):
    """Reads CSV where an empty field is None and "" is the empty text."""
    values, at = [], 0
    while at < len(text):
        match = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))([,\n])').match(text, at)
        if not match:
            raise Wrong("the file is not CSV as backups have it")
        values.append(match[1].replace('""', '"') if match[1] is not None else match[2] or None)
        if match[3] == "\n":
            yield values
            values = []
        at = match.end()


# All files together.


def together(files):
    for file in files:
        if not file.alone:
            continue
        known = {key.text: other for other in files for head, _ in other.heads if head.origin == file.alone.origin for key in head.keys}
        if not known:
            file.fail("unanchored", "the signature was not checked: give the studio's public key (--key), or a statement with it")
            continue
        try:
            file.heads.append((file.alone.open([key_of(text) for text in known]), True))
            file.checked.append("its signature, with the key from %s" % known[file.alone.keys[0].text].name)
        except Wrong as error:
            file.fail("wrong", str(error))
    seen = [(file, head, own) for file in files for head, own in file.heads]
    for i, (file, head, own) in enumerate(seen):
        for other, before, others in seen[:i]:
            if file is other or head.origin != before.origin:
                continue
            another = (own or others) and not {key.text for key in head.keys} & {key.text for key in before.keys}
            if another or head.size == before.size and head.root != before.root:
                for one, two in ((file, other), (other, file)):
                    one.fail("wrong", "%s has another key, or another root at the same size: one is forged" % two.name)
    for log in (file for file in files if file.log):
        for file, head, _ in seen:
            origin, leaves = log.log
            if file is log or head.origin != origin:
                continue
            if head.size > len(leaves):
                file.trusted.append("%s ends before this head" % log.name)
            elif tree(leaves[:head.size]) != head.root:
                file.fail("wrong", "%s does not continue this head: the log was rewritten" % log.name)
                log.fail("wrong", "it does not continue the head in %s: the log was rewritten" % file.name)
            else:
                file.checked.append("%s continues this head" % log.name)
    for file in (file for file in files if file.manifest):
        m = file.manifest
        for other, entry in [(other, entry) for other in files if other.result == "proved" for entry in other.entries]:
            if (entry.backup_sha256, entry.fingerprint, entry.month) == (m["sha256"], m["fingerprint"], m["month"]):
                file.checked.append("entry %d in %s rests on exactly this file" % (entry.seq, other.name))
                file.trusted.append("%s and its key" % other.name)
                if file.result == "unanchored":
                    file.result, file.reason = "proved", ""
            elif entry.backup_file == m["file"] and entry.backup_sha256:
                file.fail("wrong", "entry %d in %s names another file of this name" % (entry.seq, other.name))


def check(names, keys):
    """Checks files together; keys are known from elsewhere."""
    files = [File(name, keys) for name in names]
    for file in files:
        file.check()
    together(files)
    return files


def main():
    parser = argparse.ArgumentParser(description="Checks a studio's statements, backups and exports.")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--key", action="append", default=[], help="the studio's public key, known from elsewhere")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    try:
        for text in options.key:
            key_of(text, "extrato/any")
    except Unknown as error:
        parser.error(str(error))
    files = check(options.files, options.key)
    if options.json:
        print(json.dumps({"files": [{"file": f.name, "result": f.result, "checked": f.checked, "trusted": f.trusted, "reason": f.reason} for f in files]}))
    else:
        for file in files:
            print("%s: %s" % (file.name, file.result))
            lines = [("why", file.reason)] if file.reason else []
            for word, line in lines + [("checked", line) for line in file.checked] + [("trusted", line) for line in file.trusted]:
                print("  %-8s %s" % (word, line))
    results = {file.result for file in files}
    sys.exit(4 if "wrong" in results else 2 if "unknown" in results else 3 if "unanchored" in results else 0)


if __name__ == "__main__":
    main()
