package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// contest is extrato against plain SQL on one database, in a month of one size.
type contest struct {
	options
	database
	month        month
	dir, extrato string
}

// line is a contest's outcome.
type line struct {
	database      string
	rows          int
	ours, theirs  []usage
	statements    int64
	json          int64        // bytes of extrato's statement
	insideSeconds [2][]float64 // of a new process and of a running one
}

// insideRows is the size of the month closed inside a process as well,
// insideRuns times.
const (
	insideRows = 1000
	insideRuns = 20
)

// measure makes the month, lets both close it in turn, and adds a line.
func (c *contest) measure(ctx context.Context, r *report) error {
	c.say("making the month")
	if err := c.prepare(ctx, c.month); err != nil {
		return err
	}
	runs := c.runs
	if runs == 0 {
		runs = 5
		if c.month.rows() > 100_000 {
			runs = 3
		}
	}
	l := line{database: c.name(), rows: c.month.rows()}
	for i := range runs {
		c.say(fmt.Sprintf("run %d of %d", i+1, runs))
		for turn := range 2 {
			if turn == i%2 { // each goes first every other time
				u, err := c.runOurs(ctx)
				if err != nil {
					return err
				}
				l.ours = append(l.ours, u)
				if l.json, err = statementSize(ctx, c); err != nil {
					return err
				}
			} else {
				u, err := c.runPlain(ctx)
				if err != nil {
					return err
				}
				l.theirs = append(l.theirs, u)
			}
		}
	}
	if err := c.lookInside(ctx, &l, r); err != nil {
		return err
	}
	r.add(l)
	return nil
}

func (c *contest) say(what string) {
	fmt.Fprintf(os.Stderr, "%s, %d rows: %s\n", c.name(), c.month.rows(), what)
}

// runOurs closes a fresh copy with extrato.
func (c *contest) runOurs(ctx context.Context) (usage, error) {
	return c.once(ctx, func(url, dir string) (usage, error) {
		u, err := c.take(ctx, url, dir, []string{c.extrato, "close", "2025-10"})
		if err != nil {
			return u, err
		}
		n, err := countLines(filepath.Join(dir, "backups/2025_10/backup_2025_10.csv"))
		if err == nil && n <= c.month.rows() {
			err = fmt.Errorf("extrato's backup has %d lines for %d rows", n, c.month.rows())
		}
		return u, err
	})
}

// runPlain closes a fresh copy with the shell.
func (c *contest) runPlain(ctx context.Context) (usage, error) {
	return c.once(ctx, func(url, dir string) (usage, error) {
		u, err := c.take(ctx, url, dir, c.plain())
		if err != nil {
			return u, err
		}
		for name, want := range map[string]int{
			"pagamentos": c.month.payments, "sessoes": c.month.sessions, "comissoes": c.month.commissions, "gastos": c.month.expenses,
		} {
			n, err := countLines(filepath.Join(dir, name+".csv"))
			if err != nil {
				return u, err
			}
			if n != want+1 {
				return u, fmt.Errorf("plain SQL's %s.csv has %d lines for %d rows", name, n, want)
			}
		}
		return u, nil
	})
}

func (c *contest) take(ctx context.Context, url, dir string, command []string) (usage, error) {
	before := c.serverCPU()
	u, err := measure(ctx, dir, environment(dir, url), command)
	u.Server = c.serverCPU() - before
	return u, err
}

// once runs work on a fresh copy in a folder of its own and verifies the
// result.
func (c *contest) once(ctx context.Context, work func(url, dir string) (usage, error)) (u usage, err error) {
	url, err := c.fresh(ctx)
	if err != nil {
		return u, err
	}
	dir, err := os.MkdirTemp(c.dir, "run-")
	if err != nil {
		return u, err
	}
	if !c.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	settle()
	if u, err = work(url, dir); err != nil {
		return u, err
	}
	return u, check(ctx, c, c.month)
}

// lookInside counts statements and, where asked to, phases; in the small month
// it also times the close without a process around it.
func (c *contest) lookInside(ctx context.Context, l *line, r *report) error {
	prefix := ""
	if c.profiles != "" {
		folder, err := filepath.Abs(c.profiles)
		if err != nil {
			return err
		}
		prefix = filepath.Join(folder, fmt.Sprintf("%s-%d-", strings.ToLower(c.name()), c.month.rows()))
	}
	c.say("looking inside")
	_, err := c.once(ctx, func(url, dir string) (usage, error) {
		in, err := closeInside(ctx, dir, url, prefix)
		l.statements = in.Statements
		if c.phases {
			r.phases = append(r.phases, phases{c.name(), c.month.rows(), in})
		}
		return usage{}, err
	})
	if err != nil || c.month.rows() != insideRows {
		return err
	}
	for i := range 2 * insideRuns {
		_, err := c.once(ctx, func(url, dir string) (usage, error) {
			in, err := closeOnce(ctx, url, dir, i%2 == 1, func() int64 { return 0 })
			l.insideSeconds[i%2] = append(l.insideSeconds[i%2], in.Seconds)
			return usage{}, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func countLines(file string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close() // it was only read
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		n++
	}
	return n, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
