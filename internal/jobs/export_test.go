package jobs

import "time"

// TellSoon makes the tries to send a message follow each other quickly.
func TellSoon(tries int) (restore func()) {
	was := tellPauses
	tellPauses = make([]time.Duration, tries-1)
	for i := range tellPauses {
		tellPauses[i] = time.Millisecond
	}
	return func() { tellPauses = was }
}
