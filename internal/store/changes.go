package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"extrato/internal/books"
)

// Changeset is one act of a person on the books.
type Changeset struct {
	ID     int64
	Action string     // add, change, delete, undo, MergeAction
	Kind   books.Kind // the kind of its subject
	Row    books.ID
	By     books.Actor
	At     books.Instant
	Undoes int64 // the change undone by this one; 0: none
	Rows   []ChangedRow
}

// ChangedRow is one row touched by a change, without copies. Before or After is
// nil if there was no row.
type ChangedRow struct {
	Kind          books.Kind
	ID            books.ID
	Before, After books.Row
}

// payment returns the payment of a changed commission.
func (r ChangedRow) payment() books.Ref {
	for _, row := range []books.Row{r.After, r.Before} {
		if c, ok := row.(*books.Commission); ok {
			return c.PaymentID
		}
	}
	return books.Ref{}
}

// AddChangeset writes a change down and returns its number.
func (t *Tx) AddChangeset(ctx context.Context, c Changeset) (int64, error) {
	var undoes any
	if c.Undoes != 0 {
		undoes = c.Undoes
	}
	var id int64
	err := t.one(ctx, "INSERT INTO changes (action, kind, row_id, actor, at, undoes) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
		[]any{c.Action, c.Kind.String(), int64(c.Row), string(c.By), c.At.String(), undoes}, &id)
	if err != nil {
		return 0, err
	}
	for batch := range slices.Chunk(c.Rows, insertBatch) {
		query := "INSERT INTO changed_rows (change, kind, row_id, payment, before, after) VALUES "
		var args []any
		for i, r := range batch {
			query += separator(i) + "("
			payment := r.payment()
			for j, v := range []any{id, r.Kind.String(), int64(r.ID), payment.SQL(), image(r.Before), image(r.After)} {
				args = append(args, v)
				query += separator(j) + "$" + strconv.Itoa(len(args))
			}
			query += ")"
		}
		if _, err := t.exec(ctx, query, args...); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// image is a row as a change keeps it.
func image(row books.Row) any {
	if row == nil {
		return nil
	}
	return string(books.AppendRowJSON(nil, row))
}

// ChangesetByID returns a change. It fails with an Error of kind NotFound if there
// is none.
func (t *Tx) ChangesetByID(ctx context.Context, id int64) (Changeset, error) {
	list, err := t.changesets(ctx, "h.id = $1", id)
	if err == nil && len(list) == 0 {
		err = books.NotFoundf("no_change", "there is no change %d", id).WithHint("GET /api/v1/changes?row=payment:12 lists those of a row")
	}
	if err != nil {
		return Changeset{}, err
	}
	return list[0], nil
}

// ChangesOf returns the newest changes of a row, of a payment's commissions, or of
// a session's payments, newest first, starting below the change number before (0: from the newest).
func (t *Tx) ChangesOf(ctx context.Context, kind books.Kind, id books.ID, before int64, limit int) ([]Changeset, error) {
	touched := "SELECT change FROM changed_rows WHERE kind = $1 AND row_id = $2"
	args := []any{kind.String(), int64(id)}
	switch kind {
	case books.PaymentKind:
		touched += " UNION SELECT change FROM changed_rows WHERE payment = $2"
	case books.SessionKind:
		touched += " UNION " + changesOfReceipts
	}
	if before > 0 {
		args = append(args, before)
		touched = fmt.Sprintf("SELECT change FROM (%s) AS c WHERE change < $%d", touched, len(args))
	}
	return t.changesets(ctx, "h.id IN ("+touched+" ORDER BY change DESC LIMIT "+strconv.Itoa(limit)+")", args...)
}

// changesOfReceipts are the changes of payments that were session $2's before or
// after: of those linked to it now, and of those changed together with it.
const changesOfReceipts = `SELECT change FROM changed_rows WHERE kind = 'pagamento' AND row_id IN (
		SELECT id FROM pagamentos WHERE sessao_id = $2
		UNION SELECT p.row_id FROM changed_rows s JOIN changed_rows p ON p.change = s.change AND p.kind = 'pagamento' WHERE s.kind = 'sessao' AND s.row_id = $2)
	AND (before LIKE '%"sessao_id":' || CAST($2 AS TEXT) || ',%' OR after LIKE '%"sessao_id":' || CAST($2 AS TEXT) || ',%')`

func (t *Tx) changesets(ctx context.Context, condition string, args ...any) (list []Changeset, err error) {
	query := `SELECT h.id, h.action, h.kind, h.row_id, h.actor, h.at, h.undoes, r.kind, r.row_id, r.before, r.after
		FROM changes h LEFT JOIN changed_rows r ON r.change = h.id WHERE ` + condition + " ORDER BY h.id DESC, r.kind, r.row_id"
	err = t.list(ctx, query, args, func(scan func(...any) error) error {
		var c Changeset
		var kind, actor, at string
		var undoes, row sql.NullInt64
		var of, before, after sql.NullString
		if err := scan(&c.ID, &c.Action, &kind, &c.Row, &actor, &at, &undoes, &of, &row, &before, &after); err != nil {
			return err
		}
		c.By, c.Undoes = books.Actor(actor), undoes.Int64
		if len(list) == 0 || list[len(list)-1].ID != c.ID {
			var err error
			if c.Kind, err = books.ParseKind(kind); err == nil {
				err = c.At.Parse([]byte(at))
			}
			if err != nil {
				return brokenChange(c.ID, err)
			}
			list = append(list, c)
		}
		if !of.Valid {
			return nil
		}
		r, err := changedRow(of.String, row.Int64, before, after)
		if err != nil {
			return brokenChange(c.ID, err)
		}
		last := &list[len(list)-1]
		last.Rows = append(last.Rows, r)
		return nil
	})
	return list, err
}

func changedRow(kind string, id int64, before, after sql.NullString) (r ChangedRow, err error) {
	if r.Kind, err = books.ParseKind(kind); err != nil {
		return r, err
	}
	r.ID = books.ID(id)
	read := func(text sql.NullString) (books.Row, error) {
		if !text.Valid {
			return nil, nil //nolint:nilnil // there was no row
		}
		return books.ParseRowJSON(r.Kind, []byte(text.String))
	}
	r.Before, err = read(before)
	if err == nil {
		r.After, err = read(after)
	}
	return r, err
}

func brokenChange(id int64, err error) error {
	return books.Integrityf("broken_change", "the record of change %d cannot be read", id).
		WithHint("somebody edited the table changes by hand; this change cannot be undone").Because(err)
}

// PutBack restores the rows of a change as they were before it. The caller has
// checked two things: the rows are still as the change left them, and nothing
// else refers to the rows to be deleted.
func (t *Tx) PutBack(ctx context.Context, rows []ChangedRow) error {
	var insert []books.Row
	for _, r := range rows {
		if s, ok := r.After.(*books.Session); ok && s.PaymentID.Valid { // the payment may be deleted
			if _, err := t.exec(ctx, "UPDATE sessoes SET payment_id = NULL WHERE id = $1", int64(r.ID)); err != nil {
				return err
			}
		}
		if r.After == nil {
			insert = append(insert, r.Before)
		}
	}
	kept, err := t.InsertRows(ctx, insert)
	if err == nil && len(kept) > 0 {
		err = errors.New("a link was not set")
	}
	if err != nil {
		return fmt.Errorf("put rows back: %w", err)
	}
	for _, r := range rows {
		if r.Before != nil && r.After != nil {
			if err := t.ChangeRecord(ctx, r.Before); err != nil {
				return err
			}
		}
	}
	for _, kind := range []books.Kind{books.CommissionKind, books.PaymentKind, books.SessionKind, books.ExpenseKind, books.ClientKind} {
		for _, r := range rows {
			if r.Kind == kind && r.Before == nil {
				if err := t.RemoveRecord(ctx, kind, r.ID); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
