package web_test

import (
	"net/http"
	"strings"
	"testing"

	"extrato/internal/books"
)

func TestV4s_addresses_lead_to_ours(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		s.client = &http.Client{Jar: s.Client.Jar, CheckRedirect: s.Client.CheckRedirect}
		for from, to := range map[string]string{
			"/financeiro/": "/pagamentos", "/gastos/": "/gastos", "/historico/": "/historico", "/client/": "/clientes",
			"/extrato/": "/extrato", "/extrato/?mes=9&ano=2025": "/extrato/2025/09", "/extrato/?mes=13&ano=2025": "/extrato", "/extrato/?mes=x": "/extrato",
			"/search/results?q=Jo%C3%A3o%20%26%20cia": "/buscar?q=Jo%C3%A3o+%26+cia", "/search/results": "/buscar?q=",
			"/financeiro/registrar-pagamento": "/caixa",
			"/financeiro/registrar-pagamento?valor=350,50&data=2025-10-28&forma_pagamento=Pix&artista_id=501&cliente_id=701&observacoes=x%26y&estranho=1": "/caixa?artista=501&cliente=Duda+Falc%C3%A3o&dia=2025-10-28&forma=Pix&obs=x%26y&valor=350%2C50",
			"/financeiro/registrar-pagamento?google_event_id=ev%26t&data=2025-10-28&cliente_nome=Z%C3%A9&valor=450.0":                                     "/caixa?cliente=Z%C3%A9&dia=2025-10-28&evento=ev%26t&valor=450.0",
			"/financeiro/registrar-pagamento?cliente_id=999&x=1":                                                                                          "/caixa",
		} {
			if status, where, _ := s.get(from); status != http.StatusSeeOther || where != to {
				t.Errorf("%s leads to %d %s, want %s", from, status, where, to)
			}
		}
		today := books.DayOf(nowInZone()).String()
		s.Open("/financeiro/registrar-pagamento?valor=350,50&cliente_id=701&artista_id=502&data=" + today)
		if s.Value("Registrar", "Valor") != "350,50" || s.Value("Registrar", "Cliente") != "Duda Falcão" || !strings.HasPrefix(s.Path, "/caixa/"+today) {
			t.Errorf("%s: %v", s.Path, s.Values("Registrar"))
		}
		s.client.Jar = nil
		if status, where, _ := s.get("/historico/"); status != http.StatusSeeOther || !strings.HasPrefix(where, "/login?next=") {
			t.Errorf("a stranger: %d %s", status, where)
		}
	})
}
