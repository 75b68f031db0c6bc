// Package closing turns a month that ended into its statement, and back.
//
// One close, in the order in which things happen: what is refused; a backup of
// the month's rows and, in the same pass, the statement of them in a file
// without a name; one transaction that insists that the rows are still those
// and stores the statement, while the backup is read back; only when that has
// proved it, the chain entry and the end of the live rows. If anything is in
// doubt, nothing changes.
//
// That the rows are still those is known in one of two ways. If the database
// itself says that nothing but our record of the backup was committed since
// the snapshot in which the rows were read (store.Mark), the transaction sees
// that very snapshot, and the statement made from it is the statement. If
// anything at all was committed, even elsewhere in the database, the
// transaction reads the rows again and makes the statement from what it reads;
// the fingerprint then ties it to the backup, and rows that changed send the
// close back to its start.
package closing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Closer closes and reopens months. Every trigger ends here: the schedule, the
// command line, a page, v4's endpoint, the API.
type Closer struct {
	Store         *store.Store
	Backups       *backup.Backups
	Schedule      books.Schedule
	CloseFrom     books.Month // zero: as the database says
	RequireBackup bool
	NewPlace      bool             // the backups that were made are lost: do not ask for one of them
	Now           func() time.Time // in the studio's zone
	Log           *slog.Logger
	SpoolDir      string // where a statement waits for its transaction; "": the system's
	// IgnoreServerClock leaves PostgreSQL's clock out of the check of clocks,
	// where Now is not this machine's.
	IgnoreServerClock bool
	// Step is told what was just done: for progress, and for tests that
	// interfere between two steps. It may be nil.
	Step func(string)
	// Observe is told what came of each Close. It may be nil.
	Observe func(Result, error)
	// Announce, if set, enqueues the announcement of a closing in its transaction.
	Announce func(context.Context, *store.Tx, books.Closing) error

	vouched sync.Map // the statements that were found to be what was closed
}

// Options say how to close.
type Options struct {
	Force         bool   // a closed month with late rows gets its next revision
	CorrelationID string // of the run; made up if empty
}

// backupTries is how often a close starts over because rows changed after
// they were backed up.
const backupTries = 3

// Close closes month on behalf of by. It fails with books.ErrNotEnded,
// books.ErrClosed (with the existing statement's Result), an Error of kind
// Refused if the backup cannot be made, Integrity if a row or the backup is not
// what it should be, and books.ErrRecordsChanged if others kept changing the
// rows. Every failure leaves the month as it was.
func (c *Closer) Close(ctx context.Context, month books.Month, o Options, by books.Actor) (Result, error) {
	run := c.begin(ctx, "close", month, by, o.CorrelationID)
	result, err := c.close(ctx, month, o.Force, run)
	if err == nil && result.Outcome != AlreadyClosed {
		c.Log.Info("month closed", "month", month.String(), "revision", result.Revision, "rows", result.Counts.Total(), "correlation_id", run.id)
	} else {
		c.finish(ctx, run, string(AlreadyClosed), err)
	}
	result.CorrelationID, result.Seconds = run.id, c.Now().Sub(run.started).Seconds()
	if c.Observe != nil {
		c.Observe(result, err)
	}
	return result, err
}

func (c *Closer) close(ctx context.Context, month books.Month, force bool, run run) (Result, error) {
	unlock, err := c.Store.LockMonthUnless(ctx, month, c.waits, func() error {
		return c.Store.Read(ctx, func(tx *store.Tx) error { return c.refuseUnended(ctx, tx, month) })
	})
	if err != nil {
		return Result{Month: month}, err
	}
	defer unlock()
	c.step("locked")
	plan, result, err := c.plan(ctx, month, force)
	if err != nil || plan == nil {
		return result, err
	}
	for range backupTries {
		closing, err := c.backUpAndFreeze(ctx, *plan, run)
		if errors.Is(err, books.ErrRecordsChanged) {
			c.Log.Info("rows changed during the close", "month", month.String(), "correlation_id", run.id)
			continue
		}
		if errors.Is(err, books.ErrClosed) { // by somebody who did not take the lock
			if plan, result, err = c.plan(ctx, month, force); err != nil || plan == nil {
				return result, err
			}
			continue
		}
		if err != nil {
			return Result{Month: month}, err
		}
		c.step("committed")
		return c.nameOpen(ctx, resultOf(closing, outcomeOf(closing))), nil
	}
	e := *books.ErrRecordsChanged
	e.Message = fmt.Sprintf("the rows of %s changed during each of %d tries", month, backupTries)
	return Result{Month: month}, e.WithHint("nothing was changed; try again when nobody is writing")
}

// refuseUnended refuses a month that has not ended, and any month while a
// clock is in doubt: a clock that runs ahead would close the running month.
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

// plan is what a close is going to do.
type plan struct {
	month    books.Month
	revise   bool   // merge late rows into the statement that there is
	gone     bool   // the statement that there was is lost; this is made from live rows
	note     string // what a person should know of it; "" as a rule
	revision int
}

// plan decides, from what is stored now, whether there is anything to close.
// Without a plan the result or the error is the answer.
func (c *Closer) plan(ctx context.Context, month books.Month, force bool) (*plan, Result, error) {
	if _, err := c.Store.AdoptStatements(ctx, "extrato"); err != nil {
		return nil, Result{Month: month}, err
	}
	var p *plan
	result := Result{Month: month}
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		last, err := tx.LastClosing(ctx, month)
		if err == nil {
			p, result, err = c.planOn(ctx, tx, month, last, force)
		}
		return err
	})
	if result.Outcome == AlreadyClosed {
		result = c.nameOpen(ctx, result)
	}
	return p, result, err
}

// planOn is plan on what a transaction sees, last being the month's last entry
// in the chain.
func (c *Closer) planOn(ctx context.Context, tx *store.Tx, month books.Month, last books.Closing, force bool) (*plan, Result, error) {
	var late books.Counts
	var err error
	if last.HasStatement() {
		if late, err = tx.CountMonth(ctx, month); err == nil {
			err = closedAs(ctx, tx, month, last)
		}
	}
	switch {
	case errors.Is(err, errGone) && force && late.Total() > 0:
		// A person has put the rows back, from the backup, and asks for a new statement of them.
		note, err := c.cameBack(ctx, tx, last, late)
		if err != nil {
			return nil, Result{Month: month}, err
		}
		return &plan{month: month, gone: true, note: note, revision: last.Revision + 1}, Result{}, nil
	case err != nil:
		return nil, Result{Month: month}, err
	case !last.HasStatement():
		return &plan{month: month, revision: last.Revision + 1}, Result{}, nil
	case force && late.Total() > 0 && last.Action == books.Adopted:
		return nil, Result{Month: month}, books.Refusedf("statement_of_v4", "the statement of %s is v4's: it lacks what a revision needs", month).
			WithHint(lateBesideV4)
	case force && late.Total() > 0:
		return &plan{month: month, revise: true, revision: last.Revision + 1}, Result{}, nil
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

func (c *Closer) backUpAndFreeze(ctx context.Context, p plan, run run) (books.Closing, error) {
	made, err := c.backUp(ctx, p)
	if err != nil {
		return books.Closing{}, err
	}
	defer made.drop()
	c.step("backed up")
	entry, err := c.freeze(ctx, p, made, run)
	if errors.Is(err, errProofSlow) { // wait for it while others write, then begin again
		if _, err = made.copy.Receipt(ctx); err == nil {
			entry, err = c.freeze(ctx, p, made, run)
		}
	}
	if err != nil {
		c.keepRecord(ctx, made)
	}
	return entry, err
}

// backUp makes a backup of what is going to be the statement; it is read back
// while the caller goes on. Where none is required, one that cannot be written
// comes back as unbacked; one that reads back wrong is never forgiven.
func (c *Closer) backUp(ctx context.Context, p plan) (backedUp, error) {
	var statement *spooled
	if !p.revise { // the stored rows that a revision takes in make it another sequence
		var err error
		if statement, err = c.newSpooled(p); err != nil {
			return backedUp{}, err
		}
	}
	unproved, mark, err := c.startBackup(ctx, p, statement)
	switch {
	case err == nil:
		return backedUp{copy: unproved, statement: statement, mark: mark}, nil
	case !c.RequireBackup && errors.Is(err, backup.ErrUnwritable):
		statement.close()
		c.Log.Warn("month closes without a backup", "month", p.month.String(), "cause", err.Error())
		return backedUp{unbacked: err}, nil
	}
	statement.close()
	return backedUp{}, err
}

// startBackup writes a backup, and its rows also into statement, if there is
// one. The mark that it returns stands for what those rows were read from.
func (c *Closer) startBackup(ctx context.Context, p plan, statement *spooled) (*backup.Unproved, store.Mark, error) {
	var unproved *backup.Unproved
	mark, err := c.Store.ReadMarked(ctx, func(tx *store.Tx) error {
		known, err := c.checkPlace(ctx, tx)
		if err != nil {
			return err
		}
		if err := tx.CheckColumns(ctx, p.month); err != nil {
			return err
		}
		rows, leaving, err := c.rowsOf(ctx, tx, p)
		if err != nil {
			return err
		}
		taken := 0
		for _, k := range known {
			if k.Month == p.month {
				taken = max(taken, k.Copy)
			}
		}
		if statement != nil {
			statement.leaving = leaving
			rows = books.Tee(rows, statement.writer.Add)
		}
		unproved, err = c.Backups.Start(ctx, p.month, taken, rows)
		return err
	})
	if err == nil && statement != nil {
		err = statement.finish()
	}
	if err != nil && unproved != nil {
		unproved.Stop()
	}
	return unproved, mark, err
}

// rowsOf returns the rows that the plan's statement will hold and, once they
// were read to their end, which of them leave the live tables for it.
func (c *Closer) rowsOf(ctx context.Context, tx *store.Tx, p plan) (books.Rows, *store.Leaving, error) {
	leaving := &store.Leaving{}
	live := leaving.Note(tx.MonthRows(ctx, p.month))
	if !p.revise {
		return live, leaving, nil
	}
	last, err := tx.LastClosing(ctx, p.month)
	if err != nil {
		return nil, nil, err
	}
	stored, err := c.asClosed(ctx, tx, p.month, last) // a revision of anything else would pass for what was closed
	if err != nil {
		return nil, nil, err
	}
	late, err := books.Collect(live)
	if err != nil {
		return nil, nil, err
	}
	return books.Merge(stored.Rows(), late), leaving, nil
}

func (c *Closer) announce(ctx context.Context, tx *store.Tx, entry books.Closing) error {
	if c.Announce == nil {
		return nil
	}
	return c.Announce(ctx, tx, entry)
}

// waits tells for whom a lock is waited.
func (c *Closer) waits(holder string) { c.step("waiting for " + cmp.Or(holder, "another process")) }

func (c *Closer) step(name string) {
	if c.Step != nil {
		c.Step(name)
	}
}
