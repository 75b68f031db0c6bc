package store_test

import (
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestA_login_is_kept_until_it_ends(t *testing.T) {
	now := time.Date(2025, 11, 2, 3, 0, 0, 0, time.UTC)
	storetest.Both(t, func() time.Time { return now }, func(t *testing.T, db *storetest.DB) {
		start := now
		defer func() { now = start }()
		ctx := t.Context()
		write := func(fn func(tx *store.Tx) error) {
			t.Helper()
			if err := db.Store.Write(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		save := func(token, data string, lives time.Duration) {
			t.Helper()
			write(func(tx *store.Tx) error {
				return tx.SaveLogin(ctx, token, []byte(data), books.InstantOf(now.Add(lives)))
			})
		}
		want := func(token, data string, there bool) {
			t.Helper()
			err := db.Store.Read(ctx, func(tx *store.Tx) error {
				got, found, err := tx.Login(ctx, token)
				if found != there || string(got) != data {
					t.Errorf("%s: %q %v, want %q %v", token, got, found, data, there)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want("a", "", false)
		save("a", "one\x00\xff", time.Hour)
		save("b", "two", 2*time.Hour)
		want("a", "one\x00\xff", true)
		save("a", "three", time.Hour)
		want("a", "three", true)
		write(func(tx *store.Tx) error {
			logins, err := tx.Logins(ctx)
			if len(logins) != 2 || string(logins["a"]) != "three" || string(logins["b"]) != "two" {
				t.Errorf("%q", logins)
			}
			return err
		})
		now = start.Add(time.Hour - time.Microsecond)
		want("a", "three", true)
		now = start.Add(time.Hour)
		want("a", "", false)
		want("b", "two", true)
		save("c", "four", time.Hour)
		if n := db.Int(t, "SELECT count(*) FROM "+ours(db, "logins")); n != 2 {
			t.Errorf("%d logins, want what has not ended", n)
		}
		for range 2 {
			write(func(tx *store.Tx) error { return tx.DropLogin(ctx, "b") })
			want("b", "", false)
		}
		want("c", "four", true)
	})
}

func ours(db *storetest.DB, table string) string {
	if db.Store.Postgres() {
		return "extrato." + table
	}
	return table
}
