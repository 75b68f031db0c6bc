package store

import (
	"cmp"
	"context"
	"database/sql"

	"extrato/internal/books"
)

// CountMonths counts the live rows that belong to each month that has any, as
// CountMonth does for one: in one pass over each table, not one for each month.
// In a transaction of ReadRemembered it may answer from memory.
func (t *Tx) CountMonths(ctx context.Context) (map[books.Month]books.Counts, error) {
	return remembered(ctx, t, "counts", func() (map[books.Month]books.Counts, error) {
		c := monthCounts{}
		for _, count := range []func(context.Context, monthCounts) error{t.countDated, t.countCommissions, t.countSessions} {
			if err := count(ctx, c); err != nil {
				return nil, err
			}
		}
		return c, nil
	})
}

// CountRemembered counts as CountMonth does. In a transaction of ReadRemembered
// it may answer from memory.
func (t *Tx) CountRemembered(ctx context.Context, month books.Month) (books.Counts, error) {
	return remembered(ctx, t, "counts of "+month.String(), func() (books.Counts, error) { return t.CountMonth(ctx, month) })
}

// monthCounts are the counts of months that have rows.
type monthCounts map[books.Month]books.Counts

func (c monthCounts) add(month books.Month, kind books.Kind, n int64) {
	if !month.Valid() || n == 0 {
		return
	}
	counts := c[month]
	switch kind {
	case books.PaymentKind:
		counts.Payments += n
	case books.SessionKind:
		counts.Sessions += n
	case books.CommissionKind:
		counts.Commissions += n
	case books.ExpenseKind:
		counts.Expenses += n
	}
	c[month] = counts
}

// storedDay is a day as a database holds it. What is no day is in no month, and
// in SQLite neither is a BLOB, even one that spells a day: no range of days
// holds it.
type storedDay struct{ text string }

// Scan makes storedDay a sql.Scanner.
func (d *storedDay) Scan(src any) error {
	d.text, _ = src.(string)
	return nil
}

func (d storedDay) month() books.Month {
	day, err := books.ParseDay(d.text)
	if err != nil {
		return books.Month{}
	}
	return day.Month()
}

// eachDay counts the rows of a query by the month of the day p.data and returns
// how many there are. Days become text after they are grouped, which is faster.
func (t *Tx) eachDay(ctx context.Context, from string, add func(month books.Month, n int64)) (all int64, err error) {
	query := "SELECT " + t.s.dialect.text("g.data") + ", g.n FROM (SELECT p.data, count(*) AS n FROM " + from + " GROUP BY p.data) AS g"
	err = t.list(ctx, query, nil, func(scan func(...any) error) error {
		var day storedDay
		var n int64
		if err := scan(&day, &n); err != nil {
			return err
		}
		add(day.month(), n)
		all += n
		return nil
	})
	return all, err
}

// countDated counts what belongs to a month by its own date.
func (t *Tx) countDated(ctx context.Context, c monthCounts) error {
	for _, kind := range []books.Kind{books.PaymentKind, books.ExpenseKind} {
		if _, err := t.eachDay(ctx, kind.Table()+" p", func(month books.Month, n int64) { c.add(month, kind, n) }); err != nil {
			return err
		}
	}
	return nil
}

// countCommissions counts those of live payments by the payments' dates, and
// then the others.
func (t *Tx) countCommissions(ctx context.Context, c monthCounts) error {
	paid, err := t.eachDay(ctx, "comissoes c JOIN pagamentos p ON p.id = c.pagamento_id", func(month books.Month, n int64) { c.add(month, books.CommissionKind, n) })
	if err != nil {
		return err
	}
	var all int64
	if err := t.one(ctx, "SELECT count(*) FROM comissoes", nil, &all); err != nil || all == paid {
		return err
	}
	loose, err := t.looseMonths(ctx)
	for month, n := range loose {
		c.add(month, books.CommissionKind, n)
	}
	return err
}

// looseMonths counts the commissions without a live payment of each month; those
// of no month count for the zero Month. In a transaction of ReadRemembered it
// may answer from memory.
func (t *Tx) looseMonths(ctx context.Context) (map[books.Month]int64, error) {
	return remembered(ctx, t, "loose", func() (map[books.Month]int64, error) {
		months := map[books.Month]int64{}
		return months, t.eachLoose(ctx, "TRUE", func(l looseCommission) { months[l.month]++ })
	})
}

// looseCommission is one without a live payment, and the month it belongs to:
// that of the statement in which its payment rests, or else that in which it was
// made, in the studio's zone. It is zero if it was made at no instant that can
// be read: then it belongs to none.
type looseCommission struct {
	id    int64
	month books.Month
}

// eachLoose calls fn with every commission c that names a payment which is not
// live, which are few, and with those without a payment that meet a condition.
func (t *Tx) eachLoose(ctx context.Context, condition string, fn func(looseCommission)) error {
	var lost []looseCommission
	payments := map[int]books.ID{} // by where in lost
	columns := "SELECT c.id, CAST(c.pagamento_id AS TEXT), " + t.s.dialect.text("c.created_at") + " FROM comissoes c WHERE "
	query := columns + "c.pagamento_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pagamentos p WHERE p.id = c.pagamento_id) UNION ALL " +
		columns + "c.pagamento_id IS NULL AND " + condition
	err := t.list(ctx, query, nil, func(scan func(...any) error) error {
		var l looseCommission
		var payment, made sql.NullString
		if err := scan(&l.id, &payment, &made); err != nil {
			return err
		}
		var at books.Instant
		if at.Parse([]byte(made.String)) == nil {
			l.month = books.MonthOf(at.Time().In(t.s.zone))
		}
		if !payment.Valid {
			fn(l)
			return nil
		}
		var id books.ID
		if id.Parse([]byte(payment.String)) == nil {
			payments[len(lost)] = id
		}
		lost = append(lost, l)
		return nil
	})
	if err != nil {
		return err
	}
	if len(payments) > 0 {
		resting, err := t.paymentsAtRest(ctx)
		if err != nil {
			return err
		}
		for i, id := range payments {
			if month, ok := resting[id]; ok {
				lost[i].month = month
			}
		}
	}
	for _, l := range lost {
		fn(l)
	}
	return nil
}

// strays returns the loose commissions of which SQL cannot tell the month, which
// are few: those that name a payment and, on SQLite, those made at a text that
// does not sort as instants do.
func (t *Tx) strays(ctx context.Context) ([]looseCommission, error) {
	return remembered(ctx, t, "strays", func() (strays []looseCommission, err error) {
		err = t.eachLoose(ctx, "c.created_at IS NOT NULL AND NOT "+t.s.dialect.plainInstant("c.created_at"),
			func(l looseCommission) { strays = append(strays, l) })
		return strays, err
	})
}

// straysOf returns the ids of the strays of a month.
func (t *Tx) straysOf(ctx context.Context, month books.Month) ([]int64, error) {
	strays, err := t.strays(ctx)
	ids := []int64{}
	for _, s := range strays {
		if s.month == month {
			ids = append(ids, s.id)
		}
	}
	return ids, err
}

// countSessions counts the sessions all of whose payments lie in one month.
// Where every link goes both ways, each session has one payment, whose date
// says which month that is; otherwise they are looked at one by one.
func (t *Tx) countSessions(ctx context.Context, c monthCounts) error {
	months := map[books.Month]int64{}
	pairs, err := t.eachDay(ctx, "sessoes s JOIN pagamentos p ON p.id = s.payment_id WHERE p.sessao_id = s.id", func(month books.Month, n int64) { months[month] += n })
	if err != nil {
		return err
	}
	var named, naming int64
	err = t.one(ctx, `SELECT (SELECT count(*) FROM pagamentos WHERE sessao_id IS NOT NULL), (SELECT count(*) FROM sessoes WHERE payment_id IS NOT NULL)`,
		nil, &named, &naming)
	if err != nil {
		return err
	}
	if pairs != named || pairs != naming {
		return t.countLinked(ctx, c)
	}
	for month, n := range months {
		c.add(month, books.SessionKind, n)
	}
	return nil
}

// countLinked counts sessions however they are linked.
func (t *Tx) countLinked(ctx context.Context, c monthCounts) error {
	text := t.s.dialect.text
	query := `SELECT ` + text("g.first") + `, ` + text("g.last") + `, count(*) FROM (
			SELECT l.id, min(l.data) AS first, max(l.data) AS last FROM (
				SELECT s.id, p.data FROM sessoes s JOIN pagamentos p ON p.id = s.payment_id
				UNION ALL SELECT s.id, p.data FROM pagamentos p JOIN sessoes s ON s.id = p.sessao_id) AS l
			GROUP BY l.id HAVING min(CASE WHEN 1 = 1` + t.s.dialect.validDay("l.data") + ` THEN 1 ELSE 0 END) = 1) AS g
		GROUP BY g.first, g.last`
	return t.list(ctx, query, nil, func(scan func(...any) error) error {
		var first, last storedDay
		var n int64
		err := scan(&first, &last, &n)
		if first.month() == last.month() {
			c.add(first.month(), books.SessionKind, n)
		}
		return err
	})
}

// MonthTotals returns the totals that a month's live rows have, as a Tally of
// MonthRows reckons them. In a transaction of ReadRemembered it may answer from
// memory.
func (t *Tx) MonthTotals(ctx context.Context, month books.Month) (books.Totals, error) {
	return remembered(ctx, t, "totals of "+month.String(), func() (books.Totals, error) {
		args, err := t.monthArgs(ctx, month)
		if err != nil {
			return books.Totals{}, err
		}
		people, err := t.readPeople(ctx)
		if err != nil {
			return books.Totals{}, err
		}
		tally := books.NewTally()
		for _, kind := range []books.Kind{books.PaymentKind, books.CommissionKind, books.ExpenseKind} {
			if err := t.addSums(ctx, tally, people, kind, args); err != nil {
				return books.Totals{}, cmp.Or(t.brokenIn(ctx, month), err)
			}
		}
		return tally.Totals(), people.broken
	})
}

// brokenIn returns the error that names the first row of a month that cannot
// be read, if there is one.
func (t *Tx) brokenIn(ctx context.Context, month books.Month) error {
	for _, err := range t.MonthRows(ctx, month) {
		if err != nil {
			return err
		}
	}
	return nil
}

// addSums adds a row for each artist, method or both, with the sum of theirs.
// SQLite takes longer to group the rows than to hand them out one by one.
func (t *Tx) addSums(ctx context.Context, tally *books.Tally, people *people, kind books.Kind, args monthArgs) error {
	who, how := "r.artista_id", "r.forma_pagamento"
	switch kind {
	case books.CommissionKind:
		how = "NULL"
	case books.ExpenseKind:
		who = "NULL"
	}
	from, condition, n := t.s.dialect.walk(kind)
	cents, groups := "CAST(round(r.valor * 100) AS BIGINT)", ""
	if t.s.dialect.postgres {
		cents, groups = t.s.dialect.text("round(sum(r.valor) * 100)"), " GROUP BY 1, 2"
	}
	query := "SELECT " + who + ", " + how + ", " + cents + " FROM " + from + " WHERE " + condition + groups
	return t.list(ctx, query, args[:n], func(scan func(...any) error) error {
		var artist sql.NullInt64
		var method books.Text
		var sum int64
		if err := scan(&artist, &column{value: &method}, &sum); err != nil {
			return err
		}
		id, amount := books.ID(artist.Int64), books.Money(sum)
		switch kind {
		case books.PaymentKind:
			tally.Add(&books.Payment{ArtistID: id, ArtistName: people.artist(id), Method: method.V, Amount: amount})
		case books.CommissionKind:
			tally.Add(&books.Commission{ArtistID: id, ArtistName: people.artist(id), Amount: amount})
		default:
			tally.Add(&books.Expense{Method: method.V, Amount: amount})
		}
		return nil
	})
}

// HasRows reports whether anything was ever recorded here.
func (t *Tx) HasRows(ctx context.Context) (some bool, err error) {
	err = t.one(ctx, `SELECT EXISTS (SELECT 1 FROM pagamentos) OR EXISTS (SELECT 1 FROM gastos) OR EXISTS (SELECT 1 FROM sessoes)
		OR EXISTS (SELECT 1 FROM extratos)`, nil, &some)
	return some, err
}
