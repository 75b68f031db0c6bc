package proof

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"

	"extrato/internal/books"
)

// A QR code holds an inclusion proof with the entry's hash as its extra data, so
// it says by itself what it proves. It is ASCII: the dash of a signature line is
// two hyphens. Cosignatures are left out, since each makes the squares smaller.

const (
	extraLine      = "extra "
	paperSignature = "-- "
)

// PaperText returns the proof for a QR code.
func (p Inclusion) PaperText(entry books.Fingerprint) string {
	note, err := parseNote(p.Checkpoint)
	must(err)
	own := parsed{Head: note.Head}
	for _, l := range note.lines {
		if l.name == note.Origin {
			own.lines = append(own.lines, l)
		}
	}
	p.Checkpoint = own.signed()
	text := strings.Replace(p.String(), inclusionStart, inclusionStart+extraLine+base64.StdEncoding.EncodeToString(entry[:])+"\n", 1)
	return strings.ReplaceAll(text, "\n"+signatureStart, "\n"+paperSignature)
}

// ParsePaper reads the text of a QR code, and forgives changes of line ends made
// on its way from a phone. It fails with an Error of kind Invalid.
func ParsePaper(text string) (Inclusion, books.Fingerprint, error) {
	var entry books.Fingerprint
	text = strings.ReplaceAll(strings.Trim(strings.ReplaceAll(text, "\r\n", "\n"), "\n")+"\n", "\n"+paperSignature, "\n"+signatureStart)
	rest, ok := strings.CutPrefix(text, inclusionStart+extraLine)
	code, rest, ok2 := strings.Cut(rest, "\n")
	raw, err := base64.StdEncoding.DecodeString(code)
	if !ok || !ok2 || err != nil || len(raw) != len(entry) || base64.StdEncoding.EncodeToString(raw) != code {
		return Inclusion{}, entry, notAProof("this is not the text of a statement's QR code")
	}
	copy(entry[:], raw)
	p, err := ParseInclusion(inclusionStart + rest)
	return p, entry, err
}

// ParsePrinted reads a key as it is printed, for the log with this origin. It
// fails with an Error of kind Invalid.
func ParsePrinted(origin, printed string) (PublicKey, error) {
	typed, err := base64.StdEncoding.DecodeString(printed)
	if err != nil || len(typed) != 1+ed25519.PublicKeySize || typed[0] != logKey || base64.StdEncoding.EncodeToString(typed) != printed || !ValidName(origin) {
		return PublicKey{}, notAProof("%q is no public key of a studio", printed).
			WithHint("a key has 44 characters, as statements print it")
	}
	return newPublicKey(logKey, origin, typed[1:]), nil
}
