package store

import (
	"context"
	"fmt"
	"strconv"
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

	found   bool    // the rows and clients with Text and the merged clients were looked for
	ids     []int64 // rows with Text in their note
	named   []int64 // clients with it in their name, or in that of whom they were merged into
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
func (f Filter) addTo(d dialect, where func(condition string, values ...any)) {
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
	f.addFound(d, where)
}

// addFound adds the filter's conditions on rows r with a client and a note.
func (f Filter) addFound(d dialect, where func(condition string, values ...any)) {
	if f.Client != 0 {
		where("r.cliente_id IN (" + f.clients + ")")
	}
	if f.Text != "" {
		where("(r.id IN ("+d.idList("$1")+") OR r.cliente_id IN ("+d.idList("$2")+"))", jsonIDs(f.ids), jsonIDs(f.named))
	}
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
	key := books.SearchKey(strings.TrimSpace(w.Text))
	if key == "" {
		w.Text = ""
		return w, nil
	}
	var err error
	if w.named, err = t.idsWith(ctx, key, "c.id", "coalesce(s.name, c.name, '')", "clients c"+joinMerge("c.id")+" LEFT JOIN clients s ON s.id = m.merged_into", nil); err != nil {
		return w, err
	}
	all := w.whole(w.Kind)
	all.Text = ""
	all.NotCompleted, all.Owing = w.NotCompleted || w.Owing, false // each sum takes time
	conditions, args, err := t.wanted(ctx, all)
	if err != nil {
		return w, err
	}
	conditions = append(conditions, "r.observacoes <> ''")
	w.ids, err = t.idsWith(ctx, key, "r.id", "r.observacoes", w.Kind.Table()+" r"+whereAll(conditions), args)
	return w, err
}

// idsWith returns the ids of the rows with a folded key in their text. The
// database gives all of them as one value, as for foundByText.
func (t *Tx) idsWith(ctx context.Context, key, id, text, from string, args []any) (ids []int64, err error) {
	join, char := t.joined()
	var lines string
	clean := fmt.Sprintf("replace(%s, %s(30), ' ')", text, char) // or one row would be read as two
	if err := t.one(ctx, fmt.Sprintf("SELECT coalesce(%s(%s || %s(31) || %s, %s(30)), '') FROM %s", join, id, char, clean, char, from), args, &lines); err != nil {
		return nil, err
	}
	known := map[string]bool{} // the same names and notes come again and again
	for line := range linesWith(lines, key) {
		number, text, _ := strings.Cut(line, columnEnd)
		has, seen := known[text]
		if !seen {
			has = strings.Contains(books.SearchKey(text), key)
			known[text] = has
		}
		if !has {
			continue
		}
		id, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// PaymentSums are the sums of the payments of a list.
type PaymentSums struct {
	Number              int64
	Amount, Commissions books.Money
}

// SumPayments returns the sums of all payments wanted, regardless of limit and
// position.
func (t *Tx) SumPayments(ctx context.Context, w Wanted) (s PaymentSums, err error) {
	w = w.whole(books.PaymentKind)
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
	w = w.whole(books.CommissionKind)
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
