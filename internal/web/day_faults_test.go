package web_test

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"extrato/internal/auth"
	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

var oneOfDuda = []string{"Valor", "350", "Cliente", "Duda Falcão", "Observações", `Retoque "do" <b>braço</b>`}

// isOne fails the test unless exactly one payment was recorded, with its client
// and commission.
func (s *opened) isOne(t *testing.T) {
	t.Helper()
	if n := s.count("pagamentos"); n != 1 || s.count("clients") != 1 || s.count("comissoes") != 1 {
		t.Errorf("%d payments, %d clients, %d commissions", n, s.count("clients"), s.count("comissoes"))
	}
}

func TestA_double_click_records_once(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		s.owner.Open("/caixa")
		first, second := *s.owner, *s.owner
		first.Send("Registrar", oneOfDuda...).Is(200, "").Says("R$ 350,00 de Duda Falcão registrado")
		second.Send("Registrar", oneOfDuda...).Is(200, "").Says("R$ 350,00 de Duda Falcão registrado")
		s.isOne(t)
		third := *s.owner
		third.Open("/caixa")
		fourth := third
		third.Send("Excluir o pagamento de Duda Falcão").Is(200, "").Says("Excluído:")
		fourth.Send("Excluir o pagamento de Duda Falcão").Is(200, "").Says("Excluído:")
	})
}

// What others rest on by now is not undone, and a person is told why.
func TestAn_undo_that_others_rest_on_says_so(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		s.owner.Open("/clientes").Send("Criar cliente", "Nome", "Duda Falcão").Is(200, "")
		made := *s.owner
		path := s.paid("Valor", "350", "Cliente", "Duda Falcão")
		made.Send("Desfazer").Is(200, "").Says("Outro lançamento já depende disto.")
		s.isOne(t)
		late := *s.owner
		late.Open(path)
		s.owner.Open(path).Send("Excluir").Is(200, "")
		late.Send("Salvar divisão").Is(200, "/caixa/"+s.today.String()).Says("já estava excluído")
	})
}

// The reception brings back no payment that another deleted, by no way.
func TestReception_revives_nothing_of_others(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		path := s.paid(oneOfDuda...)
		rita := s.comesIn("Rita Lopes", "rita@example.com", "Recepção")
		rita.Open(path)
		s.owner.Open(path).Send("Excluir").Is(200, "")
		form := rita.Values("Salvar")
		if rita.Send("Salvar", "Valor", "360").Is(422, path).Says("foi excluído enquanto", "R$ 360,00"); strings.Contains(rita.Text(), "Ficar com a minha") {
			t.Error("it is offered")
		}
		form.Set("recuperar", fmt.Sprint(s.db.Int(t, "SELECT max(id) FROM "+s.db.Own("changes"))))
		if rita.Post(path, form).Is(422, ""); s.count("pagamentos") != 0 {
			t.Error("it is back")
		}
	})
}

func TestTwo_tabs_and_the_back_button_lose_nothing_and_double_nothing(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		tab, back := *s.owner, *s.owner
		tab.Open("/caixa")
		back.Open("/caixa")
		kept := back // the page as it stands behind the back button
		back.Send("Registrar", oneOfDuda...).Is(200, "")
		tab.Send("Registrar", oneOfDuda...).Is(422, "").Says("Já há um igual às")
		s.isOne(t)
		kept.Send("Registrar", "Valor", "120", "Observações", "Piercing").Is(422, "").Says("Já registrado: R$ 350,00. Registrar este também?")
		if kept.Value("Registrar", "Valor") != "120" || kept.Value("Registrar", "Observações") != "Piercing" {
			t.Error("what was typed is lost")
		}
		s.isOne(t)
		kept.Send("Registrar").Is(200, "").Says("R$ 120,00 registrado")
		if n := s.count("pagamentos"); n != 2 {
			t.Errorf("%d payments", n)
		}
	})
}

func TestA_login_lost_while_typing_keeps_the_payment(t *testing.T) {
	s := studio(t, storetest.SQLite(t, time.Now))
	p := s.owner.Open("/caixa")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Client.Jar = jar
	p.Send("Registrar", oneOfDuda...)
	if p.Answered != 401 || s.count("pagamentos") != 0 {
		t.Fatalf("%d, %d payments", p.Answered, s.count("pagamentos"))
	}
	p.Send("Entrar", "E-mail", "rafa@example.com", "Senha", password).Says("Ainda não foi registrado", "Duda Falcão", `Retoque "do" <b>braço</b>`)
	again := *p
	p.Send("Enviar agora").Is(200, "/caixa/"+s.today.String()).Says("R$ 350,00 de Duda Falcão registrado")
	again.Send("Enviar agora").Is(200, "")
	s.isOne(t)
}

func TestA_server_that_was_restarted_takes_a_form_of_before(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		s.owner.Open("/caixa")
		restarted := openOn(t, s.db, auth.Provider{})
		p := webtest.NewPerson(t, restarted.base)
		p.Client, p.Document, p.Path = s.owner.Client, s.owner.Document, s.owner.Path
		twice := *p
		p.Send("Registrar", oneOfDuda...).Is(200, "").Says("R$ 350,00 de Duda Falcão registrado")
		twice.Send("Registrar", oneOfDuda...).Is(200, "")
		s.isOne(t)
	})
}

// The database is away when a form comes, and back a minute later.
func TestA_database_that_is_away_loses_nothing(t *testing.T) {
	near := storetest.Postgres(t, time.Now)
	line := storetest.NewLine(t, near.URL)
	s := studio(t, storetest.OpenPostgres(t, line.URL, time.Now))
	p := s.owner.Open("/caixa")
	line.CutAt("begin")
	p.Send("Registrar", oneOfDuda...).Is(503, "").Says("O que você digitou está guardado", "Duda Falcão", `Retoque "do" <b>braço</b>`)
	again := *p
	p.Send("Tentar de novo").Is(503, "").Says("Duda Falcão")
	line.Mend()
	p.Send("Tentar de novo").Is(200, "").Says("R$ 350,00 de Duda Falcão registrado")
	again.Send("Tentar de novo").Is(200, "").Says("R$ 350,00 de Duda Falcão registrado")
	if n := near.Int(t, "SELECT count(*) FROM pagamentos"); n != 1 {
		t.Errorf("%d payments", n)
	}
	for _, heard := range []bool{true, false} { // the answer to the commit is lost
		before := near.Int(t, "SELECT count(*) FROM pagamentos")
		p.Open("/caixa")
		line.Lose(storetest.Loss{Heard: heard})
		if p.Send("Registrar", "Valor", fmt.Sprint(100+before)); p.Status != 200 {
			p.Says("Tentar de novo").Send("Tentar de novo").Is(200, "")
		}
		if n := near.Int(t, "SELECT count(*) FROM pagamentos"); n != before+1 {
			t.Errorf("heard %v: %d payments, want %d", heard, n, before+1)
		}
	}
}

// hostileTexts are what a form must take, or refuse in words.
var hostileTexts = []string{
	`<script>alert(1)</script>"><img src=x onerror=alert(1)>`, "\u202eabc\u202d", strings.Repeat("💀", 255), strings.Repeat("W", 255), "R$\u00a01.234,56\u00a0",
	"=HYPERLINK(\"http://evil\")", "\xff\xfe", "a\x00b", "%s%d", "{{.}}", "-1", "99999999999999999999", "2025-02-31",
}

func TestHostile_text_in_every_field_of_the_day(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		path := s.paid("Valor", "350", "Cliente", "Duda Falcão")
		client := fmt.Sprintf("/clientes/%d", s.db.Int(t, "SELECT min(id) FROM clients"))
		s.owner.Open("/caixa").Send("Registrar", "Valor", "R$\u00a01.234,56", "Cliente", hostileTexts[0]).Is(200, "").Says("R$ 1.234,56")
		fields := []string{"data", "valor", "forma", "artista", "cliente", "percentual", "sessao", "sinal", "sessao_data", "sessao_preco", "obs", "padrao", "perguntado", "confirmo",
			"versao", "chave", "volta", "nome", "artista1", "percentual1", "obs1", "recuperar"}
		good := s.owner.Open("/caixa").Values("Registrar")
		good.Set("valor", "10")
		send := func(text string, to string, hostile ...string) {
			form := url.Values(http.Header(good).Clone())
			for _, field := range hostile {
				form.Set(field, text)
			}
			if p := s.owner.Post(to, form); p.Status >= 500 {
				t.Errorf("%s, %v=%q: %d %s", to, hostile, text, p.Status, p.Text())
			}
		}
		for i, text := range hostileTexts {
			if s.db.Store.Postgres() && i > 0 && utf8.ValidString(text) && !strings.ContainsRune(text, 0) {
				continue // SQLite takes them as PostgreSQL does
			}
			for _, to := range []string{"/caixa/" + s.today.String(), path, path + "/divisao", "/clientes", client} {
				good.Set("chave", fmt.Sprint("k", i, to))
				send(text, to, fields...)
				send(text, to, "obs", "cliente", "nome", "forma")
				for _, field := range fields {
					if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
						send(text, to, field)
					}
				}
			}
			for _, to := range []string{"/pagamentos?", "/pagamentos.csv?", "/clientes?", "/caixa/sugestoes?", "/caixa?", "/caixa/" + s.today.String() + "?"} {
				for _, field := range strings.Fields("mes de ate dia texto artista forma cliente depois vistos q sessao valor obs percentual semcom") {
					status, body := fetched(t, s.owner, s.base, to+field+"="+url.QueryEscape(text))
					if status >= 500 || strings.Contains(body, "<script>alert") && !strings.Contains(to, "csv") {
						t.Errorf("%s%s=%q: %d", to, field, text, status)
					}
				}
			}
		}
		for _, page := range []string{"/caixa", "/pagamentos", "/clientes", path, client} {
			s.owner.Open(page).Is(200, "")
		}
	})
}
