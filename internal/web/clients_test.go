package web_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

// twins gives a studio the client 703, who is Duda Falcão once more, with a row
// in the statement of the last month, and live ones today.
func (s *monthStudio) twins(t testing.TB) (today books.Day) {
	t.Helper()
	s.db.Exec(t, "INSERT INTO clients (id, name) VALUES (703, 'Duda F.')")
	m := last()
	today = books.DayOf(nowInZone())
	pay := func(client books.ID, day books.Day, amount books.Money, note string) {
		s.records(t, recording.Entry{Payment: books.Payment{Date: day, Amount: amount, Method: "Pix", ArtistID: 501, ClientID: books.RefTo(client), Note: books.TextOf(note)}})
	}
	pay(703, m.First(), 457_00, "Fênix no braço")
	pay(701, m.First(), 458_00, "")
	s.closes(t, m)
	pay(703, today, 100_00, "Retoque da fênix")
	pay(701, today, 200_00, "")
	s.write(t, func(ctx context.Context, tx *store.Tx) error {
		_, err := s.rules.AddSession(ctx, tx, "user 1", recording.SessionEntry{Session: books.Session{Date: today.Add(5), Amount: 800_00, ClientID: 703, ArtistID: 501, Note: books.TextOf("Costas")}})
		return err
	})
	return today
}

// One client who is in the books twice, merged on a page: the rows are counted
// first, statements stay, the page of the one who stays shows both.
func TestTwo_clients_are_merged_on_a_page(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		s.twins(t)
		m := last()
		s.Open("/clientes/703").Says("Duda F.", "A receber", "R$ 800,00", "R$ 100,00", "1 pagamento", "faltam R$ 800,00", "Ver também os meses fechados")
		if strings.Contains(s.Text(), "R$ 457,00") {
			t.Error("closed months are read without being asked for")
		}
		for _, wrong := range [][2]string{{"Ninguém", "Não há outro cliente chamado “Ninguém”."}, {"Duda F.", "Não há outro cliente"}, {"", "Falta preencher."}, {"\x00", "não são texto"}} {
			s.Open("/clientes/703").Send("Juntar", "Cliente", wrong[0]).Is(422, "/clientes/703/juntar").Says(wrong[1])
			if s.Focus() != "Cliente" || s.Value("Juntar", "Cliente") != wrong[0] && wrong[0] != "\x00" {
				t.Errorf("%q: the cursor is in %q", wrong[0], s.Focus())
			}
		}
		s.Open("/clientes/703").Send("Juntar", "Cliente", "duda falcão").Is(422, "/clientes/703/juntar").Says("Juntar Duda F. com Duda Falcão?", "1 pagamento e 1 sessão mudam de cliente.", "não mudam")
		if n := s.db.Int(t, "SELECT count(*) FROM pagamentos WHERE cliente_id = 703"); n != 1 {
			t.Error("the question merged them")
		}
		late := *s.Person
		s.pays(t, books.DayOf(nowInZone()), 5_00)
		s.db.Exec(t, "UPDATE pagamentos SET cliente_id = 703 WHERE valor = 5")
		late.Send("Juntar").Is(422, "").Says("2 pagamentos e 1 sessão") // one more by now: it is asked again
		first, second, stale := late, late, late
		stale.Open("/clientes/703")
		staler := stale
		first.Send("Juntar").Is(200, "/clientes/701").Says("Duda F. agora é Duda Falcão. 2 pagamentos e 1 sessão mudaram de cliente.", "também Duda F.", "R$ 305,00", "faltam R$ 800,00", "juntou", "Cliente: Duda F.")
		second.Send("Juntar").Is(200, "/clientes/701")
		stale.Send("Salvar", "Nome", "Duda Faria").Is(200, "/clientes/701").Says("Este cliente já foi juntado com outro.", "também Duda F.")
		staler.Send("Juntar", "Cliente", "Caetano Luz").Is(200, "/clientes/701").Says("Este cliente já foi juntado com outro.")
		if n := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("changes")+" WHERE action = 'merge'"); n != 1 {
			t.Errorf("%d merges", n)
		}
		// v4 knows nothing of it, and goes on with the old one.
		s.db.Exec(t, "INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status) VALUES (901, '2026-11-28', 600, 703, 501, 'active')")
		s.Open("/caixa?sessao=901").Send("Registrar").Is(200, "").Says("R$ 600,00 de Duda Falcão registrado")
		s.db.Exec(t, "UPDATE sessoes SET payment_id = NULL WHERE id = 901")
		s.db.Exec(t, "DELETE FROM comissoes WHERE pagamento_id = (SELECT max(id) FROM pagamentos)")
		s.db.Exec(t, "DELETE FROM pagamentos WHERE sessao_id = 901")
		s.db.Exec(t, "DELETE FROM sessoes WHERE id = 901")
		s.Open("/clientes/703").Is(200, "/clientes/701")
		if s.Open("/clientes"); strings.Contains(s.Text(), "Duda F.") {
			t.Error("the merged client is listed")
		}
		s.Open("/clientes/701")
		s.Open(s.Links()["Ver também os meses fechados"]).Says("Nos meses fechados", "Duda F.", "Duda Falcão", "R$ 457,00", "R$ 458,00")
		s.Open("/extrato/" + path(m)).Says("Duda F.")
		if _, err := s.closer.Reopen(t.Context(), m, "x", "user 1"); err != nil {
			t.Fatal(err)
		}
		s.Open("/clientes/701").Says("R$ 1.220,00")
		s.Open("/historico/" + path(m)).Says("Duda Falcão")
		s.Open("/clientes/701").Send("Desfazer").Is(200, "/clientes/701").Says("Desfeito.", "R$ 658,00")
		s.Open("/clientes/703").Is(200, "/clientes/703").Says("R$ 562,00", "faltam R$ 800,00")
	})
}

// Several of one name are told apart by their number, and nobody but an admin
// merges.
func TestWho_is_merged_and_by_whom(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		s.db.Exec(t, "INSERT INTO clients (id, name) VALUES (703, 'Duda Falcão'), (704, 'duda  falcão')")
		s.Open("/clientes/704").Send("Juntar", "Cliente", "Duda Falcão").Is(422, "").Says("Duda Falcão #701, Duda Falcão #703")
		s.Send("Juntar", "Cliente", "Duda Falcão #703").Send("Juntar").Is(200, "/clientes/703")
		s.Open("/clientes/703").Send("Juntar", "Cliente", "Duda Falcão").Send("Juntar").Is(200, "/clientes/701").Says("também Duda Falcão", "também duda falcão")
		rita := s.signIn(t, "Rita", "Recepção")
		rita.Open("/clientes/701").Is(200, "").Says("Duda Falcão")
		if strings.Contains(rita.Text(), "Juntar") || strings.Contains(rita.Text(), "meses fechados") {
			t.Error("the reception is offered more than it may do")
		}
		rita.Post("/clientes/702/juntar", url.Values{"cliente": {"Duda Falcão"}, "confirmo": {"701 0 0"}, "chave": {"k"}}).Is(403, "")
		s.signIn(t, "Bia Moreira", "Artista").Open("/clientes/701").Is(403, "")
		if n := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("merged_clients")); n != 2 {
			t.Errorf("%d merges", n)
		}
	})
}

// finds fails the test unless a search finds these rows, by their links.
func finds(t *testing.T, p *webtest.Person, q string, links ...string) {
	t.Helper()
	p.Open("/buscar?q="+url.QueryEscape(q)).Is(200, "")
	there := p.Links()
	for _, l := range links {
		text, path, _ := strings.Cut(l, " → ")
		if there[text] != path {
			t.Errorf("%q: %q leads to %q, want %s:\n%s", q, text, there[text], path, p.Text())
		}
	}
}

func TestA_search_leads_to_the_rows(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		today := s.twins(t)
		s.spends(t, today, "Agulhas 350", 64_80)
		s.Open("/buscar").Says("Procura em tudo o que está em aberto")
		if s.Focus() != "Nome, anotação, valor ou dia" {
			t.Errorf("the cursor is in %q", s.Focus())
		}
		payment := fmt.Sprintf("/pagamentos/%d", s.db.Int(t, "SELECT id FROM pagamentos WHERE valor = 100"))
		finds(t, s.Person, "FENIX", "Duda F. → "+payment)
		finds(t, s.Person, "100,00", "Duda F. → "+payment)
		finds(t, s.Person, "100", "Duda F. → "+payment)
		finds(t, s.Person, today.People(), "Duda F. → "+payment)
		finds(t, s.Person, today.People()[:5], "Duda F. → "+payment)
		finds(t, s.Person, "duda", "Duda F. → /clientes/703", "Duda Falcão → /clientes/701")
		finds(t, s.Person, "bia", "Bia Moreira → /artistas/501")
		finds(t, s.Person, "agulhas", fmt.Sprintf("Agulhas 350 → /gastos/%d", s.db.Int(t, "SELECT max(id) FROM gastos")))
		finds(t, s.Person, "60,00", fmt.Sprintf("Duda F. → /comissoes/%d", s.db.Int(t, "SELECT min(id) FROM comissoes WHERE valor = 60")))
		finds(t, s.Person, "costas", fmt.Sprintf("Duda F. → /sessoes/%d", s.db.Int(t, "SELECT max(id) FROM sessoes")))
		for _, nothing := range []string{"xyz", "31/02", "999", "%", "_", "'", `\`} {
			if s.Open("/buscar?q=" + url.QueryEscape(nothing)).Says("Nada em aberto com “" + nothing + "”."); len(s.Links()) == 0 {
				t.Errorf("%q", nothing)
			}
		}
		if s.Open("/buscar?q=457"); strings.Contains(s.Text(), "457,00") {
			t.Error("closed months are searched without being asked for")
		}
		s.Open(s.Links()["Ver também os meses fechados"]).Says("Nos meses fechados", "R$ 457,00", "Fênix no braço")
		row := fmt.Sprintf("pagamento-%d", s.db.Int(t, "SELECT min(first_id) FROM "+s.db.Own("payments_at_rest")))
		there := s.Links()["Duda F."]
		if !strings.HasSuffix(there, "?linha="+row+"#"+row) {
			t.Errorf("it leads to %s", there)
		}
		s.Open(there).Is(200, "").Says("Extrato de "+name(last()), "R$ 457,00")
		if !s.Has(row) {
			t.Errorf("%s has no row %s", s.Path, row)
		}
		s.Open("/search/results?q=f%C3%AAnix").Is(200, "/buscar?q=f%C3%AAnix").Says("Retoque da fênix")

		rita := s.signIn(t, "Rita", "Recepção")
		finds(t, rita, "fenix", "Duda F. → "+payment)
		if rita.Open("/buscar?q=60"); strings.Contains(rita.Text(), "Comissões") || strings.Contains(rita.Text(), "meses fechados") {
			t.Errorf("the reception reads %s", rita.Text())
		}
		bia := s.signIn(t, "Bia Moreira", "Artista")
		s.records(t, recording.Entry{Payment: books.Payment{Date: today, Amount: 333_00, Method: "Pix", ArtistID: 502, ClientID: books.RefTo(701), Note: books.TextOf("de Caio")}})
		finds(t, bia, "duda", "Duda F. → "+payment)
		for _, q := range []string{"duda", "caio", "333", "agulhas", today.People(), "falcao"} {
			bia.Open("/buscar?q=" + url.QueryEscape(q) + "&fechados=1")
			for _, foreign := range []string{"R$ 333", "de Caio", "Caio Tanaka", "R$ 64,80", "/clientes/"} {
				if strings.Contains(bia.Text(), foreign) {
					t.Errorf("%q: the artist reads %s", q, foreign)
				}
			}
		}
		bia.Open("/buscar?q=fenix&fechados=1").Says("R$ 457,00")
	})
}

// A statement that is not what was closed shows none of its figures, in a
// search as elsewhere.
func TestA_search_trusts_no_changed_statement(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		s.twins(t)
		s.tamper(t)
		s.Open("/buscar?q=fenix&fechados=1").Is(200, "").Says("o extrato não é o que foi fechado")
		if strings.Contains(s.Text(), "R$ 475,00") {
			t.Error("it shows the changed amount")
		}
		s.Open("/clientes/703?fechados=1").Is(200, "").Says("o extrato não é o que foi fechado")
	})
}

func TestHostile_searches_and_merges(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		s.paid("Valor", "350", "Cliente", hostileTexts[0], "Observações", hostileTexts[0])
		client := fmt.Sprintf("/clientes/%d", s.db.Int(t, "SELECT min(id) FROM clients"))
		for i, text := range hostileTexts {
			for _, to := range []string{"/buscar?q=", "/buscar?fechados=1&q=", client + "?fechados=", "/search/results?q=", "/financeiro/registrar-pagamento?google_event_id=", "/financeiro/registrar-pagamento?cliente_nome="} {
				if status, body := fetched(t, s.owner, s.base, to+url.QueryEscape(text)); status >= 500 || strings.Contains(body, "<script>alert") {
					t.Errorf("%s%q: %d", to, text, status)
				}
			}
			p := s.owner.Post(client+"/juntar", url.Values{"cliente": {text}, "confirmo": {text}, "chave": {fmt.Sprint("k", i)}})
			if p.Status >= 500 {
				t.Errorf("%q: %d %s", text, p.Status, p.Text())
			}
		}
		s.owner.Open("/buscar?q="+url.QueryEscape(hostileTexts[0])).Is(200, "").Says(hostileTexts[0])
		if n := s.count(s.db.Own("merged_clients")); n != 0 {
			t.Errorf("%d merges", n)
		}
	})
}

// A link of v4's calendar fills the day sheet, also through the sign-in page;
// the event stays with the payment, and takes no second one.
func TestA_link_of_v4s_calendar_is_kept_through_the_login(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		link := "/financeiro/registrar-pagamento?google_event_id=evt1&data=" + s.today.String() + "&observacoes=Fechamento+%26+retoque&cliente_nome=Duda+Falc%C3%A3o&valor=450.0"
		p := webtest.NewPerson(t, s.base)
		p.Open(link).Send("Entrar", "E-mail", "rafa@example.com", "Senha", password).Is(200, "")
		if v := p.Values("Registrar"); v.Get("obs") != "Fechamento & retoque" || v.Get("cliente") != "Duda Falcão" || v.Get("valor") != "450.0" || v.Get("data") != s.today.String() {
			t.Errorf("%s: %v", p.Path, v)
		}
		p.Send("Registrar").Is(200, "").Says("R$ 450,00 de Duda Falcão registrado")
		if n := s.count("pagamentos WHERE google_event_id = 'evt1'"); n != 1 {
			t.Error("the event is lost")
		}
		p.Open(link).Send("Registrar", "Valor", "451").Is(422, "").Says("Outro lançamento já tem o mesmo evento do calendário.")
		p.Open(fmt.Sprintf("/pagamentos/%d", s.db.Int(t, "SELECT max(id) FROM pagamentos"))).Send("Salvar", "Valor", "460").Is(200, "")
		if n := s.count("pagamentos WHERE google_event_id = 'evt1' AND valor = 460"); n != 1 {
			t.Error("a correction loses the event")
		}
	})
}

// In a real browser: one client, merging, searching.
func TestIn_a_real_browser_clients_and_searches(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		s := newMonthStudio(t, db)
		s.twins(t)
		s.db.Exec(t, "UPDATE clients SET name = $1 WHERE id = 702", strings.Repeat("W", 255))
		c := webtest.Start(t, s.base)
		c.SignIn(s.Client)
		c.Open("/clientes/703")
		c.Check("cliente-completo")
		c.Open("/clientes/703?fechados=1")
		c.Check("cliente-fechados")
		c.Type("Cliente", "duda falcão")
		c.Follow("\r")
		c.Check("juntar")
		c.Press("Juntar")
		if c.Path() != "/clientes/701" {
			t.Errorf("it leads to %s", c.Path())
		}
		c.Check("cliente-juntado")
		c.Open("/acesso")
		c.Keys("/")
		c.Wait(`document.activeElement.id === "q"`)
		webtest.Evaluate[string](c, `document.activeElement.value = ""`) // the key itself, which only a real keyboard holds back
		c.Keys("fenix")
		c.Follow("\r")
		if c.Path() != "/buscar?q=fenix" {
			t.Errorf("/ leads to %s", c.Path())
		}
		c.Check("buscar")
		for name, at := range map[string]string{"vazio": "/buscar", "nada": "/buscar?q=xyz", "muito": "/buscar?q=d", "fechados": "/buscar?q=fenix&fechados=1", "hostil": "/buscar?q=" + strings.Repeat("W", 255)} {
			c.Open(at)
			c.Check("buscar-" + name)
		}
		s.comesIn(t, c)
	})
}

// comesIn looks at what an artist finds.
func (s *monthStudio) comesIn(t *testing.T, c *webtest.Chromium) {
	t.Helper()
	c.SignIn(s.signIn(t, "Bia Moreira", "Artista").Client)
	c.Open("/buscar?q=fenix&fechados=1")
	c.Check("buscar-artista")
}
