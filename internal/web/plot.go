package web

import (
	"fmt"
	"strconv"
	"strings"

	"extrato/internal/books"
)

// plot is a chart of bars: a stretched drawing with its labels as text beside it,
// and its figures in a table. Its axis begins at 0 and goes below if an amount
// does.
type plot struct {
	Head  string // "": it has none of its own
	Label string // what somebody hears who cannot see it
	Width int
	Grid  string
	Bars  []plotBar
	Y, X  []string // labels, from the top down and from left to right
	Key   []series // what the bars are, if they are several things
	Table *table
}

type plotBar struct {
	X, Width  int
	Y, Height string
	Class     string
}

// series are the amounts that bars of one class show, from left to right.
type series struct {
	Name, Class string
	Amounts     []books.Money
}

// The widths of a drawing's parts: of a lonely bar, of one of several side by
// side, and of the gap before each group.
const (
	lonelyBar, narrowBar = 6, 4
	barGap               = 2
)

// newPlot draws amounts as bars; the one at index marked stands out.
func newPlot(label string, amounts []books.Money, marked int) *plot {
	p := draw(label, lonelyBar, series{Class: "a", Amounts: amounts})
	for i := range p.Bars {
		if p.Bars[i].X == marked*(lonelyBar+2*barGap)+barGap {
			p.Bars[i].Class = "c"
		}
	}
	return p
}

// newGroups draws several series side by side, all of one length.
func newGroups(label string, all ...series) *plot {
	p := draw(label, narrowBar, all...)
	p.Key = all
	return p
}

func draw(label string, width int, all ...series) *plot {
	step, up, down := axis(all)
	steps := up + down
	room := len(all)*width + 2*barGap
	p := &plot{Label: label, Width: room * len(all[0].Amounts)}
	var grid strings.Builder
	for i := range steps + 1 {
		fmt.Fprintf(&grid, "M0 %sH%d", coordinate(100*float64(i)/float64(steps)), p.Width)
		p.Y = append(p.Y, strings.TrimSuffix(signed(step*books.Money(up-i)), ",00"))
	}
	p.Grid = grid.String()
	zero, scale := 100*float64(up)/float64(steps), 100/float64(int64(step)*int64(steps))
	for n, s := range all {
		for i, a := range s.Amounts {
			if a == 0 {
				continue
			}
			height := scale * float64(max(a, -a))
			top := zero
			if a > 0 {
				top -= height
			}
			p.Bars = append(p.Bars, plotBar{i*room + barGap + n*width, width, coordinate(top), coordinate(height), s.Class})
		}
	}
	return p
}

// coordinate is a coordinate.
func coordinate(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

// axis returns a round amount as the step between two lines, and how many lines
// stand above and below zero.
func axis(all []series) (step books.Money, up, down int) {
	var highest, lowest books.Money
	for _, s := range all {
		for _, a := range s.Amounts {
			highest, lowest = max(highest, a), min(lowest, a)
		}
	}
	for unit := books.Money(100_00); ; unit *= 10 {
		for _, factor := range []books.Money{1, 2, 5} {
			step := factor * unit
			up, down := (highest+step-1)/step, (-lowest+step-1)/step
			if up+down <= 4 {
				return step, int(max(up, 1)), int(down)
			}
		}
	}
}
