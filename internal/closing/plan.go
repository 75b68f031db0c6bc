package closing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// plan is the work of one close.
type plan struct {
	month  books.Month
	last   books.ChainEntry // the month's last entry in the chain
	revise bool             // merge late rows into the existing statement
	note   string           // a note for a person; usually ""
	others []string         // rows of no month
}

func (p plan) revision() int { return p.last.Revision + 1 }

// precheck answers without the month's lock: refusals, and a month already
// closed. It also reads the plan's other inputs, to keep them out of a
// transaction others wait for.
func (c *Closer) precheck(ctx context.Context, month books.Month, force bool) (gone *missingStatement, r Result, err error) {
	if _, err := c.Store.AdoptStatements(ctx, "extrato"); err != nil {
		return nil, Result{Month: month}, err
	}
	if force {
		if gone, err = c.readMissing(ctx, month); err != nil {
			return nil, Result{Month: month}, err
		}
	}
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		r = Result{Month: month}
		err := c.refuseUnended(ctx, tx, month)
		if err == nil {
			_, r, err = c.planOn(ctx, tx, month, force, gone)
		}
		return err
	})
	return gone, r, err
}

// refuseUnended refuses a month that has not ended, and any month while a clock
// is in doubt: a clock running ahead would close the running month.
func (c *Closer) refuseUnended(ctx context.Context, tx *store.Tx, month books.Month) error {
	now := c.Now()
	if !month.EndedBy(now) {
		e := *books.ErrNotEnded
		e.Message = fmt.Sprintf("%s has not ended", month)
		return e.WithHint("wait until %s is over", month)
	}
	const tolerance = 5 * time.Minute
	server, err := tx.Clock(ctx)
	if err != nil {
		return err
	}
	if skew := server.Sub(now).Abs(); !server.IsZero() && !c.IgnoreServerClock && skew > tolerance {
		return books.Refusedf("clock_doubtful", "the clocks of this machine and of the database differ by %s", skew.Round(time.Second)).
			WithHint("set both clocks (NTP), then try again")
	}
	row, err := tx.FutureRow(ctx, books.InstantOf(now.Add(tolerance)))
	if err == nil && row != "" {
		return books.Refusedf("clock_doubtful", "%s was made in the future: a clock is or was wrong", row).
			WithHint("check this machine's clock; if it is right, correct the row's created_at")
	}
	return err
}

// planOn decides, in a transaction, whether there is anything to close. Without
// a plan the result or the error is the answer. gone describes a statement
// missing from the database.
func (c *Closer) planOn(ctx context.Context, tx *store.Tx, month books.Month, force bool, gone *missingStatement) (*plan, Result, error) {
	last, err := tx.LastEntry(ctx, month)
	if err != nil {
		return nil, Result{Month: month}, err
	}
	return c.planAfter(ctx, tx, month, last, force, gone)
}

// planAfter is planOn where last is the month's last entry in the chain.
func (c *Closer) planAfter(ctx context.Context, tx *store.Tx, month books.Month, last books.ChainEntry, force bool, gone *missingStatement) (*plan, Result, error) {
	var late books.Counts
	var err error
	if last.HasStatement() {
		if late, err = tx.CountMonth(ctx, month); err == nil {
			err = verifiedHeader(ctx, tx, month, last)
		}
	}
	switch {
	case errors.Is(err, errMissing) && force && gone != nil && late.Total() > 0:
		// A person has put the rows back, from the backup, and asks for a new statement of them.
		note, err := checkRestored(ctx, tx, last, late, gone)
		if err != nil {
			return nil, Result{Month: month}, err
		}
		return &plan{month: month, last: last, note: note}, Result{}, nil
	case err != nil:
		return nil, Result{Month: month}, err
	case !last.HasStatement():
		return &plan{month: month, last: last}, Result{}, nil
	case force && late.Total() > 0 && last.Action == books.Adopted:
		return nil, Result{Month: month}, books.Refusedf("statement_of_v4", "the statement of %s is v4's: it lacks what a revision needs", month).
			WithHint(lateBesideV4)
	case force && late.Total() > 0:
		return &plan{month: month, last: last, revise: true}, Result{}, nil
	}
	if !force {
		closed := *books.ErrClosed
		closed.Message = fmt.Sprintf("%s is already closed", month)
		err = closed.WithHint("see it: extrato statement %s; to change something in it: extrato reopen %s --reason …", month, month)
		switch {
		case late.Total() > 0 && last.Action == books.Adopted:
			err = closed.WithHint(lateBesideV4)
		case late.Total() > 0:
			err = closed.WithHint("late rows (%d) wait for a revision: extrato close %s --force", late.Total(), month)
		}
	}
	return nil, resultOf(last, AlreadyClosed), err
}

// lateBesideV4 is the hint for late rows of a month with a statement of v4's.
const lateBesideV4 = "the statement is v4's and cannot be revised: move its late rows to a month that is open, by their date, or delete those that it holds already"
