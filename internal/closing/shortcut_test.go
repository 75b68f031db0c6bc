package closing_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// readAgain closes a month, with something done at a step, and reports whether
// a transaction read the rows a second time.
func (s *studio) readAgain(t *testing.T, month books.Month, at string, do func()) bool {
	t.Helper()
	again, done := false, false
	s.onStep(func(step string) {
		again = again || step == "rows read again"
		if step == at && !done {
			done = true
			do()
		}
	})
	defer s.onStep(nil)
	s.close(t, month, false)
	if at != "" && !done {
		t.Fatalf("the close never reached %q", at)
	}
	return again
}

// crowded sets a scene in a month of its own for each call.
func (s *studio) crowded(t *testing.T) func() scene {
	t.Helper()
	s.people(t)
	s.Clock = noon(2090, time.January, 2)
	c := scene{base: 0, month: books.Month{Year: 2000, Month: time.January}}
	return func() scene {
		c = scene{base: c.base + 100, month: c.month.Add(2)}
		s.set(t, c)
		return c
	}
}

func TestClose_reads_the_rows_once_where_nobody_writes(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		next := s.crowded(t)
		quiet := func(month books.Month) bool { return !s.readAgain(t, month, "", nil) }
		reused := func(month books.Month) bool {
			s.backUp(t, month)
			return quiet(month)
		}
		for name, takes := range map[string]func(books.Month) bool{"new backup": quiet, "backup that was there": reused} {
			took := false
			for try := 0; try < 3 && !took; try++ { // PostgreSQL's own housekeeping counts as somebody who writes
				c := next()
				before := liveRows(t, s.SQL, c)
				took = takes(c.month)
				wantWorld(t, before, s.world(t, c))
			}
			if !took {
				t.Errorf("with a %s, the rows were read again", name)
			}
		}
		s.wantWhole(t)
	})
}

func TestClose_reads_the_rows_again_after_any_commit_since_it_read_them(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		next := s.crowded(t)
		steps := s.steps(t, next().month)
		between := steps[slices.Index(steps, "backup staged") : slices.Index(steps, "transaction begun")+1]
		for name, write := range s.writers(t) {
			for _, step := range between {
				if step == "transaction begun" && !s.Store().Postgres() {
					continue // SQLite's only writer is the close
				}
				t.Run(strings.ReplaceAll(name+"/"+step, " ", "_"), func(t *testing.T) {
					c := next()
					before := liveRows(t, s.SQL, c)
					s.reconnect() // a new session counts from the same number as the next one
					if !s.readAgain(t, c.month, step, func() { write(c.id(1)) }) {
						t.Error("the rows were not read again")
					}
					before[fmt.Sprintf("gasto %d", c.id(1))].(*books.Expense).Amount = 7_00
					wantWorld(t, before, s.world(t, c))
				})
			}
		}
		s.wantWhole(t)
	})
}

// writers are those who may write beside a close, each changing an expense.
func (s *studio) writers(t *testing.T) map[string]func(expense int) {
	const change = "UPDATE gastos SET valor = 7 WHERE id = $1"
	elsewhere := func(fn func() error) {
		done := make(chan error)
		go func() { done <- fn() }()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	return map[string]func(int){
		"another connection": func(id int) { s.Exec(t, change, id) },
		"another goroutine": func(id int) {
			elsewhere(func() error {
				return s.Store().Write(t.Context(), func(tx *store.Tx) error {
					_, err := tx.SQL().ExecContext(t.Context(), change, id)
					return err
				})
			})
		},
		"a library with the same connections": func(id int) {
			elsewhere(func() error {
				_, err := s.Store().DB().ExecContext(t.Context(), change, id)
				return err
			})
		},
		"another connection while ours is lost": func(id int) {
			s.Exec(t, change, id)
			s.reconnect()
		},
	}
}

// reconnect makes the program's next session with the database another one.
func (s *studio) reconnect() {
	if pool := s.Store().Pool(); pool != nil {
		pool.Reset()
		return
	}
	s.Store().DB().SetMaxIdleConns(0)
	s.Store().DB().SetMaxIdleConns(2)
}

func TestClose_reads_the_rows_again_if_somebody_was_writing_while_it_read_them(t *testing.T) {
	s := postgresStudio(t)
	next := s.crowded(t)
	for _, overtaken := range []bool{false, true} {
		for _, commit := range []string{"backup staged", "backed up", "transaction begun"} {
			c := next()
			before := liveRows(t, s.SQL, c)
			tx, err := s.SQL.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(t.Context(), "UPDATE gastos SET valor = 7 WHERE id = $1", c.id(1)); err != nil {
				t.Fatal(err)
			}
			if overtaken { // by somebody who began later and has committed
				s.Exec(t, "UPDATE gastos SET valor = valor WHERE id = $1", c.id(2))
			}
			again := s.readAgain(t, c.month, commit, func() {
				if err := tx.Commit(); err != nil {
					t.Error(err)
				}
			})
			if !again {
				t.Errorf("committed at %q, and the rows were not read again", commit)
			}
			before[fmt.Sprintf("gasto %d", c.id(1))].(*books.Expense).Amount = 7_00
			wantWorld(t, before, s.world(t, c))
		}
	}
	s.wantWhole(t)
}

func TestClose_reads_the_rows_again_where_there_is_no_backup(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		c := s.crowded(t)()
		before := liveRows(t, s.SQL, c)
		s.RequireBackup = false
		s.Backups.Bucket = faultyBucket{Bucket: s.Backups.Bucket, stage: syscall.EROFS}
		if !s.readAgain(t, c.month, "", nil) {
			t.Error("the rows were not read again")
		}
		wantWorld(t, before, s.world(t, c))
	})
}

func TestClose_reads_the_rows_again_for_a_revision(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.payment(t, 50, "2025-10-09", "5.00")
		again := false
		s.onStep(func(step string) { again = again || step == "rows read again" })
		defer s.onStep(nil)
		if _, err := s.Close(t.Context(), october, closing.Options{Force: true}, "test"); err != nil || !again {
			t.Errorf("read again: %t, %v", again, err)
		}
		s.wantWhole(t)
	})
}
