package books_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

func TestMonths_are_read_from_2000_to_2100(t *testing.T) {
	for _, s := range []string{"2000-01", "2025-10", "2100-12"} {
		if m := month(t, s); m.String() != s || !m.Valid() || m.IsZero() {
			t.Errorf("%q became %v", s, m)
		}
	}
	for _, s := range []string{"", "2025", "2025-1", "2025-13", "2025-00", "1999-12", "2101-01", "2025-1O", "2025/10", "2025-10-01", " 2025-10", "-025-10", "+025-10", "２025-10"} {
		m, err := books.ParseMonth(s)
		wants(t, err, books.Invalid, "invalid_month")
		if !m.IsZero() {
			t.Errorf("%q was refused and still gave %v", s, m)
		}
	}
}

func TestMonths_survive_text_and_JSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMonth.Draw(t, "month")
		raw, err := json.Marshal(m)
		var back books.Month
		if err != nil || json.Unmarshal(raw, &back) != nil || back != m {
			t.Fatalf("%v became %s and %v", m, raw, back)
		}
	})
	m := month(t, "2025-10")
	if err := json.Unmarshal([]byte(`"2025-13"`), &m); err == nil || !m.IsZero() {
		t.Errorf("2025-13 was taken as %v", m)
	}
}

func TestMonths_count_on_and_back(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, n := anyMonth.Draw(t, "month"), rapid.IntRange(-600, 600).Draw(t, "n")
		later := m.Add(n)
		if want := books.MonthOf(time.Date(m.Year, m.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)); later != want {
			t.Fatalf("%v + %d = %v, want %v", m, n, later, want)
		}
		if later.Add(-n) != m || m.Before(later) != (n > 0) || later.Before(m) != (n < 0) {
			t.Fatalf("%v + %d = %v does not lead back or is out of order", m, n, later)
		}
	})
}

func TestMonths_know_their_first_and_last_day(t *testing.T) {
	for s, last := range map[string]string{
		"2025-01": "2025-01-31", "2025-04": "2025-04-30", "2025-02": "2025-02-28", "2024-02": "2024-02-29",
		"2000-02": "2000-02-29", "2100-02": "2100-02-28", "2025-12": "2025-12-31",
	} {
		m := month(t, s)
		if m.First().String() != s+"-01" || m.Last().String() != last || m.Last().Month() != m {
			t.Errorf("%s runs from %v to %v, want the last day %s", s, m.First(), m.Last(), last)
		}
	}
}

// zones are places whose clocks do things to a month's edge.
var zones = []string{
	"America/Sao_Paulo", "Europe/Lisbon", "Pacific/Auckland", "Australia/Lord_Howe", "UTC",
	"America/Asuncion", "America/Havana", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu",
}

// firstReading looks at the clock every five minutes until it shows wall or later.
func firstReading(wall time.Time, zone *time.Location) time.Time {
	for t := wall.Add(-15 * time.Hour); ; t = t.Add(5 * time.Minute) {
		_, offset := t.In(zone).Zone()
		if !t.Add(time.Duration(offset) * time.Second).Before(wall) {
			return t
		}
	}
}

func TestMonths_start_when_the_studios_clock_first_shows_day_1(t *testing.T) {
	for _, name := range zones {
		z := zone(t, name)
		for m := month(t, "2000-02"); m.Year <= 2100; m = m.Add(1) {
			start := m.Start(z)
			want := firstReading(time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, time.UTC), z)
			if !start.Equal(want) || start.Location() != z || books.MonthOf(start) != m {
				t.Errorf("%v in %s starts at %v, want %v", m, name, start, want.In(z))
			}
			if !m.Add(-1).End(z).Equal(start) {
				t.Errorf("%v in %s does not end where %v starts", m.Add(-1), name, m)
			}
		}
	}
}

func TestMonths_start_where_clocks_skip_or_repeat_midnight(t *testing.T) {
	for _, c := range []struct{ month, zone, start string }{
		{"2017-10", "America/Asuncion", "2017-10-01T01:00:00-03:00"}, // no midnight
		{"2015-11", "America/Havana", "2015-11-01T00:00:00-04:00"},   // two midnights
		{"2041-01", "Europe/Lisbon", "2041-01-01T00:00:00Z"},         // Go's own zone rules stumble on 2040-12-31
		{"2018-11", "America/Sao_Paulo", "2018-11-01T00:00:00-03:00"},
		{"2025-10", "America/Sao_Paulo", "2025-10-01T00:00:00-03:00"},
	} {
		if got := month(t, c.month).Start(zone(t, c.zone)).Format(time.RFC3339); got != c.start {
			t.Errorf("%s in %s starts at %s, want %s", c.month, c.zone, got, c.start)
		}
	}
}

func TestMonths_end_on_the_studios_clock(t *testing.T) {
	z, october := zone(t, "America/Sao_Paulo"), month(t, "2025-10")
	end := october.End(z)
	if october.EndedBy(end.Add(-time.Nanosecond)) || !october.EndedBy(end) {
		t.Error("October does not end when November starts")
	}
	if !october.EndedBy(time.Date(2025, 11, 1, 2, 0, 0, 0, time.UTC)) || october.EndedBy(time.Date(2025, 11, 1, 2, 0, 0, 0, time.UTC).In(z)) {
		t.Error("02:00 UTC is November in UTC and October in São Paulo")
	}
}

func FuzzParseMonth(f *testing.F) {
	for _, s := range []string{"2025-10", "2000-01", "2100-12", "2025-13", "1999-12", "", "２０２５-10", "2025-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := books.ParseMonth(s)
		if err != nil {
			wants(t, err, books.Invalid, "invalid_month")
			return
		}
		if !m.Valid() || m.String() != s {
			t.Errorf("%q became %v", s, m)
		}
	})
}
