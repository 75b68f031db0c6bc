package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"extrato/internal/books"
)

// SaveMonthSums keeps the sums of a month's statement in the place of those of an
// earlier revision. A month without a statement has none.
func (t *Tx) SaveMonthSums(ctx context.Context, month books.Month, revision int, sums []books.DaySum) error {
	if _, err := t.exec(ctx, "DELETE FROM month_sums WHERE month = $1", month.String()); err != nil || len(sums) == 0 {
		return err
	}
	list := make([][]any, len(sums)) // SQLite reads arrays five times as fast as objects
	for i, s := range sums {
		list[i] = []any{s.Day.String(), s.Artist, s.Method, s.Category, int64(s.Revenue), int64(s.Commissions), int64(s.Expenses), s.Number}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	from := `SELECT $1, $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7 FROM json_each($3)`
	if t.s.dialect.postgres {
		from = `SELECT $1, $2, value ->> 0, CAST(value ->> 1 AS INTEGER), value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT),
			CAST(value ->> 5 AS BIGINT), CAST(value ->> 6 AS BIGINT), CAST(value ->> 7 AS INTEGER) FROM json_array_elements(CAST($3 AS JSON))`
	}
	_, err = t.exec(ctx, "INSERT INTO month_sums (month, revision, day, artist, method, category, revenue, commissions, expenses, number) "+from,
		month.String(), revision, string(text))
	return err
}

const sumColumns = "SELECT day, artist, method, category, revenue, commissions, expenses, number FROM "

func (t *Tx) sums(ctx context.Context, query string, args ...any) (list []books.DaySum, err error) {
	err = t.list(ctx, query, args, func(scan func(...any) error) error {
		var s books.DaySum
		var revenue, commissions, expenses int64
		err := scan(&column{value: &s.Day}, &s.Artist, &s.Method, &s.Category, &revenue, &commissions, &expenses, &s.Number)
		s.Revenue, s.Commissions, s.Expenses = books.Money(revenue), books.Money(commissions), books.Money(expenses)
		list = append(list, s)
		return err
	})
	return list, err
}

// MonthSums returns the stored sums of a revision of a month's statement, in no
// order.
func (t *Tx) MonthSums(ctx context.Context, month books.Month, revision int) ([]books.DaySum, error) {
	return t.sums(ctx, sumColumns+"month_sums WHERE month = $1 AND revision = $2", month.String(), revision)
}

// ClosedSums returns the sums of all statements from first to last.
func (t *Tx) ClosedSums(ctx context.Context, first, last books.Month) ([]books.DaySum, error) {
	return t.sums(ctx, sumColumns+"month_sums WHERE month BETWEEN $1 AND $2", first.String(), last.String())
}

// LiveSums returns the sums of the live rows from first to last. An unpaired
// commission counts on the first day of its month.
func (t *Tx) LiveSums(ctx context.Context, first, last books.Day) ([]books.DaySum, error) {
	day, in := t.s.dialect.text, t.s.dialect.in
	none := "CAST(0 AS BIGINT)"
	sum := func(column string) string { return "CAST(sum(" + centavos(column) + ") AS BIGINT)" }
	query := sumColumns + `(
		SELECT ` + day("r.data") + ` AS day, r.artista_id AS artist, r.forma_pagamento AS method, '' AS category, ` + sum("r.valor") + ` AS revenue,
			` + none + ` AS commissions, ` + none + ` AS expenses, count(*) AS number
		FROM pagamentos r WHERE ` + in("r.data") + ` GROUP BY r.data, r.artista_id, r.forma_pagamento
		UNION ALL SELECT ` + day("p.data") + `, c.artista_id, '', '', ` + none + ", " + sum("c.valor") + ", " + none + `, 0
		FROM pagamentos p JOIN comissoes c ON c.pagamento_id = p.id WHERE ` + in("p.data") + ` GROUP BY p.data, c.artista_id
		UNION ALL SELECT ` + day("r.data") + `, 0, r.forma_pagamento, coalesce(k.category, ''), ` + none + ", " + none + ", " + sum("r.valor") + `, 0
		FROM gastos r` + ofCategory + ` WHERE ` + in("r.data") + ` GROUP BY r.data, r.forma_pagamento, k.category) AS s`
	list, err := t.sums(ctx, query, first.String(), last.String())
	if err != nil {
		return nil, err
	}
	unpaired, err := t.unpairedSums(ctx, first, last)
	if err != nil || len(unpaired) == 0 {
		return list, err
	}
	all := books.NewDaySums(first.Month())
	for _, s := range append(list, unpaired...) {
		all.AddSum(s)
	}
	return all.List(), nil
}

// unpairedSums returns the sums of commissions without a live payment (few) of
// months whose first day lies between two days.
func (t *Tx) unpairedSums(ctx context.Context, first, last books.Day) (list []books.DaySum, err error) {
	within := map[books.ID]books.Day{}
	all, err := t.unpaired(ctx)
	for _, u := range all {
		if day := u.month.First(); u.month.Valid() && day >= first && day <= last {
			within[books.ID(u.id)] = day
		}
	}
	if err != nil || len(within) == 0 {
		return nil, err
	}
	rows, err := t.LiveByID(ctx, books.CommissionKind, slices.Collect(maps.Keys(within)))
	for id, row := range rows {
		c := row.(*books.Commission)
		list = append(list, books.DaySum{Day: within[id], Artist: c.ArtistID, Commissions: c.Amount})
	}
	return list, err
}
