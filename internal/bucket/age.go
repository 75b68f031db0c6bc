package bucket

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"filippo.io/age"

	"extrato/internal/books"
)

// EncryptedSuffix ends the names of encrypted objects.
const EncryptedSuffix = ".age"

// Recipients are the keys that each encrypted copy is made for; any one of
// their identities opens it.
type Recipients struct {
	keys  []age.Recipient
	texts []string // sorted
}

// ID names this set of recipients: 8 hexadecimal digits.
func (r *Recipients) ID() string {
	sum := sha256.Sum256([]byte(strings.Join(r.texts, "\n")))
	return hex.EncodeToString(sum[:4])
}

// ParseRecipients reads EXTRATO_BACKUPS_RECIPIENTS: at least two different age
// recipients, with commas or spaces between them. It returns nil for the empty
// setting: copies are then not encrypted.
func ParseRecipients(setting string) (*Recipients, error) {
	refuse := func(format string, args ...any) (*Recipients, error) {
		return nil, books.Invalidf("place_setting", "EXTRATO_BACKUPS_RECIPIENTS: "+format, args...).
			WithHint("make a key with age-keygen for each of two people or places, keep its file off this machine, and write here the two texts that begin with age1")
	}
	texts := strings.FieldsFunc(setting, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	if len(texts) == 0 {
		return nil, nil //nolint:nilnil // no setting, no encryption
	}
	r := &Recipients{}
	seen := map[string]bool{}
	for n, text := range texts {
		if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
			return refuse("a secret key stands in it; it opens every copy and must not be kept here")
		}
		keys, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil || len(keys) != 1 {
			return refuse("entry %d is no age recipient", n+1) // not repeated: it may be a secret
		}
		if !seen[text] {
			r.keys, r.texts = append(r.keys, keys[0]), append(r.texts, text)
		}
		seen[text] = true
	}
	slices.Sort(r.texts)
	if len(r.keys) < 2 {
		return refuse("it has one recipient; if that key is lost, every copy elsewhere is")
	}
	if _, err := age.Encrypt(io.Discard, r.keys...); err != nil {
		return refuse("the recipients are of kinds that cannot be mixed")
	}
	return r, nil
}

// Encrypted is an object's ciphertext in a temporary file, ready for Put.
type Encrypted struct {
	Content io.ReadSeeker
	Size    int64             // in bytes
	Sum     [sha256.Size]byte // SHA-256 of the ciphertext
	file    *os.File
}

// Encrypt encrypts an object to a temporary file in dir, or in the machine's
// folder for them if dir is empty. No two ciphertexts of the same object are
// equal: record Sum before Put, so that a copy stored by a try with a lost end
// can be recognized. The caller closes what it returns.
func (r *Recipients) Encrypt(ctx context.Context, content io.Reader, dir string) (_ *Encrypted, err error) {
	file, err := os.CreateTemp(dir, ".extrato-*"+EncryptedSuffix+stagedSuffix) // 0600
	if err != nil {
		return nil, fmt.Errorf("encrypt a copy: %w", err)
	}
	e := &Encrypted{Content: file, file: file}
	defer func() {
		if err != nil {
			e.Close()
		}
	}()
	hash := sha256.New()
	sealed, err := age.Encrypt(io.MultiWriter(file, hash), r.keys...)
	if err != nil {
		return nil, fmt.Errorf("encrypt a copy: %w", err)
	}
	if _, err := io.Copy(sealed, WhileWanted(ctx, content)); err != nil {
		return nil, fmt.Errorf("encrypt a copy: %w", err)
	}
	if err := sealed.Close(); err != nil {
		return nil, fmt.Errorf("encrypt a copy: %w", err)
	}
	if e.Size, err = file.Seek(0, io.SeekCurrent); err != nil {
		return nil, fmt.Errorf("encrypt a copy: %w", err)
	}
	hash.Sum(e.Sum[:0])
	_, err = file.Seek(0, io.SeekStart)
	return e, err
}

// Close removes the temporary file.
func (e *Encrypted) Close() {
	_ = e.file.Close()
	_ = os.Remove(e.file.Name())
}

// Identities open encrypted copies.
type Identities struct{ keys []age.Identity }

// ReadIdentities reads a file made by age-keygen.
func ReadIdentities(path string) (*Identities, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, books.Invalidf("bad_identity", "the file of the key cannot be read").WithHint("give the file that age-keygen made: --identity FILE").Because(err)
	}
	defer file.Close()
	keys, err := age.ParseIdentities(file)
	if err != nil { // its text may repeat a line of the file
		return nil, books.Invalidf("bad_identity", "%s is no file of age keys", path).
			WithHint("give the file that age-keygen made; one with a passphrase is opened first: age -d FILE > KEY")
	}
	return &Identities{keys}, nil
}

// Decrypting returns a Reader of the plaintexts: it lists encrypted objects
// under their plain names, and opens others as they are.
func (i *Identities) Decrypting(r Reader) Reader { return decrypting{r, i} }

type decrypting struct {
	Reader
	identities *Identities
}

func (d decrypting) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	sealed, err := d.Reader.Open(ctx, name+EncryptedSuffix)
	if errors.Is(err, ErrNotExist) {
		plain, err2 := d.Reader.Open(ctx, name)
		if errors.Is(err2, ErrNotExist) && errors.Is(err, ErrHidden) {
			return nil, err
		}
		return plain, err2
	}
	if err != nil {
		return nil, err
	}
	return d.identities.Decrypt(name, sealed)
}

func (d decrypting) List(ctx context.Context, folder string) ([]string, error) {
	names, err := d.Reader.List(ctx, folder)
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], EncryptedSuffix)
	}
	slices.Sort(names)
	return slices.Compact(names), err
}

// Decrypt returns the plaintext of an object and takes over sealed. It fails,
// or a later Read does, where none of the identities opens the object (kind
// Refused) and where its bytes are not those that were encrypted (Integrity).
func (i *Identities) Decrypt(name string, sealed io.ReadCloser) (io.ReadCloser, error) {
	source := &noting{Reader: sealed}
	plain, err := age.Decrypt(source, i.keys...)
	if err == nil {
		return &opened{plain, source, sealed, name}, nil
	}
	sealed.Close()
	var other *age.NoIdentityMatchError
	switch {
	case source.err != nil:
		return nil, source.err
	case errors.As(err, &other):
		return nil, books.Refusedf("wrong_identity", "%s was not encrypted for this key", name).
			WithHint("use the file of another key of EXTRATO_BACKUPS_RECIPIENTS, as it was when the copy was made")
	default:
		return nil, errSpoiled(name, err)
	}
}

func errSpoiled(name string, err error) error {
	return books.Integrityf("backup_corrupt", "%s cannot be decrypted: its bytes are not those that were encrypted", name).
		WithHint("use the copy of another place").Because(err)
}

// opened is a plaintext that is being read.
type opened struct {
	plain  io.Reader
	source *noting
	io.Closer
	name string
}

func (o *opened) Read(p []byte) (int, error) {
	n, err := o.plain.Read(p)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case o.source.err != nil:
		return n, o.source.err
	default:
		return n, errSpoiled(o.name, err)
	}
}

// noting keeps the error of its reader: the place's fault, not the object's.
type noting struct {
	io.Reader
	err error
}

func (r *noting) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}
