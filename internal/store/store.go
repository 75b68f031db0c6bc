// Package store keeps the books in SQLite or PostgreSQL.
//
// It opens a database, brings it to this program's version, and runs functions
// inside transactions: Read in one consistent snapshot, Write serializable. On
// top of that it finds the rows of a month, stores statements and extends the
// chain. The rules for when to do so are in package closing.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"extrato/internal/books"
)

// Options select the database, and the zone and clock to see it with.
type Options struct {
	URL  string           // DATABASE_URL: sqlite:///…, postgres://…, postgresql://…, postgresql+psycopg2://…
	Zone *time.Location   // the studio's zone
	Now  func() time.Time // the clock
	Log  *slog.Logger
}

// Store is an open database. It may be used by several goroutines.
type Store struct {
	dialect    dialect
	url        string  // PostgreSQL's, for its own programs
	write      *sql.DB // SQLite: one connection
	read       *sql.DB // PostgreSQL: the same as write
	zone       *time.Location
	now        func() time.Time
	log        *slog.Logger
	statements atomic.Int64
	lockBooks  bool            // a foreign key is missing: see Tx.LockBooks
	lockConfig *pgx.ConnConfig // PostgreSQL: for connections that hold locks
	pool       *pgxpool.Pool   // PostgreSQL: below write
	closeFuncs []func()
	file       *openFile // SQLite: the opened file
	anyBytes   bool      // PostgreSQL: the database's encoding checks no text
	isNew      bool      // SQLite: Open made the file
}

// Open opens the database, without looking into it. It fails with an Error of
// kind Invalid if the URL is not one, NotFound if there is no SQLite file and
// create is false, and Internal if a server does not answer.
func Open(ctx context.Context, o Options, create bool) (*Store, error) {
	s := &Store{zone: o.Zone, now: o.Now, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	switch {
	case strings.HasPrefix(o.URL, "sqlite:///"):
		err = s.openSQLite(ctx, strings.TrimPrefix(o.URL, "sqlite:///"), create)
	case isPostgres(o.URL):
		err = s.openPostgres(ctx, o.URL)
	default:
		err = errNoURL
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes all connections.
func (s *Store) Close() {
	for i := len(s.closeFuncs) - 1; i >= 0; i-- {
		s.closeFuncs[i]()
	}
	s.closeFuncs = nil
}

// RemoveIfNew closes the database and removes its file if Open made it: after a
// failed import an empty database would only mislead.
func (s *Store) RemoveIfNew() {
	s.Close()
	if !s.isNew {
		return
	}
	for _, ending := range []string{"-wal", "-shm", ""} {
		_ = os.Remove(s.dialect.path + ending) // the earlier error is the one to report
	}
}

// Zone returns the studio's zone.
func (s *Store) Zone() *time.Location { return s.zone }

// Postgres reports whether the database is PostgreSQL.
func (s *Store) Postgres() bool { return s.dialect.postgres }

// Statements returns how many SQL statements were sent since Open.
func (s *Store) Statements() int64 { return s.statements.Load() }

// Tx is a transaction. It belongs to the function it was given to.
type Tx struct {
	s    *Store
	conn *sql.Conn
	tx   *sql.Tx
	cols map[string][]string

	handedOut bool // fn got rows and may have passed them on
	readOnly  bool
	found     []unpairedCommission // all of them, once searched in a snapshot
	months    map[books.Month]monthArgs
}

// Read runs fn in one consistent read-only snapshot. If somebody altered a
// table since its statements were prepared, fn runs again, unless it has handed
// out rows.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		handedOut := false
		err := s.transact(ctx, s.read, &sql.TxOptions{ReadOnly: true, Isolation: s.dialect.readLevel}, func(t *Tx) error {
			err := fn(t)
			handedOut = t.handedOut
			return err
		}, nil)
		s.forgetStale(err)
		if handedOut || try == writeTries || !isStale(err) {
			return err
		}
	}
}

// writeTries is the number of tries of Write. slowTry is the length of a failed
// try after which the next one holds the books: among constant writers, a
// transaction of seconds would lose every time.
//
// booksTimeout is the first wait for the books; each failure adds as much
// again. V4's writers in a deadlock need a second each.
const (
	writeTries   = 5
	slowTry      = 500 * time.Millisecond
	booksTimeout = 2 * time.Second
)

// Write runs fn in a transaction that happens whole, as if alone, or not at
// all. The database may ask for another try because somebody else changed the
// same rows, so fn may run up to five times and must touch nothing but the
// transaction. The last try, and any after a slow one, locks the books' tables,
// so it cannot lose again. Write fails with an Error of kind Conflict if even
// that did, and with ErrCommitUnknown if the outcome is unknown.
func (s *Store) Write(ctx context.Context, fn func(*Tx) error) error { return s.writes(ctx, fn, false) }

// WriteLong is Write for a fn that reads many rows before it writes, and waits
// for files: every try after the first locks the books' tables, since constant
// writers would win every time. PostgreSQL does not end the transaction for
// being idle.
func (s *Store) WriteLong(ctx context.Context, fn func(*Tx) error) error {
	return s.writes(ctx, fn, true)
}

func (s *Store) writes(ctx context.Context, fn func(*Tx) error, long bool) error {
	hold, slow := s.lockBooks, long
	for lost, kept := 0, 0; ; {
		before := func(t *Tx) error {
			return t.prepareWrite(ctx, long, hold, time.Duration(kept+1)*booksTimeout)
		}
		var number sql.NullInt64
		began := s.now()
		err := s.transact(ctx, s.write, &sql.TxOptions{Isolation: s.dialect.writeLevel}, func(t *Tx) error {
			err := fn(t)
			if err == nil {
				number, err = t.number(ctx)
			}
			return err
		}, before)
		if errors.Is(err, ErrCommitUnknown) {
			err = s.outcome(ctx, number, err)
		}
		waited := errors.Is(err, errBooksHeld)
		switch {
		case waited:
			kept++
		case err != nil && (s.dialect.again(err) || errors.Is(err, errUndone)):
			lost++
		default:
			return err
		}
		if max(lost, kept) == writeTries {
			return lostEveryTry(err)
		}
		s.forgetStale(err)
		slow = slow || s.now().Sub(began) > slowTry
		// Others may hold the tables for hours without harm.
		hold = s.lockBooks || !waited && (slow || lost+1 == writeTries)
		s.log.Debug("transaction tried again", "lost", lost, "kept_out", kept, "cause", err)
		if err := backOff(ctx, lost+kept); err != nil {
			return err
		}
	}
}

// lostEveryTry says why a transaction came to nothing, from its last error.
func lostEveryTry(err error) error {
	switch {
	case errors.Is(err, errUndone):
		return unreachable(err)
	case errors.Is(err, errBooksHeld):
		return books.Conflictf("busy", "another program's transaction has kept the tables of the books for itself").
			WithHint("nothing was changed; end the transaction that is open there (pg_stat_activity shows it as idle in transaction), then try again").Because(err)
	}
	return books.Conflictf("busy", "others changed the same rows %d times in a row", writeTries).
		WithHint("nothing was changed; try again").Because(err)
}

// backOff waits some random milliseconds before the next try: jitter keeps two
// retrying transactions from colliding again.
func backOff(ctx context.Context, try int) error {
	pause := time.NewTimer(rand.N(time.Duration(try*try) * 2 * time.Millisecond)) //nolint:gosec // no secret
	defer pause.Stop()
	select {
	case <-pause.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) transact(ctx context.Context, db *sql.DB, options *sql.TxOptions, fn, before func(*Tx) error) error {
	if err := s.checkFile(); err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return s.dialect.explain(err)
	}
	defer conn.Close()
	explain := func(err error) error {
		if s.dialect.postgres && ctx.Err() == nil && !alreadyExplained(err) && connectionClosed(conn) {
			return unreachable(err)
		}
		return s.dialect.explain(err)
	}
	tx, err := conn.BeginTx(ctx, options)
	if err != nil {
		return explain(err)
	}
	defer tx.Rollback() // after Commit it has nothing to do, before it nobody could help
	t := &Tx{s: s, conn: conn, tx: tx, readOnly: options.ReadOnly}
	if before != nil {
		if err := before(t); err != nil {
			return explain(err)
		}
	}
	if err := fn(t); err != nil {
		return explain(err)
	}
	if err := tx.Commit(); err != nil {
		// database/sql says both of these before it sends anything, pgx the second
		// afterwards as well.
		if ctx.Err() != nil && (errors.Is(err, sql.ErrTxDone) || !s.dialect.postgres && err == ctx.Err()) { //nolint:errorlint // its own words
			return ctx.Err() // it was rolled back before the commit was sent
		}
		if options.ReadOnly { // there was nothing to happen
			return explain(err)
		}
		if s.dialect.answered(err) {
			return s.dialect.explain(err)
		}
		return fmt.Errorf("%w: %w", ErrCommitUnknown, s.dialect.explain(err))
	}
	if options.ReadOnly {
		return nil
	}
	return s.checkWritten()
}

func (t *Tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	t.s.statements.Add(1)
	return t.tx.QueryContext(ctx, query, args...)
}

func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	t.s.statements.Add(1)
	result, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// script executes several statements without arguments, in one message.
func (t *Tx) script(ctx context.Context, statements string) error {
	if t.s.dialect.postgres {
		_, err := t.exec(ctx, statements, pgx.QueryExecModeSimpleProtocol)
		return err
	}
	_, err := t.exec(ctx, statements)
	return err
}

// one reads a single row into dest. It fails with sql.ErrNoRows if there is none.
func (t *Tx) one(ctx context.Context, query string, args []any, dest ...any) error {
	t.s.statements.Add(1)
	return t.tx.QueryRowContext(ctx, query, args...).Scan(dest...)
}

// list calls read for each row of a query.
func (t *Tx) list(ctx context.Context, query string, args []any, read func(scan func(...any) error) error) error {
	rows, err := t.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sqlitePath returns the file of a sqlite:/// URL: four slashes mean an
// absolute path, three one relative to the working directory.
func sqlitePath(rest string) (string, error) {
	if rest == "" {
		return "", books.Invalidf("invalid_database_url", "the SQLite URL names no file").
			WithHint("write sqlite:///data/extrato.db")
	}
	if strings.Contains(rest, "?") {
		return "", books.Invalidf("invalid_database_url", "a SQLite URL may have no options").
			WithHint("leave out the question mark and what follows it: sqlite:///data/extrato.db")
	}
	return filepath.Abs(rest)
}

func missingDatabase(path string) error {
	return books.NotFoundf("no_database", "there is no database at %s", path).
		WithHint("set DATABASE_URL, or make one: extrato migrate (empty), extrato import --from URL (from v4), extrato demo (to try)")
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// SpoolDir returns the folder for a statement waiting for its transaction:
// beside the SQLite file, whose disk has to hold it anyway; "" on PostgreSQL,
// for the system's folder.
func (s *Store) SpoolDir() string {
	if s.dialect.postgres {
		return ""
	}
	return filepath.Dir(s.dialect.path)
}
