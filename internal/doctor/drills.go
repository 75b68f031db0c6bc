package doctor

import (
	"context"
	"errors"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// drillAfter is the age at which the last drill is too old: one runs every 30
// days.
const drillAfter = 40 * 24 * time.Hour

// drills reports on the drills: backups restored into a scratch database.
func (d *Doctor) drills(ctx context.Context, r *Report) {
	var drills []store.Drill
	var latest map[books.Month]books.ChainEntry
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		var err1, err2 error
		drills, err1 = tx.Drills(ctx)
		latest, err2 = tx.LatestEntries(ctx)
		return errors.Join(err1, err2)
	})
	if err != nil {
		r.failed("drill", err)
		return
	}
	since, closed := books.InstantOf(d.Now()), false // since the last drill, or else the first closing
	for _, e := range latest {
		if e.HasStatement() && e.Action != books.Adopted {
			since, closed = min(since, e.At), true
		}
	}
	var wrong, failed Months
	for _, one := range drills {
		if file := latest[one.Month].BackupFile; file != "" && file != one.File {
			continue // the statement rests on another copy by now
		}
		switch one.Result {
		case "different":
			wrong = append(wrong, one.Month)
		case "failed":
			failed = append(failed, one.Month)
		}
	}
	if len(drills) > 0 {
		since = drills[0].At
	}
	sortMonths(wrong)
	sortMonths(failed)
	switch old := d.Now().Sub(since.Time()) > drillAfter; {
	case len(wrong) > 0:
		r.say("drill_wrong", wrong)
	case len(failed) > 0:
		r.say("drill_failed", failed)
	case !closed:
		r.say("drill_unused")
	case old:
		r.say("drill_old", d.day(since))
	case len(drills) == 0:
		r.say("drill_to_come")
	default:
		r.say("drill", len(drills), d.day(since))
	}
}
