package recording

import (
	"context"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// UndoLasts is how long a change can be undone.
const UndoLasts = 24 * time.Hour

// Changed is the error of an undo with rows changed again.
type Changed struct {
	err  *books.Error
	Rows []Versions
}

// Versions are the states of a row changed again; nil means no row.
type Versions struct {
	Kind   books.Kind
	ID     books.ID
	Before books.Row // as the undo would have made it
	After  books.Row // as the change left it
	Now    books.Row
}

func (c *Changed) Error() string { return c.err.Error() }

// Unwrap returns the books.Error, of kind Conflict.
func (c *Changed) Unwrap() error { return c.err }

// Undo undoes a change: its rows are as before, with ids, links, commissions
// and marks. It fails with an Error of kind NotFound if there is no such
// change, Refused if it is too old or its month is closed, with a Changed if
// one of its rows was changed since, and Conflict if other rows depend on it.
// An undo is a change, and can be undone.
func (r *Recorder) Undo(ctx context.Context, tx *store.Tx, by books.Actor, change int64) (Done, error) {
	c, err := tx.ChangesetByID(ctx, change)
	if err != nil {
		return Done{}, err
	}
	if err := r.canUndo(ctx, tx, c); err != nil {
		return Done{}, err
	}
	if c.Action == merged {
		return r.undoMerge(ctx, tx, by, c)
	}
	moved, err := followMerges(ctx, tx, c.Rows)
	if err != nil {
		return Done{}, err
	}
	now, err := liveNow(ctx, tx, c.Rows)
	if err != nil {
		return Done{}, err
	}
	if err := openFor(ctx, tx, c.Rows, now); err != nil {
		return Done{}, err
	}
	if err := asLeft(c.Rows, now); err != nil {
		return Done{}, err
	}
	if err := checkConsistent(ctx, tx, c.Rows); err != nil {
		return Done{}, err
	}
	if err := tx.PutBack(ctx, c.Rows); err != nil {
		return Done{}, err
	}
	a := r.begin(tx, by)
	if _, err := tx.RecordMoved(ctx, moved, by, a.at); err != nil {
		return Done{}, err
	}
	a.undoes = c.ID
	for _, row := range c.Rows {
		a.rows = append(a.rows, store.ChangedRow{Kind: row.Kind, ID: row.ID, Before: row.After})
	}
	if err := asBefore(ctx, tx, c.Rows); err != nil {
		return Done{}, err
	}
	return a.done(ctx, undone, c.Kind, c.Row)
}

func (r *Recorder) canUndo(ctx context.Context, tx *store.Tx, c store.Changeset) error {
	if r.Now().Sub(c.At.Time()) > UndoLasts {
		return books.Refusedf("undo_too_late", "the change is more than 24 hours old").WithHint("change the row itself")
	}
	for _, row := range c.Rows {
		if row.Kind == books.ArtistKind {
			return books.Refusedf("undo_of_artist", "a change of an artist cannot be undone: a login may rest on it").WithHint("change the artist again")
		}
	}
	if c.Undoes == 0 {
		return nil
	}
	undone, err := tx.ChangesetByID(ctx, c.Undoes)
	if err == nil && undone.Action == merged {
		err = books.Refusedf("undo_of_merge", "change %d took a merge back", c.ID).WithHint("merge the clients again")
	}
	return err
}

// liveNow returns the rows of a change as they are now.
func liveNow(ctx context.Context, tx *store.Tx, rows []store.ChangedRow) (now [books.KindCount]map[books.ID]books.Row, err error) {
	var ids [books.KindCount][]books.ID
	for _, r := range rows {
		ids[r.Kind] = append(ids[r.Kind], r.ID)
	}
	for kind := range books.KindCount {
		if now[kind], err = tx.LiveByID(ctx, kind, ids[kind]); err != nil {
			return now, err
		}
	}
	return now, nil
}

// openFor refuses a change of rows in a closed month, now or before.
func openFor(ctx context.Context, tx *store.Tx, rows []store.ChangedRow, now [books.KindCount]map[books.ID]books.Row) error {
	for _, r := range rows {
		for _, row := range []books.Row{r.Before, r.After} {
			var err error
			switch row := row.(type) {
			case *books.Payment:
				err = open(ctx, tx, row.Date.Month())
			case *books.Expense:
				err = open(ctx, tx, row.Date.Month())
			case *books.Commission:
				err = openCommission(ctx, tx, row)
			case *books.Session:
				if r.After != nil && now[r.Kind][r.ID] == nil {
					err = openSession(ctx, tx, row.ID)
				}
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// openSession refuses a session in a statement.
func openSession(ctx context.Context, tx *store.Tx, id books.ID) error {
	_, month, closed, err := tx.SessionInStatement(ctx, id)
	if err != nil || !closed {
		return err
	}
	return open(ctx, tx, month)
}

// asLeft fails with a Changed unless the rows are as their change left them.
func asLeft(rows []store.ChangedRow, now [books.KindCount]map[books.ID]books.Row) error {
	var others []Versions
	for _, r := range rows {
		if is := now[r.Kind][r.ID]; !same(is, r.After) {
			others = append(others, Versions{Kind: r.Kind, ID: r.ID, Before: r.Before, After: r.After, Now: is})
		}
	}
	if others == nil {
		return nil
	}
	e := books.Conflictf("changed_since", "%s %d was changed since", others[0].Kind, others[0].ID).
		WithHint("compare the versions; to have the earlier one, change the row itself")
	return &Changed{err: e, Rows: others}
}

// asBefore fails with an Error of kind Integrity unless the rows are as they
// were before their change: a trigger of the database may have other ideas.
func asBefore(ctx context.Context, tx *store.Tx, rows []store.ChangedRow) error {
	now, err := liveNow(ctx, tx, rows)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if !same(now[r.Kind][r.ID], r.Before) {
			return books.Integrityf("row_altered", "%s %d was put back, but the database changed it", r.Kind, r.ID).
				WithHint("nothing was changed; see which trigger or rule on %s did that", r.Kind.Table())
		}
	}
	return nil
}
