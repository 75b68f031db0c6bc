package closing_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/logtest"
	"extrato/internal/store"
)

func (s *studio) states(t testing.TB) string {
	t.Helper()
	infos, err := s.Months(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, info := range infos {
		all = append(all, fmt.Sprintf("%s %s", info.Month, info.State))
	}
	return strings.Join(all, ", ")
}

// month2025 is a month of 2025.
func month2025(m time.Month) books.Month { return books.Month{Year: 2025, Month: m} }

func TestMonths_tells_the_state_of_every_month_gaps_too(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.CloseFrom = month2025(time.September)
		s.payment(t, 1, "2025-04-10", "1.00") // before CloseFrom: waits for a person
		s.payment(t, 2, "2025-06-10", "1.00") // closed below
		s.payment(t, 3, "2025-07-10", "1.00") // closed, with a late row below
		s.v4Statement(t, month2025(time.August))
		s.expense(t, 4, "2025-09-10", "1.00")                         // closed and reopened
		s.session(t, 5, "2025-03-01", "1.00", nil)                    // an unpaid session belongs to no month
		s.expense(t, 6, "2026-02-01", "1.00")                         // later than the running month
		s.commission(t, 7, nil, "1.00", "2026-04-01 02:00:00.000000") // still March in São Paulo
		s.close(t, month2025(time.June), false)
		s.close(t, month2025(time.July), false)
		s.close(t, month2025(time.September), false)
		s.reopen(t, month2025(time.September))
		s.expense(t, 3, "2025-07-10", "2.00")
		want := "2025-04 open, 2025-05 open, 2025-06 closed, 2025-07 late, 2025-08 closed, 2025-09 held, " +
			"2025-10 due, 2025-11 open, 2026-02 open, 2026-03 open"
		if got := s.states(t); got != want {
			t.Errorf("the months are\n%s, want\n%s", got, want)
		}
		if info := s.month(t, month2025(time.July)); info.Revision != 1 || info.Counts.Payments != 1 || info.Late.Expenses != 1 {
			t.Errorf("the late month is %+v", info)
		}
		if info := s.month(t, month2025(time.September)); info.Counts.Expenses != 1 || info.Late.Total() != 0 {
			t.Errorf("the held month is %+v", info)
		}
		row, err := s.CloseDue(t.Context(), "schedule") // leaves open, late and held months alone
		if err != nil || row.Err != nil || len(row.Closed) != 1 || row.Closed[0].Month != october {
			t.Errorf("the schedule did %+v, %v", row, err)
		}
	})
}

func TestMonths_of_an_empty_studio_is_the_running_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if got := s.states(t); got != "2025-11 open" {
			t.Errorf("the months are %s", got)
		}
	})
}

// A new studio's first months are empty, and still they are closed: where that
// fails, the list is where a person looks.
func TestMonths_shows_every_month_that_is_due_even_without_a_row(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.CloseFrom = september
		wantDue(t, s, "[2025-09 2025-10]")
		if got := s.states(t); got != "2025-09 due, 2025-10 due, 2025-11 open" {
			t.Errorf("the months are %s", got)
		}
		s.CloseFrom = books.Month{} // the month of the first migration
		s.Clock = noon(2026, time.January, 2)
		wantDue(t, s, "[2025-11 2025-12]")
		if got := s.states(t); got != "2025-11 due, 2025-12 due, 2026-01 open" {
			t.Errorf("three months later they are %s", got)
		}
		s.CloseFrom = books.Month{Year: 2026, Month: time.March}
		if got := s.states(t); got != "2026-01 open" {
			t.Errorf("before the schedule begins they are %s", got)
		}
	})
}

func TestMonths_turns_due_at_the_scheduled_minute(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.CloseFrom = october
		s.payment0(t)
		zone := s.Clock.Location()
		for at, want := range map[time.Time]closing.State{
			time.Date(2025, 10, 31, 23, 59, 59, 0, zone): closing.Open,
			time.Date(2025, 11, 1, 1, 59, 59, 0, zone):   closing.Open,
			time.Date(2025, 11, 1, 2, 0, 0, 0, zone):     closing.Due,
			time.Date(2026, 11, 1, 2, 0, 0, 0, zone):     closing.Due,
		} {
			s.Clock = at
			if got := s.month(t, october).State; got != want {
				t.Errorf("at %s October is %s, want %s", at, got, want)
			}
			due, err := s.DueMonths(t.Context())
			if err != nil || slices.Contains(due, october) != (want == closing.Due) {
				t.Errorf("at %s %v are due, %v", at, due, err)
			}
		}
	})
}

// payment0 adds people and one payment in October.
func (s *studio) payment0(t testing.TB) {
	t.Helper()
	s.people(t)
	s.payment(t, 1, "2025-10-03", "12.30")
}

func TestDueMonths_begins_with_the_month_of_the_first_migration_unless_told_otherwise(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.payment0(t)
		s.Clock = noon(2026, time.January, 2)
		wantDue(t, s, "[2025-11 2025-12]") // the database was made in November
		s.CloseFrom = october
		wantDue(t, s, "[2025-10 2025-11 2025-12]")
		s.CloseFrom = books.Month{Year: 2026, Month: time.March}
		wantDue(t, s, "[]")
		s.CloseFrom = books.Month{}
		err := s.Store().Write(t.Context(), func(tx *store.Tx) error { return tx.SetSetting(t.Context(), store.CloseFrom, "2025-12") })
		if err != nil {
			t.Fatal(err)
		}
		wantDue(t, s, "[2025-12]")
	})
}

func wantDue(t *testing.T, s *studio, want string) {
	t.Helper()
	due, err := s.DueMonths(t.Context())
	if err != nil || fmt.Sprint(due) != want {
		t.Errorf("%v are due, %v, want %s", due, err, want)
	}
}

func TestCloseDue_makes_up_for_three_months_without_a_process_oldest_first(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.CloseFrom = october
		s.payment(t, 90, "2026-01-15", "1.00") // December stays empty
		s.Clock = noon(2026, time.February, 5)
		row, err := s.CloseDue(t.Context(), "schedule")
		if err != nil || row.Err != nil || len(row.Waiting) != 0 {
			t.Fatalf("the schedule did %+v, %v", row, err)
		}
		var closed []string
		for _, r := range row.Closed {
			closed = append(closed, r.Month.String())
			if len(r.EarlierOpen) != 1 || r.EarlierOpen[0] != september {
				t.Errorf("%s closed with %v open before it", r.Month, r.EarlierOpen)
			}
		}
		if strings.Join(closed, " ") != "2025-10 2025-11 2025-12 2026-01" {
			t.Errorf("closed %v", closed)
		}
		again, err := s.CloseDue(t.Context(), "schedule")
		if err != nil || len(again.Closed) != 0 {
			t.Errorf("the second time it did %+v, %v", again, err)
		}
		s.wantWhole(t)
	})
}

func TestCloseDue_stops_at_the_first_failure_and_names_the_months_behind_it(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.CloseFrom = october
		s.Clock = noon(2026, time.February, 5)
		s.Exec(t, "ALTER TABLE pagamentos ADD COLUMN recibo TEXT")
		s.Exec(t, "UPDATE pagamentos SET recibo = '7' WHERE id = 6") // November's
		row, err := s.CloseDue(t.Context(), "schedule")
		if err != nil || len(row.Closed) != 1 || row.Closed[0].Month != october || row.Failed != november {
			t.Errorf("the schedule did %+v, %v", row, err)
		}
		if e := books.AsError(row.Err); e == nil || e.Code != "unknown_column" {
			t.Errorf("it failed with %v", row.Err)
		}
		if fmt.Sprint(row.Waiting) != "[2025-12 2026-01]" {
			t.Errorf("%v wait", row.Waiting)
		}
		wantDue(t, s, "[2025-11 2025-12 2026-01]")
		s.Exec(t, "UPDATE pagamentos SET recibo = NULL")
		if row, err = s.CloseDue(t.Context(), "schedule"); err != nil || row.Err != nil || len(row.Closed) != 3 {
			t.Errorf("afterwards it did %+v, %v", row, err)
		}
	})
}

// afterLog calls do with every message.
type afterLog struct {
	slog.Handler
	do func(message string)
}

func (a afterLog) Enabled(context.Context, slog.Level) bool { return true }

func (a afterLog) Handle(_ context.Context, r slog.Record) error {
	a.do(r.Message)
	return nil
}

func TestCloseDue_takes_a_month_that_somebody_else_closes_meanwhile_for_done(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.CloseFrom = october
		s.Clock = noon(2025, time.December, 5)
		other := newCloser(t, s.Store(), s.Folder, s.Now)
		raced := false
		s.Log = slog.New(afterLog{logtest.Quiet(t).Handler(), func(message string) { // the lock is free by then
			if message == "month closed" && !raced {
				raced = true
				if _, err := other.Close(t.Context(), november, closing.Options{}, "other"); err != nil {
					t.Error(err)
				}
			}
		}})
		row, err := s.CloseDue(t.Context(), "schedule")
		if err != nil || row.Err != nil || len(row.Closed) != 2 || row.Closed[1].Outcome != closing.AlreadyClosed {
			t.Errorf("the schedule did %+v, %v", row, err)
		}
	})
}

func TestClose_of_a_month_names_the_earlier_ones_that_are_open(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.CloseFrom = month2025(time.August)
		s.payment(t, 1, "2025-05-03", "1.00") // before CloseFrom, with rows
		s.expense(t, 1, "2025-07-03", "1.00")
		s.close(t, month2025(time.July), false)
		s.reopen(t, month2025(time.July))
		s.close(t, month2025(time.August), false)
		if r := s.close(t, october, false); fmt.Sprint(r.EarlierOpen) != "[2025-05 2025-07 2025-09]" {
			t.Errorf("%v are open before October", r.EarlierOpen)
		}
	})
}

func TestMonths_say_the_worst_of_the_newest_copy_and_the_statements(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		r := s.close(t, october, false)
		s.payment(t, 90, "2025-10-05", "1.00")
		newest := s.backUp(t, october)
		says := func(want string) {
			t.Helper()
			s.verify(t, october, "")
			info, _, err := s.Month(t.Context(), october)
			if listed := s.month(t, october); err != nil || listed.Backup != want || !reflect.DeepEqual(info.MonthInfo, listed) {
				t.Errorf("the list says %s, the month %s (%v), want %s", listed.Backup, info.Backup, err, want)
			}
		}
		says("verified")
		for file, want := range map[string]string{r.Backup.File: "missing", newest.File: "missing"} {
			path := filepath.Join(s.Folder, file)
			if err := os.Rename(path, path+".away"); err != nil {
				t.Fatal(err)
			}
			says(want)
			if err := os.Rename(path+".away", path); err != nil {
				t.Fatal(err)
			}
		}
		s.damage(t, r.Backup.File, func(text string) string { return text[1:] })
		says("corrupt")
		s.Exec(t, "DELETE FROM "+s.own("backups")+" WHERE file = $1", r.Backup.File)
		if info := s.month(t, october); info.Backup != "unverified" {
			t.Errorf("of a statement's copy that is not recorded the list says %s", info.Backup)
		}
	})
}
