package store_test

import (
	"testing"
	"time"

	"extrato/internal/store/storetest"
)

func TestA_lock_of_work_is_free_again_as_soon_as_it_is_released(t *testing.T) {
	db := storetest.Postgres(t, time.Now)
	for range 20 {
		unlock, mine, err := db.Store.TryLock(t.Context(), "copies")
		if err != nil || !mine {
			t.Fatalf("mine is %t, %v", mine, err)
		}
		if _, others, err := db.Store.TryLock(t.Context(), "copies"); err != nil || others {
			t.Fatalf("another has it too: %v", err)
		}
		unlock()
	}
}
