package store

import (
	"context"
	"database/sql"
	"strconv"

	"extrato/internal/books"
)

// EqualPayment returns the newest live payment of p's day with p's amount,
// method, artist and client, but for p itself; nil if there is none.
func (t *Tx) EqualPayment(ctx context.Context, p books.Payment) (*books.Payment, error) {
	query, err := t.recordQuery(ctx, books.PaymentKind)
	if err != nil {
		return nil, err
	}
	query += ` WHERE r.data = $1 AND r.valor = $2 AND r.forma_pagamento = $3 AND r.artista_id = $4 AND coalesce(r.cliente_id, 0) = $5 AND r.id <> $6
		ORDER BY r.id DESC LIMIT 1`
	var made books.Text
	for row, err := range t.records(ctx, books.PaymentKind, &made, query,
		p.Date.String(), p.Amount.SQL(), string(p.Method), int64(p.ArtistID), int64(p.ClientID.V), int64(p.ID)) {
		if err != nil {
			return nil, err
		}
		return row.(*books.Payment), nil
	}
	return nil, nil //nolint:nilnil // there is none
}

// NewestAmounts returns the amounts of an artist's newest live payments, but for
// one of them (0: none).
func (t *Tx) NewestAmounts(ctx context.Context, artist, but books.ID, limit int) (amounts []books.Money, err error) {
	query := "SELECT " + t.s.dialect.text("r.valor") + " FROM pagamentos r WHERE r.artista_id = $1 AND r.id <> $2 ORDER BY r.data DESC, r.id DESC LIMIT " + strconv.Itoa(limit)
	err = t.list(ctx, query, []any{int64(artist), int64(but)}, func(scan func(...any) error) error {
		var m books.Money
		err := scan(&column{value: &m})
		amounts = append(amounts, m)
		return err
	})
	return amounts, err
}

// AverageAmount returns an artist's average payment in the newest closed month
// with any; 0 if there is none.
func (t *Tx) AverageAmount(ctx context.Context, artist books.ID) (books.Money, error) {
	var sum, n sql.NullInt64
	err := t.one(ctx, `SELECT CAST(sum(revenue) AS BIGINT), CAST(sum(number) AS BIGINT) FROM month_sums
		WHERE artist = $1 AND month = (SELECT max(month) FROM month_sums WHERE artist = $1 AND number > 0)`, []any{int64(artist)}, &sum, &n)
	if err != nil || n.Int64 == 0 {
		return 0, err
	}
	return books.Money(sum.Int64 / n.Int64), nil
}
