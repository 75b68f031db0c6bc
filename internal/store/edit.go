package store

import (
	"context"
	"extrato/internal/books"
	"strconv"
	"strings"
)

// AddRecord inserts a row and returns its new id. A session's time, a column of
// older databases, cannot be set.
func (t *Tx) AddRecord(ctx context.Context, row books.Row) (books.ID, error) {
	columns, values := written(row)
	var args []any
	list := ""
	for i, v := range values {
		args = append(args, v.SQL())
		list += separator(i) + "$" + strconv.Itoa(i+1)
	}
	var id books.ID
	err := t.one(ctx, "INSERT INTO "+row.Kind().Table()+" ("+strings.Join(columns, ", ")+") VALUES ("+list+") RETURNING id", args, &id)
	if err != nil {
		return id, taken(row, err)
	}
	switch r := row.(type) {
	case *books.Payment:
		if added := *r; r.Deposit {
			added.ID = id
			err = t.ReopenDeposits(ctx, []books.Row{&added})
		}
	case *books.Expense:
		if added := *r; r.Category.Valid {
			added.ID = id
			err = t.SetCategories(ctx, []books.Row{&added})
		}
	}
	return id, err
}

// ChangeRecord overwrites an existing row, except for two columns: a session's
// time and v4's unused pagamentos.comissao.
func (t *Tx) ChangeRecord(ctx context.Context, row books.Row) error {
	columns, values := written(row)
	args := []any{int64(row.Key())}
	list := ""
	for i, v := range values {
		if columns[i] == "created_at" || columns[i] == "comissao" {
			continue
		}
		args = append(args, v.SQL())
		list += separator(len(args)-2) + columns[i] + " = $" + strconv.Itoa(len(args))
	}
	_, err := t.exec(ctx, "UPDATE "+row.Kind().Table()+" SET "+list+" WHERE id = $1", args...)
	if err != nil {
		return taken(row, err)
	}
	switch row.Kind() {
	case books.PaymentKind:
		return t.ReopenDeposits(ctx, []books.Row{row})
	case books.ExpenseKind:
		return t.SetCategories(ctx, []books.Row{row})
	}
	return nil
}

// written returns the columns set in a new row, and their values.
func written(row books.Row) (columns []string, values []books.Value) {
	all := row.AppendValues(nil)
	for i, c := range row.Kind().Columns() {
		if c != "id" && c != "hora" {
			columns, values = append(columns, c), append(values, all[i])
		}
	}
	return columns, values
}

// taken explains a violated unique key of a row.
func taken(row books.Row, err error) error {
	if !isDuplicate(err) {
		return err
	}
	if row.Kind() == books.ClientKind {
		return books.Conflictf("form_taken", "another client has this jotform_submission_id").
			WithHint("each submission belongs to one client; leave jotform_submission_id out, or clear the other client's").Because(err)
	}
	return books.Conflictf("event_taken", "another %s has this google_event_id", english[row.Kind()]).
		WithHint("each calendar event belongs to one row; leave google_event_id out, or clear the other row's").Because(err)
}

// RemoveRecord deletes a live row. The caller has dealt with rows referring to
// it.
func (t *Tx) RemoveRecord(ctx context.Context, kind books.Kind, id books.ID) error {
	_, err := t.exec(ctx, "DELETE FROM "+kind.Table()+" WHERE id = $1", int64(id))
	if err != nil {
		return err
	}
	switch kind {
	case books.PaymentKind:
		_, err = t.exec(ctx, "DELETE FROM deposits WHERE payment = $1", int64(id))
	case books.ExpenseKind:
		_, err = t.exec(ctx, "DELETE FROM expense_categories WHERE expense = $1", int64(id))
	}
	return err
}

// LinkSession makes a payment the session's latest, and the session paid unless
// it is completed.
func (t *Tx) LinkSession(ctx context.Context, session, payment books.ID, at books.Instant) error {
	_, err := t.exec(ctx, "UPDATE sessoes SET payment_id = $2, status = CASE WHEN status = 'completed' THEN status ELSE 'paid' END, updated_at = $3 WHERE id = $1",
		int64(session), int64(payment), at.SQL())
	return err
}

// SessionsOf returns the sessions changed by UnlinkPayment.
func (t *Tx) SessionsOf(ctx context.Context, p *books.Payment) ([]books.ID, error) {
	list, err := t.ids(ctx, "SELECT s.id FROM sessoes s WHERE s.payment_id = $1 OR s.payment_id IS NULL AND s.id = $2 ORDER BY s.id",
		int64(p.ID), p.SessionID.SQL())
	ids := make([]books.ID, len(list))
	for i, id := range list {
		ids[i] = books.ID(id)
	}
	return ids, err
}

// UnlinkPayment removes a payment's links to sessions, in either direction.
// Each session then points at the newest of its other payments; without one it
// is no longer paid.
func (t *Tx) UnlinkPayment(ctx context.Context, p *books.Payment, at books.Instant) error {
	if p.SessionID.Valid {
		if _, err := t.exec(ctx, "UPDATE pagamentos SET sessao_id = NULL WHERE id = $1", int64(p.ID)); err != nil {
			return err
		}
	}
	newest := "(SELECT r.id FROM pagamentos r WHERE r.sessao_id = sessoes.id ORDER BY r.data DESC, " + madeAt + " DESC, r.id DESC LIMIT 1)"
	_, err := t.exec(ctx, "UPDATE sessoes SET payment_id = "+newest+`, updated_at = $2,
		status = CASE WHEN status = 'paid' AND NOT EXISTS (SELECT 1 FROM pagamentos q WHERE q.sessao_id = sessoes.id) THEN 'active' ELSE status END
		WHERE payment_id = $1 OR payment_id IS NULL AND id = $3`, int64(p.ID), at.SQL(), p.SessionID.SQL())
	return err
}
