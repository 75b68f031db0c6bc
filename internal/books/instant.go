package books

import (
	"fmt"
	"strconv"
	"time"
)

// Instant is a moment in UTC, in microseconds since 1970.
type Instant int64

// The first and the last instant with a text form.
var (
	minInstant = InstantOf(time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC))
	maxInstant = InstantOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) - 1
)

// InstantOf returns t, cut to microseconds.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMicro()) }

// Time returns the moment in UTC.
func (v Instant) Time() time.Time { return time.UnixMicro(int64(v)).UTC() }

func (v Instant) String() string { return string(v.AppendText(nil)) }

// Null is always false.
func (v *Instant) Null() bool { return false }

// AppendText appends RFC 3339 in UTC, always with microseconds: 2025-10-28T14:52:58.000000Z.
func (v Instant) AppendText(b []byte) []byte { return append(v.append(b, 'T'), 'Z') }

func (v Instant) append(b []byte, separator byte) []byte {
	t := v.Time()
	b = dayOf(t.Year(), int(t.Month()), t.Day()).AppendText(b)
	b = append(b, separator)
	b = appendPadded(b, t.Hour(), 2)
	b = append(b, ':')
	b = appendPadded(b, t.Minute(), 2)
	b = append(b, ':')
	b = appendPadded(b, t.Second(), 2)
	b = append(b, '.')
	return appendPadded(b, t.Nanosecond()/1000, 6)
}

// AppendJSON appends the text form as a JSON string.
func (v *Instant) AppendJSON(b []byte) []byte { return append(v.AppendText(append(b, '"')), '"') }

// AppendCanonical appends the microseconds since 1970.
func (v *Instant) AppendCanonical(b []byte) []byte { return strconv.AppendInt(b, int64(*v), 10) }

// SQL returns 2025-10-28 14:52:58.000000. SQLite stores it as text; its text
// order is its time order. PostgreSQL reads it in a session with zone UTC.
func (v Instant) SQL() any { return string(v.append(nil, ' ')) }

// Parse reads the output of AppendText and SQL, PostgreSQL's own output and v4's
// SQLite text. A time without an offset is UTC. Years are 1000 to 9999.
func (v *Instant) Parse(text []byte) error {
	if text == nil {
		return errNull
	}
	s := string(text)
	if len(s) < len("2025-10-28 14:52:58") || s[10] != ' ' && s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return notInstant(text)
	}
	day, err := ParseDay(s[:10])
	hour, ok1 := digits(s[11:13])
	minute, ok2 := digits(s[14:16])
	second, ok3 := digits(s[17:19])
	if err != nil || !ok1 || !ok2 || !ok3 || day < 1000_01_01 || hour > 23 || minute > 59 || second > 59 {
		return notInstant(text)
	}
	rest := s[19:]
	micro := 0
	if rest != "" && rest[0] == '.' {
		n := 1
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n < 2 || n > 7 {
			return notInstant(text)
		}
		micro, _ = digits(rest[1:n])
		for i := n; i < 7; i++ {
			micro *= 10
		}
		rest = rest[n:]
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return notInstant(text)
	}
	m := day.Month()
	t := time.Date(m.Year, m.Month, day.Number(), hour, minute, second, micro*1000, time.UTC)
	parsed := Instant(t.UnixMicro() - int64(offset)*1_000_000)
	if parsed < minInstant || parsed > maxInstant { // only in UTC is it in another millennium
		return notInstant(text)
	}
	*v = parsed
	return nil
}

func notInstant(text []byte) error {
	return fmt.Errorf("%q is not an instant from year 1000 to 9999", text)
}

// parseOffset reads "", "Z", "+00", "-03:00", "+0530" or "+01:02:03" as seconds.
func parseOffset(s string) (int, bool) {
	if s == "" || s == "Z" {
		return 0, true
	}
	sign := 1
	switch s[0] {
	case '+':
	case '-':
		sign = -1
	default:
		return 0, false
	}
	seconds, unit := 0, 3600
	for s = s[1:]; s != ""; unit /= 60 {
		if s[0] == ':' && unit < 3600 {
			s = s[1:]
		}
		if len(s) < 2 || unit == 0 {
			return 0, false
		}
		n, ok := digits(s[:2])
		if !ok || n > 59 {
			return 0, false
		}
		seconds += n * unit
		s = s[2:]
	}
	return sign * seconds, unit < 3600
}

// At returns a non-NULL instant.
func At(t time.Time) NullInstant { return NullInstant{V: InstantOf(t), Valid: true} }
