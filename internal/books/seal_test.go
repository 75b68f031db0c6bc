package books_test

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

// vectorSeal was computed apart from this program, by testdata/vectors.py.
const vectorSeal = "1a8e61c938f994513b4b5b610ed05b63c9d2ef7048d826b35bd2ff6abc04226d"

func TestThe_seal_of_these_texts_never_changes(t *testing.T) {
	asStrings := books.Stored{Parts: [books.PartCount]string{
		`"[{\"id\":1,\"note\":\"a\\\\b \\\"q\\\" é💉\"}]"`, `"[]"`, `"[]"`, "", `"{\"x\":1}"`}}
	native := books.Stored{Parts: [books.PartCount]string{`[{"id":1,"note":"a\\b \"q\" é💉"}]`, "[]", "[]", "", `{"x":1}`}}
	escaped := asStrings
	escaped.Parts[books.TotalsPart] = ` "\u007b\"x\":1}" `
	for name, s := range map[string]books.Stored{"strings": asStrings, "native": native, "other escapes": escaped} {
		if got := s.Seal().String(); got != vectorSeal {
			t.Errorf("%s: %s", name, got)
		}
		if s.AsWritten() {
			t.Errorf("%s with NULL pass for what this program writes", name)
		}
	}
}

func TestThe_seal_that_is_computed_on_the_way_is_that_of_what_is_stored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out bytes.Buffer
		w := books.NewStatementWriter(&out, anyMonth.Draw(t, "month"), 1)
		for row, err := range books.Sequence(anyRows.Draw(t, "rows")) {
			if err := errors.Join(err, w.Add(row)); err != nil {
				t.Fatal(err)
			}
		}
		_, ends, err := w.Finish(books.NewSalt())
		if err != nil {
			t.Fatal(err)
		}
		var s books.Stored
		from := int64(0)
		for part, to := range ends {
			s.Parts[part], from = out.String()[from:to], to
		}
		sealer := books.NewSealer(w.Lengths())
		for text := out.Bytes(); len(text) > 0; {
			n := rapid.IntRange(1, len(text)).Draw(t, "piece")
			_, _ = sealer.Write(text[:n])
			text = text[n:]
		}
		if sealer.Sum() != s.Seal() || !s.AsWritten() {
			t.Fatal("the seals differ")
		}
	})
}

func TestNo_byte_of_a_statement_changes_without_its_seal_or_its_form(t *testing.T) {
	s, _ := write(t, month(t, "2025-10"), 1, october())
	seal := s.Seal()
	for part := range books.PartCount {
		for i := range len(s.Parts[part]) {
			changed, text := s, []byte(s.Parts[part])
			text[i] ^= 1
			changed.Parts[part] = string(text)
			if changed.Seal() == seal && changed.AsWritten() {
				t.Fatalf("byte %d of %s, %q, may change", i, part.Column(), s.Parts[part][i])
			}
		}
	}
}

func TestEach_statement_has_a_salt_of_its_own(t *testing.T) {
	seals := map[books.Fingerprint]bool{}
	for range 2 {
		var out bytes.Buffer
		w := books.NewStatementWriter(&out, month(t, "2025-10"), 1)
		salt := books.NewSalt()
		header, ends, err := w.Finish(salt)
		s := books.Stored{Parts: [books.PartCount]string{books.TotalsPart: out.String()[ends[books.TotalsPart-1]:]}}
		stored, err2 := s.Header()
		if err := errors.Join(err, err2); err != nil || header.Salt != salt || stored.Salt != salt || salt == (books.Salt{}) {
			t.Errorf("the salt %s became %s, %v", salt, stored.Salt, err)
		}
		seals[s.Seal()] = true
	}
	if len(seals) != 2 {
		t.Error("two statements of the same rows have one seal: people could try a list of names")
	}
}
