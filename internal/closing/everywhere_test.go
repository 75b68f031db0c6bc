package closing_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/places"
)

// faultyPlace is a place for copies with a fault before each put.
type faultyPlace struct {
	bucket.Place
	fault func() error
}

func (f *faultyPlace) Put(ctx context.Context, name string, content io.ReadSeeker, size int64, sum [sha256.Size]byte, until time.Time) (string, error) {
	if f.fault != nil {
		if err := f.fault(); err != nil {
			return "", err
		}
	}
	return f.Place.Put(ctx, name, content, size, sum, until)
}

// everywhere has the closer wait for two places, and returns their folders and
// the second place.
func (s *studio) everywhere(t *testing.T) (folders []string, second *faultyPlace) {
	t.Helper()
	folders = []string{t.TempDir(), t.TempDir()}
	second = &faultyPlace{Place: bucket.NewFolderPlace(folders[1], nil)}
	s.Places = &places.Places{
		Local: s.Backups.Bucket, All: []bucket.Place{bucket.NewFolderPlace(folders[0], nil), second}, RequireAll: true,
		Store: s.DB.Store, Now: s.Now, Log: s.Log, SpoolDir: t.TempDir(),
	}
	return folders, second
}

// csvs counts the CSV files of October in a folder.
func csvs(folder string) int {
	found, _ := filepath.Glob(filepath.Join(folder, "2025_10", "*.csv"))
	return len(found)
}

// wantUntouched fails the test unless nothing of October was closed.
func (s *studio) wantUntouched(t *testing.T, payments int64) {
	t.Helper()
	if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != payments {
		t.Errorf("%d payments are live, want %d", n, payments)
	}
	if n := s.Int(t, "SELECT count(*) FROM extratos") + s.Int(t, "SELECT count(*) FROM "+s.own("closings")); n != 0 {
		t.Error("there is a statement or a chain entry")
	}
}

func TestA_close_that_needs_all_places_waits_for_them_without_holding_writers_up(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		folders, second := s.everywhere(t)
		second.fault = func() error { s.wantAnswer(t); return nil }
		want := 1
		s.Step = func(step string) {
			if step == "transaction begun" && (csvs(folders[0]) != want || csvs(folders[1]) != want) {
				t.Error("the transaction begins before every place has the copy")
			}
		}
		r := s.close(t, october, false)
		if r.Backup.File == "" || csvs(s.Folder) != 1 {
			t.Errorf("closed with %+v, %d copies", r.Backup, csvs(s.Folder))
		}
		for _, folder := range folders {
			text, err := os.ReadFile(filepath.Join(folder, r.Backup.File))
			if err != nil || fmt.Sprintf("%x", sha256.Sum256(text)) != r.Backup.SHA256 {
				t.Errorf("%s holds another file, %v", folder, err)
			}
		}
		s.payment(t, 2, "2025-10-11", "100.00")
		want = 2
		if r = s.close(t, october, true); r.Revision != 2 || csvs(folders[1]) != 2 {
			t.Errorf("the revision is %+v, %d copies", r, csvs(folders[1]))
		}
	})
}

func TestA_close_that_needs_all_places_is_refused_where_one_fails(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for name, fault := range map[string]func() error{
		"refuses": func() error { return os.ErrPermission },
		"is full": func() error { return syscall.ENOSPC },
		"is cut":  func() error { return errors.New("the line is cut") },
		"hangs":   func() error { <-hang; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *studio) {
				s.people(t)
				s.payment(t, 1, "2025-10-10", "450.00")
				folders, second := s.everywhere(t)
				second.fault, s.Places.Timeout = fault, 5*time.Second
				if name == "hangs" {
					s.Places.Timeout = 200 * time.Millisecond
				}
				before := s.dump(t)
				_, err := s.Close(t.Context(), october, closing.Options{}, "test")
				e := books.AsError(err)
				if e == nil || !errors.Is(err, places.ErrIncomplete) || e.Kind != books.Refused || !strings.HasPrefix(e.Hint, "the month is untouched; ") {
					t.Fatalf("the close answers %v", err)
				}
				wantSame(t, "a refused close changed something", before, s.dump(t))
				s.wantAnswer(t)
				if csvs(folders[0]) != 1 || csvs(s.Folder) != 1 {
					t.Error("the good places lack the copy")
				}
				// Mended, the same copy is taken.
				mended, _ := s.everywhere(t)
				s.close(t, october, false)
				if csvs(s.Folder) != 1 || csvs(mended[1]) != 1 {
					t.Errorf("%d copies were made", csvs(s.Folder))
				}
			})
		})
	}
}

func TestA_close_that_needs_all_places_is_refused_where_other_bytes_stand(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		folders, _ := s.everywhere(t)
		name := filepath.Join(folders[1], "2025_10", "backup_2025_10.csv")
		_ = os.Mkdir(filepath.Dir(name), 0o700)
		if err := os.WriteFile(name, []byte("somebody's"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := s.Close(t.Context(), october, closing.Options{}, "test")
		if !errors.Is(err, places.ErrIncomplete) || books.AsError(err).Kind != books.Refused {
			t.Errorf("the close answers %v", err)
		}
		s.wantUntouched(t, 1)
		if text, _ := os.ReadFile(name); string(text) != "somebody's" {
			t.Errorf("it was overwritten with %q", text)
		}
		if _, err := s.Preview(t.Context(), october, false); err != nil { // it writes nothing, so it cannot know
			t.Error(err)
		}
		if err := os.RemoveAll(folders[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Preview(t.Context(), october, false); !errors.Is(err, places.ErrIncomplete) {
			t.Errorf("the preview answers %v", err)
		}
	})
}

func TestA_copy_that_was_altered_since_is_no_proof_for_a_close(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		folders, _ := s.everywhere(t)
		s.onStep(func(step string) {
			if step == "transaction begun" {
				panic("it must not come so far")
			}
		})
		receipt, err := s.CreateBackup(t.Context(), october, "test")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Places.Require(t.Context(), receipt.File); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folders[0], receipt.File), []byte("altered"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Close(t.Context(), october, closing.Options{}, "test"); !errors.Is(err, places.ErrIncomplete) {
			t.Errorf("the close answers %v", err)
		}
		s.wantUntouched(t, 1)
	})
}

func TestRows_that_change_while_places_are_waited_for_are_copied_again(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		folders, _ := s.everywhere(t)
		changes, until := 0, 1000
		s.Step = func(step string) {
			if step == "copied everywhere" && changes < until {
				changes++
				s.payment(t, 100+changes, "2025-10-12", "10.00")
			}
		}
		_, err := s.Close(t.Context(), october, closing.Options{}, "test")
		if e := books.AsError(err); e == nil || e.Kind != books.Conflict || e.Code != "rows_changing" || changes != 5 {
			t.Errorf("after %d changes the close answers %v", changes, err)
		}
		s.wantUntouched(t, 6)
		if n := s.Int(t, "SELECT count(*) FROM "+s.own("backups")); n != 5 || csvs(folders[1]) != 5 {
			t.Errorf("%d copies are recorded, %d are in the place", n, csvs(folders[1]))
		}
		until = 6
		if r := s.close(t, october, false); r.Counts.Payments != 7 {
			t.Errorf("closed %+v", r.Counts)
		}
		s.wantWhole(t)
	})
}

func TestA_close_that_needs_its_local_backup_only_asks_no_other_place(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		_, second := s.everywhere(t)
		s.Places.RequireAll = false
		second.fault = func() error { t.Error("the place is asked"); return nil }
		s.close(t, october, false)
	})
}
