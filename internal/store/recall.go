package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"time"
)

// What was reckoned from the live rows once need not be reckoned again while
// they are the same. Whether they are is never a matter of time: each snapshot
// is held against the one that the answer came from.
//
// First by what the database itself says of a snapshot: PostgreSQL's text of
// it, SQLite's data version on one connection. Where that differs, something
// was committed, but as a rule nothing of the books: the jobs write every few
// seconds. So the second look is at the books alone.
//
// PostgreSQL: no row that is visible now was written by a transaction which
// was not over when the old snapshot was taken; then what is visible now is a
// part of what was visible then, rows being never written over in place; and
// with as many of them it is all of it.
//
// SQLite: between two looks at the writer's connection no other connection
// committed (data_version), no transaction of Write began (all of the books go
// through it; what is lent to the jobs does not) and no table changed its
// shape; both snapshots lie between them.

// memory holds the last memo.
type memory struct {
	lock sync.Mutex
	last *memo
}

// memo is what was reckoned from the books as they are in some snapshots.
type memo struct {
	lock   sync.Mutex
	same   map[any]bool // the snapshots that are known to hold the same books
	values map[string]any

	books  booksMark   // SQLite
	server string      // PostgreSQL
	lowest int64       // PostgreSQL: the first transaction that the old snapshot may lack
	rows   [7]rowCount // PostgreSQL
}

// maxSame keeps the snapshots that are remembered few.
const maxSame = 32

func (m *memo) add(snapshot any) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if len(m.same) >= maxSame {
		clear(m.same)
	}
	m.same[snapshot] = true
}

func (m *memo) holds(snapshot any) bool {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.same[snapshot]
}

// booksMark is what the writer's connection of SQLite says; zero if it was busy.
type booksMark struct {
	session               any
	data, schema, written int64
}

// ReadRemembered does what Read does. What fn asks that is reckoned from all
// live rows is answered from memory where the books are as they were.
func (s *Store) ReadRemembered(ctx context.Context, fn func(*Tx) error) error {
	var before booksMark
	if !s.dialect.postgres {
		before = s.markBooks(ctx)
	}
	return s.Read(ctx, func(t *Tx) error {
		t.remembers, t.before = true, before
		return fn(t)
	})
}

// writerPatience is how long a reader waits to ask the writer's connection,
// which a close may hold for seconds. Without an answer it reckons again.
const writerPatience = 2 * time.Millisecond

// markBooks marks the books on SQLite. Nobody writes by that connection while
// it answers.
func (s *Store) markBooks(ctx context.Context) (m booksMark) {
	patience, cancel := context.WithTimeout(ctx, writerPatience)
	defer cancel()
	conn, err := s.write.Conn(patience)
	if err != nil {
		return booksMark{}
	}
	defer conn.Close() // it goes back
	s.statements.Add(1)
	mark, err := markSQLite(ctx, conn, conn.QueryRowContext)
	if err != nil {
		return booksMark{}
	}
	return booksMark{mark.session, mark.data, mark.schema, s.written.Load()}
}

// remembered returns what reckon returned in a snapshot with the same books,
// or calls it. Whoever gets the value must not change it.
func remembered[T any](ctx context.Context, t *Tx, name string, reckon func() (T, error)) (T, error) {
	if !t.remembers {
		return reckon()
	}
	m, err := t.recall(ctx)
	if err != nil {
		var none T
		return none, err
	}
	m.lock.Lock()
	known, ok := m.values[name]
	m.lock.Unlock()
	if ok {
		return known.(T), nil
	}
	value, err := reckon()
	if err == nil {
		m.lock.Lock()
		m.values[name] = value
		m.lock.Unlock()
	}
	return value, err
}

// recall returns the memo of the transaction's books, an empty one if there
// is none.
func (t *Tx) recall(ctx context.Context) (*memo, error) {
	if t.memo != nil {
		return t.memo, nil
	}
	snapshot, server, lowest, err := t.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	t.s.memory.lock.Lock()
	m := t.s.memory.last
	t.s.memory.lock.Unlock()
	if m != nil && m.holds(snapshot) {
		t.memo = m
		return m, nil
	}
	if m != nil {
		same, err := t.sameBooks(ctx, m, server)
		if err != nil {
			return nil, err
		}
		if same {
			m.add(snapshot)
			t.memo = m
			return m, nil
		}
	}
	m = &memo{same: map[any]bool{snapshot: true}, values: map[string]any{}, books: t.before, server: server, lowest: lowest}
	if t.s.dialect.postgres {
		if m.rows, err = t.countRows(ctx, lowest); err != nil {
			return nil, err
		}
	}
	t.s.memory.lock.Lock()
	t.s.memory.last = m
	t.s.memory.lock.Unlock()
	t.memo = m
	return m, nil
}

// snapshot returns what identifies the transaction's snapshot.
func (t *Tx) snapshot(ctx context.Context) (snapshot any, server string, lowest int64, err error) {
	if !t.s.dialect.postgres {
		t.s.statements.Add(1)
		m, err := markSQLite(ctx, t.conn, t.tx.QueryRowContext)
		return m, "", 0, err
	}
	var text string
	err = t.one(ctx, `SELECT CAST(s AS TEXT), CAST(pg_postmaster_start_time() AS TEXT), txid_snapshot_xmin(s) FROM txid_current_snapshot() AS s`,
		nil, &text, &server, &lowest)
	return server + " " + text, server, lowest, err
}

// sameBooks reports whether the transaction sees the books that m is about.
func (t *Tx) sameBooks(ctx context.Context, m *memo, server string) (bool, error) {
	if !t.s.dialect.postgres {
		return m.books.session != nil && t.before == m.books && t.s.markBooks(ctx) == m.books, nil
	}
	if server != m.server {
		return false, nil
	}
	rows, err := t.countRows(ctx, m.lowest)
	if err != nil {
		return false, err
	}
	for i, now := range rows {
		if now.fresh > 0 || now.all != m.rows[i].all {
			return false, nil
		}
	}
	return true, nil
}

// rowCount counts the rows of a table, and those that a transaction from some
// number on wrote.
type rowCount struct{ all, fresh int64 }

// bookTables are what answers are reckoned from.
var bookTables = [7]string{"pagamentos", "sessoes", "comissoes", "gastos", "extratos", "users", "clients"}

// countRows counts on PostgreSQL. Its rows hold the lower half of their
// transaction's number only; age compares as the server itself does, and a row
// that is older than it can tell counts as fresh.
func (t *Tx) countRows(ctx context.Context, lowest int64) (counts [7]rowCount, err error) {
	var parts []string
	for i, table := range bookTables {
		parts = append(parts, fmt.Sprintf(`SELECT %d, count(*), count(*) FILTER (WHERE age(xmin) <= (SELECT age(CAST(CAST($1 AS TEXT) AS XID)))) FROM %s`, i, table))
	}
	err = t.list(ctx, strings.Join(parts, " UNION ALL "), []any{fmt.Sprint(lowest % (1 << 32))}, func(scan func(...any) error) error {
		var i int
		var c rowCount
		if err := scan(&i, &c.all, &c.fresh); err != nil {
			return err
		}
		counts[i] = c
		return nil
	})
	return counts, err
}

// Mark is what one connection of SQLite says of what is committed.
type Mark struct {
	session               any // the connection itself, to which these numbers belong
	data, changes, schema int64
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
