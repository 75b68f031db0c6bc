package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// invited is a studio with an admin and somebody who holds a one-time link.
type invited struct {
	guard *auth.Guard
	db    *storetest.DB
	clock time.Time
	user  store.User
	key   string
}

func newInvited(t *testing.T, db *storetest.DB, role auth.Role) *invited {
	t.Helper()
	i := &invited{db: db, clock: time.Date(2025, 10, 28, 12, 0, 0, 0, time.UTC)}
	i.guard = auth.New(auth.Options{Store: db.Store, Key: strings.Repeat("k", 32), Now: func() time.Time { return i.clock }, Log: logtest.Quiet(t)})
	var err error
	if i.user, err = auth.AddUser(t.Context(), db.Store, store.User{Email: "bia@example.com", Name: "Bia", Role: string(role), Active: true}, ""); err != nil {
		t.Fatal(err)
	}
	i.invite(t)
	return i
}

func (i *invited) invite(t *testing.T) {
	t.Helper()
	err := i.db.Store.Write(t.Context(), func(tx *store.Tx) error {
		id, err := i.guard.NewInvite(t.Context(), tx, i.user.ID, "user 1")
		i.key = i.guard.InviteKey(id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (i *invited) accept(key, password string) (err error) {
	i.guard.Logins(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, err = i.guard.Accept(r.Context(), key, password) })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
	return err
}

func TestA_one_time_link_is_good_once_and_for_three_days(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		i := newInvited(t, db, auth.Reception)
		for _, key := range []string{"", "x", "-", i.key + "A", strings.ToLower(i.key), strings.SplitN(i.key, "-", 2)[0]} {
			if err := i.accept(key, "correct horse battery"); !errors.Is(err, auth.ErrInvite) {
				t.Errorf("key %q: %v", key, err)
			}
		}
		if err := i.accept(i.key, "short"); books.AsError(err).Code != "weak_password" {
			t.Errorf("a short password: %v", err)
		}
		old := i.key
		i.invite(t)
		if err := i.accept(old, "correct horse battery"); !errors.Is(err, auth.ErrInvite) {
			t.Errorf("the link before: %v", err)
		}
		i.clock = i.clock.Add(auth.InviteLasts + time.Second)
		if err := i.accept(i.key, "correct horse battery"); !errors.Is(err, auth.ErrInvite) {
			t.Errorf("after three days: %v", err)
		}
		i.clock = i.clock.Add(-2 * time.Second)
		if err := i.accept(i.key, "correct horse battery"); err != nil {
			t.Errorf("just before: %v", err)
		}
		if err := i.accept(i.key, "correct horse battery"); !errors.Is(err, auth.ErrInvite) {
			t.Errorf("a second time: %v", err)
		}
		i.invite(t)
		if _, err := auth.SetActive(t.Context(), db.Store, "bia@example.com", false); err != nil {
			t.Fatal(err)
		}
		if err := i.accept(i.key, "correct horse battery"); !errors.Is(err, auth.ErrInvite) {
			t.Errorf("of one who was kept out: %v", err)
		}
		if _, err := auth.SetActive(t.Context(), db.Store, "bia@example.com", true); err != nil {
			t.Fatal(err)
		}
		if err := i.accept(i.key, "correct horse battery"); !errors.Is(err, auth.ErrInvite) {
			t.Errorf("let in again, the old link is good again: %v", err)
		}
	})
}

// v4 knows no reception: there such a user is a client, to whom it grants nothing.
func TestReception_is_a_client_to_v4(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		i := newInvited(t, db, auth.Reception)
		role := ""
		err := db.Store.Read(t.Context(), func(tx *store.Tx) error {
			row, err := tx.Record(t.Context(), books.ArtistKind, i.user.ID)
			if err == nil {
				role = string(row.(*books.Artist).Role)
			}
			u, err2 := tx.UserByID(t.Context(), i.user.ID)
			if u.Role != string(auth.Reception) {
				t.Errorf("to us: %v", u)
			}
			return errors.Join(err, err2)
		})
		if err != nil || role != "client" {
			t.Errorf("to v4: %q, %v", role, err)
		}
		// Another role leaves nothing behind that would make a client of v4's the reception.
		change := func(role auth.Role) {
			u := i.user
			u.Role = string(role)
			if err := db.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.SetUser(context.Background(), u) }); err != nil {
				t.Fatal(err)
			}
		}
		change(auth.Artist)
		change(auth.Client)
		err = db.Store.Read(t.Context(), func(tx *store.Tx) error {
			u, err := tx.UserByID(t.Context(), i.user.ID)
			if u.Role != string(auth.Client) {
				t.Errorf("a client is %v", u)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
