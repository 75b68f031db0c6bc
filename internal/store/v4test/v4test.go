// Package v4test gives tests databases of v4's, and reads them as v4 does.
package v4test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// Months of the tests, and their day.
var (
	August    = books.Month{Year: 2025, Month: time.August}
	September = books.Month{Year: 2025, Month: time.September}
	// December is when these tests run: October, September and November are over.
	December = time.Date(2025, time.December, 2, 12, 0, 0, 0, storetest.Zone)
)

// OctoberRows are October's rows in testdata/v4.sql.
var OctoberRows = books.Counts{Payments: 380, Sessions: 320, Commissions: 240, Expenses: 60, Links: 1}

// Tables are all tables of v4's in testdata/v4.sql.
var Tables = []string{"users", "clients", "sessoes", "pagamentos", "comissoes", "gastos", "extratos", "extrato_run_logs", "extrato_snapshots"}

// Carried are the tables copied by an import.
var Carried = Tables[:len(Tables)-1]

// Script returns the path of a file in testdata.
func Script(name string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "testdata", name)
}

// Postgres returns a PostgreSQL database of v4's, changed by queries, and a
// connection as v4 has it.
func Postgres(t testing.TB, queries ...string) (url string, db *sql.DB) {
	t.Helper()
	storetest.SkipSequential(t)
	url = pgtest.New(t)
	pgtest.Load(t, url, Script("v4.sql"))
	db = Connect(t, "pgx", url)
	Run(t, db, queries...)
	return url, db
}

// Connect opens a connection of its own, as v4 has.
func Connect(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Run runs statements on a connection.
func Run(t testing.TB, db *sql.DB, queries ...string) {
	t.Helper()
	for _, query := range queries {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
}

// Number runs a query for one number.
func Number(t testing.TB, db *sql.DB, query string) int64 {
	t.Helper()
	var n int64
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// Open opens a database without looking into it.
func Open(t testing.TB, url string) *store.Store {
	t.Helper()
	storetest.SkipSequential(t)
	s, err := store.Open(t.Context(), store.Options{URL: url, Zone: storetest.Zone, Now: func() time.Time { return December }}, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Migrate brings a database to this version, or takes it over.
func Migrate(t testing.TB, s *store.Store) store.Migration {
	t.Helper()
	done, err := s.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TakenOver returns v4's database after migrate.
func TakenOver(t testing.TB, queries ...string) (*store.Store, *sql.DB) {
	t.Helper()
	url, db := Postgres(t, queries...)
	s := Open(t, url)
	Migrate(t, s)
	return s, db
}

// Closer returns one with a new folder for backups.
func Closer(t testing.TB, s *store.Store) *closing.Closer {
	t.Helper()
	schedule, err := books.ParseSchedule("0 2 1 * *")
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return December }
	return &closing.Closer{
		Store: s, Schedule: schedule, RequireBackup: true, Now: now, SpoolDir: t.TempDir(),
		Log:               logtest.Quiet(t),
		IgnoreServerClock: true, // the tests' December is not the server's
		Backups: &backup.Backups{
			Bucket: bucket.NewFolder(filepath.Join(t.TempDir(), "backups"), nil), Now: now, Zone: storetest.Zone, Program: "test",
		},
	}
}

// CloseMonth closes a month.
func CloseMonth(t testing.TB, c *closing.Closer, month books.Month) closing.Result {
	t.Helper()
	r, err := c.Close(t.Context(), month, closing.Options{}, "test")
	if err != nil {
		t.Fatalf("close %s: %v", month, err)
	}
	return r
}

// Reopen reopens a month.
func Reopen(t testing.TB, c *closing.Closer, month books.Month) {
	t.Helper()
	if _, err := c.Reopen(t.Context(), month, "test", "test"); err != nil {
		t.Fatalf("reopen %s: %v", month, err)
	}
}

// Dump returns every row of v4's tables as text, byte for byte, by id.
func Dump(t testing.TB, db *sql.DB, tables ...string) string {
	t.Helper()
	if len(tables) == 0 {
		tables = Tables
	}
	var b strings.Builder
	for _, table := range tables {
		query := "SELECT r::text FROM " + table + " r ORDER BY id"
		if columns := sqliteColumns(t, db, table); columns != "" {
			query = "SELECT " + columns + " FROM " + table + " ORDER BY id"
		}
		fmt.Fprintf(&b, "-- %s\n%s", table, Lines(t, db, query))
	}
	return b.String()
}

// sqliteColumns returns an expression for a whole row, or "" on PostgreSQL.
func sqliteColumns(t testing.TB, db *sql.DB, table string) string {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), "SELECT sqlite_version()"); err != nil {
		return ""
	}
	var names []string
	for name := range strings.Lines(Lines(t, db, "SELECT name FROM pragma_table_info('"+table+"')")) {
		names = append(names, "quote("+strings.TrimSpace(name)+")")
	}
	if names == nil {
		return "''"
	}
	return strings.Join(names, " || ',' || ")
}

// Lines runs a query for one text column.
func Lines(t testing.TB, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		b.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Schema describes PostgreSQL's schema public: columns, keys and indexes.
func Schema(t testing.TB, db *sql.DB) string {
	t.Helper()
	return Lines(t, db, `SELECT concat_ws(' ', table_name, ordinal_position, column_name, data_type, character_maximum_length, numeric_precision,
			numeric_scale, is_nullable, column_default) FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1`) +
		Lines(t, db, `SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
			WHERE connamespace = 'public'::regnamespace ORDER BY 1`) +
		Lines(t, db, `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`) +
		Lines(t, db, `SELECT format('%s %s', sequencename, last_value) FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1`) +
		// V4's tables get no other trigger than the guard of our own statements.
		Lines(t, db, `SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
			WHERE c.relnamespace = 'public'::regnamespace AND tgname <> 'extratos_keep_ours' ORDER BY 1`)
}

// WantError fails the test unless err is an Error of this kind and code, with
// all of words in its message and hint.
func WantError(t testing.TB, err error, kind books.ErrorKind, code string, words ...string) {
	t.Helper()
	e := books.AsError(err)
	if e == nil || e.Kind != kind || e.Code != code {
		t.Fatalf("got error %+v, want %s %s", e, kind, code)
	}
	for _, w := range words {
		if !strings.Contains(e.Error()+"\n"+e.Hint, w) {
			t.Errorf("the error %q with the hint %q does not say %q", e.Error(), e.Hint, w)
		}
	}
}

// Same fails the test if two dumps differ, and shows the first different line.
func Same(t testing.TB, what, before, after string) {
	t.Helper()
	if before == after {
		return
	}
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("%s: line %d\n  was %s\n  is  %s", what, i+1, a[i], b[i])
		}
	}
	t.Fatalf("%s: had %d lines, has %d", what, len(a), len(b))
}

// File returns a SQLite file of v4's with these rows.
func File(t testing.TB, queries ...string) (path string) {
	t.Helper()
	storetest.SkipSequential(t)
	path = filepath.Join(t.TempDir(), "tattoo_studio.db")
	text, err := os.ReadFile(Script("v4_sqlite.sql"))
	if err != nil {
		t.Fatal(err)
	}
	db := Connect(t, "sqlite", "file:"+path) // as v4: foreign keys are not looked at
	Run(t, db, string(text))
	Run(t, db, queries...)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// Target is a database still to be made.
type Target struct{ Name, URL, Driver, DSN string }

// NewSQLite returns a SQLite file to be made.
func NewSQLite(t testing.TB) Target {
	t.Helper()
	path := filepath.Join(t.TempDir(), "extrato.db")
	return Target{Name: "sqlite", URL: "sqlite:///" + path, Driver: "sqlite", DSN: SQLiteDSN(path)}
}

// NewPostgres returns an empty PostgreSQL database.
func NewPostgres(t testing.TB) Target {
	return Target{Name: "postgres", URL: pgtest.New(t), Driver: "pgx"}
}

// SQLiteDSN returns how a test opens a SQLite file.
func SQLiteDSN(path string) string {
	return "file:" + path + "?_pragma=busy_timeout(15000)&_pragma=foreign_keys(1)"
}

// Read runs fn in a snapshot.
func Read(t testing.TB, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Read(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}
