//go:build unix

package store_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestLock_month_does_not_wait_for_ever_for_a_process_that_is_stopped(t *testing.T) {
	storetest.Concurrent(t)
	defer store.WaitForLock(300 * time.Millisecond)()
	both(t, func(t *testing.T, db *storetest.DB) {
		holder := startHolder(t, db)
		if err := holder.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("process %d on ", holder.Process.Pid)
		waitedFor := ""
		_, err := db.Store.LockMonth(t.Context(), october, func(holder string) { waitedFor = holder })
		if e := books.AsError(err); err == nil || e.Kind != books.Conflict || e.Code != "locked" || !strings.Contains(e.Hint, name) {
			t.Errorf("waiting for a stopped process ends with %+v", e)
		}
		if !strings.Contains(waitedFor, name) {
			t.Errorf("waited for %q, want %q", waitedFor, name)
		}
		wantWritable(t, db.Store)
		_ = holder.Process.Kill()
		_ = holder.Wait()
		wantLocked(t, db.Store, october, false)
	})
}
