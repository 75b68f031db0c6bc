package web

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

// amountOf reads a label of an axis: R$ 1.000, −R$ 2.000.
func amountOf(t rapid.TB, label string) float64 {
	t.Helper()
	digits := strings.NewReplacer("R$ ", "", ".", "", ",", ".", "−", "-").Replace(label)
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || !strings.Contains(label, "R$ ") {
		t.Fatalf("%q is no amount in R$", label)
	}
	return 100 * f
}

// Every bar stands on zero, and is as high as its amount against the labels.
func TestBars_are_as_high_as_their_amounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 31).Draw(t, "bars")
		all := make([]series, rapid.IntRange(1, 3).Draw(t, "series"))
		for i := range all {
			all[i].Class = string(rune('a' + i))
			for range n {
				all[i].Amounts = append(all[i].Amounts, books.Money(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(-99_999_99, 9_999_999_99)).Draw(t, "amount")))
			}
		}
		p := newGroups("x", all...)
		top, low := amountOf(t, p.Y[0]), amountOf(t, p.Y[len(p.Y)-1])
		if top <= 0 || low > 0 || len(p.Y) > 6 || p.Y[0] == p.Y[len(p.Y)-1] {
			t.Fatalf("the axis goes from %s to %s", p.Y[len(p.Y)-1], p.Y[0])
		}
		zero := false
		for i, label := range p.Y { // evenly, and one of them is nothing
			if want := top + (low-top)*float64(i)/float64(len(p.Y)-1); math.Abs(amountOf(t, label)-want) > 1 {
				t.Fatalf("label %d is %s", i, label)
			}
			zero = zero || label == "R$ 0"
		}
		if !zero {
			t.Fatalf("no label is zero: %v", p.Y)
		}
		drawn := map[string]float64{}
		for _, b := range p.Bars {
			y, err1 := strconv.ParseFloat(b.Y, 64)
			height, err2 := strconv.ParseFloat(b.Height, 64)
			if err1 != nil || err2 != nil || b.X < 0 || b.X+b.Width > p.Width || y < -0.01 || y+height > 100.01 {
				t.Fatalf("%+v lies outside", b)
			}
			at := func(y float64) float64 { return top + (low-top)*y/100 }
			amount, other := at(y), at(y+height)
			if math.Abs(amount) < math.Abs(other) {
				amount, other = other, amount
			}
			if math.Abs(other) > 0.0002*(top-low) {
				t.Fatalf("%+v does not stand on zero", b)
			}
			drawn[b.Class+strconv.Itoa(b.X/(p.Width/n))] = amount
		}
		for _, s := range all {
			for i, a := range s.Amounts {
				if got := drawn[s.Class+strconv.Itoa(i)]; math.Abs(got-float64(a)) > 0.0004*(top-low) {
					t.Fatalf("%s looks like %.0f centavos", a.People(), got)
				}
			}
		}
	})
}

func TestThe_marked_bar_stands_out(t *testing.T) {
	p := newPlot("x", []books.Money{100, 0, 300}, 2)
	if len(p.Bars) != 2 || p.Bars[0].Class != "a" || p.Bars[1].Class != "c" {
		t.Errorf("%+v", p.Bars)
	}
}
