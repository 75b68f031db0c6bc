package proof

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// NewOrigin returns a name for the log of a studio: ASCII with a random end,
// such as extrato/estudio-agulha-4f9c2a1b. The studio's name may be empty.
func NewOrigin(studio string) string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn))), studio)
	if err != nil {
		plain = studio
	}
	words := strings.FieldsFunc(strings.ToLower(plain), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	words = append(words, randomDigits())
	if len(words) == 1 {
		words = append([]string{"estudio"}, words...)
	}
	return "extrato/" + strings.Join(words, "-")
}

func randomDigits() string {
	var b [4]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// ValidName reports whether a key can have this name: printable ASCII without
// blanks and plus signs.
func ValidName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '+' })
}

// The types of keys: of a log, and of a cosigner.
const (
	logKey      = 1
	cosignerKey = 4
)

// PublicKey checks the signatures of a log or of a cosigner. Its text form is a
// verifier key of C2SP signed-note: NAME+HASH+KEY.
type PublicKey struct {
	name string
	text string
	hash uint32
	kind byte
	key  ed25519.PublicKey
}

func newPublicKey(kind byte, name string, key ed25519.PublicKey) PublicKey {
	typed := append([]byte{kind}, key...)
	sum := sha256.Sum256(append([]byte(name+"\n"), typed...))
	k := PublicKey{name: name, hash: binary.BigEndian.Uint32(sum[:]), kind: kind, key: key}
	k.text = fmt.Sprintf("%s+%08x+%s", name, k.hash, base64.StdEncoding.EncodeToString(typed))
	return k
}

// ParsePublicKey reads the text form. It fails with an Error of kind Invalid.
func ParsePublicKey(text string) (PublicKey, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) == 3 && ValidName(parts[0]) {
		typed, err := base64.StdEncoding.DecodeString(parts[2])
		if err == nil && len(typed) == 1+ed25519.PublicKeySize && (typed[0] == logKey || typed[0] == cosignerKey) {
			if k := newPublicKey(typed[0], parts[0], typed[1:]); k.text == text {
				return k, nil
			}
		}
	}
	return PublicKey{}, notAProof("%q is no public key", text)
}

// String returns the text form.
func (k PublicKey) String() string { return k.text }

// Name returns the log's origin or the cosigner's name.
func (k PublicKey) Name() string { return k.name }

// KeyHash is part of each signature line.
func (k PublicKey) KeyHash() uint32 { return k.hash }

// Cosigns reports whether the key is a cosigner's, not a log's.
func (k PublicKey) Cosigns() bool { return k.kind == cosignerKey }

// Printed returns the key without name and hash, 44 characters for paper.
func (k PublicKey) Printed() string { return k.text[len(k.name)+len("+01234567+"):] }

// Verify reports whether sig is the key's signature of a note's text.
func (k PublicKey) Verify(text, sig []byte) bool {
	if k.Cosigns() {
		at, sig, ok := cutTime(sig)
		return ok && ed25519.Verify(k.key, cosigned(at, text), sig)
	}
	return ed25519.Verify(k.key, text, sig)
}

// MarshalText writes the text form.
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(k.text), nil }

// UnmarshalText reads the text form.
func (k *PublicKey) UnmarshalText(text []byte) (err error) {
	*k, err = ParsePublicKey(string(text))
	return err
}

// Key signs heads: for a log, or as a cosigner.
type Key struct {
	public PublicKey
	key    ed25519.PrivateKey
}

// NewKey returns a new key for the log with this origin.
func NewKey(origin string) Key { return newKey(logKey, origin) }

// NewCosigner returns a new key for a cosigner.
func NewCosigner(name string) Key { return newKey(cosignerKey, name) }

func newKey(kind byte, name string) Key {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil || !ValidName(name) {
		panic("proof: no key for the name " + name) // rand.Reader never fails, names are checked
	}
	return Key{newPublicKey(kind, name, public), private}
}

const secretPrefix = "PRIVATE+KEY+"

// Secret returns the private key as text, PRIVATE+KEY+NAME+HASH+SEED.
func (k Key) Secret() string {
	seed := append([]byte{k.public.kind}, k.key.Seed()...)
	return fmt.Sprintf("%s%s+%08x+%s", secretPrefix, k.public.name, k.public.hash, base64.StdEncoding.EncodeToString(seed))
}

// ParseKey reads the output of Secret. Its error, of kind Invalid, does not
// repeat the text.
func ParseKey(secret string) (Key, error) {
	parts := strings.SplitN(strings.TrimPrefix(secret, secretPrefix), "+", 3)
	if len(parts) == 3 && ValidName(parts[0]) {
		seed, err := base64.StdEncoding.DecodeString(parts[2])
		if err == nil && len(seed) == 1+ed25519.SeedSize && (seed[0] == logKey || seed[0] == cosignerKey) {
			private := ed25519.NewKeyFromSeed(seed[1:])
			k := Key{newPublicKey(seed[0], parts[0], private.Public().(ed25519.PublicKey)), private}
			if k.Secret() == secret {
				return k, nil
			}
		}
	}
	return Key{}, notAProof("this is no private key of a log or a cosigner").WithHint("its form is PRIVATE+KEY+NAME+HASH+KEY, on one line")
}

// Public returns the key that checks k's signatures.
func (k Key) Public() PublicKey { return k.public }
