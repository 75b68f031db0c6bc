package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-analyze/charts"
)

// report holds all measurements.
type report struct {
	versions []string
	lines    []line
	phases   []phases
}

// phases are one close from within.
type phases struct {
	database string
	rows     int
	inside
}

func (r *report) add(l line) { r.lines = append(r.lines, l) }

var header = []string{"database", "rows", "extrato, s", "plain SQL, s", "ratio", "CPU, s", "CPU plain, s",
	"memory, MiB", "memory plain, MiB", "JSON, MiB", "statements"}

func (l line) cells() []string {
	ours, plain := seconds(l.ours), seconds(l.theirs)
	peak := func(u usage) float64 { return float64(u.Peak) / (1 << 20) }
	return []string{
		l.database, thousands(l.rows), span(ours), span(plain), fmt.Sprintf("%.2f", l.ratio()),
		processor(l.ours), processor(l.theirs),
		fmt.Sprintf("%.0f", slices.Max(each(l.ours, peak))), fmt.Sprintf("%.0f", slices.Max(each(l.theirs, peak))),
		fmt.Sprintf("%.1f", float64(l.json)/(1<<20)), fmt.Sprint(l.statements),
	}
}

// ratio is extrato's median beside plain SQL's.
func (l line) ratio() float64 { return median(seconds(l.ours)) / median(seconds(l.theirs)) }

func each(list []usage, value func(usage) float64) []float64 {
	values := make([]float64, len(list))
	for i, u := range list {
		values[i] = value(u)
	}
	return values
}

func seconds(list []usage) []float64 { return each(list, func(u usage) float64 { return u.Seconds }) }

// processor shows the median of the process and, after a plus, of the server.
func processor(list []usage) string {
	text := fmt.Sprintf("%.2f", median(each(list, func(u usage) float64 { return u.CPU })))
	if server := median(each(list, func(u usage) float64 { return u.Server })); server > 0 {
		text += fmt.Sprintf(" + %.2f", server)
	}
	return text
}

// span shows the median and, in parentheses, the least and the most.
func span(values []float64) string {
	return fmt.Sprintf("%.3f (%.3f–%.3f)", median(values), slices.Min(values), slices.Max(values))
}

func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// write prints the report and puts table and chart into a folder.
func (r *report) write(folder string) error {
	machine := r.machine()
	fmt.Printf("\n%s\n\n%s%s%s", machine, r.table(), r.insideText(), r.phaseTables())
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // a part of the project for everybody
		return err
	}
	chart, err := r.chart(charts.ChartOutputSVG)
	if err != nil {
		return err
	}
	return errors.Join(publish(folder, "results.md", r.markdown(machine)), publish(folder, "chart.svg", chart))
}

func publish(folder, name string, text []byte) error {
	return os.WriteFile(filepath.Join(folder, name), text, 0o644) //nolint:gosec // as above
}

// machine describes the machine, without a date: the file's history has it.
func (r *report) machine() string {
	return fmt.Sprintf("%d cores, %s/%s, %s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		strings.Replace(runtime.Version(), "go", "Go ", 1), strings.Join(r.versions, ", "))
}

func (r *report) table() string {
	rows := [][]string{header}
	for _, l := range r.lines {
		rows = append(rows, l.cells())
	}
	return aligned(rows)
}

// aligned sets columns under each other, all but the first to the right.
func aligned(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			space := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + space)
			} else {
				b.WriteString("  " + space + cell)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (r *report) insideText() string {
	var b strings.Builder
	for _, l := range r.lines {
		for i, of := range []string{"as its first close, on new connections", "that has closed a month before"} {
			if s := l.insideSeconds[i]; len(s) > 0 {
				fmt.Fprintf(&b, "%s, %s rows inside a process, %s, %d runs: %.1f ms (%.1f–%.1f)\n", l.database, thousands(l.rows), of, len(s),
					1000*median(s), 1000*slices.Min(s), 1000*slices.Max(s))
			}
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n" + b.String()
}

func (r *report) phaseTables() string {
	var b strings.Builder
	for _, p := range r.phases {
		rows := [][]string{{"phase", "s", "%", "peak, MiB"}}
		for _, f := range p.Phases {
			rows = append(rows, []string{f.Name, fmt.Sprintf("%.3f", f.Seconds), fmt.Sprintf("%.0f", 100*f.Seconds/p.Seconds),
				fmt.Sprintf("%.0f", float64(f.Peak)/(1<<20))})
		}
		fmt.Fprintf(&b, "\n%s, %s rows, %.3f s inside a process:\n\n%s", p.database, thousands(p.rows), p.Seconds, aligned(rows))
	}
	return b.String()
}

const explanation = `# What closing a month takes

Made by ` + "`make bench`" + `. Both sides do the same work on the same data in the same run: extrato as a whole process
(backup, proof of the backup, close), and plain SQL in the database's own shell (four CSV exports, then one transaction that
builds the statement's JSON, inserts it and deletes the rows, foreign keys on). Each run has a fresh copy of the data, the two
take turns, and every result is checked. Seconds are medians with the least and the most. CPU is the process's and, after the +,
the server's. Memory is the highest peak of the process, where about 11 MiB are the least that can be seen. Statements are
those sent for one close, however many rows it has.

![extrato beside plain SQL](chart.svg)

`

func (r *report) markdown(machine string) []byte {
	var b strings.Builder
	b.WriteString(explanation + machine + ".\n\n")
	b.WriteString("| " + strings.Join(header, " | ") + " |\n|---|" + strings.Repeat("---:|", len(header)-1) + "\n")
	for _, l := range r.lines {
		b.WriteString("| " + strings.Join(l.cells(), " | ") + " |\n")
	}
	if text := strings.TrimSpace(r.insideText()); text != "" {
		b.WriteString("\nThe same close without a process around it:\n\n- " + strings.ReplaceAll(text, "\n", "\n- ") + "\n")
	}
	return []byte(b.String())
}
