package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"extrato/internal/books"
)

// posted is a form that somebody sent: names and values in turn.
func posted(fields ...string) *form {
	values := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "/caixa", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return New(Options{}).visit(httptest.NewRecorder(), r).form()
}

func TestA_form_says_beside_each_field_what_was_understood(t *testing.T) {
	f := posted("valor", "35O,00", "dia", "31/02/2025", "percentual", "cem", "nome", strings.Repeat("W", 101), "nota", "a\xff", "vazio", " \u00a0")
	f.money("valor")
	f.day("dia")
	f.day("outro dia")
	f.percent("percentual")
	f.text("nome", 100)
	f.text("nota", 100)
	f.required("vazio", 100)
	f.money("outro")
	for field, words := range map[string]string{
		"valor": "“35O,00” tem letra no meio", "dia": "Este dia não existe", "percentual": "“cem” não é uma porcentagem", "nome": "cabem 100",
		"nota": "não são texto", "vazio": "Falta preencher.", "outro dia": "Falta preencher.", "outro": "Falta o valor.",
	} {
		if !strings.Contains(f.Error(field), words) {
			t.Errorf("%s: %q, want %q", field, f.Error(field), words)
		}
	}
	if f.OK() || !f.Focus("valor") || f.Focus("dia") || f.Value("valor") != "35O,00" {
		t.Errorf("%v, the cursor is in %q", f.errors, f.first)
	}
}

func TestA_form_reads_what_is_right(t *testing.T) {
	f := posted("valor", "R$ 200+150", "dia", "2025-10-28", "percentual", "", "nome", "  Bia ")
	day, err := books.ParseDay("2025-10-28")
	if err != nil {
		t.Fatal(err)
	}
	if f.money("valor") != 350_00 || f.day("dia") != day || f.percent("percentual") != 0 || f.required("nome", 100) != "Bia" || !f.OK() {
		t.Errorf("%v", f.errors)
	}
	if again := posted("chave", f.Key); f.Key == "" || again.Key != f.Key || posted("chave", strings.Repeat("k", 101)).Key == strings.Repeat("k", 101) {
		t.Error("the key of a form changes, or is as long as anybody likes")
	}
}

// A refusal without a place, or without words, is no fault of a field.
func TestA_form_takes_only_refusals_that_have_a_place(t *testing.T) {
	f := posted()
	if err := f.refuse(books.Refusedf("last_admin", "x"), faults{"last_admin": whole}); err != nil || f.Wrong == "" {
		t.Errorf("%v %q", err, f.Wrong)
	}
	f = posted()
	if err := f.refuse(books.Refusedf("email_taken", "x"), faults{"email_taken": "email"}); err != nil || f.Error("email") == "" || !f.Focus("email") {
		t.Errorf("%v %v", err, f.errors)
	}
	for _, code := range []string{"elsewhere", "last_admin"} {
		if err := f.refuse(books.Refusedf(code, "x"), faults{"email_taken": "email", "elsewhere": "email"}); err == nil {
			t.Errorf("%s is swallowed", code)
		}
	}
	if err := f.refuse(nil, nil); err != nil {
		t.Error(err)
	}
}
