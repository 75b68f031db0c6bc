package closing

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"extrato/internal/books"
	"extrato/internal/places"
	"extrato/internal/store"
)

// MonthInfo is a month as a list shows it.
type MonthInfo struct {
	Month    books.Month  `json:"month"`
	State    State        `json:"state"`
	Revision int          `json:"revision"`
	Counts   books.Counts `json:"counts"`
	Late     books.Counts `json:"late"`
	Backup   string       `json:"backup"` // the result of the last verification
	// Places has the backup's state in each other place: the worse one of the
	// newest copy and the statement's.
	Places []places.State `json:"places,omitempty"`
	// Unrecorded: the statement is v4's, and the chain does not know it yet.
	Unrecorded bool `json:"unrecorded,omitempty"`
	// Totals are those of the statement as the chain has them, as JSON; "" without one.
	Totals string `json:"-"`

	DueAt     time.Time   `json:"-"` // when the schedule closes it, if it does
	CloseFrom books.Month `json:"-"` // the schedule's first month
	WithRows  bool        `json:"-"` // there are live rows
}

// monthIndex is the database's knowledge of all months, from one snapshot.
type monthIndex struct {
	latest    map[books.Month]store.MonthHead
	stored    map[books.Month]bool
	withRows  map[books.Month]bool
	closeFrom books.Month
	first     books.Month // the first month with rows or a statement, of the schedule, or the running one
	last      books.Month
}

func (c *Closer) readMonthIndex(ctx context.Context, tx *store.Tx) (*monthIndex, error) {
	withRows, err := tx.MonthsWithRows(ctx)
	if err != nil {
		return nil, err
	}
	return c.monthIndexOf(ctx, tx, slices.Values(withRows))
}

func (c *Closer) monthIndexOf(ctx context.Context, tx *store.Tx, withRows iter.Seq[books.Month]) (*monthIndex, error) {
	running := books.MonthOf(c.Now())
	index := &monthIndex{stored: map[books.Month]bool{}, withRows: map[books.Month]bool{}, first: running, last: running}
	var err error
	if index.latest, err = tx.LatestHeads(ctx); err != nil {
		return nil, err
	}
	see := func(m books.Month) {
		if m.Before(index.first) {
			index.first = m
		}
		if index.last.Before(m) {
			index.last = m
		}
	}
	for m := range index.latest {
		see(m)
	}
	stored, err := tx.ClosedMonths(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range stored {
		index.stored[m] = true
		see(m)
	}
	for m := range withRows {
		index.withRows[m] = true
		see(m)
	}
	if index.closeFrom, err = c.closeFrom(ctx, tx); err == nil && index.closeFrom.Before(index.first) {
		index.first = index.closeFrom
	}
	return index, err
}

// Months describes every month, including gaps, from the first with rows or a
// statement (or the schedule's first) to the running one, and later ones with
// rows.
func (c *Closer) Months(ctx context.Context) ([]MonthInfo, error) {
	return c.describe(ctx, func(tx *store.Tx) (*monthIndex, map[books.Month]books.Counts, error) {
		live, err := tx.CountMonths(ctx)
		if err != nil {
			return nil, nil, err
		}
		index, err := c.monthIndexOf(ctx, tx, maps.Keys(live))
		return index, live, err
	})
}

// MonthStates is Months without the counts of months that are not closed. Every
// page shows what waits, and counting takes most of Months' time.
func (c *Closer) MonthStates(ctx context.Context) ([]MonthInfo, error) {
	return c.describe(ctx, func(tx *store.Tx) (*monthIndex, map[books.Month]books.Counts, error) {
		index, err := c.readMonthIndex(ctx, tx)
		if err != nil {
			return nil, nil, err
		}
		late := map[books.Month]books.Counts{}
		for m := range index.withRows {
			if index.stored[m] || index.latest[m].HasStatement() {
				if late[m], err = tx.CountMonth(ctx, m); err != nil {
					return nil, nil, err
				}
			}
		}
		return index, late, nil
	})
}

// describe describes every month by its index and the counts of live rows.
func (c *Closer) describe(ctx context.Context, read func(*store.Tx) (*monthIndex, map[books.Month]books.Counts, error)) ([]MonthInfo, error) {
	var months []MonthInfo
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		index, live, err := read(tx)
		if err != nil {
			return err
		}
		backups, err := tx.Backups(ctx, books.Month{})
		if err != nil {
			return err
		}
		of := map[books.Month][]store.Backup{}
		for _, b := range backups {
			of[b.Month] = append(of[b.Month], b)
		}
		elsewhere, err := c.readPlaces(ctx, tx, books.Month{})
		if err != nil {
			return err
		}
		running := books.MonthOf(c.Now())
		for m := index.first; !index.last.Before(m); m = m.Add(1) {
			if running.Before(m) && !index.withRows[m] && !index.stored[m] {
				continue
			}
			if index.stored[m] && !index.latest[m].HasStatement() {
				adopted, err := tx.Adoption(ctx, m, "extrato")
				if err != nil {
					return err
				}
				index.latest[m] = store.HeadOf(adopted)
			}
			info := c.monthInfo(index, m, live[m])
			info.Backup = backupState(of[m], index.latest[m])
			info.Places = elsewhere.ofMonth(of[m], index.latest[m])
			months = append(months, info)
		}
		return nil
	})
	return months, err
}

// monthInfo describes a month with these live rows.
func (c *Closer) monthInfo(index *monthIndex, m books.Month, live books.Counts) MonthInfo {
	info := MonthInfo{
		Month: m, State: c.state(index, m), Revision: index.latest[m].Revision,
		DueAt: c.Schedule.DueAt(m, c.Now().Location()), CloseFrom: index.closeFrom, WithRows: index.withRows[m],
	}
	if info.State != IsClosed {
		info.Counts = live
		return info
	}
	info.Totals = index.latest[m].Totals
	info.Counts, info.Late, info.Unrecorded = index.latest[m].Counts, live, index.latest[m].Seq == 0
	if live.Total() > 0 {
		info.State = Late
	}
	return info
}

// backupState returns the worse of two verification results: that of a month's
// newest copy and that of its statement's copy.
func backupState(copies []store.Backup, last store.MonthHead) string {
	var found []string
	if n := len(copies); n > 0 {
		found = append(found, verified(copies[n-1].State))
	}
	if last.HasStatement() && last.BackupFile != "" {
		state := "" // of an unrecorded copy
		if i := slices.IndexFunc(copies, func(b store.Backup) bool { return b.File == last.BackupFile }); i >= 0 {
			state = copies[i].State
		}
		found = append(found, verified(state))
	}
	if len(found) == 0 {
		return "unverified"
	}
	return slices.MaxFunc(found, func(a, b string) int { return slices.Index(byWorth, a) - slices.Index(byWorth, b) })
}

// byWorth are a list's words for verification results, best first.
var byWorth = []string{"verified", "unverified", "stale", "missing", "corrupt"}

// verified turns a verification result into the word of a list.
func verified(state string) string {
	switch state {
	case "ok":
		return "verified"
	case "stale", "corrupt", "missing":
		return state
	}
	return "unverified"
}
