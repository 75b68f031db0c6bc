package closing

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// drillEvery is the age at which a drill no longer counts.
const drillEvery = 30 * 24 * time.Hour

// DrillsDue returns the months to drill now at from: the newest one with a
// statement, unless it was drilled since its last entry and within 30 days; and,
// along with it, one of those drilled longest ago. The answer is in the tables,
// so it holds for any number of processes, and after any pause.
func (c *Closer) DrillsDue(ctx context.Context, from *backup.Backups) ([]books.Month, error) {
	months, err := c.DrillMonths(ctx)
	if err != nil || len(months) == 0 {
		return nil, err
	}
	newest := months[len(months)-1]
	drilled, last := map[books.Month]books.Instant{}, books.ChainEntry{}
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		drills, err := tx.Drills(ctx)
		if err != nil {
			return err
		}
		for _, d := range drills {
			if d.Place == from.Bucket.String() {
				drilled[d.Month] = d.At
			}
		}
		last, err = tx.LastEntry(ctx, newest)
		return err
	})
	if at, ok := drilled[newest]; err != nil || ok && at >= last.At && c.Now().Sub(at.Time()) < drillEvery {
		return nil, err
	}
	due, older := []books.Month{newest}, months[:len(months)-1]
	if len(older) > 0 {
		longest := slices.MinFunc(older, func(a, b books.Month) int { return cmp.Compare(drilled[a], drilled[b]) })
		older = slices.DeleteFunc(older, func(m books.Month) bool { return drilled[m] != drilled[longest] })
		due = append(due, older[rand.IntN(len(older))]) //nolint:gosec // any of them will do
	}
	return due, nil
}
