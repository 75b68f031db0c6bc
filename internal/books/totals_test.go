package books_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

func totals(rows ...books.Row) books.Totals {
	tally := books.NewTally()
	for _, row := range rows {
		tally.Add(row)
	}
	return tally.Totals()
}

func payment(artist books.ID, name string, amount books.Money, method books.String) *books.Payment {
	return &books.Payment{ArtistID: artist, ArtistName: books.TextOf(name), Amount: amount, Method: method}
}

func commission(artist books.ID, name string, amount books.Money) *books.Commission {
	return &books.Commission{ArtistID: artist, ArtistName: books.TextOf(name), Amount: amount}
}

func TestTotals_follow_the_worked_example_of_v4(t *testing.T) {
	got := totals(
		payment(1, "Ana", 30000, "Pix"), payment(1, "Ana", 20000, "Dinheiro"),
		commission(1, "Ana", 91000), // more commission than revenue: net revenue is negative
		&books.Expense{Amount: 45500, Method: "Pix"},
		&books.Session{Amount: 99999}, // no part of revenue
	)
	want := books.Totals{
		Revenue: 50000, Payments: 50000, Commissions: 91000, Expenses: 45500, Balance: 4500, NetRevenue: -86500,
		ByArtist:           []books.ArtistTotal{{Artist: "Ana", Revenue: 50000, Commission: 91000}},
		ByMethod:           []books.MethodTotal{{Method: "Dinheiro", Total: 20000}, {Method: "Pix", Total: 30000}},
		ExpensesByMethod:   []books.MethodTotal{{Method: "Pix", Total: 45500}},
		ExpensesByCategory: []books.CategoryTotal{{Category: "Outros", Total: 45500}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", got.JSON(), want.JSON())
	}
}

func TestSums_are_exact(t *testing.T) {
	got := totals(payment(1, "Ana", 10, "Pix"), payment(1, "Ana", 10, "Pix"), payment(1, "Ana", 10, "Pix"))
	if got.Revenue != 30 || got.Revenue.String() != "0.30" || got.ByMethod[0].Total != 30 {
		t.Errorf("3 × 0.10 is %s", got.JSON())
	}
}

func TestArtists_without_commission_count_and_are_not_listed(t *testing.T) {
	got := totals(payment(1, "Ana", 100, "Pix"), payment(2, "Bia", 200, "Pix"), commission(1, "Ana", 60), commission(2, "Bia", 0))
	if got.Revenue != 300 || got.ByMethod[0].Total != 300 || len(got.ByArtist) != 1 || got.ByArtist[0] != (books.ArtistTotal{Artist: "Ana", Revenue: 100, Commission: 60}) {
		t.Errorf("%s", got.JSON())
	}
}

func TestTwo_artists_of_one_name_stay_two(t *testing.T) {
	got := totals(
		payment(9, "Ana", 100, "Pix"), payment(4, "Ana", 200, "Pix"), commission(9, "Ana", 10), commission(4, "Ana", 20), commission(1, "Bia", 1))
	want := []books.ArtistTotal{{Artist: "Ana", Revenue: 200, Commission: 20}, {Artist: "Ana", Revenue: 100, Commission: 10}, {Artist: "Bia", Commission: 1}}
	if !reflect.DeepEqual(got.ByArtist, want) {
		t.Errorf("%s", got.JSON())
	}
}

func TestExpenses_keep_a_category_that_they_have(t *testing.T) {
	got := totals(&books.Expense{Amount: 5, Category: books.TextOf("Aluguel")}, &books.Expense{Amount: 7}, &books.Expense{Amount: 1})
	want := []books.CategoryTotal{{Category: "Aluguel", Total: 5}, {Category: "Outros", Total: 8}}
	if !reflect.DeepEqual(got.ExpensesByCategory, want) {
		t.Errorf("%s", got.JSON())
	}
}

func TestTotals_of_an_empty_month_are_zeros_and_empty_lists(t *testing.T) {
	const want = `{"receita_total":0.00,"total_pagamentos":0.00,"comissoes_total":0.00,"despesas_total":0.00,"saldo":0.00,"receita_liquida":0.00,` +
		`"por_artista":[],"por_forma_pagamento":[],"gastos_por_forma_pagamento":[],"gastos_por_categoria":[]}`
	if got := string(totals().JSON()); got != want {
		t.Error(got)
	}
}

func TestTotals_add_up_and_survive_JSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := anyRows.Draw(t, "rows")
		got := totals(rows...)
		var payments, commissions, expenses, byMethod books.Money
		for _, row := range rows {
			switch r := row.(type) {
			case *books.Payment:
				payments += r.Amount
			case *books.Commission:
				commissions += r.Amount
			case *books.Expense:
				expenses += r.Amount
			}
		}
		for _, m := range got.ByMethod {
			byMethod += m.Total
		}
		if got.Revenue != payments || got.Payments != payments || got.Commissions != commissions || got.Expenses != expenses ||
			got.Balance != payments-expenses || got.NetRevenue != payments-commissions-expenses || byMethod != payments {
			t.Fatalf("%s", got.JSON())
		}
		back, err := books.ParseTotals(string(got.JSON()))
		if err != nil || !reflect.DeepEqual(back, got) || !json.Valid(got.JSON()) {
			t.Fatalf("%s became %s, %v", got.JSON(), back.JSON(), err)
		}
	})
}
