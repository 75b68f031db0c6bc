package books_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

func TestDays_are_read_as_calendars_have_them(t *testing.T) {
	for _, s := range []string{"2025-10-28", "2024-02-29", "2000-02-29", "1999-12-31", "2025-01-31", "9999-12-31"} {
		d, err := books.ParseDay(s)
		if err != nil || d.String() != s {
			t.Errorf("%q became %v, %v", s, d, err)
		}
	}
	for _, s := range []string{
		"", "2025-1-4", "2025-02-29", "2100-02-29", "1900-02-29", "2025-04-31", "2025-00-01", "2025-01-00", "2025-13-01",
		"2025-10-28 00:00:00", "2025/10/28", "28/10/2025", "2025-10-2x", "0000-00-00", "+025-10-28",
	} {
		d, err := books.ParseDay(s)
		wants(t, err, books.Invalid, "invalid_day")
		if d != 0 {
			t.Errorf("%q was refused and still gave %v", s, d)
		}
	}
}

func TestDays_survive_text_and_sort_as_time_does(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyDay.Draw(t, "a"), anyDay.Draw(t, "b")
		back, err := books.ParseDay(a.String())
		if err != nil || back != a {
			t.Fatalf("%v became %v, %v", a, back, err)
		}
		if (a < b) != a.In(time.UTC).Before(b.In(time.UTC)) || (a < b) != (a.String() < b.String()) {
			t.Fatalf("%v and %v sort in different ways", a, b)
		}
		if books.DayOf(a.In(time.UTC)) != a || a.Month() != books.MonthOf(a.In(time.UTC)) || a.Number() != a.In(time.UTC).Day() {
			t.Fatalf("%v is not its own day", a)
		}
	})
}

func TestDays_are_said_as_brazilians_do(t *testing.T) {
	d, _ := books.ParseDay("2025-01-04")
	if d.People() != "04/01/2025" {
		t.Error(d.People())
	}
}

func TestDays_begin_where_clocks_skip_midnight(t *testing.T) {
	for _, c := range []struct{ day, zone, want string }{
		{"2018-11-04", "America/Sao_Paulo", "2018-11-04T01:00:00-02:00"},
		{"2018-11-05", "America/Sao_Paulo", "2018-11-05T00:00:00-02:00"},
		{"2018-02-18", "America/Sao_Paulo", "2018-02-18T00:00:00-03:00"}, // the hour before it came twice
		{"2011-12-30", "Pacific/Apia", "2011-12-31T00:00:00+14:00"},      // that day never was
	} {
		d, err := books.ParseDay(c.day)
		if got := d.In(zone(t, c.zone)).Format(time.RFC3339); err != nil || got != c.want {
			t.Errorf("%s in %s begins at %s, want %s", c.day, c.zone, got, c.want)
		}
	}
}
