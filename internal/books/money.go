package books

import (
	"fmt"
	"strconv"
	"strings"
)

// Money is an amount in centavos. It may be negative. A column holds less
// than one hundred million reais either way, as NUMERIC(10,2) does; sums of
// columns fit an int64.
type Money int64

const maxAmount = 100_000_000_00

// ParseMoney reads the decimal text of an amount column, with at most two
// significant decimals. More decimals are accepted only as the noise of a
// binary fraction, within a millionth of a centavo (0.30000000000000004);
// 16.665 is refused, never rounded.
func ParseMoney(s string) (Money, error) {
	n, err := parseHundredths(s)
	if err != nil {
		return 0, err
	}
	return columnMoney(n)
}

// columnMoney refuses amounts outside NUMERIC(10,2).
func columnMoney(n int64) (Money, error) {
	if n <= -maxAmount || n >= maxAmount {
		return 0, tooLarge(Money(n).String())
	}
	return Money(n), nil
}

// RoundMoney reads a decimal text and rounds parts of a centavo half up, away
// from zero, on the decimal digits. Rounded reports whether anything was cut.
func RoundMoney(s string) (amount Money, rounded bool, err error) {
	if m, err := ParseMoney(s); err == nil {
		return m, false, nil
	}
	text, err := toHundredths(s)
	if err != nil {
		return 0, false, err
	}
	m, err := ParseMoney(text)
	return m, err == nil, err
}

// Scan takes a driver's value for NUMERIC(10,2): an int64,
// a float64 within a millionth of a centavo, or text.
func (m *Money) Scan(src any) error {
	switch v := src.(type) {
	case int64:
		return m.Parse(strconv.AppendInt(nil, v, 10))
	case float64:
		n, err := hundredths(v)
		if err == nil {
			*m, err = columnMoney(n)
		}
		return err
	case string:
		return m.Parse([]byte(v))
	case []byte:
		return m.Parse(v)
	}
	return fmt.Errorf("cannot read money from %T", src)
}

// Percent returns percent of m, half a centavo rounded away from zero.
func (m Money) Percent(p Percent) Money {
	product := int64(m) * int64(p) // hundredths of hundredths of percent
	half := int64(5000)
	if product < 0 {
		half = -half
	}
	return Money((product + half) / 10000)
}

// Split returns each share of m, in order: its part of the rounded sum of all
// shares up to it. So the shares add up to the share of their sum, none depends
// on a later one, and a single one equals Percent.
func (m Money) Split(percents []Percent) []Money {
	parts := make([]Money, len(percents))
	var sum Percent
	var given Money
	for i, p := range percents {
		sum += p
		parts[i] = m.Percent(sum) - given
		given += parts[i]
	}
	return parts
}

// String returns 1234.56.
func (m Money) String() string { return string(m.AppendText(nil)) }

// People returns the amount as Brazilians write it: R$ 1.234,56.
func (m Money) People() string {
	s := m.String()
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	whole, cents := s[:len(s)-3], s[len(s)-2:]
	var groups []string
	for len(whole) > 3 {
		groups = append([]string{whole[len(whole)-3:]}, groups...)
		whole = whole[:len(whole)-3]
	}
	return sign + "R$ " + strings.Join(append([]string{whole}, groups...), ".") + "," + cents
}

// MarshalJSON writes a number with exactly two decimals.
func (m Money) MarshalJSON() ([]byte, error) { return m.AppendText(nil), nil }

// UnmarshalJSON reads a sum as a stored statement has it, a number or a
// string. v4's are sums of binary fractions: parts of a centavo are rounded.
// As for any type of Go's, null changes nothing.
func (m *Money) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	text := strings.Trim(string(raw), `"`)
	n, err := parseHundredths(text)
	if err != nil {
		var rounded string
		if rounded, err = toHundredths(text); err == nil {
			n, err = parseHundredths(rounded)
		}
	}
	*m = Money(n)
	return err
}

// Null is always false.
func (m *Money) Null() bool { return false }

// AppendText appends the amount with exactly two decimals.
func (m Money) AppendText(b []byte) []byte { return appendHundredths(b, int64(m)) }

// AppendJSON appends the amount as a number with exactly two decimals.
func (m *Money) AppendJSON(b []byte) []byte { return m.AppendText(b) }

// AppendCanonical appends the centavos.
func (m *Money) AppendCanonical(b []byte) []byte { return strconv.AppendInt(b, int64(*m), 10) }

// Parse reads an amount as ParseMoney does.
func (m *Money) Parse(text []byte) error {
	if text == nil {
		return errNull
	}
	parsed, err := ParseMoney(string(text))
	*m = parsed
	return err
}

// SQL returns the amount as decimal text.
func (m *Money) SQL() any { return m.String() }
