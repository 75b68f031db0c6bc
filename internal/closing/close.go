// Package closing turns a month that ended into its statement, and back.
//
// One close, in order, all in one transaction but for the first step: refusals;
// one read of the month's rows, into the backup's CSV, the statement and the
// fingerprint; the statement is stored while the backup is written and read
// back; after the proof, the chain entry and the deletion of the live rows. If
// anything is in doubt, nothing changes.
//
// The transaction never calls the place of the backups, since it may hang, and
// does not wait long for the proof, since others wait for the transaction.
package closing

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/places"
	"extrato/internal/store"
)

// Closer closes and reopens months. Every trigger ends here: the schedule, the
// command line, a page, v4's endpoint, the API.
type Closer struct {
	Store         *store.Store
	Backups       *backup.Backups
	Places        *places.Places // copies elsewhere; nil: none
	Schedule      books.Schedule
	CloseFrom     books.Month // zero: as the database says
	RequireBackup bool
	NewPlace      bool             // the earlier backups are lost: accept a place without them
	Now           func() time.Time // in the studio's zone
	Log           *slog.Logger
	SpoolDir      string // where a statement is put together; "": the system's folder
	// IgnoreServerClock leaves PostgreSQL's clock out of the check of clocks,
	// where Now is not this machine's.
	IgnoreServerClock bool
	// Step gets the name of each finished step: for progress, and for tests that
	// interfere between two steps. It may be nil.
	Step func(string)
	// Observe gets the outcome of each Close. It may be nil.
	Observe func(Result, error)
	// Announce, if set, enqueues the announcement of a closing in its transaction.
	Announce func(context.Context, *store.Tx, books.ChainEntry) error
	// Keep, if set, writes the chain's new entries beside the backups, after each
	// commit. A failure is told and mended elsewhere: the act is done.
	Keep func(context.Context)

	opened openedCache
}

// Options say how to close.
type Options struct {
	Force         bool   // a closed month with late rows gets its next revision
	CorrelationID string // of the run; made up if empty
	Answer        *Answer
	// Progress gets each stage at its start, from the close's own goroutine. A
	// second try goes through the stages again. It may be nil.
	Progress func(Stage)
}

// Stage is a stage of a close.
type Stage int

// The stages of a close, in order. The backup is written while the statement is
// stored; Verifying begins when only its proof is missing.
const (
	Reading Stage = iota + 1
	Copying
	Verifying
	Storing
	Removing
	Finished
)

// Answer is the answer to a request that may be repeated, here or on another
// server. If the request was answered meanwhile, a close or reopening fails
// with store.ErrAnswered.
type Answer struct {
	// Given reports whether the request was answered. It is asked behind the
	// month's lock.
	Given func(context.Context) (bool, error)
	// Save saves the answer, in the same transaction. It is called again if the
	// transaction is run again.
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
// Integrity if a row or the backup is damaged, and Conflict if others kept
// changing the rows. Every failure leaves the month unchanged.
func (c *Closer) Close(ctx context.Context, month books.Month, o Options, by books.Actor) (Result, error) {
	run := c.begin(ctx, "close", month, by, o.CorrelationID)
	run.progress = o.Progress
	result, err := c.close(ctx, month, o, run)
	switch {
	case errors.Is(err, store.ErrAnswered): // recorded by the other run
	case err == nil && result.Outcome != AlreadyClosed:
		c.Log.Info("month closed", "month", month.String(), "revision", result.Revision, "rows", result.Counts.Total(), "correlation_id", run.id)
		c.keep(ctx)
	default:
		c.finish(ctx, run, string(AlreadyClosed), err)
	}
	result = c.withRun(result, run)
	if c.Observe != nil {
		c.Observe(result, err)
	}
	return result, err
}

func (c *Closer) close(ctx context.Context, month books.Month, o Options, run run) (Result, error) {
	gone, result, err := c.precheck(ctx, month, o.Force)
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
	return c.closeLocked(ctx, month, o, gone, run)
}

// closeLocked closes month behind its lock: the place is made ready, then one
// transaction does the rest.
func (c *Closer) closeLocked(ctx context.Context, month books.Month, o Options, gone *missingStatement, run run) (Result, error) {
	copies := c.prepareCopies(ctx, month)
	defer copies.drop()
	open, others, err := c.readOthers(ctx, month)
	if err != nil { // a foreign table explains it better
		return Result{Month: month}, cmp.Or(c.Store.CheckTables(ctx), err)
	}
	result := Result{Month: month}
	try := func(tx *store.Tx) error {
		run.enter(Reading)
		c.step("transaction begun")
		var plan *plan
		var err error
		if plan, result, err = c.planOn(ctx, tx, month, o.Force, gone); err != nil {
			return err
		}
		if plan != nil {
			if copies.unready != nil {
				return copies.unready
			}
			plan.others = others
			if result, err = c.freeze(ctx, tx, *plan, copies, run); err != nil {
				return err
			}
		}
		result = c.withRun(result.with(open), run)
		return o.Answer.save(ctx, tx, result)
	}
	err = c.write(ctx, copies, func(ctx context.Context, tx *store.Tx) (*plan, error) {
		plan, _, err := c.planOn(ctx, tx, month, o.Force, gone)
		return plan, err
	}, try)
	copies.record(ctx, err)
	switch {
	case err == nil:
		c.step("committed")
		run.enter(Finished)
		return result, nil
	case result.Outcome == AlreadyClosed:
		return result.with(open), err
	case errors.Is(err, books.ErrClosed): // by a process without the lock
		if _, closed, theirs := c.precheck(ctx, month, o.Force); closed.Outcome == AlreadyClosed {
			return closed.with(open), theirs
		}
	}
	return Result{Month: month}, sendAgain(err)
}

func (c *Closer) announce(ctx context.Context, tx *store.Tx, entry books.ChainEntry) error {
	if c.Announce == nil {
		return nil
	}
	return c.Announce(ctx, tx, entry)
}

func (c *Closer) keep(ctx context.Context) {
	if c.Keep != nil {
		c.Keep(ctx)
		c.step("entry kept")
	}
}

// waits reports the holder of the awaited lock.
func (c *Closer) waits(holder string) { c.step("waiting for " + cmp.Or(holder, "another process")) }

func (c *Closer) step(name string) {
	if c.Step != nil {
		c.Step(name)
	}
}
