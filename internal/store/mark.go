package store

import (
	"context"
	"database/sql"
)

// Mark stands for everything that was committed when a snapshot was taken. A
// later transaction can tell by it whether its own snapshot holds the very
// same, so that what was read then need not be read again.
//
// It does not guess from times or counts of rows. PostgreSQL gives every
// transaction that writes the next number: a snapshot in which nobody is at
// work holds exactly the transactions below one number, and two snapshots with
// the same number are one and the same. SQLite says on one connection whether
// another has committed (data_version) and how many rows this one has changed
// (total_changes, whoever asked it to, kept or rolled back). What the database
// cannot say for certain makes the mark void, which equals nothing.
type Mark struct {
	session any // SQLite: the writer's connection, which these numbers belong to
	server  string
	data    int64 // SQLite: the data version; PostgreSQL: the first number that is not in it
	changes int64 // SQLite
	schema  int64 // SQLite
}

// void reports whether m stands for nothing.
func (m Mark) void() bool { return m == Mark{} }

// ReadMarked does what Read does, and marks the snapshot that fn saw.
func (s *Store) ReadMarked(ctx context.Context, fn func(*Tx) error) (Mark, error) {
	var mark Mark
	if !s.dialect.postgres {
		// Before the snapshot: what is committed between the two is in one of
		// them only, and makes them differ.
		var err error
		if mark, err = s.markWriter(ctx); err != nil {
			return Mark{}, err
		}
	}
	err := s.Read(ctx, func(t *Tx) error {
		if s.dialect.postgres {
			var err error
			if mark, _, err = t.markPostgres(ctx, false); err != nil {
				return err
			}
		}
		return fn(t)
	})
	return mark, err
}

// WriteMarked does what Write does, and moves mark past what fn wrote. The
// mark that it returns is void if anything else was committed since mark.
func (s *Store) WriteMarked(ctx context.Context, mark Mark, fn func(*Tx) error) (Mark, error) {
	var moved Mark
	err := s.Write(ctx, func(t *Tx) error {
		moved = Mark{}
		unchanged, err := t.Unchanged(ctx, mark)
		if err != nil {
			return err
		}
		if err := fn(t); err != nil || !unchanged {
			return err
		}
		moved, err = t.markOwn(ctx, mark)
		return err
	})
	return moved, err
}

// Unchanged reports whether the transaction, which must be one of Write, sees
// exactly what mark stands for.
func (t *Tx) Unchanged(ctx context.Context, mark Mark) (bool, error) {
	if mark.void() {
		return false, nil
	}
	now, err := t.mark(ctx)
	return now == mark, err
}

func (t *Tx) mark(ctx context.Context) (Mark, error) {
	if t.s.dialect.postgres {
		m, _, err := t.markPostgres(ctx, false)
		return m, err
	}
	t.s.statements.Add(1)
	return markSQLite(ctx, t.conn, t.tx.QueryRowContext)
}

// markOwn returns the mark of what is there once the transaction, which began
// at mark, has committed.
func (t *Tx) markOwn(ctx context.Context, mark Mark) (Mark, error) {
	if !t.s.dialect.postgres {
		return t.mark(ctx)
	}
	_, own, err := t.markPostgres(ctx, true)
	if err != nil || own != mark.data {
		return Mark{}, err // others have taken numbers, and may commit before
	}
	mark.data = own + 1
	return mark, nil
}

// markPostgres returns the mark of the transaction's snapshot and, if wanted,
// the transaction's own number, which it gets by that. The server's start and
// the process that serves are in the mark because numbers are only good for
// one run of one server.
func (t *Tx) markPostgres(ctx context.Context, wantOwn bool) (m Mark, own int64, err error) {
	var lowest, next int64
	query := `SELECT txid_snapshot_xmin(s), txid_snapshot_xmax(s), pg_postmaster_start_time() || ' ' || pg_backend_pid(), `
	if wantOwn {
		query += "txid_current() FROM txid_current_snapshot() AS s"
	} else {
		query += "0 FROM txid_current_snapshot() AS s"
	}
	var server string
	if err := t.one(ctx, query, nil, &lowest, &next, &server, &own); err != nil {
		return Mark{}, 0, err
	}
	if lowest != next { // somebody below next was still at work
		return Mark{}, own, nil
	}
	return Mark{server: server, data: next}, own, nil
}

// markWriter marks what is committed on SQLite. Nobody else can use the
// writer's connection meanwhile.
func (s *Store) markWriter(ctx context.Context) (Mark, error) {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return Mark{}, s.dialect.explain(err)
	}
	defer conn.Close() // it goes back
	s.statements.Add(1)
	m, err := markSQLite(ctx, conn, conn.QueryRowContext)
	return m, s.dialect.explain(err)
}

// markSQLite asks one connection. Its numbers mean nothing on another one, so
// the mark holds on to the connection itself. The schema's version covers
// what changes rows and is no INSERT, UPDATE or DELETE, such as DROP TABLE.
func markSQLite(ctx context.Context, conn *sql.Conn, row func(context.Context, string, ...any) *sql.Row) (Mark, error) {
	var m Mark
	err := row(ctx, "SELECT data_version, schema_version, total_changes() FROM pragma_data_version, pragma_schema_version").
		Scan(&m.data, &m.schema, &m.changes)
	if err != nil {
		return Mark{}, err
	}
	err = conn.Raw(func(session any) error {
		m.session = session
		return nil
	})
	return m, err
}
