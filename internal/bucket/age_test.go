package bucket_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"extrato/internal/books"
	"extrato/internal/bucket"
)

// key makes an age key and returns its recipient and the file of its identity.
func key(t *testing.T) (recipient, file string) {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(file, []byte("# made by a test\n"+k.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return k.Recipient().String(), file
}

func identities(t *testing.T, file string) *bucket.Identities {
	t.Helper()
	i, err := bucket.ReadIdentities(file)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func recipients(t *testing.T, texts ...string) *bucket.Recipients {
	t.Helper()
	r, err := bucket.ParseRecipients(strings.Join(texts, ","))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func putEncrypted(t *testing.T, p bucket.Place, r *bucket.Recipients, name, content string) {
	t.Helper()
	e, err := r.Encrypt(t.Context(), strings.NewReader(content), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := p.Put(t.Context(), name+bucket.EncryptedSuffix, e.Content, e.Size, e.Sum, time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func TestEncrypted_copies_open_with_any_of_their_keys_alone(t *testing.T) {
	one, oneFile := key(t)
	two, twoFile := key(t)
	_, otherFile := key(t)
	p := bucket.NewFolderPlace(t.TempDir(), nil)
	rows := strings.Repeat("rows;", 50_000)
	putEncrypted(t, p, recipients(t, one, two), csv, rows)
	put(t, p, "2025_10/plain.csv", "plain")

	sealed, err := p.Open(t.Context(), csv+".age")
	if err != nil {
		t.Fatal(err)
	}
	defer sealed.Close()
	if all, _ := io.ReadAll(sealed); bytes.Contains(all, []byte("rows;")) {
		t.Fatal("the place holds plaintext")
	}
	for _, file := range []string{oneFile, twoFile} {
		r := identities(t, file).Decrypting(p)
		for name, want := range map[string]string{csv: rows, "2025_10/plain.csv": "plain"} {
			content, err := r.Open(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(content)
			if err = errors.Join(err, content.Close()); err != nil || string(got) != want {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
		}
		if names, err := r.List(t.Context(), "2025_10"); err != nil || !slices.Equal(names, []string{csv, "2025_10/plain.csv"}) {
			t.Errorf("lists %q, %v", names, err)
		}
		if _, err := r.Open(t.Context(), "2025_10/none.csv"); !errors.Is(err, bucket.ErrNotExist) {
			t.Errorf("%v, want ErrNotExist", err)
		}
	}
	_, err = identities(t, otherFile).Decrypting(p).Open(t.Context(), csv)
	wantError(t, err, "wrong_identity", "was not encrypted for this key")
}

func TestEncrypted_copy_with_a_changed_byte_is_corrupt(t *testing.T) {
	one, file := key(t)
	two, _ := key(t)
	folder := t.TempDir()
	p := bucket.NewFolderPlace(folder, nil)
	putEncrypted(t, p, recipients(t, one, two), csv, strings.Repeat("x", 200_000))
	path := filepath.Join(folder, csv+".age")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := identities(t, file).Decrypting(p)
	for name, spoiled := range map[string][]byte{
		"first":    append([]byte{'A'}, whole[1:]...),
		"header":   flipped(whole, 60),
		"middle":   flipped(whole, len(whole)/2),
		"last":     flipped(whole, len(whole)-1),
		"cut":      whole[:len(whole)-1],
		"half":     whole[:len(whole)/2],
		"appended": append(slices.Clone(whole), 0),
		"empty":    nil,
	} {
		if err := os.WriteFile(path, spoiled, 0o600); err != nil {
			t.Fatal(err)
		}
		content, err := r.Open(t.Context(), csv)
		if err == nil {
			_, err = io.Copy(io.Discard, content)
			content.Close()
		}
		if e := books.AsError(err); err == nil || e.Kind != books.Integrity && e.Code != "wrong_identity" || e.Hint == "" {
			t.Errorf("%s: %v, want an error of kind integrity", name, err)
		}
	}
}

func flipped(whole []byte, at int) []byte {
	spoiled := slices.Clone(whole)
	spoiled[at] ^= 1
	return spoiled
}

func TestParseRecipients_wants_two_different_public_keys(t *testing.T) {
	one, file := key(t)
	two, _ := key(t)
	secret, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	secretKey := strings.Fields(string(secret))[5]
	for setting, says := range map[string]string{
		one:                    "one recipient",
		one + "," + one:        "one recipient",
		one + ", age1nonsense": "no age recipient",
		one + "," + secretKey:  "secret key",
		"#" + one + "," + two:  "no age recipient",
	} {
		r, err := bucket.ParseRecipients(setting)
		if r != nil {
			t.Errorf("%q is taken", setting)
		}
		wantError(t, err, "place_setting", says)
		if strings.Contains(err.Error(), secretKey) {
			t.Error("the secret key is shown")
		}
	}
	if r, err := bucket.ParseRecipients(" "); r != nil || err != nil {
		t.Errorf("nothing set: %v, %v", r, err)
	}
	if _, err := bucket.ParseRecipients(one + " ,\n" + two + ","); err != nil {
		t.Error(err)
	}
}

func TestReadIdentities_never_shows_the_file(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(file, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := bucket.ReadIdentities(file)
	wantError(t, err, "bad_identity", "no file of age keys")
	_, err = bucket.ReadIdentities(file + ".none")
	wantError(t, err, "bad_identity", "--identity FILE")
}

func TestEncrypt_leaves_no_file_and_stays_flat_in_memory(t *testing.T) {
	one, file := key(t)
	two, _ := key(t)
	dir := t.TempDir()
	const size = 100 << 20
	source := func() io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{7}), size) }
	before := heap()
	e, err := recipients(t, one, two).Encrypt(t.Context(), source(), dir)
	if err != nil {
		t.Fatal(err)
	}
	p := bucket.NewFolderPlace(t.TempDir(), nil)
	if _, err := p.Put(t.Context(), csv+".age", e.Content, e.Size, e.Sum, time.Time{}); err != nil {
		t.Fatal(err)
	}
	e.Close()
	content, err := identities(t, file).Decrypting(p).Open(t.Context(), csv)
	if err != nil {
		t.Fatal(err)
	}
	want, got := sha256.New(), sha256.New()
	_, _ = io.Copy(want, source())
	n, err := io.Copy(got, content)
	if err = errors.Join(err, content.Close()); err != nil || n != size || !bytes.Equal(want.Sum(nil), got.Sum(nil)) {
		t.Errorf("%d bytes came back, %v", n, err)
	}
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// heap returns the bytes the heap has taken from the system.
func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapSys - m.HeapReleased)
}

func TestEncrypt_that_fails_leaves_no_file(t *testing.T) {
	one, _ := key(t)
	two, _ := key(t)
	dir := t.TempDir()
	broken := io.MultiReader(strings.NewReader("rows"), errorReader{})
	if _, err := recipients(t, one, two).Encrypt(t.Context(), broken, dir); !errors.Is(err, os.ErrPermission) {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, os.ErrPermission }
