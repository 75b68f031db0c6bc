package jobs_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"extrato/internal/store/storetest"
)

func TestDrills_run_once_a_month_and_tell_what_they_find_once(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-11-02 12:00")
		fill(t, db)
		folder, who := t.TempDir(), listen(t)
		jobTable, drills := "river_job", "drills"
		if db.Path == "" {
			jobTable, drills = "extrato.river_job", "extrato.drills"
		}
		// hour runs the service until the drill job is done and people are told, and
		// stops it.
		hour := func(told ...string) {
			t.Helper()
			db.Exec(t, "DELETE FROM "+jobTable+" WHERE kind = 'drill'")
			s := run(t, db, &now, folder, []string{who.url})
			await(t, "a drill job", func() bool {
				return db.Int(t, "SELECT count(*) FROM "+jobTable+" WHERE kind = 'drill' AND state = 'completed'") == 1
			})
			for _, message := range told {
				who.await(t, message, 1)
			}
			stopped(t, s)
		}
		want := func(n int64) {
			t.Helper()
			if got := db.Int(t, "SELECT count(*) FROM "+drills); got != n {
				t.Errorf("%d drills are recorded, want %d", got, n)
			}
		}
		first := run(t, db, &now, folder, []string{who.url})
		await(t, "October to be closed", func() bool { return closings(t, db) == 1 })
		stopped(t, first)
		db.Exec(t, "DELETE FROM "+drills) // the drill and the close may have met

		hour()
		want(1)
		hour() // not again
		want(1)

		now.set("2025-12-03 12:00") // November closes; then both are due
		s := run(t, db, &now, folder, []string{who.url})
		await(t, "November to be closed", func() bool { return closings(t, db) == 2 })
		stopped(t, s)
		db.Exec(t, "DELETE FROM "+drills)
		hour()
		want(2)

		const yesterday = "2025-12-30 12:00:00.000000"
		// Damage is told once, and so is its end.
		file := filepath.Join(folder, "2025_11", "backup_2025_11.csv")
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append([]byte("x"), whole...), 0o600); err != nil {
			t.Fatal(err)
		}
		hour()
		want(2) // within the 30 days
		now.set("2025-12-31 12:00")
		db.Exec(t, "DELETE FROM "+drills+" WHERE month = '2025-11'")
		hour("2025-11: teste de restauração com diferença")
		want(3) // October as well, which was drilled 28 days ago
		hour()
		want(3) // a finding is looked at again after a day
		db.Exec(t, "UPDATE "+drills+" SET at = $1 WHERE result = 'different'", yesterday)
		hour()
		want(4)
		who.await(t, "2025-11: teste de restauração com diferença", 1)
		if err := os.WriteFile(file, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		db.Exec(t, "UPDATE "+drills+" SET at = $1 WHERE result = 'different'", yesterday)
		hour("2025-11: teste de restauração em ordem")
	})
}
