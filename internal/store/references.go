package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"extrato/internal/books"
)

// CommissionsOf returns a payment's commissions, by id, without copies.
func (t *Tx) CommissionsOf(ctx context.Context, payment books.ID) ([]*books.Commission, error) {
	lists, err := t.CommissionsOfAll(ctx, []books.ID{payment})
	return lists[payment], err
}

// CommissionsOfAll returns the commissions of each of these payments, by id,
// without copies.
func (t *Tx) CommissionsOfAll(ctx context.Context, payments []books.ID) (map[books.ID][]*books.Commission, error) {
	lists := map[books.ID][]*books.Commission{}
	query := "SELECT " + strings.Join(t.s.selectColumns(books.CommissionKind, false), ", ") + " FROM comissoes r WHERE r.pagamento_id IN (" + t.s.dialect.idList("$1") + ") ORDER BY r.id"
	for row, err := range t.scanPlain(ctx, books.CommissionKind, query, jsonIDs(payments)) {
		if err != nil {
			return nil, err
		}
		c := row.(*books.Commission)
		lists[c.PaymentID.V] = append(lists[c.PaymentID.V], c)
	}
	return lists, nil
}

// Refers reports whether any live row has id in one of these columns, given as
// table.column by the program itself.
func (t *Tx) Refers(ctx context.Context, id books.ID, columns ...string) (bool, error) {
	for _, column := range columns {
		table, _, _ := strings.Cut(column, ".")
		var one int
		err := t.one(ctx, "SELECT 1 FROM "+table+" WHERE "+column+" = $1 LIMIT 1", []any{int64(id)}, &one)
		if err == nil || !errors.Is(err, sql.ErrNoRows) {
			return err == nil, err
		}
	}
	return false, nil
}

// naming are the columns with a reference to a row of a kind.
var naming = map[books.Kind][]struct {
	kind   books.Kind
	column string
}{
	books.ClientKind:  {{books.PaymentKind, "cliente_id"}, {books.SessionKind, "cliente_id"}},
	books.SessionKind: {{books.PaymentKind, "sessao_id"}},
	books.PaymentKind: {{books.CommissionKind, "pagamento_id"}, {books.SessionKind, "payment_id"}},
}

// Naming returns the live rows with a reference to a client, session or
// payment.
func (t *Tx) Naming(ctx context.Context, kind books.Kind, id books.ID) (rows []books.Row, err error) {
	for _, n := range naming[kind] {
		list, err := t.ids(ctx, "SELECT r.id FROM "+n.kind.Table()+" r WHERE r."+n.column+" = $1 ORDER BY r.id", int64(id))
		if err != nil {
			return nil, err
		}
		ids := make([]books.ID, len(list))
		for i, id := range list {
			ids[i] = books.ID(id)
		}
		live, err := t.LiveByID(ctx, n.kind, ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			rows = append(rows, live[id])
		}
	}
	return rows, nil
}

// SessionInStatement returns the payment in a statement of ours for this session, and the statement's month; ok is false if there is none. It searches
// the texts of all statements.
func (t *Tx) SessionInStatement(ctx context.Context, session books.ID) (payment books.ID, month books.Month, ok bool, err error) {
	var months []books.Month
	err = t.list(ctx, "SELECT ano, mes FROM extratos WHERE CAST(pagamentos AS TEXT) LIKE $1 ORDER BY ano, mes",
		[]any{fmt.Sprintf(`%%sessao_id__:%d,%%`, session)}, func(scan func(...any) error) error {
			var m books.Month
			err := scan(&m.Year, &m.Month)
			months = append(months, m)
			return err
		})
	if err != nil {
		return 0, books.Month{}, false, err
	}
	for _, m := range months {
		stored, err := t.Statement(ctx, m)
		if err != nil {
			return 0, m, false, err
		}
		for row, err := range stored.Rows() {
			if err != nil || row.Kind() != books.PaymentKind {
				break // a broken statement is reported elsewhere
			}
			if p := row.(*books.Payment); stored.Ours() && p.SessionID == books.RefTo(session) {
				return p.ID, m, true, nil
			}
		}
	}
	return 0, books.Month{}, false, nil
}

// MonthOfCommission returns the month of a commission: its live payment's; without
// a payment, the month it was made in; with a payment at rest, the statement's. ok is false if it belongs to no month.
func (t *Tx) MonthOfCommission(ctx context.Context, c *books.Commission) (month books.Month, ok bool, err error) {
	if c.PaymentID.Valid {
		live, err := t.LiveByID(ctx, books.PaymentKind, []books.ID{c.PaymentID.V})
		if err != nil {
			return month, false, err
		}
		if p, found := live[c.PaymentID.V].(*books.Payment); found {
			return p.Date.Month(), true, nil
		}
		if month, ok, err = t.restsIn(ctx, c.PaymentID.V); err != nil || ok {
			return month, ok, err
		}
	}
	if !c.CreatedAt.Valid {
		return month, false, nil
	}
	return books.MonthOf(c.CreatedAt.V.Time().In(t.s.zone)), true, nil
}

// restsIn returns the month of the statement with a payment; ok is false
// if none does.
func (t *Tx) restsIn(ctx context.Context, payment books.ID) (month books.Month, ok bool, err error) {
	var resting sql.NullString
	err = t.one(ctx, "SELECT "+restingMonth("CAST($1 AS INTEGER)"), []any{int64(payment)}, &resting)
	if err != nil || !resting.Valid {
		return month, false, err
	}
	return month, true, month.UnmarshalText([]byte(resting.String))
}

// MonthClosed reports whether month has a statement, or had one now gone, and
// returns its LastEntry: one without a statement if v4 has just closed it.
func (t *Tx) MonthClosed(ctx context.Context, month books.Month) (last books.ChainEntry, closed bool, err error) {
	last, err = t.LastEntry(ctx, month)
	if err != nil || last.HasStatement() {
		return last, last.HasStatement(), err
	}
	var one int
	err = t.one(ctx, "SELECT 1 FROM extratos WHERE mes = $1 AND ano = $2", []any{int(month.Month), month.Year}, &one)
	if errors.Is(err, sql.ErrNoRows) {
		return last, false, nil
	}
	return last, err == nil, err
}
