package jobs

import (
	"context"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// The monitor hears at least once a day that all is well, so that it notices a
// server that is gone between two months. A ping that it did not take is sent
// again after beatAgain.
const (
	beatEvery = 24 * time.Hour
	beatAgain = 5 * time.Minute
)

// beat tells the monitor that nothing is due and nothing is wrong, once a day
// however many processes find it so, and at once after a failure.
func (r *Runner) beat(ctx context.Context) {
	if !r.o.Heartbeat.On() {
		return
	}
	now := r.o.Now()
	mine := false
	err := r.o.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		mine, err = beatDue(ctx, tx, now)
		return err
	})
	if err == nil && mine {
		err = r.o.Store.Write(ctx, func(tx *store.Tx) error {
			var err error
			if mine, err = beatDue(ctx, tx, now); err != nil || !mine {
				return err
			}
			return tx.SetSetting(ctx, store.HeartbeatAt, books.InstantOf(now).String())
		})
	}
	if err == nil && mine && !r.o.Heartbeat.Success(ctx) {
		err = r.noteBeat(ctx, books.InstantOf(now.Add(beatAgain-beatEvery)).String())
	}
	if err != nil && ctx.Err() == nil {
		r.o.Log.Warn("heartbeat not sent", "cause", err.Error())
	}
}

func beatDue(ctx context.Context, tx *store.Tx, now time.Time) (bool, error) {
	text, err := tx.Setting(ctx, store.HeartbeatAt)
	if err != nil || text == "" {
		return err == nil, err
	}
	var last books.Instant
	if err := last.Parse([]byte(text)); err != nil {
		return false, err
	}
	return now.Sub(last.Time()).Abs() >= beatEvery, nil // a clock may have been wrong
}

// noteBeat remembers when the monitor was last told that all is well; "" if it
// is to be told as soon as it is.
func (r *Runner) noteBeat(ctx context.Context, at string) error {
	if !r.o.Heartbeat.On() {
		return nil
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, store.HeartbeatAt, at) })
}

// blind tells the monitor, once, that this process could not see for a while
// what is due.
func (r *Runner) blind(ctx context.Context) {
	now := r.o.Now()
	switch {
	case r.blindSince.IsZero():
		r.blindSince = now
	case !r.blindTold && now.Sub(r.blindSince) >= transientFor:
		r.blindTold = r.o.Heartbeat.Fail(ctx)
	}
}

// seeing ends that: the monitor hears of it with the next look that finds all
// in order.
func (r *Runner) seeing(ctx context.Context) {
	if r.blindTold && r.noteBeat(ctx, "") != nil {
		return
	}
	r.blindSince, r.blindTold = time.Time{}, false
}
