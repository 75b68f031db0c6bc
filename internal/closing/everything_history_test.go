package closing_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/recovery"
	"extrato/internal/store/storetest"
)

// everythingBack ends a history: whatever it came to, a new database made of the
// folder alone is the same, also if months closed, reopened or were restored
// after the live rows were copied.
func (h *history) everythingBack(t *testing.T) {
	for month, copies := range h.m.copies {
		for _, c := range copies {
			if c.unrecorded {
				continue // left by a kill, as it should be
			}
			h.must(os.WriteFile(filepath.Join(h.folder, fileOf(month, c.number)), c.csvBytes, 0o600))
			h.must(os.WriteFile(filepath.Join(h.folder, manifestOf(fileOf(month, c.number))), c.manifestBytes, 0o600))
		}
	}
	s := &studio{DB: h.DB, Closer: h.c, Folder: h.folder}
	k := s.keeper()
	k.CheckPlace = nil // some histories begin with a file of v4's
	_, err := k.KeepStudio(h.ctx, 0)
	h.must(err)
	for range rapid.IntRange(0, 4).Draw(h.t, "acts after the copy") {
		month := h.books(h.month())
		switch h.pick("act", []string{"close", "force", "reopen", "restore"}) {
		case "close":
			_, err = h.c.Close(h.ctx, month, closing.Options{}, "test")
		case "force":
			_, err = h.c.Close(h.ctx, month, closing.Options{Force: true}, "test")
		case "reopen":
			_, err = h.c.Reopen(h.ctx, month, "once more", "test")
		case "restore":
			_, err = h.c.Restore(h.ctx, month, "", false, "test")
		}
		if err != nil && !slices.Contains([]books.ErrorKind{books.Refused, books.NotFound, books.Integrity}, books.AsError(err).Kind) {
			h.t.Fatalf("%s: %v", month, err)
		}
	}
	_, err = k.Keep(h.ctx)
	h.must(err)
	source, err := recovery.Open(h.ctx, bucket.NewFolder(h.folder, nil), recovery.Options{})
	h.must(err)
	defer source.Close()
	now := func() time.Time { return *h.clock }
	db := storetest.SQLite(t, now)
	if h.Path == "" && h.chance("across", 2) {
		db = storetest.Postgres(t, now)
	}
	_, err = source.Rebuild(h.ctx, db.Store, "test")
	if e := books.AsError(err); e != nil && e.Code == "cannot_carry" {
		h.came["not carried to PostgreSQL"]++
		return
	}
	h.must(err)
	again := &studio{DB: db, Folder: h.folder}
	again.Closer = newCloser(t, db.Store, h.folder, now)
	want, got := s.everything(t), again.everything(t)
	delete(want, "backups") // of files that are lost, or were never recorded
	delete(got, "backups")
	wantEverything(h.t, want, got)
	wantNoIDAgain(h.t, s, again)
	db.Store.Close()
	h.came["everything came back"]++
}
