package closing

import (
	"context"
	"errors"
	"slices"

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
			return result, nil //nolint:nilerr // the row has it
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

// PreviewDue returns the result CloseDue would have. A later month depends on
// the rows taken by an earlier one, such as the payment of a session paid in
// both. So the rows of each are deleted in a transaction, and that is rolled back;
// first one of each kind is put back, as Close does.
func (c *Closer) PreviewDue(ctx context.Context) (DueResult, error) {
	months, err := c.readDue(ctx)
	if err != nil || len(months) == 0 {
		return DueResult{Closed: []Result{}}, err
	}
	places := make([]error, len(months))
	for i, m := range months {
		places[i] = c.checkBackup(ctx, m) // before others have to wait
	}
	var due DueResult
	err = c.Store.WriteLong(ctx, func(tx *store.Tx) error {
		due = DueResult{Closed: []Result{}}
		for i, m := range months {
			due.Failed, due.Waiting = m, months[i+1:]
			result, leaving, err := c.preview(ctx, tx, m, false, nil, func() error { return places[i] }, nil)
			if err == nil {
				err = tryOut(ctx, tx, m, leaving)
			}
			if err != nil && result.Outcome != AlreadyClosed {
				return err
			}
			due.Closed = append(due.Closed, result)
		}
		due.Failed, due.Waiting = books.Month{}, nil
		return errRehearsed
	})
	switch {
	case errors.Is(err, errRehearsed):
	case due.Failed.IsZero():
		return DueResult{}, err
	default:
		due.Err = err
	}
	for i, r := range due.Closed {
		r = c.nameOpen(ctx, r)
		r.EarlierOpen = slices.DeleteFunc(r.EarlierOpen, func(m books.Month) bool { return slices.Contains(months[:i], m) })
		due.Closed[i] = r
	}
	return due, nil
}
