package proof

import (
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"extrato/internal/books"
)

// Hash is a node of the tree. Its text form is base64.
type Hash = tlog.Hash

// Head is the state of a log: its first Size entries, and the root of the tree
// over them.
type Head struct {
	Origin string
	Size   int64
	Root   Hash
}

// Text returns the signed text, three lines.
func (h Head) Text() string { return fmt.Sprintf("%s\n%d\n%s\n", h.Origin, h.Size, h.Root) }

// Checkpoint is a head with the signatures found good.
type Checkpoint struct {
	Head
	Note     string      // the whole text with all signatures
	Signed   []PublicKey // the log's keys, at least one
	Cosigned []Cosignature
}

// Cosignature says when a cosigner saw the head as the newest of the log.
type Cosignature struct {
	Key PublicKey
	At  time.Time // by the cosigner's clock, in UTC
}

// Sign returns the head's checkpoint, signed with keys of this log.
func Sign(h Head, keys ...Key) (string, error) {
	signers := make([]note.Signer, 0, len(keys))
	for _, k := range keys {
		if k.public.Cosigns() || k.public.name != h.Origin {
			return "", fmt.Errorf("a key of %q cannot sign for %q", k.public.name, h.Origin)
		}
		signers = append(signers, signer{k, nil})
	}
	text, err := note.Sign(&note.Note{Text: h.Text()}, signers...)
	return string(text), err
}

// Cosign adds a cosigner's signature to a checkpoint. The caller has checked
// the log's signature and that the head continues the last one it cosigned.
func Cosign(checkpoint string, key Key, at time.Time) (string, error) {
	if !key.public.Cosigns() {
		return "", fmt.Errorf("%q is no key of a cosigner", key.public.name)
	}
	p, err := parseNote(checkpoint)
	if err != nil {
		return "", err
	}
	seconds := binary.BigEndian.AppendUint64(nil, uint64(at.Unix()))
	added, err := note.Sign(&note.Note{Text: p.Text()}, signer{key, seconds})
	if err != nil {
		return "", err
	}
	line := strings.TrimPrefix(string(added), p.Text()+"\n")
	p.lines = slices.DeleteFunc(p.lines, func(l signature) bool { return l.name == key.public.name && l.hash == key.public.hash })
	return p.signed() + line, nil
}

// signer signs for a log, or for a cosigner at a time.
type signer struct {
	Key
	at []byte
}

func (s signer) Name() string    { return s.public.name }
func (s signer) KeyHash() uint32 { return s.public.hash }
func (s signer) Sign(text []byte) ([]byte, error) {
	if s.at != nil {
		text = cosigned(binary.BigEndian.Uint64(s.at), text)
	}
	return append(slices.Clone(s.at), ed25519.Sign(s.key, text)...), nil
}

// cosigned is the text signed by a cosigner: C2SP tlog-cosignature, v1.
func cosigned(at uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), text...)
}

// cutTime takes the time off a cosignature: 8 bytes of seconds since 1970.
func cutTime(sig []byte) (at uint64, rest []byte, ok bool) {
	if len(sig) != 8+ed25519.SignatureSize {
		return 0, nil, false
	}
	at = binary.BigEndian.Uint64(sig)
	return at, sig[8:], at < 1<<62
}

// Open reads a checkpoint and checks its signatures with the known keys. Lines
// of unknown keys are ignored, as the standard wants it: Signed and Cosigned
// name those checked. Open fails with an Error of kind Invalid if the text is
// no checkpoint, and of kind Integrity if a known key's signature is wrong or
// no known key of this log has signed.
func Open(text string, known ...PublicKey) (Checkpoint, error) {
	p, err := parseNote(text)
	if err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Head: p.Head, Note: text}
	var verifiers []note.Verifier
	for i, k := range known {
		twice := slices.ContainsFunc(known[:i], func(o PublicKey) bool { return o.text == k.text })
		if !twice && (k.Cosigns() || k.name == p.Origin) { // another log's key says nothing here
			verifiers = append(verifiers, k)
		}
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	var none *note.UnverifiedNoteError
	switch wrong := (*note.InvalidSignatureError)(nil); {
	case errors.As(err, &wrong):
		return c, books.Integrityf("wrong_signature", "the signature of %s is not one of this head", wrong.Name).
			WithHint("the head or its signature was changed; get it from another source")
	case err != nil && !errors.As(err, &none):
		return c, notAProof("the checkpoint cannot be read").Because(err)
	case err == nil:
		c.take(known, opened.Sigs)
	}
	if len(c.Signed) == 0 {
		return c, books.Integrityf("unsigned_head", "no known key of %s has signed this head", p.Origin).
			WithHint("compare the key with one printed on an earlier statement")
	}
	return c, nil
}

func (c *Checkpoint) take(known []PublicKey, good []note.Signature) {
	for _, sig := range good {
		k := known[slices.IndexFunc(known, func(k PublicKey) bool { return k.name == sig.Name && k.hash == sig.Hash })]
		if !k.Cosigns() {
			c.Signed = append(c.Signed, k)
			continue
		}
		raw, _ := base64.StdEncoding.DecodeString(sig.Base64) // checked by parseNote
		at, _, _ := cutTime(raw[4:])
		c.Cosigned = append(c.Cosigned, Cosignature{k, time.Unix(int64(at), 0).UTC()})
	}
}

// ParseHead returns the head in a checkpoint without checking any signature.
func ParseHead(checkpoint string) (Head, error) {
	p, err := parseNote(checkpoint)
	return p.Head, err
}

// parsed is a checkpoint's text, taken apart.
type parsed struct {
	Head
	lines []signature
}

type signature struct {
	name string
	hash uint32
	text string // base64
}

const signatureStart = "— "

func (p parsed) signed() string {
	text := p.Text() + "\n"
	for _, l := range p.lines {
		text += signatureStart + l.name + " " + l.text + "\n"
	}
	return text
}

// parseNote reads a checkpoint strictly: only one text has its meaning.
func parseNote(text string) (p parsed, err error) {
	bad := notAProof("this is no checkpoint of a log")
	head, signatures, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) != 3 || !ValidName(lines[0]) {
		return p, bad
	}
	p.Origin = lines[0]
	var err1, err2 error
	p.Size, err1 = strconv.ParseInt(lines[1], 10, 64)
	p.Root, err2 = tlog.ParseHash(lines[2])
	if cmp.Or(err1, err2) != nil || p.Size < 0 {
		return p, bad
	}
	seen := map[string]bool{}
	for line := range strings.Lines(signatures) {
		name, code, ok := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), signatureStart), " ")
		raw, err := base64.StdEncoding.DecodeString(code)
		if !ok || err != nil || len(raw) < 5 || !ValidName(name) || base64.StdEncoding.EncodeToString(raw) != code {
			return p, bad
		}
		l := signature{name, binary.BigEndian.Uint32(raw), code}
		key := fmt.Sprint(l.name, " ", l.hash)
		if p.lines = append(p.lines, l); seen[key] || len(p.lines) > 100 {
			return p, bad
		}
		seen[key] = true
	}
	if len(p.lines) == 0 || p.signed() != text {
		return p, bad
	}
	return p, nil
}

// Join adds a cosigner's signature from another text of the same head.
func Join(checkpoint, other string, cosigner PublicKey) (string, error) {
	a, err := parseNote(checkpoint)
	if err != nil {
		return "", err
	}
	b, err := parseNote(other)
	if err != nil {
		return "", err
	}
	for _, l := range b.lines {
		if a.Head == b.Head && l.name == cosigner.name && l.hash == cosigner.hash {
			a.lines = append(a.lines, l)
			return a.signed(), nil
		}
	}
	return "", notAProof("%s has not cosigned this head", cosigner.name)
}
