package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// v4Routes lead v4's addresses to ours.
func (w *Web) v4Routes() []auth.Route {
	to := func(from, path string) auth.Route {
		return w.at("GET", from, auth.Enter, func(v *visit) error { return v.to(path) })
	}
	return []auth.Route{
		to("/financeiro/{$}", "/pagamentos"), to("/gastos/{$}", "/gastos"), to("/historico/{$}", "/historico"), to("/client/{$}", "/clientes"),
		w.at("GET", "/financeiro/registrar-pagamento", auth.Enter, (*visit).v4Payment),
		w.at("GET", "/extrato/{$}", auth.Enter, (*visit).v4Statement),
		w.at("GET", "/search/results", auth.Enter, (*visit).v4Search),
	}
}

// v4Statement leads from /extrato/?mes=10&ano=2025 to the month.
func (v *visit) v4Statement() error {
	q := v.r.URL.Query()
	month, err := strconv.Atoi(q.Get("mes"))
	year, wrong := strconv.Atoi(q.Get("ano"))
	m := books.Month{Year: year, Month: time.Month(month)}
	if err != nil || wrong != nil || !m.Valid() {
		return v.to("/extrato")
	}
	return v.to(statementPath(m))
}

func (v *visit) v4Search() error {
	return v.to("/buscar?" + url.Values{"q": {strings.ToValidUTF8(v.r.URL.Query().Get("q"), "�")}}.Encode())
}

// v4Fields are the fields of v4's form by ours.
var v4Fields = map[string]string{
	"data": "dia", "valor": amountField, "forma_pagamento": methodField, "artista_id": artistField, "sessao_id": sessionField,
	"percentual": percentField, "observacoes": noteField,
	"google_event_id": eventField,
}

// eventField is the calendar event that a link of v4's names; it stays with the
// payment.
const eventField = "evento"

// event reads the calendar event of a payment's form.
func (f *form) event() books.Text {
	event := f.text(eventField, recording.MaxEvent)
	if f.Wrong = f.Error(eventField); event == "" { // the field is hidden
		return books.Text{}
	}
	return books.TextOf(event)
}

// v4Payment leads to the day sheet, with the form filled as v4's address says.
func (v *visit) v4Payment() error {
	asked, filled := v.r.URL.Query(), url.Values{}
	for theirs, ours := range v4Fields {
		if value := asked.Get(theirs); value != "" {
			filled.Set(ours, strings.ToValidUTF8(value, "�"))
		}
	}
	if id, err := strconv.ParseInt(asked.Get("cliente_id"), 10, 32); err == nil && v.mayGo("/caixa") {
		name, err := v.clientName(books.ID(id))
		if err != nil {
			return err
		}
		if name != "" {
			filled.Set(clientField, name)
		}
	}
	if name := asked.Get("cliente_nome"); name != "" && !filled.Has(clientField) {
		filled.Set(clientField, strings.ToValidUTF8(name, "�"))
	}
	if len(filled) == 0 {
		return v.to("/caixa")
	}
	return v.to("/caixa?" + filled.Encode())
}

// clientName is the function clientName in a transaction of its own.
func (v *visit) clientName(id books.ID) (name string, err error) {
	ctx := v.r.Context()
	err = v.Store.Read(ctx, func(tx *store.Tx) error {
		name, err = clientName(ctx, tx, id)
		return err
	})
	return name, err
}
