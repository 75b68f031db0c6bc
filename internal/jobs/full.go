package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"extrato/internal/books"
	"extrato/internal/notify"
	"extrato/internal/store"
)

// FullEvery is how often a server looks for changes to copy. With the pause
// between two looks and the copy's own time, no change waits for 15 minutes.
const FullEvery = 10 * time.Minute

const (
	fullQueue   = "full"
	fullTimeout = 5 * time.Minute // a copy of 50 MB takes a second
	fullAlarm   = time.Hour       // of failures, before people are notified
	fullSubject = "full"
)

// fullCopy is the job that copies the whole database if it changed since its
// last copy, or was not copied today.
type fullCopy struct{}

// Kind names the job.
func (fullCopy) Kind() string { return "full_copy" }

// InsertOpts are River's: it is inserted again anyway, so the job is tried once.
func (fullCopy) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: fullQueue, MaxAttempts: 1}
}

type fullWorker struct {
	river.WorkerDefaults[fullCopy]
	r *Runner
}

// Timeout is the age at which another process takes a running job for dead.
func (fullWorker) Timeout(*river.Job[fullCopy]) time.Duration { return 2 * fullTimeout }

// Work copies the database. A failure is reported after an hour of them, and so
// is the first copy after that.
func (w *fullWorker) Work(ctx context.Context, _ *river.Job[fullCopy]) error {
	r := w.r
	copying, cancel := context.WithTimeout(ctx, fullTimeout)
	defer cancel()
	_, made, err := r.o.Closer.FullCopy(copying, true)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err() // told to stop
	case errors.Is(err, store.ErrNoDump):
		return nil // doctor says so
	case err != nil:
		return r.raiseFullAlarm(ctx, err)
	case made:
		r.o.Log.Debug("database copied")
	}
	return r.endFullAlarm(ctx)
}

// insertFull inserts the job when it is time.
func (r *Runner) insertFull(ctx context.Context) {
	now := r.o.Now()
	if r.o.FullEvery == 0 || now.Sub(r.fullAsked).Abs() < r.o.FullEvery { // a clock may be set back
		return
	}
	r.fullAsked = now
	r.insert(ctx, fullCopy{})
}

func (r *Runner) raiseFullAlarm(ctx context.Context, err error) error {
	cause := books.AsError(err)
	r.o.Log.Error("database not copied", "code", cause.Code, "cause", cause.Error(), "hint", cause.Hint)
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		a, err := tx.Alarm(ctx, fullSubject)
		if err != nil {
			return err
		}
		now := books.InstantOf(r.o.Now())
		if a.Subject == "" {
			a = store.Alarm{Subject: fullSubject, Since: now}
		}
		a.Cause = cause.Code
		if !a.NotifiedAt.Valid && now.Time().Sub(a.Since.Time()) >= fullAlarm {
			a.NotifiedAt = books.At(now.Time())
			if err := r.notify(ctx, tx, notify.NotCopied(cause, a.Since.Time().In(tx.Zone()))); err != nil {
				return err
			}
		}
		return tx.RaiseAlarm(ctx, a)
	})
}

func (r *Runner) endFullAlarm(ctx context.Context) error {
	var a store.Alarm
	err := r.o.Store.Read(ctx, func(tx *store.Tx) (err error) {
		a, err = tx.Alarm(ctx, fullSubject)
		return err
	})
	if err != nil || a.Subject == "" {
		return err
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		if err := r.notifyIfNotified(ctx, tx, a, notify.CopiedAgain()); err != nil {
			return err
		}
		return tx.EndAlarm(ctx, fullSubject)
	})
}
