package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"extrato/internal/books"
)

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
	return books.Conflictf("locked", "another process has been closing, reopening or backing up for %s", monthLockTimeout).
		WithHint("nothing was changed; it is %s: let it go on or end it, then try again", cmp.Or(holder, "another process"))
}

// The namespaces set our advisory locks apart from others': those of months
// ("extr") and of works ("exts").
const (
	advisoryNamespace = 0x65787472
	workNamespace     = 0x65787473
)

func (s *Store) lockAdvisory(ctx context.Context, month books.Month, waits func(string)) (func(), error) {
	// A connection of its own: waiting processes must not use up the pool needed
	// by the working one.
	s.statements.Add(1)
	conn, err := pgx.ConnectConfig(ctx, s.lockConfig)
	if err != nil {
		return nil, s.dialect.explain(err)
	}
	key := month.Year*100 + int(month.Month)
	if err := awaitAdvisory(ctx, conn, key, waits); err != nil {
		hangUp(conn)
		return nil, s.dialect.explain(err)
	}
	return func() { hangUp(conn) }, nil
}

func awaitAdvisory(ctx context.Context, conn *pgx.Conn, key int, waits func(string)) error {
	var locked bool
	err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, $2)", advisoryNamespace, key).Scan(&locked)
	if err != nil || locked {
		return err
	}
	holder := func() (name string) {
		_ = conn.QueryRow(ctx, `SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
			WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
				AND CAST(l.classid AS BIGINT) = $1 AND CAST(l.objid AS BIGINT) = $2`, advisoryNamespace, key).Scan(&name)
		return name // "" if it is gone by now
	}
	waits(holder())
	_, err = conn.Exec(ctx, "SELECT set_config('lock_timeout', $1, false)", fmt.Sprint(monthLockTimeout.Milliseconds()))
	if err == nil {
		_, err = conn.Exec(ctx, "SELECT pg_advisory_lock($1, $2)", advisoryNamespace, key)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == lockNotAvailable {
		return stillLocked(holder())
	}
	return err
}

// TryLock keeps other processes from a work, until the returned function is
// called or the process ends. It saves work; correctness never rests on it. mine
// is false if another process has the lock. A SQLite file has one server, so
// nobody is kept off there.
func (s *Store) TryLock(ctx context.Context, work string) (unlock func(), mine bool, err error) {
	if !s.dialect.postgres {
		return func() {}, true, nil
	}
	s.statements.Add(1)
	conn, err := pgx.ConnectConfig(ctx, s.lockConfig)
	if err != nil {
		return nil, false, s.dialect.explain(err)
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(work))
	err = conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, $2)", workNamespace, int32(hash.Sum32())).Scan(&mine)
	switch {
	case err != nil:
		hangUp(conn)
		return nil, false, s.dialect.explain(err)
	case !mine:
		hangUp(conn)
		return func() {}, false, nil
	}
	return func() { release(conn) }, true, nil
}

// release unlocks a connection's locks and ends it. Left to the connection's end,
// they would be held for a while after it.
func release(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock_all()")
	hangUp(conn)
}

// hangUp ends a connection, and the locks it holds.
func hangUp(conn *pgx.Conn) {
	// A context of its own: the lock goes even if the caller was interrupted.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = conn.Close(ctx) // the connection is closed even on an error
}

// lockFile takes a lock on a file beside the database. It ends with the
// process. The file names its holder for waiting processes; the next holder
// replaces the name left by a killed one.
func (s *Store) lockFile(ctx context.Context, waits func(string)) (func(), error) {
	lock := flock.New(s.dialect.path+".close-lock", flock.SetPermissions(0o600))
	holder := func() string {
		text, _ := os.ReadFile(lock.Path())
		return string(text)
	}
	locked, err := lock.TryLock()
	if err == nil && !locked {
		waits(holder())
		waiting, cancel := context.WithTimeout(ctx, monthLockTimeout)
		defer cancel()
		_, err = lock.TryLockContext(waiting, 10*time.Millisecond)
		if err != nil && waiting.Err() != nil {
			return nil, cmp.Or(ctx.Err(), stillLocked(holder()))
		}
	}
	if err != nil {
		return nil, books.Refusedf("database_unwritable", "cannot lock the file beside the database").
			WithHint("let extrato write the folder that the database is in").Because(err)
	}
	_ = os.WriteFile(lock.Path(), []byte(thisProcess()), 0o600) // a full disk must not keep anybody from working
	return func() {
		_ = os.Truncate(lock.Path(), 0)
		_ = lock.Unlock()
	}, nil
}

// LockServing keeps other servers off this database until Close. It refuses
// (kind Refused) if another one serves the same SQLite file, under any name:
// their writers would wait for each other. PostgreSQL takes several.
func (s *Store) LockServing() error {
	if s.dialect.postgres {
		return nil
	}
	unlock, mine, err := lockServing(s.dialect.path)
	if err != nil {
		return books.Refusedf("database_unwritable", "cannot lock the database for this server").
			WithHint("let extrato write the file and the folder that it is in").Because(err)
	}
	if !mine {
		return books.Refusedf("already_serving", "another extrato serves this SQLite file").
			WithHint("stop the other one, or keep the books in PostgreSQL, where several may serve")
	}
	s.closeFuncs = append([]func(){unlock}, s.closeFuncs...) // closed last: before, it would take SQLite's own locks along
	return nil
}
