package closing

import (
	"context"
	"errors"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Preview returns the result Close would have, with the statement's counts,
// totals and fingerprint, and refuses as Close would. It changes nothing.
func (c *Closer) Preview(ctx context.Context, month books.Month, force bool) (Result, error) {
	return c.previewSeen(ctx, month, force, nil)
}

// previewSeen is Preview, with a checker of the month that sees its rows.
func (c *Closer) previewSeen(ctx context.Context, month books.Month, force bool, see *checker) (Result, error) {
	result := Result{Month: month}
	var lost *lostStatement
	var err error
	if force {
		lost, err = c.readLost(ctx, month)
	}
	place := c.checkBackup(ctx, month)
	if err == nil {
		err = c.Store.Read(ctx, func(tx *store.Tx) error {
			var err error
			if result, _, err = c.preview(ctx, tx, month, force, lost, place, see); err == nil && see != nil {
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

// errRehearsed rolls a rehearsal back.
var errRehearsed = errors.New("it was only a rehearsal")

// PreviewDue returns the result CloseDue would have. A later month depends on
// the rows taken by an earlier one, such as the payment of a session paid in
// both. So if several are due, the rows of each are deleted in a transaction,
// and that is rolled back.
func (c *Closer) PreviewDue(ctx context.Context) (Row, error) {
	due, err := c.readDue(ctx)
	if err != nil {
		return Row{}, err
	}
	places := make([]error, len(due))
	for i, m := range due {
		places[i] = c.checkBackup(ctx, m) // before others have to wait
	}
	rehearse := c.Store.Read
	if len(due) > 1 {
		rehearse = c.Store.Write
	}
	var row Row
	err = rehearse(ctx, func(tx *store.Tx) error {
		row = Row{Closed: []Result{}}
		for i, m := range due {
			row.Failed, row.Waiting = m, due[i+1:]
			result, leaving, err := c.preview(ctx, tx, m, false, nil, places[i], nil)
			if err == nil && len(row.Waiting) > 0 {
				err = remove(ctx, tx, m, leaving)
			}
			if err != nil && result.Outcome != AlreadyClosed {
				return err
			}
			row.Closed = append(row.Closed, result)
		}
		row.Failed, row.Waiting = books.Month{}, nil
		return errRehearsed
	})
	switch {
	case errors.Is(err, errRehearsed):
	case row.Failed.IsZero():
		return Row{}, err
	default:
		row.Err = err
	}
	for i, r := range row.Closed {
		r = c.nameOpen(ctx, r)
		r.EarlierOpen = slices.DeleteFunc(r.EarlierOpen, func(m books.Month) bool { return slices.Contains(due[:i], m) })
		row.Closed[i] = r
	}
	return row, nil
}

// preview is Preview in a transaction; place is the reason why no backup can be
// made, see gets each row unless it is nil. It also returns the rows that would
// leave the live tables.
func (c *Closer) preview(ctx context.Context, tx *store.Tx, month books.Month, force bool, lost *lostStatement, place error, see *checker) (Result, *store.Leaving, error) {
	none := Result{Month: month}
	if err := c.refuseUnended(ctx, tx, month); err != nil {
		return none, nil, err
	}
	last, err := lastOnceAdopted(ctx, tx, month)
	if err != nil {
		return none, nil, err
	}
	plan, result, err := c.planAfter(ctx, tx, month, last, force, lost)
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
	if err := tx.CheckReturn(ctx, month); err != nil {
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
	return c.Backups.Within(ctx, placePatience, func() error {
		if err := c.checkPlace(ctx, known); err != nil {
			return err
		}
		return c.Backups.Probe(ctx, month)
	})
}
