package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"extrato/internal/books"
	"extrato/internal/store"
)

// loginLasts is the lifetime of a login. Idle time does not end it: that would
// need a write for every request.
const loginLasts = 14 * 24 * time.Hour

// The values saved in a login.
const (
	loginUser     = "user"
	loginPassword = "password" // a hash of the password's hash: a new password ends the login
	loginProvided = "provided" // signed in with a provider: AUTHORIZED_EMAILS must go on saying so
)

func newSessions(o Options) *scs.SessionManager {
	m := scs.New()
	m.Store, m.Lifetime = &loginStore{o.Store, o.Now}, loginLasts
	m.Cookie.Name, m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Persist = "extrato_login", true, http.SameSiteLaxMode, true
	return m
}

// login is a request's login, and the data read of it.
type login struct {
	sessions *scs.SessionManager // its cookie goes over TLS only, if the request did
	answer   http.ResponseWriter
	cookie   string
	read     context.Context //nolint:containedctx // the library keeps its data in one; nil: not read yet
}

type loginKey struct{}

func loginOf(ctx context.Context) *login { return ctx.Value(loginKey{}).(*login) }

// Logins is the middleware for logins. It reads nothing before a handler asks
// for the Identity: public routes answer without the database, with any cookie.
func (g *Guard) Logins(next http.Handler) http.Handler {
	secure := *g.sessions
	secure.Cookie.Secure = true
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Cookie")
		l := &login{sessions: g.sessions, answer: w}
		if Secure(r) {
			l.sessions = &secure
		}
		if c, err := r.Cookie(l.sessions.Cookie.Name); err == nil {
			l.cookie = c.Value
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), loginKey{}, l)))
	})
}

// open returns the library's context of the request's login, a new one if it
// has none. It fails with the database's error.
func (l *login) open(ctx context.Context) (context.Context, error) {
	if l.read == nil {
		read, err := l.sessions.Load(ctx, l.cookie)
		if err != nil {
			return nil, err
		}
		l.read = read
	}
	return l.read, nil
}

// keep saves the values set in the login by a handler, and sends the cookie.
func (l *login) keep(ctx context.Context) error {
	token, expires, err := l.sessions.Commit(ctx)
	if err == nil {
		l.sessions.WriteSessionCookie(ctx, l.answer, token, expires)
	}
	return err
}

// byLogin returns the active user of a request's login.
func (g *Guard) byLogin(r *http.Request) (Identity, error) {
	if _, err := r.Cookie(g.sessions.Cookie.Name); err != nil {
		return Identity{}, ErrNoToken
	}
	l, ok := r.Context().Value(loginKey{}).(*login)
	if !ok {
		return Identity{}, ErrNoToken // outside of Logins nobody has one
	}
	ctx, err := l.open(r.Context())
	if err != nil {
		return Identity{}, err
	}
	id := books.ID(g.sessions.GetInt64(ctx, loginUser))
	if id == 0 {
		return Identity{}, ErrNoToken
	}
	var user store.User
	var password string
	err = g.o.Store.Read(ctx, func(tx *store.Tx) error {
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

// SignIn signs in by address and password, and renews the cookie. It fails with
// ErrSignIn, without a reason, or Limited.
func (g *Guard) SignIn(r *http.Request, email, password string) error {
	email = strings.ToLower(strings.TrimSpace(email))
	for _, key := range []string{"address:" + addressOf(r), "account:" + digest(email)} { // of one length for any input
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

// begin gives the request a login, under a new cookie. It lasts until the hash
// of the user's password changes.
func (g *Guard) begin(ctx context.Context, id books.ID, password string, provided bool) error {
	l := loginOf(ctx)
	ctx, err := l.open(ctx)
	if err != nil {
		return err
	}
	if err := g.sessions.RenewToken(ctx); err != nil {
		return err
	}
	g.sessions.Put(ctx, loginUser, int64(id))
	g.sessions.Put(ctx, loginPassword, digest(password))
	g.sessions.Put(ctx, loginProvided, provided)
	return l.keep(ctx)
}

// SignOut ends the request's login, if it has one.
func (g *Guard) SignOut(r *http.Request) error {
	l := loginOf(r.Context())
	ctx, err := l.open(r.Context())
	if err != nil || g.sessions.Token(ctx) == "" {
		return err
	}
	if err := g.sessions.Destroy(ctx); err != nil {
		return err
	}
	l.sessions.WriteSessionCookie(ctx, l.answer, "", time.Time{}) // takes it back
	return nil
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// loginStore saves logins in the database under a hash of the cookie's value,
// so a reader of the table cannot use them.
type loginStore struct {
	s   *store.Store
	now func() time.Time
}

// Find, Commit and Delete complete scs's interface; the other three take a
// context.
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
