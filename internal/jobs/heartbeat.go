package jobs

import (
	"context"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// The monitor gets a ping at least once a day, so it notices a server gone
// between two months. A failed ping is repeated after heartbeatRetry.
const (
	heartbeatEvery = 24 * time.Hour
	heartbeatRetry = 5 * time.Minute
)

// sendHeartbeat pings the monitor if nothing is due and nothing is wrong: once
// a day for any number of processes, and at once after a failure.
func (r *Runner) sendHeartbeat(ctx context.Context) {
	if !r.o.Heartbeat.On() {
		return
	}
	now := r.o.Now()
	mine := false
	err := r.o.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		mine, err = heartbeatDue(ctx, tx, now)
		return err
	})
	if err == nil && mine {
		err = r.o.Store.Write(ctx, func(tx *store.Tx) error {
			var err error
			if mine, err = heartbeatDue(ctx, tx, now); err != nil || !mine {
				return err
			}
			return tx.SetSetting(ctx, store.HeartbeatAt, books.InstantOf(now).String())
		})
	}
	if err == nil && mine && !r.o.Heartbeat.Success(ctx) {
		err = r.saveHeartbeat(ctx, books.InstantOf(now.Add(heartbeatRetry-heartbeatEvery)).String())
	}
	if err != nil && ctx.Err() == nil {
		r.o.Log.Warn("heartbeat not sent", "cause", err.Error())
	}
}

func heartbeatDue(ctx context.Context, tx *store.Tx, now time.Time) (bool, error) {
	text, err := tx.Setting(ctx, store.HeartbeatAt)
	if err != nil || text == "" {
		return err == nil, err
	}
	var last books.Instant
	if err := last.Parse([]byte(text)); err != nil {
		return false, err
	}
	return now.Sub(last.Time()).Abs() >= heartbeatEvery, nil // a clock may have been wrong
}

// saveHeartbeat saves the instant of the last ping; "" makes the next one due
// at once.
func (r *Runner) saveHeartbeat(ctx context.Context, at string) error {
	if !r.o.Heartbeat.On() {
		return nil
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, store.HeartbeatAt, at) })
}

// reportBlind reports a failure to the monitor, once, after this process could
// not read the due months for a while.
func (r *Runner) reportBlind(ctx context.Context) {
	now := r.o.Now()
	switch {
	case r.blindSince.IsZero():
		r.blindSince = now
	case !r.blindReported && now.Sub(r.blindSince) >= transientFor:
		r.blindReported = r.o.Heartbeat.Fail(ctx)
	}
}

// clearBlind ends that: the next check without faults pings the monitor.
func (r *Runner) clearBlind(ctx context.Context) {
	if r.blindReported && r.saveHeartbeat(ctx, "") != nil {
		return
	}
	r.blindSince, r.blindReported = time.Time{}, false
}
