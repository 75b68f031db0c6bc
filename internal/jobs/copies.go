package jobs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/notify"
	"extrato/internal/places"
	"extrato/internal/store"
)

// copiesSubject begins the subject of the alarm about a place: copies:PLACE.
// People are notified of objects uncopied for places.Late, and at once of bad
// copies.
const copiesSubject = "copies:"

// copyTo brings the backups to a place and reads its copies again: at once, every
// CheckEvery, and less and less often while it fails. It is no job of River's: folder and records name
// the work left, and a hanging place must hold up neither another place nor the
// end of the process.
func (r *Runner) copyTo(ctx context.Context, place bucket.Place) {
	failures, cause := 0, ""
	for {
		round, err := r.o.Closer.Places.Run(ctx, place, places.Options{})
		if ctx.Err() != nil {
			return
		}
		failures++
		switch e := books.AsError(err); {
		case e == nil:
			failures, cause = 0, ""
		case e.Code != cause: // not every time
			cause = e.Code
			r.o.Log.Warn("backups not copied", "place", place.String(), "code", e.Code, "cause", e.Error(), "hint", e.Hint)
		}
		if len(round.Tried) > 0 {
			r.o.Log.Info("backups copied", "place", place.String(), "tried", len(round.Tried), "copied", round.Copied, "read_again", round.Checked, "proved", round.Proved)
		}
		if err := r.judgePlace(ctx, place.String(), round.Lost); err != nil && ctx.Err() == nil {
			r.o.Log.Warn("condition of copies not known", "place", place.String(), "cause", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(r.o.CheckEvery << min(failures, 5)):
		}
	}
}

// judgePlace raises or ends the alarm about a place, and notifies people of
// lost copies made again.
func (r *Runner) judgePlace(ctx context.Context, place string, lost []string) error {
	var seen *placeAlarm
	err := r.o.Store.Read(ctx, func(tx *store.Tx) (err error) {
		_, seen, err = r.placeAlarm(ctx, tx, place)
		return err
	})
	if err != nil || seen == nil && len(lost) == 0 {
		return err
	}
	var message notify.Message
	if seen != nil && seen.Subject != "" {
		if message, err = r.placeMessage(ctx, *seen); err != nil {
			return err
		}
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		if len(lost) > 0 {
			if err := r.notify(ctx, tx, notify.CopiesLost(place, len(lost), lost[0])); err != nil {
				return err
			}
		}
		known, next, err := r.placeAlarm(ctx, tx, place)
		switch {
		case err != nil || next == nil || seen == nil || next.Cause != seen.Cause:
			return err // by another process, meanwhile
		case next.Subject == "":
			if err := r.notifyIfNotified(ctx, tx, known, notify.CopiesAgain(place)); err != nil {
				return err
			}
			return tx.EndAlarm(ctx, known.Subject)
		}
		if err := r.notify(ctx, tx, message); err != nil {
			return err
		}
		return tx.RaiseAlarm(ctx, next.Alarm)
	})
}

// placeAlarm is the alarm about a place in a condition.
type placeAlarm struct {
	store.Alarm
	of places.Overview
}

// placeAlarm returns the known alarm about a place, and the next one in its
// stead: nil if it stays as it is, one without a subject if it ends.
func (r *Runner) placeAlarm(ctx context.Context, tx *store.Tx, place string) (known store.Alarm, next *placeAlarm, err error) {
	if known, err = tx.Alarm(ctx, copiesSubject+place); err != nil {
		return known, nil, err
	}
	o, err := r.o.Closer.Places.Overview(ctx, tx, place)
	if err != nil {
		return known, nil, err
	}
	now := r.o.Now()
	cause, since := "", o.Since
	switch {
	case o.Bad() > 0:
		cause = fmt.Sprintf("%s %d", o.Example.State, o.Bad())
	case o.Since != 0 && now.Sub(o.Since.Time()) >= places.Late:
		cause = places.Pending
	case o.Checked != 0 && now.Sub(o.Checked.Time()) >= places.Unread:
		cause, since = unread, o.Checked
	case o.Since == 0 && known.Subject != "":
		return known, &placeAlarm{}, nil
	}
	if cause == "" || cause == known.Cause || soon(known, cause, now) {
		return known, nil, nil
	}
	return known, &placeAlarm{store.Alarm{Subject: copiesSubject + place, Cause: cause, Since: since, NotifiedAt: books.At(now)}, o}, nil
}

// unread is the cause of an alarm about copies that were not read for long.
const unread = "unread"

// soon reports whether people were notified of the same trouble less than a day
// ago, with another number of copies.
func soon(known store.Alarm, cause string, now time.Time) bool {
	before, _, _ := strings.Cut(known.Cause, " ")
	state, _, _ := strings.Cut(cause, " ")
	return before == state && known.NotifiedAt.Valid && now.Sub(known.NotifiedAt.V.Time()) < places.Late
}

// placeMessage notifies people of an alarm.
func (r *Runner) placeMessage(ctx context.Context, a placeAlarm) (notify.Message, error) {
	o, since := a.of, a.Since.Time().In(r.o.Store.Zone())
	switch {
	case o.Bad() > 0:
		holders, err := r.o.Closer.Places.Holders(ctx, o.Example)
		return notify.CopyBad(o.Place, o.Example.Object, o.Example.State, o.Bad(), holders), err
	case a.Cause == unread:
		return notify.NotReadAgain(o.Place, since), nil
	}
	return notify.NotCopiedTo(o.Place, o.Counts[places.Pending], since, o.Example.Reason), nil
}

// forgetPlaces ends the alarms about places no longer in the setting.
func (r *Runner) forgetPlaces(ctx context.Context) error {
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		alarms, err := tx.Alarms(ctx)
		if err != nil {
			return err
		}
		for _, a := range alarms {
			place, about := strings.CutPrefix(a.Subject, copiesSubject)
			if _, set := r.o.Closer.Places.Named(place); about && !set {
				if err := tx.EndAlarm(ctx, a.Subject); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
