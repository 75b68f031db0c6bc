package store

import "time"

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
