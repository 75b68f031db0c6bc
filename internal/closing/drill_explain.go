package closing

import (
	"context"
	"fmt"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// explain turns the error of a drill into its result, with a remedy: what still
// holds the rows, and the next command.
func (c *Closer) explain(ctx context.Context, d *Drilled, t drillTarget, err error) {
	e := books.AsError(err)
	d.Result, d.Reason = store.DrillFailed, strings.TrimSuffix(e.Error(), ".")
	if e.Kind != books.Integrity && e.Kind != books.NotFound && e.Code != backup.OfV4 {
		d.Next = e.Hint
		return
	}
	if e.Code == backup.OfV4 { // it is ours
		d.Reason = "the manifest is gone"
	}
	d.Result = store.DrillDifferent
	if e.Code == storedDiffers {
		d.Reason += fmt.Sprintf("; %s in %s still holds every row", d.File, d.Place)
		d.Next = fmt.Sprintf(`extrato audit verify; docs/operations.md, "A month lost from the database", says how the rows of %s come back`, d.Month)
		return
	}
	holds, next := c.stillHolds(ctx, *d, t)
	d.Reason += "; " + holds
	d.Next = next
}

// explainEntry reports that nothing can be compared: the entry was changed, and
// so may be the file that it names.
func (c *Closer) explainEntry(ctx context.Context, d *Drilled, t drillTarget) {
	d.Result = store.DrillDifferent
	d.Reason = fmt.Sprintf("entry %d of the chain, which says what was closed, was changed", t.entry.Seq)
	d.Next = `extrato audit verify; docs/operations.md, "The chain damaged", says what to do`
	copies, err := c.copiesToTake(ctx, d.Month)
	for _, k := range copies.copies {
		if m, _, unread := readBackup(ctx, c.Backups, k.File); err == nil && unread == nil {
			d.File = k.File
			d.Reason += fmt.Sprintf("; %s in %s is whole and holds %s", k.File, c.Backups.Bucket, m.Counts().English())
			return
		}
	}
	d.Reason += fmt.Sprintf("; no whole copy was found in %s", c.Backups.Bucket)
}

// stillHolds names what holds the rows of a drill's month besides its backup.
func (c *Closer) stillHolds(ctx context.Context, d Drilled, t drillTarget) (holds, next string) {
	local := c.Backups.Bucket.String()
	if d.Place != local && c.holdsRows(ctx, d.File, t.entry) {
		return fmt.Sprintf("%s in %s still holds every row", d.File, local), "extrato backup copy --check"
	}
	problems, closed, err := c.VerifyStatement(ctx, d.Month)
	if err == nil && closed && len(problems) == 0 {
		return fmt.Sprintf("the statement of %s in the database still holds every row", d.Month),
			fmt.Sprintf("put %s back from another copy of the folder, or keep it and make a new one: extrato backup create %s", d.File, d.Month)
	}
	copies, err := c.copiesToTake(ctx, d.Month)
	for _, k := range copies.copies {
		if err == nil && (k.File != d.File || d.Place != local) && c.holdsRows(ctx, k.File, t.entry) {
			return fmt.Sprintf("%s in %s still holds every row", k.File, local),
				fmt.Sprintf("extrato backup restore %s --file %s --dry-run", d.Month, k.File)
		}
	}
	if t.held {
		return fmt.Sprintf("the rows of %s are live, since it was reopened", d.Month), fmt.Sprintf("extrato close %s", d.Month)
	}
	return "neither the statement in the database nor another copy in the folder of the backups was found whole",
		fmt.Sprintf("look for %s on another disk or in a dump of the database, and change nothing before: extrato audit verify", d.File)
}

// holdsRows reports whether a copy in the folder of the backups is whole and has
// the rows of an entry.
func (c *Closer) holdsRows(ctx context.Context, file string, entry books.ChainEntry) bool {
	m, _, err := readBackup(ctx, c.Backups, file)
	return err == nil && m.Fingerprint == entry.Fingerprint
}
