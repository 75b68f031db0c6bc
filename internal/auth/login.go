package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"extrato/internal/books"
	"extrato/internal/store"
)

// loginLasts is how long a login lasts. It does not end by resting: that would
// be a write for every request.
const loginLasts = 14 * 24 * time.Hour

// What a login keeps.
const (
	loginUser     = "user"
	loginPassword = "password" // a hash of the password's hash: a new password ends the login
	loginProvided = "provided" // signed in with a provider: AUTHORIZED_EMAILS must go on saying so
)

func newSessions(o Options) *scs.SessionManager {
	m := scs.New()
	m.Store, m.Lifetime = &loginStore{o.Store, o.Now}, loginLasts
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		id := books.CorrelationID(r.Context())
		o.Log.Error("login not read or kept", "cause", err.Error(), "correlation_id", id)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"success":false,"error":"something went wrong here","code":"internal","correlation_id":"`+id+"\"}\n")
	}
	m.Cookie.Name, m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Persist = "extrato_login", true, http.SameSiteLaxMode, true
	return m
}

// Logins is the middleware that loads a request's login and keeps what it
// changed. The cookie goes over TLS only, where the request came over it.
func (g *Guard) Logins(next http.Handler) http.Handler {
	plain := g.sessions
	secure := *g.sessions
	secure.Cookie.Secure = true
	// Both managers keep a request's login under the same key, that of a copy.
	withPlain, withSecure := plain.LoadAndSave(next), secure.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Secure(r) {
			withSecure.ServeHTTP(w, r)
		} else {
			withPlain.ServeHTTP(w, r)
		}
	})
}

// byLogin returns who a request's login belongs to, if that user may still
// come in.
func (g *Guard) byLogin(r *http.Request) (Identity, error) {
	ctx := r.Context()
	if _, err := r.Cookie(g.sessions.Cookie.Name); err != nil {
		return Identity{}, ErrNoToken
	}
	id := books.ID(g.sessions.GetInt64(ctx, loginUser))
	if id == 0 {
		return Identity{}, ErrNoToken
	}
	var user store.User
	var password string
	err := g.o.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		if user, err = tx.UserByID(ctx, id); err != nil {
			return err
		}
		password, err = tx.Password(ctx, id)
		return err
	})
	if err != nil {
		return Identity{}, err
	}
	listed := !g.sessions.GetBool(ctx, loginProvided) || g.authorized(user.Email)
	same := g.sessions.GetString(ctx, loginPassword) == digest(password)
	if !user.Active || !same || !listed {
		return Identity{}, ErrNoToken
	}
	return Identity{
		UserID: id, Email: user.Email, Name: user.Name, Role: Role(user.Role), Login: true, By: actorOf(id),
	}, nil
}

// SignIn signs in by address and password, and renews the cookie. It fails
// with ErrSignIn, whatever was wrong, or Limited.
func (g *Guard) SignIn(r *http.Request, email, password string) error {
	email = strings.ToLower(strings.TrimSpace(email))
	for _, key := range []string{"address:" + addressOf(r), "account:" + digest(email)} { // of one length, whatever was sent
		if limited := g.logins.take(key); limited != nil {
			return limited
		}
	}
	ctx := r.Context()
	if !isLine(email) {
		email = "" // nobody's, and PostgreSQL would refuse it aloud
	}
	user, stored, err := g.userByEmail(ctx, email)
	if err != nil {
		return err
	}
	against := stored
	if against == "" {
		against = nobody
	}
	right, err := matches(password, against)
	if err != nil {
		return err
	}
	if !right || stored == "" || !user.Active || email == "" {
		return ErrSignIn
	}
	return g.begin(ctx, user.ID, stored, false)
}

// userByEmail returns the user of an address, with the hash of their password.
func (g *Guard) userByEmail(ctx context.Context, email string) (user store.User, password string, err error) {
	err = g.o.Store.Read(ctx, func(tx *store.Tx) error {
		if user, err = tx.UserByEmail(ctx, email); err != nil || user.ID == 0 {
			return err
		}
		password, err = tx.Password(ctx, user.ID)
		return err
	})
	return user, password, err
}

// begin gives the request a login, under a new cookie, that lasts until the
// hash of the user's password is another.
func (g *Guard) begin(ctx context.Context, id books.ID, password string, provided bool) error {
	if err := g.sessions.RenewToken(ctx); err != nil {
		return err
	}
	g.sessions.Put(ctx, loginUser, int64(id))
	g.sessions.Put(ctx, loginPassword, digest(password))
	g.sessions.Put(ctx, loginProvided, provided)
	return nil
}

// SignOut ends the request's login, if it has one.
func (g *Guard) SignOut(r *http.Request) error {
	if g.sessions.Token(r.Context()) == "" {
		return nil
	}
	return g.sessions.Destroy(r.Context())
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// loginStore keeps logins in the database, under a hash of what the cookie
// holds: who reads the table cannot come in with it.
type loginStore struct {
	s   *store.Store
	now func() time.Time
}

// Find, Commit and Delete are what scs asks for; the other three take a context.
func (l *loginStore) Find(token string) ([]byte, bool, error) {
	return l.FindCtx(context.Background(), token)
}

func (l *loginStore) Commit(token string, data []byte, expires time.Time) error {
	return l.CommitCtx(context.Background(), token, data, expires)
}

func (l *loginStore) Delete(token string) error { return l.DeleteCtx(context.Background(), token) }

func (l *loginStore) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = l.s.Read(ctx, func(tx *store.Tx) error {
		data, found, err = tx.Login(ctx, digest(token))
		return err
	})
	return data, found, err
}

func (l *loginStore) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	return l.s.Write(ctx, func(tx *store.Tx) error { return tx.SaveLogin(ctx, digest(token), data, books.InstantOf(expires)) })
}

func (l *loginStore) DeleteCtx(ctx context.Context, token string) error {
	return l.s.Write(ctx, func(tx *store.Tx) error { return tx.DropLogin(ctx, digest(token)) })
}
