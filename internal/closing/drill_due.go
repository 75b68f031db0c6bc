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

// drillEvery is the age at which a drill no longer counts, and drillAgain that
// of one with a finding: somebody may have mended it.
const (
	drillEvery = 30 * 24 * time.Hour
	drillAgain = 24 * time.Hour
)

// DrillsDue returns the months to drill now at from: the newest one with a
// statement, unless it was drilled since its last entry and within 30 days; and,
// along with it, one of those drilled longest ago; and each month with a finding
// a day old. The answer is in the tables, so it holds for any number of
// processes, and after any pause.
func (c *Closer) DrillsDue(ctx context.Context, from *backup.Backups) ([]books.Month, error) {
	months, err := c.DrillMonths(ctx)
	if err != nil || len(months) == 0 {
		return nil, err
	}
	newest := months[len(months)-1]
	drilled, last := map[books.Month]books.Instant{}, books.ChainEntry{}
	var due []books.Month
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		due = nil
		drills, err := tx.Drills(ctx)
		if err != nil {
			return err
		}
		for _, d := range drills {
			if d.Place != from.Bucket.String() {
				continue
			}
			drilled[d.Month] = d.At
			if d.Result != string(DrillEqual) && c.Now().Sub(d.At.Time()) >= drillAgain {
				due = append(due, d.Month)
			}
		}
		last, err = tx.LastEntry(ctx, newest)
		return err
	})
	if at, ok := drilled[newest]; err != nil || ok && at >= last.At && c.Now().Sub(at.Time()) < drillEvery {
		return due, err
	}
	older := months[:len(months)-1]
	due = append(due, newest)
	if len(older) > 0 {
		longest := slices.MinFunc(older, func(a, b books.Month) int { return cmp.Compare(drilled[a], drilled[b]) })
		older = slices.DeleteFunc(older, func(m books.Month) bool { return drilled[m] != drilled[longest] })
		due = append(due, older[rand.IntN(len(older))]) //nolint:gosec // any of them will do
	}
	slices.SortFunc(due, func(a, b books.Month) int { return int(a.First() - b.First()) })
	return slices.Compact(due), nil
}
