package closing_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/logtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// mayBeKilled does an act, and sometimes lets the program be killed at one of
// its steps: all that a killed process leaves is its files, so the files of that
// instant take the place of the database and of the backups. SQLite only, since
// another process keeps PostgreSQL's, and with HISTORIES_TIME only.
func (h *history) mayBeKilled(act func()) func() {
	return func() {
		if h.Path == "" || os.Getenv("HISTORIES_TIME") == "" || h.chance("lives", 4) {
			act()
			return
		}
		image := &image{at: rapid.IntRange(1, 14).Draw(h.t, "killed at step"), from: h}
		before := h.m.clone()
		step, staged := h.c.Step, h.c.Backups.Step
		h.c.Step, h.c.Backups.Step = image.step, image.step
		defer func() { h.c.Step, h.c.Backups.Step = step, staged }()
		act()
		if image.dir == "" {
			return // it had fewer steps
		}
		h.must(image.err)
		h.came["killed at "+image.name]++
		if !h.killed {
			h.killed = true
			h.came["histories with a kill"]++
		}
		h.resume(image.dir, before)
	}
}

// image is a copy of all files at a step.
type image struct {
	at   int
	from *history

	lock sync.Mutex // steps come from several goroutines
	seen int
	name string
	dir  string
	err  error
}

func (i *image) step(name string) {
	i.lock.Lock()
	defer i.lock.Unlock()
	if i.seen++; i.seen != i.at {
		return
	}
	i.name = name
	i.dir = i.from.folder + ".killed"
	i.err = errors.Join(os.RemoveAll(i.dir), os.MkdirAll(i.dir, 0o700))
	for _, ending := range []string{"", "-wal"} {
		if text, err := os.ReadFile(i.from.Path + ending); !errors.Is(err, fs.ErrNotExist) {
			i.err = errors.Join(i.err, err, os.WriteFile(filepath.Join(i.dir, "db"+ending), text, 0o600))
		}
	}
	if _, err := os.Stat(i.from.folder); err == nil {
		i.err = errors.Join(i.err, os.CopyFS(filepath.Join(i.dir, "backups"), os.DirFS(i.from.folder)))
	}
}

// resume goes on with the files of an image. Its chain says whether the act
// happened: before is the model if it did not.
func (h *history) resume(dir string, before *model) {
	h.t.Helper()
	h.must(os.RemoveAll(h.folder))
	if err := os.Rename(filepath.Join(dir, "backups"), h.folder); !errors.Is(err, fs.ErrNotExist) {
		h.must(err)
	}
	h.restart(dir)
	after := h.m
	if n := len(h.texts("SELECT seq FROM " + h.own("closings"))); n < len(after.chain) {
		if n != len(before.chain) {
			h.t.Fatalf("a kill leaves %d entries, want %d or %d", n, len(before.chain), len(after.chain))
		}
		h.m = before
		h.gone = slices.DeleteFunc(h.gone, func(k rowKey) bool { return h.m.live[k] != nil })
	}
	h.keepCopies(before, after)
	h.check()
	h.verifyAll()
}

// keepCopies gives the model the copies that the kill left of those that the act
// made.
func (h *history) keepCopies(before, after *model) {
	h.t.Helper()
	recorded, chained := h.recorded(), map[string]bool{}
	for _, row := range h.texts("SELECT backup_file FROM " + h.own("closings")) {
		chained[row[0]] = true
	}
	exists := func(file string) bool {
		_, err := os.Stat(filepath.Join(h.folder, file))
		return err == nil
	}
	for month, copies := range after.copies {
		kept := slices.Clone(before.copies[month])
		for _, c := range copies[len(kept):] {
			file := fileOf(month, c.number)
			c.csv, c.manifest, c.unrecorded = exists(file), exists(manifestOf(file)), !recorded[file]
			switch {
			case c.csv && !c.manifest:
				h.t.Fatalf("a kill leaves %s without its manifest", file)
			case !c.csv && !c.unrecorded, !c.csv && h.m.statements[month] != nil && h.m.statements[month].file == file:
				h.t.Fatalf("a kill leaves a record of %s, which is not there", file)
			case c.manifest:
				kept = append(kept, c)
			}
		}
		for _, c := range kept { // one made earlier may have been about to be recorded
			file := fileOf(month, c.number)
			c.unrecorded, c.restored = !recorded[file], c.restored && chained[file]
		}
		h.m.copies[month] = kept
	}
}

// recorded are the files that the database knows of.
func (h *history) recorded() map[string]bool {
	h.t.Helper()
	recorded := map[string]bool{}
	for _, row := range h.texts("SELECT file FROM " + h.own("backups")) {
		recorded[row[0]] = true
	}
	return recorded
}

// nowRecorded tells the model of copies that a verification has recorded: those
// that a kill left whole, where the month had no recorded one.
func (h *history) nowRecorded() {
	h.t.Helper()
	recorded := h.recorded()
	for month, copies := range h.m.copies {
		for _, c := range copies {
			c.unrecorded = c.unrecorded && !recorded[fileOf(month, c.number)]
		}
	}
}

// clone returns a model that changes by itself. Rows of statements and copies
// never change.
func (m *model) clone() *model {
	c := *m
	c.live = m.live.clone()
	c.statements, c.revision, c.held, c.rested = maps.Clone(m.statements), maps.Clone(m.revision), maps.Clone(m.held), maps.Clone(m.rested)
	c.copies, c.chain = map[string][]*filed{}, slices.Clone(m.chain)
	for month, copies := range m.copies {
		c.copies[month] = slices.Clone(copies)
	}
	return &c
}

// replaceDatabase closes a SQLite database, puts an image's in its place and
// opens it.
func replaceDatabase(t *testing.T, db *storetest.DB, dir string, now func() time.Time) {
	t.Helper()
	db.Store.Close()
	err := db.SQL.Close()
	for _, ending := range []string{"", "-wal", "-shm"} {
		if gone := os.Remove(db.Path + ending); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		if moved := os.Rename(filepath.Join(dir, "db"+ending), db.Path+ending); !errors.Is(moved, fs.ErrNotExist) {
			err = errors.Join(err, moved)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	db.Store, err = store.Open(t.Context(), store.Options{URL: db.URL, Zone: storetest.Zone, Now: now, Log: logtest.Quiet(t)}, false)
	if err != nil {
		t.Fatal(err)
	}
	if db.SQL, err = sql.Open("sqlite", "file:"+db.Path+"?_pragma=busy_timeout(15000)&_pragma=foreign_keys(1)"); err != nil {
		t.Fatal(err)
	}
}
