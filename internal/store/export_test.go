package store

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"extrato/internal/durable"
)

// ListedCommissions returns the ids of the commissions whose month is not left
// to SQL.
func (t *Tx) ListedCommissions(ctx context.Context) (ids []int64, err error) {
	listed, err := t.listedCommissions(ctx)
	for _, u := range listed {
		ids = append(ids, u.id)
	}
	return ids, err
}

// WaitForOutcome sets how long is asked what became of a transaction, until the
// function that it returns is called.
func WaitForOutcome(d time.Duration) (back func()) {
	before := outcomeTimeout
	outcomeTimeout = d
	return func() { outcomeTimeout = before }
}

// WaitForLock sets how long a lock is waited for, until the function that it
// returns is called.
func WaitForLock(d time.Duration) (back func()) {
	before := monthLockTimeout
	monthLockTimeout = d
	return func() { monthLockTimeout = before }
}

// FullDisk returns what is said where SQLite finds a disk full, with its
// database in folder.
func FullDisk(folder string) error { return fullDisk(folder) }

// Outcome returns what is said where the answer to a commit was lost.
func (s *Store) Outcome(ctx context.Context, lost error) error {
	return s.outcome(ctx, sql.NullInt64{}, lost)
}

// Writer returns SQLite's connection for writing.
func (s *Store) Writer() *sql.DB { return s.write }

// Each calls fn with the first column of a query's rows.
func (t *Tx) Each(ctx context.Context, query string, fn func(string) error) error {
	return t.list(ctx, query, nil, func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		return fn(text)
	})
}

// Prepared returns how many statements a connection keeps.
func Prepared(t testing.TB, db *sql.DB) (n int) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Raw(func(c any) error { n = len(c.(*preparedConn).idle); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// ManyLater sets the number of later sessions above which a search for owing
// ones begins with the month's payments, until the returned function is called.
func ManyLater(n int) (restore func()) {
	was := manyLater
	manyLater = n
	return func() { manyLater = was }
}

// WalkPays sets how many live rows there may be for each of the month's, so
// that the table is walked, until the returned function is called.
func WalkPays(n int) (restore func()) {
	was := walkPays
	walkPays = n
	return func() { walkPays = was }
}

// ForPrograms is forPrograms for tests.
var ForPrograms = forPrograms

// AllTables are the tables of a database of this version.
func AllTables() []string { return slices.Concat(v4Tables, ownTables) }

// ListenToSyncs replaces the sync of folders until the returned function is called.
func ListenToSyncs(fn func(dir string) error) (restore func()) {
	was := durable.SyncFolder
	durable.SyncFolder = fn
	return func() { durable.SyncFolder = was }
}
