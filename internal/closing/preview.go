package closing

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Preview returns the result Close would have, with the statement's counts,
// totals and fingerprint, and refuses as Close would, except where rows could not
// come back. It changes nothing, and no writer waits for it.
func (c *Closer) Preview(ctx context.Context, month books.Month, force bool) (Result, error) {
	return c.previewSeen(ctx, month, force, nil)
}

// Rehearse is Preview with the way back: it deletes the month's rows and puts one
// of each kind back, as Close does, in a transaction that is rolled back. Writers
// wait as long as for a close.
func (c *Closer) Rehearse(ctx context.Context, month books.Month, force bool) (Result, error) {
	return c.previewBy(ctx, month, force, nil, func(ctx context.Context, preview previewing) error {
		err := c.Store.WriteLong(ctx, func(tx *store.Tx) error {
			leaving, err := preview(tx)
			if err == nil {
				err = cmp.Or(tryOut(ctx, tx, month, leaving), errRehearsed)
			}
			return err
		})
		if errors.Is(err, errRehearsed) {
			return nil
		}
		return err
	})
}

// previewSeen is Preview, with a checker of the month's rows.
func (c *Closer) previewSeen(ctx context.Context, month books.Month, force bool, see *checker) (Result, error) {
	return c.previewBy(ctx, month, force, see, func(ctx context.Context, preview previewing) error {
		return c.Store.Read(ctx, func(tx *store.Tx) error {
			_, err := preview(tx)
			if err == nil && see != nil {
				err = see.readMonth(ctx, tx)
			}
			return err
		})
	})
}

// previewing is a preview in a transaction. It returns the rows that would leave.
type previewing func(*store.Tx) (*store.Leaving, error)

func (c *Closer) previewBy(ctx context.Context, month books.Month, force bool, see *checker, in func(context.Context, previewing) error) (Result, error) {
	result := Result{Month: month}
	var gone *missingStatement
	var err error
	if force {
		gone, err = c.readMissing(ctx, month)
	}
	place := c.beginCheckBackup(ctx, month)
	defer func() { _ = place() }() // its probe must not stay behind; preview has the error
	if err == nil {
		err = in(ctx, func(tx *store.Tx) (leaving *store.Leaving, err error) {
			result, leaving, err = c.preview(ctx, tx, month, force, gone, place, see)
			return leaving, err
		})
	}
	if err == nil || result.Outcome == AlreadyClosed {
		result = c.nameOpen(ctx, result)
	}
	return result, err
}

// preview is Preview in a transaction; place returns the reason why no backup
// can be made. With a checker, which gets each row, there is no fingerprint. It
// also returns the rows that would leave the live tables.
func (c *Closer) preview(ctx context.Context, tx *store.Tx, month books.Month, force bool, gone *missingStatement, place func() error, see *checker) (Result, *store.Leaving, error) {
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
	others, err := monthless(ctx, tx)
	if err != nil {
		return none, nil, err
	}
	switch place := place(); {
	case place == nil:
	case c.RequireBackup || !errors.Is(place, backup.ErrUnwritable) && !errors.Is(place, backup.ErrSlow):
		return none, nil, place
	default:
		result.Notes = []string{unbackedNote(place)}
	}
	result.Notes = append(result.Notes, others...)
	if err := tx.CheckColumns(ctx, month); err != nil {
		return none, nil, err
	}
	if err := tx.CheckReopenable(ctx, month); err != nil {
		return none, nil, err
	}
	read := c.previewRows
	if see != nil {
		read = see.readRows
	}
	size, leaving, err := read(ctx, tx, *plan, &result)
	if err == nil {
		err = cmp.Or(tx.CheckSpace(size), tx.CheckPeople(ctx, leaving))
	}
	if err != nil {
		return none, nil, err
	}
	return result, leaving, nil
}

// previewRows adds to r what the statement of a plan's rows would say, and
// returns its size in bytes and the rows leaving.
func (c *Closer) previewRows(ctx context.Context, tx *store.Tx, p plan, r *Result) (size int64, leaving *store.Leaving, err error) {
	s, err := c.spool(ctx, tx, p, drain)
	if err != nil {
		return 0, nil, err
	}
	defer s.close()
	r.Counts, r.Fingerprint, r.Totals = s.header.Counts, s.header.Fingerprint, s.header.Totals.JSON()
	return s.spool.Size(), s.leaving, nil
}

// beginCheckBackup begins checkBackup. The returned function waits for its end.
func (c *Closer) beginCheckBackup(ctx context.Context, month books.Month) func() error {
	checked := make(chan error, 1)
	go func() { checked <- c.checkBackup(ctx, month) }()
	return sync.OnceValue(func() error { return <-checked })
}

// checkBackup fails as a backup of month would, as far as can be known without
// writing one.
func (c *Closer) checkBackup(ctx context.Context, month books.Month) error {
	known, err := c.knownBackups(ctx)
	if err != nil {
		return err
	}
	err = c.Backups.Within(ctx, placeTimeout, func() error {
		if err := c.checkPlace(ctx, known); err != nil {
			return err
		}
		return c.Backups.Probe(ctx, month)
	})
	if err == nil && c.Places.Required() {
		err = c.Places.AskAll(ctx)
	}
	return err
}
