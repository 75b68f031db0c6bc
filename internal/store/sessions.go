package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/books"
)

// owesPart is the condition "session s has received less than its price".
const owesPart = received + " < round(s.valor * 100)"

const notCompleted = "coalesce(s.status, '') <> 'completed'"

// addSessions adds the filter's conditions on sessions r.
func (f Filter) addSessions(d dialect, where func(condition string, values ...any)) {
	if f.NotCompleted || f.Owing {
		where(ofRow(notCompleted) + d.validDay("r.data"))
	}
	f.addFound(d, where)
	if f.Owing {
		where(ofRow(owesPart))
	}
}

// ofRow is a condition on session s, for row r.
func ofRow(condition string) string { return strings.ReplaceAll(condition, "s.", "r.") }

// Receipts returns the payments received for live sessions, over all months.
func (t *Tx) Receipts(ctx context.Context, sessions []books.ID) (map[books.ID]books.Receipts, error) {
	all := map[books.ID]books.Receipts{}
	if len(sessions) == 0 {
		return all, nil
	}
	d := t.s.dialect
	ids := "(" + d.idList("$1") + ")"
	live := ", q.id AS payment, q.data AS day, q.valor AS amount, q.forma_pagamento AS method, " + isMarked + " AS marked, '' AS month"
	query := `SELECT g.session, g.payment, ` + d.text("g.day") + ", " + d.text("g.amount") + `, g.method, g.marked, g.month FROM (
			SELECT q.sessao_id AS session` + live + ` FROM pagamentos q LEFT JOIN deposits e ON e.payment = q.id WHERE q.sessao_id IN ` + ids + `
			UNION ALL SELECT s.id` + live + ` FROM sessoes s JOIN pagamentos q ON q.id = s.payment_id LEFT JOIN deposits e ON e.payment = q.id
				WHERE s.id IN ` + ids + ` AND (q.sessao_id IS NULL OR q.sessao_id <> s.id)
			UNION ALL SELECT e.session, e.payment, e.day, e.amount, NULL, ` + isMarked + `, e.month FROM deposits e WHERE e.session IN ` + ids + ` AND ` + atRest + `
		) AS g ORDER BY g.session, g.day, g.payment`
	err := t.list(ctx, query, []any{jsonIDs(sessions)}, func(scan func(...any) error) error {
		var r books.Receipt
		var session books.ID
		var mark books.Mark
		var month string
		err := scan(&session, &r.Payment, &column{value: &r.Day}, &column{value: &r.Amount}, &column{value: &r.Method}, &column{value: &mark}, &month)
		if err == nil && month != "" {
			r.Month, err = books.ParseMonth(month)
		}
		r.Deposit = bool(mark)
		all[session] = append(all[session], r)
		return err
	})
	return all, err
}

// SessionSums are the sums of the sessions of a list. Due is the part of Owed for
// days until today.
type SessionSums struct {
	Number                     int64
	Price, Received, Owed, Due books.Money
}

// fewSessions is the number of sessions up to which each one's receipts are
// looked up.
const fewSessions = 200

// SumSessions returns the sums of all sessions wanted, regardless of limit and
// position. It adds up the prices of all, then corrects that by what was
// received: in a long list few sessions have receipts, so it begins with these.
func (t *Tx) SumSessions(ctx context.Context, w Wanted, today books.Day) (s SessionSums, err error) {
	w = w.whole(books.SessionKind)
	if w, err = t.Find(ctx, w); err != nil {
		return s, err
	}
	owing := w.Owing
	w.NotCompleted, w.Owing = w.NotCompleted || owing, false
	conditions, args, err := t.wanted(ctx, w)
	if err != nil {
		return s, err
	}
	if owing {
		conditions = append(conditions, "r.valor > 0")
	}
	if s, err = t.sumPrices(ctx, conditions, args, today); err != nil {
		return s, err
	}
	if s.Number == 0 {
		return s, nil
	}
	columns := "SELECT " + t.s.dialect.text("r.data") + ", " + t.s.dialect.text("r.valor") + ", r.status, "
	query := `WITH m AS MATERIALIZED (SELECT l.session, sum(` + centavos("l.valor") + `) AS received FROM (
			SELECT q.sessao_id AS session, q.valor FROM pagamentos q WHERE q.sessao_id IS NOT NULL
			UNION ALL SELECT s.id, q.valor FROM sessoes s JOIN pagamentos q ON q.id = s.payment_id WHERE q.sessao_id IS NULL OR q.sessao_id <> s.id
			UNION ALL SELECT e.session, e.amount FROM deposits e WHERE e.session IN (SELECT id FROM sessoes) AND ` + atRest + `) AS l GROUP BY l.session)
		` + columns + `CAST(m.received AS BIGINT) FROM m JOIN sessoes r ON r.id = m.session` + whereAll(conditions)
	if s.Number <= fewSessions {
		query = columns + "CAST(" + ofRow(received) + " AS BIGINT) FROM sessoes r" + whereAll(conditions)
	}
	err = t.list(ctx, query, args, func(scan func(...any) error) error {
		var row books.Session
		var received int64
		err := scan(&column{value: &row.Date}, &column{value: &row.Amount}, &column{value: &row.Status}, &received)
		s.correct(&row, books.Money(received), owing, today)
		return err
	})
	return s, err
}

// sumPrices adds sessions up as if nothing was received.
func (t *Tx) sumPrices(ctx context.Context, conditions []string, args []any, today books.Day) (s SessionSums, err error) {
	sum := func(filter string) string {
		return "CAST(coalesce(round(sum(r.valor)" + filter + " * 100), 0) AS BIGINT)"
	}
	open := ofRow(notCompleted)
	query := "SELECT count(*), " + sum("") + ", " + sum(" FILTER (WHERE "+open+")") + ", " + sum(" FILTER (WHERE "+open+" AND r.data <= $"+strconv.Itoa(len(args)+1)+")") +
		" FROM sessoes r" + whereAll(conditions)
	var price, owed, due int64
	err = t.one(ctx, query, append(slices.Clip(args), today.String()), &s.Number, &price, &owed, &due)
	s.Price, s.Owed, s.Due = books.Money(price), books.Money(owed), books.Money(due)
	return s, err
}

// correct takes what was received for a session into the sums. Where only owing
// ones are wanted, a paid one is none of them.
func (s *SessionSums) correct(row *books.Session, received books.Money, owing bool, today books.Day) {
	owed := row.Owed(received)
	if !row.IsCompleted() {
		s.Owed -= row.Amount - owed
		if row.Date <= today {
			s.Due -= row.Amount - owed
		}
	}
	if owing && owed == 0 {
		s.Number--
		s.Price -= row.Amount
		return
	}
	s.Received += received
}

func whereAll(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}

// OpenSession is a session with a payment to be expected.
type OpenSession struct {
	ID              books.ID
	Date            books.Day
	Price, Received books.Money
	Artist, Client  books.ID // of a merged client, the survivor
	ClientName      string
}

// Owed returns the amount still to be received.
func (s OpenSession) Owed() books.Money { return max(s.Price-s.Received, 0) }

// OpenSessions narrows a list of open sessions down; zero values take all.
type OpenSessions struct {
	ID, Client, Artist books.ID
	From, To           books.Day
	Unpriced           bool // also those without a price
	Limit              int
}

// OpenSessions returns the sessions not completed and with less received than
// their price, the latest day first. Payments in statements count as received.
func (t *Tx) OpenSessions(ctx context.Context, o OpenSessions) (list []OpenSession, err error) {
	text, d := t.s.dialect.text, t.s.dialect
	condition := notCompleted + d.validDay("s.data")
	var args []any
	add := func(wanted bool, part string, value any) {
		if wanted {
			args = append(args, value)
			condition += " AND " + strings.ReplaceAll(part, "$1", "$"+strconv.Itoa(len(args)))
		}
	}
	add(o.ID != 0, "s.id = $1", int64(o.ID))
	if o.Client != 0 {
		ids, merged, err := t.sameClient(ctx, o.Client)
		if err != nil || merged {
			return nil, err
		}
		condition += " AND s.cliente_id IN (" + ids + ")"
	}
	add(o.Artist != 0, "s.artista_id = $1", int64(o.Artist))
	add(o.From != 0, "s.data >= $1", o.From.String())
	add(o.To != 0, "s.data <= $1", o.To.String())
	owing := owesPart
	if o.Unpriced {
		owing = "(s.valor = 0 OR " + owing + ")"
	}
	// Materialized, so only the sessions listed are described.
	query := "WITH o AS MATERIALIZED (SELECT s.id FROM sessoes s WHERE " + condition + " AND " + owing + " ORDER BY s.data DESC, s.id DESC LIMIT " + strconv.Itoa(o.Limit) + `)
		SELECT s.id, ` + text("s.data") + ", " + text("s.valor") + ", CAST(" + received + ` AS BIGINT), s.artista_id, c.id, c.name
		FROM o JOIN sessoes s ON s.id = o.id` + joinMerge("s.cliente_id") + ` JOIN clients c ON c.id = coalesce(m.merged_into, s.cliente_id)
		ORDER BY s.data DESC, s.id DESC`
	err = t.list(ctx, query, args, func(scan func(...any) error) error {
		var s OpenSession
		var received int64
		err := scan(&s.ID, &column{value: &s.Date}, &column{value: &s.Price}, &received, &s.Artist, &s.Client, &s.ClientName)
		s.Received = books.Money(received)
		list = append(list, s)
		return err
	})
	return list, err
}

// sameClient returns the ids of a client and of those merged into it, separated
// by commas: PostgreSQL would compute what each session received before it
// joined a query for them. merged reports whether it was merged into another.
func (t *Tx) sameClient(ctx context.Context, client books.ID) (ids string, merged bool, err error) {
	ids = string(client.AppendText(nil))
	err = t.list(ctx, "SELECT m.client FROM merged_clients m WHERE m.merged_into = $1 UNION ALL SELECT c.id FROM clients c"+joinMerge("c.id")+" WHERE c.id = $1 AND m.client IS NOT NULL", []any{int64(client)}, func(scan func(...any) error) error {
		var id books.ID
		err := scan(&id)
		if id == client {
			merged = true
		} else {
			ids += ", " + string(id.AppendText(nil))
		}
		return err
	})
	return ids, merged, err
}
