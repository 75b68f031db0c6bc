package store_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/store/v4test"
)

// move takes a SQLite file from under a store, and back puts it where it was.
type move struct {
	name     string
	do, back func(t *testing.T, path string)
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

var moves = []move{
	{"the file is renamed",
		func(t *testing.T, path string) { rename(t, path, path+".old") },
		func(t *testing.T, path string) { rename(t, path+".old", path) }},
	{"the file is removed",
		func(t *testing.T, path string) {
			if err := os.Link(path, path+".kept"); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		func(t *testing.T, path string) { rename(t, path+".kept", path) }},
	{"the file is replaced",
		func(t *testing.T, path string) {
			rename(t, path, path+".old")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		func(t *testing.T, path string) { rename(t, path+".old", path) }},
	{"the log is removed",
		func(t *testing.T, path string) { rename(t, path+"-wal", path+"-wal.old") },
		func(t *testing.T, path string) { rename(t, path+"-wal.old", path+"-wal") }},
	{"the folder is renamed",
		func(t *testing.T, path string) { rename(t, filepath.Dir(path), filepath.Dir(path)+".old") },
		func(t *testing.T, path string) { rename(t, filepath.Dir(path)+".old", filepath.Dir(path)) }},
	{"another folder is mounted over it",
		func(t *testing.T, path string) {
			rename(t, filepath.Dir(path), filepath.Dir(path)+".old")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
		},
		func(t *testing.T, path string) {
			if err := os.Remove(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
			rename(t, filepath.Dir(path)+".old", filepath.Dir(path))
		}},
}

// setProbe writes a setting.
func setProbe(t *testing.T, s *store.Store, value string, inside func()) error {
	return s.Write(t.Context(), func(tx *store.Tx) error {
		inside()
		return tx.SetSetting(t.Context(), "probe", value)
	})
}

func TestA_SQLite_file_that_was_moved_takes_no_write(t *testing.T) {
	storetest.Concurrent(t)
	for _, m := range moves {
		t.Run(m.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "studio", "extrato.db")
			var log bytes.Buffer
			s, err := store.Open(t.Context(), store.Options{URL: "sqlite:///" + path, Zone: storetest.Zone, Now: now, Log: slog.New(slog.NewTextHandler(&log, nil))}, true)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			if err := s.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := setProbe(t, s, "before", func() {}); err != nil {
				t.Fatal(err)
			}
			m.do(t, path)
			for what, do := range map[string]func() error{
				"a write":   func() error { return setProbe(t, s, "lost", func() {}) },
				"a read":    func() error { return s.Read(t.Context(), func(*store.Tx) error { return nil }) },
				"readiness": func() error { _, err := s.Condition(t.Context()); return err },
			} {
				if err := do(); err == nil {
					t.Errorf("%s went on", what)
				} else {
					v4test.WantError(t, err, books.Refused, "database_moved", "put the file back")
				}
			}
			if n := strings.Count(log.String(), "database file gone"); n != 1 {
				t.Errorf("the log says it %d times: %s", n, log.String())
			}
			m.back(t, path)
			if got := setting(t, s, "probe"); got != "before" {
				t.Errorf("put back, the file holds %q", got)
			}
			if err := setProbe(t, s, "after", func() {}); err != nil {
				t.Errorf("put back, the file takes no write: %v", err)
			}
			// A move in the middle of a transaction: the commit is not acknowledged.
			err = setProbe(t, s, "between", func() { m.do(t, path) })
			v4test.WantError(t, err, books.Internal, "database_moved", "may be lost")
			m.back(t, path)
		})
	}
}

func TestA_SQLite_file_may_be_checkpointed_under_a_server(t *testing.T) {
	db := storetest.SQLite(t, now)
	for range 3 {
		db.Exec(t, "PRAGMA wal_checkpoint(TRUNCATE)")
		if err := setProbe(t, db.Store, "x", func() {}); err != nil {
			t.Fatal(err)
		}
		other := open(t, db.URL) // the last to leave would take the log along
		other.Close()
	}
}

func TestOne_server_on_one_SQLite_file_by_whatever_name(t *testing.T) {
	db := storetest.SQLite(t, now)
	dir := t.TempDir()
	link, folder := filepath.Join(dir, "link.db"), filepath.Join(dir, "folder")
	for to, from := range map[string]string{link: db.Path, folder: filepath.Dir(db.Path)} {
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Dir(db.Path))
	if err := db.Store.LockServing(); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{
		"the same": db.Path, "a symlink": link, "a folder's symlink": filepath.Join(folder, "extrato.db"),
		"dots": filepath.Dir(db.Path) + "/../" + filepath.Base(filepath.Dir(db.Path)) + "/./extrato.db", "relative": "extrato.db",
	}
	for what, name := range names {
		other := open(t, "sqlite:///"+name)
		if err := other.LockServing(); err == nil {
			t.Errorf("%s: a second server starts", what)
		} else {
			v4test.WantError(t, err, books.Refused, "already_serving", "stop the other one")
		}
		if err := setProbe(t, other, what, func() {}); err != nil {
			t.Errorf("%s: a command beside the server cannot write: %v", what, err)
		}
		other.Close()
	}
	if err := setProbe(t, db.Store, "x", func() {}); err != nil {
		t.Errorf("the server cannot write any more: %v", err)
	}
	db.Store.Close()
	if err := open(t, "sqlite:///"+link).LockServing(); err != nil {
		t.Errorf("after the first server's end: %v", err)
	}
}

func TestA_SQLite_file_with_two_names_is_refused(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LOUD: hard links are looked for on Linux")
	}
	db := storetest.SQLite(t, now)
	db.Store.Close()
	second := filepath.Join(t.TempDir(), "second.db")
	if err := os.Link(db.Path, second); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{db.Path, second} {
		_, err := tryOpen(t, "sqlite:///"+name, true)
		v4test.WantError(t, err, books.Refused, "database_unfit", "hard links", "-samefile")
		_, err = store.OpenUntouched(t.Context(), store.Options{URL: "sqlite:///" + name, Zone: storetest.Zone, Now: now})
		v4test.WantError(t, err, books.Refused, "database_unfit")
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	open(t, db.URL)
}
