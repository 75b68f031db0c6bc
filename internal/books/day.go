package books

import (
	"fmt"
	"time"
)

// Day is a calendar day of the studio, without a time or a zone, kept as
// 20251028. The zero Day is no day.
type Day int32

// ParseDay reads "2025-10-28" and refuses days outside the calendar.
func ParseDay(s string) (Day, error) {
	if len(s) == len("2025-10-28") && s[4] == '-' && s[7] == '-' {
		y, ok1 := digits(s[:4])
		m, ok2 := digits(s[5:7])
		d, ok3 := digits(s[8:])
		if ok1 && ok2 && ok3 && m >= 1 && m <= 12 && d >= 1 && d <= daysIn(y, m) {
			return dayOf(y, m, d), nil
		}
	}
	return 0, Invalidf("invalid_day", "%q is not a day", s).WithHint("write a day as 2025-10-28")
}

// DayOf returns the day of t, in t's own location.
func DayOf(t time.Time) Day { return dayOf(t.Year(), int(t.Month()), t.Day()) }

func dayOf(y, m, d int) Day { return Day(y*10000 + m*100 + d) }

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// Month returns the day's month.
func (d Day) Month() Month { return Month{Year: int(d) / 10000, Month: time.Month(int(d) / 100 % 100)} }

// Number returns the day of the month, 1 to 31.
func (d Day) Number() int { return int(d) % 100 }

// Add returns the day n days later; n may be negative.
func (d Day) Add(n int) Day {
	m := d.Month()
	return DayOf(time.Date(m.Year, m.Month, d.Number()+n, 0, 0, 0, 0, time.UTC))
}

// In returns the day's first instant in zone.
func (d Day) In(zone *time.Location) time.Time {
	return firstInstant(d.Month().Year, d.Month().Month, d.Number(), 0, 0, zone)
}

func (d Day) String() string { return string(d.AppendText(nil)) }

// People returns the day as Brazilians write it: 28/10/2025.
func (d Day) People() string {
	return fmt.Sprintf("%02d/%02d/%04d", d.Number(), int(d.Month().Month), d.Month().Year)
}

// Null is always false.
func (d *Day) Null() bool { return false }

// AppendText appends 2025-10-28.
func (d Day) AppendText(b []byte) []byte {
	n := int(d)
	b = appendPadded(b, n/10000, 4)
	b = append(b, '-')
	b = appendPadded(b, n/100%100, 2)
	b = append(b, '-')
	return appendPadded(b, n%100, 2)
}

// AppendJSON appends "2025-10-28".
func (d *Day) AppendJSON(b []byte) []byte { return append(d.AppendText(append(b, '"')), '"') }

// AppendCanonical appends the fingerprint's form.
func (d *Day) AppendCanonical(b []byte) []byte { return d.AppendText(b) }

// Parse is the inverse of AppendText.
func (d *Day) Parse(text []byte) error {
	if text == nil {
		return errNull
	}
	parsed, err := ParseDay(string(text))
	*d = parsed
	return err
}

// SQL returns the day as both databases take it.
func (d *Day) SQL() any { return d.String() }

func appendPadded(b []byte, n, width int) []byte {
	var digits [6]byte
	for i := width - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return append(b, digits[:width]...)
}
