package auth

import (
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/books"
	"extrato/internal/store"
)

// CheckKey makes a token with key and reads it back, as serve would, and checks
// that a token signed with another key is refused. It records nothing.
func CheckKey(key string, now time.Time) error {
	record := store.Token{ID: "doctor", Scopes: []string{string(ScopeRead)}, CreatedAt: books.InstantOf(now), ExpiresAt: books.InstantOf(now.Add(time.Minute))}
	read := func(signed string) (string, error) {
		text, err := sign(signed, record)
		if err != nil {
			return "", err
		}
		var c claims
		_, err = jwt.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return []byte(key), nil },
			jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return now }))
		id, _ := c.user()
		return strconv.Itoa(int(id)), err
	}
	if id, err := read(key); err != nil || id != strconv.Itoa(int(ServiceAccount)) {
		return books.Refusedf("key_unusable", "a token signed with JWT_SECRET_KEY cannot be read back").
			WithHint("make another key: openssl rand -hex 32").Because(err)
	}
	if _, err := read(key + "x"); err == nil {
		return books.Integrityf("key_unusable", "a token signed with another key was accepted")
	}
	return nil
}
