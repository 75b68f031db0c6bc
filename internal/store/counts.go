package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"extrato/internal/books"
)

// CountMonths counts the live rows of each month with any, as CountMonth does
// for one: in one pass over each table, not one for each month.
func (t *Tx) CountMonths(ctx context.Context) (map[books.Month]books.Counts, error) {
	c := monthCounts{}
	for _, count := range []func(context.Context, monthCounts) error{t.countDated, t.countCommissions, t.countSessions} {
		if err := count(ctx, c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// monthCounts are the counts of months with rows.
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

// storedDay is a day as a database holds it. An invalid day is in no month. In
// SQLite neither is a BLOB, even one that reads as a day: no range of days
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

// eachDay counts the rows of a query by the month of the day p.data, and
// returns their number. Days become text after they are grouped, for speed.
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

// countDated counts the rows with a date of their own.
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
	unpaired, err := t.unpairedMonths(ctx)
	for month, n := range unpaired {
		c.add(month, books.CommissionKind, n)
	}
	return err
}

// unpairedMonths counts the unpaired commissions of each month; those of no
// month count for the zero Month.
func (t *Tx) unpairedMonths(ctx context.Context) (map[books.Month]int64, error) {
	months := map[books.Month]int64{}
	unpaired, err := t.unpaired(ctx)
	for _, u := range unpaired {
		months[u.month]++
	}
	return months, err
}

// unpaired returns all unpaired commissions. It searches once in a snapshot.
func (t *Tx) unpaired(ctx context.Context) (all []unpairedCommission, err error) {
	if t.found != nil {
		return t.found, nil
	}
	all = []unpairedCommission{}
	err = t.eachUnpaired(ctx, "TRUE", func(u unpairedCommission) { all = append(all, u) })
	if err == nil && t.readOnly {
		t.found = all
	}
	return all, err
}

// unpairedCommission is one without a live payment, and its month: that of the
// statement holding its payment, or else that in which it was made, in the
// studio's zone. The month is zero, and the commission in none, if its
// created_at cannot be read.
type unpairedCommission struct {
	id    int64
	month books.Month
}

// eachUnpaired calls fn with every commission c whose payment is not live
// (few), and with those without a payment, if they meet a condition.
func (t *Tx) eachUnpaired(ctx context.Context, condition string, fn func(unpairedCommission)) error {
	columns := "SELECT c.id, " + t.s.dialect.text("c.created_at") + ", %s FROM comissoes c WHERE "
	query := fmt.Sprintf(columns, restingMonth("c.pagamento_id")) +
		"c.pagamento_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pagamentos p WHERE p.id = c.pagamento_id) UNION ALL " +
		fmt.Sprintf(columns, "NULL") + "c.pagamento_id IS NULL AND " + condition
	return t.list(ctx, query, nil, func(scan func(...any) error) error {
		var u unpairedCommission
		var made, resting sql.NullString
		if err := scan(&u.id, &made, &resting); err != nil {
			return err
		}
		var at books.Instant
		switch {
		case resting.Valid:
			if err := u.month.UnmarshalText([]byte(resting.String)); err != nil {
				return err
			}
		case at.Parse([]byte(made.String)) == nil:
			u.month = books.MonthOf(at.Time().In(t.s.zone))
		}
		fn(u)
		return nil
	})
}

// listedCommissions returns the unpaired commissions whose month SQL alone
// cannot find (few): those with a payment and, on SQLite, those with a
// created_at that does not sort as instants do. Queries get them as a list.
func (t *Tx) listedCommissions(ctx context.Context) (listed []unpairedCommission, err error) {
	err = t.eachUnpaired(ctx, "c.created_at IS NOT NULL AND NOT "+t.s.dialect.plainInstant("c.created_at"),
		func(u unpairedCommission) { listed = append(listed, u) })
	return listed, err
}

// listedOf returns the ids of a month's listed commissions.
func (t *Tx) listedOf(ctx context.Context, month books.Month) ([]int64, error) {
	listed, err := t.listedCommissions(ctx)
	ids := []int64{}
	for _, u := range listed {
		if u.month == month {
			ids = append(ids, u.id)
		}
	}
	return ids, err
}

// countSessions counts the sessions leaving with each month, by the rules of
// belongs: those with all live payments l in one month, unless they are owing.
// Payments at rest have no date here.
func (t *Tx) countSessions(ctx context.Context, c monthCounts) error {
	text, marked := t.s.dialect.text, "CASE WHEN e.marked THEN 1 ELSE 0 END AS marked"
	month := func(day string) string { return "substr(" + text(day) + ", 1, 7)" }
	query := `SELECT ` + text("g.first") + `, ` + text("g.last") + `, count(*) FROM sessoes s JOIN (
			SELECT l.id, min(l.data) AS first, max(l.data) AS last, min(l.marked) AS marked, sum(round(l.valor * 100)) AS received FROM (
				SELECT s.id, p.data, p.valor, ` + marked + ` FROM sessoes s JOIN pagamentos p ON p.id = s.payment_id
					LEFT JOIN deposits e ON e.payment = p.id
				UNION ALL SELECT s.id, p.data, p.valor, ` + marked + ` FROM pagamentos p JOIN sessoes s ON s.id = p.sessao_id
					LEFT JOIN deposits e ON e.payment = p.id WHERE s.payment_id IS NULL OR s.payment_id <> p.id
				UNION ALL SELECT e.session, NULL, e.amount, ` + marked + ` FROM deposits e WHERE ` + atRest + `) AS l
			GROUP BY l.id HAVING min(l.data) IS NOT NULL AND min(CASE WHEN l.data IS NULL OR 1 = 1` + t.s.dialect.validDay("l.data") + ` THEN 1 ELSE 0 END) = 1) AS g
		ON g.id = s.id WHERE NOT (coalesce(s.status, '') <> 'completed' AND g.received < round(s.valor * 100)
			AND (g.marked = 1 OR ` + month("s.data") + " > " + month("g.last") + t.s.dialect.validDay("s.data") + `))
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

// MonthTotals returns the totals of a month's live rows, equal to a Tally of
// its MonthRows.
func (t *Tx) MonthTotals(ctx context.Context, month books.Month) (books.Totals, error) {
	args, err := t.monthArgs(ctx, month)
	if err != nil {
		return books.Totals{}, err
	}
	people := &people{}
	if people.artists, err = t.readNames(ctx, books.ArtistKind); err != nil {
		return books.Totals{}, err
	}
	tally := books.NewTally()
	for _, kind := range []books.Kind{books.PaymentKind, books.CommissionKind, books.ExpenseKind} {
		if err := t.addSums(ctx, tally, people, kind, args); err != nil {
			return books.Totals{}, cmp.Or(t.brokenIn(ctx, month), err)
		}
	}
	return tally.Totals(), people.broken
}

// brokenIn returns the error naming the first unreadable row of a month, or
// nil.
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
	from, condition := args.rows(t.s.dialect, kind)
	cents, groups := "CAST(round(r.valor * 100) AS BIGINT)", ""
	if t.s.dialect.postgres {
		cents, groups = t.s.dialect.text("round(sum(r.valor) * 100)"), " GROUP BY 1, 2"
	}
	query := "SELECT " + who + ", " + how + ", " + cents + " FROM " + from + " WHERE " + condition + groups
	return t.list(ctx, query, args.of(kind), func(scan func(...any) error) error {
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
