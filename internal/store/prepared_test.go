package store_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// pool is one connection of the kind that keeps its statements.
func pool(t *testing.T) (*sql.DB, *storetest.DB) {
	t.Helper()
	s := storetest.SQLite(t, time.Now)
	db := s.Store.Writer()
	db.SetMaxIdleConns(1)
	db.SetMaxOpenConns(1)
	return db, s
}

func TestA_kept_statement_gives_what_the_table_holds_now(t *testing.T) {
	db, _ := pool(t)
	add := func(name string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), "INSERT INTO settings (name, value) VALUES ($1, 'x')", name); err != nil {
			t.Fatal(err)
		}
	}
	count := func(like string) (n int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM settings WHERE name LIKE $1", like).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range 3 {
		add(fmt.Sprintf("kept %d", i))
		if n := count("kept %"); n != i+1 {
			t.Errorf("%d rows after %d", n, i+1)
		}
	}
	if _, err := db.ExecContext(t.Context(), "ALTER TABLE settings ADD COLUMN note TEXT DEFAULT 'new'"); err != nil {
		t.Fatal(err)
	}
	add("kept 3")
	if n := count("kept %"); n != 4 {
		t.Errorf("%d rows after the table was altered, want 4", n)
	}
	if n := count("nobody"); n != 0 {
		t.Errorf("%d rows by another argument", n)
	}
}

// A statement that failed is prepared anew.
func TestA_kept_statement_that_fails_works_the_next_time(t *testing.T) {
	db, _ := pool(t)
	insert := func(name string) error {
		_, err := db.ExecContext(t.Context(), "INSERT INTO settings (name, value) VALUES ($1, $2)", name, "x")
		return err
	}
	if err := insert("a"); err != nil {
		t.Fatal(err)
	}
	if err := insert("a"); err == nil {
		t.Fatal("a second row of one name was taken")
	}
	if err := insert("b"); err != nil {
		t.Errorf("after a failure: %v", err)
	}
}

// One statement may be under way several times on a connection.
func TestA_kept_statement_in_use_is_left_alone(t *testing.T) {
	_, s := pool(t)
	for i := range 3 {
		s.Exec(t, "INSERT INTO settings (name, value) VALUES ($1, 'x')", fmt.Sprintf("kept %d", i))
	}
	var pairs int
	err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
		const query = "SELECT name FROM settings WHERE name LIKE 'kept %' ORDER BY name"
		return tx.Each(t.Context(), query, func(string) error {
			return tx.Each(t.Context(), query, func(string) error { pairs++; return nil })
		})
	})
	if err != nil || pairs != 9 {
		t.Errorf("%d pairs, %v, want 9", pairs, err)
	}
}

func TestMore_statements_than_are_kept(t *testing.T) {
	db, _ := pool(t)
	for range 2 {
		for i := range 450 {
			var n int
			if err := db.QueryRowContext(t.Context(), fmt.Sprintf("SELECT %d", i)).Scan(&n); err != nil || n != i {
				t.Fatalf("%d, %v, want %d", n, err, i)
			}
		}
	}
	if kept := store.Prepared(t, db); kept == 0 || kept > 200 {
		t.Errorf("%d statements are kept", kept)
	}
}
