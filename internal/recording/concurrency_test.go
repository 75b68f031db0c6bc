package recording_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recording"
	"extrato/internal/store"
)

func TestOf_two_who_saw_the_same_one_wins(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		id := s.pay(t, paid("2025-11-01", 1_00), 0)
		seen := get[*books.Payment](t, s, books.PaymentKind, id)
		stale := errors.New("stale")
		match := func(row books.Row) error {
			if !books.Equal(row, seen) {
				return stale
			}
			return nil
		}
		const writers = 6
		errs := make([]error, writers)
		var wait sync.WaitGroup
		for i := range writers {
			wait.Go(func() {
				p := paid("2025-11-01", books.Money(1000+i))
				p.ID = id
				errs[i] = s.write(t, func(ctx context.Context, tx *store.Tx) error {
					return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, match))
				})
			})
		}
		wait.Wait()
		won := -1
		for i, err := range errs {
			switch {
			case err == nil && won >= 0:
				t.Errorf("%d and %d both won", won, i)
			case err == nil:
				won = i
			case !errors.Is(err, stale):
				t.Errorf("writer %d: %v", i, err)
			}
		}
		if got := get[*books.Payment](t, s, books.PaymentKind, id); won < 0 || got.Amount != books.Money(1000+won) {
			t.Errorf("%d won, the amount is %s", won, got.Amount)
		}
	})
}

// A payment that comes while its month closes is in the statement or refused:
// never late.
func TestNo_payment_becomes_late_while_its_month_closes(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.pay(t, paid("2025-10-10", 100_00), 60_00)
		done := make(chan error, 1)
		var wait sync.WaitGroup
		var lock sync.Mutex
		var kept []books.ID
		for range 4 {
			wait.Go(func() {
				for range 200 {
					var done recording.Done
					err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
						var err error
						done, err = s.r.AddPayment(ctx, tx, eva, sure(paid("2025-10-11", 1_00), 0))
						return err
					})
					switch e := books.AsError(err); {
					case err == nil:
						lock.Lock()
						kept = append(kept, done.ID)
						lock.Unlock()
					case e.Code == "month_closed":
						return
					case e.Code != "busy":
						t.Error(err)
						return
					}
				}
			})
		}
		go func() {
			for {
				_, err := s.closer.Close(t.Context(), october, closing.Options{}, "test")
				if err == nil || books.AsError(err).Kind != books.Conflict {
					done <- err
					return
				}
			}
		}()
		if err := <-done; err != nil {
			t.Error(err)
		}
		wait.Wait()
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 0 {
			t.Errorf("%d payments are late", n)
		}
		st, err := s.closer.Statement(t.Context(), october)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range kept {
			if !slices.ContainsFunc(st.Rows, func(r books.Row) bool { return r.Kind() == books.PaymentKind && r.Key() == id }) {
				t.Errorf("payment %d is nowhere", id)
			}
		}
	})
}

// A payment that is written while its month closes, and committed after that,
// is refused, whenever it was written and wherever in its table it stands.
func TestA_payment_that_is_not_committed_before_the_close_is_not_late(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if !s.Store.Postgres() {
			t.Skip("SQLite has one writer")
		}
		fill := `INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, created_at)
			SELECT '2025-10-20', 5, 'Pix', 1, '2025-10-20 12:00:00' FROM generate_series(1, 500)` // more than a page
		for i, when := range []string{"locked", "transaction begun", "rows read", "statement stored", "rows deleted"} {
			for _, again := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, tried again %t", when, again), func(t *testing.T) {
					month := october.Add(-i)
					if again {
						month = month.Add(-12)
					}
					s.Exec(t, fill)
					s.Exec(t, "UPDATE pagamentos SET data = $1", month.First().String())
					written, goOn, done := make(chan bool, 1), make(chan bool), make(chan error)
					var once sync.Once
					write := func() {
						done <- s.write(t, func(ctx context.Context, tx *store.Tx) error {
							_, err := s.r.AddPayment(ctx, tx, eva, sure(paid(month.First().String(), 1_00), 0))
							once.Do(func() { written <- true; <-goOn })
							return err
						})
					}
					tries, begun := 0, false
					s.closer.Step = func(step string) {
						if step == "rows read" {
							if tries++; again && tries == 1 { // so that this try is lost
								s.Exec(t, "UPDATE pagamentos SET valor = valor")
							}
						}
						if step == when && !begun {
							begun = true
							go write()
							select {
							case <-written:
							case <-time.After(time.Second): // the second try keeps it out
							}
						}
					}
					_, err := s.closer.Close(t.Context(), month, closing.Options{}, "test")
					s.closer.Step = nil
					if close(goOn); err != nil {
						t.Error(err)
					}
					if e := books.AsError(<-done); e == nil || e.Code != "month_closed" {
						t.Errorf("the payment: %v", e)
					}
					if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 0 {
						t.Errorf("%d payments are late", n)
					}
				})
			}
		}
	})
}
