package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"extrato/internal/books"
)

// What belongs to a month. These texts are the only definition: backup, close,
// preview, deletion and late rows all go through them, and counts.go counts by
// the same rules for all months at once.
//
//   - payments and expenses by their date;
//   - the sessions linked to such a payment in either direction, on any date of
//     their own, unless they are not over: a live payment outside
//     the month is linked to them as well, or they are owing;
//   - the commissions of those payments, and unpaired ones (without a live
//     payment) by the month of the statement with their payment or, without one, by
//     the instant they were made in the studio's zone;
//   - the links lost by sessions that stay when their payment leaves.
//
// An owing session has received less than its price, is not completed, and
// either its day is after the month or everything it received is deposits. It
// has received its live payments and those at rest in deposits.
//
// Each direction has a NOT EXISTS of its own, and ids meet by UNION ALL and
// EXCEPT: one condition with OR goes quadratic on PostgreSQL, and so would a
// join with owing sessions if PostgreSQL takes them to be few.

// monthArgs are the arguments of a month's conditions.
type monthArgs struct {
	first, last string // its days
	owing       string // a JSON array of the sessions owing if they left now
	listed      string // a JSON array of its listed commissions (see listedCommissions)
	start, end  string // its first instant, and the first after it

	few, fewSessions bool // most live rows are of other months, or most live sessions
}

// monthArgs finds a month's arguments, once in a snapshot.
func (t *Tx) monthArgs(ctx context.Context, month books.Month) (monthArgs, error) {
	if args, found := t.months[month]; found {
		return args, nil
	}
	args, err := t.findMonthArgs(ctx, month)
	if err == nil && t.readOnly {
		if t.months == nil {
			t.months = map[books.Month]monthArgs{}
		}
		t.months[month] = args
	}
	return args, err
}

func (t *Tx) findMonthArgs(ctx context.Context, month books.Month) (monthArgs, error) {
	args := monthArgs{first: month.First().String(), last: month.Last().String(), start: edge(month.Start(t.s.zone)), end: edge(month.End(t.s.zone))}
	owing, err := t.owingAfter(ctx, args.first, args.last)
	if err != nil {
		return args, err
	}
	listed, err := t.listedOf(ctx, month)
	args.owing, args.listed = jsonIDs(owing), jsonIDs(listed)
	if err == nil && t.s.dialect.inOrder != "" {
		err = t.compare(ctx, &args)
	}
	return args, err
}

// walkPays is how many live rows there may be for each of the month's, so that
// walking the table is faster than looking these up; a variable for tests.
var walkPays = 4

// compare finds out whether the month's rows are few among the live ones.
func (t *Tx) compare(ctx context.Context, m *monthArgs) error {
	var paid, payments, sessions int
	if err := t.one(ctx, "SELECT count(*) FROM pagamentos p WHERE "+t.s.dialect.in("p.data"), []any{m.first, m.last}, &paid); err != nil {
		return err
	}
	most := walkPays * (paid + 1)
	const upTo = "(SELECT count(*) FROM (SELECT 1 FROM %s LIMIT $1) AS l)"
	err := t.one(ctx, fmt.Sprintf("SELECT "+upTo+", "+upTo, "pagamentos", "sessoes"), []any{most + 1}, &payments, &sessions)
	m.few, m.fewSessions = payments > most, sessions > most
	return err
}

// rows returns the FROM clause for the month's rows r of one kind, and the
// condition for them, the faster of two.
func (m monthArgs) rows(d dialect, kind books.Kind) (from, condition string) {
	few := m.few
	if kind == books.SessionKind {
		few = m.fewSessions
	}
	if few && kind != books.LinkKind { // links are found by a third way
		return tableOf(kind) + " r", d.belongs(kind)
	}
	return d.walk(kind)
}

// manyLater is the number of later sessions above which a search for owing ones
// begins with the month's payments, as it does where there are none; a variable for tests.
var manyLater = 500

// owingAfter returns the sessions owing if they left with the month of these
// days, at least those linked to its payments.
func (t *Tx) owingAfter(ctx context.Context, first, last string) ([]int64, error) {
	d := t.s.dialect
	owing := []int64{}
	var paid bool
	var later int
	err := t.one(ctx, "SELECT EXISTS (SELECT 1 FROM pagamentos p WHERE "+d.in("p.data")+"), (SELECT count(*) FROM (SELECT 1 FROM sessoes s WHERE s.data > $2 LIMIT "+
		strconv.Itoa(manyLater+1)+") AS l)", []any{first, last}, &paid, &later)
	if err != nil {
		return nil, err
	}
	err = t.list(ctx, d.owing(!paid || later > manyLater), []any{first, last}, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		owing = append(owing, id)
		return err
	})
	return owing, err
}

// of returns the arguments, $1 and on, of the conditions for one kind.
func (m monthArgs) of(kind books.Kind) []any {
	switch kind {
	case books.SessionKind, books.LinkKind:
		return []any{m.first, m.last, m.owing}
	case books.CommissionKind:
		return []any{m.first, m.last, m.listed, m.start, m.end}
	}
	return []any{m.first, m.last}
}

// edge returns the instant as whole seconds: as text in SQLite it sorts before
// every plain instant of the same second.
func edge(at time.Time) string { return at.UTC().Format(time.DateTime) }

// in is the condition "the column's day lies in the month".
func (d dialect) in(column string) string {
	return "(" + column + " BETWEEN $1 AND $2" + d.validDay(column) + ")"
}

// unpaired is the condition "the commission names no payment and was made in
// the month". An unreadable created_at is in no month.
func (d dialect) unpaired(row string) string {
	made := row + ".created_at"
	return "(" + row + ".pagamento_id IS NULL AND " + made + " >= $4 AND " + made + " < $5 AND " + d.plainInstant(made) + ")"
}

// commission is the condition "commission r, with its payment p or NULLs, belongs
// to the month".
func (d dialect) commission() string {
	return "(" + d.in("p.data") + " OR " + d.unpaired("r") + " OR r.id IN (" + d.idList("$3") + "))"
}

// belongs returns the condition "row r of a kind's table belongs to the month".
// For links, r is the session.
func (d dialect) belongs(kind books.Kind) string {
	payments := "SELECT id FROM pagamentos WHERE " + d.in("data")
	outside := "NOT " + d.in("q.data")
	switch kind {
	case books.PaymentKind, books.ExpenseKind:
		return d.in("r.data")
	case books.SessionKind:
		return `r.id IN (SELECT x.id FROM sessoes x WHERE x.payment_id IN (` + payments + `)
				UNION ALL SELECT p.sessao_id FROM pagamentos p WHERE ` + d.in("p.data") + `
				EXCEPT ` + d.idList("$3") + `)
			AND NOT EXISTS (SELECT 1 FROM pagamentos q WHERE q.sessao_id = r.id AND ` + outside + `)
			AND NOT EXISTS (SELECT 1 FROM pagamentos q WHERE q.id = r.payment_id AND ` + outside + ")"
	case books.CommissionKind:
		return `r.id IN (SELECT c.id FROM comissoes c WHERE c.pagamento_id IN (` + payments + `)
			UNION ALL SELECT c.id FROM comissoes c WHERE ` + d.unpaired("c") + `
			UNION ALL SELECT c.id FROM comissoes c WHERE c.id IN (` + d.idList("$3") + `))`
	case books.LinkKind:
		return `r.payment_id IN (` + payments + `) AND r.id IN (
			SELECT q.sessao_id FROM pagamentos q JOIN sessoes x ON x.id = q.sessao_id WHERE ` + outside + ` AND x.payment_id IN (` + payments + `)
			UNION ALL ` + d.idList("$3") + `)`
	}
	panic("nothing says which rows of " + kind.String() + " belong to a month")
}

// owing returns a SELECT of the ids of the sessions that would be owing if they
// left with the month. Both parts begin with few sessions: those of later
// months, or those linked to the month's payments where these are fewer; and
// those with a deposit in the month.
func (d dialect) owing(manyLater bool) string {
	owing := notCompleted + " AND " + owesPart
	linked := func(deposits, marked string) string {
		return "s.id IN (SELECT p.sessao_id FROM pagamentos p" + deposits + " WHERE " + marked + d.in("p.data") + `
				UNION ALL SELECT x.id FROM pagamentos p` + deposits + " JOIN sessoes x ON x.payment_id = p.id WHERE " + marked + d.in("p.data") + ")"
	}
	later := "s.data > $2"
	if manyLater {
		later += " AND " + linked("", "")
	}
	return "SELECT s.id FROM sessoes s WHERE " + later + d.validDay("s.data") + " AND " + owing + `
		UNION ALL SELECT s.id FROM sessoes s WHERE ` + linked(" JOIN deposits m ON m.payment = p.id", "m.marked AND ") + `
			AND ` + onlyDeposits + ` AND ` + owing
}

// received is the sum in centavos received for session s.
const received = `(SELECT coalesce(sum(round(g.valor * 100)), 0) FROM (
	SELECT q.valor FROM pagamentos q WHERE q.sessao_id = s.id
	UNION ALL SELECT q.valor FROM pagamentos q WHERE q.id = s.payment_id AND (q.sessao_id IS NULL OR q.sessao_id <> s.id)
	UNION ALL SELECT e.amount FROM deposits e WHERE e.session = s.id AND ` + atRest + `) AS g)`

// onlyDeposits is the condition "all of it is deposits".
const onlyDeposits = `NOT EXISTS (SELECT 1 FROM pagamentos q LEFT JOIN deposits e ON e.payment = q.id AND e.marked WHERE q.sessao_id = s.id AND e.payment IS NULL)
	AND NOT EXISTS (SELECT 1 FROM pagamentos q LEFT JOIN deposits e ON e.payment = q.id AND e.marked WHERE q.id = s.payment_id AND e.payment IS NULL)
	AND NOT EXISTS (SELECT 1 FROM deposits e WHERE e.session = s.id AND NOT e.marked AND ` + atRest + `)`

// atRest is the condition "the payment of deposit e rests in a statement". A
// payment put back by hand is live.
const atRest = "e.month IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pagamentos l WHERE l.id = e.payment)"

// ofPayment joins a commission's payment, or NULLs.
const ofPayment = " LEFT JOIN pagamentos p ON p.id = r.pagamento_id"

// walk returns the FROM clause for a month's rows r of one kind and the condition
// "r belongs to the month". Where most live rows belong to the closing month,
// SQLite walks the table in the wanted order (by the index on days it would
// sort first) and looks up each row's payment p. This is twice as fast as
// belongs there. PostgreSQL would go quadratic on the OR.
func (d dialect) walk(kind books.Kind) (from, condition string) {
	from = tableOf(kind) + " r"
	condition = d.belongs(kind)
	if d.inOrder == "" {
		return from, condition
	}
	from += d.inOrder
	paying := func(in string) string {
		return "EXISTS (SELECT 1 FROM pagamentos q WHERE q.sessao_id = r.id AND " + in + ")"
	}
	inside, outside := d.in("q.data"), "NOT "+d.in("q.data")
	switch kind {
	case books.LinkKind: // they are few: CROSS JOIN begins with the sessions that stay
		from = tableOf(kind) + " r CROSS JOIN pagamentos p ON p.id = r.payment_id"
		condition = d.in("p.data") + " AND r.id IN (SELECT q.sessao_id FROM pagamentos q WHERE q.sessao_id IS NOT NULL AND " + outside + " UNION ALL " + d.idList("$3") + ")"
	case books.SessionKind:
		from += " LEFT JOIN pagamentos p ON p.id = r.payment_id"
		condition = "(p.id IS NULL OR " + d.in("p.data") + ") AND NOT " + paying(outside) + `
			AND (p.id IS NOT NULL OR ` + paying(inside) + ") AND r.id NOT IN (" + d.idList("$3") + ")"
	case books.CommissionKind:
		from += ofPayment
		condition = d.commission()
	}
	return from, condition
}

// monthIDs returns the query for the ids of a month's rows of one kind. For
// links these are the sessions' ids.
func (d dialect) monthIDs(kind books.Kind) string {
	return "SELECT r.id FROM " + tableOf(kind) + " r WHERE " + d.belongs(kind)
}

func tableOf(kind books.Kind) string {
	if kind == books.LinkKind {
		return books.SessionKind.Table()
	}
	return kind.Table()
}

// clientOfPayment is a commission's client: that of its payment p, or else of
// the payment's session.
const clientOfPayment = `coalesce(p.cliente_id, (SELECT s.cliente_id FROM sessoes s WHERE s.id = p.sessao_id),
	(SELECT min(s.cliente_id) FROM sessoes s WHERE s.payment_id = p.id))`
