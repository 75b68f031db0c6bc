package closing_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// crowd returns n closers over the studio's database and folder, each with
// connections of its own, as separate programs have.
func (s *studio) crowd(t *testing.T, n int) []*closing.Closer {
	t.Helper()
	var all []*closing.Closer
	for range n {
		own, err := store.Open(t.Context(), store.Options{URL: s.URL, Zone: storetest.Zone, Now: s.Now}, false)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(own.Close)
		all = append(all, newCloser(t, own, s.Folder, s.Now))
	}
	return all
}

// atOnce runs do for each closer at the same time.
func atOnce(closers []*closing.Closer, do func(int, *closing.Closer)) {
	var ready, done sync.WaitGroup
	ready.Add(1)
	for i, c := range closers {
		done.Go(func() {
			ready.Wait()
			do(i, c)
		})
	}
	ready.Done()
	done.Wait()
}

func TestOf_eight_closers_one_closes_the_month(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "12.30")
		s.payment(t, 2, "2025-11-01", "450.00")
		results, errs := make([]closing.Result, 8), make([]error, 8)
		atOnce(s.crowd(t, 8), func(i int, c *closing.Closer) {
			results[i], errs[i] = c.Close(t.Context(), october, closing.Options{}, "test")
		})
		closed, documents := 0, map[string]bool{}
		for i, r := range results {
			switch {
			case errs[i] == nil && r.Outcome == closing.Closed:
				closed++
			case !errors.Is(errs[i], books.ErrClosed) || r.Outcome != closing.AlreadyClosed:
				t.Errorf("closer %d: %+v, %v", i, r, errs[i])
			}
			r.Outcome, r.CorrelationID, r.Seconds = "", "", 0
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			documents[string(text)] = true
		}
		if closed != 1 || len(documents) != 1 {
			t.Errorf("%d closed the month, and they tell %d different things", closed, len(documents))
		}
		s.oneClosing(t, 1)
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 1 {
			t.Errorf("%d payments are live, want November's", n)
		}
	})
}

// oneClosing fails the test unless the chain has so many entries, all intact,
// and there is one copy of October's backup.
func (s *studio) oneClosing(t *testing.T, entries int64) {
	t.Helper()
	audit, err := s.VerifyChain(t.Context())
	if err != nil || !audit.OK || audit.Entries != entries {
		t.Errorf("the chain says %+v, %v, want %d entries", audit, err, entries)
	}
	files, err := os.ReadDir(filepath.Join(s.Folder, "2025_10"))
	if err != nil || len(files) != 2 {
		t.Errorf("there are %d files (%v), want one copy and its manifest", len(files), err)
	}
}

func TestOf_eight_reopeners_one_reopens_the_month(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "12.30")
		before := s.live(t, october)
		s.close(t, october, false)
		errs := make([]error, 8)
		atOnce(s.crowd(t, 8), func(i int, c *closing.Closer) { _, errs[i] = c.Reopen(t.Context(), october, "test", "test") })
		reopened := 0
		for _, err := range errs {
			if err == nil {
				reopened++
			} else if books.AsError(err).Code != "month_held" {
				t.Errorf("reopen: %v", err)
			}
		}
		if reopened != 1 || s.live(t, october) != before {
			t.Errorf("%d reopened the month", reopened)
		}
		s.oneClosing(t, 2)
	})
}

func TestClosers_and_reopeners_at_once_lose_nothing(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "12.30")
		before := s.live(t, october)
		for range 3 {
			atOnce(s.crowd(t, 8), func(i int, c *closing.Closer) {
				var err error
				switch i % 4 {
				case 0:
					_, err = c.Reopen(t.Context(), october, "test", "test")
				case 1:
					_, err = c.CreateBackup(t.Context(), october, "test")
				default:
					_, err = c.Close(t.Context(), october, closing.Options{Force: i%4 == 3}, "test")
				}
				if err != nil && !errors.Is(err, books.ErrClosed) && !errors.Is(err, books.ErrNotClosed) && books.AsError(err).Code != "month_held" {
					t.Errorf("closer %d: %v", i, err)
				}
			})
		}
		r, err := s.Close(t.Context(), october, closing.Options{}, "test")
		if err != nil && !errors.Is(err, books.ErrClosed) || r.Fingerprint != before {
			t.Errorf("in the end the month is %+v, %v", r, err)
		}
		audit, err := s.VerifyChain(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.oneClosing(t, audit.Entries)
	})
}

func TestWho_waits_for_another_says_for_whom(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		unlock, err := s.crowd(t, 1)[0].Store.LockMonth(t.Context(), october, nil)
		if err != nil {
			t.Fatal(err)
		}
		waitsFor := make(chan string, 1)
		s.Step = func(step string) {
			if who, ok := strings.CutPrefix(step, "waiting for "); ok {
				waitsFor <- who
				unlock()
			}
		}
		s.close(t, october, false)
		if who := <-waitsFor; !strings.Contains(who, fmt.Sprintf("process %d on ", os.Getpid())) {
			t.Errorf("waits for %q", who)
		}
	})
}
