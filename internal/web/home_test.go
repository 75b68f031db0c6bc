package web_test

import (
	"context"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// Início says what waits, and other pages the worst of it in one line.
func TestWhat_waits_is_said(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.Open("/").Says("O que espera hoje", "Faltam", "passos para começar")
		s.pays(t, m.First(), 457_00)
		today := books.DayOf(nowInZone())
		s.pays(t, today, 100_00)
		// October is from before the schedule, which begins with the month of the first migration.
		s.Open("/").Says(capital(m)+" está em aberto", "espera por você", "Este mês até agora", "R$ 100,00", "Últimos lançamentos", "Duda Falcão", "hoje")
		s.Open("/acesso").Says(capital(m) + " está em aberto")
		s.Open(s.Links()["Conferir e fechar"]).Is(200, "/meses/"+path(m)+"/fechar")
		if strings.Contains(s.Text(), "está em aberto") {
			t.Error("the page of the month says twice what waits")
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.SetSetting(ctx, store.CloseFrom, m.String()) })
		if today.Number() > 1 {
			s.Open("/").Says(capital(m)+" terminou e não foi fechado", "a fechar")
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				return tx.RaiseAlarm(ctx, store.Alarm{Subject: "month:" + m.String() + "/backup_slow", Cause: "backup_slow", Since: books.InstantOf(nowInZone())})
			})
			s.Open("/").Says("o lugar dos backups não respondeu a tempo")
		}
		s.closes(t, m)
		s.Open("/").Says("Tudo em dia.", "Últimos 12 meses", "fechado")
		if strings.Contains(s.Open("/acesso").Text(), "Conferir e fechar") {
			t.Error("nothing waits, and a line says so")
		}
		s.db.Exec(t, `INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, created_at) VALUES ($1, 100, 'Pix', 501, '2026-01-01 12:00:00')`, m.First().Add(9).String())
		s.Open("/").Says(capital(m)+" tem 1 lançamento atrasado", "com atrasados")
		s.Open("/acesso").Says(capital(m) + " tem 1 lançamento atrasado")
		if _, err := s.closer.Reopen(t.Context(), m, "x", "user 1"); err != nil {
			t.Fatal(err)
		}
		s.Open("/").Says(capital(m)+" está reaberto", "Só fecha de novo quando alguém fechar")
		s.closes(t, m)
		s.db.Exec(t, "INSERT INTO sessoes (data, valor, cliente_id, artista_id, status) VALUES ($1, 600, 702, 501, 'active')", today.String())
		s.Open("/").Says("1 sessão sem pagamento completo", "Faltam R$ 600,00.")
		s.Open(s.Links()["Receber: 1 sessão sem pagamento completo"]).Is(200, "")
		s.db.Exec(t, "UPDATE "+s.db.Own("backups")+" SET state = 'corrupt'")
		s.Open("/").Says(capital(m)+": há um problema com o backup", "O backup mudou depois do fechamento.")
	})
}

// An artist sees the own month; the reception the day.
func TestThe_first_page_of_each_role(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		today := books.DayOf(nowInZone())
		s.pays(t, today, 457_00)
		s.records(t, recording.Entry{Payment: books.Payment{Date: today, Amount: 333_00, Method: "Pix", ArtistID: 502, ClientID: books.RefTo(702)}})
		s.spends(t, today, "Luvas", 81_00)
		bia := s.signIn(t, "Bia Moreira", "Artista")
		bia.Open("/").Is(200, "/").Says("Produzido", "R$ 457,00", "Minha comissão", "R$ 274,20", "Meus últimos pagamentos", "Duda Falcão")
		for _, foreign := range []string{"Caio", "Caetano", "R$ 333", "R$ 790", "R$ 81", "Líquido", "O que espera", "API"} {
			if strings.Contains(bia.Text(), foreign) {
				t.Errorf("the artist reads %s: %s", foreign, bia.Text())
			}
		}
		rita := s.signIn(t, "Rita", "Recepção")
		rita.Open("/").Is(200, "/caixa/"+today.String())
		for _, foreign := range []string{"Conferir e fechar", "Líquido"} {
			if strings.Contains(rita.Text(), foreign) {
				t.Errorf("the reception reads %s", foreign)
			}
		}
		if state, _ := s.stateOf(t, last()); state == closing.IsClosed {
			t.Error(state)
		}
	})
}
