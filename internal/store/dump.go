package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"extrato/internal/books"
)

// Content describes the books in a copy of the whole database.
type Content struct {
	Entries int64            // of the chain
	Head    string           // its last hash; "" without entries
	Rows    map[string]int64 // by table
}

// Same reports whether two databases hold the same chain and as many rows.
func (c Content) Same(other Content) bool {
	if c.Entries != other.Entries || c.Head != other.Head || len(c.Rows) != len(other.Rows) {
		return false
	}
	for table, n := range c.Rows {
		if m, ok := other.Rows[table]; !ok || m != n {
			return false
		}
	}
	return true
}

// Engine names the kind of database: sqlite or postgres.
func (s *Store) Engine() string {
	if s.dialect.postgres {
		return "postgres"
	}
	return "sqlite"
}

// Dump writes a copy of the whole database to a new file at path, and checks
// it: SQLite's as a database, PostgreSQL's (pg_dump's custom format) by its table
// of contents. No writer waits meanwhile. It fails with an Error of kind Refused
// where PostgreSQL's programs are missing or too old.
func (s *Store) Dump(ctx context.Context, path string) (Content, error) {
	if s.dialect.postgres {
		return s.dumpPostgres(ctx, path)
	}
	if err := s.checkFile(); err != nil {
		return Content{}, err
	}
	db, err := sql.Open("sqlite", sqliteDSN(s.dialect.path, "ro", ""))
	if err != nil {
		return Content{}, err
	}
	defer db.Close()
	s.statements.Add(1)
	if _, err := db.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		return Content{}, s.dialect.explain(err)
	}
	return checkSQLiteCopy(ctx, path)
}

// checkSQLiteCopy opens a copy of a SQLite database, without changing it, and
// has SQLite check it.
func checkSQLiteCopy(ctx context.Context, path string) (Content, error) {
	s := &Store{dialect: sqliteDialect(path)}
	var err error
	if s.read, err = sql.Open("sqlite", sqliteDSN(path, "ro", "immutable=1&_pragma=query_only(1)")); err != nil {
		return Content{}, err
	}
	defer s.read.Close()
	s.write = s.read
	var found Content
	err = s.Read(ctx, func(t *Tx) error {
		damage, err := t.Damage(ctx)
		if err == nil && len(damage) > 0 {
			err = copyDamaged("SQLite finds the copy damaged: %s", damage[0])
		}
		if err == nil {
			err = t.CheckTables(ctx)
		}
		if err == nil {
			found, err = t.Content(ctx)
		}
		return err
	})
	return found, err
}

func copyDamaged(format string, args ...any) *books.Error {
	return books.Integrityf("full_copy_corrupt", format, args...).WithHint("nothing was changed; extrato doctor checks the database itself")
}

// Content counts the rows of every table of the books and of ours.
func (t *Tx) Content(ctx context.Context) (Content, error) {
	c := Content{Rows: map[string]int64{}}
	for _, table := range slices.Concat(v4Tables, ownTables) {
		var n int64
		if err := t.one(ctx, "SELECT count(*) FROM "+table, nil, &n); err != nil {
			return c, err
		}
		c.Rows[table] = n
	}
	err := t.one(ctx, "SELECT seq, hash FROM closings ORDER BY seq DESC LIMIT 1", nil, &c.Entries, &c.Head)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return c, err
}

// Changes identifies the state of the database: as long as it stays the same,
// nobody changed a row of the books or of ours. Another one may mean nothing. The
// tables of jobs do not count, River writes there all the time, nor the records
// of copies.
func (s *Store) Changes(ctx context.Context) (state string, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		if s.dialect.postgres {
			state, err = t.postgresChanges(ctx)
			return err
		}
		state, err = t.sqliteChanges(ctx)
		return err
	})
	return state, err
}

// sqliteChanges hashes every row: SQLite's own counters do not outlive a
// connection, or count the jobs as well.
func (t *Tx) sqliteChanges(ctx context.Context) (string, error) {
	hash := sha256.New()
	for _, table := range tellingTables() {
		fmt.Fprintf(hash, "\n%s\n", table)
		if err := t.hashRows(ctx, "SELECT rowid, * FROM "+table+" ORDER BY rowid", hash); err != nil {
			return "", err
		}
	}
	if err := t.hashRows(ctx, "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'river%' ORDER BY name", hash); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (t *Tx) hashRows(ctx context.Context, query string, to io.Writer) error {
	rows, err := t.query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, dest := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for _, v := range values {
			fmt.Fprintf(to, "%t %d ", v == nil, len(v))
			if _, err := to.Write(v); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

// postgresChanges sums the server's counts of rows written, of all tables but
// the jobs'. They begin anew when the server crashes, so its start counts too.
func (t *Tx) postgresChanges(ctx context.Context) (state string, err error) {
	tables := "'" + strings.Join(tellingTables(), "', '") + "'"
	err = t.one(ctx, `SELECT concat_ws(' ', pg_postmaster_start_time(), (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
		CASE WHEN current_setting('track_counts') = 'off' THEN CAST(pg_current_wal_insert_lsn() AS TEXT)
			ELSE CAST((SELECT string_agg(concat_ws('/', s.relid, n_tup_ins, n_tup_upd, n_tup_del, pg_relation_filenode(s.relid)), ',' ORDER BY s.relid)
				FROM pg_stat_all_tables s WHERE s.relid IN (SELECT to_regclass(name) FROM unnest(ARRAY[`+tables+`]) AS name)) AS TEXT) END)`, nil, &state)
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:]), err
}
