package books_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

func TestAmounts_are_read_as_a_column_holds_them(t *testing.T) {
	for text, want := range map[string]books.Money{
		"0": 0, "-0": 0, "-0.00": 0, "+5": 500, "450": 45000, "450.0": 45000, "450.00": 45000, "12.3": 1230, "-12.34": -1234, "007.10": 710,
		".5": 50, "1e2": 10000, "1.5E1": 1500, "450.000000": 45000, "0.30000000000000004": 30, "16.669999999999998": 1667,
		"0.29999999999999999": 30, "12.340000001": 1234, "1e-400": 0, "99999999.99": 9999999999, "-99999999.99": -9999999999,
		"0000000000000000000000000000000000000001": 100,
	} {
		if got, err := books.ParseMoney(text); err != nil || got != want {
			t.Errorf("%q became %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestWhat_is_no_amount_is_refused(t *testing.T) {
	for code, list := range map[string][]string{
		"parts_of_a_cent": {"16.665", "0.001", "-0.005", "0.3000001", "1e-3", "99999999.995"},
		"amount_too_large": {
			"100000000", "100000000.00", "-100000000", "1e8", "1e300", "99999999.999999999999",
			"1844674407370955161", "1844674407370955162", "9223372036854775807", "92233720368547758.08", "99999999999999999999999999",
		},
		"invalid_amount": {
			"", "-", "+", ".", "5.", "-.", "1.2.3", "1,50", "R$ 1", " 1", "1 ", "1_000", "0x10", "0x1p4", "0b1", "0o7", "1/2", "--1", "1e", "1e400",
			"NaN", "nan", "Inf", "-inf", "infinity", "１", "00000000000000000000000000000000000000001",
		},
	} {
		for _, text := range list {
			got, err := books.ParseMoney(text)
			if err == nil || got != 0 {
				t.Errorf("%q was taken as %d", text, got)
				continue
			}
			wants(t, err, books.Invalid, code)
		}
	}
}

func TestAmounts_survive_every_form_they_are_written_in(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := books.Money(anyMoney.Draw(t, "money"))
		var fromDriver books.Money
		for _, src := range []any{m.String(), []byte(m.String()), m.SQL(), float64(m) / 100} {
			if err := fromDriver.Scan(src); err != nil || fromDriver != m {
				t.Fatalf("%d as %T %v became %d, %v", m, src, src, fromDriver, err)
			}
		}
		shortest := strconv.FormatFloat(float64(m)/100, 'g', -1, 64)
		if got, err := books.ParseMoney(shortest); err != nil || got != m {
			t.Fatalf("%d printed as %s became %d, %v", m, shortest, got, err)
		}
	})
}

func TestDrivers_hand_out_amounts_as_integers_floats_and_text(t *testing.T) {
	for _, c := range []struct {
		src  any
		want books.Money
	}{{int64(450), 45000}, {12.3, 1230}, {0.1 + 0.2, 30}, {math.Copysign(0, -1), 0}, {"12.30", 1230}, {[]byte("12.3"), 1230}} {
		var m books.Money
		if err := m.Scan(c.src); err != nil || m != c.want {
			t.Errorf("%T %v became %d, %v", c.src, c.src, m, err)
		}
	}
	wants(t, new(books.Money).Scan(math.NaN()), books.Invalid, "invalid_amount")
	for _, src := range []any{nil, 16.665, math.NaN(), math.Inf(1), math.Inf(-1), 1e9, -1e8, 1e300, int64(100_000_000), int64(math.MinInt64), "", []byte(nil), true, 1} {
		m := books.Money(7)
		if err := m.Scan(src); err == nil {
			t.Errorf("%T %v became %d", src, src, m)
		}
	}
}

func TestImport_rounds_parts_of_a_cent_half_away_from_zero(t *testing.T) {
	for text, want := range map[string]struct {
		m       books.Money
		rounded bool
	}{
		"16.665": {1667, true}, "-16.665": {-1667, true}, "16.664999": {1666, true}, "0.005": {1, true}, "0.0049": {0, true}, "-0.001": {0, true},
		"2.675": {268, true}, "1.005": {101, true}, // as floats these lie below the half
		"010.005": {1001, true}, "1.5e-2": {2, true}, "16.67": {1667, false}, "0.30000000000000004": {30, false}, "99999999.994": {9999999999, true},
	} {
		m, rounded, err := books.RoundMoney(text)
		if err != nil || m != want.m || rounded != want.rounded {
			t.Errorf("%q became %d, %v, %v", text, m, rounded, err)
		}
	}
	for _, text := range []string{
		"", "1/3", "0x1.8", "0b101", "0o17", "1_0.005", "NaN", "Inf", "99999999.995", "1e999999", "-1e17", "16,665", "abc", "1." + fmt.Sprintf("%040d", 5),
	} {
		m, rounded, err := books.RoundMoney(text)
		if m != 0 || rounded {
			t.Errorf("%q was taken as %d", text, m)
		}
		wants(t, err, books.Invalid, "")
	}
}

func TestRounding_is_never_further_than_half_a_centavo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		thousandths := rapid.Int64Range(-9_999_999_999, 9_999_999_999).Draw(t, "thousandths of a real")
		text := new(big.Rat).SetFrac64(thousandths, 1000).FloatString(3)
		m, rounded, err := books.RoundMoney(text)
		away := int64(m)*10 - thousandths
		if err != nil || away > 5 || away < -5 || rounded != (thousandths%10 != 0) || (away == 5) != (thousandths > 0 && thousandths%10 == 5) {
			t.Fatalf("%s became %v, %v, %v", text, m, rounded, err)
		}
	})
}

func TestPercent_of_an_amount_rounds_half_a_centavo_away_from_zero(t *testing.T) {
	for _, c := range []struct {
		m    books.Money
		p    books.Percent
		want books.Money
	}{
		{91000, 5000, 45500}, {1, 5000, 1}, {-1, 5000, -1}, {1, 4999, 0}, {33333, 3333, 11110}, {100, 10000, 100}, {-100, 10000, -100},
		{3333, 5000, 1667}, {0, 5000, 0}, {9999999999, 99999, 99998999990}, {-9999999999, 99999, -99998999990},
	} {
		if got := c.m.Percent(c.p); got != c.want {
			t.Errorf("%v %% of %v is %v, want %v", c.p, c.m, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		m, p := anyMoney.Draw(t, "money"), anyPercent.Draw(t, "percent")
		exact := new(big.Rat).SetFrac64(m*p, 10000)
		if got := books.Money(m).Percent(books.Percent(p)); exact.FloatString(0) != strconv.FormatInt(int64(got), 10) && got != 0 {
			t.Fatalf("%d hundredths of a %% of %d are %d, want %s", p, m, got, exact.FloatString(0))
		}
	})
}

func TestPercentages_are_below_1000(t *testing.T) {
	for text, want := range map[string]books.Percent{"60": 6000, "60.0": 6000, "33.33": 3333, "0": 0, "999.99": 99999, "60.000000000000007": 6000} {
		var p books.Percent
		if err := p.Parse([]byte(text)); err != nil || p != want || p.String() != fmt.Sprintf("%d.%02d", want/100, want%100) {
			t.Errorf("%q became %v, %v", text, p, err)
		}
	}
	for _, text := range []string{"1000", "-1000", "33.333", "", "x", "1e5", "NaN"} {
		var p books.Percent
		if err := p.Parse([]byte(text)); err == nil {
			t.Errorf("%q was taken as %v", text, p)
		}
	}
}

func TestAmounts_are_said_as_brazilians_do(t *testing.T) {
	for m, want := range map[books.Money]string{
		0: "R$ 0,00", 5: "R$ 0,05", -5: "-R$ 0,05", 45000: "R$ 450,00", 123456: "R$ 1.234,56", -86500: "-R$ 865,00",
		100000: "R$ 1.000,00", 99999999: "R$ 999.999,99", 123456789012: "R$ 1.234.567.890,12", math.MinInt64: "-R$ 92.233.720.368.547.758,08",
	} {
		if m.People() != want {
			t.Errorf("%d is said %s, want %s", m, m.People(), want)
		}
	}
}

func TestSums_survive_JSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := books.Money(rapid.Int64Range(-1e18/100, 1e18/100).Draw(t, "sum"))
		raw, err := json.Marshal(m)
		var back books.Money
		if err != nil || json.Unmarshal(raw, &back) != nil || back != m {
			t.Fatalf("%d became %s and %d", m, raw, back)
		}
	})
}

func TestSums_of_v4_are_read_with_the_noise_of_its_floats(t *testing.T) {
	for raw, want := range map[string]books.Money{
		"0.30000000000000004": 30, "450.0": 45000, `"12.50"`: 1250, "1370.6650000000002": 137067, "-865": -86500, "1e3": 100000, "5e-324": 0, "null": 0,
	} {
		var m books.Money
		if err := json.Unmarshal([]byte(raw), &m); err != nil || m != want {
			t.Errorf("%s became %d, %v", raw, m, err)
		}
	}
	for _, raw := range []string{`""`, `"x"`, "true", "[]", "{}", `"1/2"`, "1e400", "1e300", "-1e300", "1e18"} {
		var m books.Money
		if err := json.Unmarshal([]byte(raw), &m); err == nil {
			t.Errorf("%s was taken as %d", raw, m)
		}
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{
		"450", "12.30", "0.30000000000000004", "16.665", "-0", "1e2", "0x1p4", "NaN", "Inf", "1844674407370955162", "1e999999", "1/2", "99999999.99", "0b101", "9e-9199991",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := books.ParseMoney(s)
		rounded, cut, roundErr := books.RoundMoney(s)
		if err == nil && (roundErr != nil || cut || rounded != m) {
			t.Errorf("%q is %v, but rounded %v, %v, %v", s, m, rounded, cut, roundErr)
		}
		if roundErr != nil {
			wants(t, roundErr, books.Invalid, "")
			return
		}
		back, err := books.ParseMoney(rounded.String())
		exact, ok := new(big.Rat).SetString(s)
		if !ok && rounded == 0 {
			return // too small for big.Rat
		}
		if err != nil || back != rounded || !ok || new(big.Rat).Abs(exact.Sub(exact, new(big.Rat).SetFrac64(int64(rounded), 100))).Cmp(big.NewRat(1, 200)) > 0 {
			t.Errorf("%q became %v and %v, %v", s, rounded, back, err)
		}
	})
}
