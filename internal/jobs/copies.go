package jobs

import (
	"context"
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

// copyTo brings the backups to a place: at once, every CheckEvery, and less and
// less often while it fails. It is no job of River's: folder and records name
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
			r.o.Log.Info("backups copied", "place", place.String(), "tried", len(round.Tried), "proved", round.Proved)
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
	var calm bool
	err := r.o.Store.Read(ctx, func(tx *store.Tx) error {
		_, next, err := r.placeAlarm(ctx, tx, place)
		calm = next == nil
		return err
	})
	if err != nil || calm && len(lost) == 0 {
		return err
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		if len(lost) > 0 {
			if err := r.notify(ctx, tx, notify.CopiesLost(place, len(lost), lost[0])); err != nil {
				return err
			}
		}
		known, next, err := r.placeAlarm(ctx, tx, place)
		switch {
		case err != nil || next == nil:
			return err
		case next.Subject == "":
			if err := r.notifyIfNotified(ctx, tx, known, notify.CopiesAgain(place)); err != nil {
				return err
			}
			return tx.EndAlarm(ctx, known.Subject)
		}
		if err := r.notify(ctx, tx, next.message); err != nil {
			return err
		}
		return tx.RaiseAlarm(ctx, next.Alarm)
	})
}

// placeAlarm is the alarm about a place, with its message.
type placeAlarm struct {
	store.Alarm
	message notify.Message
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
	switch late := o.Since != 0 && now.Sub(o.Since.Time()) >= places.Late; {
	case o.Bad() == 0 && !late && known.Subject != "" && o.Since == 0:
		return known, &placeAlarm{}, nil
	case o.Bad() == 0 && !late || known.Cause == o.Example.State:
		return known, nil, nil
	}
	next = &placeAlarm{Alarm: store.Alarm{
		Subject: copiesSubject + place, Cause: o.Example.State, Since: o.Since, NotifiedAt: books.At(now),
	}}
	since := o.Since.Time().In(tx.Zone())
	next.message = notify.NotCopiedTo(place, o.Counts[places.Pending], since, o.Example.Reason)
	if o.Bad() > 0 {
		next.message = notify.CopyBad(place, o.Example.Object, o.Example.State, o.Bad())
	}
	return known, next, nil
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
