package closing

import (
	"context"
	"fmt"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Drilled is the report of one drill.
type Drilled struct {
	Month   books.Month `json:"month"`
	Place   string      `json:"place"`
	File    string      `json:"file"`
	Result  string      `json:"result"` // store.DrillEqual, store.DrillDifferent or store.DrillFailed
	Reason  string      `json:"reason"`
	Next    string      `json:"next,omitempty"` // the command to run, where one helps
	Seconds float64     `json:"seconds"`
}

// Drill restores the backup of month's statement, as it is kept at from, into a
// scratch database, and compares the statement that comes out with the chain:
// seal, fingerprint, counts, totals; and the chain with the stored statement. Of
// a reopened month it is the statement before the reopening. Without from it
// takes the copy farthest away that it can open. The studio's database is read,
// and records the result.
//
// A month never closed is an Error of kind NotFound, a statement of v4's of kind
// Refused. All other faults are in the report.
func (c *Closer) Drill(ctx context.Context, month books.Month, from *backup.Backups) (Drilled, error) {
	target, records, err := c.drillTarget(ctx, month)
	if err != nil {
		return Drilled{}, err
	}
	why := ""
	if from == nil {
		from, why = c.drillPlace(records, target.file)
	}
	began := c.Now()
	d := Drilled{Month: month, Place: from.Bucket.String(), File: target.file, Result: store.DrillEqual, Reason: why}
	switch {
	case target.file == "":
		d.Result, d.Reason = store.DrillFailed, "the month closed without a backup, and none was made since"
		d.Next = fmt.Sprintf("extrato backup create %s", month)
	case !target.entry.Intact():
		c.explainEntry(ctx, &d, target)
	default:
		if err = c.drill(ctx, target, from); err != nil {
			c.explain(ctx, &d, target, err)
		}
	}
	if ctx.Err() != nil {
		return d, ctx.Err()
	}
	c.step("drilled " + month.String())
	now := c.Now()
	d.Seconds = now.Sub(began).Seconds()
	return d, c.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.AddDrill(ctx, store.Drill{Month: month, Place: d.Place, File: d.File, Result: d.Result, Reason: d.Reason, Next: d.Next, Seconds: d.Seconds, At: books.InstantOf(now)})
	})
}

// DrillMonths returns the months that Drill can drill, oldest first.
func (c *Closer) DrillMonths(ctx context.Context) ([]books.Month, error) {
	months := map[books.Month]bool{}
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		targets, err := drillTargets(ctx, tx)
		for m, t := range targets {
			months[m] = t.entry.Action != books.Adopted
		}
		return err
	})
	for m, ours := range months {
		if !ours {
			delete(months, m)
		}
	}
	return inOrder(months), err
}

// drillTarget is the last statement of a month, and the file of its backup.
type drillTarget struct {
	entry books.ChainEntry
	file  string // "": it closed without a backup, and none was made since
	held  bool   // it was reopened since
}

// drillTargets returns the target of each month that was ever closed. A month
// closed without a backup may have a copy made later.
func drillTargets(ctx context.Context, tx *store.Tx) (map[books.Month]drillTarget, error) {
	entries, err := tx.ChainEntries(ctx)
	if err != nil {
		return nil, err
	}
	targets := map[books.Month]drillTarget{}
	for _, e := range entries {
		switch t, closed := targets[e.Month]; {
		case e.Seq < 1:
		case e.HasStatement():
			targets[e.Month] = drillTarget{entry: e, file: e.BackupFile}
		case closed && e.Action == books.Reopened:
			t.held = true
			targets[e.Month] = t
		}
	}
	known, err := tx.Backups(ctx, books.Month{})
	for _, k := range known {
		if t, closed := targets[k.Month]; closed && t.entry.BackupFile == "" && k.Fingerprint == t.entry.Fingerprint {
			t.file = k.File
			targets[k.Month] = t
		}
	}
	return targets, err
}

// drillTarget returns month's target, and the records of its copies elsewhere.
func (c *Closer) drillTarget(ctx context.Context, month books.Month) (t drillTarget, records []store.ObjectCopy, err error) {
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		targets, err := drillTargets(ctx, tx)
		if err != nil {
			return err
		}
		switch t = targets[month]; {
		case t.entry.Seq == 0:
			if stored, err := tx.Statement(ctx, month); err == nil && stored.Ours() {
				return verifyEntry(t.entry, month)
			}
			return books.NotFoundf("no_statement", "%s has no statement, so there is nothing to compare its backup with", month).
				WithHint("close it first; a backup by itself is checked by extrato backup verify %s", month)
		case t.entry.Action == books.Adopted:
			return books.Refusedf("statement_of_v4", "the statement of %s is v4's: its backup lacks what a drill needs", month).
				WithHint("extrato audit verify checks that nobody changed the statement")
		}
		records, err = tx.MonthCopies(ctx, month)
		return err
	})
	return t, records, err
}

// drill fails with an Error of kind Integrity or NotFound if the copy does not
// give the target's statement, or if another statement is stored; every other
// error means that the drill could not run.
func (c *Closer) drill(ctx context.Context, t drillTarget, from *backup.Backups) error {
	manifest, rows, err := readBackup(ctx, from, t.file)
	if err != nil {
		return err
	}
	if t.entry.BackupSHA256 != "" && t.entry.BackupSHA256 != manifest.SHA256 {
		return books.Integrityf("backup_corrupt", "%s", exchanged)
	}
	scratch, err := c.openScratch(ctx, t.entry)
	if err != nil {
		return err
	}
	defer scratch.remove()
	if err := scratch.rebuild(ctx, t.entry, manifest, rows); err != nil {
		return err
	}
	if selfContained(rows) {
		if err := scratch.reopenAndClose(ctx, t.entry); err != nil {
			return err
		}
		c.step("closed again in the scratch database")
	}
	if t.held {
		return nil
	}
	problems, _, err := c.VerifyStatement(ctx, t.entry.Month)
	if err == nil && len(problems) > 0 {
		err = books.Integrityf(storedDiffers, "%s", problems[0])
	}
	return err
}

// storedDiffers is the code of drill's error where the backup is right, and the
// stored statement is not.
const storedDiffers = "statement_changed"

// drillTimeout is how long a drill waits for a place. A hung share ignores
// contexts.
var drillTimeout = 10 * time.Minute

// readBackup is Rows, and fails with backup.ErrSlow where the place hangs.
func readBackup(ctx context.Context, from *backup.Backups, file string) (m backup.Manifest, rows []books.Row, err error) {
	target, err := backup.ParseFile(file)
	if err != nil {
		return m, nil, err
	}
	var found struct {
		backup.Manifest
		rows []books.Row
	}
	err = from.Within(ctx, drillTimeout, func() (err error) {
		found.Manifest, found.rows, err = from.Rows(ctx, target)
		return err
	})
	if err != nil {
		return m, nil, err // found may still be written
	}
	return found.Manifest, found.rows, nil
}
