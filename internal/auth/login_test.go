package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func stranger(t *testing.T, g *auth.Guard) *browser {
	return &browser{t: t, g: g, cookies: map[string]*http.Cookie{}}
}

// PostgreSQL refuses such bytes; a stranger must not be able to tell.
func TestBytes_that_are_no_text_sign_nobody_in(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		g := guard(t, db, 0)
		for _, email := range []string{"\xff", "a\x00@example.com", strings.Repeat("a", 1<<16)} {
			if err := stranger(t, g).signIn(email, "\xff\x00"); !errors.Is(err, auth.ErrSignIn) {
				t.Errorf("%.20q: %v", email, err)
			}
		}
		for _, u := range []store.User{
			{Email: "a\xff@example.com", Name: "A", Role: "admin"}, {Email: "a@example.com", Name: "A\xff", Role: "admin"}, {Email: "a@example.com", Name: "A\nB", Role: "admin"},
		} {
			if _, err := auth.AddUser(t.Context(), db.Store, u, ""); books.AsError(err) == nil || books.AsError(err).Kind != books.Invalid {
				t.Errorf("%q %q: %v", u.Email, u.Name, err)
			}
		}
		if n := db.Int(t, "SELECT count(*) FROM users"); n != 1 {
			t.Errorf("%d users", n)
		}
	})
}

func TestA_disabled_users_logins_stay_ended(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		g := guard(t, db, 0)
		ana := user(t, db, "ana@example.com", "admin", "correct horse battery")
		user(t, db, "eva@example.com", "admin", "correct horse battery")
		thief, eva := stranger(t, g), stranger(t, g)
		for b, email := range map[*browser]string{thief: "ana@example.com", eva: "eva@example.com"} {
			if err := b.signIn(email, "correct horse battery"); err != nil {
				t.Fatal(err)
			}
		}
		for _, active := range []bool{false, true} {
			if _, err := auth.SetActive(t.Context(), db.Store, "ANA@example.com", active); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := thief.who(); !errors.Is(err, auth.ErrNoToken) {
			t.Errorf("a login from before is back: %v", err)
		}
		if _, err := eva.who(); err != nil {
			t.Errorf("somebody else's login ended too: %v", err)
		}
		if err := thief.signIn("ana@example.com", "correct horse battery"); err != nil {
			t.Errorf("%d cannot sign in anew: %v", ana.ID, err)
		}
		if _, err := auth.SetActive(t.Context(), db.Store, "nobody@example.com", false); books.AsError(err) == nil || books.AsError(err).Kind != books.NotFound {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestA_login_expires_and_is_forgotten(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		defer func(was time.Time) { now = was }(now)
		g := guard(t, db, 0)
		user(t, db, "ana@example.com", "admin", "correct horse battery")
		b := stranger(t, g)
		if err := b.signIn("ana@example.com", "correct horse battery"); err != nil {
			t.Fatal(err)
		}
		now = time.Now().Add(14*24*time.Hour - time.Minute) // the cookie's end comes from the machine's clock
		if _, err := b.who(); err != nil {
			t.Errorf("a minute before its end: %v", err)
		}
		now = now.Add(2 * time.Minute)
		if _, err := b.who(); !errors.Is(err, auth.ErrNoToken) {
			t.Errorf("still in after its end: %v", err)
		}
		now = time.Now()
		if err := stranger(t, g).signIn("ana@example.com", "correct horse battery"); err != nil {
			t.Fatal(err)
		}
		if n := db.Int(t, "SELECT count(*) FROM "+table(db, "logins")); n != 2 {
			t.Errorf("%d logins, want both", n)
		}
	})
}

func TestA_sign_in_renews_the_cookie(t *testing.T) {
	db := storetest.SQLite(t, clock)
	g := guard(t, db, 0)
	user(t, db, "ana@example.com", "admin", "correct horse battery")
	b := stranger(t, g)
	cookie := func() string {
		if err := b.signIn("ana@example.com", "correct horse battery"); err != nil {
			t.Fatal(err)
		}
		return b.cookies["extrato_login"].Value
	}
	first := *b.cookieAfter(cookie)
	if second := cookie(); second == first.Value {
		t.Error("the cookie stayed the same")
	}
	old := stranger(t, g)
	old.cookies["extrato_login"] = &first
	if _, err := old.who(); !errors.Is(err, auth.ErrNoToken) {
		t.Errorf("the cookie from before is still good: %v", err)
	}
	planted := stranger(t, g)
	planted.cookies["extrato_login"] = &http.Cookie{Name: "extrato_login", Value: "planted-by-a-thief"}
	if err := planted.signIn("ana@example.com", "correct horse battery"); err != nil || planted.cookies["extrato_login"].Value == "planted-by-a-thief" {
		t.Errorf("a planted cookie became a login: %v", err)
	}
}

func (b *browser) cookieAfter(signIn func() string) *http.Cookie {
	signIn()
	c := *b.cookies["extrato_login"]
	return &c
}

// Who signed in with the provider is in for as long as AUTHORIZED_EMAILS says,
// and no longer than a password that was set to keep them out.
func TestA_login_with_the_provider_ends_with_its_permission(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		p := newProvider(t)
		options := auth.Options{
			Store: db.Store, Key: key, Now: clock, Log: logtest.Quiet(t), Emails: []string{"eva@example.com"},
			Login: auth.Provider{Issuer: p.URL, ClientID: "extrato", ClientSecret: "s"},
		}
		b := stranger(t, auth.New(options))
		p.signIn(b, "Eva@Example.com", "Eva")
		if _, err := b.who(); err != nil {
			t.Fatal(err)
		}
		without := options
		without.Emails = []string{"ana@example.com"}
		b.g = auth.New(without)
		if _, err := b.who(); !errors.Is(err, auth.ErrNoToken) {
			t.Errorf("in without being listed: %v", err)
		}
		b.g = auth.New(options)
		if _, err := b.who(); err != nil {
			t.Fatal(err)
		}
		if _, err := auth.SetPassword(t.Context(), db.Store, "eva@example.com", "correct horse battery"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.who(); !errors.Is(err, auth.ErrNoToken) {
			t.Errorf("in after a new password: %v", err)
		}
		p.signIn(b, "eva@example.com", "Eva")
		if _, err := b.who(); err != nil {
			t.Errorf("a password keeps somebody from the provider: %v", err)
		}
	})
}

// Strangers who only ask for the way to the provider must not fill the table.
func TestGoing_to_the_provider_is_limited_and_forgotten(t *testing.T) {
	db := storetest.SQLite(t, clock)
	p := newProvider(t)
	g := auth.New(auth.Options{
		Store: db.Store, Key: key, Now: clock, Log: logtest.Quiet(t), Emails: []string{"eva@example.com"},
		Login: auth.Provider{Issuer: p.URL, ClientID: "extrato"}, Tries: 3, Per: time.Minute,
	})
	defer func(was time.Time) { now = was }(now)
	var limited *auth.Limited
	for i := range 5 {
		stranger(t, g).do(func(r *http.Request) {
			if _, err := g.ProviderURL(r, "http://extrato.test"); errors.As(err, &limited) != (i >= 3) {
				t.Errorf("try %d: %v", i+1, err)
			}
		})
	}
	if n := db.Int(t, "SELECT count(*) FROM logins"); n != 3 {
		t.Errorf("%d rows", n)
	}
	end := books.InstantOf(time.Now().Add(15 * time.Minute)).String()
	if n := db.Int(t, "SELECT count(*) FROM logins WHERE expires_at > $1", end); n != 0 {
		t.Errorf("%d rows stay for longer than somebody takes to sign in", n)
	}
	now = now.Add(time.Hour)
	b := stranger(t, g)
	p.signIn(b, "eva@example.com", strings.Repeat("Eva ", 40))
	if i, err := b.who(); err != nil || i.Email != "eva@example.com" {
		t.Errorf("a long name keeps somebody out: %+v %v", i, err)
	}
	if n := db.Int(t, "SELECT count(*) FROM logins WHERE expires_at > $1", end); n != 1 {
		t.Errorf("the login ends too early")
	}
	b.do(func(r *http.Request) {
		if _, err := g.ProviderURL(r, "http://extrato.test"); err != nil {
			t.Error(err)
		}
	})
	if n := db.Int(t, "SELECT count(*) FROM logins WHERE expires_at > $1", end); n != 1 {
		t.Errorf("asking for the way again cut the login short")
	}
}

// signIn takes a person to the provider and back.
func (p *provider) signIn(b *browser, email, name string) {
	b.t.Helper()
	var to string
	var err error
	b.do(func(r *http.Request) { to, err = b.g.ProviderURL(r, "http://extrato.test") })
	if err != nil {
		b.t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		b.t.Fatal(err)
	}
	q := u.Query()
	p.challenge = q.Get("code_challenge")
	p.identity = jwt.MapClaims{
		"iss": p.URL, "aud": "extrato", "sub": "1", "exp": now.Add(time.Minute).Unix(), "iat": now.Unix(), "nonce": q.Get("nonce"),
		"email": email, "email_verified": true, "name": name,
	}
	b.do(func(r *http.Request) {
		r.Form = url.Values{"state": {q.Get("state")}, "code": {"the-code"}}
		err = b.g.SignInWithProvider(r, "http://extrato.test")
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// browser keeps cookies across requests to a handler behind the logins.
type browser struct {
	t       *testing.T
	g       *auth.Guard
	cookies map[string]*http.Cookie
	secure  bool
}

func (b *browser) do(handle func(r *http.Request)) {
	b.t.Helper()
	r := httptest.NewRequest("POST", "/", nil)
	if b.secure {
		r.URL.Scheme = "https"
	}
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.g.Logins(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { handle(r) })).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookies[c.Name] = c
	}
}

func (b *browser) who() (i auth.Identity, err error) {
	b.t.Helper()
	b.do(func(r *http.Request) { i, err = b.g.Identify(r) })
	return i, err
}

func (b *browser) signIn(email, password string) (err error) {
	b.t.Helper()
	b.do(func(r *http.Request) { err = b.g.SignIn(r, email, password) })
	return err
}

func TestA_login_lasts_until_it_is_ended(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		g := guard(t, db, 0)
		ana := user(t, db, "ana@example.com", "admin", "correct horse battery")
		fresh := func() *browser { return &browser{t: t, g: g, cookies: map[string]*http.Cookie{}} }
		for _, wrong := range [][2]string{{"ana@example.com", "wrong horse battery"}, {"nobody@example.com", "correct horse battery"}, {"", ""}, {"github-actions@tattoo-studio.local", ""}} {
			b := fresh()
			if err := b.signIn(wrong[0], wrong[1]); !errors.Is(err, auth.ErrSignIn) {
				t.Errorf("%v: %v", wrong, err)
			}
			if _, err := b.who(); !errors.Is(err, auth.ErrNoToken) {
				t.Errorf("%v is in: %v", wrong, err)
			}
		}
		b := fresh()
		if err := b.signIn(" Ana@Example.com ", "correct horse battery"); err != nil {
			t.Fatal(err)
		}
		c := b.cookies["extrato_login"]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure {
			t.Errorf("cookie %+v", c)
		}
		if i, err := b.who(); err != nil || i.UserID != ana.ID || !i.May(auth.Manage) {
			t.Errorf("%+v %v", i, err)
		}
		if n := db.Int(t, "SELECT count(*) FROM "+table(db, "logins")+" WHERE token = $1", c.Value); n != 0 {
			t.Error("the table holds what the cookie holds")
		}
		tls := &browser{t: t, g: g, cookies: map[string]*http.Cookie{}, secure: true}
		if err := tls.signIn("ana@example.com", "correct horse battery"); err != nil || !tls.cookies["extrato_login"].Secure {
			t.Errorf("%v; the cookie goes without TLS", err)
		}
		t.Run("signing out", func(t *testing.T) {
			b := fresh()
			if err := b.signIn("ana@example.com", "correct horse battery"); err != nil {
				t.Fatal(err)
			}
			stolen := *b.cookies["extrato_login"]
			b.do(func(r *http.Request) {
				if err := g.SignOut(r); err != nil {
					t.Error(err)
				}
			})
			b.cookies["extrato_login"] = &stolen
			if _, err := b.who(); !errors.Is(err, auth.ErrNoToken) {
				t.Errorf("still in: %v", err)
			}
		})
		t.Run("a new password", func(t *testing.T) {
			hash, err := auth.HashPassword("another horse battery")
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.SetPassword(t.Context(), ana.ID, hash) }); err != nil {
				t.Fatal(err)
			}
			if _, err := b.who(); !errors.Is(err, auth.ErrNoToken) {
				t.Errorf("still in: %v", err)
			}
		})
		t.Run("disabled", func(t *testing.T) {
			if err := b.signIn("ana@example.com", "another horse battery"); err != nil {
				t.Fatal(err)
			}
			db.Exec(t, "UPDATE users SET active_flag = FALSE WHERE id = $1", int64(ana.ID))
			if _, err := b.who(); !errors.Is(err, auth.ErrNoToken) {
				t.Errorf("still in: %v", err)
			}
			if err := b.signIn("ana@example.com", "another horse battery"); !errors.Is(err, auth.ErrSignIn) {
				t.Errorf("signs in: %v", err)
			}
		})
	})
}
