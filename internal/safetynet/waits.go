package safetynet

import (
	"context"
	"math/rand/v2"
	"time"
)

// longestWait is the longest accepted pause; a longer one is left to the next
// run.
const longestWait = 5 * time.Minute

// Waits are the pauses between tries.
type Waits struct {
	First time.Duration // the first pause; it doubles
	Sleep func(context.Context, time.Duration) error
}

// pause waits after the given try: at least as long as asked, longer each
// time, and not for everybody equally long.
func (w Waits) pause(ctx context.Context, try int, asked time.Duration) error {
	d := w.First << (try - 1)
	d += time.Duration(rand.Float64() * float64(d) / 4) //nolint:gosec // it spreads load, and keeps no secret
	if w.Sleep(ctx, min(max(d, asked), longestWait)) != nil {
		return ended(ctx)
	}
	return nil
}

// Sleep waits until d is over or ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
