package recording

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

// CheckMerge returns the live rows for MergeClients to give to the client
// into. It fails with an Error of kind NotFound or Invalid if there is no such
// client, and Conflict if one of the two is merged already.
func (r *Recorder) CheckMerge(ctx context.Context, tx *store.Tx, client, into books.ID) (store.ClientRows, error) {
	var none store.ClientRows
	if client == into {
		return none, books.Invalidf("same_client", "client %d cannot be merged into itself", client).WithHint("name the client who stays")
	}
	if _, err := record[*books.Client](ctx, tx, books.ClientKind, client, nil); err != nil {
		return none, err
	}
	if _, err := knownClient(ctx, tx, books.RefTo(into)); err != nil {
		return none, err
	}
	for _, id := range []books.ID{client, into} {
		if err := notMerged(ctx, tx, id); err != nil {
			return none, err
		}
	}
	return tx.RowsOfClient(ctx, client)
}

// notMerged refuses a client merged into another one.
func notMerged(ctx context.Context, tx *store.Tx, id books.ID) error {
	m, merged, err := tx.MergeOf(ctx, id)
	if err == nil && merged {
		err = books.Conflictf("client_merged", "client %d was merged into client %d", id, m.Stays).WithHint("use client %d", m.Stays)
	}
	return err
}

// unmerged refuses a client with a part in a merge, merged or staying.
func unmerged(ctx context.Context, tx *store.Tx, id books.ID) error {
	list, err := tx.Merges(ctx)
	for _, m := range list {
		if m.Client == id || m.Into == id || m.Stays == id {
			return books.Conflictf("row_in_use", "client %d was merged into client %d", m.Client, m.Into).WithHint("undo the merge first")
		}
	}
	return err
}

// MergeClients merges a client into another one, the same person: the client's
// live rows are the other's from now on, and so are rows coming back later, by a
// reopening, a restore or an undo. The client is hidden and
// shown as the other. Statements stay as they are. It fails as CheckMerge does.
func (r *Recorder) MergeClients(ctx context.Context, tx *store.Tx, by books.Actor, client, into books.ID) (Done, store.ClientRows, error) {
	rows, err := r.CheckMerge(ctx, tx, client, into)
	if err != nil {
		return Done{}, rows, err
	}
	a := r.begin(tx, by)
	if err := a.give(ctx, rows, client, into); err != nil {
		return Done{}, rows, err
	}
	done, err := a.done(ctx, merged, books.ClientKind, client)
	if err == nil {
		err = tx.AddMerge(ctx, client, into, done.Change)
	}
	return done, rows, err
}

// give gives rows of one client to another.
func (a *changeset) give(ctx context.Context, rows store.ClientRows, from, to books.ID) error {
	if err := a.note(ctx, books.ClientKind, from, to); err != nil {
		return err
	}
	if err := a.note(ctx, books.PaymentKind, rows.Payments...); err != nil {
		return err
	}
	if err := a.note(ctx, books.SessionKind, rows.Sessions...); err != nil {
		return err
	}
	return a.tx.GiveToClient(ctx, rows, from, to)
}

// undoMerge gives a merged client's rows back, as they are by now: the rows given
// away by the merge, and the rows returned since. A row deleted since, or
// given to somebody else, stays so. It refuses if one is in a statement by now.
func (r *Recorder) undoMerge(ctx context.Context, tx *store.Tx, by books.Actor, c store.Changeset) (Done, error) {
	m, merged, err := tx.MergeOf(ctx, c.Row)
	switch {
	case err != nil:
		return Done{}, err
	case !merged || m.Change != c.ID:
		return Done{}, books.Conflictf("changed_since", "change %d no longer merges client %d", c.ID, c.Row).WithHint("see what became of the client")
	case m.Stays != m.Into:
		return Done{}, books.Conflictf("merged_since", "client %d was merged into client %d since", m.Into, m.Stays).WithHint("undo that merge first")
	}
	moved, err := tx.MovedRows(ctx, m)
	if err != nil {
		return Done{}, err
	}
	rows, err := stillLive(ctx, tx, moved)
	if err != nil {
		return Done{}, err
	}
	a := r.begin(tx, by)
	a.undoes = c.ID
	if err := a.give(ctx, rows, m.Into, m.Client); err != nil {
		return Done{}, err
	}
	if err := tx.RemoveMerge(ctx, m.Client); err != nil {
		return Done{}, err
	}
	return a.done(ctx, undone, books.ClientKind, c.Row)
}

// stillLive returns the live ones of the moved rows. It refuses rows at rest in a
// statement: it keeps its client.
func stillLive(ctx context.Context, tx *store.Tx, moved []store.ChangedRow) (rows store.ClientRows, err error) {
	now, err := liveNow(ctx, tx, moved)
	if err != nil {
		return rows, err
	}
	for _, r := range moved {
		if now[r.Kind][r.ID] != nil {
			rows.Add(r.Kind, r.ID)
			continue
		}
		month, rests, err := tx.RestsIn(ctx, r.Kind, r.ID)
		if err == nil && rests {
			err = open(ctx, tx, month)
		}
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// followMerges gives the rows of a change to the staying clients: before the
// undo, they may have been a merged client's. It returns the moved ones.
func followMerges(ctx context.Context, tx *store.Tx, rows []store.ChangedRow) (moved []store.ChangedRow, err error) {
	stays, err := tx.Survivors(ctx)
	for i := range rows {
		for _, row := range []*books.Row{&rows[i].Before, &rows[i].After} {
			if *row == nil {
				continue
			}
			given, of := store.ToSurvivors([]books.Row{*row}, stays)
			*row, moved = given[0], append(moved, of...)
		}
	}
	return moved, err
}
