package jobs

import (
	"context"
	"slices"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/notify"
	"extrato/internal/store"
)

// transientFor is the silence about a failure that may heal by itself.
const transientFor = 10 * time.Minute

// raiseAlarm records a failed close, and notifies people once per month and cause,
// even if the causes take turns. A failure that may heal by itself is reported
// only after transientFor.
func (r *Runner) raiseAlarm(ctx context.Context, result closing.DueResult) error {
	cause := books.AsError(result.Err)
	now := books.InstantOf(r.o.Now())
	r.o.Log.Error("month not closed", "month", result.Failed.String(), "code", cause.Code, "cause", cause.Error(), "waiting", len(result.Waiting), "correlation_id", result.RunID)
	told := *cause
	if told.Kind == books.Internal { // its words are for the log
		told.Message = "internal error"
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		alarms, err := tx.Alarms(ctx)
		if err != nil {
			return err
		}
		a := store.Alarm{Subject: subjectOf(result.Failed, cause.Code), Cause: cause.Code, Since: now}
		for _, known := range alarms {
			if m, ok := monthOf(known.Subject); !ok || m != result.Failed {
				continue
			}
			a.Since = min(a.Since, known.Since)
			if known.Subject == a.Subject {
				a.NotifiedAt = known.NotifiedAt
			}
		}
		transient := cause.Kind == books.Internal || cause.Kind == books.Conflict
		if !a.NotifiedAt.Valid && (!transient || now.Time().Sub(a.Since.Time()) >= transientFor) {
			a.NotifiedAt = books.At(now.Time())
			if err := r.notify(ctx, tx, notify.Failed(result.Failed, &told, result.Waiting, result.RunID)); err != nil {
				return err
			}
		}
		return tx.RaiseAlarm(ctx, a)
	})
}

// endAlarms ends the alarms about months no longer due, for any reason, and
// notifies the people notified before, once.
func (r *Runner) endAlarms(ctx context.Context) error {
	due, err := r.o.Closer.DueMonths(ctx)
	if err != nil {
		return err
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		alarms, err := tx.Alarms(ctx)
		if err != nil {
			return err
		}
		over := map[books.Month]store.Alarm{} // of each month the causes as one
		for _, a := range alarms {
			month, ok := monthOf(a.Subject)
			if !ok || slices.Contains(due, month) {
				continue
			}
			if all, more := over[month]; more {
				a.Since = min(a.Since, all.Since)
				if all.NotifiedAt.Valid {
					a.NotifiedAt = all.NotifiedAt
				}
			}
			over[month] = a
			if err := tx.EndAlarm(ctx, a.Subject); err != nil {
				return err
			}
		}
		for month, a := range over {
			if err := r.notifyIfNotified(ctx, tx, a, notify.Recovered(month, a.Since.Time().In(tx.Zone()))); err != nil {
				return err
			}
		}
		return nil
	})
}

// notifyIfNotified notifies the people who know of an alarm.
func (r *Runner) notifyIfNotified(ctx context.Context, tx *store.Tx, a store.Alarm, m notify.Message) error {
	if !a.NotifiedAt.Valid {
		return nil
	}
	return r.notify(ctx, tx, m)
}

// The subject of an alarm about a close: month:2025-10/backup_slow.
const monthSubject = "month:"

func subjectOf(m books.Month, cause string) string { return monthSubject + m.String() + "/" + cause }

// monthOf returns the month of an alarm about a close.
func monthOf(subject string) (books.Month, bool) {
	about, ok := strings.CutPrefix(subject, monthSubject)
	text, _, hasCause := strings.Cut(about, "/")
	m, err := books.ParseMonth(text)
	return m, ok && hasCause && err == nil
}
