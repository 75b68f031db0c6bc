package bucket

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"extrato/internal/durable"
)

func TestEvery_new_folder_is_made_durable_in_its_parent(t *testing.T) {
	for root, want := range map[string][]string{
		".":                  {"."},
		"there":              {"there"},
		"backups":            {"backups", "."},
		"./a/b/backups":      {"a/b/backups", "a/b", "a", "."},
		"there/b/backups":    {"there/b/backups", "there/b", "there"},
		"there/../a/backups": {"a/backups", "a", "."},
	} {
		t.Run("root "+strings.ReplaceAll(root, "/", "|"), func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.Mkdir("there", 0o700); err != nil {
				t.Fatal(err)
			}
			var synced []string
			listen(t, func(dir string) error {
				synced = append(synced, dir)
				return nil
			})
			s, err := NewFolder(root, nil).Stage(t.Context(), "2025_10/a.csv")
			if err != nil {
				t.Fatal(err)
			}
			defer s.Discard()
			if !slices.Equal(synced, want) {
				t.Errorf("synced %q, want %q", synced, want)
			}
			synced = nil
			folder := filepath.Join(root, "2025_10")
			if err := s.Commit(t.Context(), "2025_10/a.csv"); err != nil || !slices.Equal(synced, []string{folder, filepath.Clean(root)}) {
				t.Errorf("the first commit synced %q, want the folder of the name, and its own name: %v", synced, err)
			}
		})
	}
}

func TestA_folder_that_cannot_be_made_durable_is_an_error(t *testing.T) {
	broken := errors.New("broken disk")
	listen(t, func(string) error { return broken })
	root := filepath.Join(t.TempDir(), "backups")
	if _, err := NewFolder(root, nil).Stage(t.Context(), "2025_10/a.csv"); !errors.Is(err, broken) {
		t.Errorf("stage answers %v, want the disk's error", err)
	}
	if exists(root) {
		t.Error("the next try finds the folder, and does not sync it")
	}
	if err := os.MkdirAll(filepath.Join(root, "2025_10"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := NewFolder(root, nil).Stage(t.Context(), "2025_10/a.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Discard()
	if err := s.Commit(t.Context(), "2025_10/a.csv"); !errors.Is(err, broken) {
		t.Errorf("commit answers %v, want the disk's error", err)
	}
}

// listen replaces the sync of folders.
func listen(t *testing.T, fn func(string) error) {
	sync := durable.SyncFolder
	durable.SyncFolder = fn
	t.Cleanup(func() { durable.SyncFolder = sync })
}

func TestA_rename_never_replaces(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	for _, path := range []string{from, to} {
		if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := renameNoReplace(from, to); !errors.Is(err, ErrExists) {
		t.Errorf("answers %v, want ErrExists", err)
	}
	if got, err := os.ReadFile(to); string(got) != to {
		t.Errorf("the file that had the name holds %q, %v", got, err)
	}
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	if err := renameNoReplace(from, to); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(to); string(got) != from {
		t.Errorf("the renamed file holds %q, %v", got, err)
	}
}
