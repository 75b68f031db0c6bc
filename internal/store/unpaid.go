package store

import (
	"context"

	"extrato/internal/books"
)

// UnpaidSessions describes the live sessions of a month's days without any
// payment and not completed: their number, the sum of their prices, and the
// first of them by day.
func (t *Tx) UnpaidSessions(ctx context.Context, month books.Month, most int) (number int64, sum books.Money, first []*books.Session, err error) {
	var ids []int64
	query := "SELECT s.id, " + centavos("s.valor") + " FROM sessoes s WHERE " + t.s.dialect.in("s.data") + " AND " + notCompleted + " AND " + received + " = 0 ORDER BY s.data, s.id"
	err = t.list(ctx, query, []any{month.First().String(), month.Last().String()}, func(scan func(...any) error) error {
		var id, price int64
		err := scan(&id, &price)
		if number, sum = number+1, sum+books.Money(price); len(ids) < most {
			ids = append(ids, id)
		}
		return err
	})
	if err != nil || len(ids) == 0 {
		return number, sum, nil, err
	}
	query, err = t.recordQuery(ctx, books.SessionKind)
	if err != nil {
		return 0, 0, nil, err
	}
	var made books.Text
	for row, err := range t.records(ctx, books.SessionKind, &made, query+" WHERE r.id IN ("+t.s.dialect.idList("$1")+") ORDER BY r.data, r.id", jsonIDs(ids)) {
		if err != nil {
			return 0, 0, nil, err
		}
		first = append(first, row.(*books.Session))
	}
	return number, sum, first, nil
}
