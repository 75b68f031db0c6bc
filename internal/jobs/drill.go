package jobs

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"extrato/internal/books"
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
	return river.InsertOpts{Queue: drillQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByPeriod: watchEvery}}
}

// drillQueue keeps drills, which wait for places that may hang, away from other
// jobs.
const drillQueue = "drill"

// drillSubject begins the subject of an alarm about a drill: drill:2025-10.
const drillSubject = "drill:"

type drillWorker struct {
	river.WorkerDefaults[drill]
	r *Runner
}

// Timeout covers two months of a hundred thousand rows on a slow disk.
func (drillWorker) Timeout(*river.Job[drill]) time.Duration { return 30 * time.Minute }

// Work drills the months that are due, and raises and ends the alarms about
// what drills found: its own, and those of people.
func (w *drillWorker) Work(ctx context.Context, _ *river.Job[drill]) error {
	c := w.r.o.Closer
	due, err := c.DrillsDue(ctx, false)
	for _, month := range due {
		d, failed := c.Drill(ctx, month, nil)
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		if d.Result != store.DrillEqual {
			w.r.o.Log.Error("backup not restored in a drill", "month", d.Month.String(), "file", d.File, "place", d.Place, "result", d.Result, "cause", d.Reason)
		}
	}
	return errors.Join(err, w.r.judgeDrills(ctx))
}

// judgeDrills notifies people once of each finding, and once when a later drill
// of that month is right.
func (r *Runner) judgeDrills(ctx context.Context) error {
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		condition, err := tx.DrillCondition(ctx, r.o.Closer.DrillPlaces())
		if err != nil {
			return err
		}
		alarms, err := tx.Alarms(ctx)
		if err != nil {
			return err
		}
		known := map[string]store.Alarm{}
		for _, a := range alarms {
			if strings.HasPrefix(a.Subject, drillSubject) {
				known[a.Subject] = a
			}
		}
		for _, d := range condition.Findings() {
			subject := drillSubject + d.Month.String()
			if a, raised := known[subject]; !raised || a.Cause != d.Result {
				if err := r.raiseDrillAlarm(ctx, tx, d); err != nil {
					return err
				}
			}
			delete(known, subject)
		}
		for _, a := range known {
			if err := r.endDrillAlarm(ctx, tx, a); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Runner) raiseDrillAlarm(ctx context.Context, tx *store.Tx, d store.Drill) error {
	message := notify.DrillWrong(d.Month, d.File, d.Reason, d.Next)
	if d.Result == store.DrillFailed {
		message = notify.DrillFailed(d.Month, d.Reason, d.Next)
	}
	if err := r.notify(ctx, tx, message); err != nil {
		return err
	}
	return tx.RaiseAlarm(ctx, store.Alarm{Subject: drillSubject + d.Month.String(), Cause: d.Result, Since: d.At, NotifiedAt: books.At(r.o.Now())})
}

// endDrillAlarm ends an alarm. A finding may also end without a right drill: the
// statement rests on another copy by now, or the place is no longer in use.
func (r *Runner) endDrillAlarm(ctx context.Context, tx *store.Tx, a store.Alarm) error {
	month, err := books.ParseMonth(strings.TrimPrefix(a.Subject, drillSubject))
	if err == nil {
		err = r.notifyIfNotified(ctx, tx, a, notify.DrillRight(month))
	}
	if err != nil {
		return err
	}
	return tx.EndAlarm(ctx, a.Subject)
}
