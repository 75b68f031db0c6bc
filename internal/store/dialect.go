package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unsafe"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"extrato/internal/books"
)

// dialect holds the differences between SQLite and PostgreSQL; all other SQL is
// one text for both.
type dialect struct {
	postgres              bool
	path                  string // SQLite's file
	readLevel, writeLevel sql.IsolationLevel
	validDay              func(column string) string // a condition beside a range of days
	plainInstant          func(column string) string // the condition "the column sorts as its instant does"
	inOrder               string                     // follows a table walked by id
	withIDs               string                     // in an INSERT with ids, for GENERATED ALWAYS columns
	text                  func(column string) string // the column as text for books.Value
	shown                 func(column string) string // the column as people are to see it, NULL too
	idList                func(param string) string  // a SELECT of the ids in a JSON array
	textList              func(param string) string  // a SELECT of the texts in a JSON array
	again                 func(error) bool           // whether the same transaction may succeed if tried again
	answered              func(error) bool           // whether an error of COMMIT proves that nothing was committed
	explain               func(error) error          // turns a driver's error into one with a hint
}

// LockMonth keeps other processes from closing month, until the returned
// function is called or the process ends. It saves work; correctness never
// rests on it. While another process has the lock, waits (may be nil) gets its
// name. A holder who keeps the lock too long, such as a stopped process, ends
// the wait with an Error of kind Conflict.
func (s *Store) LockMonth(ctx context.Context, month books.Month, waits func(holder string)) (unlock func(), err error) {
	if waits == nil {
		waits = func(string) {}
	}
	if s.dialect.postgres {
		return s.lockAdvisory(ctx, month, waits)
	}
	return s.lockFile(ctx, waits)
}

// monthLockTimeout limits the wait for a month's lock: many times the close of
// a million rows, and less than a job of the schedule may take.
var monthLockTimeout = 2 * time.Minute

// thisProcess names the lock's holder to processes waiting for it.
func thisProcess() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("extrato process %d on %s", os.Getpid(), host)
}

func stillLocked(holder string) error {
	return books.Conflictf("locked", "somebody else has been closing, reopening or backing up for %s", monthLockTimeout).
		WithHint("nothing was changed; it is %s: let it go on or end it, then try again", cmp.Or(holder, "another process"))
}

// isDuplicate reports whether err is a violated unique key.
func isDuplicate(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return false
	}
	switch lite.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return true
	case sqlite3.SQLITE_CONSTRAINT_TRIGGER: // a guard against INSERT OR REPLACE
		return strings.Contains(lite.Error(), "UNIQUE constraint failed")
	}
	return false
}

// unsafeString returns b as a string; nobody may change b afterwards.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) } //nolint:gosec // a copy would double the memory of a statement
