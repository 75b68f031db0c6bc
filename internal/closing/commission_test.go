package closing_test

import (
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

func TestThe_client_of_a_commission_is_its_payments_or_else_its_sessions(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.Exec(t, "INSERT INTO clients (id, name) VALUES (2, 'Caio')")
		s.linked(t, 1, 1, "2025-10-03", "10.00")
		s.payment(t, 2, "2025-10-04", "10.00")
		s.session(t, 2, "2025-10-04", "10.00", 2) // v4 may link it in this direction alone
		s.payment(t, 3, "2025-10-05", "10.00")
		s.linked(t, 4, 4, "2025-10-06", "10.00")
		s.Exec(t, "UPDATE pagamentos SET cliente_id = NULL WHERE id < 4")
		s.Exec(t, "UPDATE sessoes SET cliente_id = 2")
		for id := 1; id <= 4; id++ {
			s.commission(t, id, id, "5.00", "2025-10-10 12:00:00.000000")
		}
		want := map[books.ID]books.Text{1: books.TextOf("Caio"), 2: books.TextOf("Caio"), 3: {}, 4: books.TextOf("Bia")}
		check := func(where string, rows []books.Row) {
			t.Helper()
			for _, row := range rows {
				if c, ok := row.(*books.Commission); ok && c.ClientName != want[c.ID] {
					t.Errorf("%s: commission %d has client %q, want %q", where, c.ID, c.ClientName.V, want[c.ID].V)
				}
			}
		}
		err := s.Store().Read(t.Context(), func(tx *store.Tx) error {
			rows, _, err := tx.ListRecords(t.Context(), store.Wanted{Kind: books.CommissionKind, Limit: 10})
			check("the list", rows)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		check("the statement", s.statement(t, october).Rows)
	})
}
