"""Computes the values that the tests of the layouts expect, apart from the
program: SHA-256 over the bytes that docs/architecture.md, "The chain", lays out.
The rows are those of october() in fingerprint_test.go. Run it with python3."""
import datetime
import hashlib
import struct


def sha(data):
    return hashlib.sha256(data).digest()


def field(value):
    data = str(value).encode()
    return struct.pack(">I", len(data)) + data


def micros(*moment, fraction=0):
    at = datetime.datetime(*moment, tzinfo=datetime.timezone.utc)
    return int(at.timestamp()) * 10**6 + fraction


MADE = micros(2025, 10, 28, 14, 52, 58, fraction=123456)
COLUMNS = {
    "pagamento": "id data valor forma_pagamento observacoes comissao cliente_id artista_id sessao_id google_event_id created_at updated_at",
    "sessao": "id data hora valor observacoes cliente_id artista_id google_event_id status payment_id created_at updated_at",
    "comissao": "id pagamento_id artista_id percentual valor observacoes created_at",
    "gasto": "id data valor descricao forma_pagamento created_by created_at updated_at",
    "vinculo": "sessao_id payment_id",
}
FREE = {
    "pagamento": ["observacoes", "google_event_id"],
    "sessao": ["observacoes", "google_event_id"],
    "comissao": ["observacoes"],
    "gasto": ["descricao"],
    "vinculo": [],
}
ROWS = [
    ("pagamento", [7, "2025-10-28", 45000, "Pix", "", None, 3, 2, 11, None, MADE, None]),
    ("pagamento", [8, "2025-10-31", -1, "Cartão de Crédito", None, 0, None, 2, None, None, None, None]),
    ("sessao", [11, "2025-09-30", "14:30:00", 45000, "linha\r\n\"dois\"", 3, 2, "evt_1", "paid", 7, None, MADE]),
    ("comissao", [5, 7, 2, 6000, 27000, None, MADE]),
    ("gasto", [4, "2025-10-02", 1999, "=agulhas", "Dinheiro", 1, None, None]),
    ("vinculo", [12, 8]),
]


def prints(rows):
    core, texts = b"extrato core 1\n", b"extrato texts 1\n"
    for kind, values in rows:
        pairs = list(zip(COLUMNS[kind].split(), values))
        kept = [value for name, value in pairs if name not in FREE[kind]]
        core += bytes([ord("0") + list(COLUMNS).index(kind), len(kept)])
        for value in kept:
            core += b"\0" if value is None else b"\1" + field(value)
        for name, value in pairs:
            if name in FREE[kind] and value is not None:
                texts += field(kind) + field(values[0]) + field(name) + field(value)
    return sha(core), sha(b"extrato rows 1\n" + sha(core) + sha(texts))


def detail(salt, reason, totals, *notes):
    data = b"extrato detail 1\n" + salt + field(reason) + field(totals) + field(len(notes))
    return sha(data + b"".join(map(field, notes)))


def entry(previous, *values):
    return sha(b"extrato chain 1\n" + previous + b"".join(map(field, values)))


def seal(parts):
    data = b"extrato seal 1\n"
    for part in parts:
        data += b"\xff" * 8 if part is None else struct.pack(">Q", len(part.encode())) + part.encode()
    return sha(data)


core, fingerprint = prints(ROWS)
print("octoberCore       ", core.hex())
print("octoberFingerprint", fingerprint.hex())
print("no rows           ", prints([])[1].hex())

at = micros(2025, 11, 1, 5)
sealed = sha(b"seal").hex()
first_detail = detail(bytes(range(16)), "motivo", "{}", "nota")
first = entry(bytes(32), 1, "closed", "2025-10", 1, at, "schedule", "b17cee4a", fingerprint.hex(), core.hex(), sealed,
              2, 1, 1, 1, 1, "2025_10/backup_2025_10.csv", "ab", first_detail.hex())
second = entry(first, 2, "adopted", "2025-09", 1, at, "migrate", "b17cee4b", "", "", sealed,
               0, 0, 0, 0, 0, "", "", detail(bytes(16), "", "{}").hex())
print("firstDetail       ", first_detail.hex())
print("firstHash         ", first.hex())
print("secondHash        ", second.hex())
print("vectorSeal        ", seal(['[{"id":1,"note":"a\\\\b \\"q\\" é💉"}]', "[]", "[]", None, '{"x":1}']).hex())
