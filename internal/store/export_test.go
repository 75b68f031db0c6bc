package store

import (
	"context"
	"time"
)

// Strays returns the ids of the commissions whose month is not left to SQL.
func (t *Tx) Strays(ctx context.Context) (ids []int64, err error) {
	strays, err := t.strays(ctx)
	for _, s := range strays {
		ids = append(ids, s.id)
	}
	return ids, err
}

// WaitForOutcome sets how long is asked what became of a transaction, until the
// function that it returns is called.
func WaitForOutcome(d time.Duration) (back func()) {
	before := outcomePatience
	outcomePatience = d
	return func() { outcomePatience = before }
}

// WaitForLock sets how long a lock is waited for, until the function that it
// returns is called.
func WaitForLock(d time.Duration) (back func()) {
	before := lockPatience
	lockPatience = d
	return func() { lockPatience = before }
}
