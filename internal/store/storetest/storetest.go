// Package storetest gives tests real, empty databases: every test of the books
// runs on SQLite and on PostgreSQL.
package storetest

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", for a connection as v4 has it
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/store"
)

// DB is one empty database of this program's version.
type DB struct {
	Store *store.Store
	URL   string
	Path  string // SQLite's file; "" on PostgreSQL
	// SQL is a connection beside the program's, as v4 or a person has it:
	// READ COMMITTED on PostgreSQL.
	SQL *sql.DB
}

// Zone is the zone of the studios in tests.
var Zone = func() *time.Location {
	z, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		panic(err)
	}
	return z
}()

// Both runs a test on a SQLite database and on a PostgreSQL database. now is
// the program's clock.
func Both(t *testing.T, now func() time.Time, test func(*testing.T, *DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t, now)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t, now)) })
}

// SQLite returns a new SQLite database.
func SQLite(t testing.TB, now func() time.Time) *DB {
	t.Helper()
	SkipSequential(t)
	path := filepath.Join(t.TempDir(), "extrato.db")
	db := open(t, "sqlite:///"+path, now)
	db.Path = path
	db.SQL = raw(t, "sqlite", "file:"+path+"?_pragma=busy_timeout(15000)&_pragma=foreign_keys(1)")
	return db
}

// Postgres returns a new PostgreSQL database.
func Postgres(t testing.TB, now func() time.Time) *DB {
	t.Helper()
	SkipSequential(t)
	return OpenPostgres(t, pgtest.New(t), now)
}

// OpenPostgres makes an empty PostgreSQL database a studio's.
func OpenPostgres(t testing.TB, url string, now func() time.Time) *DB {
	t.Helper()
	SkipSequential(t)
	db := open(t, url, now)
	db.SQL = raw(t, "pgx", url)
	return db
}

func open(t testing.TB, url string, now func() time.Time) *DB {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Zone: Zone, Now: now, Log: logtest.Quiet(t)}, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &DB{Store: s, URL: url}
}

func raw(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Exec runs a statement on the connection beside the program's.
func (db *DB) Exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if _, err := db.SQL.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// Own returns the name of one of our tables, as seen by the tests' own
// connection.
func (db *DB) Own(table string) string {
	if db.Path == "" {
		return "extrato." + table
	}
	return table
}

// Int runs a query for one number on the connection beside the program's.
func (db *DB) Int(t testing.TB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := db.SQL.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// Remove reads a month's live rows and then deletes them, as a close does.
func Remove(ctx context.Context, tx *store.Tx, month books.Month) (books.Counts, error) {
	var leaving store.Leaving
	if _, err := books.Collect(leaving.Note(tx.MonthRows(ctx, month))); err != nil {
		return books.Counts{}, err
	}
	return tx.RemoveMonth(ctx, month, &leaving)
}

// Tamper runs statements as a user with all rights can: the guards of closed
// months are off meanwhile, and on again afterwards.
func (db *DB) Tamper(t testing.TB, queries ...string) {
	t.Helper()
	back := db.Unguard(t)
	defer back()
	for _, query := range queries {
		db.Exec(t, query)
	}
}

// Unguard takes those triggers away until back is called.
func (db *DB) Unguard(t testing.TB) (back func()) {
	t.Helper()
	query := "SELECT 'DROP TRIGGER ' || name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('extratos', 'closings', 'revisions')"
	if db.Path == "" {
		query = `SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname), format('ALTER TABLE %s ENABLE TRIGGER %I', tgrelid::regclass, tgname)
			FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O' AND tgrelid IN (to_regclass('extratos'), to_regclass('extrato.closings'), to_regclass('extrato.revisions'))`
	}
	var off, on []string
	rows, err := db.SQL.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var drop, create string
		if err := rows.Scan(&drop, &create); err != nil {
			t.Fatal(err)
		}
		off, on = append(off, drop), append(on, create)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	rows.Close()
	for _, query := range off {
		db.Exec(t, query)
	}
	return func() {
		t.Helper()
		for _, query := range on {
			db.Exec(t, query)
		}
	}
}
