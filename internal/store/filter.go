package store

import (
	"context"
	"encoding/json"
	"strings"

	"extrato/internal/books"
)

// Filter narrows a list of payments or sessions down, or, by its days, any of
// rows that have one. Its zero value takes all.
type Filter struct {
	From, To                                         books.Day // zero: no such edge
	Method                                           string
	Client                                           books.ID // including clients merged into this one
	Text                                             string   // in the note or the client's name, blind to case and accents
	WithoutCommission, WithoutClient, WithoutSession bool
	NotCompleted                                     bool // of sessions
	Owing                                            bool // of sessions: not completed, and received less than the price

	found   bool // the rows with Text and the merged clients were looked for
	ids     []int64
	clients string
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
	return f.addFound(d, where)
}

// addFound adds the filter's conditions on rows r with a client and a note.
func (f Filter) addFound(d dialect, where func(condition string, values ...any)) error {
	if f.Client != 0 {
		where("r.cliente_id IN (" + f.clients + ")")
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

// Find looks for the filter's client and for the rows with its text, once for
// several questions: no database folds accents by itself.
func (t *Tx) Find(ctx context.Context, w Wanted) (Wanted, error) {
	if w.found {
		return w, nil
	}
	w.found = true
	if w.Client != 0 {
		var err error
		if w.clients, _, err = t.sameClient(ctx, w.Client); err != nil {
			return w, err
		}
	}
	if w.Text == "" {
		return w, nil
	}
	all := w
	all.Text, all.After = "", Position{}
	all.NotCompleted, all.Owing = w.NotCompleted || w.Owing, false // each sum takes time
	where, args, err := t.whereWanted(ctx, all)
	if err != nil {
		return w, err
	}
	query := "SELECT r.id, coalesce(r.observacoes, ''), coalesce(c.name, '') FROM " + w.Kind.Table() + " r" + joinMerge("r.cliente_id") +
		" LEFT JOIN clients c ON c.id = coalesce(m.merged_into, r.cliente_id)" + where
	key := books.SearchKey(strings.TrimSpace(w.Text))
	known := map[string]bool{"": key == ""} // the same names and notes come again and again
	has := func(text string) bool {
		is, seen := known[text]
		if !seen {
			is = strings.Contains(books.SearchKey(text), key)
			known[text] = is
		}
		return is
	}
	err = t.list(ctx, query, args, func(scan func(...any) error) error {
		var id int64
		var note, client string
		err := scan(&id, &note, &client)
		if err == nil && (has(note) || has(client)) {
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
	if w, err = t.Find(ctx, w); err != nil {
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
