package books_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

func schedule(t rapid.TB, expression string) books.Schedule {
	t.Helper()
	s, err := books.ParseSchedule(expression)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMonths_become_due_on_the_studios_clock(t *testing.T) {
	const usual = "0 2 1 * *"
	for _, c := range []struct{ name, expression, month, zone, due string }{
		{"the usual", usual, "2025-10", "America/Sao_Paulo", "2025-11-01T02:00:00-03:00"},
		{"over new year", usual, "2025-12", "America/Sao_Paulo", "2026-01-01T02:00:00-03:00"},
		{"a leap February", usual, "2024-02", "Europe/Lisbon", "2024-03-01T02:00:00Z"},
		{"02:00 of day 1 does not exist", usual, "2028-09", "Australia/Lord_Howe", "2028-10-01T02:30:00+11:00"},
		{"02:00 of day 1 does not exist", usual, "2023-09", "Australia/Lord_Howe", "2023-10-01T02:30:00+11:00"},
		{"midnight does not exist", "15 0 1 * *", "2017-09", "America/Asuncion", "2017-10-01T01:00:00-03:00"},
		{"00:30 comes twice", "30 0 1 * *", "2015-10", "America/Havana", "2015-11-01T00:30:00-04:00"},
		{"in summer time", usual, "2025-12", "Pacific/Auckland", "2026-01-01T02:00:00+13:00"},
		{"day 29 of February", "0 2 29 * *", "2024-01", "UTC", "2024-02-29T02:00:00Z"},
		{"no day 29 in February", "0 2 29 * *", "2025-01", "UTC", "2025-03-29T02:00:00Z"},
		{"no day 31 in November", "0 2 31 * *", "2025-10", "UTC", "2025-12-31T02:00:00Z"},
		{"day 30", "0 2 30 * *", "2025-01", "UTC", "2025-03-30T02:00:00Z"},
		{"first of January alone", "0 2 1 1 *", "2025-01", "UTC", "2026-01-01T02:00:00Z"},
		{"a century without a leap day", "0 2 29 2 *", "2096-03", "UTC", "2104-02-29T02:00:00Z"},
		{"at once", "* * * * *", "2025-10", "America/Sao_Paulo", "2025-11-01T00:00:00-03:00"},
		{"the first Monday", "0 6 * * 1", "2025-10", "UTC", "2025-11-03T06:00:00Z"},
		{"the last month there is", usual, "2100-12", "UTC", "2101-01-01T02:00:00Z"},
	} {
		due := schedule(t, c.expression).DueAt(month(t, c.month), zone(t, c.zone))
		if got := due.Format(time.RFC3339); got != c.due {
			t.Errorf("%s: %s under %q in %s is due at %s, want %s", c.name, c.month, c.expression, c.zone, got, c.due)
		}
	}
}

func TestThe_usual_schedule_is_due_every_month_of_a_century(t *testing.T) {
	s := schedule(t, "0 2 1 * *")
	for _, name := range zones {
		z := zone(t, name)
		for m := month(t, "2000-01"); m.Year <= 2100; m = m.Add(1) {
			next := m.Add(1)
			want := firstReading(time.Date(next.Year, next.Month, 1, 2, 0, 0, 0, time.UTC), z)
			if due := s.DueAt(m, z); !due.Equal(want) {
				t.Errorf("%v in %s is due at %v, want %v", m, name, due, want.In(z))
			}
		}
	}
}

func TestMonths_are_never_due_before_they_end(t *testing.T) {
	expressions := rapid.SampledFrom([]string{"0 2 1 * *", "* * * * *", "59 23 31 * *", "0 0 29 2 *", "30 0 * * 0", "0 12 15 6,12 *"})
	rapid.Check(t, func(t *rapid.T) {
		m := anyMonth.Draw(t, "month")
		z, _ := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		s, err := books.ParseSchedule(expressions.Draw(t, "expression"))
		if err != nil {
			t.Fatal(err)
		}
		if due := s.DueAt(m, z); due.Before(m.End(z)) || !due.Equal(s.DueAt(m, z)) {
			t.Fatalf("%v is due at %v, before its end or not always then", m, due)
		}
	})
}

func TestSchedules_that_mean_nothing_are_refused(t *testing.T) {
	for _, expression := range []string{
		"", "monthly", "@monthly", "@every 1h", "0 2 1 *", "0 0 2 1 * *", "60 2 1 * *", "0 2 0 * *", "0 2 31 2 *", "0 2 30 2 *",
		"TZ=Asia/Tokyo 0 2 1 * *", "CRON_TZ=UTC 0 2 1 * *", "TZ=Asia/Tokyo", "TZ=",
	} {
		_, err := books.ParseSchedule(expression)
		wants(t, err, books.Invalid, "invalid_schedule")
	}
	if s := schedule(t, "0 2 1 * *"); s.String() != "0 2 1 * *" {
		t.Error(s)
	}
}

// wallAt returns, by trying minute after minute, the first instant at which
// the studio's clock shows this time or a later one on that day or after it.
func wallAt(year int, month time.Month, day, hour, minute int, zone *time.Location) time.Time {
	want := [5]int{year, int(month), day, hour, minute}
	for at := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Add(-16 * time.Hour); ; at = at.Add(time.Minute) {
		l := at.In(zone)
		if slices.Compare([]int{l.Year(), int(l.Month()), l.Day(), l.Hour(), l.Minute()}, want[:]) >= 0 {
			return at
		}
	}
}

func TestTwenty_years_fall_due_as_the_wall_clock_says(t *testing.T) {
	for _, name := range []string{"America/Sao_Paulo", "Europe/Lisbon", "Pacific/Auckland", "Australia/Lord_Howe", "UTC"} {
		t.Run(strings.ReplaceAll(name, "/", " "), func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct{ day, hour, minute int }{{1, 2, 0}, {1, 0, 0}, {1, 2, 30}, {1, 23, 59}, {2, 3, 17}, {29, 2, 0}, {30, 2, 15}, {31, 0, 30}} {
				schedule, err := books.ParseSchedule(fmt.Sprintf("%d %d %d * *", c.minute, c.hour, c.day))
				if err != nil {
					t.Fatal(err)
				}
				for m := (books.Month{Year: 2018, Month: time.January}); m.Year < 2041; m = m.Add(1) {
					next := m.Add(1)
					for time.Date(next.Year, next.Month, c.day, 0, 0, 0, 0, time.UTC).Day() != c.day {
						next = next.Add(1) // this one is too short
					}
					want := wallAt(next.Year, next.Month, c.day, c.hour, c.minute, zone)
					if got := schedule.DueAt(m, zone); !got.Equal(want) {
						t.Errorf("%s by %s: due %s, the wall clock says %s", m, schedule, got, want.In(zone))
					}
				}
			}
		})
	}
}

func TestA_month_falls_due_whatever_the_zone_becomes(t *testing.T) {
	schedule, err := books.ParseSchedule("0 2 1 * *")
	if err != nil {
		t.Fatal(err)
	}
	var zones []*time.Location
	for _, name := range []string{"America/Sao_Paulo", "Pacific/Auckland", "Pacific/Pago_Pago", "Australia/Lord_Howe"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	for m := (books.Month{Year: 2020, Month: time.January}); m.Year < 2040; m = m.Add(1) {
		for _, from := range zones {
			for _, to := range zones {
				if a, b := schedule.DueAt(m, from), schedule.DueAt(m.Add(1), to); !a.Before(b) || !m.EndedBy(a) || !m.Add(1).EndedBy(b) {
					t.Errorf("%s in %s is due %s, the next in %s %s", m, from, a, to, b)
				}
			}
		}
	}
}
