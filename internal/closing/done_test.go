package closing_test

import (
	"context"
	"slices"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store/storetest"
)

// afterCommit are what can happen to an answer.
var afterCommit = map[string]func(*testing.T, *studio, context.CancelFunc){
	"a broken setting": func(t *testing.T, s *studio, _ context.CancelFunc) {
		s.Exec(t, "UPDATE "+s.own("settings")+" SET value = 'ontem' WHERE name = 'close_from'")
	},
	"an interruption": func(_ *testing.T, _ *studio, interrupt context.CancelFunc) { interrupt() },
	"lost connections": func(t *testing.T, s *studio, _ context.CancelFunc) {
		if s.Store().Postgres() {
			s.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'extrato%'")
		}
	},
}

func TestWhat_was_committed_is_answered_as_done(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		for name, happens := range afterCommit {
			for _, step := range []string{"committed", "reopened"} {
				ctx, interrupt := context.WithCancel(t.Context())
				at := step
				if name == "a broken setting" {
					at = "locked" // what an answer says besides is read before
				}
				s.Step = func(now string) {
					if now == at {
						happens(t, s, interrupt)
					}
				}
				last := s.Int(t, "SELECT coalesce(max(id), 0) FROM "+s.own("runs"))
				var r closing.Result
				var err error
				want := closing.Closed
				if step == "committed" {
					r, err = s.Close(ctx, october, closing.Options{}, "test")
				} else {
					want = closing.Outcome(books.Reopened)
					r, err = s.Reopen(ctx, october, "teste", "test")
				}
				interrupt()
				s.Step = nil
				if pool := s.Store().Pool(); pool != nil {
					pool.Reset() // or the next act would meet the connections that were lost
				}
				if err != nil || r.Outcome != want || r.Counts != fullCounts || r.Chain.Seq == 0 || r.EarlierOpen == nil {
					t.Errorf("%s, %s: %+v, %v", name, step, r, err)
				}
				if runs := s.texts(t, "SELECT result FROM "+s.own("runs")+" WHERE id > $1", last); !slices.Equal(runs, []string{string(want)}) {
					t.Errorf("%s, %s: recorded as %q", name, step, runs)
				}
				if n := s.Int(t, "SELECT count(*) FROM "+s.own("settings")+" WHERE value = 'ontem'"); n == 1 && len(r.Notes) == 0 {
					t.Errorf("%s, %s: nothing says that the earlier months are unknown", name, step)
				}
				s.Exec(t, "UPDATE "+s.own("settings")+" SET value = '2025-10' WHERE name = 'close_from'")
			}
		}
		if n := s.Int(t, "SELECT count(*) FROM extrato_run_logs WHERE status = 'error'"); n != 0 {
			t.Error("v4's log has an error")
		}
	})
}

func TestCloseDue_that_is_interrupted_says_what_it_closed_and_stops_before_the_next(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.CloseFrom = september.Add(-1)
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		s.Step = func(step string) {
			if step == "committed" {
				interrupt()
			}
		}
		row, err := s.CloseDue(ctx, "test")
		if err != nil || len(row.Closed) != 1 || row.Failed != september || row.Err == nil || !slices.Equal(row.Waiting, []books.Month{october}) {
			t.Errorf("closed %+v, failed %s with %v, waiting %v; %v", row.Closed, row.Failed, row.Err, row.Waiting, err)
		}
		if runs := s.texts(t, "SELECT result FROM "+s.own("runs")); !slices.Equal(runs, []string{"closed"}) {
			t.Errorf("recorded as %q", runs)
		}
	})
}
