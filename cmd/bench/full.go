package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fullRuns is how often each copy is made and brought back, without -runs.
const fullRuns = 5

// fulls measures copying a whole database and restoring the copy, of a studio with
// years of closed months and of one with many live rows.
func fulls(ctx context.Context, o options, dir, extrato string) error {
	o.runs = cmp.Or(o.runs, fullRuns)
	var text strings.Builder
	fmt.Fprintf(&text, "# The whole database\n\nWritten by `go run ./cmd/bench -full -rows %d`: `extrato backup full` and `extrato backup restore --full` as whole processes, "+
		"%d runs each: median, least and most. The memory is extrato's own, without pg_dump's and pg_restore's.\n\n"+
		"| Studio | Database | Copy | Copying | Memory | Restoring | Memory |\n|---|---:|---:|---:|---:|---:|---:|\n", o.sizes[0], o.runs)
	for _, name := range o.databases {
		for _, years := range []int{o.years, 0} {
			own, err := studioFolder(dir, name, years)
			if err != nil {
				return err
			}
			d, err := newDatabase(o, name, own, extrato)
			if err != nil {
				return err
			}
			line, err := fullsOf(ctx, o, d, years, own, extrato)
			if err := errors.Join(err, d.close()); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fmt.Fprint(os.Stderr, line)
			text.WriteString(line)
		}
	}
	return os.WriteFile(filepath.Join(o.out, "full.md"), []byte(text.String()), 0o644) //nolint:gosec // for everybody to read
}

func fullsOf(ctx context.Context, o options, d database, years int, dir, extrato string) (string, error) {
	studio, url, err := fullStudio(ctx, o, d, years, dir, extrato)
	if err != nil {
		return "", err
	}
	if err := o.wait(); err != nil {
		return "", err
	}
	var copying, restoring []usage
	var name string
	for range o.runs {
		u, err := measure(ctx, dir, environment(dir, url), []string{extrato, "backup", "full"})
		if err != nil {
			return "", err
		}
		copying = append(copying, u)
		if name, err = newestFull(dir); err != nil {
			return "", err
		}
		empty, err := d.empty(ctx)
		if err != nil {
			return "", err
		}
		if u, err = measure(ctx, dir, environment(dir, empty), []string{extrato, "backup", "restore", "--full", name}); err != nil {
			return "", err
		}
		restoring = append(restoring, u)
	}
	info, err := os.Stat(filepath.Join(dir, "backups", name))
	if err != nil {
		return "", err
	}
	whole, err := d.bytes(ctx)
	peak := func(u usage) float64 { return float64(u.Peak) / (1 << 20) }
	return fmt.Sprintf("| %s, %s | %d MiB | %d MiB | %s s | %.0f MiB | %s s | %.0f MiB |\n", d.name(), studio, whole>>20, info.Size()>>20,
		span(seconds(copying)), slices.Max(each(copying, peak)), span(seconds(restoring)), slices.Max(each(restoring, peak))), err
}

// fullStudio makes a studio with years of closed months and a thousand live rows
// or, without years, with as many live rows as the flag says.
func fullStudio(ctx context.Context, o options, d database, years int, dir, extrato string) (studio, url string, err error) {
	if years > 0 {
		s, err := oldStudio(ctx, d, monthRows, years, dir, extrato)
		if err != nil {
			return "", "", err
		}
		s.stop()
		return fmt.Sprintf("%d years of %s rows a month", years, thousands(monthRows)), s.url, nil
	}
	if err := d.prepare(ctx, monthOf(o.sizes[0])); err != nil {
		return "", "", err
	}
	url, err = d.fresh(ctx)
	return thousands(o.sizes[0]) + " live rows", url, err
}

func newestFull(dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "backups", "inteiro", "*Z.*[pe]"))
	if err != nil || len(found) == 0 {
		return "", errors.Join(err, errors.New("no copy was made"))
	}
	return "inteiro/" + filepath.Base(slices.Max(found)), nil
}

// empty and bytes are for fulls alone.

func (s *sqliteFiles) empty(context.Context) (string, error) {
	file := filepath.Join(filepath.Dir(s.file), "restored.db")
	return "sqlite:///" + file, remove(file)
}

func (s *sqliteFiles) bytes(context.Context) (int64, error) {
	info, err := os.Stat(s.file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (p *postgresServer) empty(ctx context.Context) (string, error) {
	return p.url(restoredName), p.exec(ctx, p.admin, "DROP DATABASE IF EXISTS "+restoredName+" WITH (FORCE)", "CREATE DATABASE "+restoredName+" TEMPLATE template0 ENCODING 'UTF8'")
}

func (p *postgresServer) bytes(ctx context.Context) (size int64, err error) {
	err = withDB(p, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, "SELECT pg_database_size(current_database())").Scan(&size)
	})
	return size, err
}
