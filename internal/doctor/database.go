package doctor

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// database describes the database; usable means: it has books in it.
func (d *Doctor) database(ctx context.Context, r *Report) (condition store.Condition, usable bool) {
	const name = "database"
	if d.OpenErr != nil {
		if d.problem("DATABASE_URL") == "" {
			r.failed(name, d.OpenErr)
		}
		return store.New, false
	}
	condition, err := d.Store.Condition(ctx)
	if err != nil {
		r.failed(name, err)
		return store.New, false
	}
	d.describe(r, condition)
	d.writable(ctx, r)
	if d.Store.Path() != "" {
		d.databaseDisk(r)
		d.databaseFile(ctx, r)
	}
	return condition, condition != store.New && d.tables(ctx, r, condition)
}

func (d *Doctor) describe(r *Report, condition store.Condition) {
	place := store.Place(d.Config.DatabaseURL)
	switch {
	case condition == store.New:
		r.say("database_empty", place)
	case condition == store.V4 && d.Store.Postgres():
		r.say("database_v4", place)
	case condition == store.V4:
		r.say("database_v4_file", place, d.Store.Path())
	case condition == store.Older:
		r.say("database_older", place)
	case condition == store.Newer:
		r.say("database_newer", place)
	default:
		r.say("database", place)
	}
}

// guards looks for the triggers that protect closed months.
func (d *Doctor) guards(ctx context.Context, r *Report) {
	const name = "guards"
	missing, err := d.Store.MissingGuards(ctx)
	switch {
	case err != nil:
		r.failed(name, err)
	case len(missing) > 0:
		r.say("guards_gone", some(missing))
	default:
		r.say("guards")
	}
}

// tables reports whether the books' tables are complete and hide no rows:
// otherwise nothing found in them can be relied on.
func (d *Doctor) tables(ctx context.Context, r *Report, condition store.Condition) bool {
	const name = "tables"
	check := d.Store.CheckTables
	switch condition {
	case store.V4:
		check = d.Store.CheckV4
	case store.Current:
	default:
		return true // migrate makes the missing ones
	}
	if condition == store.V4 && !d.Store.Postgres() {
		return true // an import reports on them
	}
	if err := check(ctx); err != nil {
		r.failed(name, err)
		return false
	}
	r.say("tables")
	return true
}

func (d *Doctor) writable(ctx context.Context, r *Report) {
	check := d.Store.CheckWritable
	if d.InServer && d.Store.Path() != "" { // its own writer is the one that counts, and SQLite has one
		check = func(ctx context.Context) error { return d.Store.Write(ctx, func(*store.Tx) error { return nil }) }
	}
	if err := check(ctx); err != nil {
		r.failed("database writable", err)
		return
	}
	r.say("database_writable")
}

// databaseDisk warns of disks with unreliable locks for SQLite.
func (d *Doctor) databaseDisk(r *Report) {
	folder := filepath.Dir(d.Store.Path())
	if kind, remote := fileSystem(folder); remote {
		r.say("disk_remote", folder, kind)
		return
	}
	r.say("disk", folder)
}

// fileCheckTimeout bounds SQLite's check of its whole file, indexes included: a
// million rows take some seconds.
const fileCheckTimeout = time.Minute

func (d *Doctor) databaseFile(ctx context.Context, r *Report) {
	const name = "database file"
	limited, cancel := context.WithTimeout(ctx, fileCheckTimeout)
	defer cancel()
	var damage []string
	err := d.Store.Read(limited, func(tx *store.Tx) error {
		var err error
		damage, err = tx.Damage(limited)
		return err
	})
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		r.say("file_unchecked", fileCheckTimeout)
	case err != nil:
		r.failed(name, err)
	case len(damage) > 0 && onlyIndexes(damage):
		r.say("file_index", some(damage))
	case len(damage) > 0:
		r.say("file_damaged", some(damage))
	default:
		r.say("file")
	}
}

// onlyIndexes reports whether rebuilding the indexes mends all of SQLite's
// findings, by the wording of the two about indexes.
func onlyIndexes(damage []string) bool {
	return !slices.ContainsFunc(damage, func(text string) bool {
		return !strings.Contains(text, "missing from index") && !strings.Contains(text, "wrong # of entries in index")
	})
}

// books checks the live rows and their guards, on v4's tables too: a person
// knows before taking them over.
func (d *Doctor) books(ctx context.Context, r *Report) {
	d.clock(ctx, r)
	if d.Store.Postgres() {
		d.keys(ctx, r)
	}
	d.triggers(ctx, r)
	d.columns(ctx, r)
	d.rows(ctx, r)
}

func (d *Doctor) clock(ctx context.Context, r *Report) {
	const name = "clock"
	now := d.Now()
	var future, skew string
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		server, err := tx.Clock(ctx)
		if err != nil {
			return err
		}
		if difference := server.Sub(now).Abs(); !server.IsZero() && difference > clockTolerance {
			skew = difference.Round(1e9).String()
		}
		future, err = tx.FutureRow(ctx, books.InstantOf(now.Add(clockTolerance)))
		return err
	})
	switch {
	case err != nil:
		r.failed(name, err)
	case skew != "":
		r.say("clock_skew", skew)
	case future != "":
		r.say("clock_future", future)
	case d.Store.Postgres():
		r.say("clock_agrees")
	default:
		r.say("clock")
	}
}

func (d *Doctor) keys(ctx context.Context, r *Report) {
	const name = "keys"
	foreign, unique, err := d.Store.MissingKeys(ctx)
	switch {
	case err != nil:
		r.failed(name, err)
	case len(unique) > 0:
		r.say("keys_unique", some(unique))
	case len(foreign) > 0:
		r.say("keys_foreign", some(foreign))
	default:
		r.say("keys")
	}
}

// triggers names triggers that run before a delete: a close cannot know their
// effect.
func (d *Doctor) triggers(ctx context.Context, r *Report) {
	const name = "triggers"
	var found []store.Trigger
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		found, err = tx.Triggers(ctx)
		return err
	})
	switch {
	case err != nil:
		r.failed(name, err)
	case len(found) > 0:
		r.say("triggers_others", some(found))
	default:
		r.say("triggers")
	}
}

func (d *Doctor) columns(ctx context.Context, r *Report) {
	const name = "columns"
	var unknown []string
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		unknown, err = tx.UnknownColumns(ctx)
		return err
	})
	switch {
	case err != nil:
		r.failed(name, err)
	case len(unknown) > 0:
		r.say("columns_unknown", some(unknown))
	default:
		r.say("columns")
	}
}

// badTexts names rows with bad text, in a database with an unchecked encoding.
func (d *Doctor) badTexts(ctx context.Context, r *Report) {
	const name, most = "texts", 20
	var bad []store.BadRow
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		bad, err = tx.BadTexts(ctx, most)
		return err
	})
	if err != nil {
		r.failed(name, err)
		return
	}
	var rows []string
	for _, t := range bad {
		rows = append(rows, t.Row+": "+t.Why)
	}
	r.say("texts_bad", some(rows))
}

// rows finds rows no close could ever include or keep exactly.
func (d *Doctor) rows(ctx context.Context, r *Report) {
	const most = 20
	var monthless, unreadable []store.BadRow
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		if monthless, err = tx.MonthlessRows(ctx, most); err != nil {
			return err
		}
		unreadable, err = tx.UnreadableRows(ctx, most)
		return err
	})
	if books.AsError(err) != nil && books.AsError(err).Code == "text_not_utf8" {
		d.badTexts(ctx, r)
		return
	}
	if err != nil {
		r.failed("rows", err)
		return
	}
	var lost, broken []string
	seen := map[string]bool{}
	for _, t := range monthless {
		seen[t.Row] = true
		lost = append(lost, t.Row+": "+t.Why)
	}
	for _, t := range unreadable {
		if !seen[t.Row] {
			broken = append(broken, t.Why)
		}
	}
	if len(lost) > 0 {
		r.say("dates_bad", some(lost))
	} else {
		r.say("dates")
	}
	if len(broken) > 0 {
		r.say("amounts_bad", some(broken))
	} else {
		r.say("amounts")
	}
}
