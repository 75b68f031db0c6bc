package store

import (
	"context"
	"encoding/json"
	"strings"

	"extrato/internal/books"
)

// ofClient is the condition of rows r of a client.
const ofClient = "r.cliente_id IN (SELECT CAST($1 AS INTEGER) UNION ALL SELECT m.client FROM merged_clients m WHERE m.merged_into = $1)"

// Filter narrows a list of payments down; by its days, any of rows that have
// one; by its client, sessions. Its zero value takes all.
type Filter struct {
	From, To                                         books.Day // zero: no such edge
	Method                                           string
	Client                                           books.ID // including clients merged into this one
	Text                                             string   // in the note or the client's name, blind to case and accents
	WithoutCommission, WithoutClient, WithoutSession bool

	ids []int64 // the payments with Text
}

// addDays adds the filter's conditions on the day of rows r.
func (f Filter) addDays(where func(condition string, values ...any)) {
	if f.From != 0 {
		where("r.data >= $1", f.From.String())
	}
	if f.To != 0 {
		where("r.data <= $1", f.To.String())
	}
}

// addTo adds the filter's other conditions on payments r.
func (f Filter) addTo(d dialect, where func(condition string, values ...any)) error {
	if f.Method != "" {
		where("r.forma_pagamento = $1", f.Method)
	}
	if f.WithoutCommission {
		where("NOT EXISTS (SELECT 1 FROM comissoes c WHERE c.pagamento_id = r.id)")
	}
	if f.WithoutClient {
		where("r.cliente_id IS NULL")
	}
	if f.WithoutSession {
		where("r.sessao_id IS NULL AND NOT EXISTS (SELECT 1 FROM sessoes s WHERE s.payment_id = r.id)")
	}
	if f.Text == "" {
		return nil
	}
	list, err := json.Marshal(append([]int64{}, f.ids...))
	if err == nil {
		where("r.id IN ("+d.idList("$1")+")", string(list))
	}
	return err
}

// findText looks for payments with the filter's text: no database folds accents
// by itself.
func (t *Tx) findText(ctx context.Context, w Wanted) (Wanted, error) {
	if w.Text == "" {
		return w, nil
	}
	all := w
	all.Text, all.After = "", Position{}
	where, args, err := t.whereWanted(ctx, all)
	if err != nil {
		return w, err
	}
	query := "SELECT r.id, coalesce(r.observacoes, ''), coalesce(c.name, '') FROM pagamentos r" + joinMerge("r.cliente_id") +
		" LEFT JOIN clients c ON c.id = coalesce(m.merged_into, r.cliente_id)" + where
	key := books.SearchKey(strings.TrimSpace(w.Text))
	err = t.list(ctx, query, args, func(scan func(...any) error) error {
		var id int64
		var note, client string
		err := scan(&id, &note, &client)
		if err == nil && (strings.Contains(books.SearchKey(note), key) || strings.Contains(books.SearchKey(client), key)) {
			w.ids = append(w.ids, id)
		}
		return err
	})
	return w, err
}

// PaymentSums are the sums of the payments of a list.
type PaymentSums struct {
	Number              int64
	Amount, Commissions books.Money
}

// SumPayments returns the sums of all payments wanted, regardless of limit and
// position.
func (t *Tx) SumPayments(ctx context.Context, w Wanted) (s PaymentSums, err error) {
	w.Kind, w.After = books.PaymentKind, Position{}
	if w, err = t.findText(ctx, w); err != nil {
		return s, err
	}
	where, args, err := t.whereWanted(ctx, w)
	if err != nil {
		return s, err
	}
	share := ""
	if w.Share != 0 {
		share = " AND c.artista_id = " + string(w.Share.AppendText(nil))
	}
	query := "SELECT count(*), CAST(coalesce(sum(" + centavos("r.valor") + "), 0) AS BIGINT), CAST(coalesce(sum((SELECT sum(" + centavos("c.valor") +
		") FROM comissoes c WHERE c.pagamento_id = r.id" + share + ")), 0) AS BIGINT) FROM pagamentos r" + where
	var amount, commissions int64
	err = t.one(ctx, query, args, &s.Number, &amount, &commissions)
	s.Amount, s.Commissions = books.Money(amount), books.Money(commissions)
	return s, err
}

// ArtistSum is the sum of an artist's commissions.
type ArtistSum struct {
	Artist books.ID
	Name   string
	Number int64
	Amount books.Money
}

// SumCommissions returns the sums of all commissions wanted, by artist, the
// largest first, regardless of limit and position.
func (t *Tx) SumCommissions(ctx context.Context, w Wanted) (list []ArtistSum, err error) {
	w.Kind, w.After = books.CommissionKind, Position{}
	where, args, err := t.whereWanted(ctx, w)
	if err != nil {
		return nil, err
	}
	query := "SELECT r.artista_id, coalesce(a.name, ''), count(*), CAST(sum(" + centavos("r.valor") + ") AS BIGINT) FROM comissoes r LEFT JOIN users a ON a.id = r.artista_id" + where +
		" GROUP BY r.artista_id, a.name ORDER BY 4 DESC, 2, 1"
	err = t.list(ctx, query, args, func(scan func(...any) error) error {
		var s ArtistSum
		var amount int64
		err := scan(&s.Artist, &s.Name, &s.Number, &amount)
		s.Amount = books.Money(amount)
		list = append(list, s)
		return err
	})
	return list, err
}

// centavos is an amount as an integer, for sums without rounding.
func centavos(column string) string { return "CAST(round(" + column + " * 100) AS BIGINT)" }
