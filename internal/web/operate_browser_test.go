package web_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

// The pages of operation are an admin's.
func TestOperating_pages_are_for_admins(t *testing.T) {
	s := newMonthStudio(t, storetest.SQLite(t, nowInZone))
	for role, who := range map[string]string{"Artista": "Lia Prado", "Recepção": "Rita"} {
		p := s.signIn(t, who, role)
		for _, page := range []string{"/backups", "/tarefas", "/registro", "/diagnostico", "/ajustes", "/backups/2025/10/restaurar"} {
			p.Open(page).Is(403, page)
		}
		for _, act := range []string{"/backups/conferir", "/backups/testar", "/registro/conferir", "/diagnostico", "/ajustes/estudio", "/backups/2025/10/restaurar"} {
			if p.Post(act, url.Values{"chave": {"k"}, "estudio": {"Meu"}}); p.Answered != 403 {
				t.Errorf("%s by %s: %d", act, role, p.Answered)
			}
		}
	}
}

// In a real browser: the pages of operation, each looked at, with one studio.
func TestIn_a_real_browser_a_studio_is_looked_after(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.Add(-1).First(), 457_00)
		s.closes(t, m.Add(-1))
		s.records(t, recording.Entry{Payment: books.Payment{Date: m.First(), Amount: 457_00, Method: "Pix", ArtistID: 501, ClientID: books.RefTo(701)}})
		s.closer.Announce = func(context.Context, *store.Tx, books.ChainEntry) error { return errors.New("no") }
		s.Open("/meses/" + path(m) + "/fechar").Send("Fechar " + name(m))
		s.closer.Announce = nil
		s.closes(t, m)
		c := webtest.Start(t, s.base)
		c.SignIn(s.Client)
		c.Open("/backups")
		c.Check("backups")
		h := s.haltAt("verified " + m.Add(-1).String())
		c.Press("Conferir agora")
		if !strings.Contains(c.Text(), "Lendo cada byte") {
			t.Errorf("%s: %s", c.Path(), c.Text())
		}
		c.Check("backups-conferindo")
		close(h.release)
		c.Wait(`document.body.innerText.includes("Tudo confere.")`) // by itself
		c.Check("backups-conferidos")
		s.drills(t, c, m)
		s.damage(t, m)
		c.Press("Conferir agora")
		c.Wait(`document.body.innerText.includes("tem problema")`)
		c.Check("backups-problema")
		c.Press("Testar agora")
		c.Wait(`document.body.innerText.includes("não devolve o extrato")`)
		c.Check("backups-teste-diferente")
		if _, err := s.closer.Reopen(t.Context(), m.Add(-1), "faltou um sinal", "user 1"); err != nil {
			t.Fatal(err)
		}
		s.db.Exec(t, "DELETE FROM comissoes")
		s.db.Exec(t, "DELETE FROM pagamentos")
		restores(c, m.Add(-1))
		c.Open("/registro")
		c.Check("registro")
		c.Press("Conferir registro")
		c.Wait(`document.body.innerText.includes("Tudo confere")`)
		c.Check("registro-conferido")
		c.Open("/tarefas")
		c.Check("tarefas")
		c.Open("/tarefas?falhas=1")
		c.Press("Fechar " + name(m) + " de " + strings.SplitN(m.String(), "-", 2)[0])
		c.Check("tarefa")
		c.Open("/diagnostico")
		c.Wait(`document.body.innerText.includes("falha")`)
		c.Check("diagnostico")
		s.Post("/ajustes/formas", url.Values{"chave": {"x"}, "forma": {"Cartão de Crédito"}, "taxa": {"3,49"}, "dias": {"30"}, "vale": {books.DayOf(nowInZone()).String()}})
		c.Open("/ajustes")
		c.Check("ajustes")
		if s.db.Path != "" { // the other language needs no second database
			inEnglish(c, m)
		}
	})
}

// restores watches a restore from its difference to its proof, and one that is
// refused.
func restores(c *webtest.Chromium, m books.Month) {
	c.Open("/backups/" + path(m) + "/restaurar")
	c.Check("restaurar")
	c.Press("Restaurar")
	c.Wait(`document.body.innerText.includes("Voltaram:")`)
	c.Check("restaurado")
	c.Open("/backups/" + path(m.Add(1)) + "/restaurar")
	c.Check("restaurar-recusado")
}

func inEnglish(c *webtest.Chromium, m books.Month) {
	c.Press("English")
	for name, page := range map[string]string{
		"backups": "/backups", "chain": "/registro", "runs": "/tarefas", "doctor": "/diagnostico", "settings": "/ajustes", "restore": "/backups/" + path(m.Add(-1)) + "/restaurar",
	} {
		c.Open(page)
		c.Check(name + "-en")
	}
}
