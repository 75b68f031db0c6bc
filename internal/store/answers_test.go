package store_test

import (
	"testing"
	"time"

	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// A key that was reserved while a clock ran far ahead, by a process that died,
// is free again when the clock is right; one of a server whose clock is a
// little ahead is held.
func TestAReservationFromTheFutureEnds(t *testing.T) {
	var clock time.Time
	storetest.Both(t, func() time.Time { return clock }, func(t *testing.T, db *storetest.DB) {
		right := time.Date(2025, time.November, 2, 12, 0, 0, 0, storetest.Zone)
		reserve := func(key, holder string) (found store.Reserved) {
			t.Helper()
			write(t, db.Store, func(tx *store.Tx) (err error) {
				found, err = tx.Reserve(t.Context(), store.Reservation{Actor: "a", Key: key, Request: "r", Holder: holder})
				return err
			})
			return found
		}
		for key, c := range map[string]struct {
			ahead time.Duration
			held  bool
		}{"a year": {365 * 24 * time.Hour, false}, "two minutes": {2 * time.Minute, true}} {
			clock = right.Add(c.ahead)
			if reserve(key, "first").Mine == nil {
				t.Fatal("the key was not free")
			}
			clock = right
			if found := reserve(key, "second"); (found.Mine == nil) != c.held || !c.held && (found.Left == nil || found.Left.Holder != "first") {
				t.Errorf("%s ahead: %+v", key, found)
			}
		}
	})
}
