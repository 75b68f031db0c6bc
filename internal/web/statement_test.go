package web_test

import (
	"fmt"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/demo"
	"extrato/internal/recording"
	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

// actor is the owner, for the books.
func (s *monthStudio) actor(t testing.TB) books.Actor {
	t.Helper()
	return books.Actor(fmt.Sprint("user ", s.db.Int(t, "SELECT id FROM users WHERE name = 'Rafa Nogueira'")))
}

// closes has a month closed, as the owner would.
func (s *monthStudio) closes(t testing.TB, m books.Month) {
	t.Helper()
	if _, err := s.closer.Close(t.Context(), m, closing.Options{}, s.actor(t)); err != nil {
		t.Fatal(err)
	}
}

func TestA_month_is_history_until_it_has_a_statement(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		for i := range 45 {
			s.pays(t, m.First().Add(i%20), books.Money(100_00+i))
		}
		s.records(t, recording.Entry{Payment: books.Payment{Date: m.First().Add(4), Amount: 300_00, Method: "Dinheiro", ArtistID: 502}, Percent: new(books.Percent)})
		s.spends(t, m.First().Add(5), "Luvas", 80_00)
		history, statement := "/historico/"+path(m), "/extrato/"+path(m)
		headings := []string{"Pagamentos", "Comissões", "Sessões realizadas", "Comissões por Artista", "Receita por Forma de Pagamento", "Gastos do Mês", "Totais do Mês"}
		s.Open(statement).Is(200, history).Says(headings...)
		s.Says("Histórico de "+name(m), "em aberto", "R$ 4.809,90", "= R$ 2.023,96", "1 a 10 de 46", "Caio Tanaka", "sem comissão", "Conferir e fechar")
		s.Open(history+"?pagamentos=5&gastos=7&comissoes=x").Says("41 a 46 de 46", "1 a 10 de 45")
		s.Open("/historico").Says(capital(m), "R$ 4.809,90", "em aberto")
		s.Open("/extrato").Says("Ainda não há extratos.")
		s.closes(t, m)
		s.Open(history).Is(200, statement).Says(headings...)
		s.Says("Extrato de "+name(m), "fechado", "R$ 4.809,90", "= R$ 2.023,96", "com 46 pagamentos; backup conferido byte a byte.", "1 a 10 de 46", "Luvas", "Rafa Nogueira")
		s.Open(statement + "?pagamentos=5").Says("41 a 46 de 46")
		s.Open("/extrato").Says(fmt.Sprint(m.Year), capital(m), "R$ 4.809,90", "R$ 2.023,96", "fechado")
		if strings.Contains(s.Open("/historico").Text(), "R$ 4.809,90") {
			t.Error("a closed month is history")
		}
		for _, nothing := range []string{"/extrato/2025/1", "/extrato/2025/13", "/extrato/x/y", statement + "/revisao/1", statement + "/revisao/x", statement + "/revisao/0", "/historico/2099/01"} {
			s.Open(nothing).Is(404, nothing)
		}
	})
}

func TestAn_earlier_revision_is_shown(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		s.closes(t, m)
		if _, err := s.closer.Reopen(t.Context(), m, "faltou um pagamento", "user 1"); err != nil {
			t.Fatal(err)
		}
		s.pays(t, m.First(), 100_00)
		s.Open("/extrato/"+path(m)).Is(200, "/historico/"+path(m)).Says("reaberto")
		s.closes(t, m)
		s.Open("/extrato/"+path(m)).Says("O que mudou", "Revisão 2", "Reabertura da revisão 1", "faltou um pagamento", "R$ 557,00")
		s.Open(s.Links()["Revisão 1"]).Is(200, "/extrato/"+path(m)+"/revisao/1").Says("Revisão 1 do extrato", "revisão anterior", "R$ 457,00", "com 1 pagamento")
		if strings.Contains(s.Text(), "R$ 557,00") {
			t.Error("an earlier revision shows what came later")
		}
		kind := map[bool]string{true: "TEXT", false: "JSON"}[s.db.Path != ""]
		s.db.Tamper(t, "UPDATE "+s.db.Own("revisions")+" SET pagamentos = CAST(replace(CAST(pagamentos AS TEXT), '457.00', '475.00') AS "+kind+")")
		if s.Open("/extrato/" + path(m) + "/revisao/1").Says("foi alterado depois do fechamento"); strings.Contains(s.Text(), "R$") {
			t.Errorf("it shows an amount: %s", s.Text())
		}
	})
}

// An artist sees the own part of a statement, and nobody else's.
func TestAn_artist_sees_the_own_part_of_a_statement(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		s.records(t, recording.Entry{Payment: books.Payment{Date: m.First().Add(4), Amount: 333_00, Method: "Pix", ArtistID: 502, ClientID: books.RefTo(702)}})
		s.spends(t, m.First().Add(5), "Luvas", 81_00)
		bia := s.signIn(t, "Bia Moreira", "Artista")
		bia.Open("/extrato/"+path(m)).Is(200, "/extrato/"+path(m)).Says("ainda não foi fechado")
		s.closes(t, m)
		pages := ""
		for _, p := range []string{"/extrato", "/extrato/" + path(m)} {
			pages += bia.Open(p).Is(200, p).Text()
		}
		bia.Says("Produzido", "R$ 457,00", "Minha comissão", "R$ 274,20", "Duda Falcão", "backup conferido byte a byte")
		for _, foreign := range []string{"Caio", "R$ 333", "R$ 790", "R$ 81", "Luvas", "Caetano", "2 pagamentos", "SHA-256"} {
			if strings.Contains(pages, foreign) {
				t.Errorf("the artist reads %s: %s", foreign, pages)
			}
		}
		reception := s.signIn(t, "Rita", "Recepção")
		for _, p := range []string{"/historico", "/historico/" + path(m), "/meses/" + path(m) + "/fechar", "/extrato/" + path(m) + "/revisao/1"} {
			bia.Open(p).Is(403, p)
			reception.Open(p).Is(403, p)
		}
		reception.Open("/extrato").Is(403, "/extrato")
		reception.Open("/extrato/"+path(m)).Is(403, "")
		for _, who := range []*webtest.Person{bia, reception} {
			s.client = who.Client
			if status, _, _ := s.post("/meses/" + path(m.Add(-1)) + "/fechar"); status != 403 {
				t.Errorf("closes a month: %d", status)
			}
		}
	})
}

// signIn gives somebody a way in. An artist of that name stays the one artist.
func (s *monthStudio) signIn(t testing.TB, who, role string) *webtest.Person {
	t.Helper()
	s.Open("/acesso").Send("Criar acesso", "Nome", who, "E-mail", strings.ToLower(strings.Fields(who)[0])+"@example.com", "Papel", role)
	p := webtest.NewPerson(t, s.base)
	p.Open(linkOn(s.t, s.Person, s.base)).Send("Entrar", "Senha", password)
	return p
}

// The pages of a studio with thirteen closed months, in a real browser.
func TestIn_a_real_browser_the_months_of_a_studio(t *testing.T) {
	storetest.Both(t, nowInZone, monthsOfADemo)
}

func monthsOfADemo(t *testing.T, db *storetest.DB) {
	if err := demo.Fill(t.Context(), db.Store, nowInZone()); err != nil {
		t.Fatal(err)
	}
	s := newMonthStudio(t, db)
	first := demo.First(nowInZone())
	for m := first; m.Before(last()); m = m.Add(1) {
		s.closes(t, m)
	}
	m := last()
	c := webtest.Start(t, s.base)
	c.SignIn(s.Client)
	c.Open("/meses/" + path(m) + "/fechar")
	c.Check("fechar-demo")
	c.Picture("fechar", 1200, 900)
	s.closes(t, m)
	c.Open("/")
	c.Check("inicio-demo")
	c.Picture("inicio", 1200, 900)
	busiest := s.db.Int(t, "SELECT CAST(replace(CAST(data AS TEXT), '-', '') AS INTEGER) FROM pagamentos GROUP BY data ORDER BY count(*) DESC, data DESC LIMIT 1")
	c.Open("/caixa/" + books.Day(busiest).String())
	c.Picture("caixa", 1200, 900)
	c.Open("/historico")
	c.Check("historico")
	c.Open("/historico/" + path(m.Add(1)))
	c.Check("historico-mes")
	c.Open("/extrato")
	c.Check("extratos")
	c.Open("/extrato/" + path(m))
	c.Check("extrato")
	c.Picture("extrato", 1200, 900)
	if wide := webtest.Evaluate[float64](c, `Math.max(...[...document.querySelectorAll("figure p svg")].map(s => s.getBoundingClientRect().width))`); wide < 5 || wide > 20 {
		t.Errorf("a chart's key is %.0f pixels wide", wide)
	}
	c.Follow("[") // by key to the month before
	if !strings.HasSuffix(c.Path(), path(m.Add(-1))) {
		t.Errorf("the key leads to %s", c.Path())
	}
	kind := map[bool]string{true: "JSON", false: "TEXT"}[db.Store.Postgres()]
	s.db.Tamper(t, "UPDATE extratos SET pagamentos = CAST(replace(CAST(pagamentos AS TEXT), '.00', '.01') AS "+kind+")")
	c.Open("/extrato/" + path(m))
	c.Check("extrato-alterado")
	if db.Store.Postgres() {
		return // the words are the same
	}
	c.Press("English")
	for name, address := range map[string]string{"home-months": "/", "statements": "/extrato", "statement": "/extrato/" + path(m.Add(-1)), "history": "/historico/" + path(m.Add(1)), "reopen": "/meses/" + path(m.Add(-1)) + "/reabrir"} {
		c.Open(address)
		c.Check(name + "-en")
	}
}
