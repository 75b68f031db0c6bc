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
			if mark, err = t.markPostgres(ctx); err != nil {
				return err
			}
		}
		return fn(t)
	})
	return mark, err
}

// Unchanged reports whether the transaction, which must be one of Write, sees
// exactly what mark stands for.
func (t *Tx) Unchanged(ctx context.Context, mark Mark) (bool, error) {
	if mark.void() {
		return false, nil
	}
	now, err := t.mark(ctx)
	if err != nil || now != mark || !t.s.dialect.postgres {
		return now == mark, err
	}
	own, err := t.watch(ctx)
	return own == mark.data, err
}

// watch makes a transaction of PostgreSQL that reads none of the books one that
// depends on all of them, so that of two serializable ones the later is refused
// if the other adds to them, and returns the transaction's number. Walking a
// table is enough for that, even for one row; ctid is in no index, so that no
// index is walked instead. What somebody added before, and has not committed,
// it does not see; but they have a number by then. If the transaction's own,
// which it gets when it is watching, is the first that is not in its snapshot,
// then nobody did.
func (t *Tx) watch(ctx context.Context) (own int64, err error) {
	err = t.one(ctx, `SELECT CASE WHEN (SELECT count(p.ctid) FROM (SELECT ctid FROM pagamentos LIMIT 1) p)
			+ (SELECT count(s.ctid) FROM (SELECT ctid FROM sessoes LIMIT 1) s)
			+ (SELECT count(c.ctid) FROM (SELECT ctid FROM comissoes LIMIT 1) c)
			+ (SELECT count(g.ctid) FROM (SELECT ctid FROM gastos LIMIT 1) g) >= 0 THEN txid_current() END`, nil, &own)
	return own, err
}

func (t *Tx) mark(ctx context.Context) (Mark, error) {
	if t.s.dialect.postgres {
		return t.markPostgres(ctx)
	}
	t.s.statements.Add(1)
	return markSQLite(ctx, t.conn, t.tx.QueryRowContext)
}

// markPostgres returns the mark of the transaction's snapshot. The server's
// start and the process that serves are in it because numbers are only good
// for one run of one server.
func (t *Tx) markPostgres(ctx context.Context) (Mark, error) {
	var lowest, next int64
	var m Mark
	err := t.one(ctx, `SELECT txid_snapshot_xmin(s), txid_snapshot_xmax(s), pg_postmaster_start_time() || ' ' || pg_backend_pid()
		FROM txid_current_snapshot() AS s`, nil, &lowest, &next, &m.server)
	if err != nil || lowest != next { // somebody below next was still at work
		return Mark{}, err
	}
	m.data = next
	return m, nil
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
