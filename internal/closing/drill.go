package closing

import (
	"context"
	"fmt"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// DrillResult is the result of a drill.
type DrillResult string

// The results of a drill.
const (
	DrillEqual     DrillResult = "equal"     // the backup gives the statement again
	DrillDifferent DrillResult = "different" // it does not
	DrillFailed    DrillResult = "failed"    // the drill could not run
)

// Drilled is the report of one drill.
type Drilled struct {
	Month   books.Month `json:"month"`
	Place   string      `json:"place"`
	File    string      `json:"file"`
	Result  DrillResult `json:"result"`
	Reason  string      `json:"reason"`
	Next    string      `json:"next,omitempty"` // the command to run, where one helps
	Seconds float64     `json:"seconds"`
}

// Drill restores the backup of month's statement, as it is kept at from, into a
// scratch database, and compares the statement that comes out with the chain:
// seal, fingerprint, counts, totals. Of a reopened month it is the statement
// before the reopening. The studio's database is read, and records the result.
//
// A month never closed is an Error of kind NotFound, a statement of v4's of kind
// Refused. All other faults are in the report.
func (c *Closer) Drill(ctx context.Context, month books.Month, from *backup.Backups) (Drilled, error) {
	entry, file, err := c.drillTarget(ctx, month)
	if err != nil {
		return Drilled{}, err
	}
	began := c.Now()
	d := Drilled{Month: month, Place: from.Bucket.String(), File: file, Result: DrillEqual}
	if file == "" {
		d.Result, d.Reason = DrillFailed, "the month closed without a backup, and none was made since"
		d.Next = fmt.Sprintf("extrato backup create %s", month)
	} else if err := c.drill(ctx, entry, file, from); err != nil {
		if ctx.Err() != nil {
			return d, ctx.Err()
		}
		c.explain(ctx, &d, entry, err)
	}
	now := c.Now()
	d.Seconds = now.Sub(began).Seconds()
	return d, c.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.AddDrill(ctx, store.Drill{Month: month, Place: d.Place, File: d.File, Result: string(d.Result), Reason: d.Reason, Seconds: d.Seconds, At: books.InstantOf(now)})
	})
}

// DrillMonths returns the months that Drill can drill, oldest first.
func (c *Closer) DrillMonths(ctx context.Context) ([]books.Month, error) {
	months := map[books.Month]bool{}
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		latest, err := tx.LatestEntries(ctx)
		for m, e := range latest {
			if e.Action != books.Adopted {
				months[m] = true
			}
		}
		return err
	})
	return inOrder(months), err
}

// drillTarget returns the entry of month's last statement and the file of its
// backup. A month closed without one may have a copy made later.
func (c *Closer) drillTarget(ctx context.Context, month books.Month) (last books.ChainEntry, file string, err error) {
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		entries, err := tx.ChainEntries(ctx)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Seq > 0 && e.Month == month && e.HasStatement() {
				last = e
			}
		}
		switch {
		case last.Seq == 0:
			return books.NotFoundf("no_statement", "%s has no statement, so there is nothing to compare its backup with", month).
				WithHint("close it first; a backup by itself is checked by extrato backup verify %s", month)
		case last.Action == books.Adopted:
			return books.Refusedf("statement_of_v4", "the statement of %s is v4's: its backup lacks what a drill needs", month).
				WithHint("extrato audit verify checks that nobody changed the statement")
		case !last.Intact():
			return verifyEntry(last, month)
		case last.BackupFile != "":
			file = last.BackupFile
			return nil
		}
		known, err := tx.Backups(ctx, month)
		for _, k := range known {
			if k.Fingerprint == last.Fingerprint {
				file = k.File
			}
		}
		return err
	})
	return last, file, err
}

// drill fails with an Error of kind Integrity or NotFound if the copy does not
// give entry's statement; every other error means that the drill could not run.
func (c *Closer) drill(ctx context.Context, entry books.ChainEntry, file string, from *backup.Backups) error {
	target, err := backup.ParseFile(file)
	if err != nil {
		return err
	}
	manifest, rows, err := from.Rows(ctx, target)
	if err != nil {
		return err
	}
	if entry.BackupSHA256 != "" && entry.BackupSHA256 != manifest.SHA256 {
		return books.Integrityf("backup_corrupt", "%s", exchanged)
	}
	scratch, err := c.openScratch(ctx, entry)
	if err != nil {
		return err
	}
	defer scratch.remove()
	if err := scratch.rebuild(ctx, entry, manifest, rows); err != nil {
		return err
	}
	if !selfContained(rows) {
		return nil
	}
	return scratch.reopenAndClose(ctx, entry)
}

// explain turns the error of a drill into its result, with a remedy: what still
// holds the rows, and the next command.
func (c *Closer) explain(ctx context.Context, d *Drilled, entry books.ChainEntry, err error) {
	e := books.AsError(err)
	d.Result, d.Reason = DrillFailed, strings.TrimSuffix(e.Error(), ".")
	if e.Kind != books.Integrity && e.Kind != books.NotFound && e.Code != backup.OfV4 {
		d.Next = e.Hint
		return
	}
	if e.Code == backup.OfV4 { // it is ours
		d.Reason = "the manifest is gone"
	}
	d.Result = DrillDifferent
	holds, next := c.stillHolds(ctx, *d, entry)
	d.Reason += "; " + holds
	d.Next = next
}

// stillHolds names what holds the rows of a drill's month besides its backup.
func (c *Closer) stillHolds(ctx context.Context, d Drilled, entry books.ChainEntry) (holds, next string) {
	problems, closed, err := c.VerifyStatement(ctx, d.Month)
	if err == nil && closed && len(problems) == 0 {
		return fmt.Sprintf("the statement of %s in the database still holds every row", d.Month),
			fmt.Sprintf("put %s back from another copy of the folder, or keep it and make a new one: extrato backup create %s", d.File, d.Month)
	}
	copies, err := c.copiesToTake(ctx, d.Month)
	for _, k := range copies.copies {
		if k.File == d.File && d.Place == c.Backups.Bucket.String() {
			continue
		}
		m, _, unread := c.Backups.Rows(ctx, k.Copy)
		if err == nil && unread == nil && m.Fingerprint == entry.Fingerprint {
			return fmt.Sprintf("%s in %s still holds every row", k.File, c.Backups.Bucket),
				fmt.Sprintf("extrato backup restore %s --file %s --dry-run", d.Month, k.File)
		}
	}
	if !closed {
		return fmt.Sprintf("the rows of %s are live, since it was reopened", d.Month), fmt.Sprintf("extrato close %s", d.Month)
	}
	return "neither the statement in the database nor another copy in the folder of the backups was found whole",
		fmt.Sprintf("look for %s on another disk or in a dump of the database, and change nothing before: extrato audit verify", d.File)
}
