package closing_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"extrato/internal/books"
	"extrato/internal/bucket/s3test"
	"extrato/internal/closing"
	"extrato/internal/places"
)

// smallDisk mounts a disk of 2 MB and returns its folder, and a function that
// fills it.
func smallDisk(t *testing.T) (dir string, fill func()) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		fmt.Fprintf(os.Stderr, "\n*** %s IS SKIPPED: only root can mount a small disk: %v ***\n\n", t.Name(), err)
		t.Skip(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir, func() {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 4<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
	}
}

func TestA_full_S3_holds_up_a_close_only_where_it_is_required(t *testing.T) {
	notInShort(t)
	dir, fill := smallDisk(t)
	server := s3test.StartIn(t, dir)
	both(t, func(t *testing.T, s *studio) {
		_ = os.Remove(filepath.Join(dir, "filler"))
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		d := s.distant(t, server)
		fill()
		s.Places.RequireAll = true
		before := s.dump(t)
		_, err := s.Close(t.Context(), october, closing.Options{}, "test")
		if !errors.Is(err, places.ErrIncomplete) || books.AsError(err).Kind != books.Refused {
			t.Fatalf("the close answers %v", err)
		}
		wantSame(t, "a refused close changed something", before, s.dump(t))
		s.Places.RequireAll = false
		s.close(t, october, false)
		s.wantWhole(t)
		if err := s.round(t, d); err == nil || s.inPlace(t) != places.Pending {
			t.Errorf("the round ends with %v", err)
		}
		if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
			t.Fatal(err)
		}
		if err := s.round(t, d); err != nil || s.inPlace(t) != places.OK {
			t.Fatal(err)
		}
		s.wantOnce(t, d, october)
	})
}
