package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// keyOf returns the key of a new set-up link.
func keyOf(t *testing.T, g *auth.Guard) string {
	t.Helper()
	link, offered, err := g.SetupLink(t.Context(), "")
	if err != nil || !offered {
		t.Fatal(offered, err)
	}
	return strings.TrimPrefix(link, "/setup?key=")
}

func TestA_set_up_link_ends_after_a_day(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		defer func(was time.Time) { now = was }(now)
		g := guard(t, db, 0)
		link := keyOf(t, g)
		if n := db.Int(t, "SELECT count(*) FROM "+table(db, "settings")+" WHERE value LIKE '%' || $1 || '%'", link); n != 0 {
			t.Error("the table holds the key")
		}
		now = now.Add(24*time.Hour - time.Second)
		if err := g.CheckSetup(t.Context(), link); err != nil {
			t.Errorf("a second before its end: %v", err)
		}
		now = now.Add(2 * time.Second)
		if err := g.CheckSetup(t.Context(), link); !errors.Is(err, auth.ErrSetup) {
			t.Errorf("after its end: %v", err)
		}
		if err := g.SetUp(t.Context(), link, "a@example.com", "Ana", "correct horse battery"); !errors.Is(err, auth.ErrSetup) {
			t.Errorf("used after its end: %v", err)
		}
		if n := db.Int(t, "SELECT count(*) FROM users"); n != 1 {
			t.Errorf("%d users", n)
		}
	})
}

// Hashing takes 19 MiB and a place of two: only the key's holder gets that far.
func TestA_strangers_key_is_not_worth_hashing(t *testing.T) {
	db := storetest.SQLite(t, clock)
	g := guard(t, db, 0)
	keyOf(t, g)
	if err := g.SetUp(t.Context(), "x", "a@example.com", "Ana", "short"); !errors.Is(err, auth.ErrSetup) {
		t.Errorf("the password was looked at first: %v", err)
	}
}

// A studio that moves over from v4 has its admin's row already.
func TestA_set_up_link_takes_over_the_row_that_v4_made(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		g := guard(t, db, 0)
		old := user(t, db, "ana@example.com", "artist", "")
		link := keyOf(t, g)
		if err := g.SetUp(t.Context(), link, "github-actions@tattoo-studio.local", "Ana", "correct horse battery"); books.AsError(err) == nil || books.AsError(err).Code != "email_taken" {
			t.Errorf("the service account became a person: %v", err)
		}
		if err := g.SetUp(t.Context(), link, "Ana@Example.com", "Ana Souza", "correct horse battery"); err != nil {
			t.Fatal(err)
		}
		b := stranger(t, g)
		if err := b.signIn("ana@example.com", "correct horse battery"); err != nil {
			t.Fatal(err)
		}
		if i, err := b.who(); err != nil || i.UserID != old.ID || i.Role != auth.Admin || i.Name != "Ana Souza" {
			t.Errorf("%+v %v", i, err)
		}
		if n := db.Int(t, "SELECT count(*) FROM users"); n != 2 {
			t.Errorf("%d users", n)
		}
	})
}

func TestAn_artist_in_the_books_gets_a_login(t *testing.T) {
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		g := guard(t, db, 0)
		db.Exec(t, `INSERT INTO users (id, email, name, role, active_flag, unified_flow_enabled) VALUES
			(12, NULL, 'Bia', 'artist', TRUE, FALSE), (13, 'caio@example.com', 'Caio', 'artist', TRUE, FALSE)`)
		give := func(u store.User) (store.User, error) {
			u.Active = true
			return auth.GiveLogin(t.Context(), db.Store, u, "correct horse battery")
		}
		for name, u := range map[string]store.User{
			"nobody":                {ID: 4711, Email: "x@example.com", Name: "X", Role: "artist"},
			"the service account":   {ID: auth.ServiceAccount, Email: "github-actions@tattoo-studio.local"},
			"who has an address":    {ID: 13, Email: "x@example.com", Name: "X", Role: "artist"},
			"an address in use":     {ID: 12, Email: "caio@example.com", Name: "Bia", Role: "artist"},
			"a role that is no one": {ID: 12, Email: "bia@example.com", Role: "boss"},
		} {
			if _, err := give(u); books.AsError(err) == nil || books.AsError(err).Kind == books.Internal {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := db.Int(t, "SELECT count(*) FROM "+table(db, "passwords")); n != 0 {
			t.Errorf("%d passwords after refusals", n)
		}
		if n := db.Int(t, "SELECT count(*) FROM users WHERE name IN ('Bia', 'Caio', 'GitHub Actions Bot') AND email IS DISTINCT FROM 'x@example.com'"); n != 3 {
			t.Errorf("%d rows as they were", n)
		}
		u, err := give(store.User{ID: 12, Email: "bia@example.com"})
		if want := (store.User{ID: 12, Email: "bia@example.com", Name: "Bia", Role: "artist", Active: true, Password: true}); err != nil || u != want {
			t.Errorf("%+v %v", u, err)
		}
		b := stranger(t, g)
		if err := b.signIn("bia@example.com", "correct horse battery"); err != nil {
			t.Fatal(err)
		}
		if i, err := b.who(); err != nil || i.UserID != 12 || i.May(auth.Read) {
			t.Errorf("%+v %v", i, err)
		}
		if _, err := give(store.User{ID: 12, Email: "bia@example.com"}); books.AsError(err) == nil || books.AsError(err).Kind != books.Conflict {
			t.Errorf("a second login: %v", err)
		}
	})
}
