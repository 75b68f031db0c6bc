package closing_test

import (
	"slices"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
)

func TestPreviewChecked_counts_what_a_person_should_look_at(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "450.00")
		s.payment(t, 2, "2025-10-03", "450.00") // an equal one
		s.payment(t, 3, "2025-10-09", "200.00") // a deposit, of a session to come
		s.Exec(t, "INSERT INTO comissoes (pagamento_id, artista_id, percentual, valor, created_at) VALUES (1, 1, 50, 225, '2025-10-03 12:00:00')")
		s.Exec(t, "UPDATE pagamentos SET cliente_id = NULL WHERE id = 3")
		s.Exec(t, "INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, created_at) VALUES "+
			"(15, '2025-10-03', 1000, 1, 1, 'paid', '2025-10-01 12:00:00'), (16, '2025-10-03', 450, 1, 1, 'paid', '2025-10-01 12:00:00'), (11, '2025-11-12', 800, 1, 1, 'active', '2025-10-01 12:00:00'), (12, '2025-10-30', 600, 1, 1, 'active', '2025-10-01 12:00:00'), (13, '2025-10-30', 500, 1, 1, 'completed', '2025-10-01 12:00:00'), (14, '2025-11-03', 500, 1, 1, 'active', '2025-10-01 12:00:00')")
		s.Exec(t, "UPDATE pagamentos SET sessao_id = 11 WHERE id = 3")
		s.Exec(t, "UPDATE pagamentos SET sessao_id = 15 WHERE id = 1") // 550 of it are still owed
		s.Exec(t, "UPDATE sessoes SET payment_id = 2 WHERE id = 16")
		s.Exec(t, "INSERT INTO "+s.Own("deposits")+" (payment, day, marked) VALUES (3, '2025-10-09', TRUE)")
		for _, e := range [][2]string{{"2025-09-05", "Aluguel"}, {"2025-09-05", "Seguro"}, {"2025-10-05", " aluguel"}} {
			s.Exec(t, "INSERT INTO gastos (data, valor, descricao, forma_pagamento, created_by, created_at) VALUES ($1, 100, $2, 'Pix', 1, '2025-10-05 12:00:00')", e[0], e[1])
		}
		want := map[string]int64{
			closing.NoCommission: 2, closing.NoClient: 1, closing.UnpaidSession: 1, closing.PartPaid: 1, closing.ComingDeposit: 1,
			closing.EqualPayments: 1, closing.MissingExpense: 1, closing.EarlierOpen: 1, closing.V4Closes: 0,
		}
		look := func() {
			t.Helper()
			r, checks, err := s.PreviewChecked(t.Context(), october, false)
			if err != nil || r.Counts.Payments != 3 {
				t.Fatalf("%v, %v", r, err)
			}
			if whole, err := s.Preview(t.Context(), october, false); err != nil || r.Counts != whole.Counts || string(r.Totals) != string(whole.Totals) {
				t.Errorf("%v %s, without checks %v %s, %v", r.Counts, r.Totals, whole.Counts, whole.Totals, err)
			}
			var codes []string
			for _, c := range checks {
				codes = append(codes, c.Code)
				if c.Count != want[c.Code] {
					t.Errorf("%s: %d, want %d: %v", c.Code, c.Count, want[c.Code], c)
				}
			}
			if !slices.Equal(codes, closing.Checks()) {
				t.Errorf("the order is %v", codes)
			}
			names := map[string]string{closing.NoCommission: "Ana", closing.UnpaidSession: "Bia", closing.MissingExpense: "Seguro"}
			for _, c := range checks {
				if name := names[c.Code]; name != "" && (len(c.Examples) != 1 || c.Examples[0].Name != name) {
					t.Errorf("%s names %v, want %s", c.Code, c.Examples, name)
				}
			}
		}
		look()
		s.close(t, october.Add(-1), false) // the expenses rest in a statement by now
		want[closing.EarlierOpen] = 0
		look()
		if _, checks, err := s.PreviewChecked(t.Context(), october.Add(1), false); books.AsError(err) == nil || checks != nil {
			t.Errorf("%v, %v", checks, err)
		}
	})
}

func TestClose_tells_its_stages_in_order(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "450.00")
		var stages []closing.Stage
		_, err := s.Close(t.Context(), october, closing.Options{Progress: func(at closing.Stage) { stages = append(stages, at) }}, "test")
		want := []closing.Stage{closing.Reading, closing.Copying, closing.Verifying, closing.Storing, closing.Removing, closing.Finished}
		if err != nil || !slices.Equal(stages, want) {
			t.Errorf("%v, want %v: %v", stages, want, err)
		}
	})
}
