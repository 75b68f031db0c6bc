package closing

import (
	"testing"
	"time"
)

// SetTimeouts sets until the test is over how long is waited for the place of
// the backups while nobody waits, and for the record of copies.
func SetTimeouts(t testing.TB, place, record time.Duration) {
	t.Helper()
	wasPlace, wasRecord := placeTimeout, recordTimeout
	placeTimeout, recordTimeout = place, record
	t.Cleanup(func() { placeTimeout, recordTimeout = wasPlace, wasRecord })
}

// KeepSmallStatements lets small statements be kept as well, until the test is
// over.
func KeepSmallStatements(t testing.TB) {
	t.Helper()
	was := worthKeeping
	worthKeeping = 0
	t.Cleanup(func() { worthKeeping = was })
}

// SetDrillTimeout sets until the test is over how long a drill waits for a place.
func SetDrillTimeout(t testing.TB, timeout time.Duration) {
	t.Helper()
	was := drillTimeout
	drillTimeout = timeout
	t.Cleanup(func() { drillTimeout = was })
}
