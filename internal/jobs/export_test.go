package jobs

import "time"

// TellSoon makes the tries to send a message follow each other quickly.
func TellSoon(tries int) (restore func()) {
	was := retryPauses
	retryPauses = make([]time.Duration, tries-1)
	for i := range retryPauses {
		retryPauses[i] = time.Millisecond
	}
	return func() { retryPauses = was }
}

// WaitForPlaces sets how long a message waits for a process that knows its
// place, and how soon it is looked for one again.
func WaitForPlaces(timeout, pause time.Duration) (restore func()) {
	wasFor, wasPause := unknownFor, unknownPause
	unknownFor, unknownPause = timeout, pause
	return func() { unknownFor, unknownPause = wasFor, wasPause }
}

// Limits returns how long a close may take, after how long it counts as one
// whose process died, and after how long anything else does.
func Limits() (closing, closeDied, died time.Duration) {
	return closeTimeout, closeWorker{}.Timeout(nil), stuckAfter
}

// CloseWithin sets how long a run may take.
func CloseWithin(limit time.Duration) (restore func()) {
	was := closeTimeout
	closeTimeout = limit
	return func() { closeTimeout = was }
}

// KeepEvery sets the pause between two looks for what is missing beside the
// backups.
func KeepEvery(pause time.Duration) (restore func()) {
	was := keepEvery
	keepEvery = pause
	return func() { keepEvery = was }
}
