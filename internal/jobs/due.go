package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"extrato/internal/books"
	"extrato/internal/store"
)

// The queues. A process closes one month at a time.
const (
	closeQueue  = "close"
	notifyQueue = "notify"
)

// Schedule is the schedule's name as an actor in the books.
const Schedule books.Actor = "schedule"

// poll checks for due months: at once, every CheckEvery, and at the schedule's
// next minute.
func (r *Runner) poll(ctx context.Context) {
	var watched time.Time
	for {
		r.resumeQueues(ctx)
		r.check(ctx)
		r.insertFull(ctx)
		if now := r.o.Now(); now.Sub(watched) >= watchEvery {
			watched = now
			r.insert(ctx, watch{})
			r.insert(ctx, drill{})
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(r.pause()):
		}
	}
}

// pause returns how long to wait before asking again.
func (r *Runner) pause() time.Duration {
	now := r.o.Now()
	next := r.o.Closer.Schedule.DueAt(books.MonthOf(now), now.Location()).Sub(now)
	if last := r.o.Closer.Schedule.DueAt(books.MonthOf(now).Add(-1), now.Location()).Sub(now); last > 0 {
		next = last
	}
	// A failed month is tried again soon, and then less and less often.
	every := r.o.CheckEvery << min(r.failures.Load(), 4)
	return max(min(every, next+10*time.Millisecond), 10*time.Millisecond)
}

// check inserts a job if there is something to do: a due month, or an alarm
// about a month no longer due.
func (r *Runner) check(ctx context.Context) {
	if !r.o.Enabled {
		r.adopt(ctx)
		return
	}
	if r.closing.Load() {
		return
	}
	needed, err := r.hasWork(ctx)
	switch {
	case err != nil && ctx.Err() != nil: // told to stop
	case err != nil:
		r.o.Log.Warn("cannot tell what is due", "cause", err.Error())
		r.reportBlind(ctx)
	case needed:
		r.clearBlind(ctx)
		r.insert(ctx, closeDue{})
	default:
		r.clearBlind(ctx)
		r.sendHeartbeat(ctx)
	}
}

// adopt adds v4's new statements to the chain, as DueMonths does where months
// close by themselves.
func (r *Runner) adopt(ctx context.Context) {
	if _, err := r.o.Store.AdoptStatements(ctx, "extrato"); err != nil && ctx.Err() == nil {
		r.o.Log.Warn("v4's statements not recorded", "cause", err.Error())
	}
}

// resumeQueues undoes a pause on River's page: it would stop the monthly close
// silently, even after a restart. There is a setting to stop it on purpose.
func (r *Runner) resumeQueues(ctx context.Context) {
	if err := r.ResumeQueues(ctx); err != nil && ctx.Err() == nil {
		r.o.Log.Error("a queue of jobs may stand still", "cause", err.Error())
	}
}

// ResumeQueues starts paused queues again.
func (r *Runner) ResumeQueues(ctx context.Context) error {
	paused, err := r.PausedQueues(ctx)
	for _, name := range paused {
		if err := r.o.Store.Write(ctx, func(tx *store.Tx) error { return r.client.QueueResumeTx(ctx, tx.SQL(), name, nil) }); err != nil {
			return fmt.Errorf("resume queue %s: %w", name, err)
		}
		r.o.Log.Warn("paused queue resumed", "queue", name, "hint", "ENABLE_MONTHLY_EXTRATO_JOB=false keeps months from closing by themselves")
	}
	return err
}

// PausedQueues names the paused queues.
func (r *Runner) PausedQueues(ctx context.Context) (paused []string, err error) {
	err = r.o.Store.Read(ctx, func(tx *store.Tx) error {
		paused, err = tx.PausedQueues(ctx)
		return err
	})
	return paused, err
}

func (r *Runner) hasWork(ctx context.Context) (bool, error) {
	due, err := r.o.Closer.DueMonths(ctx)
	if err != nil || len(due) > 0 {
		return len(due) > 0, err
	}
	var alarms []store.Alarm
	err = r.o.Store.Read(ctx, func(tx *store.Tx) error {
		alarms, err = tx.Alarms(ctx)
		return err
	})
	for _, a := range alarms {
		if _, ok := monthOf(a.Subject); ok {
			return true, err
		}
	}
	return false, err
}

func (r *Runner) insert(ctx context.Context, job river.JobArgs) {
	// In a transaction of its own kind: River's own would be a second writer on SQLite.
	err := r.o.Store.Write(ctx, func(tx *store.Tx) error {
		_, err := r.client.InsertTx(ctx, tx.SQL(), job, nil)
		return err
	})
	if err != nil && ctx.Err() == nil {
		r.o.Log.Warn("job not inserted", "kind", job.Kind(), "cause", err.Error())
	}
}

// closeDue is the job that closes the months due when it runs.
type closeDue struct{}

// Kind names the job.
func (closeDue) Kind() string { return "close_due_months" }

// InsertOpts are River's: it is asked again anyway, so the job is tried once.
func (closeDue) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: closeQueue, MaxAttempts: 1}
}

type closeWorker struct {
	river.WorkerDefaults[closeDue]
	r *Runner
}

// Timeout is the age at which another process takes a running job for dead.
func (closeWorker) Timeout(*river.Job[closeDue]) time.Duration { return closeTimeout + stopTimeout }

// Work closes the due months, oldest first, and raises an alarm for the first
// failure.
func (w *closeWorker) Work(ctx context.Context, _ *river.Job[closeDue]) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	r := w.r
	if !r.closing.CompareAndSwap(false, true) {
		return nil
	}
	defer r.closing.Store(false)
	due, err := r.o.Closer.DueMonths(ctx)
	if err != nil {
		return err
	}
	if len(due) > 0 {
		r.o.Heartbeat.Start(ctx)
	}
	result, err := r.o.Closer.CloseDue(ctx, Schedule)
	if err != nil {
		return err
	}
	if result.Err != nil && ctx.Err() != nil {
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return ctx.Err() // told to stop: no fault of the month
		}
		if len(result.Closed) > 0 {
			r.o.Log.Warn("the row of months goes on in another run", "month", result.Failed.String(), "limit", closeTimeout.String(), "correlation_id", result.RunID)
			return nil // others took its time
		}
		result.Err = books.Refusedf("close_too_long", "the close took longer than %s and was interrupted", closeTimeout).
			WithHint("see whether the database and the folder of the backups are slow or locked; extrato close %s has no such limit", result.Failed).Because(result.Err)
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), notifyTimeout)
		defer cancel()
	}
	if result.Err != nil {
		r.failures.Add(1)
		r.o.Heartbeat.Fail(ctx)
		return errors.Join(r.raiseAlarm(ctx, result), r.saveHeartbeat(ctx, ""), r.endAlarms(ctx)) // an earlier month may have recovered
	}
	r.failures.Store(0)
	if len(due) > 0 && r.o.Heartbeat.Success(ctx) {
		err = r.saveHeartbeat(ctx, books.InstantOf(r.o.Now()).String())
	}
	return errors.Join(err, r.endAlarms(ctx))
}
