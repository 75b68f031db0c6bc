package closing_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/store"
)

func TestClose_refuses_where_the_backup_cannot_be_written(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		if err := os.WriteFile(s.Folder, []byte("a file"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.refusesCloseForItsBackup(t, "")
		if err := os.Remove(s.Folder); err != nil {
			t.Fatal(err)
		}
		whole := s.Backups.Bucket
		for _, errno := range []syscall.Errno{syscall.EROFS, syscall.ENOSPC, syscall.EACCES, syscall.ESTALE} {
			s.Backups.Bucket = faultyBucket{Bucket: whole, stage: errno}
			s.refusesCloseForItsBackup(t, "")
		}
		s.Backups.Bucket = faultyBucket{Bucket: whole, write: syscall.ENOSPC}
		s.refusesCloseForItsBackup(t, "full")
		s.Backups.Bucket = faultyBucket{Bucket: whole, commit: syscall.EIO}
		s.refusesClose(t, october, false, books.Refused, "backup_unwritable") // only who writes a backup meets this
		s.Backups.Bucket = whole
		s.close(t, october, false)
		s.wantWhole(t)
	})
}

func (s *studio) refusesCloseForItsBackup(t *testing.T, hint string) {
	t.Helper()
	previewed := s.refused(t, books.Refused, "backup_unwritable", func() error {
		_, err := s.Preview(t.Context(), october, false)
		return err
	})
	e := s.refusesClose(t, october, false, books.Refused, "backup_unwritable")
	if previewed.Message != e.Message || previewed.Hint != e.Hint {
		t.Errorf("previewed %q, %q, closed %q, %q", previewed.Message, previewed.Hint, e.Message, e.Hint)
	}
	if e.Hint == "" || !strings.Contains(e.Hint, hint) {
		t.Errorf("the hint is %q, want one about %q", e.Hint, hint)
	}
	if runs := s.texts(t, "SELECT code FROM "+s.own("runs")+" ORDER BY id DESC LIMIT 1"); len(runs) != 1 || runs[0] != "backup_unwritable" {
		t.Errorf("the attempt was recorded as %v", runs)
	}
}

// own returns the name of a table of ours as a connection of v4's needs it.
func (s *studio) own(table string) string {
	if s.Store().Postgres() {
		return "extrato." + table
	}
	return table
}

func TestClose_refuses_a_folder_that_holds_none_of_the_known_backups(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, september, false)
		// The mount is gone: its mount point is an empty folder, or not there at all.
		if err := os.Rename(s.Folder, s.Folder+".unmounted"); err != nil {
			t.Fatal(err)
		}
		refuses := func() {
			t.Helper()
			e := s.refusesClose(t, october, false, books.Refused, "backup_unwritable")
			if !strings.Contains(e.Hint, "mount") || !strings.Contains(e.Hint, s.Folder) {
				t.Errorf("the hint is %q", e.Hint)
			}
			if _, err := s.Preview(t.Context(), october, false); err == nil {
				t.Error("the preview does not refuse")
			}
		}
		refuses()
		if err := os.Mkdir(s.Folder, 0o700); err != nil {
			t.Fatal(err)
		}
		refuses()
		if len(s.files(t)) != 0 {
			t.Errorf("the refusal left %v", s.fileNames(t))
		}
		if err := errorsJoin(os.Remove(s.Folder), os.Rename(s.Folder+".unmounted", s.Folder)); err != nil {
			t.Fatal(err)
		}
		s.close(t, october, false)
	})
}

func errorsJoin(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestClose_without_a_required_backup_forgives_one_that_cannot_be_written_and_says_so_for_ever(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.RequireBackup = false
		s.Backups.Bucket = faultyBucket{Bucket: s.Backups.Bucket, stage: syscall.EROFS}
		r := s.close(t, october, false)
		if r.Backup.File != "" || r.Counts != fullCounts {
			t.Errorf("closed %+v", r)
		}
		entry := s.closedWith(t, october)
		if len(entry.Notes) != 1 || !strings.Contains(entry.Notes[0], "without a backup") {
			t.Errorf("the chain says %q", entry.Notes)
		}
		again, _ := s.Close(t.Context(), october, closing.Options{}, "test")
		if len(again.Notes) != 1 {
			t.Errorf("a later answer does not say so: %+v", again)
		}
		s.wantWhole(t)
	})
}

func TestClose_without_a_required_backup_never_forgives_one_that_reads_back_wrong(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.RequireBackup = false
		s.Backups.Bucket = faultyBucket{Bucket: s.Backups.Bucket, lie: func(b []byte) []byte {
			return bytes.Replace(b, []byte("450.00"), []byte("450.01"), 1)
		}}
		s.refusesClose(t, october, false, books.Integrity, "backup_corrupt")
	})
}

func TestClose_stores_the_statement_while_the_backup_is_read_back_and_removes_no_row_before(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		place := s.Backups.Bucket
		for _, damaged := range []bool{true, false} {
			var steps []string
			stored := make(chan struct{})
			s.onStep(func(step string) {
				if steps = append(steps, step); step == "statement stored" {
					close(stored)
				}
			})
			s.Backups.Bucket = faultyBucket{Bucket: place, lie: func(b []byte) []byte {
				select {
				case <-stored:
				case <-time.After(10 * time.Second):
					t.Error("the close waits for the backup before it stores the statement")
				}
				if damaged {
					return b[:len(b)-1]
				}
				return b
			}}
			if damaged {
				s.refusesClose(t, october, false, books.Integrity, "backup_corrupt")
				if slices.Contains(steps, "rows deleted") || slices.Contains(steps, "chain grown") {
					t.Errorf("before the backup was proved, the close went on to %v", steps)
				}
				if n := s.Int(t, "SELECT count(*) FROM "+s.own("backups")); n != 0 {
					t.Errorf("%d backups are recorded, the one that reads back wrong is none", n)
				}
				s.Exec(t, "UPDATE gastos SET valor = 7") // or the copy that is there would do
				continue
			}
			s.close(t, october, false)
			if proved := slices.Index(steps, "backup proved"); proved < slices.Index(steps, "statement stored") || slices.Index(steps, "rows deleted") < proved {
				t.Errorf("the close did %v", steps)
			}
		}
		s.onStep(nil)
		s.wantWhole(t)
	})
}

func TestClose_that_fails_keeps_the_record_of_its_backup(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		broken := errors.New("broken")
		s.Announce = func(context.Context, *store.Tx, books.ChainEntry) error { return broken }
		before := s.live(t, october)
		if _, err := s.Close(t.Context(), october, closing.Options{}, "test"); !errors.Is(err, broken) {
			t.Fatalf("closed with %v", err)
		}
		if after := s.live(t, october); after != before {
			t.Error("a close that failed changed the month")
		}
		if n := s.Int(t, "SELECT count(*) FROM "+s.own("backups")+" WHERE state = 'ok'"); n != 1 {
			t.Errorf("%d backups are recorded", n)
		}
		s.Announce = nil
		s.close(t, october, false)
		if files := s.files(t); len(files) != 2 { // and finds it when it tries again
			t.Errorf("there are %d files", len(files))
		}
		s.wantWhole(t)
	})
}

// faultyBucket is a disk that fails, or that hands out other bytes than it was given.
type faultyBucket struct {
	bucket.Bucket
	stage, write, commit error
	lie                  func([]byte) []byte
}

func (b faultyBucket) Stage(ctx context.Context, near string) (bucket.Staged, error) {
	if b.stage != nil {
		return nil, &os.PathError{Op: "open", Path: near, Err: b.stage}
	}
	staged, err := b.Bucket.Stage(ctx, near)
	return faultyStaged{staged, b.write, b.commit}, err
}

func (b faultyBucket) Probe(ctx context.Context, near string) error {
	staged, err := b.Stage(ctx, near)
	if err == nil {
		_, err = staged.Write(nil)
		staged.Discard()
	}
	return err
}

func (b faultyBucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	in, err := b.Bucket.Open(ctx, name)
	if err != nil || b.lie == nil || !strings.HasSuffix(name, ".csv") {
		return in, err
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	return io.NopCloser(bytes.NewReader(b.lie(text))), err
}

type faultyStaged struct {
	bucket.Staged
	write, commit error
}

func (s faultyStaged) Write(p []byte) (int, error) {
	if s.write != nil {
		return 0, s.write
	}
	return s.Staged.Write(p)
}

func (s faultyStaged) Commit(ctx context.Context, name string) error {
	if s.commit != nil {
		return s.commit
	}
	return s.Staged.Commit(ctx, name)
}
