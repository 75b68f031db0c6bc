package auth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Route is a route with its permission. Its Handler refuses callers without it.
// The Method "" means every method.
type Route struct {
	Method, Path string
	Needs        Permission
	Handler      http.Handler
}

// At is a Route.
func At(method, path string, needs Permission, h http.Handler) Route {
	return Route{Method: method, Path: path, Needs: needs, Handler: h}
}

// Options are the settings of a Guard.
type Options struct {
	Store  *store.Store
	Key    string // signs tokens, HS256; 32 characters at least
	Now    func() time.Time
	Log    *slog.Logger
	Tries  int           // logins and failed tokens per address and per account; 0: no limit
	Per    time.Duration // the period of Tries
	Job    JobPins       // the job allowed to close without a stored secret
	Login  Provider      // the identity provider
	Emails []string      // the addresses allowed to use it, in lower case
}

// Guard identifies the sender of a request.
type Guard struct {
	o        Options
	sessions *scs.SessionManager
	job      *jobIssuer
	provider *loginProvider
	failures *limiter // failed tries, by address
	logins   *limiter // by account
	calls    *limiter // v4's two endpoints
}

// New returns a Guard. Nothing is asked of any provider until somebody comes.
func New(o Options) *Guard {
	return &Guard{
		o: o, sessions: newSessions(o), job: newJobIssuer(o.Job), provider: newLoginProvider(o.Login),
		failures: newLimiter(o), logins: newLimiter(o), calls: newLimiter(o),
	}
}

// The refusals. Their words are v4's.
var (
	ErrNoToken = &books.Error{Kind: books.Unauthorized, Code: "no_token", Message: "Missing or invalid Authorization header",
		Hint: "send a bearer token in this header, or the cookie of a login: the sign-in page is /login"}
	ErrBadToken = &books.Error{Kind: books.Unauthorized, Code: "bad_token", Message: "Invalid or expired token",
		Hint: "ask the studio's owner for another: extrato token create"}
	ErrBadPayload = &books.Error{Kind: books.Unauthorized, Code: "bad_payload", Message: "Invalid token payload",
		Hint: "a token names its user in sub or user_id, and in email; extrato token create makes one"}
	ErrForbidden = &books.Error{Kind: books.Forbidden, Code: "forbidden", Message: "Forbidden",
		Hint: "ask the studio's owner for a login or a token that may"}
	ErrSignIn = &books.Error{Kind: books.Unauthorized, Code: "sign_in_failed", Message: "E-mail or password is wrong",
		Hint: "try again; an admin sets a new password with extrato user password EMAIL"}
)

// Limited means: too many tries from an address or for an account.
type Limited struct{ RetryAfter time.Duration }

func (l *Limited) Error() string { return "too many tries" }

// Seconds returns the value for the header Retry-After.
func (l *Limited) Seconds() string {
	return fmt.Sprintf("%d", max(1, int((l.RetryAfter+time.Second-1)/time.Second)))
}

// Identify returns a request's sender, by token or login. It fails with
// ErrNoToken without either, as Bearer does with a token, and with the
// database's error if that does not answer.
func (g *Guard) Identify(r *http.Request) (Identity, error) {
	if r.Header.Get("Authorization") == "" {
		return g.byLogin(r)
	}
	return g.Bearer(r)
}

// Bearer returns the owner of the request's token. It fails with ErrNoToken,
// ErrBadToken, ErrBadPayload or Limited, without a reason.
func (g *Guard) Bearer(r *http.Request) (Identity, error) {
	address := addressOf(r)
	if limited := g.failures.full(address); limited != nil {
		return Identity{}, limited
	}
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || text == "" {
		return Identity{}, ErrNoToken
	}
	identity, account, err := g.byToken(r.Context(), text)
	if err == nil || books.AsError(err).Kind != books.Unauthorized {
		return identity, err
	}
	g.failures.count(address)
	if account != "" {
		if limited := g.logins.take("token:" + account); limited != nil {
			return Identity{}, limited
		}
	}
	return Identity{}, err
}

// LimitCalls counts a call of v4's endpoints by an account, and fails with
// Limited if it, or its address, called too often.
func (g *Guard) LimitCalls(r *http.Request, account string) error {
	for _, key := range []string{"address:" + addressOf(r), "account:" + account} {
		if limited := g.calls.take(key); limited != nil {
			return limited
		}
	}
	return nil
}

// Require lets next handle requests with the permission, with the Identity in
// their context; refuse answers all others.
func (g *Guard) Require(p Permission, next http.Handler, refuse func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p == Public {
			next.ServeHTTP(w, r)
			return
		}
		identity, err := g.Allow(r, p)
		if err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), identity)))
	})
}

// Allow identifies a request and fails as Identify does, or with ErrForbidden.
func (g *Guard) Allow(r *http.Request, p Permission) (Identity, error) {
	identity, err := g.Identify(r)
	if err == nil && !identity.May(p) {
		err = ErrForbidden.WithHint("%s", p.lacking())
	}
	return identity, err
}

// Secure reports whether the request came over TLS, to us or to a trusted
// proxy.
func Secure(r *http.Request) bool { return r.TLS != nil || r.URL.Scheme == "https" }

// activeUser returns an active user, or the zero User.
func (g *Guard) activeUser(ctx context.Context, id books.ID) (user store.User, err error) {
	err = g.o.Store.Read(ctx, func(tx *store.Tx) error {
		user, err = tx.UserByID(ctx, id)
		return err
	})
	if err != nil || !user.Active {
		return store.User{}, err
	}
	return user, nil
}
