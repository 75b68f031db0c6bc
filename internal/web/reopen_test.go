package web_test

import (
	"context"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/web/webtest"
)

func TestA_month_is_reopened_on_a_page_and_closed_again(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		address, history := "/meses/"+path(m)+"/reabrir", "/historico/"+path(m)
		s.Open(address).Is(200, address).Says("Reabrir "+name(m), "está em aberto", "Não há o que reabrir")
		s.closes(t, m)
		s.Open("/extrato/" + path(m))
		s.Open(s.Links()["Reabrir"]).Is(200, address).Says("Voltam a ficar em aberto: 1 pagamento", "guardado como revisão 1", "o fechamento automático não mexe")
		if s.Focus() != "Motivo" {
			t.Errorf("the cursor is in %q", s.Focus())
		}
		for _, nothing := range []string{"", "  ", "a\x00b", strings.Repeat("W", 501)} {
			s.Open(address).Send("Reabrir "+name(m), "Motivo", nothing)
			if state, _ := s.stateOf(t, m); s.Answered != 422 || state != closing.IsClosed {
				t.Errorf("%q: %d, %s", nothing, s.Answered, state)
			}
		}
		first, second := *s.Open(address), *s.Person
		first.Send("Reabrir "+name(m), "Motivo", "faltou <b>um</b> sinal").Is(200, history).Says(capital(m)+" reaberto.", "reaberto", "R$ 457,00")
		second.Send("Reabrir "+name(m), "Motivo", "faltou <b>um</b> sinal").Is(200, history).Says(capital(m) + " reaberto.")
		if n := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("closings")); n != 2 {
			t.Errorf("%d entries", n)
		}
		s.Open(address).Says("já está reaberto", "Fechar "+name(m))
		s.client = s.Client
		if status, _, text := s.post(address, "motivo", "outro motivo"); status != 422 || !strings.Contains(text, "já está reaberto") {
			t.Errorf("%d %s", status, text)
		}
		s.pays(t, m.First(), 100_00)
		s.Open("/meses/" + path(m) + "/fechar").Says("reaberto").Send("Fechar " + name(m)).Says("R$ 557,00")
		if state, revision := s.stateOf(t, m); state != closing.IsClosed || revision != 2 {
			t.Errorf("%s, revision %d", state, revision)
		}
		// Back to the page from before: it asks for another reopening, and gets one.
		second.Open(address).Send("Reabrir "+name(m), "Motivo", "faltou <b>um</b> sinal").Is(200, history)
		if state, _ := s.stateOf(t, m); state != closing.Held {
			t.Error(state)
		}
	})
}

// A month whose rows are linked to another one's says which to reopen first.
func TestA_month_that_must_wait_for_another_says_which(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		before := m.Add(-1)
		var session books.ID
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			d, err := s.rules.AddSession(ctx, tx, "user 1", recording.SessionEntry{Session: books.Session{Date: before.First(), Amount: 800_00, ClientID: 701, ArtistID: 501, Status: books.TextOf("active")}})
			session = d.ID
			return err
		})
		for _, of := range []books.Month{before, m} {
			s.records(t, recording.Entry{Payment: books.Payment{Date: of.First(), Amount: 400_00, Method: "Pix", ArtistID: 501, ClientID: books.RefTo(701), SessionID: books.RefTo(session)}})
		}
		s.closes(t, before)
		s.closes(t, m)
		s.Open("/meses/"+path(before)+"/reabrir").Says(capital(before)+" não pode ser reaberto ainda.", "linked_elsewhere")
		s.Open(s.Links()["Reabrir "+name(m)]).Is(200, "/meses/"+path(m)+"/reabrir").Says("Voltam a ficar em aberto")
		s.client = s.Client
		if status, _, text := s.post("/meses/"+path(before)+"/reabrir", "motivo", "x"); status != 422 || !strings.Contains(text, "não pode ser reaberto ainda") {
			t.Errorf("%d %s", status, text)
		}
		if state, _ := s.stateOf(t, before); state != closing.IsClosed {
			t.Error(state)
		}
	})
}

func TestIn_a_real_browser_a_month_is_reopened(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		s.closes(t, m)
		c := webtest.Start(t, s.base)
		c.SignIn(s.Client)
		c.Open("/meses/" + path(m) + "/reabrir")
		c.Check("reabrir")
		c.Keys("faltou um sinal")
		c.Follow("\r")
		if c.Path() != "/historico/"+path(m) || !strings.Contains(c.Text(), "reaberto.") {
			t.Errorf("%s: %s", c.Path(), c.Text())
		}
		c.Press("Conferir e fechar")
		c.Press("Fechar " + name(m))
		c.Wait(`document.body.innerText.includes("fechado. O backup")`)
		c.Open("/extrato/" + path(m))
		c.Check("extrato-revisao-2")
	})
}
