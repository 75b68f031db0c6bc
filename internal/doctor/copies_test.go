package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/doctor"
	"extrato/internal/logtest"
	"extrato/internal/places"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

const csv = "2025_10/backup_2025_10.csv"

// inClear is a place reached without TLS.
type inClear struct{ bucket.Place }

func (inClear) InClear() bool { return true }

// copyCases are records of a copy in a place, with what doctor says of it.
var copyCases = []struct {
	name          string
	object, state string // no record if state is empty
	reason        string
	ago           time.Duration // since it is so, and since its check
	change        func(t *testing.T, p *places.Places, folder string)
	want          doctor.State
	says, fix     string
}{
	{name: "an unused place", want: doctor.OK, says: "can be used; nothing was copied yet"},
	{name: "a proved copy", object: csv, state: places.OK, ago: time.Hour, want: doctor.OK, says: "1 objects proved, the last checks are of"},
	{name: "a copy to be made", object: csv, state: places.Pending, ago: time.Hour, want: doctor.OK, says: "0 objects proved, 1 not copied yet"},
	{name: "a copy that fails for a day", object: csv, state: places.Pending, ago: 25 * time.Hour, want: doctor.Warn, says: "1 objects have had no proved copy there, since", fix: "extrato backup copy makes them"},
	{name: "an altered copy", object: csv, state: places.Corrupt, want: doctor.Fail, says: csv + ", which is corrupt; it is still in ", fix: "extrato backup copy says"},
	{name: "an altered copy of a file that is gone here", object: "registro/000099.json", state: places.Missing, want: doctor.Fail, says: "registro/000099.json, which is missing; nothing else is known to hold it", fix: "keep what is there"},
	{name: "a lock that was not extended", object: csv, state: places.OK, reason: "its lock was not extended: the key may not", want: doctor.Warn, says: "of 1 copies its lock was not extended: the key may not", fix: "s3:PutObjectRetention"},
	{name: "a copy not read for long", object: csv, state: places.OK, ago: 41 * 24 * time.Hour, want: doctor.Warn, says: "some copies were last read on", fix: "extrato backup copy does it now"},
	{name: "a line in clear", change: func(_ *testing.T, p *places.Places, _ string) { p.All[0] = inClear{p.All[0]} }, want: doctor.Warn, says: "reached over plain http", fix: "https://"},
	{name: "a disk that is not mounted", object: csv, state: places.OK, change: unmount, want: doctor.Warn, says: "holds none of its 1 copies", fix: "mount its disk"},
	{name: "a required disk that is not mounted", object: csv, state: places.OK, change: func(t *testing.T, p *places.Places, folder string) {
		unmount(t, p, folder)
		p.RequireAll = true
	}, want: doctor.Fail, says: "no month can be closed (EXTRATO_BACKUPS_REQUIRE=all)", fix: "mount its disk"},
}

func unmount(t *testing.T, _ *places.Places, folder string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(folder, "2025_10")); err != nil {
		t.Fatal(err)
	}
}

func TestRun_says_how_the_copies_elsewhere_are(t *testing.T) {
	for _, c := range copyCases {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			storetest.Both(t, now, func(t *testing.T, db *storetest.DB) {
				p, folder := newPatient(t, db), t.TempDir()
				if err := os.Mkdir(filepath.Join(folder, "2025_10"), 0o700); err != nil {
					t.Fatal(err)
				}
				place := bucket.NewFolderPlace(folder, nil)
				p.places = &places.Places{
					Local: p.closer.Backups.Bucket, All: []bucket.Place{place}, Store: db.Store, Now: now, Log: logtest.Quiet(t), SpoolDir: t.TempDir(),
				}
				at := books.InstantOf(now().Add(-c.ago))
				rec := store.ObjectCopy{Object: c.object, Place: folder, Name: c.object, State: c.state, Reason: c.reason, Since: at, CheckedAt: books.NullInstant{V: at, Valid: true}}
				if c.state != "" {
					if err := db.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.SaveObjectCopy(t.Context(), rec) }); err != nil {
						t.Fatal(err)
					}
				}
				if c.change != nil {
					c.change(t, p.places, folder)
				}
				var all []doctor.Check
				for _, check := range p.look(t).Checks {
					if check.Name == "copies elsewhere" {
						all = append(all, check)
					}
				}
				if len(all) == 0 {
					t.Fatal("nothing is said")
				}
				if got := all[len(all)-1]; got.State != c.want || !strings.Contains(got.Message, c.says) || !strings.Contains(got.Fix, c.fix) || c.want != doctor.OK && got.Fix == "" {
					t.Errorf("it says %+v", all)
				}
			})
		})
	}
}
