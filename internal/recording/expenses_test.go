package recording_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recording"
	"extrato/internal/store"
)

func spent(on string, amount books.Money, what, category string) books.Expense {
	e := books.Expense{Date: day(on), Amount: amount, Method: "Pix", CreatedBy: 3, Description: books.TextOf(what)}
	if category != "" {
		e.Category = books.TextOf(category)
	}
	return e
}

func (s *studio) spend(t testing.TB, e books.Expense) recording.Done {
	t.Helper()
	return s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
		return s.r.AddExpense(ctx, tx, eva, e)
	})
}

// categories lists the live expenses of a month, oldest first, with their
// categories.
func (s *studio) categories(t testing.TB, month books.Month) string {
	t.Helper()
	var all []string
	err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
		rows, _, err := tx.ListRecords(t.Context(), store.Wanted{Kind: books.ExpenseKind, Month: month, Limit: 100})
		for _, row := range rows {
			e := row.(*books.Expense)
			all = append([]string{fmt.Sprintf("%s %s=%s", e.Date.People()[:5], e.Description.V, e.Category.V)}, all...)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, ", ")
}

func TestAn_expense_has_an_amount_and_a_description(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		kept := s.spend(t, spent("2025-11-01", 1, "Tinta", ""))
		for code, e := range map[string]books.Expense{
			"missing_amount": spent("2025-11-01", 0, "Tinta", ""), "invalid_amount": spent("2025-11-01", -1, "Tinta", ""), "missing_description": spent("2025-11-01", 1, " ", ""),
			"text_too_long": spent("2025-11-01", 1, "Tinta", strings.Repeat("x", 51)), "invalid_text": spent("2025-11-01", 1, "Tinta", "a\x00"),
		} {
			s.refused(t, books.Invalid, code, func(ctx context.Context, tx *store.Tx) error { return only(s.r.AddExpense(ctx, tx, eva, e)) })
			e.ID = kept.ID
			s.refused(t, books.Invalid, code, func(ctx context.Context, tx *store.Tx) error { return only(s.r.ChangeExpense(ctx, tx, eva, e, nil)) })
		}
	})
}

func TestA_category_is_known_blind_to_case_and_accents(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		for i, typed := range []string{"Divulgacao", " aluguel ", "Café", "CAFE", "outros", "", "Café  com leite"} {
			s.spend(t, spent(fmt.Sprintf("2025-11-%02d", i+1), 1, "x", typed))
		}
		if got := s.categories(t, october.Add(1)); got != "01/11 x=Divulgação, 02/11 x=Aluguel, 03/11 x=Café, 04/11 x=Café, 05/11 x=, 06/11 x=, 07/11 x=Café  com leite" {
			t.Error(got)
		}
		err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
			all, err := s.r.AllCategories(t.Context(), tx)
			if got := strings.Join(all, " "); got != "Aluguel Café Café  com leite Divulgação Contas Equipamento Impostos Limpeza Material" {
				t.Error(got)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestA_category_is_changed_deleted_and_comes_back(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		november := october.Add(1)
		id := s.spend(t, spent("2025-11-01", 5_00, "Tinta", "Material")).ID
		for _, step := range []struct {
			do   func(ctx context.Context, tx *store.Tx) (recording.Done, error)
			then string
		}{
			{func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
				e := spent("2025-11-01", 5_00, "Tinta", "Pigmento")
				e.ID = id
				return s.r.ChangeExpense(ctx, tx, eva, e, nil)
			}, "01/11 Tinta=Pigmento"},
			{func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
				e := spent("2025-11-01", 5_00, "Tinta", "")
				e.ID = id
				return s.r.ChangeExpense(ctx, tx, eva, e, nil)
			}, "01/11 Tinta="},
			{func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
				return s.r.RemoveExpense(ctx, tx, eva, id, nil)
			}, ""},
		} {
			before := s.categories(t, november)
			done := s.do(t, step.do)
			if got := s.categories(t, november); got != step.then {
				t.Errorf("got %q, want %q", got, step.then)
			}
			s.do(t, s.undo(done.Change))
			if got := s.categories(t, november); got != before {
				t.Errorf("undone, it is %q, want %q", got, before)
			}
		}
		s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemoveExpense(ctx, tx, eva, id, nil)
		})
		if n := s.Int(t, "SELECT count(*) FROM "+s.Own("expense_categories")); n != 0 {
			t.Errorf("%d categories of nothing", n)
		}
	})
}

// offered lists what can be repeated in a month, marked where it is recorded.
func (s *studio) offered(t testing.TB, month books.Month) (list string, keys []string) {
	t.Helper()
	var all []string
	err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
		offered, err := s.r.Repeatable(t.Context(), tx, month)
		for _, o := range offered {
			text := fmt.Sprintf("%s %s %s=%s", o.Date.People()[:5], o.Description.V, o.Amount, o.Category.V)
			if o.Recorded {
				text += " ✓"
			}
			all, keys = append(all, text), append(keys, o.Key)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, ", "), keys
}

func (s *studio) repeat(month books.Month, keys ...string) func(context.Context, *store.Tx) (recording.Repeated, error) {
	return func(ctx context.Context, tx *store.Tx) (recording.Repeated, error) {
		return s.r.RepeatExpenses(ctx, tx, eva, 3, month, keys)
	}
}

// lastMonths are October's expenses, one of them twice with two amounts.
func (s *studio) lastMonths(t testing.TB) {
	s.spend(t, spent("2025-10-31", 90_00, "Água", "Contas"))
	s.spend(t, spent("2025-10-05", 1_200_00, "Aluguel", "Aluguel"))
	s.spend(t, spent("2025-10-08", 20_00, "Uber", ""))
	s.spend(t, spent("2025-10-09", 30_00, "Uber", ""))
	s.Exec(t, `INSERT INTO gastos (data, valor, descricao, forma_pagamento, created_by, created_at) VALUES
		('2025-10-10', 0, 'De graça', 'Pix', 3, '2025-10-10 12:00:00'), ('2025-10-10', 1, NULL, 'Pix', 3, '2025-10-10 12:00:00')`)
}

const allOfOctober = "05/11 Aluguel 1200.00=Aluguel, 08/11 Uber 20.00=, 09/11 Uber 30.00=, 30/11 Água 90.00=Contas"

func TestExpenses_are_repeated_once(t *testing.T) {
	for _, closed := range []bool{false, true} {
		t.Run(fmt.Sprintf("closed=%v", closed), func(t *testing.T) {
			both(t, func(t *testing.T, s *studio) {
				november := october.Add(1)
				s.lastMonths(t)
				_, before := s.offered(t, november)
				if closed {
					if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
						t.Fatal(err)
					}
				}
				list, keys := s.offered(t, november)
				if list != allOfOctober || fmt.Sprint(keys) != fmt.Sprint(before) {
					t.Fatalf("offered are %s, %v; before %v", list, keys, before)
				}
				s.spend(t, spent("2025-11-02", 30_00, "uber ", "")) // it answers for the one with its amount
				var done recording.Repeated
				repeat := func() error {
					return s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
						done, err = s.repeat(november, keys...)(ctx, tx)
						return err
					})
				}
				if err := repeat(); err != nil || len(done.Rows) != 3 || done.Skipped != 1 {
					t.Fatalf("%v %+v", err, done)
				}
				want := "02/11 uber =, 05/11 Aluguel=Aluguel, 08/11 Uber=, 30/11 Água=Contas"
				if got := s.categories(t, november); got != want {
					t.Errorf("recorded are %s", got)
				}
				if list, _ := s.offered(t, november); strings.Count(list, "✓") != 4 {
					t.Errorf("now offered are %s", list)
				}
				s.refused(t, books.Conflict, "all_recorded", func(ctx context.Context, tx *store.Tx) error {
					_, err := s.repeat(november, keys...)(ctx, tx)
					return err
				})
				// A corrected amount is still the same expense.
				e := spent("2025-11-30", 95_10, "Água", "Contas")
				e.ID = done.Rows[2]
				s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
					return s.r.ChangeExpense(ctx, tx, eva, e, nil)
				})
				s.refused(t, books.Conflict, "all_recorded", func(ctx context.Context, tx *store.Tx) error {
					_, err := s.repeat(november, keys...)(ctx, tx)
					return err
				})
				s.refused(t, books.Conflict, "changed_since", func(ctx context.Context, tx *store.Tx) error { return only(s.r.Undo(ctx, tx, eva, done.Change)) })
				e.Amount = 90_00
				s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
					return s.r.ChangeExpense(ctx, tx, eva, e, nil)
				})
				s.do(t, s.undo(done.Change))
				if got := s.categories(t, november); got != "02/11 uber =" {
					t.Errorf("undone, there are %s", got)
				}
			})
		})
	}
}

func TestExpenses_are_not_repeated_into_or_out_of_doubt(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		november := october.Add(1)
		s.lastMonths(t)
		_, keys := s.offered(t, november)
		repeat := func(month books.Month, keys ...string) func(context.Context, *store.Tx) error {
			return func(ctx context.Context, tx *store.Tx) error {
				_, err := s.repeat(month, keys...)(ctx, tx)
				return err
			}
		}
		s.refused(t, books.Invalid, "nothing_chosen", repeat(november))
		s.refused(t, books.Conflict, "expense_not_offered", repeat(november, keys[0], "made up"))
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		s.refused(t, books.Refused, "month_closed", repeat(october, keys...))
		s.Exec(t, "INSERT INTO gastos (data, valor, descricao, forma_pagamento, created_by, created_at) VALUES ('2025-10-30', 7, 'Atrasado', 'Pix', 3, '2025-10-30 12:00:00')")
		if list, _ := s.offered(t, november); list != "05/11 Aluguel 1200.00=Aluguel, 08/11 Uber 20.00=, 09/11 Uber 30.00=, 30/11 Atrasado 7.00=, 30/11 Água 90.00=Contas" {
			t.Errorf("with a late one, offered are %s", list)
		}
		s.Tamper(t, "UPDATE extratos SET gastos = "+s.changed("gastos", "1200.00", "1300.00"))
		s.refused(t, books.Integrity, "statement_changed", repeat(november, keys...))
	})
}

// changed is a JSON column with one text in the place of another.
func (s *studio) changed(column, from, to string) string {
	text := "replace(CAST(" + column + " AS TEXT), '" + from + "', '" + to + "')"
	if s.Store.Postgres() {
		return "CAST(" + text + " AS JSON)"
	}
	return text
}

// A default percent holds from its day on; earlier days keep the one before.
func TestA_percent_holds_from_its_day_on(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		set := func(from string, percent books.Percent) {
			if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
				return s.r.SetArtistPercent(ctx, tx, 1, day(from), percent)
			}); err != nil {
				t.Fatal(err)
			}
		}
		share := func(on string) books.Money {
			id := s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
				return s.r.AddPayment(ctx, tx, eva, recording.Entry{Payment: paid(on, 100_00), Confirmed: recording.Questions()})
			}).ID
			return books.Money(s.Int(t, "SELECT CAST(coalesce(sum(valor), 0) * 100 AS BIGINT) FROM comissoes WHERE pagamento_id = $1", int64(id)))
		}
		set("2025-01-01", 50_00)
		first := share("2025-10-15")
		set("2025-10-15", 60_00)
		for on, want := range map[string]books.Money{"2024-12-31": 0, "2025-10-14": 50_00, "2025-10-15": 60_00, "2025-11-02": 60_00} {
			if got := share(on); got != want {
				t.Errorf("%s: %s, want %s", on, got, want)
			}
		}
		if n := s.Int(t, "SELECT CAST(valor * 100 AS BIGINT) FROM comissoes WHERE pagamento_id = 1"); first != 50_00 || n != 50_00 {
			t.Errorf("an existing commission became %d", n)
		}
	})
}

func TestAn_inactive_artist_and_one_beside_another_role(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		user := func(id books.ID) (u store.User) {
			if err := s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
				u, err = tx.UserByID(t.Context(), id)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return u
		}
		active := func(is bool) func(context.Context, *store.Tx) (recording.Done, error) {
			return func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
				return s.r.SetArtistActive(ctx, tx, eva, 1, is)
			}
		}
		was := user(1)
		if s.do(t, active(false)); user(1).Active {
			t.Error("Ana is active")
		}
		if s.do(t, active(true)); user(1) != was {
			t.Errorf("%+v, was %+v", user(1), was)
		}
		tattoos := func(id books.ID, is bool) func(context.Context, *store.Tx) error {
			return func(ctx context.Context, tx *store.Tx) error { return s.r.SetTattoos(ctx, tx, id, is) }
		}
		for _, is := range []bool{true, false} {
			if err := s.write(t, tattoos(3, is)); err != nil || user(3).Tattoos != is || user(3).Role != "admin" {
				t.Errorf("%v %+v", err, user(3))
			}
		}
		s.refused(t, books.Invalid, "is_artist", tattoos(1, true))
		s.refused(t, books.NotFound, "no_person", tattoos(4, true)) // of v4's, without a way in
		s.refused(t, books.NotFound, "no_person", tattoos(77, true))
		s.refused(t, books.NotFound, "no_artist", failing(func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.SetArtistActive(ctx, tx, eva, 3, false)
		}))
		s.refused(t, books.Invalid, "invalid_email", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.AddArtist(ctx, tx, eva, recording.Artist{Name: "Lia", Email: "nada", Active: true}))
		})
	})
}
