package bucket_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"extrato/internal/bucket"
	"extrato/internal/bucket/buckettest"
)

const name = "2025_10/backup_2025_10.csv"

func TestFolder(t *testing.T) {
	buckettest.Run(t, func() bucket.Bucket { return bucket.NewFolder(filepath.Join(t.TempDir(), "backups"), nil) })
}

func commit(t *testing.T, b bucket.Bucket, name, content string) error {
	t.Helper()
	s, err := b.Stage(t.Context(), name)
	if err != nil {
		return err
	}
	defer s.Discard()
	if _, err := io.WriteString(s, content); err != nil {
		return err
	}
	return s.Commit(t.Context(), name)
}

func read(t *testing.T, b bucket.Bucket, name string) string {
	t.Helper()
	r, err := b.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// tree returns every path below root with its mode, hidden ones too.
func tree(t *testing.T, root string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		rel, _ := filepath.Rel(root, path)
		all = append(all, info.Mode().String()+" "+rel)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantTree(t *testing.T, root string, want ...string) {
	t.Helper()
	if got := tree(t, root); !slices.Equal(got, want) {
		t.Errorf("the folder holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFolder_is_for_its_owner_only(t *testing.T) {
	root := filepath.Join(t.TempDir(), "new", "backups")
	if err := commit(t, bucket.NewFolder(root, nil), name, "a"); err != nil {
		t.Fatal(err)
	}
	wantTree(t, filepath.Dir(root), "drwx------ .", "drwx------ backups", "drwx------ backups/2025_10", "-rw------- backups/"+name)
}

func TestFolder_keeps_nothing_of_what_is_discarded(t *testing.T) {
	root := t.TempDir()
	s, err := bucket.NewFolder(root, nil).Stage(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if len(tree(t, root)) != 3 {
		t.Fatalf("a staged file is not where it will be: %q", tree(t, root))
	}
	s.Discard()
	wantTree(t, root, "drwxr-xr-x .", "drwx------ 2025_10")
}

func TestFolder_sweeps_what_a_killed_process_left_a_day_ago(t *testing.T) {
	root := t.TempDir()
	b := bucket.NewFolder(root, nil)
	files := map[string]time.Duration{ // how old they are
		"2025_10/.backup_2025_10.csv.111.tmp": 25 * time.Hour,
		"2025_10/.backup_2025_10.csv.222.tmp": 23 * time.Hour,
		"2025_10/notes.tmp":                   1000 * time.Hour, // a person's
		"2025_10/.notes":                      1000 * time.Hour,
		"2025_10/backup_2025_10.csv":          1000 * time.Hour,
	}
	if err := os.Mkdir(filepath.Join(root, "2025_10"), 0o700); err != nil {
		t.Fatal(err)
	}
	for f, age := range files {
		path := filepath.Join(root, f)
		if err := os.WriteFile(path, []byte(f), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	names, err := b.List(t.Context(), "2025_10")
	if err != nil || slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, ".tmp") }) {
		t.Errorf("staged files are listed: %q, %v", names, err)
	}
	if err := commit(t, b, "2025_10/new.csv", "a"); err != nil {
		t.Fatal(err)
	}
	for f, age := range files {
		_, err := os.Stat(filepath.Join(root, f))
		if swept := errors.Is(err, fs.ErrNotExist); swept != (f == "2025_10/.backup_2025_10.csv.111.tmp") {
			t.Errorf("%s, %s old: swept is %v", f, age, swept)
		}
	}
}

func TestFolder_never_writes_through_a_symlink(t *testing.T) {
	for _, target := range []string{"there", "nowhere"} {
		t.Run(target, func(t *testing.T) {
			root := t.TempDir()
			outside := filepath.Join(t.TempDir(), target)
			if target == "there" {
				if err := os.WriteFile(outside, []byte("a person's"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(filepath.Join(root, "2025_10"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(root, name)); err != nil {
				t.Fatal(err)
			}
			if err := commit(t, bucket.NewFolder(root, nil), name, "a"); !errors.Is(err, bucket.ErrExists) {
				t.Errorf("commit answers %v, want ErrExists", err)
			}
			if content, err := os.ReadFile(outside); string(content) == "a" {
				t.Errorf("the symlink's target was written: %q, %v", content, err)
			}
		})
	}
}

func TestFolder_may_be_a_symlink(t *testing.T) {
	elsewhere, root := t.TempDir(), filepath.Join(t.TempDir(), "backups")
	if err := os.Symlink(elsewhere, root); err != nil {
		t.Fatal(err)
	}
	b := bucket.NewFolder(root, nil)
	if err := commit(t, b, name, "a"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, b, name); got != "a" {
		t.Errorf("reads %q", got)
	}
	if _, err := os.Stat(filepath.Join(elsewhere, name)); err != nil {
		t.Error(err)
	}
}

func TestFolder_that_is_a_file_is_refused(t *testing.T) {
	for _, file := range []string{"backups", "backups/2025_10", ""} {
		t.Run("file at "+file, func(t *testing.T) {
			base := t.TempDir()
			root := filepath.Join(base, "backups")
			switch file {
			case "":
				root = filepath.Join(base, "file", "backups")
				file = "file"
			case "backups/2025_10":
				if err := os.Mkdir(root, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(base, file), []byte("a person's"), 0o600); err != nil {
				t.Fatal(err)
			}
			before := tree(t, base)
			b := bucket.NewFolder(root, nil)
			if err := commit(t, b, name, "a"); !errors.Is(err, syscall.ENOTDIR) {
				t.Errorf("commit answers %v, want ENOTDIR", err)
			}
			if _, err := b.Open(t.Context(), name); err == nil {
				t.Error("something was opened")
			}
			if _, err := b.List(t.Context(), "2025_10"); err == nil {
				t.Error("a file was listed as if it were an empty folder")
			}
			wantTree(t, base, before...)
		})
	}
}

func TestFolder_that_is_removed_meanwhile_is_an_error(t *testing.T) {
	root := filepath.Join(t.TempDir(), "backups")
	b := bucket.NewFolder(root, nil)
	s, err := b.Stage(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Discard()
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("commit answers %v, want ErrNotExist of package fs", err)
	}
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder came back: %v", err)
	}
	if err := commit(t, b, name, "a"); err != nil {
		t.Errorf("the next object: %v", err)
	}
}

func TestFolder_may_be_relative(t *testing.T) {
	for _, root := range []string{".", "backups", "./backups", "a/b/backups", "a/./b/../backups", "../elsewhere/backups", ""} {
		t.Run("root "+root, func(t *testing.T) {
			base := filepath.Join(t.TempDir(), "work")
			if err := os.Mkdir(base, 0o700); err != nil {
				t.Fatal(err)
			}
			t.Chdir(base)
			b := bucket.NewFolder(root, nil)
			done := make(chan error, 1)
			go func() { done <- commit(t, b, name, "a") }()
			select {
			case err := <-done:
				if err != nil {
					t.Fatal(err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("making the folder does not end")
			}
			if content, err := os.ReadFile(filepath.Join(base, root, name)); string(content) != "a" {
				t.Errorf("the file holds %q, %v", content, err)
			}
			if names, err := b.List(t.Context(), "2025_10"); err != nil || !slices.Equal(names, []string{name}) {
				t.Errorf("the folder lists %q, %v", names, err)
			}
		})
	}
}

func TestFolder_is_named_for_people(t *testing.T) {
	if got := bucket.NewFolder("data/backups", nil).String(); got != "data/backups" {
		t.Errorf("named %q", got)
	}
}
