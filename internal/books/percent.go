package books

import (
	"fmt"
	"strconv"
)

// Percent is a commission's share in hundredths of a percent: 6000 is 60 %.
type Percent int64

// String returns 60.00.
func (p Percent) String() string { return string(appendHundredths(nil, int64(p))) }

// Null is always false.
func (p *Percent) Null() bool { return false }

// AppendText appends the percentage with exactly two decimals.
func (p *Percent) AppendText(b []byte) []byte { return appendHundredths(b, int64(*p)) }

// AppendJSON appends the percentage as a number.
func (p *Percent) AppendJSON(b []byte) []byte { return appendHundredths(b, int64(*p)) }

// AppendCanonical appends the hundredths of a percent.
func (p *Percent) AppendCanonical(b []byte) []byte { return strconv.AppendInt(b, int64(*p), 10) }

// Parse reads a percentage below 1000, as NUMERIC(5,2) holds it.
func (p *Percent) Parse(text []byte) error {
	if text == nil {
		return errNull
	}
	n, err := parseHundredths(string(text))
	if err == nil && (n <= -1000_00 || n >= 1000_00) {
		err = fmt.Errorf("%q is too large a percentage", text)
	}
	*p = Percent(n)
	return err
}

// SQL returns the percentage as decimal text.
func (p *Percent) SQL() any { return p.String() }
