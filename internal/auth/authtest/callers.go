// Package authtest gives tests one of each kind of caller: people with logins,
// programs with tokens, and callers to be refused.
package authtest

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Caller is the header that identifies a request's sender.
type Caller struct{ Header, Value string }

// Say puts it into a request.
func (c Caller) Say(r *http.Request) {
	if c.Header != "" {
		r.Header.Set(c.Header, c.Value)
	}
}

// Password is the password of every user with one.
const Password = "correct horse battery"

// V4Email is the address in v4's own tokens.
const V4Email = "github-actions@tattoo-studio.local"

// Login adds a user and signs in.
func Login(t testing.TB, g *auth.Guard, s *store.Store, email, name string, role auth.Role) Caller {
	t.Helper()
	if _, err := auth.AddUser(t.Context(), s, store.User{Email: email, Name: name, Role: string(role), Active: true}, Password); err != nil {
		t.Fatal(err)
	}
	var err error
	w := httptest.NewRecorder()
	g.Logins(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { err = g.SignIn(r, email, Password) })).
		ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	if err != nil || len(w.Result().Cookies()) == 0 {
		t.Fatalf("%v, %v", err, w.Result().Cookies())
	}
	c := w.Result().Cookies()[0]
	return Caller{"Cookie", c.Name + "=" + c.Value}
}

// Everybody returns one of each kind, by name. key is the guard's.
func Everybody(t testing.TB, g *auth.Guard, s *store.Store, key string, now time.Time) map[string]Caller {
	t.Helper()
	signed := func(method jwt.SigningMethod, key any, id books.ID, email string, lives time.Duration) Caller {
		claims := jwt.MapClaims{"user_id": id, "email": email, "exp": now.Add(lives).Unix()}
		text, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return Caller{"Authorization", "Bearer " + text}
	}
	v4s := func(method jwt.SigningMethod, key any, lives time.Duration) Caller {
		return signed(method, key, auth.ServiceAccount, V4Email, lives)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	hs256, ours := jwt.SigningMethodHS256, []byte(key)
	return map[string]Caller{
		"nobody": {},
		"artist": Login(t, g, s, "artist@callers.test", "Art", auth.Artist), "reception": Login(t, g, s, "reception@callers.test", "Rec", auth.Reception),
		"admin": Login(t, g, s, "admin@callers.test", "Adm", auth.Admin), "inactive": inactive(t, g, s), "bogus": {"Cookie", "extrato_login=made-up"},
		"read": token(t, g, auth.ScopeRead), "backup": token(t, g, auth.ScopeBackup), "close": token(t, g, auth.ScopeClose), "revoked": revoked(t, g, s),
		"v4": v4s(hs256, ours, time.Hour), "expired": v4s(hs256, ours, -time.Hour),
		"wrong-key": v4s(hs256, []byte("another key, of 32 characters, ok"), time.Hour),
		"none":      v4s(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, time.Hour), "rs256": v4s(jwt.SigningMethodRS256, rsaKey, time.Hour),
		"unknown": signed(hs256, ours, 4711, "x@callers.test", time.Hour), "other-user": signed(hs256, ours, user(t, s, "admin@callers.test").ID, "admin@callers.test", time.Hour),
	}
}

func token(t testing.TB, g *auth.Guard, scopes ...auth.Scope) Caller {
	t.Helper()
	text, _, err := g.Issue(t.Context(), "teste", scopes, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	return Caller{"Authorization", "Bearer " + text}
}

// revoked is a token with every scope that has been revoked.
func revoked(t testing.TB, g *auth.Guard, s *store.Store) Caller {
	t.Helper()
	text, record, err := g.Issue(t.Context(), "teste", auth.Scopes(), 1, "test")
	if err == nil {
		err = s.Write(t.Context(), func(tx *store.Tx) error { return tx.RevokeToken(t.Context(), record.ID) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return Caller{"Authorization", "Bearer " + text}
}

// inactive is a disabled admin whose login is still stored.
func inactive(t testing.TB, g *auth.Guard, s *store.Store) Caller {
	t.Helper()
	c := Login(t, g, s, "gone@callers.test", "Gon", auth.Admin)
	gone := user(t, s, "gone@callers.test")
	gone.Active = false
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetUser(t.Context(), gone) }); err != nil {
		t.Fatal(err)
	}
	return c
}

func user(t testing.TB, s *store.Store, email string) (u store.User) {
	t.Helper()
	err := s.Read(t.Context(), func(tx *store.Tx) error {
		var err error
		if u, err = tx.UserByEmail(t.Context(), email); err == nil && u.ID == 0 {
			err = errors.New("there is no " + email)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}
