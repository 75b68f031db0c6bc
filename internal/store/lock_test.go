package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// wantLocked fails unless nobody else gets the lock of month.
func wantLocked(t *testing.T, s *store.Store, month books.Month, locked bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	waits := func(string) {}
	if locked {
		waits = func(string) { cancel() } // that it waits is all that is wanted
	}
	unlock, err := s.LockMonth(ctx, month, waits)
	switch {
	case err == nil:
		unlock()
		if locked {
			t.Errorf("somebody else got the lock of %s", month)
		}
	case !locked:
		t.Errorf("nobody gets the lock of %s: %v", month, err)
	case !errors.Is(err, context.Canceled) || books.AsError(err).Kind == books.Refused: // the lock file is fine
		t.Errorf("waiting for the lock of %s ends with %v", month, err)
	}
}

func TestLock_month_keeps_others_out(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, db *storetest.DB) {
		other := open(t, db.URL)
		unlock, err := db.Store.LockMonth(t.Context(), october, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantLocked(t, other, october, true)
		wantLocked(t, db.Store, october, true)              // in the same process too
		wantLocked(t, other, october.Add(1), db.Path != "") // SQLite has one lock for the file
		wantWritable(t, other)                              // it saves work and blocks nobody's
		unlock()
		wantLocked(t, other, october, false)
		wantLocked(t, db.Store, october, false)
	})
}

func TestLock_month_goes_with_its_process(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, db *storetest.DB) {
		holder := startHolder(t, db)
		wantLocked(t, db.Store, october, true)
		if err := holder.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = holder.Wait() // killed, as it should be
		wantLocked(t, db.Store, october, false)
	})
}

// startHolder starts a process that takes October's lock, and returns when it
// has it. It ends with its test.
func startHolder(t *testing.T, db *storetest.DB) *exec.Cmd {
	t.Helper()
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), "EXTRATO_TEST_HOLDS_LOCK_OF="+db.URL)
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = holder.Process.Kill()
		_ = holder.Wait()
	})
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatalf("the holder said nothing: %v", err)
	}
	return holder
}

// holdLock is the process that takes a lock and is killed.
func holdLock(url string) {
	s, err := store.Open(context.Background(), store.Options{URL: url, Zone: storetest.Zone, Now: now}, false)
	if err == nil {
		_, err = s.LockMonth(context.Background(), october, nil)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("locked")
	time.Sleep(time.Minute)
	os.Exit(1)
}

func TestLock_month_goes_with_its_connection(t *testing.T) {
	storetest.Concurrent(t)
	db := storetest.Postgres(t, now)
	unlock, err := db.Store.LockMonth(t.Context(), october, nil)
	if err != nil {
		t.Fatal(err)
	}
	db.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
	wantLocked(t, open(t, db.URL), october, false)
	unlock() // of a lost connection: nothing happens
	wantLocked(t, db.Store, october, false)
	wantWritable(t, db.Store)
}

// More closers than the pool has connections: those who wait must leave one
// to the one who works.
func TestMany_who_wait_for_a_lock_let_the_holder_work(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, db *storetest.DB) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				unlock, err := db.Store.LockMonth(ctx, october.Add(i%2), nil)
				if err != nil {
					t.Errorf("closer %d: %v", i, err)
					return
				}
				defer unlock()
				if err := db.Store.Write(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, "n", fmt.Sprint(i)) }); err != nil {
					t.Errorf("closer %d: %v", i, err)
				}
			})
		}
		all.Wait()
	})
}
