package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func openNew(t *testing.T, path string) error {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:///" + path, Zone: storetest.Zone, Now: time.Now}, true)
	if err == nil {
		s.Close()
	}
	return err
}

func TestThe_new_folders_of_a_new_database_are_made_durable(t *testing.T) {
	root := t.TempDir()
	var synced []string
	defer store.ListenToSyncs(func(dir string) error {
		synced = append(synced, dir)
		return nil
	})()
	if err := openNew(t, filepath.Join(root, "a", "data", "extrato.db")); err != nil {
		t.Fatal(err)
	}
	if want := []string{filepath.Join(root, "a"), root}; !slices.Equal(synced, want) {
		t.Errorf("synced %q, want %q", synced, want)
	}
	synced = nil
	if err := openNew(t, filepath.Join(root, "a", "data", "other.db")); err != nil || len(synced) > 0 {
		t.Errorf("in a folder that is there: synced %q, %v", synced, err)
	}
}

func TestA_database_whose_folder_cannot_be_made_durable_is_refused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "extrato.db")
	broken := errors.New("broken disk")
	defer store.ListenToSyncs(func(string) error { return broken })()
	err := openNew(t, path)
	if e := books.AsError(err); e == nil || e.Code != "database_unwritable" || !errors.Is(err, broken) {
		t.Errorf("answers %v", err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the next try finds the folder, and does not sync it: %v", err)
	}
}
