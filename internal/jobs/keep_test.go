package jobs_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/jobs"
	"extrato/internal/recovery"
	"extrato/internal/store/storetest"
)

func TestWhat_is_missing_beside_the_backups_is_written_by_itself(t *testing.T) {
	defer jobs.KeepEvery(20 * time.Millisecond)()
	c := &clock{}
	storetest.Both(t, c.now, func(t *testing.T, db *storetest.DB) {
		c.set("2025-11-02 10:00")
		folder := filepath.Join(t.TempDir(), "backups")
		fill(t, db)
		keep := func(o *jobs.Options) {
			o.Enabled = false
			o.Keeper = &recovery.Keeper{Store: o.Store, Backups: o.Closer.Backups, Now: o.Now}
		}
		r := prepare(t, db, c, folder, nil, keep)
		if _, err := r.closer.Close(t.Context(), books.Month{Year: 2025, Month: time.October}, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		obstacle := filepath.Join(folder, "registro")
		if err := os.WriteFile(obstacle, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, db, c, folder, nil, keep)
		time.Sleep(100 * time.Millisecond) // it meets the obstacle, or not yet: both are fine
		if err := os.Remove(obstacle); err != nil {
			t.Fatal(err)
		}
		await(t, "the chain's entry", func() bool { return files(folder, "registro/000001.json") == 1 })
		await(t, "the live rows", func() bool { return files(folder, "estudio/*.json.gz") == 1 })
	})
}

func TestWhat_a_server_closes_is_written_at_once(t *testing.T) {
	defer jobs.KeepEvery(time.Hour)()
	c := &clock{}
	storetest.Both(t, c.now, func(t *testing.T, db *storetest.DB) {
		c.set("2025-11-02 10:00")
		folder := filepath.Join(t.TempDir(), "backups")
		fill(t, db)
		r := run(t, db, c, folder, nil, func(o *jobs.Options) {
			o.Enabled = false
			o.Keeper = &recovery.Keeper{Store: o.Store, Backups: o.Closer.Backups, Now: o.Now}
		})
		await(t, "the first look", func() bool { return files(folder, "estudio/*.json.gz") == 1 })
		r.closer.Keep = func(context.Context) { r.Keep() }
		if _, err := r.closer.Close(t.Context(), books.Month{Year: 2025, Month: time.October}, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		await(t, "the chain's entry", func() bool { return files(folder, "registro/000001.json") == 1 })
		await(t, "the live rows without October's", func() bool { return files(folder, "estudio/*.json.gz") == 2 })
	})
}

func files(folder, name string) int {
	found, err := filepath.Glob(filepath.Join(folder, name))
	if err != nil {
		return -1
	}
	return len(found)
}
