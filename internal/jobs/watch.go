package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/notify"
	"extrato/internal/store"
)

// watch is the job that looks for silent problems: late rows, and a safety net
// that has gone silent.
type watch struct{}

// Kind names the job.
func (watch) Kind() string { return "watch" }

// InsertOpts are River's: of several processes one looks, once per watchEvery.
func (watch) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: notifyQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByPeriod: watchEvery}}
}

// watchEvery is how often is looked, and silentAfter how long the safety net
// may stay away: it comes every month from day 2 on.
const (
	watchEvery  = time.Hour
	silentAfter = 36 * 24 * time.Hour
)

const (
	lateSubject   = "late:"
	silentSubject = "safetynet"
)

type watchWorker struct {
	river.WorkerDefaults[watch]
	r *Runner
}

// Work looks and tells.
func (w *watchWorker) Work(ctx context.Context, _ *river.Job[watch]) error {
	months, err := w.r.o.Closer.Months(ctx)
	if err != nil {
		return err
	}
	for _, m := range months {
		if err := w.r.lateRows(ctx, m); err != nil {
			return err
		}
	}
	return errors.Join(w.r.safetyNetSilence(ctx), w.r.forgetPlaces(ctx), w.r.stamp(ctx))
}

// lateRows tells once of a closed month's late rows, and again when they are
// others in number.
func (r *Runner) lateRows(ctx context.Context, m closing.MonthInfo) error {
	subject := lateSubject + m.Month.String()
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		a, err := tx.Alarm(ctx, subject)
		switch {
		case err != nil:
			return err
		case m.Late.Total() == 0 && a.Subject == "":
			return nil
		case m.Late.Total() == 0:
			return tx.EndAlarm(ctx, subject)
		}
		n := m.Late
		cause := fmt.Sprintf("%d/%d/%d/%d", n.Payments, n.Sessions, n.Commissions, n.Expenses)
		if a.Cause == cause {
			return nil
		}
		now := books.InstantOf(r.o.Now())
		last, err := tx.LastEntry(ctx, m.Month)
		if err != nil {
			return err
		}
		told := notify.Late(m.Month, n)
		if last.Action == books.Adopted {
			told = notify.LateBesideV4(m.Month, n)
		}
		if err := r.notify(ctx, tx, told); err != nil {
			return err
		}
		return tx.RaiseAlarm(ctx, store.Alarm{Subject: subject, Cause: cause, Since: now, NotifiedAt: books.At(now.Time())})
	})
}

// safetyNetSilence notifies once if the safety net, seen before, stays away,
// and once when it is back.
func (r *Runner) safetyNetSilence(ctx context.Context) error {
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		text, err := tx.Setting(ctx, store.SafetyNetSeen)
		if err != nil || text == "" {
			return err
		}
		var seen books.Instant
		if err := seen.Parse([]byte(text)); err != nil {
			return err
		}
		a, err := tx.Alarm(ctx, silentSubject)
		if err != nil {
			return err
		}
		now := r.o.Now()
		quiet := now.Sub(seen.Time())
		switch {
		case quiet > silentAfter && a.Subject == "":
			if err := r.notify(ctx, tx, notify.Silent(int(quiet.Hours()/24))); err != nil {
				return err
			}
			return tx.RaiseAlarm(ctx, store.Alarm{Subject: silentSubject, Cause: "silent", Since: seen, NotifiedAt: books.At(now)})
		case quiet <= silentAfter && a.Subject != "":
			if err := r.notifyIfNotified(ctx, tx, a, notify.SeenAgain()); err != nil {
				return err
			}
			return tx.EndAlarm(ctx, silentSubject)
		}
		return nil
	})
}
