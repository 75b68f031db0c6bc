package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/go-analyze/charts"
)

// The most that extrato's time may be, in plain SQL's.
var targets = map[string]float64{sqliteName: 2, postgresName: 1}

// chart draws the ratio of extrato to plain SQL over the number of rows, a
// line for each database and one for its target.
func (r *report) chart() ([]byte, error) {
	var sizes []int
	var names []string
	for _, l := range r.lines {
		if !slices.Contains(sizes, l.rows) {
			sizes = append(sizes, l.rows)
		}
		if !slices.Contains(names, l.database) {
			names = append(names, l.database)
		}
	}
	slices.Sort(sizes)
	var series charts.LineSeriesList
	for _, name := range names {
		measured, target := r.ratios(name, sizes), make([]float64, len(sizes))
		for i := range target {
			target[i] = targets[name]
		}
		series = append(series,
			charts.LineSeries{Name: name, Values: measured, Label: charts.SeriesLabel{Show: charts.Ptr(true), ValueFormatter: times}},
			charts.LineSeries{Name: "target for " + name, Values: target, Symbol: charts.Symbol{Shape: charts.SymbolNone}})
	}
	option := charts.NewLineChartOptionWithSeries(series)
	option.Title = charts.TitleOption{Text: "Closing a month: extrato's time beside plain SQL's",
		Subtext: "whole process with backup and proof; 1 × is as fast as plain SQL; less is better"}
	option.XAxis.Title = "rows in the month"
	for _, n := range sizes {
		option.XAxis.Labels = append(option.XAxis.Labels, thousands(n))
	}
	option.YAxis = []charts.YAxisOption{{Min: charts.Ptr(0.0), ValueFormatter: times}}
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 900, Height: 480})
	if err := painter.LineChart(option); err != nil {
		return nil, err
	}
	return painter.Bytes()
}

// ratios returns a database's ratio at each size, or a gap.
func (r *report) ratios(database string, sizes []int) []float64 {
	values := make([]float64, len(sizes))
	for i, n := range sizes {
		values[i] = charts.GetNullValue()
		for _, l := range r.lines {
			if l.database == database && l.rows == n {
				values[i] = math.Round(100*l.ratio()) / 100
			}
		}
	}
	return values
}

func times(v float64) string { return fmt.Sprintf("%.2f ×", v) }
