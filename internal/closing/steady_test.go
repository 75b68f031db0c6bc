package closing_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

var errMonthClosed = errors.New("the month is closed")

// ours adds an expense of 1.00 to a month as our own forms do: unless the month
// is closed.
func (s *studio) ours(ctx context.Context, month books.Month) error {
	return s.Store().Write(ctx, func(tx *store.Tx) error {
		last, err := tx.LastEntry(ctx, month)
		if err != nil || last.HasStatement() {
			return errors.Join(err, errMonthClosed)
		}
		_, err = tx.SQL().ExecContext(ctx, `INSERT INTO gastos (data, valor, forma_pagamento, created_by, created_at)
			VALUES ($1, 1, 'Pix', 1, '2025-10-09 12:00:00.000000')`, month.First().String())
		return err
	})
}

// theirs edits expense 1 and adds one, in one transaction, as v4 does: under
// READ COMMITTED and whether the month is closed or not.
func (s *studio) theirs(ctx context.Context, month books.Month) error {
	tx, err := s.SQL.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, q := range []string{"UPDATE gastos SET valor = valor + 1 WHERE data = $1 AND id % 7 = 1",
		"INSERT INTO gastos (data, valor, forma_pagamento, created_by, created_at) VALUES ($1, 1, 'Pix', 1, '2025-10-09 12:00:00.000000')"} {
		if _, err := tx.ExecContext(ctx, q, month.First().String()); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Five writers that never pause must not keep a month open, and nothing that
// they wrote may be lost.
func TestSteady_writers_never_keep_a_month_open(t *testing.T) {
	storetest.Concurrent(t)
	for name, write := range map[string]func(*studio, context.Context, books.Month) error{"ours": (*studio).ours, "v4s": (*studio).theirs} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *studio) { s.underWriters(t, write) })
		})
	}
}

func (s *studio) underWriters(t *testing.T, write func(*studio, context.Context, books.Month) error) {
	s.people(t)
	s.Clock = noon(2026, 1, 2)
	for i := range 4 {
		month := october.Add(-i)
		var written atomic.Int64
		ctx, stop := context.WithCancel(t.Context())
		enough := make(chan struct{})
		var once sync.Once
		var writers sync.WaitGroup
		for range 5 {
			writers.Go(func() {
				for ctx.Err() == nil {
					err := write(s, ctx, month)
					var pg *pgconn.PgError
					switch {
					case err == nil:
						if written.Add(1) == 20 {
							once.Do(func() { close(enough) })
						}
					case errors.Is(err, errMonthClosed), errors.As(err, &pg) && pg.Code == "40P01", ctx.Err() != nil,
						strings.Contains(err.Error(), "SQLITE_BUSY"), books.AsError(err).Code == "busy":
					default:
						t.Errorf("a writer failed: %v", err)
					}
				}
			})
		}
		<-enough
		r, err := s.Close(t.Context(), month, closing.Options{}, "test")
		stop()
		writers.Wait()
		if err != nil || r.Outcome != closing.Closed {
			t.Errorf("%s: %+v, %v", month, r.Outcome, err)
			continue
		}
		// Each row stands in one place, and what was added afterwards is late.
		live := s.Int(t, "SELECT count(*) FROM gastos WHERE data = $1", month.First().String())
		if got := r.Counts.Expenses + live; got < written.Load() || got > written.Load()+5 { // a commit may have been stopped before its answer
			t.Errorf("%s: %d rows were written, %d are closed and %d live", month, written.Load(), r.Counts.Expenses, live)
		}
		var ids = map[books.ID]bool{}
		for _, row := range s.statement(t, month).Rows {
			if row.Kind() == books.ExpenseKind {
				ids[row.Key()] = true
			}
		}
		for id := range ids {
			if n := s.Int(t, "SELECT count(*) FROM gastos WHERE id = $1", int64(id)); n != 0 {
				t.Errorf("expense %d is live and closed", id)
			}
		}
		if files := s.Int(t, fmt.Sprintf("SELECT count(*) FROM %s WHERE month = '%s'", s.own("backups"), month)); files > 3 {
			t.Errorf("%d copies of %s were made", files, month)
		}
		s.Exec(t, "DELETE FROM gastos")
	}
	s.wantWhole(t)
}

// A writer of ours that begins after the close's snapshot has seen an open
// month; on tables of many pages PostgreSQL notices only what was really read.
func TestA_writer_that_begins_after_the_snapshot_gets_nothing_into_a_closing_month(t *testing.T) {
	storetest.Concurrent(t)
	add := map[string]string{
		"payment":                      "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at) VALUES (9000, '2025-10-09', 9, 'Pix', 1, '2025-10-09 12:00:00')",
		"expense":                      "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (9000, '2025-10-09', 9, 'Pix', 1, '2025-10-09 12:00:00')",
		"commission without a payment": "INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (9000, 1, 10, 9, '2025-10-09 12:00:00')",
	}
	for name, query := range add {
		for _, at := range []string{"transaction begun", "rows read", "statement stored", "rows deleted"} {
			t.Run(strings.ReplaceAll(name+"/"+at, " ", "_"), func(t *testing.T) {
				s := postgresStudio(t)
				s.fullOctober(t)
				s.manyRows(t)
				begun, outcome := false, make(chan error, 1)
				added, committed := make(chan struct{}), make(chan struct{})
				s.Step = func(step string) {
					if step != at || begun {
						return
					}
					begun = true
					go func() {
						first := true
						outcome <- s.Store().Write(t.Context(), func(tx *store.Tx) error {
							last, err := tx.LastEntry(t.Context(), october)
							if err != nil || last.HasStatement() {
								return errors.Join(err, errMonthClosed)
							}
							_, err = tx.SQL().ExecContext(t.Context(), query)
							if first {
								first = false
								close(added)
								<-committed
							}
							return err
						})
					}()
					<-added
				}
				r, err := s.Close(t.Context(), october, closing.Options{}, "test")
				close(committed)
				if err != nil || r.Outcome != closing.Closed {
					t.Fatalf("the close is %s: %v", r.Outcome, err)
				}
				if err := eventually(t, outcome); !errors.Is(err, errMonthClosed) {
					t.Errorf("the writer added a row to a month that was closing: %v", err)
				}
				s.Step = nil
				s.wantWhole(t)
			})
		}
	}
}

// manyRows adds 3,000 rows of each kind in other months, and lets PostgreSQL
// know that they are many.
func (s *studio) manyRows(t *testing.T) {
	t.Helper()
	for _, q := range []string{
		`INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at)
			SELECT n, '2025-12-01'::date + n % 300, 5, 'Pix', 1, '2025-10-20 12:00:00' FROM generate_series(1000, 3999) n`,
		`INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at)
			SELECT n, '2025-12-01'::date + n % 300, 5, 'Pix', 1, '2025-10-20 12:00:00' FROM generate_series(1000, 3999) n`,
		`INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at)
			SELECT n, n, 1, 10, 1, '2025-12-01'::timestamptz + n % 300 * INTERVAL '1 day' FROM generate_series(1000, 3999) n`,
		"VACUUM ANALYZE",
	} {
		s.Exec(t, q)
	}
}

func TestA_revision_is_refused_where_another_came_first(t *testing.T) {
	s := postgresStudio(t)
	s.fullOctober(t)
	s.manyRows(t)
	s.close(t, october, false)
	s.payment(t, 80, "2025-10-06", "60.00")
	// Without the month's lock, as if it had been lost: the other takes its own.
	begun := false
	var other closing.Result
	s.Step = func(step string) {
		if step != "rows read" || begun {
			return
		}
		begun = true
		s.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
		beside := newCloser(t, s.Store(), s.Folder, s.Now)
		var err error
		if other, err = beside.Close(t.Context(), october, closing.Options{Force: true}, "test"); err != nil {
			t.Error(err)
		}
	}
	r, err := s.Close(t.Context(), october, closing.Options{Force: true}, "test")
	if err != nil || r.Outcome != closing.AlreadyClosed || r.Revision != 2 || other.Outcome != closing.Revised || other.Revision != 2 {
		t.Errorf("%s of revision %d, %v; the other %s of %d", r.Outcome, r.Revision, err, other.Outcome, other.Revision)
	}
	if n := s.Int(t, "SELECT count(*) FROM extrato.revisions"); n != 1 {
		t.Errorf("%d earlier revisions", n)
	}
	s.Step = nil
	s.wantWhole(t)
}

// A row that only an index knows is counted as late and never read.
func TestForce_makes_no_revision_of_the_very_same_rows(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if s.Store().Postgres() {
			t.Skip("only SQLite's indexes can be made to lie from here")
		}
		s.fullOctober(t)
		s.close(t, october, false)
		s.payment(t, 80, "2025-10-06", "60.00")
		// The row changes its day while the index on days does not exist, and so stays in it.
		var name, text string
		if err := s.SQL.QueryRowContext(t.Context(), "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'pagamentos' AND sql LIKE '%(data%'").Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		root := s.Int(t, "SELECT rootpage FROM sqlite_schema WHERE name = $1", name)
		s.schema(t, "DELETE FROM sqlite_schema WHERE name = '"+name+"'")
		s.Exec(t, "UPDATE pagamentos SET data = '2025-11-20' WHERE id = 80")
		s.schema(t, fmt.Sprintf("INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('index', '%s', 'pagamentos', %d, '%s')", name, root, text))
		if got := s.month(t, october); got.Late.Total() == 0 {
			t.Fatal("the count does not use the index")
		}
		s.refusesClose(t, october, true, books.Integrity, "index_wrong")
	})
}

// schema changes SQLite's schema by hand, in a connection of its own.
func (s *studio) schema(t *testing.T, query string) {
	t.Helper()
	conn, err := s.SQL.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	version := s.Int(t, "PRAGMA schema_version")
	for _, q := range []string{"PRAGMA writable_schema = ON", query, fmt.Sprintf("PRAGMA schema_version = %d", version+1), "PRAGMA writable_schema = OFF"} {
		if _, err := conn.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}
