package proof_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/proof"
)

const origin = "extrato/estudio-agulha-4f9c2a1b"

var at = time.Date(2025, 11, 2, 9, 0, 0, 0, time.UTC)

// hashes returns the hashes of n entries.
func hashes(n int) []books.Fingerprint {
	all := make([]books.Fingerprint, n)
	for i := range all {
		all[i] = books.Fingerprint{byte(i), byte(i >> 8), 1}
	}
	return all
}

func sign(t *testing.T, size int, keys ...proof.Key) string {
	t.Helper()
	text, err := proof.Sign(proof.TreeOf(hashes(size)).Head(origin, int64(size)), keys...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return books.AsError(err).Code
}

func TestA_head_needs_a_signature_of_its_own_log(t *testing.T) {
	key, other, next := proof.NewKey(origin), proof.NewKey(origin), proof.NewKey(origin)
	stranger, cosigner := proof.NewKey("extrato/other-00000000"), proof.NewCosigner("safetynet")
	head := sign(t, 3, key)
	cosigned, err := proof.Cosign(head, cosigner, at)
	if err != nil {
		t.Fatal(err)
	}
	body, _, _ := strings.Cut(head, "\n\n")
	alone := body + "\n\n" + cosigned[len(head):]
	for name, c := range map[string]struct {
		text  string
		known []proof.Key
		code  string
	}{
		"its key":                       {head, []proof.Key{key}, ""},
		"two keys":                      {sign(t, 3, next, key), []proof.Key{key}, ""},
		"a key and an unknown cosigner": {cosigned, []proof.Key{key}, ""},
		"another key":                   {head, []proof.Key{other}, "unsigned_head"},
		"no key":                        {head, nil, "unsigned_head"},
		"a cosigner alone":              {alone, []proof.Key{cosigner}, "unsigned_head"},
		"a cosigner and the log's key":  {alone, []proof.Key{key, cosigner}, "unsigned_head"},
		"the key of another log":        {head, []proof.Key{stranger}, "unsigned_head"},
		"another size":                  {strings.Replace(head, "\n3\n", "\n4\n", 1), []proof.Key{key}, "wrong_signature"},
		"a changed signature of an unknown signer": {strings.Replace(cosigned, "— safetynet ", "— safetynot ", 1), []proof.Key{key, cosigner}, ""},
		"another cosigned size":                    {strings.Replace(cosigned, "\n3\n", "\n2\n", 1), []proof.Key{cosigner}, "wrong_signature"},
	} {
		var known []proof.PublicKey
		for _, k := range c.known {
			known = append(known, k.Public())
		}
		if _, err := proof.Open(c.text, known...); code(err) != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
	if _, err := proof.Sign(proof.Head{Origin: origin}, stranger); err == nil {
		t.Error("the key of another log signs")
	}
	if _, err := proof.Sign(proof.Head{Origin: origin}, cosigner); err == nil {
		t.Error("a cosigner signs as the log")
	}
	if _, err := proof.Cosign(head, key, at); err == nil {
		t.Error("the log cosigns")
	}
}

func TestA_head_names_who_signed_and_cosigned_it(t *testing.T) {
	key, next, cosigner := proof.NewKey(origin), proof.NewKey(origin), proof.NewCosigner("safetynet")
	text, err := proof.Cosign(sign(t, 3, next, key), cosigner, at)
	if err != nil {
		t.Fatal(err)
	}
	later, err := proof.Cosign(text, cosigner, at.Add(time.Hour))
	if err != nil || strings.Count(later, "safetynet") != 1 {
		t.Errorf("cosigned twice: %v\n%s", err, later)
	}
	c, err := proof.Open(later, key.Public(), cosigner.Public(), next.Public())
	if err != nil || len(c.Signed) != 2 || len(c.Cosigned) != 1 || !c.Cosigned[0].At.Equal(at.Add(time.Hour)) || c.Cosigned[0].Key.Name() != "safetynet" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestA_checkpoint_has_one_text(t *testing.T) {
	key := proof.NewKey(origin)
	good := sign(t, 5, key)
	for name, text := range map[string]string{
		"nothing":            "",
		"no signature":       strings.SplitAfter(good, "\n\n")[0],
		"an extension":       strings.Replace(good, "\n\n", "\nmore\n\n", 1),
		"a size with a zero": strings.Replace(good, "\n5\n", "\n05\n", 1),
		"a size with a sign": strings.Replace(good, "\n5\n", "\n+5\n", 1),
		"a negative size":    strings.Replace(good, "\n5\n", "\n-5\n", 1),
		"Windows' line ends": strings.ReplaceAll(good, "\n", "\r\n"),
		"no last line end":   strings.TrimSuffix(good, "\n"),
		"a line behind":      good + "\n",
		"a signature twice":  good + strings.TrimPrefix(good, before(good, "— ")),
		"loose base64":       strings.TrimSuffix(good, "=\n") + "\n",
		"a blank origin":     strings.Replace(good, origin, "", 1),
		"another dash":       strings.Replace(good, "— ", "- ", 1),
	} {
		if _, err := proof.Open(text, key.Public()); code(err) != "not_a_proof" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range good {
		changed := []byte(good)
		changed[i] ^= 1
		if _, err := proof.Open(string(changed), key.Public()); err == nil {
			t.Errorf("byte %d, %q, may change", i, good[i])
		}
	}
}

func TestA_signature_has_one_text(t *testing.T) {
	key := proof.NewKey(origin)
	good := sign(t, 5, key)
	start, taken := strings.TrimSuffix(good, good[len(good)-3:]), 0 // the last digit has two bits to spare
	for _, digit := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		if _, err := proof.Open(start+string(digit)+"=\n", key.Public()); err == nil {
			taken++
		}
	}
	if taken != 1 {
		t.Errorf("%d last digits are taken", taken)
	}
}

func TestA_head_signed_under_the_name_of_another_log_counts_for_nothing(t *testing.T) {
	stranger := proof.NewKey("extrato/other-00000000")
	signer, err := note.NewSigner(stranger.Secret())
	if err != nil {
		t.Fatal(err)
	}
	text, err := note.Sign(&note.Note{Text: proof.TreeOf(hashes(3)).Head(origin, 3).Text()}, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proof.Open(string(text), stranger.Public(), proof.NewKey(origin).Public()); code(err) != "unsigned_head" {
		t.Error(err)
	}
}

func TestA_head_continues_the_one_before(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "entries")
		m := rapid.IntRange(0, n).Draw(t, "before")
		entries := hashes(n)
		tree := proof.TreeOf(entries)
		older, newer, path := tree.Head(origin, int64(m)), tree.Head(origin, int64(n)), tree.Consistency(int64(m), int64(n))
		if err := proof.CheckConsistency(older, newer, path); err != nil {
			t.Fatalf("from %d to %d: %v", m, n, err)
		}
		if m == 0 {
			return
		}
		if m < n {
			if err := proof.CheckConsistency(newer, older, path); code(err) != "older_head" {
				t.Fatalf("backwards: %v", err)
			}
		}
		forked := append([]books.Fingerprint{}, entries...)
		forked[rapid.IntRange(0, m-1).Draw(t, "changed")][5] ^= 1
		other := proof.TreeOf(forked)
		if err := proof.CheckConsistency(older, other.Head(origin, int64(n)), other.Consistency(int64(m), int64(n))); code(err) != "forked_log" {
			t.Fatalf("a fork of %d at %d: %v", n, m, err)
		}
		newer.Origin = "extrato/other"
		if err := proof.CheckConsistency(older, newer, path); code(err) != "other_log" {
			t.Fatalf("another log: %v", err)
		}
	})
}

func TestAn_inclusion_proof_is_for_one_entry(t *testing.T) {
	entries := hashes(150)
	tree := proof.TreeOf(entries)
	h := tree.Head(origin, 150)
	key := proof.NewKey(origin)
	for seq := int64(1); seq <= 150; seq++ {
		in := proof.Inclusion{Seq: seq, Path: tree.Inclusion(150, seq), Checkpoint: sign(t, 150, key)}
		again, err := proof.ParseInclusion(in.String())
		if err != nil || again.String() != in.String() || len(in.String()) > 900 {
			t.Fatalf("%d: %v\n%s", seq, err, in)
		}
		if err := proof.CheckInclusion(h, seq, entries[seq-1], again.Path); err != nil {
			t.Fatal(err)
		}
		for _, other := range []int64{seq - 1, seq + 1} {
			if err := proof.CheckInclusion(h, other, entries[seq-1], again.Path); code(err) != "not_in_log" {
				t.Errorf("entry %d passes for %d: %v", seq, other, err)
			}
		}
	}
	good := proof.Inclusion{Seq: 1, Path: tree.Inclusion(150, 1), Checkpoint: sign(t, 150, key)}.String()
	for name, text := range map[string]string{
		"nothing":         "",
		"another version": strings.Replace(good, "@v1", "@v2", 1),
		"extra data":      strings.Replace(good, "index 0", "extra AAAA\nindex 0", 1),
		"a padded index":  strings.Replace(good, "index 0", "index 00", 1),
		"a last index":    strings.Replace(good, "index 0", "index 9223372036854775807", 1),
		"loose base64":    strings.Replace(good, "=\n", "\n", 1),
		"no head":         strings.SplitAfter(good, "\n\n")[0],
	} {
		if _, err := proof.ParseInclusion(text); code(err) != "not_a_proof" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeys_and_origins(t *testing.T) {
	for _, key := range []proof.Key{proof.NewKey(proof.NewOrigin("Estúdio Agulha & Cia.")), proof.NewCosigner("safetynet/x")} {
		again, err := proof.ParseKey(key.Secret())
		if err != nil || again.Public().String() != key.Public().String() || len(key.Public().Printed()) != 44 {
			t.Errorf("%v", err)
		}
		public, err := proof.ParsePublicKey(key.Public().String())
		if err != nil || public.Cosigns() != key.Public().Cosigns() || public.Name() != key.Public().Name() {
			t.Errorf("%v", err)
		}
		for i := range key.Public().String() {
			changed := []byte(key.Public().String())
			changed[i] ^= 1
			if _, err := proof.ParsePublicKey(string(changed)); err == nil {
				t.Errorf("%s passes", changed)
			}
		}
		secret := key.Secret()
		if _, err := proof.ParseKey(secret[:len(secret)-2]); code(err) != "not_a_proof" || strings.Contains(err.Error(), secret[len(secret)-20:len(secret)-2]) {
			t.Errorf("%v", err)
		}
	}
	for name, begins := range map[string]string{"": "extrato/estudio-", "Estúdio Agulha & Cia.": "extrato/estudio-agulha-cia-", "刺青": "extrato/estudio-", "a+b\nc": "extrato/a-b-c-"} {
		if got := proof.NewOrigin(name); !strings.HasPrefix(got, begins) || len(got) != len(begins)+8 || !proof.ValidName(got) || got == proof.NewOrigin(name) {
			t.Errorf("%q: %s", name, got)
		}
	}
}
