package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/store/v4test"
)

// smallDisk mounts a file system of its own and returns its folder.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		lacking(t, "only root can mount a small disk: "+err.Error())
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestA_full_disk_is_said_and_nothing_changes(t *testing.T) {
	dir := smallDisk(t, "size=2m")
	url := "sqlite:///" + filepath.Join(dir, "extrato.db")
	s, err := tryOpen(t, url, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, s, func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "x", "small") })
	err = s.Write(t.Context(), func(tx *store.Tx) error {
		return tx.SetSetting(t.Context(), "x", strings.Repeat("x", 3<<20))
	})
	wants(t, err, books.Refused, "disk_full")
	if got := setting(t, s, "x"); got != "small" {
		t.Errorf("the setting has %d letters", len(got))
	}
	err = s.Write(t.Context(), func(tx *store.Tx) error { return tx.CheckSpace(1 << 20) })
	wants(t, err, books.Refused, "disk_full")
	err = s.Write(t.Context(), func(tx *store.Tx) error { return tx.CheckSpace(700<<10 + 1) })
	wants(t, err, books.Refused, "disk_full")
	if said := err.Error(); !strings.HasSuffix(said, " KB free, this close needs 2101 KB") {
		t.Errorf("it says %q", said)
	}
	wantWritable(t, s)
}

func TestA_disk_without_any_room_is_said_to_whoever_opens_next(t *testing.T) {
	dir := smallDisk(t, "size=2m")
	url := "sqlite:///" + filepath.Join(dir, "extrato.db")
	s, err := tryOpen(t, url, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, s, func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "x", "small") })
	s.Close() // with its log
	if err := fillUp(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	if s, err = tryOpen(t, url, false); err == nil {
		err = s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "x", strings.Repeat("z", 100_000)) })
		s.Close()
	}
	wants(t, err, books.Refused, "disk_full")
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	s = open(t, url)
	if got := setting(t, s, "x"); got != "small" {
		t.Errorf("the setting has %d letters", len(got))
	}
	wantWritable(t, s)
}

// fillUp writes a file until nothing more fits.
func fillUp(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, size := range []int{64 << 10, 4 << 10, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	return f.Close()
}

func TestA_read_only_database_is_said(t *testing.T) {
	dir := smallDisk(t, "size=8m")
	url := "sqlite:///" + filepath.Join(dir, "extrato.db")
	s, err := tryOpen(t, url, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	left := filepath.Join(dir, "extrato.db-shm") // by somebody who might only read
	if err := os.WriteFile(left, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if s, err = tryOpen(t, url, false); err == nil {
		err = s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "x", "y") })
	}
	wants(t, err, books.Refused, "database_unwritable")
	if hint := books.AsError(err).Hint; !strings.Contains(hint, left) || strings.Contains(hint, "-wal") {
		t.Errorf("the hint is %q", hint)
	}
	_, err = tryOpen(t, "sqlite:///"+filepath.Join(dir, "new", "extrato.db"), true)
	wants(t, err, books.Refused, "database_unwritable")
}

func TestA_full_disk_of_temporary_files_is_not_blamed_on_the_database(t *testing.T) {
	temp, folder := smallDisk(t, "size=1m"), t.TempDir()
	t.Setenv("TMPDIR", temp)
	v4test.WantError(t, store.FullDisk(folder), books.Refused, "disk_full", "temporary files, in "+temp, "TMPDIR")
	v4test.WantError(t, store.FullDisk(temp), books.Refused, "disk_full", "the disk with the database is full")
}

func TestA_disk_that_fails_at_a_commit_is_no_lost_connection(t *testing.T) {
	db := storetest.SQLite(t, now)
	err := db.Store.Outcome(t.Context(), errors.New("disk I/O error"))
	v4test.WantError(t, err, books.Internal, "outcome_unknown", "the disk with the database failed", "what the system says of that disk")
	if e := books.AsError(err); strings.Contains(e.Error(), "connection") {
		t.Errorf("it says %q", e.Error())
	}
}
