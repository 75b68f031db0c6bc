package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"extrato/internal/books"
)

// Argon2id with OWASP's parameters: 19 MiB, two passes, one thread.
const (
	memory  = 19 << 10 // KiB
	passes  = 2
	threads = 1
	keySize = 32
)

// hashing lets two passwords be hashed at a time: each takes 19 MiB.
var hashing = make(chan struct{}, 2)

func hash(password string, salt []byte, memory, passes uint32, threads uint8) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, passes, memory, threads, keySize)
}

// CheckPassword fails with an Error of kind Invalid if a password is shorter
// than 10 or longer than 200 bytes.
func CheckPassword(password string) error {
	if len(password) < 10 || len(password) > 200 {
		return books.Invalidf("weak_password", "a password has 10 to 200 characters").WithHint("four words that do not belong together are a good one")
	}
	return nil
}

// HashPassword returns the hash of a password in PHC's form. It fails as
// CheckPassword does.
func HashPassword(password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, threads,
		b64(salt), b64(hash(password, salt, memory, passes, threads))), nil
}

// nobody is hashed in place of a missing user, so a refusal always takes the
// same time.
var nobody = func() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, threads, b64(make([]byte, 16)), b64(make([]byte, keySize)))
}()

// matches reports whether a password has this hash. It fails if the hash
// cannot be read.
func matches(password, phc string) (bool, error) {
	var version int
	var m, t uint32
	var p uint8
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errors.New("a stored password is in no known form")
	}
	_, err1 := fmt.Sscanf(parts[2], "v=%d", &version)
	_, err2 := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p)
	salt, err3 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err4 := base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(err1, err2, err3, err4); err != nil || version != argon2.Version || m > 1<<18 || t == 0 || t > 16 || p == 0 {
		return false, errors.New("a stored password is in no known form")
	}
	return subtle.ConstantTimeCompare(hash(password, salt, m, t, p), want) == 1, nil
}
