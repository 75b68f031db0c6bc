package jobs_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/bucket"
	"extrato/internal/jobs"
	"extrato/internal/logtest"
	"extrato/internal/places"
	"extrato/internal/store/storetest"
)

// weak is a place that can be cut off, or hang until released.
type weak struct {
	bucket.Place
	cut   atomic.Bool
	deaf  atomic.Bool   // it cannot be read
	hangs chan struct{} // nil: it does not
}

func (w *weak) OpenVersion(ctx context.Context, name, version string) (io.ReadCloser, error) {
	if w.deaf.Load() {
		return nil, errors.New("input/output error")
	}
	return w.Place.OpenVersion(ctx, name, version)
}

func (w *weak) Put(ctx context.Context, name string, content io.ReadSeeker, size int64, sum [sha256.Size]byte, until time.Time) (string, error) {
	if w.hangs != nil {
		<-w.hangs
	}
	if w.cut.Load() {
		return "", errors.New("the line is cut")
	}
	return w.Place.Put(ctx, name, content, size, sum, until)
}

// copiesTo has a Runner copy the folder to places.
func copiesTo(t *testing.T, folder string, all ...bucket.Place) func(*jobs.Options) {
	return func(o *jobs.Options) {
		o.Closer.Places = &places.Places{
			Local: bucket.NewFolder(folder, nil), All: all, Store: o.Store, Now: o.Now, Log: logtest.Quiet(t), SpoolDir: t.TempDir(),
		}
	}
}

func copied(folder string) int {
	found, _ := filepath.Glob(filepath.Join(folder, "2025_1*", "backup*"))
	return len(found)
}

func TestBackups_are_copied_by_several_processes_and_after_a_restart(t *testing.T) {
	c := &clock{}
	c.set("2025-11-20 10:00")
	storetest.Both(t, c.now, func(t *testing.T, db *storetest.DB) {
		c.set("2025-11-20 10:00")
		folder, other := filepath.Join(t.TempDir(), "backups"), t.TempDir()
		fill(t, db)
		place := bucket.NewFolderPlace(other, nil)
		one := run(t, db, c, folder, nil, copiesTo(t, folder, place))
		if db.Path == "" {
			run(t, db, c, folder, nil, copiesTo(t, folder, place))
		}
		await(t, "october's copy", func() bool { return copied(other) == 2 })
		stopped(t, one)
		c.set("2025-12-20 10:00")
		run(t, db, c, folder, nil, copiesTo(t, folder, place))
		await(t, "november's copy", func() bool { return copied(other) == 4 })
		await(t, "the proofs", func() bool {
			return db.Int(t, "SELECT count(*) FROM "+db.Own("copies")+" WHERE state = 'ok'") == 4
		})
	})
}

func TestA_place_that_hangs_holds_up_no_other_place_no_close_and_no_stop(t *testing.T) {
	c := &clock{}
	c.set("2025-11-20 10:00")
	storetest.Both(t, c.now, func(t *testing.T, db *storetest.DB) {
		folder, other := filepath.Join(t.TempDir(), "backups"), t.TempDir()
		fill(t, db)
		hung := &weak{Place: bucket.NewFolderPlace(t.TempDir(), nil), hangs: make(chan struct{})}
		defer close(hung.hangs)
		s := run(t, db, c, folder, nil, copiesTo(t, folder, hung, bucket.NewFolderPlace(other, nil)))
		await(t, "the close and its copy", func() bool { return closings(t, db) == 1 && copied(other) == 2 })
		stopped(t, s)
	})
}

func TestPeople_are_notified_of_a_day_without_copies_once_and_of_its_end(t *testing.T) {
	c := &clock{}
	c.set("2025-11-20 10:00")
	storetest.Both(t, c.now, func(t *testing.T, db *storetest.DB) {
		c.set("2025-11-20 10:00")
		folder, other := filepath.Join(t.TempDir(), "backups"), t.TempDir()
		fill(t, db)
		p := listen(t)
		place := &weak{Place: bucket.NewFolderPlace(other, nil)}
		place.cut.Store(true)
		run(t, db, c, folder, []string{p.url}, copiesTo(t, folder, place))
		alarms := func() int64 {
			return db.Int(t, "SELECT count(*) FROM "+db.Own("alarms")+" WHERE subject LIKE 'copies:%'")
		}
		await(t, "pending copies", func() bool { return db.Int(t, "SELECT count(*) FROM "+db.Own("copies")+" WHERE reason <> ''") >= 1 })
		if alarms() != 0 {
			t.Error("there is an alarm at once")
		}
		c.set("2025-11-21 10:01")
		p.await(t, "backups have had no proved copy in "+other, 1)
		c.set("2025-11-22 10:01")
		place.cut.Store(false)
		p.await(t, "Every backup has a proved copy in "+other+" again", 1)
		await(t, "the end of the alarm", func() bool { return alarms() == 0 })
		if n := p.count("backups have had no proved copy"); n != 1 {
			t.Errorf("people are notified %d times", n)
		}
	})
}

func TestPeople_are_notified_of_copies_that_went_bad_or_missing(t *testing.T) {
	c := &clock{}
	c.set("2025-11-20 10:00")
	storetest.Both(t, c.now, func(t *testing.T, db *storetest.DB) {
		c.set("2025-11-20 10:00")
		folder, other := filepath.Join(t.TempDir(), "backups"), t.TempDir()
		fill(t, db)
		p := listen(t)
		proved := func() bool { return db.Int(t, "SELECT count(*) FROM "+db.Own("copies")+" WHERE state = 'ok'") >= 2 }
		run(t, db, c, folder, []string{p.url}, copiesTo(t, folder, bucket.NewFolderPlace(other, nil)))
		await(t, "the copies", proved)
		name := "2025_10/backup_2025_10.csv"
		if err := os.Remove(filepath.Join(other, name)); err != nil {
			t.Fatal(err)
		}
		c.set("2025-12-21 10:00") // every copy is read again in 30 days
		p.await(t, "were made again", 1)
		await(t, "the new copy", func() bool { return proved() && copied(other) >= 2 })
		if err := os.WriteFile(filepath.Join(other, name), []byte("altered"), 0o600); err != nil {
			t.Fatal(err)
		}
		c.set("2026-01-21 10:00")
		p.await(t, name+" is corrupt (1 files in trouble). It is still in "+folder, 1)
		if n := p.count("every backup has a proved copy"); n != 0 {
			t.Errorf("its end is announced %d times", n)
		}
		for _, told := range p.all() {
			if strings.Contains(told, "Bia") {
				t.Errorf("a name is told: %s", told)
			}
		}
	})
}

func TestPeople_are_notified_of_copies_that_were_not_read_for_long(t *testing.T) {
	c := &clock{}
	c.set("2025-11-20 10:00")
	storetest.Both(t, c.now, func(t *testing.T, db *storetest.DB) {
		c.set("2025-11-20 10:00")
		folder, other := filepath.Join(t.TempDir(), "backups"), t.TempDir()
		fill(t, db)
		p := listen(t)
		place := &weak{Place: bucket.NewFolderPlace(other, nil)}
		run(t, db, c, folder, []string{p.url}, copiesTo(t, folder, place), func(o *jobs.Options) { o.Enabled = true })
		await(t, "the copies", func() bool { return db.Int(t, "SELECT count(*) FROM "+db.Own("copies")+" WHERE state = 'ok'") == 2 })
		place.deaf.Store(true)
		c.set("2025-12-31 10:00")
		p.await(t, "In "+other+" some copies were last read on 2025-11-20", 1)
		place.deaf.Store(false)
		p.await(t, "Every backup has a proved copy in "+other+" again", 1)
	})
}

// counted counts the rounds that look into the backup folder.
type counted struct {
	bucket.Reader
	rounds *atomic.Int64
}

func (c counted) Folders(ctx context.Context) ([]string, error) {
	c.rounds.Add(1)
	return c.Reader.Folders(ctx)
}

func TestPeople_are_notified_of_further_bad_copies_once_a_day(t *testing.T) {
	c := &clock{}
	c.set("2025-12-20 10:00")
	storetest.Both(t, c.now, func(t *testing.T, db *storetest.DB) {
		c.set("2025-12-20 10:00")
		folder, other := filepath.Join(t.TempDir(), "backups"), t.TempDir()
		fill(t, db)
		p := listen(t)
		var rounds atomic.Int64
		run(t, db, c, folder, []string{p.url}, copiesTo(t, folder, bucket.NewFolderPlace(other, nil)), func(o *jobs.Options) {
			o.Closer.Places.Local = counted{o.Closer.Places.Local, &rounds}
		})
		await(t, "the copies", func() bool { return db.Int(t, "SELECT count(*) FROM "+db.Own("copies")+" WHERE state = 'ok'") == 4 })
		for i, name := range []string{"2025_10/backup_2025_10.csv", "2025_11/backup_2025_11.csv", "2025_11/backup_2025_11.manifest.json"} {
			if err := os.WriteFile(filepath.Join(other, name), []byte("altered"), 0o600); err != nil {
				t.Fatal(err)
			}
			db.Exec(t, "UPDATE "+db.Own("copies")+" SET state = 'corrupt' WHERE object = $1", name)
			if i == 0 {
				p.await(t, "(1 files in trouble)", 1)
			}
			seen := rounds.Load()
			await(t, "the next rounds", func() bool { return rounds.Load() >= seen+3 })
		}
		if n := p.count("files in trouble"); n != 1 {
			t.Errorf("people are notified %d times on one day", n)
		}
		c.set("2025-12-21 10:01")
		p.await(t, "(3 files in trouble)", 1)
		if n := p.count("files in trouble"); n != 2 {
			t.Errorf("people are notified %d times", n)
		}
	})
}
