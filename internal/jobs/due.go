package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/notify"
	"extrato/internal/store"
)

// The queues. A process closes one month at a time.
const (
	closeQueue = "close"
	tellQueue  = "tell"
)

// Schedule is who closes what is due, for the books.
const Schedule books.Actor = "schedule"

// askAgain asks what is due: at once, every AskEvery, and at the next minute
// that the schedule names.
func (r *Runner) askAgain(ctx context.Context) {
	var watched time.Time
	for {
		r.ask(ctx)
		if now := r.o.Now(); now.Sub(watched) >= watchEvery {
			watched = now
			r.insert(ctx, watch{})
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
	// What failed is asked for again soon, and then less and less often.
	every := r.o.AskEvery << min(r.failures.Load(), 4)
	return max(min(every, next+10*time.Millisecond), 10*time.Millisecond)
}

// ask inserts a job if there is something to do: a month that is due, or an
// alarm about a month that is not due any more.
func (r *Runner) ask(ctx context.Context) {
	if !r.o.Enabled || r.closing.Load() {
		return
	}
	needed, err := r.needed(ctx)
	if err != nil {
		if ctx.Err() == nil {
			r.o.Log.Warn("cannot tell what is due", "cause", err.Error())
		}
		return
	}
	if needed {
		r.insert(ctx, closeDue{})
	}
}

func (r *Runner) needed(ctx context.Context) (bool, error) {
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

// closeDue is the job that closes whatever is due when it runs.
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

// Timeout is how long a run may take, of however many months.
func (closeWorker) Timeout(*river.Job[closeDue]) time.Duration { return closeTimeout }

// Work closes what is due, oldest first, and tells about the first that fails.
func (w *closeWorker) Work(ctx context.Context, _ *river.Job[closeDue]) error {
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
	row, err := r.o.Closer.CloseDue(ctx, Schedule)
	if err != nil {
		return err
	}
	if row.Err != nil {
		if ctx.Err() != nil {
			return ctx.Err() // told to stop: no fault of the month
		}
		r.failures.Add(1)
		r.o.Heartbeat.Fail(ctx)
		return r.alarm(ctx, row)
	}
	r.failures.Store(0)
	if len(due) > 0 {
		r.o.Heartbeat.Success(ctx)
	}
	return r.recover(ctx)
}

// transientFor is how long a failure that may heal by itself is kept quiet.
const transientFor = 10 * time.Minute

// alarm records that a month could not be closed, and tells people once per
// month and cause; of what may heal by itself, only when it lasts.
func (r *Runner) alarm(ctx context.Context, row closing.Row) error {
	cause := books.AsError(row.Err)
	now := books.InstantOf(r.o.Now())
	r.o.Log.Error("month not closed", "month", row.Failed.String(), "code", cause.Code, "cause", cause.Error(), "waiting", len(row.Waiting))
	told := *cause
	if told.Kind == books.Internal { // its words are for the log
		told.Message = "internal error"
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		a, err := tx.Alarm(ctx, subjectOf(row.Failed))
		if err != nil {
			return err
		}
		if a.Cause != cause.Code {
			if a.Subject == "" {
				a.Since = now
			}
			a.Subject, a.Cause, a.ToldAt = subjectOf(row.Failed), cause.Code, books.NullInstant{}
		}
		transient := cause.Kind == books.Internal || cause.Kind == books.Conflict
		if !a.ToldAt.Valid && (!transient || now.Time().Sub(a.Since.Time()) >= transientFor) {
			a.ToldAt = books.At(now.Time())
			if err := r.tellAll(ctx, tx, notify.Failed(row.Failed, &told, row.Waiting, books.CorrelationID(ctx))); err != nil {
				return err
			}
		}
		return tx.RaiseAlarm(ctx, a)
	})
}

// recover ends the alarms about months that are not due any more, however that
// came, and tells those who were told.
func (r *Runner) recover(ctx context.Context) error {
	due, err := r.o.Closer.DueMonths(ctx)
	if err != nil {
		return err
	}
	still := map[string]bool{}
	for _, m := range due {
		still[subjectOf(m)] = true
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		alarms, err := tx.Alarms(ctx)
		if err != nil {
			return err
		}
		for _, a := range alarms {
			month, ok := monthOf(a.Subject)
			if !ok || still[a.Subject] {
				continue
			}
			if err := r.endAlarm(ctx, tx, a, notify.Recovered(month, a.Since)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Runner) endAlarm(ctx context.Context, tx *store.Tx, a store.Alarm, m notify.Message) error {
	if a.ToldAt.Valid {
		if err := r.tellAll(ctx, tx, m); err != nil {
			return err
		}
	}
	return tx.EndAlarm(ctx, a.Subject)
}

const monthSubject = "month:"

func subjectOf(m books.Month) string { return monthSubject + m.String() }

// monthOf returns the month that an alarm is about, if it is about a close.
func monthOf(subject string) (books.Month, bool) {
	if len(subject) <= len(monthSubject) || subject[:len(monthSubject)] != monthSubject {
		return books.Month{}, false
	}
	m, err := books.ParseMonth(subject[len(monthSubject):])
	return m, err == nil
}
