package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Everything back: extrato backup restore --all into an empty database, beside the
// database's own shell, which loads the same rows into empty tables.

// restores measures the restore of ten years of months and of one large month on
// each database, and writes restore.md.
func restores(ctx context.Context, o options, dir, extrato string) error {
	text := "# Everything back\n\nWritten by `go run ./cmd/bench -restore`: `extrato backup restore --all` as a whole process, which reads and proves every backup, makes each " +
		"statement and the chain again and verifies the database; beside it the database's own shell, which loads the same rows, live, into a database with empty " +
		"tables (PostgreSQL: `\\copy` of CSV files, the keys between sessions and payments added afterwards; SQLite: `INSERT … SELECT` from another file). " +
		"Medians, the runs in turn.\n\n"
	rows := [][]string{{"Database", "Studio", "extrato", "plain", "ratio", "peak memory"}}
	for _, name := range o.databases {
		for _, studio := range []struct {
			what        string
			rows, years int
		}{{fmt.Sprintf("%d months of 1,000 rows", 12*o.years+1), monthRows, o.years}, {"a month of 100,000 rows", 100_000, 0}} {
			own, err := studioFolder(dir, name, studio.rows)
			if err != nil {
				return err
			}
			d, err := newDatabase(o, name, own, extrato)
			if err != nil {
				return err
			}
			r := &restoring{database: d, options: o, dir: own, extrato: extrato, rows: studio.rows, years: studio.years}
			cells, err := r.measure(ctx)
			if !o.keep || o.server == "" {
				err = errors.Join(err, d.close())
			}
			if err != nil {
				return fmt.Errorf("%s, %s: %w", name, studio.what, err)
			}
			rows = append(rows, append([]string{d.name(), studio.what}, cells...))
			fmt.Fprintln(os.Stderr, strings.Join(rows[len(rows)-1], " | "))
		}
	}
	return os.WriteFile(filepath.Join(o.out, "restore.md"), []byte(text+"```\n"+aligned(rows)+"```\n"), 0o644) //nolint:gosec // for everybody to read
}

// restoring is the restore of one studio on one database.
type restoring struct {
	database
	options
	dir, extrato string
	rows, years  int
	head         string
}

const restoredName = "extrato_bench_restored"

func (r *restoring) measure(ctx context.Context) ([]string, error) {
	if err := r.prepareFolder(ctx); err != nil {
		return nil, err
	}
	if err := r.wait(); err != nil {
		return nil, err
	}
	var ours, theirs []usage
	for range max(r.runs, 3) {
		mine, err := r.restore(ctx)
		if err != nil {
			return nil, err
		}
		plain, err := r.load(ctx)
		if err != nil {
			return nil, err
		}
		ours, theirs = append(ours, mine), append(theirs, plain)
	}
	peak := slices.Max(each(ours, func(u usage) float64 { return float64(u.Peak) }))
	a, b := median(seconds(ours)), median(seconds(theirs))
	return []string{fmt.Sprintf("%.2f s", a), fmt.Sprintf("%.2f s", b), fmt.Sprintf("%.1f", a/b), fmt.Sprintf("%.0f MiB", peak/(1<<20))}, nil
}

// prepareFolder makes a studio, keeps its rows for the shell, and closes it: its
// backups and what lies beside them are in the folder then.
func (r *restoring) prepareFolder(ctx context.Context) error {
	if err := r.prepare(ctx, monthOf(r.rows)); err != nil {
		return err
	}
	url, err := r.fresh(ctx)
	if err != nil {
		return err
	}
	months := monthsBefore(r.years)
	err = withDB(r.database, func(db *sql.DB) error {
		for i, m := range months {
			if err := fillMonth(ctx, db, m, 50_000_000+i*monthRows); err != nil {
				return err
			}
		}
		if r.name() == sqliteName {
			return nil
		}
		return raiseSequences(ctx, db)
	})
	if err != nil {
		return err
	}
	if err := r.export(ctx, url); err != nil {
		return err
	}
	if err := r.closeOnServer(ctx, url, months); err != nil {
		return err
	}
	env := environment(r.dir, url)
	if _, err := run(ctx, r.dir, env, r.extrato, "close", october.Format("2006-01")); err != nil {
		return err
	}
	r.head, err = run(ctx, r.dir, env, r.extrato, "audit", "verify")
	return err
}

// closeOnServer closes the older months.
func (r *restoring) closeOnServer(ctx context.Context, url string, months []time.Time) error {
	if len(months) == 0 {
		return nil
	}
	s, err := startServer(ctx, r.dir, r.extrato, url)
	if err != nil {
		return err
	}
	defer s.stop()
	return errors.Join(s.signIn(), s.closeAll(months))
}

// export keeps the rows as they are before the months are closed.
func (r *restoring) export(ctx context.Context, url string) error {
	switch d := r.database.(type) {
	case *postgresServer:
		var script strings.Builder
		for _, t := range monthOf(r.rows).tables() {
			fmt.Fprintf(&script, "\\copy %s TO '%s' CSV\n", t.name, r.file(t.name))
		}
		return r.script(ctx, d, url, "export.sql", script.String())
	case *sqliteFiles:
		db, err := d.open()
		if err != nil {
			return err
		}
		_, err = db.ExecContext(ctx, "VACUUM INTO $1", r.file("rows"))
		return errors.Join(err, db.Close())
	}
	return nil
}

func (r *restoring) file(name string) string { return filepath.Join(r.dir, "plain-"+name) }

func (r *restoring) script(ctx context.Context, d *postgresServer, url, name, text string) error {
	if err := os.WriteFile(r.file(name), []byte(text), 0o600); err != nil {
		return err
	}
	_, err := run(ctx, r.dir, environment(r.dir, url), d.shell, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", r.file(name))
	return err
}

// empty makes an empty database in place of the last restored one, with tables if
// the shell is to load rows.
func (r *restoring) empty(ctx context.Context, tables bool) (url string, err error) {
	switch d := r.database.(type) {
	case *postgresServer:
		url = d.url(restoredName)
		err = d.exec(ctx, d.admin, "DROP DATABASE IF EXISTS "+restoredName+" WITH (FORCE)", "CREATE DATABASE "+restoredName+" TEMPLATE template0 ENCODING 'UTF8'")
	case *sqliteFiles:
		url, err = "sqlite:///"+r.file("restored.db"), remove(r.file("restored.db"))
	}
	if err == nil && tables {
		_, err = run(ctx, r.dir, environment(filepath.Join(r.dir, "nothing"), url), r.extrato, "migrate")
	}
	settle()
	return url, err
}

func (r *restoring) restore(ctx context.Context) (usage, error) {
	url, err := r.empty(ctx, false)
	if err != nil {
		return usage{}, err
	}
	u, err := measure(ctx, r.dir, environment(r.dir, url), []string{r.extrato, "backup", "restore", "--all"})
	if err != nil {
		return u, err
	}
	head, err := run(ctx, r.dir, environment(r.dir, url), r.extrato, "audit", "verify")
	if err == nil && head != r.head {
		err = fmt.Errorf("the restored database has the head\n%s\nand not\n%s", head, r.head)
	}
	return u, err
}

// load lets the shell load the same rows.
func (r *restoring) load(ctx context.Context) (usage, error) {
	url, err := r.empty(ctx, true)
	if err != nil {
		return usage{}, err
	}
	var script strings.Builder
	var command []string
	tables := monthOf(r.rows).tables()
	switch d := r.database.(type) {
	case *postgresServer:
		script.WriteString("BEGIN;\nALTER TABLE sessoes DROP CONSTRAINT sessoes_payment_id_fkey;\n")
		for _, t := range tables {
			fmt.Fprintf(&script, "\\copy %s FROM '%s' CSV\n", t.name, r.file(t.name))
		}
		script.WriteString("ALTER TABLE sessoes ADD CONSTRAINT sessoes_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES pagamentos (id);\nCOMMIT;\n")
		command = []string{d.shell, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", r.file("load.sql")}
	case *sqliteFiles:
		fmt.Fprintf(&script, "ATTACH '%s' AS kept;\nBEGIN IMMEDIATE;\n", r.file("rows"))
		for _, t := range tables {
			fmt.Fprintf(&script, "INSERT INTO main.%[1]s SELECT * FROM kept.%[1]s;\n", t.name)
		}
		script.WriteString("COMMIT;\n")
		command = []string{d.shell, "-bail", r.file("restored.db"), ".read " + r.file("load.sql")}
	}
	if err := os.WriteFile(r.file("load.sql"), []byte(script.String()), 0o600); err != nil {
		return usage{}, err
	}
	return measure(ctx, r.dir, environment(r.dir, url), command)
}
