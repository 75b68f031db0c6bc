// Package closing turns a month that ended into its statement, and back.
//
// One close, in the order in which things happen, all in one transaction but
// for the first: what is refused; the month's rows, read once, and as they pass
// the backup's CSV, the statement and the fingerprint; the statement is stored
// while the backup is written and read back; only when that has proved it, the
// chain entry and the end of the live rows. If anything is in doubt, nothing
// changes.
//
// The transaction never works on the place of the backups, which may hang, and
// does not wait long for it, because others wait for the transaction.
package closing

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
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
	SpoolDir      string // where a statement is put together; "": the system's folder
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
}

// Options say how to close.
type Options struct {
	Force         bool   // a closed month with late rows gets its next revision
	CorrelationID string // of the run; made up if empty
	Answer        *Answer
	// Progress is told each stage as it begins, from the close's own goroutine. A
	// try that is run again goes through them again. It may be nil.
	Progress func(Stage)
}

// Stage is what a close is doing.
type Stage int

// The stages of a close, in order. The backup is written while the statement is
// stored; Verifying begins when its proof is all that is waited for.
const (
	Reading Stage = iota + 1
	Copying
	Verifying
	Storing
	Removing
	Finished
)

// Answer is the answer to a request that may come again, here or to another
// server. A close or a reopening whose request was answered meanwhile fails with
// store.ErrAnswered.
type Answer struct {
	// Given reports whether the request was answered. It is asked behind the
	// month's lock.
	Given func(context.Context) (bool, error)
	// Save keeps the answer, in the transaction of what was done. It may be called
	// again, if the transaction is run again.
	Save func(context.Context, *store.Tx, Result) error
}

func (a *Answer) given(ctx context.Context) error {
	if a == nil {
		return nil
	}
	given, err := a.Given(ctx)
	if err == nil && given {
		err = store.ErrAnswered
	}
	return err
}

func (a *Answer) save(ctx context.Context, tx *store.Tx, r Result) error {
	if a == nil {
		return nil
	}
	return a.Save(ctx, tx, r)
}

// Close closes month on behalf of by. It fails with books.ErrNotEnded,
// books.ErrClosed (with the existing statement's Result), an Error of kind
// Refused if the backup cannot be made (backup.ErrUnwritable, backup.ErrSlow),
// Integrity if a row or the backup is not what it should be, and Conflict if
// others kept changing the rows. Every failure leaves the month as it was.
func (c *Closer) Close(ctx context.Context, month books.Month, o Options, by books.Actor) (Result, error) {
	run := c.begin(ctx, "close", month, by, o.CorrelationID)
	run.progress = o.Progress
	result, err := c.close(ctx, month, o, run)
	switch {
	case errors.Is(err, store.ErrAnswered): // that one is recorded
	case err == nil && result.Outcome != AlreadyClosed:
		c.Log.Info("month closed", "month", month.String(), "revision", result.Revision, "rows", result.Counts.Total(), "correlation_id", run.id)
	default:
		c.finish(ctx, run, string(AlreadyClosed), err)
	}
	result = c.signed(result, run)
	if c.Observe != nil {
		c.Observe(result, err)
	}
	return result, err
}

func (c *Closer) close(ctx context.Context, month books.Month, o Options, run run) (Result, error) {
	lost, result, err := c.look(ctx, month, o.Force)
	closed := result.Outcome == AlreadyClosed
	switch {
	case closed && o.Answer == nil:
		return c.nameOpen(ctx, result), err
	case err != nil && !closed:
		return result, err
	}
	unlock, locked := c.Store.LockMonth(ctx, month, c.waits)
	if locked != nil {
		return Result{Month: month}, locked
	}
	defer unlock()
	c.step("locked")
	if err := o.Answer.given(ctx); err != nil {
		return Result{Month: month}, err
	}
	if err != nil {
		return c.nameOpen(ctx, result), err
	}
	copies, unready := c.prepareCopies(ctx, month)
	defer copies.drop()
	open := c.openBefore(ctx, month)
	others, err := c.Monthless(ctx)
	if err != nil { // a table that is not one of the books' explains it better
		return Result{Month: month}, cmp.Or(c.Store.CheckTables(ctx), err)
	}
	result = Result{Month: month}
	try := func(tx *store.Tx) error {
		run.enter(Reading)
		c.step("transaction begun")
		var plan *plan
		var err error
		if plan, result, err = c.planOn(ctx, tx, month, o.Force, lost); err != nil {
			return err
		}
		if plan != nil {
			if unready != nil {
				return unready
			}
			plan.others = others
			if result, err = c.freeze(ctx, tx, *plan, copies, run); err != nil {
				return err
			}
		}
		result = c.signed(result.with(open), run)
		return o.Answer.save(ctx, tx, result)
	}
	err = c.Store.WriteLong(ctx, try)
	if errors.Is(err, errProofSlow) {
		if err = copies.await(ctx); err == nil {
			err = c.Store.WriteLong(ctx, try)
		}
	}
	copies.record(ctx, err)
	switch {
	case err == nil:
		c.step("committed")
		run.enter(Finished)
		return result, nil
	case result.Outcome == AlreadyClosed:
		return result.with(open), err
	case errors.Is(err, books.ErrClosed): // by somebody who did not take the lock
		if _, closed, theirs := c.look(ctx, month, o.Force); closed.Outcome == AlreadyClosed {
			return closed.with(open), theirs
		}
	}
	return Result{Month: month}, sendAgain(err)
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
