package store

import (
	"context"
	"database/sql"
	"time"
)

// ListedCommissions returns the ids of the commissions whose month is not left
// to SQL.
func (t *Tx) ListedCommissions(ctx context.Context) (ids []int64, err error) {
	listed, err := t.listedCommissions(ctx)
	for _, u := range listed {
		ids = append(ids, u.id)
	}
	return ids, err
}

// WaitForOutcome sets how long is asked what became of a transaction, until the
// function that it returns is called.
func WaitForOutcome(d time.Duration) (back func()) {
	before := outcomeTimeout
	outcomeTimeout = d
	return func() { outcomeTimeout = before }
}

// WaitForLock sets how long a lock is waited for, until the function that it
// returns is called.
func WaitForLock(d time.Duration) (back func()) {
	before := monthLockTimeout
	monthLockTimeout = d
	return func() { monthLockTimeout = before }
}

// FullDisk returns what is said where SQLite finds a disk full, with its
// database in folder.
func FullDisk(folder string) error { return fullDisk(folder) }

// Outcome returns what is said where the answer to a commit was lost.
func (s *Store) Outcome(ctx context.Context, lost error) error {
	return s.outcome(ctx, sql.NullInt64{}, lost)
}
