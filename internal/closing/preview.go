package closing

import (
	"context"
	"errors"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Preview returns the result Close would have, with the statement's counts,
// totals and fingerprint, and refuses as Close would. It changes nothing.
func (c *Closer) Preview(ctx context.Context, month books.Month, force bool) (Result, error) {
	return c.previewSeen(ctx, month, force, nil)
}

// previewSeen is Preview, with a checker of the month's rows.
func (c *Closer) previewSeen(ctx context.Context, month books.Month, force bool, see *checker) (Result, error) {
	result := Result{Month: month}
	var gone *missingStatement
	var err error
	if force {
		gone, err = c.readMissing(ctx, month)
	}
	place := c.checkBackup(ctx, month)
	if err == nil {
		err = c.Store.Read(ctx, func(tx *store.Tx) error {
			var err error
			if result, _, err = c.preview(ctx, tx, month, force, gone, place, see); err == nil && see != nil {
				err = see.readMonth(ctx, tx)
			}
			return err
		})
	}
	if err == nil || result.Outcome == AlreadyClosed {
		result = c.nameOpen(ctx, result)
	}
	return result, err
}

// preview is Preview in a transaction; place is the reason why no backup can be
// made, see gets each row unless it is nil. It also returns the rows that would
// leave the live tables.
func (c *Closer) preview(ctx context.Context, tx *store.Tx, month books.Month, force bool, gone *missingStatement, place error, see *checker) (Result, *store.Leaving, error) {
	none := Result{Month: month}
	if err := c.refuseUnended(ctx, tx, month); err != nil {
		return none, nil, err
	}
	last, err := lastOnceAdopted(ctx, tx, month)
	if err != nil {
		return none, nil, err
	}
	plan, result, err := c.planAfter(ctx, tx, month, last, force, gone)
	if err != nil || plan == nil {
		return result, nil, err
	}
	result = Result{Month: month, Outcome: WouldClose, Revision: plan.revision()}
	if plan.revise {
		result.Outcome = WouldRevise
	}
	switch {
	case place == nil:
	case c.RequireBackup || !errors.Is(place, backup.ErrUnwritable) && !errors.Is(place, backup.ErrSlow):
		return none, nil, place
	default:
		result.Notes = []string{unbackedNote(place)}
	}
	others, err := monthless(ctx, tx)
	if err != nil {
		return none, nil, err
	}
	result.Notes = append(result.Notes, others...)
	if err := tx.CheckColumns(ctx, month); err != nil {
		return none, nil, err
	}
	if err := tx.CheckReopenable(ctx, month); err != nil {
		return none, nil, err
	}
	through := drain
	if see != nil {
		through = func(rows books.Rows) (books.Salt, error) { return drain(books.Tee(rows, see.see)) }
	}
	statement, err := c.spool(ctx, tx, *plan, through)
	if err != nil {
		return none, nil, err
	}
	defer statement.close()
	if err := tx.CheckSpace(statement.spool.Size()); err != nil {
		return none, nil, err
	}
	if err := tx.CheckPeople(ctx, statement.leaving); err != nil {
		return none, nil, err
	}
	h := statement.header
	result.Counts, result.Fingerprint, result.Totals = h.Counts, h.Fingerprint, h.Totals.JSON()
	return result, statement.leaving, nil
}

// checkBackup fails as a backup of month would, as far as can be known without
// writing one.
func (c *Closer) checkBackup(ctx context.Context, month books.Month) error {
	known, err := c.knownBackups(ctx)
	if err != nil {
		return err
	}
	return c.Backups.Within(ctx, placeTimeout, func() error {
		if err := c.checkPlace(ctx, known); err != nil {
			return err
		}
		return c.Backups.Probe(ctx, month)
	})
}
