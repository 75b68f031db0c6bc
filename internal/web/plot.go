package web

import (
	"fmt"
	"strconv"
	"strings"

	"extrato/internal/books"
)

// plot is a chart of bars: a stretched drawing with its labels as text beside it,
// and its figures in a table.
type plot struct {
	Label string // what somebody hears who cannot see it
	Width int
	Grid  string
	Bars  []plotBar
	Y, X  []string // labels, from the top down and from left to right
	Table *table
}

type plotBar struct {
	X         int
	Y, Height string
	Class     string
}

// room is how much of the drawing's width a bar has.
const barRoom = 10

// newPlot draws amounts as bars; the one at index marked stands out.
func newPlot(label string, amounts []books.Money, marked int) *plot {
	top, steps := axis(amounts)
	p := &plot{Label: label, Width: barRoom * len(amounts)}
	var grid strings.Builder
	for i := range steps + 1 {
		fmt.Fprintf(&grid, "M0 %dH%d", 100*i/steps, p.Width)
		value := (top / books.Money(steps) * books.Money(steps-i)).People()
		p.Y = append(p.Y, strings.TrimSuffix(strings.TrimPrefix(value, "R$ "), ",00"))
	}
	p.Grid = grid.String()
	for i, a := range amounts {
		if a <= 0 {
			continue
		}
		b := plotBar{X: i*barRoom + 2, Class: "a"}
		height := 100 * float64(a) / float64(top)
		b.Height, b.Y = strconv.FormatFloat(height, 'f', 2, 64), strconv.FormatFloat(100-height, 'f', 2, 64)
		if i == marked {
			b.Class = "c"
		}
		p.Bars = append(p.Bars, b)
	}
	return p
}

// axis returns a round amount that no other exceeds, and into how many steps it
// is divided.
func axis(amounts []books.Money) (top books.Money, steps int) {
	highest := books.Money(0)
	for _, a := range amounts {
		highest = max(highest, a)
	}
	for unit := books.Money(100_00); ; unit *= 10 {
		for _, factor := range []books.Money{1, 2, 5} {
			if step := factor * unit; highest <= 4*step {
				return max((highest+step-1)/step, 1) * step, int(max((highest+step-1)/step, 1))
			}
		}
	}
}
