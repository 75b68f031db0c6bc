package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// manySessions are sessions with every way in which something was received.
func manySessions(t *testing.T, db *storetest.DB) {
	t.Helper()
	people(t, db)
	for i, s := range []string{
		"'2025-11-10', 800.00, 'active', NULL", "'2025-11-12', 800.00, 'paid', 'Manga'", "'2025-11-13', 100.00, 'paid', NULL", "'2025-11-14', 100.00, 'completed', NULL",
		"'2025-11-15', 300.00, 'paid', 'açaí'", "'2025-11-16', 0, 'active', NULL", "'2025-11-17', 10.00, 'active', NULL", "'2025-12-01', 50.00, 'active', NULL",
	} {
		values := strings.Split(s, ", ")
		db.Exec(t, fmt.Sprintf("INSERT INTO sessoes (id, data, valor, status, observacoes, cliente_id, artista_id, created_at) VALUES (%d, %s, %d, %d, '2025-10-01 12:00:00')", i+1, strings.Join(values, ", "), 1+(i+1)%2, 1))
	}
	for _, p := range []string{"2, '2025-11-01', 200.10, 2", "3, '2025-11-01', 100.00, 3", "5, '2025-11-02', 50.00, 5", "7, '2025-11-01', 4.00, NULL", "8, '2025-11-01', 60.00, 8"} {
		db.Exec(t, "INSERT INTO pagamentos (id, data, valor, sessao_id, forma_pagamento, artista_id) VALUES ("+p+", 'Pix', 1)")
	}
	db.Exec(t, "UPDATE sessoes SET payment_id = 7 WHERE id = 7") // v4's link alone
	db.Exec(t, "INSERT INTO "+db.Own("deposits")+" (payment, session, day, amount, marked, month) VALUES (99, 5, '2025-10-01', 100.00, TRUE, '2025-10')")
	db.Exec(t, "INSERT INTO "+db.Own("deposits")+" (payment, session, day, amount, marked, month) VALUES (98, 5, '2025-10-02', 20.00, FALSE, '2025-10')")
	db.Exec(t, "INSERT INTO "+db.Own("deposits")+" (payment, day, marked) VALUES (2, '2025-11-01', TRUE)")
	db.Exec(t, "INSERT INTO "+db.Own("deposits")+" (payment, session, day, amount, marked, month) VALUES (3, 3, '2025-11-01', 100.00, TRUE, '2025-11')") // live again
}

func TestReceipts_are_those_of_all_months(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		manySessions(t, db)
		got := map[books.ID]string{}
		read(t, db.Store, func(tx *store.Tx) error {
			all, err := tx.Receipts(t.Context(), []books.ID{1, 2, 3, 5, 7})
			for id, receipts := range all {
				for _, r := range receipts {
					got[id] += fmt.Sprintf("%d %s %s %s %t %v; ", r.Payment, r.Day, r.Amount, r.Method.V, r.Deposit, r.Month)
				}
			}
			return err
		})
		want := map[books.ID]string{
			2: "2 2025-11-01 200.10 Pix true 0000-00; ", 3: "3 2025-11-01 100.00 Pix true 0000-00; ", 7: "7 2025-11-01 4.00 Pix false 0000-00; ",
			5: "99 2025-10-01 100.00  true 2025-10; 98 2025-10-02 20.00  false 2025-10; 5 2025-11-02 50.00 Pix false 0000-00; ",
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, want\n%v", got, want)
		}
	})
}

func TestSessions_are_filtered_and_summed(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		manySessions(t, db)
		november := books.Month{Year: 2025, Month: 11}
		for name, c := range map[string]struct {
			w    store.Wanted
			want []books.ID
			sums string
		}{
			"all":                {store.Wanted{}, []books.ID{8, 7, 6, 5, 4, 3, 2, 1}, "8 2160.00 534.10 1535.90 1399.90"},
			"owing":              {store.Wanted{Filter: store.Filter{Owing: true}}, []books.ID{7, 5, 2, 1}, "4 1910.00 374.10 1535.90 1399.90"},
			"not completed":      {store.Wanted{Soonest: true, Filter: store.Filter{NotCompleted: true}}, []books.ID{1, 2, 3, 5, 6, 7, 8}, "7 2060.00 534.10 1535.90 1399.90"},
			"month":              {store.Wanted{Month: november, Artist: 1}, []books.ID{7, 6, 5, 4, 3, 2, 1}, "7 2110.00 474.10 1535.90 1399.90"},
			"soonest from a day": {store.Wanted{Soonest: true, Filter: store.Filter{From: 20251114, Owing: true}}, []books.ID{5, 7}, "2 310.00 174.00 136.00 0.00"},
			"client":             {store.Wanted{Filter: store.Filter{Client: 1, Owing: true}}, []books.ID{2}, "1 800.00 200.10 599.90 599.90"},
			"text of a note":     {store.Wanted{Filter: store.Filter{Text: "ACAI", Owing: true}}, []books.ID{5}, "1 300.00 170.00 130.00 0.00"},
			"no such artist":     {store.Wanted{Artist: 9}, nil, "0 0.00 0.00 0.00 0.00"},
		} {
			var got []books.ID
			var sums store.SessionSums
			read(t, db.Store, func(tx *store.Tx) (err error) {
				got = nil
				if sums, err = tx.SumSessions(t.Context(), c.w, 20251112); err != nil {
					return err
				}
				w := c.w
				for w.Kind, w.Limit = books.SessionKind, 2; ; {
					rows, more, err := tx.ListRecords(t.Context(), w)
					for _, row := range rows {
						got = append(got, row.Key())
					}
					if w.After = more; err != nil || more == (store.Position{}) {
						return err
					}
				}
			})
			if text := fmt.Sprint(sums.Number, " ", sums.Price, " ", sums.Received, " ", sums.Owed, " ", sums.Due); !slices.Equal(got, c.want) || text != c.sums {
				t.Errorf("%s: %v, %s; want %v, %s", name, got, text, c.want, c.sums)
			}
		}
	})
}
