package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func tryOpen(t *testing.T, url string, create bool) (*store.Store, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := store.Open(ctx, store.Options{URL: url, Zone: storetest.Zone, Now: now}, create)
	if err == nil {
		t.Cleanup(s.Close)
	}
	return s, err
}

func TestURLs_that_are_none_are_refused(t *testing.T) {
	for _, url := range []string{
		"", "sqlite", "sqlite:", "sqlite://x.db", "sqlite:///", "sqlite:///x.db?mode=ro", "mysql://a@b/c", "postgres", "postgres:/x", "/tmp/x.db", "x.db",
		"postgres://ana:s3cret@host:port/x", "postgres://ana:s3cret@host/x?sslmode=never", "postgresql+psycopg2://ana:s3cret@[::1/x",
	} {
		_, err := tryOpen(t, url, false)
		wants(t, err, books.Invalid, "invalid_database_url")
		if e := books.AsError(err); e == nil || e.Hint == "" || strings.Contains(fmt.Sprintf("%v %+v", err, e), "s3cret") {
			t.Errorf("%s: %+v lacks a hint or tells a secret", url, e)
		}
	}
}

func TestA_SQLite_file_may_have_any_name(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, url := range map[string]string{
		"rel.db":               "sqlite:///rel.db",
		"data/new/rel.db":      "sqlite:///data/new/rel.db",
		"abs.db":               "sqlite:///" + filepath.Join(dir, "abs.db"),
		"with space.db":        "sqlite:///with space.db",
		"50%.db":               "sqlite:///50%.db",
		"%41.db":               "sqlite:///%41.db",
		"a#b.db":               "sqlite:///a#b.db",
		"a&mode=memory;x=y.db": "sqlite:///a&mode=memory;x=y.db",
		"estúdio 💉.db":         "sqlite:///estúdio 💉.db",
		"it's \"x\".db":        "sqlite:///it's \"x\".db",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tryOpen(t, url, false); !errors.Is(err, &books.Error{Code: "no_database"}) {
				t.Errorf("a file that is not there: %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				t.Error("looking for a file made it")
			}
			s, err := tryOpen(t, url, true)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
				t.Errorf("the file is not where its name says: %v, %v", info, err)
			}
			again := open(t, url)
			if got := setting(t, again, store.CloseFrom); got != "2025-11" {
				t.Errorf("opened again it holds %q", got)
			}
			s.Close()
			again.Close()
		})
	}
	var found []string
	_ = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if len(found) != 10 {
		t.Errorf("%d files for 10 databases: %q", len(found), found)
	}
}

func TestWhat_is_no_SQLite_database_is_said(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, bytes.Repeat([]byte("this is no database\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := tryOpen(t, "sqlite:///"+text, true)
	wants(t, err, books.Integrity, "database_corrupt")
	if b, err := os.ReadFile(text); err != nil || !bytes.HasPrefix(b, []byte("this is no database")) || len(b) != 20_000 {
		t.Errorf("the file was changed: %v", err)
	}
	_, err = tryOpen(t, "sqlite:///"+dir, true)
	wants(t, err, books.Refused, "database_unwritable")
	_, err = tryOpen(t, "sqlite:///"+text+"/below.db", true)
	wants(t, err, books.Refused, "database_unwritable")
	_, err = tryOpen(t, "sqlite:///"+filepath.Join(dir, "no.db"), false)
	wants(t, err, books.NotFound, "no_database")
	if _, err := os.Stat(filepath.Join(dir, "no.db")); err == nil {
		t.Error("looking for a database made one")
	}
}

func TestA_damaged_SQLite_file_is_said(t *testing.T) {
	db := storetest.SQLite(t, now)
	people(t, db)
	var rows []books.Row
	for id := range int64(2000) {
		rows = append(rows, payment(id+1, "2025-10-03"))
	}
	write(t, db.Store, insert(t.Context(), rows...))
	db.Exec(t, "PRAGMA wal_checkpoint(TRUNCATE)")
	db.Store.Close()
	db.SQL.Close()
	whole, err := os.ReadFile(db.Path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096 * 2; i < len(whole); i++ {
		whole[i] = 0xA5
	}
	if err := os.WriteFile(db.Path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := tryOpen(t, db.URL, false)
	if err == nil {
		err = s.Read(t.Context(), func(tx *store.Tx) error {
			_, err := books.Collect(tx.MonthRows(t.Context(), october))
			return err
		})
	}
	wants(t, err, books.Integrity, "database_corrupt")
}
