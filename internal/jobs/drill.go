package jobs

import (
	"cmp"
	"context"
	"time"

	"github.com/riverqueue/river"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/notify"
	"extrato/internal/store"
)

// drill is the job that restores backups into a scratch database: once a month
// that of the month just closed, and of an older one.
type drill struct{}

// Kind names the job.
func (drill) Kind() string { return "drill" }

// InsertOpts are River's: of several processes one drills. It is asked for
// every hour, so the job is tried once.
func (drill) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: notifyQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByPeriod: watchEvery}}
}

// drillSubject begins the subject of an alarm about a drill: drill:2025-10.
const drillSubject = "drill:"

type drillWorker struct {
	river.WorkerDefaults[drill]
	r *Runner
}

// Timeout covers two months of a hundred thousand rows on a slow disk.
func (drillWorker) Timeout(*river.Job[drill]) time.Duration { return 30 * time.Minute }

// Work drills the months that are due, from the place farthest away.
func (w *drillWorker) Work(ctx context.Context, _ *river.Job[drill]) error {
	c := w.r.o.Closer
	from := cmp.Or(w.r.o.DrillFrom, c.Backups)
	due, err := c.DrillsDue(ctx, from)
	if err != nil {
		return err
	}
	for _, month := range due {
		d, err := c.Drill(ctx, month, from)
		if err != nil {
			return err
		}
		if err := w.r.reportDrill(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// reportDrill notifies people once of a finding, and once when a later drill of
// that month is right.
func (r *Runner) reportDrill(ctx context.Context, d closing.Drilled) error {
	subject, now := drillSubject+d.Month.String(), r.o.Now()
	if d.Result != closing.DrillEqual {
		r.o.Log.Error("backup not restored in a drill", "month", d.Month.String(), "file", d.File, "place", d.Place, "result", string(d.Result), "cause", d.Reason)
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		a, err := tx.Alarm(ctx, subject)
		switch {
		case err != nil:
			return err
		case d.Result == closing.DrillEqual && a.Subject == "", a.Cause == string(d.Result):
			return nil
		case d.Result == closing.DrillEqual:
			if err := r.notifyIfNotified(ctx, tx, a, notify.DrillRight(d.Month)); err != nil {
				return err
			}
			return tx.EndAlarm(ctx, subject)
		}
		told := notify.DrillWrong(d.Month, d.File, d.Reason, d.Next)
		if d.Result == closing.DrillFailed {
			told = notify.DrillFailed(d.Month, d.Reason, d.Next)
		}
		if err := r.notify(ctx, tx, told); err != nil {
			return err
		}
		return tx.RaiseAlarm(ctx, store.Alarm{Subject: subject, Cause: string(d.Result), Since: books.InstantOf(now), NotifiedAt: books.At(now)})
	})
}
