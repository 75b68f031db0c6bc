package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const key = "0123456789abcdef0123456789abcdef"

var now = time.Date(2025, 11, 2, 3, 17, 0, 0, time.UTC)

func clock() time.Time { return now }

func guard(t *testing.T, db *storetest.DB, tries int) *auth.Guard {
	t.Helper()
	if err := auth.EnsureServiceAccount(t.Context(), db.Store); err != nil {
		t.Fatal(err)
	}
	return auth.New(auth.Options{Store: db.Store, Key: key, Now: clock, Log: logtest.Quiet(t), Tries: tries, Per: time.Minute})
}

func user(t *testing.T, db *storetest.DB, email, role, password string) store.User {
	t.Helper()
	u, err := auth.AddUser(t.Context(), db.Store, store.User{Email: email, Name: "Ana", Role: role, Active: true}, password)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func sign(t *testing.T, method jwt.SigningMethod, signWith any, claims jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(method, claims).SignedString(signWith)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func request(header string) *http.Request {
	r := httptest.NewRequest("POST", "/", nil)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	return r
}

func TestTokens_are_taken_or_refused_in_v4s_words(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		g := guard(t, db, 0)
		ana := user(t, db, "ana@example.com", "admin", "")
		gone := user(t, db, "bia@example.com", "admin", "")
		gone.Active = false
		if err := db.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.SetUser(t.Context(), gone) }); err != nil {
			t.Fatal(err)
		}
		ours, record, err := auth.IssueToken(t.Context(), db.Store, key, "net", []auth.Scope{auth.ScopeBackup}, 90, now, "test")
		if err != nil {
			t.Fatal(err)
		}
		revoked, dead, err := auth.IssueToken(t.Context(), db.Store, key, "net", auth.Scopes(), 90, now, "test")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.RevokeToken(t.Context(), dead.ID) }); err != nil {
			t.Fatal(err)
		}
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		good := func() jwt.MapClaims {
			return jwt.MapClaims{"user_id": 999, "email": "github-actions@tattoo-studio.local", "exp": now.Add(time.Hour).Unix()}
		}
		with := func(name string, value any) string {
			c := good()
			c[name] = value
			if value == nil {
				delete(c, name)
			}
			return "Bearer " + sign(t, jwt.SigningMethodHS256, []byte(key), c)
		}
		for _, c := range []struct {
			name, header string
			err          error
			scopes       int
		}{
			{"v4's token", with("iat", now.Unix()), nil, 3},
			{"v4's token with the other address", with("email", "service-account@github-actions.internal"), nil, 3},
			{"v4's token, id as text", with("user_id", "999"), nil, 3},
			{"v4's token, id in sub", "Bearer " + sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": "999", "email": "github-actions@tattoo-studio.local", "exp": now.Add(time.Hour).Unix()}), nil, 3},
			{"a v4 token of somebody else may nothing", "Bearer " + sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": "1", "user_id": int(ana.ID), "email": "ana@example.com", "exp": now.Add(time.Hour).Unix()}), auth.ErrBadToken, 0},
			{"our token", "Bearer " + ours, nil, 1},
			{"a revoked token", "Bearer " + revoked, auth.ErrBadToken, 0},
			{"a token of ours that is not recorded", with("iss", "extrato"), auth.ErrBadToken, 0},
			{"no header", "", auth.ErrNoToken, 0},
			{"Basic", "Basic " + ours, auth.ErrNoToken, 0},
			{"lower-case bearer", "bearer " + ours, auth.ErrNoToken, 0},
			{"nothing behind Bearer", "Bearer ", auth.ErrNoToken, 0},
			{"no token at all", "Bearer nonsense", auth.ErrBadToken, 0},
			{"huge", "Bearer " + strings.Repeat("a", 1<<20), auth.ErrBadToken, 0},
			{"wrong key", "Bearer " + sign(t, jwt.SigningMethodHS256, []byte(key+"x"), good()), auth.ErrBadToken, 0},
			{"alg none", "Bearer " + sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good()), auth.ErrBadToken, 0},
			{"HS512", "Bearer " + sign(t, jwt.SigningMethodHS512, []byte(key), good()), auth.ErrBadToken, 0},
			{"RS256", "Bearer " + sign(t, jwt.SigningMethodRS256, rsaKey, good()), auth.ErrBadToken, 0},
			{"expired", with("exp", now.Add(-time.Hour).Unix()), auth.ErrBadToken, 0},
			{"without end", with("exp", nil), auth.ErrBadToken, 0},
			{"not yet", with("nbf", now.Add(time.Hour).Unix()), auth.ErrBadToken, 0},
			{"no email", with("email", nil), auth.ErrBadPayload, 0},
			{"no user", with("user_id", nil), auth.ErrBadPayload, 0},
			{"unknown user", with("user_id", 4711), auth.ErrBadToken, 0},
			{"inactive user", "Bearer " + sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"user_id": int(gone.ID), "email": "bia@example.com", "exp": now.Add(time.Hour).Unix()}), auth.ErrBadToken, 0},
			{"somebody else's address", with("email", "ana@example.com"), auth.ErrBadToken, 0},
		} {
			t.Run(c.name, func(t *testing.T) {
				i, err := g.Bearer(request(c.header))
				if !errors.Is(err, c.err) {
					t.Fatalf("%v, want %v", err, c.err)
				}
				if err == nil && len(i.Scopes) != c.scopes {
					t.Errorf("scopes %v, want %d", i.Scopes, c.scopes)
				}
			})
		}
		i, err := g.Bearer(request("Bearer " + sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"user_id": int(ana.ID), "email": "ana@example.com", "exp": now.Add(time.Hour).Unix()})))
		if err != nil || len(i.Scopes) != 0 || i.May(auth.Backup) || i.May(auth.Manage) {
			t.Errorf("a v4 token of an admin: %+v %v", i, err)
		}
		var used []store.Token
		err = db.Store.Read(t.Context(), func(tx *store.Tx) error {
			used, err = tx.Tokens(t.Context(), record.ID)
			return err
		})
		if err != nil || len(used) != 1 || !used[0].LastUsed.Valid || used[0].RevokedAt.Valid {
			t.Errorf("%+v %v", used, err)
		}
	})
}

func TestThe_service_account_is_made_and_repaired(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		guard(t, db, 0)
		db.Exec(t, "UPDATE users SET active_flag = FALSE, role = 'client', email = 'x@example.com' WHERE id = 999")
		guard(t, db, 0)
		var got store.User
		err := db.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
			got, err = tx.UserByID(t.Context(), 999)
			return err
		})
		want := store.User{ID: 999, Email: "github-actions@tattoo-studio.local", Name: "GitHub Actions Bot", Role: "admin", Active: true}
		if err != nil || got != want {
			t.Errorf("%+v %v", got, err)
		}
		if next := user(t, db, "next@example.com", "admin", ""); next.ID <= 999 {
			t.Errorf("the next user got id %d", next.ID)
		}
	})
}

func TestMay_is_a_table(t *testing.T) {
	all := []auth.Permission{auth.Public, auth.SignedIn, auth.Read, auth.Backup, auth.Close, auth.Enter, auth.Record, auth.Own, auth.Write, auth.Manage}
	for _, c := range []struct {
		name string
		i    auth.Identity
		may  []auth.Permission
	}{
		{"nobody", auth.Identity{}, []auth.Permission{auth.Public}},
		{"admin with a login", auth.Identity{Login: true, Role: auth.Admin}, all},
		{"artist with a login", auth.Identity{Login: true, Role: auth.Artist}, []auth.Permission{auth.Public, auth.SignedIn, auth.Enter, auth.Own}},
		{"reception with a login", auth.Identity{Login: true, Role: auth.Reception}, []auth.Permission{auth.Public, auth.Enter, auth.Record}},
		{"client with a login", auth.Identity{Login: true, Role: auth.Client}, []auth.Permission{auth.Public}},
		{"admin's token without scopes", auth.Identity{Role: auth.Admin}, []auth.Permission{auth.Public}},
		{"read", auth.Identity{Scopes: []auth.Scope{auth.ScopeRead}}, []auth.Permission{auth.Public, auth.SignedIn, auth.Read}},
		{"backup", auth.Identity{Scopes: []auth.Scope{auth.ScopeBackup}}, []auth.Permission{auth.Public, auth.Backup}},
		{"close", auth.Identity{Scopes: []auth.Scope{auth.ScopeClose}}, []auth.Permission{auth.Public, auth.Close}},
		{"all scopes", auth.Identity{Scopes: auth.Scopes()}, []auth.Permission{auth.Public, auth.SignedIn, auth.Read, auth.Backup, auth.Close}},
	} {
		for _, p := range all {
			want := false
			for _, m := range c.may {
				want = want || m == p
			}
			if c.i.May(p) != want {
				t.Errorf("%s may %s: %v", c.name, p, !want)
			}
		}
	}
}

func table(db *storetest.DB, name string) string {
	if db.Path == "" {
		return "extrato." + name
	}
	return name
}

func TestTries_are_limited(t *testing.T) {
	db := storetest.SQLite(t, clock)
	g := guard(t, db, 3)
	user(t, db, "ana@example.com", "admin", "correct horse battery")
	b := &browser{t: t, g: g, cookies: map[string]*http.Cookie{}}
	var limited *auth.Limited
	for i := range 5 {
		err := b.signIn("ana@example.com", "wrong horse battery")
		if want := i >= 3; errors.As(err, &limited) != want {
			t.Errorf("try %d: %v", i+1, err)
		}
	}
	if limited.Seconds() != "20" {
		t.Errorf("Retry-After %s, want 20", limited.Seconds())
	}
	if err := b.signIn("ana@example.com", "correct horse battery"); !errors.As(err, &limited) {
		t.Errorf("the right password gets around the limit: %v", err)
	}
	for i := range 5 {
		_, err := g.Bearer(request("Bearer nonsense"))
		if want := i >= 3; errors.As(err, &limited) != want {
			t.Errorf("token %d: %v", i+1, err)
		}
	}
	defer func(was time.Time) { now = was }(now)
	now = now.Add(time.Minute)
	if err := b.signIn("ana@example.com", "correct horse battery"); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	for i := range 5 {
		err := g.LimitCalls(request(""), "999")
		if want := i >= 3; errors.As(err, &limited) != want {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
}

func TestThe_set_up_link_works_once(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		g := guard(t, db, 0)
		old, offered, err := g.SetupLink(t.Context(), "http://x")
		if err != nil || !offered {
			t.Fatal(offered, err)
		}
		link, _, err := g.SetupLink(t.Context(), "http://x")
		if err != nil {
			t.Fatal(err)
		}
		keyOf := func(link string) string { return strings.TrimPrefix(link, "http://x/setup?key=") }
		for _, wrong := range []string{"", keyOf(old), "x"} {
			if err := g.SetUp(t.Context(), wrong, "a@example.com", "Ana", "correct horse battery"); !errors.Is(err, auth.ErrSetup) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		if err := g.SetUp(t.Context(), keyOf(link), "a@example.com", "Ana", "short"); err == nil {
			t.Error("a short password was taken")
		}
		done := make(chan error, 4)
		for range 4 {
			go func() { done <- g.SetUp(t.Context(), keyOf(link), "a@example.com", "Ana", "correct horse battery") }()
		}
		worked := 0
		for range 4 {
			if err := <-done; err == nil {
				worked++
			}
		}
		if worked != 1 {
			t.Errorf("the link worked %d times", worked)
		}
		if _, offered, err := g.SetupLink(t.Context(), "http://x"); offered || err != nil {
			t.Errorf("offered again: %v %v", offered, err)
		}
	})
}

func TestBad_tokens_and_users_are_not_made(t *testing.T) {
	db := storetest.SQLite(t, clock)
	guard(t, db, 0)
	for _, c := range []struct {
		name   string
		scopes []auth.Scope
		days   int
	}{{"", auth.Scopes(), 9}, {"x", nil, 9}, {"x", []auth.Scope{"admin"}, 9}, {"x", auth.Scopes(), 0}, {"x", auth.Scopes(), 366}} {
		if _, _, err := auth.IssueToken(t.Context(), db.Store, key, c.name, c.scopes, c.days, now, "test"); books.AsError(err) == nil || books.AsError(err).Kind != books.Invalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, u := range []store.User{
		{Email: "x", Name: "A", Role: "admin"}, {Email: "a@b.c", Role: "admin"}, {Email: "a@b.c", Name: "A", Role: "boss"},
		{Email: "a b@c.d", Name: "A", Role: "admin"}, {Email: strings.Repeat("a", 100) + "@b.c", Name: "A", Role: "admin"},
	} {
		if _, err := auth.AddUser(t.Context(), db.Store, u, ""); books.AsError(err) == nil || books.AsError(err).Kind != books.Invalid {
			t.Errorf("%+v: %v", u, err)
		}
	}
	if n := db.Int(t, "SELECT count(*) FROM service_tokens"); n != 0 {
		t.Errorf("%d tokens", n)
	}
	if n := db.Int(t, "SELECT count(*) FROM users"); n != 1 {
		t.Errorf("%d users", n)
	}
}
