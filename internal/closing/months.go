package closing

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// State is the state of a month.
type State string

// The states of a month.
const (
	Open     State = "open"   // running, not yet due, or waiting for a person
	Due      State = "due"    // the schedule closes it
	IsClosed State = "closed" // has a statement
	Late     State = "late"   // closed, and live rows belong to it again
	Held     State = "held"   // reopened: a person closes it
)

// MonthInfo is a month as a list shows it.
type MonthInfo struct {
	Month    books.Month  `json:"month"`
	State    State        `json:"state"`
	Revision int          `json:"revision"`
	Counts   books.Counts `json:"counts"`
	Late     books.Counts `json:"late"`
	Backup   string       `json:"backup"` // the result of the last verification
	// Unrecorded: the statement is v4's, and the chain does not know it yet.
	Unrecorded bool `json:"unrecorded,omitempty"`

	DueAt     time.Time   `json:"-"` // when the schedule closes it, if it does
	CloseFrom books.Month `json:"-"` // the schedule's first month
}

// monthIndex is the database's knowledge of all months, from one snapshot.
type monthIndex struct {
	latest    map[books.Month]books.ChainEntry
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
	if index.latest, err = tx.LatestEntries(ctx); err != nil {
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

// closeFrom returns the schedule's first month.
func (c *Closer) closeFrom(ctx context.Context, tx *store.Tx) (books.Month, error) {
	if !c.CloseFrom.IsZero() {
		return c.CloseFrom, nil
	}
	text, err := tx.Setting(ctx, store.CloseFrom)
	if err != nil || text == "" {
		return books.MonthOf(c.Now()), err
	}
	return books.ParseMonth(text)
}

func (c *Closer) state(index *monthIndex, m books.Month) State {
	switch {
	case index.stored[m], index.latest[m].HasStatement(): // a missing statement is for a person
		return IsClosed
	case index.latest[m].Action == books.Reopened:
		return Held
	case m.Before(index.closeFrom) || !m.EndedBy(c.Now()) || c.Now().Before(c.Schedule.DueAt(m, c.Now().Location())):
		return Open
	}
	return Due
}

// Months describes every month, including gaps, from the first with rows or a
// statement (or the schedule's first) to the running one, and later ones with
// rows.
func (c *Closer) Months(ctx context.Context) ([]MonthInfo, error) {
	var months []MonthInfo
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		live, err := tx.CountMonths(ctx)
		if err != nil {
			return err
		}
		index, err := c.monthIndexOf(ctx, tx, maps.Keys(live))
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
		running := books.MonthOf(c.Now())
		for m := index.first; !index.last.Before(m); m = m.Add(1) {
			if running.Before(m) && !index.withRows[m] && !index.stored[m] {
				continue
			}
			if index.stored[m] && !index.latest[m].HasStatement() {
				if index.latest[m], err = tx.Adoption(ctx, m, "extrato"); err != nil {
					return err
				}
			}
			info := c.monthInfo(index, m, live[m])
			info.Backup = backupState(of[m], index.latest[m])
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
		DueAt: c.Schedule.DueAt(m, c.Now().Location()), CloseFrom: index.closeFrom,
	}
	if info.State != IsClosed {
		info.Counts = live
		return info
	}
	info.Counts, info.Late, info.Unrecorded = index.latest[m].Counts, live, index.latest[m].Seq == 0
	if live.Total() > 0 {
		info.State = Late
	}
	return info
}

// backupState returns the worse of two verification results: that of a month's
// newest copy and that of its statement's copy.
func backupState(copies []store.Backup, last books.ChainEntry) string {
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

// DueMonths returns the due months, oldest first.
func (c *Closer) DueMonths(ctx context.Context) ([]books.Month, error) {
	if _, err := c.Store.AdoptStatements(ctx, "extrato"); err != nil {
		return nil, err
	}
	return c.readDue(ctx)
}

// readDue is DueMonths without the adoption; a statement of v4's is one either way.
func (c *Closer) readDue(ctx context.Context) ([]books.Month, error) {
	var due []books.Month
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		index, err := c.readMonthIndex(ctx, tx)
		if err != nil {
			return err
		}
		for m := index.closeFrom; m.EndedBy(c.Now()); m = m.Add(1) {
			if c.state(index, m) == Due {
				due = append(due, m)
			}
		}
		return nil
	})
	return due, err
}

// DueResult is the result of CloseDue: the months closed, the one that failed,
// and those waiting behind it.
type DueResult struct {
	Closed  []Result
	Failed  books.Month
	Err     error
	RunID   string // the correlation id of the failed attempt
	Waiting []books.Month
}

// CloseDue closes every due month, oldest first. It stops at the first failure,
// and before the next month if interrupted. A month closed meanwhile by another
// process is no failure.
func (c *Closer) CloseDue(ctx context.Context, by books.Actor) (DueResult, error) {
	due, err := c.DueMonths(ctx)
	if err != nil {
		return DueResult{}, err
	}
	result := DueResult{Closed: []Result{}}
	for i, m := range due {
		if result.Err = ctx.Err(); result.Err != nil {
			result.Failed, result.Waiting = m, due[i+1:]
			return result, nil //nolint:nilerr // the result has it
		}
		closed, err := c.Close(ctx, m, Options{}, by)
		if err != nil && closed.Outcome != AlreadyClosed {
			result.Failed, result.Err, result.RunID, result.Waiting = m, err, closed.CorrelationID, due[i+1:]
			return result, nil
		}
		result.Closed = append(result.Closed, closed)
	}
	return result, nil
}

// earlierOpen returns the months before m waiting for a close: ended, without a
// statement, and due, held or with rows.
func (c *Closer) earlierOpen(ctx context.Context, tx *store.Tx, m books.Month) ([]books.Month, error) {
	index, err := c.readMonthIndex(ctx, tx)
	if err != nil {
		return nil, err
	}
	open := []books.Month{}
	for e := index.first; e.Before(m); e = e.Add(1) {
		switch c.state(index, e) {
		case Due, Held:
			open = append(open, e)
		case Open:
			if index.withRows[e] {
				open = append(open, e)
			}
		}
	}
	return open, nil
}
