package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/go-analyze/charts"
)

// The colours of the databases, in the order of measurement.
var colors = []charts.Color{charts.ColorRGB(23, 92, 170), charts.ColorRGB(222, 128, 60)}

// chart draws the ratio of extrato to plain SQL, a group of bars for each
// number of rows and a bar for each database.
func (r *report) chart(format string) ([]byte, error) {
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
	var series charts.BarSeriesList
	for _, name := range names {
		series = append(series, charts.BarSeries{
			Name: name, Values: r.ratios(name, sizes), Label: charts.SeriesLabel{Show: charts.Ptr(true), ValueFormatter: times},
		})
	}
	option := charts.NewBarChartOptionWithSeries(series)
	option.Theme = charts.GetTheme(charts.ThemeLight).WithSeriesColors(colors)
	option.Padding = charts.NewBox(24, 24, 24, 24)
	option.Title = charts.TitleOption{
		Text:    "Closing a month: extrato's time beside plain SQL's",
		Subtext: "Less is better, 1 × is as fast. Target at 100,000 rows: SQLite 2 ×, PostgreSQL 1 ×.",
		Offset:  charts.OffsetLeft, FontStyle: charts.NewFontStyleWithSize(18), SubtextFontStyle: charts.NewFontStyleWithSize(12),
	}
	option.Legend = charts.LegendOption{Offset: charts.OffsetStr{Left: charts.PositionLeft, Top: "70"}}
	option.CategoryAxis = charts.CategoryAxisOption{Title: "rows in the month"}
	for _, n := range sizes {
		option.CategoryAxis.Labels = append(option.CategoryAxis.Labels, thousands(n))
	}
	option.ValueAxis = []charts.ValueAxisOption{{Min: charts.Ptr(0.0), ValueFormatter: times}}
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: format, Width: 900, Height: 480})
	if err := painter.BarChart(option); err != nil {
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
