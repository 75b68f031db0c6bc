package jobs_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"extrato/internal/jobs"
	"extrato/internal/store/storetest"
)

func copying(o *jobs.Options) { o.FullEvery = jobs.FullEvery }

func fulls(t *testing.T, folder string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "inteiro", "*Z.*[pe]"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func TestThe_database_is_copied_after_a_change(t *testing.T) {
	c := &clock{}
	c.set("2025-10-20 10:00")
	storetest.Both(t, c.now, func(t *testing.T, db *storetest.DB) {
		c.set("2025-10-20 10:00")
		folder := filepath.Join(t.TempDir(), "backups")
		run(t, db, c, folder, nil, copying)
		await(t, "the first copy", func() bool { return fulls(t, folder) == 1 })
		looks := func() int64 {
			return db.Int(t, "SELECT count(*) FROM "+db.Own("river_job")+" WHERE kind = 'full_copy' AND state = 'completed'")
		}
		await(t, "the end of the first look", func() bool { return looks() == 1 })
		c.set("2025-10-20 11:00") // an hour keeps its newest copy only
		await(t, "a second look", func() bool { return looks() == 2 })
		if n := fulls(t, folder); n != 1 && db.Path != "" {
			t.Errorf("%d copies without a change", n)
		}
		before := fulls(t, folder)
		fill(t, db)
		// PostgreSQL counts a write up to ten seconds after it; the next look sees it.
		c.set("2025-10-20 12:00")
		await(t, "a copy after a change", func() bool {
			c.at.Add((jobs.FullEvery / 100).Microseconds())
			return fulls(t, folder) > before
		})
		c.set("2025-10-21 12:01")
		await(t, "a copy a day", func() bool { // by its name: meanwhile the hour before is thinned
			found, err := filepath.Glob(filepath.Join(folder, "inteiro", "20251021T*Z.*[pe]"))
			return err == nil && len(found) > 0
		})
	})
}

func TestPeople_are_notified_after_an_hour_without_copies(t *testing.T) {
	c := &clock{}
	c.set("2025-10-20 10:00")
	storetest.Both(t, c.now, func(t *testing.T, db *storetest.DB) {
		c.set("2025-10-20 10:00")
		root := t.TempDir()
		folder := filepath.Join(root, "backups")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		blocked := filepath.Join(folder, "inteiro")
		if err := os.WriteFile(blocked, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		p := listen(t)
		run(t, db, c, folder, []string{p.url}, copying)
		alarms := "SELECT count(*) FROM " + db.Own("alarms") + " WHERE subject = 'full'"
		await(t, "a first failure", func() bool { return db.Int(t, alarms) == 1 })
		c.set("2025-10-20 10:50")
		time.Sleep(300 * time.Millisecond) // a message now would be one too many below
		c.set("2025-10-20 11:10")
		p.await(t, "SEM CÓPIA NOVA", 1)
		if err := os.Remove(blocked); err != nil {
			t.Fatal(err)
		}
		c.set("2025-10-20 11:30")
		p.await(t, "copiado de novo", 1)
		await(t, "the end of the alarm", func() bool { return db.Int(t, alarms) == 0 })
		if n := p.count("SEM CÓPIA NOVA"); n != 1 {
			t.Errorf("%d messages about one trouble", n)
		}
	})
}
