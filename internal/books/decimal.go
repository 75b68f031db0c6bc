package books

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

const (
	maxDigits = 40 // of a number, without its sign
	// maxBeforeDigit leaves room for one more digit and for two decimals
	// missing from the text.
	maxBeforeDigit = math.MaxInt64/1000 - 1
)

// toHundredths rounds a decimal text to two decimals, half away from zero.
func toHundredths(s string) (string, error) {
	// big.Rat alone would take fractions, other bases and powers that fill the memory.
	if _, err := decimal(s); err != nil {
		return "", err
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return "", notAmount(s)
	}
	return r.FloatString(2), nil
}

func tooLarge(s string) *Error {
	return Invalidf("amount_too_large", "%s is too large an amount", s).WithHint("an amount is below 100000000.00")
}

func notAmount(s string) *Error {
	return Invalidf("invalid_amount", "%q is not an amount of money", s).WithHint("write an amount as 1234.56")
}

// parseHundredths reads a decimal number as hundredths.
func parseHundredths(s string) (int64, error) {
	digits, negative := s, false
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		negative = digits[0] == '-'
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > maxDigits {
		return 0, notAmount(s)
	}
	var n int64
	decimals := -1 // digits seen after the point
	for i := range len(digits) {
		c := digits[i]
		switch {
		case c == '.' && decimals < 0:
			decimals = 0
		case c < '0' || c > '9' || n > maxBeforeDigit || decimals == 2:
			return parseNoisy(s) // an exponent, or more than two decimals
		default:
			n = n*10 + int64(c-'0')
			if decimals >= 0 {
				decimals++
			}
		}
	}
	if decimals == 0 {
		return 0, notAmount(s)
	}
	for i := max(decimals, 0); i < 2; i++ {
		n *= 10
	}
	if negative {
		n = -n
	}
	return n, nil
}

// parseNoisy reads a number printed from a database's binary fraction.
func parseNoisy(s string) (int64, error) {
	f, err := decimal(s)
	if err != nil {
		return 0, err
	}
	return hundredths(f)
}

// decimal reads decimal digits, with an exponent or without; hexadecimal,
// NaN and Inf are no amounts.
func decimal(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || len(s) > maxDigits+1 || strings.ContainsAny(s, "xXpP_nN") {
		return 0, notAmount(s)
	}
	return f, nil
}

// hundredths turns a binary fraction into hundredths if it is within a
// millionth of one; only databases and v4's JSON hand out such numbers.
func hundredths(f float64) (int64, error) {
	scaled := f * 100
	nearest := math.Round(scaled)
	switch {
	case math.IsNaN(f):
		return 0, notAmount("NaN")
	case math.Abs(nearest) > 1e15:
		return 0, tooLarge(strconv.FormatFloat(f, 'g', -1, 64))
	case math.Abs(scaled-nearest) >= 1e-6:
		return 0, Invalidf("parts_of_a_cent", "%v has parts of a cent", f).WithHint("correct the amount to two decimals")
	}
	return int64(nearest), nil
}

func appendHundredths(b []byte, n int64) []byte {
	u := uint64(n)
	if n < 0 {
		b = append(b, '-')
		u = -u
	}
	b = strconv.AppendUint(b, u/100, 10)
	return append(b, '.', byte('0'+u/10%10), byte('0'+u%10))
}
