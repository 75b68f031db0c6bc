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

// State is what a month is.
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
	Backup   string       `json:"backup"` // what the last verification found
	// Unrecorded: the statement is v4's, and the chain does not know it yet.
	Unrecorded bool `json:"unrecorded,omitempty"`

	DueAt     time.Time   `json:"-"` // when the schedule closes it, if it does
	CloseFrom books.Month `json:"-"` // the first month that the schedule closes
}

// ledger is what the database says about months, read in one snapshot.
type ledger struct {
	latest    map[books.Month]books.Closing
	stored    map[books.Month]bool
	withRows  map[books.Month]bool
	closeFrom books.Month
	first     books.Month // the first month with rows or a statement, or that the schedule closes, or the running one
	last      books.Month
}

func (c *Closer) readLedger(ctx context.Context, tx *store.Tx) (*ledger, error) {
	withRows, err := tx.MonthsWithRows(ctx)
	if err != nil {
		return nil, err
	}
	return c.ledgerOf(ctx, tx, slices.Values(withRows))
}

func (c *Closer) ledgerOf(ctx context.Context, tx *store.Tx, withRows iter.Seq[books.Month]) (*ledger, error) {
	running := books.MonthOf(c.Now())
	l := &ledger{stored: map[books.Month]bool{}, withRows: map[books.Month]bool{}, first: running, last: running}
	var err error
	if l.latest, err = tx.LatestClosings(ctx); err != nil {
		return nil, err
	}
	see := func(m books.Month) {
		if m.Before(l.first) {
			l.first = m
		}
		if l.last.Before(m) {
			l.last = m
		}
	}
	for m := range l.latest {
		see(m)
	}
	stored, err := tx.ClosedMonths(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range stored {
		l.stored[m] = true
		see(m)
	}
	for m := range withRows {
		l.withRows[m] = true
		see(m)
	}
	if l.closeFrom, err = c.closeFrom(ctx, tx); err == nil && l.closeFrom.Before(l.first) {
		l.first = l.closeFrom
	}
	return l, err
}

// closeFrom returns the first month that the schedule closes by itself.
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

func (c *Closer) state(l *ledger, m books.Month) State {
	switch {
	case l.stored[m], l.latest[m].HasStatement(): // one that is gone is for a person: see asClosed
		return IsClosed
	case l.latest[m].Action == books.Reopened:
		return Held
	case m.Before(l.closeFrom) || !m.EndedBy(c.Now()) || c.Now().Before(c.Schedule.DueAt(m, c.Now().Location())):
		return Open
	}
	return Due
}

// Months describes every month, gaps too, from the first that has rows or a
// statement or that the schedule closes to the running one, and later ones
// that have rows.
func (c *Closer) Months(ctx context.Context) ([]MonthInfo, error) {
	var months []MonthInfo
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		live, err := tx.CountMonths(ctx)
		if err != nil {
			return err
		}
		l, err := c.ledgerOf(ctx, tx, maps.Keys(live))
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
		for m := l.first; !l.last.Before(m); m = m.Add(1) {
			if running.Before(m) && !l.withRows[m] && !l.stored[m] {
				continue
			}
			if l.stored[m] && !l.latest[m].HasStatement() {
				if l.latest[m], err = tx.Adoption(ctx, m, "extrato"); err != nil {
					return err
				}
			}
			info := c.monthInfo(l, m, live[m])
			info.Backup = backupState(of[m], l.latest[m])
			months = append(months, info)
		}
		return nil
	})
	return months, err
}

// monthInfo describes a month that has these live rows.
func (c *Closer) monthInfo(l *ledger, m books.Month, live books.Counts) MonthInfo {
	info := MonthInfo{
		Month: m, State: c.state(l, m), Revision: l.latest[m].Revision,
		DueAt: c.Schedule.DueAt(m, c.Now().Location()), CloseFrom: l.closeFrom,
	}
	if info.State != IsClosed {
		info.Counts = live
		return info
	}
	info.Counts, info.Late, info.Unrecorded = l.latest[m].Counts, live, l.latest[m].Seq == 0
	if live.Total() > 0 {
		info.State = Late
	}
	return info
}

// backupState returns the worst that the last verification found of a month's
// newest copy and of the one that its statement rests on.
func backupState(copies []store.Backup, last books.Closing) string {
	var found []string
	if n := len(copies); n > 0 {
		found = append(found, verified(copies[n-1].State))
	}
	if last.HasStatement() && last.BackupFile != "" {
		state := "" // of one that the database forgot
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

// byWorth are the words of a list for what a verification found, best first.
var byWorth = []string{"verified", "unverified", "stale", "missing", "corrupt"}

// verified puts what a verification found into the words of a list.
func verified(state string) string {
	switch state {
	case "ok":
		return "verified"
	case "stale", "corrupt", "missing":
		return state
	}
	return "unverified"
}

// DueMonths returns the months that are due, oldest first.
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
		l, err := c.readLedger(ctx, tx)
		if err != nil {
			return err
		}
		for m := l.closeFrom; m.EndedBy(c.Now()); m = m.Add(1) {
			if c.state(l, m) == Due {
				due = append(due, m)
			}
		}
		return nil
	})
	return due, err
}

// Row is what CloseDue did: months closed, the one that failed, and those that
// wait behind it.
type Row struct {
	Closed  []Result
	Failed  books.Month
	Err     error
	RunID   string // the correlation id of the attempt that failed
	Waiting []books.Month
}

// CloseDue closes every month that is due, oldest first, and stops at the
// first that fails, and before the next if it is interrupted. A month that
// somebody else closed meanwhile is no failure.
func (c *Closer) CloseDue(ctx context.Context, by books.Actor) (Row, error) {
	due, err := c.DueMonths(ctx)
	if err != nil {
		return Row{}, err
	}
	row := Row{Closed: []Result{}}
	for i, m := range due {
		if row.Err = ctx.Err(); row.Err != nil {
			row.Failed, row.Waiting = m, due[i+1:]
			return row, nil //nolint:nilerr // the row has it
		}
		result, err := c.Close(ctx, m, Options{}, by)
		if err != nil && result.Outcome != AlreadyClosed {
			row.Failed, row.Err, row.RunID, row.Waiting = m, err, result.CorrelationID, due[i+1:]
			return row, nil
		}
		row.Closed = append(row.Closed, result)
	}
	return row, nil
}

// earlierOpen returns the months before m that wait for a close: ended,
// without a statement, and due, held or with rows.
func (c *Closer) earlierOpen(ctx context.Context, tx *store.Tx, m books.Month) ([]books.Month, error) {
	l, err := c.readLedger(ctx, tx)
	if err != nil {
		return nil, err
	}
	open := []books.Month{}
	for e := l.first; e.Before(m); e = e.Add(1) {
		switch c.state(l, e) {
		case Due, Held:
			open = append(open, e)
		case Open:
			if l.withRows[e] {
				open = append(open, e)
			}
		}
	}
	return open, nil
}
