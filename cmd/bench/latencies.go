package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// table shows each route, the slowest first.
func (t *times64) table() string {
	type row struct {
		path string
		took []time.Duration
	}
	var rows []row
	for path, took := range t.byPath {
		slices.Sort(took)
		rows = append(rows, row{path, took})
	}
	slices.SortFunc(rows, func(a, b row) int { return int(at(b.took, .99) - at(a.took, .99)) })
	var text strings.Builder
	text.WriteString("| Route | Requests | p50 | p99 | max | first |\n|---|---:|---:|---:|---:|---:|\n")
	slices.Sort(t.took)
	for _, r := range append([]row{{"all", t.took}}, rows...) {
		first := ""
		if r.path != "all" {
			first = milliseconds(t.first[r.path])
		}
		fmt.Fprintf(&text, "| %s | %d | %s | %s | %s | %s |\n", strings.TrimPrefix(r.path, "/api/v1"), len(r.took),
			milliseconds(at(r.took, .5)), milliseconds(at(r.took, .99)), milliseconds(at(r.took, 1)), first)
	}
	return text.String()
}

// at returns a quantile of the sorted times.
func at(sorted []time.Duration, part float64) time.Duration {
	return sorted[int(float64(len(sorted)-1)*part+.5)]
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }
