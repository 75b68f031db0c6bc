package store

import (
	"database/sql"
	"errors"
	"strings"
	"unsafe"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
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
