package recording_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recording"
	"extrato/internal/store"
)

func TestA_closed_month_takes_no_change(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.pay(t, paid("2025-10-10", 100_00), 60_00)
		open := s.pay(t, paid("2025-11-01", 100_00), 60_00)
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := s.r.AddExpense(ctx, tx, eva, books.Expense{Date: day("2025-11-01"), Amount: 1, Method: "Pix", CreatedBy: 3, Description: books.TextOf("Tinta")})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		// Late rows, as v4 or SQL may add them.
		s.Exec(t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (70, '2025-10-05', 1, 'Pix', 1)")
		s.Exec(t, "INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor) VALUES (70, 70, 1, 50, 0.5)")
		s.Exec(t, "INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (71, 1, 50, 0.5, '2025-11-01 02:00:00.000000')")
		s.Exec(t, "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (70, '2025-10-31', 1, 'Pix', 1)")
		stays, moved := paid("2025-10-06", 2), paid("2025-10-31", 1)
		stays.ID, moved.ID = 70, open
		for name, do := range map[string]func(context.Context, *store.Tx) error{
			"add a payment": func(ctx context.Context, tx *store.Tx) error {
				_, err := s.r.AddPayment(ctx, tx, eva, sure(paid("2025-10-01", 1), 0))
				return err
			},
			"change a late one": func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: stays, Confirmed: recording.Questions()}, nil))
			},
			"move a payment in": func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: moved, Confirmed: recording.Questions()}, nil))
			},
			"change a commission": func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangeCommission(ctx, tx, eva, books.Commission{ID: 70, ArtistID: 1, Percent: 1}, nil))
			},
			"add a commission": func(ctx context.Context, tx *store.Tx) error {
				_, err := s.r.AddCommission(ctx, tx, eva, books.Commission{PaymentID: books.RefTo(70), Percent: 1})
				return err
			},
			"add an expense": func(ctx context.Context, tx *store.Tx) error {
				_, err := s.r.AddExpense(ctx, tx, eva, books.Expense{Amount: 1, Date: day("2025-10-31"), Method: "Pix", CreatedBy: 3, Description: books.TextOf("Tinta")})
				return err
			},
			"change a late expense": func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangeExpense(ctx, tx, eva, books.Expense{Amount: 1, ID: 70, Date: day("2025-10-30"), Method: "Pix", Description: books.TextOf("Tinta")}, nil))
			},
			"move an expense in": func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangeExpense(ctx, tx, eva, books.Expense{Amount: 1, ID: 1, Date: day("2025-10-01"), Method: "Pix", Description: books.TextOf("Tinta")}, nil))
			},
		} {
			t.Run(name, func(t *testing.T) { s.refused(t, books.Refused, "month_closed", do) })
		}
		s.sit(t, "2025-10-31") // a session's own day never refuses
		s.refused(t, books.NotFound, "no_payment", func(ctx context.Context, tx *store.Tx) error { return only(s.r.RemovePayment(ctx, tx, eva, 1, nil)) })
	})
}

func TestA_session_that_a_statement_names_stays(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		session := s.sit(t, "2025-10-09")
		deposit, balance := paid("2025-10-10", 100_00), paid("2025-11-01", 100_00)
		deposit.SessionID, balance.SessionID = books.RefTo(session), books.RefTo(session)
		first := s.pay(t, deposit, 0)
		balance.ID = s.pay(t, balance, 0)
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		balance.SessionID = books.Ref{}
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: balance, Confirmed: recording.Questions()}, nil))
		}); err != nil {
			t.Fatal(err)
		}
		s.refused(t, books.Conflict, "session_in_statement", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.RemoveSession(ctx, tx, eva, session, nil))
		})
		if _, err := s.closer.Reopen(t.Context(), october, "test", "test"); err != nil {
			t.Fatalf("October cannot be reopened: %v", err)
		}
		if n := s.Int(t, "SELECT sessao_id FROM pagamentos WHERE id = $1", int64(first)); n != int64(session) {
			t.Errorf("the payment is linked to session %d, want %d", n, session)
		}
		for _, other := range []books.ID{s.sit(t, "2025-11-09"), s.sit(t, "2025-11-10")} {
			if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.RemoveSession(ctx, tx, eva, other, nil))
			}); err != nil {
				t.Errorf("a session that nobody names: %v", err)
			}
		}
	})
}

func TestA_late_row_may_leave_its_closed_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.pay(t, paid("2025-10-10", 100_00), 60_00)
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		statement := func() string {
			stored, err := s.closer.Statement(t.Context(), october)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(stored.Entry, len(stored.Rows))
		}
		before := statement()
		for i, v4s := range []bool{false, true} { // beside a statement of ours, and one of v4's
			month := "2025-10"
			if v4s {
				month = "2025-09"
				s.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (9, 2025, '"[]"', '"[]"', '"[]"', '"{}"')`)
			}
			for j := range 2 {
				id := 70 + 10*i + j
				s.Exec(t, fmt.Sprintf("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (%d, '%s-05', 1, 'Pix', 1)", id, month))
				s.Exec(t, fmt.Sprintf("INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor) VALUES (%d, %d, 1, 50, 0.5)", id, id))
				s.Exec(t, fmt.Sprintf("INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (%d, '%s-30', 1, 'Pix', 1)", id, month))
			}
			for name, do := range map[string]func(context.Context, *store.Tx, books.ID) error{
				"moved": func(ctx context.Context, tx *store.Tx, id books.ID) error {
					p := paid("2025-11-05", 1_00)
					p.ID = id
					return errors.Join(only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, nil)), only(s.r.ChangeExpense(ctx, tx, eva, books.Expense{ID: id, Date: day("2025-11-01"), Amount: 1_00, Method: "Pix", Description: books.TextOf("Tinta")}, nil)))
				},
				"deleted": func(ctx context.Context, tx *store.Tx, id books.ID) error {
					return errors.Join(only(s.r.RemoveCommission(ctx, tx, eva, id+1, nil)), only(s.r.RemovePayment(ctx, tx, eva, id+1, nil)), only(s.r.RemoveExpense(ctx, tx, eva, id+1, nil)))
				},
			} {
				if err := s.write(t, func(ctx context.Context, tx *store.Tx) error { return do(ctx, tx, books.ID(70+10*i)) }); err != nil {
					t.Errorf("%s, %s: %v", month, name, err)
				}
			}
			if n := s.Int(t, "SELECT (SELECT count(*) FROM pagamentos WHERE data < '2025-11-01') + (SELECT count(*) FROM gastos WHERE data < '2025-11-01')"); n != 0 {
				t.Errorf("%d late rows of %s are left", n, month)
			}
			if n := s.Int(t, "SELECT (SELECT count(*) FROM pagamentos) + (SELECT count(*) FROM comissoes) + (SELECT count(*) FROM gastos)"); n != int64(3*(i+1)) {
				t.Errorf("%d rows were moved, want %d", n, 3*(i+1))
			}
		}
		if now := statement(); now != before {
			t.Errorf("the statement is %s, was %s", now, before)
		}
	})
}

func TestA_row_that_a_statement_holds_goes_to_no_other_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		id := s.pay(t, paid("2025-10-10", 100_00), 0)
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := s.r.AddExpense(ctx, tx, eva, books.Expense{Date: day("2025-10-01"), Amount: 1, Method: "Pix", CreatedBy: 3, Description: books.TextOf("Tinta")})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		// As a dump brings them back.
		s.Exec(t, fmt.Sprintf("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (%d, '2025-10-10', 100, 'Pix', 1)", id))
		s.Exec(t, "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (1, '2025-10-01', 0.01, 'Pix', 3)")
		p := paid("2025-11-01", 100_00)
		p.ID = id
		s.refused(t, books.Integrity, "row_twice", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, nil))
		})
		s.refused(t, books.Integrity, "row_twice", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangeExpense(ctx, tx, eva, books.Expense{ID: 1, Date: day("2025-11-01"), Amount: 1, Method: "Pix", Description: books.TextOf("Tinta")}, nil))
		})
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(only(s.r.RemovePayment(ctx, tx, eva, id, nil)), only(s.r.RemoveExpense(ctx, tx, eva, 1, nil)))
		}); err != nil {
			t.Errorf("what is told to be done: %v", err)
		}
	})
}

func TestA_month_that_v4_closed_is_closed(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (9, 2025, '"[]"', '"[]"', '"[]"', '"{}"')`)
		s.refused(t, books.Refused, "month_closed", func(ctx context.Context, tx *store.Tx) error {
			_, err := s.r.AddPayment(ctx, tx, eva, sure(paid("2025-09-01", 1), 0))
			return err
		})
	})
}
