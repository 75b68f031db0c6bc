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
	const name = "database"
	place := store.Place(d.Config.DatabaseURL)
	switch {
	case condition == store.New:
		r.fail(name, "make one: extrato migrate (empty), extrato import --from URL (from v4), extrato demo (to try)", "%s is empty", place)
	case condition == store.V4 && d.Store.Postgres():
		r.fail(name, "make a dump of it, then run: extrato migrate", "%s is v4's: extrato has not taken it over", place)
	case condition == store.V4:
		r.fail(name, "copy it into a new database, and set DATABASE_URL to that: DATABASE_URL=sqlite:///data/extrato.db extrato import --from sqlite:///"+d.Store.Path(),
			"%s is v4's", place)
	case condition == store.Older:
		r.warn(name, "extrato migrate, or any command that closes", "%s was made by an older version of extrato", place)
	case condition == store.Newer:
		r.fail(name, "install the newer extrato", "%s was made by a newer version of extrato", place)
	default:
		r.ok(name, "%s answers and is of this version", place)
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
		r.fail(name, "extrato audit verify says if anything was changed meanwhile; extrato migrate puts them back",
			"triggers that keep closed months from being changed are gone, switched off or not ours: %s", some(missing))
	default:
		r.ok(name, "triggers keep closed months from being changed")
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
	r.ok(name, "the books', extratos, extrato_run_logs and our own are there, and show all their rows")
	return true
}

func (d *Doctor) writable(ctx context.Context, r *Report) {
	if err := d.Store.CheckWritable(ctx); err != nil {
		r.failed("database writable", err)
		return
	}
	r.ok("database writable", "yes")
}

// databaseDisk warns of disks with unreliable locks for SQLite.
func (d *Doctor) databaseDisk(r *Report) {
	const name = "database disk"
	folder := filepath.Dir(d.Store.Path())
	if kind, remote := fileSystem(folder); remote {
		r.warn(name, "move the file to a disk of this machine, or use PostgreSQL",
			"%s is on %s: the locks of SQLite may not hold there, and two processes could damage the file", folder, kind)
		return
	}
	r.ok(name, "%s is on a disk of this machine", folder)
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
		r.warn(name, "stop the server and run on a copy of the file: sqlite3 COPY 'PRAGMA integrity_check'", "the check of the whole file was broken off after %s", fileCheckTimeout)
	case err != nil:
		r.failed(name, err)
	case len(damage) > 0 && onlyIndexes(damage):
		r.fail(name, "keep a copy of the file; stop extrato, then: sqlite3 FILE REINDEX; until then months show fewer rows than there are", "an index disagrees with its table: %s", some(damage))
	case len(damage) > 0:
		r.fail(name, "keep a copy of the file as it is; restore it from a copy, or its months from the backups", "damaged: %s", some(damage))
	default:
		r.ok(name, "SQLite finds it whole, its indexes too (PRAGMA integrity_check)")
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
		r.fail(name, "set both clocks (NTP)", "the clocks of this machine and of the database differ by %s: no month can be closed", skew)
	case future != "":
		r.fail(name, "check this machine's clock; if it is right, correct the row's created_at", "%s was made in the future: no month can be closed", future)
	case d.Store.Postgres():
		r.ok(name, "this machine and the database agree; no row was made in the future")
	default:
		r.ok(name, "no row was made in the future")
	}
}

func (d *Doctor) keys(ctx context.Context, r *Report) {
	const name = "keys"
	foreign, unique, err := d.Store.MissingKeys(ctx)
	switch {
	case err != nil:
		r.failed(name, err)
	case len(unique) > 0:
		r.fail(name, "extrato migrate adds them", "unique keys are missing: %s", some(unique))
	case len(foreign) > 0:
		r.warn(name, "add them when the rows allow it; closes are right without them", "foreign keys are missing: %s; every close keeps writers out of the books while it runs", some(foreign))
	default:
		r.ok(name, "the foreign keys and unique keys that a close rests on are there")
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
		r.warn(name, "make sure that they let rows be deleted and restored unchanged; otherwise the close or the reopening is refused", "triggers act on the books' rows: %s", some(found))
	default:
		r.ok(name, "no trigger acts on the books' rows before they are written")
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
		r.fail(name, "empty or drop the column, or ask for a version of extrato that carries it",
			"columns that no backup would hold have data in them: %s; months with such rows cannot be closed", some(unknown))
	default:
		r.ok(name, "backups hold every column with data")
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
	r.fail(name, "correct them in the database, or load a dump (pg_dump --encoding of what they are) into one made with ENCODING 'UTF8'; their months cannot be closed",
		"texts are not UTF-8: %s", some(rows))
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
		r.fail("dates", "correct them in the database: they are in no backup and no statement", "rows belong to no month: %s", some(lost))
	} else {
		r.ok("dates", "every live row belongs to a month")
	}
	if len(broken) > 0 {
		r.fail("amounts", "correct them in the database; their months cannot be closed", "rows cannot be kept exactly: %s", some(broken))
	} else {
		r.ok("amounts", "every live row can be kept exactly")
	}
}
