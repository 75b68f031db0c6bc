// Command bench measures closing a month beside plain SQL on the same data in
// the same run. It writes a table and a chart into the folder bench.
//
// It makes months of several sizes on SQLite and PostgreSQL and closes each
// several times, on a fresh copy every time: once with extrato as a whole
// process (backup, proof, close), once with the database's own shell: it
// exports the rows as CSV and then, in one transaction, builds the statement's
// JSON, inserts it and deletes the rows. After every run bench verifies the
// remaining rows and the statement. It works in a temporary folder and removes
// it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"extrato/internal/pgtest"
)

// options are the flags.
type options struct {
	sizes     []int
	runs      int
	databases []string
	server    string
	out       string
	profiles  string
	phases    bool
	keep      bool
	load      time.Duration
	reads     time.Duration
	full      bool
	rate      int
	years     int
	restore   bool
	pause     bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	switch {
	case len(args) > 1 && args[0] == measureArg:
		return measureHere(args[1:])
	case len(args) == 4 && args[0] == insideArg:
		return closeHere(ctx, args[1], args[2], args[3])
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	return bench(ctx, o)
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rows := flags.String("rows", "1000,10000,100000,1000000", "rows of the months")
	quick := flags.Bool("quick", false, "only 1,000 and 10,000 rows")
	databases := flags.String("db", "sqlite,postgres", "databases")
	flags.IntVar(&o.runs, "runs", 0, "runs of each (default 5, 3 above 100,000 rows)")
	flags.StringVar(&o.server, "postgres", "", "URL of a PostgreSQL server to use, as a superuser, instead of a private one")
	flags.StringVar(&o.out, "o", "", "folder for results.md and chart.svg (default bench in the project)")
	flags.BoolVar(&o.phases, "phases", false, "also show where a close spends time and memory")
	flags.StringVar(&o.profiles, "cpuprofile", "", "folder for CPU and allocation profiles of a close at each size")
	flags.BoolVar(&o.keep, "keep", false, "keep the temporary folder, and the databases on the server of -postgres")
	flags.DurationVar(&o.load, "load", 0, "instead, load a server for so long, with a close in the middle, and write load.md")
	flags.DurationVar(&o.reads, "reads", 0, "instead, ask a server for everything that can be read, for so long, and write reads.md")
	flags.BoolVar(&o.full, "full", false, "instead, copy whole databases and restore the copies, and write full.md")
	flags.IntVar(&o.rate, "rate", 50, "with -reads: requests a second")
	flags.IntVar(&o.years, "years", 10, "with -reads, -restore and -full: years of closed months")
	flags.BoolVar(&o.restore, "restore", false, "instead, make lost databases of their backups, and write restore.md")
	flags.BoolVar(&o.pause, "pause", false, "with -load, -reads, -restore and -full: wait for Enter before measuring, so that a shared machine can become quiet")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *quick {
		*rows = "1000,10000"
	}
	for text := range strings.SplitSeq(*rows, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 100 {
			return o, fmt.Errorf("-rows: %q is no number of rows from 100 on", text)
		}
		o.sizes = append(o.sizes, n)
	}
	if o.rate < 1 || o.years < 1 {
		return o, errors.New("-rate and -years begin at 1")
	}
	o.databases = strings.Split(*databases, ",")
	for _, name := range o.databases {
		if name != "sqlite" && name != "postgres" {
			return o, fmt.Errorf("-db: %q is neither sqlite nor postgres", name)
		}
	}
	return o, nil
}

func bench(ctx context.Context, o options) (err error) {
	root, err := run(ctx, "", os.Environ(), "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil || root == "" {
		return errors.Join(err, errors.New("it has to run inside the project"))
	}
	if o.out == "" {
		o.out = filepath.Join(root, "bench")
	}
	dir, err := os.MkdirTemp("", "extrato-bench-")
	if err != nil {
		return err
	}
	if o.keep {
		fmt.Fprintln(os.Stderr, "everything stays in", dir)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	extrato := filepath.Join(dir, "extrato")
	if _, err := run(ctx, root, os.Environ(), "go", "build", "-o", extrato, "./cmd/extrato"); err != nil {
		return err
	}
	if o.load > 0 {
		return load(ctx, o, o.load, dir, extrato)
	}
	if o.restore {
		return restores(ctx, o, dir, extrato)
	}
	if o.reads > 0 {
		return reads(ctx, o, dir, extrato)
	}
	if o.full {
		return fulls(ctx, o, dir, extrato)
	}
	r := &report{}
	for _, name := range o.databases {
		if err := benchDatabase(ctx, o, r, name, dir, extrato); err != nil {
			return err
		}
	}
	if len(r.lines) == 0 {
		return errors.New("nothing could be measured")
	}
	return r.write(o.out)
}

// benchDatabase measures one database at every size, or names loudly the
// missing program.
func benchDatabase(ctx context.Context, o options, r *report, name, dir, extrato string) (err error) {
	var d database
	if name == "sqlite" {
		d, err = newSQLite(dir, extrato)
	} else {
		d, err = newPostgres(dir, extrato, o.server)
	}
	if err != nil {
		if !errors.Is(err, errLacking) && !errors.Is(err, pgtest.ErrMissing) {
			return err
		}
		fmt.Fprintf(os.Stderr, "\n*** %s IS NOT MEASURED: %v ***\n\n", strings.ToUpper(name), err)
		return nil
	}
	if !o.keep || o.server == "" {
		defer func() { err = errors.Join(err, d.close()) }()
	}
	versions, err := d.versions(ctx)
	if err != nil {
		return err
	}
	r.versions = append(r.versions, versions)
	for _, size := range slices.Sorted(slices.Values(o.sizes)) {
		b := &contest{options: o, database: d, dir: dir, extrato: extrato, month: monthOf(size)}
		if err := b.measure(ctx, r); err != nil {
			return fmt.Errorf("%s, %d rows: %w", d.name(), size, err)
		}
	}
	return nil
}

// errLacking reports a missing program.
var errLacking = errors.New("is not on this machine")
