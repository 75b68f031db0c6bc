package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/export"
)

// v4Keys are the keys of a statement's rows, as v4 writes them.
var v4Keys = map[books.Kind][]string{
	books.PaymentKind:    {"id", "data", "cliente_name", "artista_name", "valor", "forma_pagamento", "observacoes", "sessao_id", "sessao_data"},
	books.SessionKind:    {"id", "data", "cliente_name", "artista_name", "valor", "status", "observacoes"},
	books.CommissionKind: {"artista_name", "cliente_name", "pagamento_valor", "pagamento_data", "percentual", "valor", "observacoes"},
	books.ExpenseKind:    {"data", "valor", "descricao", "forma_pagamento", "categoria", "created_by"},
}

// v4Statement answers a stored statement: GET /extrato/api?mes&ano. An artist
// sees their own part.
func (s *Server) v4Statement(w http.ResponseWriter, r *http.Request) {
	month, wrong := v4MonthOf(r)
	if wrong != "" {
		writeJSON(w, http.StatusBadRequest, object{"success": false, "message": wrong})
		return
	}
	found, err := s.Closer.Statement(r.Context(), month)
	switch {
	case errors.Is(err, books.ErrNotClosed):
		writeJSON(w, http.StatusNotFound, object{"success": false, "message": "Extrato não encontrado para " + slashed(month)})
		return
	case err != nil:
		s.v4Failed(w, r, "Statement not readable.", "statement", err)
		return
	}
	shown := export.Statement{Month: month, Header: found.Header, Rows: found.Rows}
	who, _ := auth.From(r.Context())
	if id, only := who.OnlyArtist(); only {
		name, err := s.Closer.ArtistName(r.Context(), month, id)
		if unclear := books.AsError(err); err != nil && unclear.Kind == books.Refused {
			writeJSON(w, http.StatusConflict, object{"success": false, "message": unclear.Message})
			return
		}
		if err != nil {
			s.v4Failed(w, r, "Statement not readable.", "statement", err)
			return
		}
		shown = shown.ForArtist(id, name)
	}
	writeJSON(w, http.StatusOK, object{
		"success": true, "message": "Extrato encontrado para " + slashed(month), "data": v4Document(shown),
	})
}

func v4MonthOf(r *http.Request) (books.Month, string) {
	mes, ano := r.URL.Query().Get("mes"), r.URL.Query().Get("ano")
	if mes == "" || ano == "" {
		return books.Month{}, "Parâmetros 'mes' e 'ano' são obrigatórios"
	}
	month, err := strconv.Atoi(mes)
	year, err2 := strconv.Atoi(ano)
	switch {
	case err != nil || err2 != nil:
		return books.Month{}, "Mês e ano devem ser números válidos"
	case month < 1 || month > 12:
		return books.Month{}, "Mês deve estar entre 1 e 12"
	case year < 2000 || year > 2100:
		return books.Month{}, "Ano deve estar entre 2000 e 2100"
	}
	return books.Month{Year: year, Month: time.Month(month)}, ""
}

func v4Document(s export.Statement) object {
	lists := map[books.Kind][]json.RawMessage{}
	for _, row := range s.Rows {
		if keys, ok := v4Keys[row.Kind()]; ok {
			lists[row.Kind()] = append(lists[row.Kind()], books.AppendRowKeys(nil, row, keys))
		}
	}
	list := func(kind books.Kind) []json.RawMessage {
		if lists[kind] == nil {
			return []json.RawMessage{}
		}
		return lists[kind]
	}
	return object{
		"mes": int(s.Month.Month), "ano": s.Month.Year, "pagamentos": list(books.PaymentKind), "sessoes": list(books.SessionKind),
		"comissoes": list(books.CommissionKind), "gastos": list(books.ExpenseKind), "totais": json.RawMessage(s.Header.Totals.JSON()),
	}
}
