package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/books"
)

// recordJoins says for each kind what its copies are read from.
var recordJoins = [books.KindCount]struct{ copies, joins string }{
	books.PaymentKind: {"c.name, a.name, %s", ` LEFT JOIN clients c ON c.id = r.cliente_id LEFT JOIN users a ON a.id = r.artista_id
		LEFT JOIN sessoes s ON s.id = r.sessao_id`},
	books.SessionKind: {"c.name, a.name", " LEFT JOIN clients c ON c.id = r.cliente_id LEFT JOIN users a ON a.id = r.artista_id"},
	books.CommissionKind: {"a.name, c.name, %s, %s", ` LEFT JOIN users a ON a.id = r.artista_id LEFT JOIN pagamentos p ON p.id = r.pagamento_id
		LEFT JOIN clients c ON c.id = p.cliente_id`},
	books.ExpenseKind: {"NULL, a.name", " LEFT JOIN users a ON a.id = r.created_by"},
}

// recordQuery selects whole rows of a kind with their copies, and as the last
// column the instant that lists are ordered by, as the database writes it.
func (t *Tx) recordQuery(ctx context.Context, kind books.Kind) (string, error) {
	hasTime, err := t.hasColumn(ctx, "sessoes", "hora")
	if err != nil {
		return "", err
	}
	text := t.s.dialect.text
	columns := strings.Join(t.s.selectColumns(kind, hasTime), ", ")
	copies, joins := recordJoins[kind].copies, recordJoins[kind].joins
	switch kind {
	case books.PaymentKind:
		copies = fmt.Sprintf(copies, text("s.data"))
	case books.CommissionKind:
		copies = fmt.Sprintf(copies, text("p.valor"), text("p.data"))
	}
	if copies != "" {
		columns += ", " + copies
	}
	return "SELECT " + columns + ", CAST(" + madeAt + " AS TEXT) FROM " + kind.Table() + " r" + joins, nil
}

// madeAt is when a row was made. Rows of older databases may not say it; in
// lists they come last of their day.
const madeAt = "coalesce(r.created_at, '1000-01-01 00:00:00')"

// records runs a query of recordQuery. made gets each row's instant as the
// database writes it.
func (t *Tx) records(ctx context.Context, kind books.Kind, made *books.Text, query string, args ...any) books.Rows {
	copies := func(row books.Row, values []books.Value) []books.Value { return append(row.AppendCopies(values), made) }
	return t.scan(ctx, kind, copies, query, args...)
}

// Record returns a live row with its copies. It fails with an Error of kind
// NotFound if there is none with this id.
func (t *Tx) Record(ctx context.Context, kind books.Kind, id books.ID) (books.Row, error) {
	query, err := t.recordQuery(ctx, kind)
	if err != nil {
		return nil, err
	}
	var made books.Text
	for row, err := range t.records(ctx, kind, &made, query+" WHERE r.id = $1", int64(id)) {
		return row, err
	}
	return nil, books.NotFoundf("no_"+english[kind], "there is no live %s %d", english[kind], id).
		WithHint("a row of a closed month rests in that month's statement")
}

// english is how errors call the kinds of rows.
var english = [books.KindCount]string{"payment", "session", "commission", "expense", "link", "client", "artist"}

// Wanted says which live rows a list holds.
type Wanted struct {
	Kind    books.Kind
	Month   books.Month // of payments, expenses and commissions, what belongs to it; of sessions, those of its days. Zero: all
	Artist  books.ID    // whose payments, sessions and commissions; 0: everybody's
	Payment books.ID    // whose commissions; 0: any
	After   Position    // where the part before ended; zero: at the start
	Limit   int
}

// Position is where a part of a list ended.
type Position struct {
	Day  string // of kinds that have one
	Made string // created_at as the database writes it
	ID   books.ID
}

// Valid reports whether a position that came from outside can be one of this
// kind's list.
func (p Position) Valid(kind books.Kind) bool {
	var made books.Instant
	_, err := books.ParseDay(p.Day)
	return made.Parse([]byte(p.Made)) == nil && p.ID > 0 && (err == nil || p.Day == "" && !hasDay(kind))
}

func hasDay(kind books.Kind) bool {
	return kind == books.PaymentKind || kind == books.SessionKind || kind == books.ExpenseKind
}

// ListRecords returns the live rows that are wanted, newest first: by day, by
// the instant they were made, by id. more is where they go on, zero if they do
// not.
func (t *Tx) ListRecords(ctx context.Context, w Wanted) (rows []books.Row, more Position, err error) {
	query, err := t.recordQuery(ctx, w.Kind)
	if err != nil {
		return nil, Position{}, err
	}
	conditions, args, err := t.wanted(ctx, w)
	if err != nil {
		return nil, Position{}, err
	}
	if len(conditions) > 0 {
		query += " WHERE " + strings.Join(conditions, " AND ")
	}
	order := " ORDER BY " + madeAt + " DESC, r.id DESC"
	if hasDay(w.Kind) {
		order = " ORDER BY r.data DESC, " + madeAt + " DESC, r.id DESC"
	}
	var made, last books.Text
	for row, err := range t.records(ctx, w.Kind, &made, query+order+" LIMIT "+strconv.Itoa(w.Limit+1), args...) {
		if err != nil {
			return nil, Position{}, err
		}
		if len(rows) == w.Limit {
			more = Position{Day: dayOf(rows[w.Limit-1]), Made: string(last.V), ID: rows[w.Limit-1].Key()}
			break
		}
		rows, last = append(rows, row), made
	}
	return rows, more, nil
}

func dayOf(row books.Row) string {
	switch r := row.(type) {
	case *books.Payment:
		return r.Date.String()
	case *books.Session:
		return r.Date.String()
	case *books.Expense:
		return r.Date.String()
	}
	return ""
}

// wanted returns the conditions of a list and their arguments. Those of the
// month come first, because they number theirs from $1.
func (t *Tx) wanted(ctx context.Context, w Wanted) (conditions []string, args []any, err error) {
	if !w.Month.IsZero() {
		all, err := t.monthArgs(ctx, w.Month)
		if err != nil {
			return nil, nil, err
		}
		condition, n := t.s.dialect.in("r.data"), 2
		if w.Kind != books.SessionKind {
			condition, n = t.s.dialect.belongs(w.Kind)
		}
		conditions, args = append(conditions, condition), all[:n]
	}
	where := func(condition string, values ...any) {
		for i := len(values); i > 0; i-- {
			condition = strings.ReplaceAll(condition, "$"+strconv.Itoa(i), "$"+strconv.Itoa(len(args)+i))
		}
		conditions, args = append(conditions, condition), append(slices.Clip(args), values...)
	}
	if w.Artist != 0 {
		where("r.artista_id = $1", int64(w.Artist))
	}
	if w.Payment != 0 {
		where("r.pagamento_id = $1", int64(w.Payment))
	}
	if w.Kind == books.ArtistKind {
		where("r.role = 'artist'")
	}
	if w.After == (Position{}) {
		return conditions, args, nil
	}
	made := w.After.Made
	if t.s.dialect.postgres {
		var instant books.Instant
		if err := instant.Parse([]byte(made)); err != nil {
			return nil, nil, err
		}
		made = instant.SQL().(string)
	}
	if hasDay(w.Kind) {
		where("(r.data, "+madeAt+", r.id) < ($1, $2, $3)", w.After.Day, made, int64(w.After.ID))
	} else {
		where("("+madeAt+", r.id) < ($1, $2)", made, int64(w.After.ID))
	}
	return conditions, args, nil
}

// AddRecord puts a new row into its table and returns the id that it got. A
// session's time, which only older databases have, cannot be set.
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
	return id, taken(row, err)
}

// ChangeRecord writes a row that there is over itself, except for what this
// program does not change: a session's time and v4's unused pagamentos.comissao.
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
	return taken(row, err)
}

// written returns the columns that a new row sets, and their values.
func written(row books.Row) (columns []string, values []books.Value) {
	all := row.AppendValues(nil)
	for i, c := range row.Kind().Columns() {
		if c != "id" && c != "hora" {
			columns, values = append(columns, c), append(values, all[i])
		}
	}
	return columns, values
}

// taken says which of its unique keys a row shares with another.
func taken(row books.Row, err error) error {
	if !isDuplicate(err) {
		return err
	}
	if row.Kind() == books.ClientKind {
		return books.Conflictf("form_taken", "another client has this jotform_submission_id").Because(err)
	}
	return books.Conflictf("event_taken", "another %s has this google_event_id", english[row.Kind()]).
		WithHint("each calendar event belongs to one row; leave google_event_id out, or clear the other row's").Because(err)
}

// RemoveRecord deletes a live row. Whoever calls it has seen to the rows that
// refer to it.
func (t *Tx) RemoveRecord(ctx context.Context, kind books.Kind, id books.ID) error {
	_, err := t.exec(ctx, "DELETE FROM "+kind.Table()+" WHERE id = $1", int64(id))
	return err
}

// CommissionsOf returns a payment's commissions, by id, without copies.
func (t *Tx) CommissionsOf(ctx context.Context, payment books.ID) (list []*books.Commission, err error) {
	query := "SELECT " + strings.Join(t.s.selectColumns(books.CommissionKind, false), ", ") + " FROM comissoes r WHERE r.pagamento_id = $1 ORDER BY r.id"
	for row, err := range t.scanPlain(ctx, books.CommissionKind, query, int64(payment)) {
		if err != nil {
			return nil, err
		}
		list = append(list, row.(*books.Commission))
	}
	return list, nil
}

// LinkSession makes a payment the session's latest, which says that it is paid.
func (t *Tx) LinkSession(ctx context.Context, session, payment books.ID, at books.Instant) error {
	_, err := t.exec(ctx, "UPDATE sessoes SET payment_id = $2, status = 'paid', updated_at = $3 WHERE id = $1",
		int64(session), int64(payment), at.SQL())
	return err
}

// UnlinkPayment takes a payment from the sessions that it is linked to, in
// either direction. Each points at the newest of its other payments then; one
// that has none is no longer paid.
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

// MonthClosed reports whether month has a statement, or had one that is gone.
func (t *Tx) MonthClosed(ctx context.Context, month books.Month) (bool, error) {
	last, err := t.LastClosing(ctx, month)
	if err != nil || last.HasStatement() {
		return last.HasStatement(), err
	}
	var one int
	err = t.one(ctx, "SELECT 1 FROM extratos WHERE mes = $1 AND ano = $2", []any{int(month.Month), month.Year}, &one) // v4 may just have closed it
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// MonthOfCommission returns the month that a commission belongs to: its live
// payment's; without a payment, that in which it was made; of a payment that
// is gone, that of its statement, if one holds it. ok is false if it is none.
func (t *Tx) MonthOfCommission(ctx context.Context, c *books.Commission) (month books.Month, ok bool, err error) {
	if c.PaymentID.Valid {
		live, err := t.LiveByID(ctx, books.PaymentKind, []books.ID{c.PaymentID.V})
		if err != nil {
			return month, false, err
		}
		if p, found := live[c.PaymentID.V].(*books.Payment); found {
			return p.Date.Month(), true, nil
		}
		resting, err := t.paymentsAtRest(ctx)
		if month, ok = resting[c.PaymentID.V]; ok || err != nil {
			return month, ok, err
		}
	}
	if !c.CreatedAt.Valid {
		return month, false, nil
	}
	return books.MonthOf(c.CreatedAt.V.Time().In(t.s.zone)), true, nil
}

// Refers reports whether any row that is live has id in one of these
// columns, named as table.column by the program itself.
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
