package closing

import (
	"testing"
	"time"
)

// SetPatience sets until the test is over how long is waited for the place of
// the backups while nobody waits, and for the record of copies.
func SetPatience(t testing.TB, place, record time.Duration) {
	t.Helper()
	wasPlace, wasRecord := placePatience, recordPatience
	placePatience, recordPatience = place, record
	t.Cleanup(func() { placePatience, recordPatience = wasPlace, wasRecord })
}
