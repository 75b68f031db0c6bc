package closing

import (
	"context"
	"errors"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// closeTries is how often a close that needs its copy in every place begins
// anew because rows changed meanwhile.
const closeTries = 5

// write runs the transaction of a close. If it would wait too long for the
// proof, it is rolled back, and run again once the copy is proved. Where every
// place has to hold the copy, this is done before, and the transaction takes no
// other rows than those; if there are others by then, all begins anew.
func (c *Closer) write(ctx context.Context, copies *copies, plan planner, try func(*store.Tx) error) error {
	for n := 1; ; n++ {
		err := copies.sendEverywhere(ctx, plan)
		if err == nil {
			err = c.Store.WriteLong(ctx, try)
		}
		if errors.Is(err, errProofSlow) {
			if err = copies.await(ctx); err == nil {
				err = c.Store.WriteLong(ctx, try)
			}
		}
		if !errors.Is(err, backup.ErrOther) {
			return err
		}
		if n == closeTries {
			return books.Conflictf("rows_changing", "others changed the rows of %s each time while its backup was copied to every place", copies.month).
				WithHint("nothing was changed; close it when nobody writes in it")
		}
	}
}

// planner decides, in a transaction, what is to close; nil: nothing is.
type planner func(context.Context, *store.Tx) (*plan, error)

// sendEverywhere makes a copy of the rows as they are now and brings it to every
// place, while others can write. It does nothing unless it has to, and nothing
// if the month cannot be closed: the transaction says why.
func (k *copies) sendEverywhere(ctx context.Context, planOn planner) error {
	c := k.c
	if !c.Places.Required() || k.unready != nil {
		return nil //nolint:nilerr // the transaction says why
	}
	k.before.Only = ""
	planned := false
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		plan, err := planOn(ctx, tx)
		if err == nil && plan != nil {
			err = errors.Join(tx.CheckColumns(ctx, k.month), tx.CheckReopenable(ctx, k.month))
		}
		if err != nil || plan == nil {
			return nil //nolint:nilerr // as said above
		}
		rows, _, err := c.rowsOf(ctx, tx, *plan)
		if err == nil {
			_, err = k.start(ctx, withStaying(ctx, tx, rows))
		}
		planned = err == nil
		return err
	})
	if err != nil || !planned {
		return err
	}
	receipt, err := k.newest.Await(ctx, placeTimeout)
	if err != nil {
		return err
	}
	c.step("backed up")
	if err := c.Places.Require(ctx, receipt.File); err != nil {
		return err
	}
	c.step("copied everywhere")
	k.before.Only = receipt.SHA256
	return nil
}
