package typed

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"extrato/internal/books"
)

func TestMoney(t *testing.T) {
	for text, want := range map[string]books.Money{
		"1.234,56": 1234_56, "1234,56": 1234_56, "200+150": 350_00, "R$ 350": 350_00, "r$350,5": 350_50, " R$\u00a01.234,56 ": 1234_56,
		"\u202f350\u00a0": 350_00, "1.234": 1234_00, "12.5": 12_50, "12.50": 12_50, "1.234.567": 1_234_567_00, "1.234.56": 1234_56, "0,50": 50, "0.5": 50,
		"0": 0, "0350": 350_00, "99.999.999,99": 99_999_999_99, "R$ 200 + R$ 150,50 + 1": 351_50, "000000000012": 12_00, "123.456,7": 123_456_70,
	} {
		if got, err := Money(text); err != nil || got != want {
			t.Errorf("%q is %s (%v), want %s", text, got, err, want)
		}
	}
}

func TestWhat_is_no_amount_is_said(t *testing.T) {
	for want, texts := range map[error][]string{
		ErrEmpty:    {"", " ", "\u00a0\t"},
		ErrLetter:   {"35O,00", "abc", "1e5", "NaN", "0x10", "R$ R$ 5", "350 reais"},
		ErrBlank:    {"1 234", "200 150", "1\u00a0234,56"},
		ErrDecimals: {"12,345", "350,", "1.", "1,2345"},
		ErrGroups:   {"1,234.56", "1234.567", "0.500", "1..50", "1.23.456", "1.2345", ".123", "1,2,3", "01.234", "0.123,45"},
		ErrNegative: {"-5", "−5", "200+-5", "R$ -5"},
		ErrLarge:    {"100.000.000", "99.999.999,99+0,01", "999999999999999999999999"},
		ErrOther:    {"+", "200+", "+5", "R$", ".50", ",50", "5;00", "\u200b5", "５", "💰", "5%"},
	} {
		for _, text := range texts {
			if got, err := Money(text); !errors.Is(err, want) || got != 0 {
				t.Errorf("%q is %s (%v), want the refusal %v", text, got, err, want)
			}
		}
	}
}

// An amount that is taken is what a person reads in it: written out with the
// centavos behind a comma, it is typed back as the same.
func FuzzMoney(f *testing.F) {
	for _, text := range []string{"1.234,56", "R$ 200+150", "12.5", "0.500", "1,234.56", "\u00a0R$5", "99999999,99"} {
		f.Add(text)
	}
	plain := regexp.MustCompile(`^[0-9]+(,[0-9]{1,2})?$`)
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := Money(text)
		if err != nil {
			if amount != 0 {
				t.Fatalf("%q is refused and %s", text, amount)
			}
			if plain.MatchString(text) && !errors.Is(err, ErrLarge) {
				t.Fatalf("%q is plain, and refused: %v", text, err)
			}
			return
		}
		if amount < 0 || amount > Most {
			t.Fatalf("%q is %s", text, amount)
		}
		again, err := Money(amount.People())
		if err != nil || again != amount {
			t.Fatalf("%q is %s, and %s is %s (%v)", text, amount, amount.People(), again, err)
		}
		if doubled, err := Money(text + "+" + text); err == nil && doubled != 2*amount {
			t.Fatalf("%q twice is %s", text, doubled)
		}
		digits := func(s string) string { return regexp.MustCompile(`[^0-9]`).ReplaceAllString(s, "") }
		if !strings.Contains(text, "+") && strings.TrimLeft(digits(text), "0") != "" && !strings.Contains(digits(amount.String()), strings.TrimLeft(digits(text), "0")) {
			t.Fatalf("%q is %s: digits are gone", text, amount)
		}
	})
}

func TestPercent(t *testing.T) {
	for text, want := range map[string]books.Percent{"60": 60_00, "60,5": 60_50, "60 %": 60_00, "3.49": 3_49, "": 0, " ": 0, "0": 0, "100": 100_00} {
		if got, err := Percent(text); err != nil || got != want {
			t.Errorf("%q is %s (%v), want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"101", "-1", "sessenta", "60+5", "6 0", "%5"} {
		if got, err := Percent(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}

func TestDay(t *testing.T) {
	for text, want := range map[string]string{"2025-10-28": "2025-10-28", "28/10/2025": "2025-10-28", "\t2024-02-29": "2024-02-29"} {
		if got, err := Day(text); err != nil || got.String() != want {
			t.Errorf("%q is %s (%v), want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "2025-02-29", "10/28/2025", "28.10.2025", "1999-12-31", "2101-01-01", "28/10/25", "ç8/10/202"} {
		if got, err := Day(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}
