package store

import (
	"context"

	"extrato/internal/books"
)

// Drill is the record of one drill: a backup restored into a scratch database
// and compared with its statement.
type Drill struct {
	Month   books.Month
	Place   string // of the backup, without secrets
	File    string
	Result  string // equal, different or failed
	Reason  string
	Seconds float64
	At      books.Instant
}

// AddDrill records a drill.
func (t *Tx) AddDrill(ctx context.Context, d Drill) error {
	_, err := t.exec(ctx, "INSERT INTO drills (month, place, file, result, reason, milliseconds, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		d.Month.String(), d.Place, d.File, d.Result, d.Reason, int64(d.Seconds*1000), d.At.SQL())
	return err
}

// Drills returns the newest drill of each month and place, the newest first.
func (t *Tx) Drills(ctx context.Context) ([]Drill, error) {
	var all []Drill
	err := t.list(ctx, `SELECT month, place, file, result, reason, milliseconds, at FROM drills
		WHERE id IN (SELECT max(id) FROM drills GROUP BY month, place) ORDER BY id DESC`, nil, func(scan func(...any) error) error {
		var d Drill
		var month string
		var milliseconds int64
		if err := scan(&month, &d.Place, &d.File, &d.Result, &d.Reason, &milliseconds, &column{value: &d.At}); err != nil {
			return err
		}
		d.Seconds = float64(milliseconds) / 1000
		err := d.Month.UnmarshalText([]byte(month))
		all = append(all, d)
		return err
	})
	return all, err
}
