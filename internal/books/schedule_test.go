package books_test

import (
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

func TestMonthsBecomeDueOnTheStudiosClock(t *testing.T) {
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

func TestTheUsualScheduleIsDueEveryMonthOfACentury(t *testing.T) {
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

func TestMonthsAreNeverDueBeforeTheyEnd(t *testing.T) {
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

func TestSchedulesThatMeanNothingAreRefused(t *testing.T) {
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
