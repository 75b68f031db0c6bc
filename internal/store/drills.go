package store

import (
	"context"
	"slices"
	"time"

	"extrato/internal/books"
)

// Drill is the record of one drill: a backup restored into a scratch database
// and compared with its statement.
type Drill struct {
	Month   books.Month
	Place   string // of the backup, without secrets
	File    string
	Result  string // DrillEqual, DrillDifferent or DrillFailed
	Reason  string
	Next    string // the command to run, where one helps
	Seconds float64
	At      books.Instant
}

// The results of a drill.
const (
	DrillEqual     = "equal"     // the backup gives the statement again
	DrillDifferent = "different" // it does not
	DrillFailed    = "failed"    // the drill could not run
)

// AddDrill records a drill.
func (t *Tx) AddDrill(ctx context.Context, d Drill) error {
	_, err := t.exec(ctx, "INSERT INTO drills (month, place, file, result, reason, remedy, milliseconds, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		d.Month.String(), d.Place, d.File, d.Result, d.Reason, d.Next, int64(d.Seconds*1000), d.At.SQL())
	return err
}

// Drills returns the newest drill of each month and place, of one month or of all
// if it is zero, the newest first.
func (t *Tx) Drills(ctx context.Context, month books.Month) ([]Drill, error) {
	var all []Drill
	name := ""
	if !month.IsZero() {
		name = month.String()
	}
	err := t.list(ctx, `SELECT month, place, file, result, reason, remedy, milliseconds, at FROM drills
		WHERE id IN (SELECT max(id) FROM drills WHERE month = $1 OR $1 = '' GROUP BY month, place) ORDER BY id DESC`, []any{name}, func(scan func(...any) error) error {
		var d Drill
		var month string
		var milliseconds int64
		if err := scan(&month, &d.Place, &d.File, &d.Result, &d.Reason, &d.Next, &milliseconds, &column{value: &d.At}); err != nil {
			return err
		}
		d.Seconds = float64(milliseconds) / 1000
		err := d.Month.UnmarshalText([]byte(month))
		all = append(all, d)
		return err
	})
	return all, err
}

// DrillsOld is the age at which the last drill is too old: one runs every 30
// days.
const DrillsOld = 40 * 24 * time.Hour

// DrillCondition is what the drills say by now.
type DrillCondition struct {
	Drills []Drill       // the newest of each month and place that count, the newest first
	Since  books.Instant // of the last drill or, without one, of the first closing; 0: no statement has a backup to restore
}

// DrillCondition returns what the drills say of the backups in these places. A
// drill counts while its place is in use and the statement rests on its file.
func (t *Tx) DrillCondition(ctx context.Context, places []string) (c DrillCondition, err error) {
	latest, err := t.LatestEntries(ctx)
	if err != nil {
		return c, err
	}
	all, err := t.Drills(ctx, books.Month{})
	for _, d := range all {
		if slices.Contains(places, d.Place) && d.Counts(latest[d.Month]) {
			c.Drills = append(c.Drills, d)
		}
	}
	if len(c.Drills) > 0 {
		c.Since = c.Drills[0].At
		return c, err
	}
	for _, e := range latest {
		if e.HasStatement() && e.Action != books.Adopted && (c.Since == 0 || e.At < c.Since) {
			c.Since = e.At
		}
	}
	return c, err
}

// Counts reports whether a drill says something about the statement of a month's
// last entry, or about the one before the reopening.
func (d Drill) Counts(last books.ChainEntry) bool {
	return last.Seq > 0 && (last.BackupFile == "" || last.BackupFile == d.File) && (!last.HasStatement() || d.At >= last.At)
}

// Months returns the months with a drill of this result, oldest first.
func (c DrillCondition) Months(result string) (months []books.Month) {
	for _, d := range c.Drills {
		if d.Result == result && !slices.Contains(months, d.Month) {
			months = append(months, d.Month)
		}
	}
	slices.SortFunc(months, func(a, b books.Month) int { return int(a.First() - b.First()) })
	return months
}

// Findings returns the newest drill of each month that has a place whose
// backup did not give the statement again.
func (c DrillCondition) Findings() (found []Drill) {
	for _, d := range c.Drills {
		if d.Result != DrillEqual && !slices.ContainsFunc(found, func(f Drill) bool { return f.Month == d.Month }) {
			found = append(found, d)
		}
	}
	return found
}

// Old reports whether the last drill is too old.
func (c DrillCondition) Old(now time.Time) bool {
	return c.Since != 0 && now.Sub(c.Since.Time()) > DrillsOld
}
