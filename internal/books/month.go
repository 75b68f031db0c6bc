package books

import (
	"fmt"
	"time"
)

// Month is a calendar month of the studio, 2000-01 to 2100-12 (v4's range).
// The zero Month is no month.
type Month struct {
	Year  int
	Month time.Month
}

// ParseMonth reads "2025-10". It fails with an Error of kind Invalid.
func ParseMonth(s string) (Month, error) {
	bad := Invalidf("invalid_month", "%q is not a month", s).WithHint("write a month from 2000-01 to 2100-12, such as 2025-10")
	if len(s) != len("2025-10") || s[4] != '-' {
		return Month{}, bad
	}
	year, ok1 := digits(s[:4])
	month, ok2 := digits(s[5:])
	m := Month{Year: year, Month: time.Month(month)}
	if !ok1 || !ok2 || !m.Valid() {
		return Month{}, bad
	}
	return m, nil
}

// MonthOf returns the month of t, in t's own location.
func MonthOf(t time.Time) Month { return Month{Year: t.Year(), Month: t.Month()} }

// Valid reports whether m lies between 2000-01 and 2100-12.
func (m Month) Valid() bool {
	return m.Year >= 2000 && m.Year <= 2100 && m.Month >= time.January && m.Month <= time.December
}

// IsZero reports whether m is no month.
func (m Month) IsZero() bool { return m == Month{} }

func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, int(m.Month)) }

// OrNone returns the month as 2025-10, or the empty text for no month.
func (m Month) OrNone() string {
	if m.IsZero() {
		return ""
	}
	return m.String()
}

// ParseMonthOrNone reads the output of OrNone.
func ParseMonthOrNone(s string) (Month, error) {
	if s == "" {
		return Month{}, nil
	}
	return ParseMonth(s)
}

// Add returns the month n months later, or earlier if n is negative.
func (m Month) Add(n int) Month {
	k := m.Year*12 + int(m.Month) - 1 + n
	return Month{Year: k / 12, Month: time.Month(k%12 + 1)}
}

// Before reports whether m is an earlier month than o.
func (m Month) Before(o Month) bool {
	return m.Year < o.Year || m.Year == o.Year && m.Month < o.Month
}

// First returns the month's first day.
func (m Month) First() Day { return dayOf(m.Year, int(m.Month), 1) }

// Last returns the month's last day.
func (m Month) Last() Day {
	return dayOf(m.Year, int(m.Month), time.Date(m.Year, m.Month+1, 0, 0, 0, 0, 0, time.UTC).Day())
}

// Start returns the month's first instant in the studio's zone: midnight of
// day 1, or the first instant after it where clocks skip midnight.
func (m Month) Start(zone *time.Location) time.Time {
	return firstInstant(m.Year, m.Month, 1, 0, 0, zone)
}

// End returns the first instant after the month in the studio's zone.
func (m Month) End(zone *time.Location) time.Time { return m.Add(1).Start(zone) }

// EndedBy reports whether the month is over at now, in now's location.
func (m Month) EndedBy(now time.Time) bool { return m.Before(MonthOf(now)) }

// MarshalText writes the month as 2025-10.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads 2025-10.
func (m *Month) UnmarshalText(text []byte) error {
	parsed, err := ParseMonth(string(text))
	*m = parsed
	return err
}

// firstInstant returns the first instant with this time of day in zone or,
// where the clocks skip it, the first instant after the gap.
// time.Date alone may answer with either side of a gap.
func firstInstant(year int, month time.Month, day, hour, minute int, zone *time.Location) time.Time {
	want := time.Date(year, month, day, hour, minute, 0, 0, time.UTC)
	t := want.Add(-26 * time.Hour).In(zone) // no zone is further from UTC than 14 hours, no change longer than 24
	for {
		_, offset := t.Zone()
		at := want.Add(-time.Duration(offset) * time.Second).In(zone)
		_, end := t.ZoneBounds()
		if !end.After(t) && !end.IsZero() {
			end = t.Add(24 * time.Hour) // Go 1.26 forgets the last day of leap years after 2037
		}
		if end.IsZero() || at.Before(end) {
			if at.Before(t) {
				return t // the clocks jumped over want at t
			}
			return at
		}
		t = end.In(zone)
	}
}

func digits(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, len(s) > 0
}
