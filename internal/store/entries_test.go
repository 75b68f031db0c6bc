package store_test

import (
	"fmt"
	"slices"
	"testing"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestOpen_sessions_are_those_that_are_owed_for(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		session := func(id int, day, price, status string) {
			db.Exec(t, fmt.Sprintf("INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status) VALUES (%d, '%s', %s, %d, 1, %s)", id, day, price, 1+id%2, status))
		}
		pay := func(id, session int, amount string) {
			db.Exec(t, fmt.Sprintf("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, sessao_id) VALUES (%d, '2025-11-01', %s, 'Pix', 1, %d)", id, amount, session))
		}
		session(1, "2025-11-10", "800.00", "'active'")
		session(2, "2025-11-12", "800.00", "'paid'") // as v4 says once anything came in
		pay(2, 2, "200.10")
		session(3, "2025-11-13", "100.00", "'paid'")
		pay(3, 3, "100.00")
		session(4, "2025-11-14", "100.00", "'completed'")
		session(5, "2025-11-15", "300.00", "'paid'") // its deposit rests in a statement
		db.Exec(t, "INSERT INTO "+db.Own("deposits")+" (payment, session, day, amount, marked, month) VALUES (99, 5, '2025-10-01', 100.00, TRUE, '2025-10')")
		pay(5, 5, "50.00")
		session(6, "2025-11-16", "0", "'active'")
		session(7, "2025-11-17", "10.00", "'active'") // v4's link alone
		pay(7, 7, "4.00")
		db.Exec(t, "UPDATE pagamentos SET sessao_id = NULL WHERE id = 7")
		db.Exec(t, "UPDATE sessoes SET payment_id = 7 WHERE id = 7")

		list := func(o store.OpenSessions) (got []string) {
			o.Limit = max(o.Limit, 1)
			read(t, db.Store, func(tx *store.Tx) error {
				all, err := tx.OpenSessions(t.Context(), o)
				for _, s := range all {
					got = append(got, fmt.Sprintf("%d %s %s of %s client %d", s.ID, s.Date, s.Owed(), s.Price, s.Client))
				}
				return err
			})
			return got
		}
		want := []string{
			"7 2025-11-17 6.00 of 10.00 client 2", "5 2025-11-15 150.00 of 300.00 client 2",
			"2 2025-11-12 599.90 of 800.00 client 1", "1 2025-11-10 800.00 of 800.00 client 2",
		}
		if got := list(store.OpenSessions{Limit: 10}); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if got := list(store.OpenSessions{Limit: 2}); !slices.Equal(got, want[:2]) {
			t.Errorf("the latest two are %q", got)
		}
		if got := list(store.OpenSessions{ID: 2}); !slices.Equal(got, want[2:3]) {
			t.Errorf("session 2 is %q", got)
		}
		if got := list(store.OpenSessions{ID: 3}); got != nil {
			t.Errorf("a paid session is %q", got)
		}
		if got := list(store.OpenSessions{From: 20251112, To: 20251116, Limit: 10}); !slices.Equal(got, want[1:3]) {
			t.Errorf("those of some days are %q", got)
		}
		if got := list(store.OpenSessions{Unpriced: true, Artist: 1, Limit: 10}); len(got) != 5 {
			t.Errorf("with that without a price they are %q", got)
		}
		if got := list(store.OpenSessions{Artist: 2, Limit: 10}); got != nil {
			t.Errorf("another artist has %q", got)
		}
		db.Exec(t, "INSERT INTO "+db.Own("merged_clients")+" (client, into_client, merged_into, change) VALUES (2, 1, 1, 1)")
		if got := list(store.OpenSessions{Client: 1, Limit: 10}); len(got) != 4 {
			t.Errorf("with the merged client's they are %q", got)
		}
		if got := list(store.OpenSessions{Client: 2, Limit: 10}); got != nil {
			t.Errorf("a merged client has %q", got)
		}
		read(t, db.Store, func(tx *store.Tx) error {
			newest, err := tx.NewestClients(t.Context(), 10)
			if len(newest) == 0 || slices.ContainsFunc(newest, func(c store.ClientName) bool { return c.ID == 2 }) {
				t.Errorf("the newest clients are %v", newest)
			}
			return err
		})
	})
}

func TestA_persons_last_payment_is_as_it_was_written(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		last := func(by books.Actor) (p *books.Payment) {
			read(t, db.Store, func(tx *store.Tx) (err error) {
				p, err = tx.LastPaymentBy(t.Context(), by)
				return err
			})
			return p
		}
		if p := last("user 1"); p != nil {
			t.Errorf("nobody wrote %v", p)
		}
		note := func(by books.Actor, action string, p *books.Payment) {
			write(t, db.Store, func(tx *store.Tx) error {
				_, err := tx.AddChangeset(t.Context(), store.Changeset{Action: action, Kind: books.PaymentKind, Row: p.ID, By: by,
					Rows: []store.ChangedRow{{Kind: books.ClientKind, ID: 1, After: &books.Client{ID: 1}}, {Kind: books.PaymentKind, ID: p.ID, After: p}}})
				return err
			})
		}
		note("user 1", "add", &books.Payment{ID: 7, Date: 20251001, Method: "Pix", ArtistID: 3})
		note("user 2", "add", &books.Payment{ID: 8, Date: 20251001, Method: "Dinheiro", ArtistID: 4})
		note("user 1", "change", &books.Payment{ID: 9, Date: 20251001, Method: "Outros", ArtistID: 5})
		if p := last("user 1"); p == nil || p.ID != 7 || p.Method != "Pix" || p.ArtistID != 3 {
			t.Errorf("user 1's last is %+v", p)
		}
		if p := last("user 2"); p == nil || p.ID != 8 {
			t.Errorf("user 2's last is %+v", p)
		}
	})
}
