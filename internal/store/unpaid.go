package store

import (
	"context"

	"extrato/internal/books"
)

// UnpaidSessions returns the live sessions of a month's days without any
// payment and not completed, by day.
func (t *Tx) UnpaidSessions(ctx context.Context, month books.Month) (list []*books.Session, err error) {
	query, err := t.recordQuery(ctx, books.SessionKind)
	if err != nil {
		return nil, err
	}
	query += " WHERE r.id IN (SELECT s.id FROM sessoes s WHERE " + t.s.dialect.in("s.data") + " AND coalesce(s.status, '') <> 'completed' AND " + received + " = 0) ORDER BY r.data, r.id"
	var made books.Text
	for row, err := range t.records(ctx, books.SessionKind, &made, query, month.First().String(), month.Last().String()) {
		if err != nil {
			return nil, err
		}
		list = append(list, row.(*books.Session))
	}
	return list, nil
}
