package closing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// moody is a place whose calls do what before says first.
type moody struct {
	bucket.Bucket
	before func(call string) error
}

func (m moody) Stage(ctx context.Context, near string) (bucket.Staged, error) {
	if err := m.before("stage"); err != nil {
		return nil, err
	}
	staged, err := m.Bucket.Stage(ctx, near)
	return moodyStaged{staged, m}, err
}

func (m moody) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := m.before("open"); err != nil {
		return nil, err
	}
	return m.Bucket.Open(ctx, name)
}

func (m moody) List(ctx context.Context, folder string) ([]string, error) {
	if err := m.before("list"); err != nil {
		return nil, err
	}
	return m.Bucket.List(ctx, folder)
}

type moodyStaged struct {
	bucket.Staged
	m moody
}

func (s moodyStaged) Write(p []byte) (int, error) {
	if err := s.m.before("write"); err != nil {
		return 0, err
	}
	return s.Staged.Write(p)
}

func (s moodyStaged) Commit(ctx context.Context, name string) error {
	if err := s.m.before("commit"); err != nil {
		return err
	}
	return s.Staged.Commit(ctx, name)
}

// writing writes beside a close until it is stopped, and returns how long the
// longest write waited.
func (s *studio) writing(t *testing.T) (stop func() time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	longest := make(chan time.Duration, 1)
	go func() {
		var most time.Duration
		for n := 0; ctx.Err() == nil; n++ {
			began := time.Now()
			// To its end: one that is broken off may still be committed later.
			err := s.Store().Write(t.Context(), func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "probe", fmt.Sprint(n)) })
			if err != nil {
				t.Errorf("a writer failed: %v", err)
			}
			most = max(most, time.Since(began))
		}
		longest <- most
	}()
	return func() time.Duration { cancel(); return <-longest }
}

func TestA_place_that_hangs_keeps_nobody_from_writing(t *testing.T) {
	closing.SetTimeouts(t, 500*time.Millisecond, time.Second)
	for i, required := range []bool{true, false} {
		for j, call := range []string{"list", "stage", "write", "commit", "open"} {
			for k, from := range []string{"", "transaction begun"} {
				t.Run(fmt.Sprintf("required_%t/%s/from_%s", required, call, from), func(t *testing.T) {
					if testing.Short() && (i+2*j+k)%10 != 9 {
						t.Skip("some of them are enough")
					}
					t.Parallel()
					both(t, func(t *testing.T, s *studio) { s.hangsAt(t, required, call, from) })
				})
			}
		}
	}
}

// hangsAt closes October while a call of the place hangs, from a step on.
func (s *studio) hangsAt(t *testing.T, required bool, call, from string) {
	s.fullOctober(t)
	s.RequireBackup = required
	var hangs atomic.Bool
	var calls atomic.Int64
	goOn := make(chan struct{})
	release := sync.OnceFunc(func() { close(goOn) })
	defer release()
	s.Backups.Bucket = moody{s.Backups.Bucket, func(now string) error {
		calls.Add(1)
		if now == call && hangs.Load() {
			<-goOn
		}
		return nil
	}}
	hangs.Store(from == "")
	s.onStep(func(step string) { hangs.Store(hangs.Load() || step == from) })
	live := s.dump(t, v4Tables...)
	stop := s.writing(t)
	r, err := s.Close(t.Context(), october, closing.Options{}, "test")
	t.Logf("the longest write beside it took %s", stop())
	s.onStep(nil)
	if !required {
		if err != nil || r.Backup.File != "" || len(r.Notes) == 0 || r.Counts != fullCounts {
			t.Errorf("closed %+v, %v", r, err)
		}
		s.wantWhole(t)
		return
	}
	if !errors.Is(err, backup.ErrSlow) || books.AsError(err).Hint == "" {
		t.Errorf("the close came to %+v, %v", r, err)
	}
	// While it hangs, the next is refused without a look at the place.
	before := calls.Load()
	s.refusesClose(t, october, false, books.Refused, backup.ErrSlow.Code)
	if calls.Load() != before {
		t.Error("the next close asked a place that hangs")
	}
	wantSame(t, "a place that hangs changed something", live, s.dump(t, v4Tables...))
	hangs.Store(false)
	release()
	for range 3000 {
		if r, err = s.Close(t.Context(), october, closing.Options{}, "test"); !errors.Is(err, backup.ErrSlow) {
			break
		}
		time.Sleep(10 * time.Millisecond) // what hung has not returned yet
	}
	if err != nil || r.Counts != fullCounts {
		t.Errorf("afterwards it closed %+v, %v", r, err)
	}
	s.wantWhole(t)
}

// A place that is only slow gets its copy, and the month one statement that
// rests on it.
func TestA_place_that_is_slow_is_waited_for_while_others_write(t *testing.T) {
	storetest.Concurrent(t)
	for _, required := range []bool{true, false} {
		t.Run(fmt.Sprintf("required_%t", required), func(t *testing.T) {
			if testing.Short() && !required {
				t.Skip("one of them is enough")
			}
			both(t, func(t *testing.T, s *studio) {
				s.fullOctober(t)
				s.RequireBackup = required
				s.Backups.Bucket = moody{s.Backups.Bucket, func(call string) error {
					if call == "commit" {
						time.Sleep(700 * time.Millisecond) // twice, and a transaction waits for one second
					}
					return nil
				}}
				stop := s.writing(t)
				r := s.close(t, october, false)
				t.Logf("the longest write beside it took %s", stop())
				if r.Backup.File == "" || len(s.files(t)) != 2 {
					t.Errorf("it rests on %q of %v", r.Backup.File, s.fileNames(t))
				}
				s.wantWhole(t)
			})
		})
	}
}

func TestA_place_that_fills_up_or_vanishes_midway(t *testing.T) {
	for _, required := range []bool{true, false} {
		for name, fails := range map[string]func(s *studio, call string) error{
			"fills up": func(_ *studio, call string) error {
				if call == "write" {
					return syscall.ENOSPC
				}
				return nil
			},
			"vanishes": func(s *studio, call string) error {
				if call == "commit" {
					return os.RemoveAll(s.Folder)
				}
				return nil
			},
		} {
			t.Run(fmt.Sprintf("%s/required_%t", name, required), func(t *testing.T) {
				both(t, func(t *testing.T, s *studio) {
					s.fullOctober(t)
					s.RequireBackup = required
					whole := s.Backups.Bucket
					s.Backups.Bucket = moody{whole, func(call string) error { return fails(s, call) }}
					if required {
						s.refusesClose(t, october, false, books.Refused, "backup_unwritable")
						s.Backups.Bucket = whole
						s.close(t, october, false)
					} else if r := s.close(t, october, false); r.Backup.File != "" || len(r.Notes) == 0 || r.Counts != fullCounts {
						t.Errorf("closed %+v", r)
					}
					s.wantWhole(t)
				})
			})
		}
	}
}
