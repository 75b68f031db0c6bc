// Package typed reads amounts, percentages and days as people type them.
package typed

import (
	"errors"
	"strings"
	"unicode"

	"extrato/internal/books"
)

// The faults of an amount. Their messages are for programs: pages have texts of
// their own for each.
var (
	ErrEmpty    = errors.New("empty")
	ErrLetter   = errors.New("letter")
	ErrBlank    = errors.New("blank")
	ErrDecimals = errors.New("decimals")
	ErrGroups   = errors.New("groups")
	ErrNegative = errors.New("negative")
	ErrLarge    = errors.New("large")
	ErrOther    = errors.New("other")
)

// Most is the largest amount of a row, as in the tables.
const Most books.Money = 99_999_999_99

// Money reads an amount as people type it: 1.234,56, 1234,56, R$ 350 or
// 200+150. A comma, or a dot followed by one or two digits, begins the
// centavos. A dot followed by exactly three, after one to three digits without
// a leading 0, separates thousands. Anything else is no amount: a guess would
// be a wrong total.
func Money(text string) (books.Money, error) {
	if blank(text) {
		return 0, ErrEmpty
	}
	var sum books.Money
	for part := range strings.SplitSeq(text, "+") {
		amount, err := term(part)
		if err != nil {
			return 0, err
		}
		if sum += amount; sum > Most {
			return 0, ErrLarge
		}
	}
	return sum, nil
}

// term reads one amount of a sum.
func term(text string) (books.Money, error) {
	text = strings.TrimFunc(text, unicode.IsSpace)
	if rest, ok := cutFold(text, "R$"); ok {
		text = strings.TrimLeftFunc(rest, unicode.IsSpace)
	}
	if err := onlyDigits(text); err != nil {
		return 0, err
	}
	whole, cents, err := cutCents(text)
	if err != nil {
		return 0, err
	}
	groups := strings.Split(whole, ".")
	for i, g := range groups {
		first := i == 0
		if len(groups) > 1 && (first && (len(g) == 0 || len(g) > 3 || g[0] == '0') || !first && len(g) != 3) {
			return 0, ErrGroups
		}
	}
	digits := strings.TrimLeft(strings.Join(groups, ""), "0")
	if whole == "" {
		return 0, ErrOther
	}
	if len(digits) > 8 {
		return 0, ErrLarge
	}
	return books.ParseMoney("0" + digits + "." + (cents + "00")[:2])
}

// onlyDigits refuses all but digits, dots and commas.
func onlyDigits(text string) error {
	if strings.ContainsFunc(text, unicode.IsLetter) {
		return ErrLetter
	}
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9' || c == '.' || c == ',':
		case i == 0 && (c == '-' || c == '−'):
			return ErrNegative
		case unicode.IsSpace(c):
			return ErrBlank
		default:
			return ErrOther
		}
	}
	if text == "" {
		return ErrOther
	}
	return nil
}

// cutCents parts an amount where its centavos begin.
func cutCents(text string) (whole, cents string, err error) {
	if whole, cents, comma := strings.Cut(text, ","); comma {
		switch {
		case strings.ContainsAny(cents, ",."):
			return "", "", ErrGroups
		case len(cents) == 0 || len(cents) > 2:
			return "", "", ErrDecimals
		}
		return whole, cents, nil
	}
	dot := strings.LastIndexByte(text, '.')
	if behind := len(text) - dot - 1; dot >= 0 && behind <= 2 {
		if behind == 0 {
			return "", "", ErrDecimals
		}
		return text[:dot], text[dot+1:], nil
	}
	return text, "", nil
}

// Percent reads a percentage of at most 100 as people type it: 60, 60,5 or
// 60 %. Blank is 0: no commission.
func Percent(text string) (books.Percent, error) {
	text = strings.TrimRightFunc(strings.TrimSpace(text), func(c rune) bool { return c == '%' || unicode.IsSpace(c) })
	if blank(text) {
		return 0, nil
	}
	amount, err := term(text)
	if err == nil && amount > 100_00 {
		err = ErrLarge
	}
	return books.Percent(amount), err
}

// Day reads a day as a date field sends it, or as 28/10/2025, where a
// browser has no date fields.
func Day(text string) (books.Day, error) {
	text = strings.TrimSpace(text)
	if len(text) == len("28/10/2025") && text[2] == '/' && text[5] == '/' {
		text = text[6:] + "-" + text[3:5] + "-" + text[:2]
	}
	day, err := books.ParseDay(text)
	if err == nil && !day.Month().Valid() {
		err = books.Invalidf("invalid_day", "the day is not in the years 2000 to 2100")
	}
	return day, err
}

func blank(text string) bool { return strings.TrimFunc(text, unicode.IsSpace) == "" }

func cutFold(text, prefix string) (string, bool) {
	if len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
		return text[len(prefix):], true
	}
	return text, false
}
