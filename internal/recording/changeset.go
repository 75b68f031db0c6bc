package recording

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Done is the result of a change.
type Done struct {
	ID      books.ID // the row written or deleted
	Change  int64    // for Undo
	Client  books.ID // the client made from a name; 0: none
	Session books.ID // the session made for a deposit; 0: none
}

// changeset is one change of a person. It keeps each row's earlier state, to record
// the change and undo it.
type changeset struct {
	tx     *store.Tx
	by     books.Actor
	at     books.Instant
	undoes int64
	rows   []store.ChangedRow
}

func (r *Recorder) begin(tx *store.Tx, by books.Actor) *changeset {
	return &changeset{tx: tx, by: by, at: books.InstantOf(r.Now())}
}

// note keeps rows as they are now. It comes before they are written.
func (a *changeset) note(ctx context.Context, kind books.Kind, ids ...books.ID) error {
	rows, err := a.tx.LiveByID(ctx, kind, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !a.noted(kind, id) {
			a.rows = append(a.rows, store.ChangedRow{Kind: kind, ID: id, Before: rows[id]})
		}
	}
	return nil
}

func (a *changeset) noted(kind books.Kind, id books.ID) bool {
	for _, r := range a.rows {
		if r.Kind == kind && r.ID == id {
			return true
		}
	}
	return false
}

func (a *changeset) add(ctx context.Context, row books.Row) (books.ID, error) {
	id, err := a.tx.AddRecord(ctx, row)
	a.rows = append(a.rows, store.ChangedRow{Kind: row.Kind(), ID: id})
	return id, err
}

func (a *changeset) change(ctx context.Context, row books.Row) error {
	if err := a.note(ctx, row.Kind(), row.Key()); err != nil {
		return err
	}
	return a.tx.ChangeRecord(ctx, row)
}

func (a *changeset) remove(ctx context.Context, kind books.Kind, id books.ID) error {
	if err := a.note(ctx, kind, id); err != nil {
		return err
	}
	return a.tx.RemoveRecord(ctx, kind, id)
}

// link makes a payment the latest of a session.
func (a *changeset) link(ctx context.Context, session, payment books.ID) error {
	if err := a.note(ctx, books.SessionKind, session); err != nil {
		return err
	}
	return a.tx.LinkSession(ctx, session, payment, a.at)
}

// unlink takes a payment from its sessions.
func (a *changeset) unlink(ctx context.Context, p *books.Payment) error {
	sessions, err := a.tx.SessionsOf(ctx, p)
	if err == nil {
		err = a.note(ctx, books.PaymentKind, p.ID)
	}
	if err == nil {
		err = a.note(ctx, books.SessionKind, sessions...)
	}
	if err != nil {
		return err
	}
	return a.tx.UnlinkPayment(ctx, p, a.at)
}

// done records the change, with the rows' new states.
func (a *changeset) done(ctx context.Context, action string, kind books.Kind, id books.ID) (Done, error) {
	c := store.Changeset{Action: action, Kind: kind, Row: id, By: a.by, At: a.at, Undoes: a.undoes}
	for of := range books.KindCount {
		var ids []books.ID
		for _, r := range a.rows {
			if r.Kind == of {
				ids = append(ids, r.ID)
			}
		}
		rows, err := a.tx.LiveByID(ctx, of, ids)
		if err != nil {
			return Done{}, err
		}
		for _, r := range a.rows {
			if r.Kind != of {
				continue
			}
			// A merge leaves both clients as they are, and belongs to their history.
			if r.After = rows[r.ID]; !same(r.Before, r.After) || of == books.ClientKind {
				c.Rows = append(c.Rows, r)
			}
		}
	}
	change, err := a.tx.AddChangeset(ctx, c)
	return Done{ID: id, Change: change}, err
}

// addRow, changeRow and removeRow are changes of one row.
func (r *Recorder) addRow(ctx context.Context, tx *store.Tx, by books.Actor, row books.Row) (Done, error) {
	a := r.begin(tx, by)
	id, err := a.add(ctx, row)
	if err != nil {
		return Done{}, err
	}
	return a.done(ctx, added, row.Kind(), id)
}

func (r *Recorder) changeRow(ctx context.Context, tx *store.Tx, by books.Actor, row books.Row) (Done, error) {
	a := r.begin(tx, by)
	if err := a.change(ctx, row); err != nil {
		return Done{}, err
	}
	return a.done(ctx, changed, row.Kind(), row.Key())
}

func (r *Recorder) removeRow(ctx context.Context, tx *store.Tx, by books.Actor, kind books.Kind, id books.ID) (Done, error) {
	a := r.begin(tx, by)
	if err := a.remove(ctx, kind, id); err != nil {
		return Done{}, err
	}
	return a.done(ctx, deleted, kind, id)
}

// same reports whether two states of a row, nil where there is none, are equal.
func same(a, b books.Row) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	switch r := a.(type) {
	case *books.Payment:
		return books.Equal(a, b) && r.Deposit == b.(*books.Payment).Deposit
	case *books.Expense:
		return books.Equal(a, b) && r.Category == b.(*books.Expense).Category
	}
	return books.Equal(a, b)
}

// The actions of changes.
const (
	added   = "add"
	changed = "change"
	deleted = "delete"
	undone  = "undo"
	merged  = store.MergeAction
)
