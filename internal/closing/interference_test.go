package closing_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// Where somebody holds the tables, no try can have them for itself; and where
// others change the rows in each of the others, all are lost.
func TestClose_gives_up_with_nothing_changed_when_rows_change_during_every_try(t *testing.T) {
	storetest.Concurrent(t)
	s := postgresStudio(t) // on SQLite the writer waits for the transaction
	s.fullOctober(t)
	idle, err := s.SQL.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Rollback()
	if _, err := idle.ExecContext(t.Context(), "UPDATE clients SET name = name; UPDATE gastos SET valor = valor WHERE id = 2"); err != nil {
		t.Fatal(err)
	}
	changes := 0
	s.Step = func(step string) {
		if step == "rows read" {
			changes++
			s.Exec(t, "UPDATE gastos SET valor = $1 WHERE id = 1", changes)
		}
	}
	_, err = s.Close(t.Context(), october, closing.Options{}, "test")
	if e := books.AsError(err); e == nil || e.Code != "busy" || e.Kind != books.Conflict || e.Hint == "" {
		t.Errorf("the close answers %v", err)
	}
	if changes != 5 {
		t.Errorf("it read the rows %d times, want 5", changes)
	}
	if n := s.Int(t, "SELECT count(*) FROM extratos") + s.Int(t, "SELECT count(*) FROM "+s.own("closings")); n != 0 {
		t.Error("it left a statement or a chain entry")
	}
	if n := s.Int(t, "SELECT count(*) FROM gastos WHERE id = 1 AND valor = 5"); n != 1 {
		t.Error("the last change is not there")
	}
	if n := s.Int(t, "SELECT count(*) FROM "+s.own("backups")); n != 5 {
		t.Errorf("%d of the 5 copies that it made are recorded", n)
	}
	if err := idle.Rollback(); err != nil {
		t.Fatal(err)
	}
	s.Step = nil
	if r := s.close(t, october, false); r.Counts != fullCounts {
		t.Errorf("closed %+v", r)
	}
	s.wantWhole(t)
}

func TestClose_takes_the_tables_for_itself_after_one_lost_try(t *testing.T) {
	s := postgresStudio(t)
	s.fullOctober(t)
	for _, changes := range []bool{false, true} {
		tries, waiting := 0, make(chan error, 1)
		s.Step = func(step string) {
			if step != "rows read" {
				return
			}
			tries++
			// Without changes what the rows hold stays the same, so that only the
			// transaction conflicts.
			update := func() error {
				query := "UPDATE gastos SET valor = valor WHERE id = 1"
				if changes {
					query = "UPDATE gastos SET valor = 7 WHERE id = 1"
				}
				_, err := s.SQL.ExecContext(t.Context(), query)
				return err
			}
			if tries == 1 {
				if err := update(); err != nil {
					t.Error(err)
				}
				return
			}
			go func() { waiting <- update() }()
			if !s.waitsForLock(t, waiting) {
				t.Error("the writer did not wait in the second try")
			}
		}
		r := s.close(t, october, false)
		copies := s.Int(t, "SELECT count(*) FROM "+s.own("backups"))
		if want := map[bool]int64{false: 1, true: 2}[changes]; tries != 2 || copies != want || len(s.files(t)) != 2*int(want) {
			t.Errorf("closed in %d tries with %d copies, %d recorded", tries, len(s.files(t))/2, copies)
		}
		if err := eventually(t, waiting); err != nil {
			t.Errorf("the writer that waited got %v", err)
		}
		if changes && r.Backup.File != "2025_10/backup_2025_10.r2.csv" {
			t.Errorf("the close rests on %s", r.Backup.File)
		}
		s.Step = nil
		s.wantWhole(t)
		s.reopen(t, october)
	}
}

// waitsForLock reports whether a writer waits for a lock of PostgreSQL's before
// it is done, and leaves its answer where it is.
func (s *studio) waitsForLock(t *testing.T, done chan error) bool {
	t.Helper()
	for len(done) == 0 {
		if s.Int(t, "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") > 0 {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

func TestClose_keeps_writers_out_where_a_foreign_key_is_missing(t *testing.T) {
	storetest.Concurrent(t)
	s := postgresStudio(t)
	s.fullOctober(t)
	s.dropForeignKeys(t)
	waiting := make(chan error, 1)
	waited := true
	s.Step = func(step string) {
		if step != "rows read" {
			return
		}
		go func() {
			_, err := s.SQL.ExecContext(t.Context(), "UPDATE sessoes SET payment_id = 1 WHERE id = 4")
			waiting <- err
		}()
		waited = s.waitsForLock(t, waiting)
	}
	s.close(t, october, false)
	if err := eventually(t, waiting); err != nil || !waited {
		t.Errorf("the late link waited: %t, and then got %v", waited, err)
	}
	// It leads to a payment at rest by now, but is not lost.
	if n := s.Int(t, "SELECT count(*) FROM sessoes WHERE id = 4 AND payment_id = 1"); n != 1 {
		t.Error("the late link is lost")
	}
	s.wantWhole(t)
}

func TestClose_answers_with_the_statement_that_v4_wrote_meanwhile(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Step = func(step string) {
			if step == "locked" {
				s.v4Statement(t, october)
			}
		}
		r, err := s.Close(t.Context(), october, closing.Options{}, "test")
		if e := books.AsError(err); e == nil || e.Code != "already_closed" || r.Outcome != closing.AlreadyClosed {
			t.Errorf("the close answers %+v, %v", r, err)
		}
		if entry := s.closedWith(t, october); entry.Action != books.Adopted {
			t.Errorf("the chain says %s", entry.Action)
		}
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 6 {
			t.Errorf("%d of 6 payments are live", n)
		}
	})
}

func TestClose_that_is_interrupted_leaves_the_month_untouched(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, september, false)
		steps := s.steps(t, september.Add(-1))
		for i, at := range steps[:len(steps)-1] { // after "committed" it has happened
			s.Exec(t, "UPDATE gastos SET valor = $1 WHERE id = 1", i+1) // or the backup would be there already
			before := s.dump(t, v4Tables...)
			ctx, cancel := context.WithCancel(t.Context())
			s.onStep(func(step string) {
				if step == at {
					cancel()
				}
			})
			_, err := s.Close(ctx, october, closing.Options{}, "test")
			cancel()
			s.onStep(nil)
			if err == nil {
				t.Errorf("interrupted at %q, it closed", at)
			}
			wantSame(t, "an interruption at "+at+" changed something", before, s.dump(t, v4Tables...))
		}
		s.close(t, october, false)
		s.wantWhole(t)
	})
}

func TestReopen_loses_nothing_that_another_connection_does_meanwhile(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		for _, at := range []string{"reopen begun", "rows put back"} {
			other := s.meanwhile(t, at, []string{"UPDATE sessoes SET payment_id = 6 WHERE id = 3"})
			r := s.reopen(t, october)
			s.onStep(nil)
			if !other.happened(t) {
				t.Errorf("at %q the other link was not set", at)
			}
			if n := s.Int(t, "SELECT payment_id FROM sessoes WHERE id = 3"); n != 6 {
				t.Errorf("at %q the newer link is lost to %d; noted: %v", at, n, r.Notes)
			}
			s.Exec(t, "UPDATE sessoes SET payment_id = NULL WHERE id = 3")
			s.Exec(t, "UPDATE sessoes SET payment_id = 3 WHERE id = 3")
			s.close(t, october, false)
		}
		s.wantWhole(t)
	})
}

// Whoever of ours adds a row has looked whether its month is closed. If the two
// happen at once, the one who commits second must notice.
func TestClose_lets_no_writer_of_ours_add_to_the_month_while_it_commits(t *testing.T) {
	errClosed := errors.New("the month is closed")
	add := map[string]string{
		"payment":                      "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at) VALUES (90, '2025-10-09', 9, 'Pix', 1, '2025-10-09 12:00:00')",
		"expense":                      "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (90, '2025-10-09', 9, 'Pix', 1, '2025-10-09 12:00:00')",
		"commission without a payment": "INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (90, 1, 10, 9, '2025-10-09 12:00:00')",
	}
	for name, query := range add {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			s := postgresStudio(t)
			s.fullOctober(t)
			added, committed, outcome := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			tries := 0
			s.onStep(func(step string) {
				if step != "transaction begun" || tries > 0 {
					return
				}
				tries++
				go func() {
					first := true
					outcome <- s.Store().Write(t.Context(), func(tx *store.Tx) error {
						last, err := tx.LastEntry(t.Context(), october)
						if err != nil || last.HasStatement() {
							return errors.Join(err, errClosed)
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
			})
			r, err := s.Close(t.Context(), october, closing.Options{}, "test")
			close(committed)
			if err != nil || r.Outcome != closing.Closed {
				t.Fatalf("the close is %s: %v", r.Outcome, err)
			}
			if err := <-outcome; !errors.Is(err, errClosed) {
				t.Errorf("the writer added a row to a month that was closing: %v", err)
			}
			s.onStep(nil)
			s.wantWhole(t)
		})
	}
}
