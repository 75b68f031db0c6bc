package closing

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/places"
	"extrato/internal/store"
)

// drillEvery is the age at which a drill no longer counts, and drillAgain that
// of one with a finding: somebody may have mended it.
const (
	drillEvery = 30 * 24 * time.Hour
	drillAgain = 24 * time.Hour
)

// DrillPlaces names the places of backups in use: the folder, then those of
// EXTRATO_BACKUPS_COPY.
func (c *Closer) DrillPlaces() []string {
	return append([]string{c.Backups.Bucket.String()}, c.Places.Names()...)
}

// drillPlace returns the backups that a drill of a file reads: those of the last
// place of EXTRATO_BACKUPS_COPY, or the local ones, with the reason, where that
// place has no copy which this process could open.
func (c *Closer) drillPlace(records []store.ObjectCopy, file string) (from *backup.Backups, why string) {
	states := c.Places.Of(records, file)
	if len(states) == 0 || file == "" {
		return c.Backups, ""
	}
	switch far := states[len(states)-1]; far.State {
	case places.OK:
		return c.Places.Backups(c.Places.All[len(c.Places.All)-1]), ""
	case places.Encrypted:
		return c.Backups, fmt.Sprintf("read from %s, since the copy in %s is encrypted; extrato drill --identity FILE opens that one", c.Backups.Bucket, far.Place)
	default:
		return c.Backups, fmt.Sprintf("read from %s, since the copy in %s is %s", c.Backups.Bucket, far.Place, far.State)
	}
}

// drillable is a month to drill.
type drillable struct {
	month   books.Month
	drilled books.Instant // at its place, since its last entry; 0: never
	found   books.Instant // the last drill with a finding, at any place; 0: none has one
}

// DrillsDue returns the months to drill now: the newest one with a statement,
// unless it was drilled at its place since its last entry and within 30 days;
// and, along with it, one of those drilled longest ago; and each month with a
// finding a day old. The answer is in the tables, so it holds for any number of
// processes, and after any pause. With all, the newest month and the findings
// are due whatever their age.
func (c *Closer) DrillsDue(ctx context.Context, all bool) ([]books.Month, error) {
	months, err := c.drillables(ctx)
	if err != nil || len(months) == 0 {
		return nil, err
	}
	var due []books.Month
	for _, m := range months {
		if m.found != 0 && (all || c.Now().Sub(m.found.Time()) >= drillAgain) {
			due = append(due, m.month)
		}
	}
	newest, older := months[len(months)-1], months[:len(months)-1]
	if all || newest.drilled == 0 || c.Now().Sub(newest.drilled.Time()) >= drillEvery {
		due = append(due, newest.month)
		if len(older) > 0 {
			longest := slices.MinFunc(older, func(a, b drillable) int { return cmp.Compare(a.drilled, b.drilled) })
			older = slices.DeleteFunc(older, func(m drillable) bool { return m.drilled != longest.drilled })
			due = append(due, older[rand.IntN(len(older))].month) //nolint:gosec // any of them will do
		}
	}
	slices.SortFunc(due, func(a, b books.Month) int { return int(a.First() - b.First()) })
	return slices.Compact(due), nil
}

// DrillAll drills the months that a person wants to see drilled, wherever that
// is due or not: see DrillsDue. watch gets the number done, and of how many; it
// may be nil.
func (c *Closer) DrillAll(ctx context.Context, watch func(done, of int)) (all []Drilled, err error) {
	months, err := c.DrillsDue(ctx, true)
	for i, month := range months {
		if watch != nil {
			watch(i, len(months))
		}
		d, err := c.Drill(ctx, month, nil)
		if err != nil {
			return all, err
		}
		all = append(all, d)
	}
	return all, err
}

// drillables returns the months that can be drilled, oldest first.
func (c *Closer) drillables(ctx context.Context) (all []drillable, err error) {
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		all = nil
		targets, err := drillTargets(ctx, tx)
		if err != nil {
			return err
		}
		condition, err := tx.DrillCondition(ctx, c.DrillPlaces())
		if err != nil {
			return err
		}
		records, err := tx.MonthCopies(ctx, books.Month{})
		for month, t := range targets {
			if t.entry.Action == books.Adopted {
				continue
			}
			from, _ := c.drillPlace(records, t.file)
			m := drillable{month: month}
			for _, d := range condition.Drills {
				if d.Month != month {
					continue
				}
				if d.Place == from.Bucket.String() {
					m.drilled = d.At
				}
				if d.Result != store.DrillEqual {
					m.found = max(m.found, d.At)
				}
			}
			all = append(all, m)
		}
		return err
	})
	slices.SortFunc(all, func(a, b drillable) int { return int(a.month.First() - b.month.First()) })
	return all, err
}
