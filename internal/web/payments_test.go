package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

// comesIn lets somebody with a role in.
func (s *opened) comesIn(name, email, role string) *webtest.Person {
	s.t.Helper()
	s.owner.Open("/acesso").Send("Criar acesso", "Nome", name, "E-mail", email, "Papel", role)
	p := webtest.NewPerson(s.t, s.base)
	return p.Open(linkOn(s.t, s.owner, s.base)).Send("Entrar", "Senha", password)
}

// fetched is what an address answers to a person, as text.
func fetched(t *testing.T, p *webtest.Person, base, path string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestThe_list_of_payments_is_filtered_and_summed(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		s.paid("Valor", "350", "Cliente", "Duda Falcão", "Forma de pagamento", "Pix", "Observações", "Retoque")
		s.paid("Valor", "200", "Artista", "Caio Tanaka", "Forma de pagamento", "Dinheiro")
		s.paid("Valor", "100", "Comissão %", "", "Cliente", "=1+1")
		for query, want := range map[string]string{
			"":                                 "3 R$ 650,00 R$ 320,00",
			"?forma=Pix":                       "1 R$ 350,00 R$ 210,00",
			"?semcom=1":                        "1 R$ 100,00 R$ 0,00",
			"?semcli=1":                        "1 R$ 200,00 R$ 110,00",
			"?semses=1&texto=FALCAO":           "1 R$ 350,00 R$ 210,00",
			"?texto=retoque":                   "1 R$ 350,00 R$ 210,00",
			fmt.Sprintf("?artista=%d", s.caio): "2 R$ 300,00 R$ 110,00",
			"?mes=2001-01":                     "0 R$ 0,00 R$ 0,00",
			"?de=" + s.today.String() + "&ate=" + s.today.String():               "3 R$ 650,00 R$ 320,00",
			"?ate=" + s.yesterday.String():                                       "0 R$ 0,00 R$ 0,00",
			"?cliente=" + fmt.Sprint(s.db.Int(t, "SELECT min(id) FROM clients")): "1 R$ 350,00 R$ 210,00",
		} {
			p.Open("/pagamentos"+query).Is(200, "/pagamentos"+query)
			parts := strings.Fields(want)
			p.Says("Filtrados " + parts[0] + "Soma " + parts[1] + " " + parts[2] + "Comissão " + parts[3] + " " + parts[4])
		}
		for _, wrong := range []string{"?mes=2025-13", "?de=x", "?artista=x", "?cliente=-1"} {
			p.Open("/pagamentos"+wrong).Is(422, "")
		}
		if p.Open("/pagamentos").Send("Filtrar", "Forma", "Pix", "Artista", "Bia Moreira"); p.Status != 200 || !strings.Contains(p.Text(), "R$ 350,00") {
			t.Error(p.Text())
		}
		status, csv := fetched(t, p, s.base, "/pagamentos.csv")
		day := s.today.String()
		for _, line := range []string{
			"id,data,valor,forma_pagamento,artista_name,cliente_name,sessao_data,sinal,observacoes,comissao\n",
			day + ",350.00,Pix,Bia Moreira,Duda Falcão,,,Retoque,210.00\n", day + ",100.00,Dinheiro,Caio Tanaka,'=1+1,,,,0.00\n",
		} {
			if status != 200 || !strings.Contains(csv, line) {
				t.Errorf("%d, no %q in\n%s", status, line, csv)
			}
		}
	})
}

func TestThe_list_of_payments_has_pages(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		for i := range 53 {
			s.db.Exec(t, fmt.Sprintf("INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, created_at, updated_at) VALUES ('%s', %d.10, 'Pix', %d, '2026-01-02 03:04:05', '2026-01-02 03:04:05')", s.today, 100+i, s.bia))
		}
		p := s.owner.Open("/pagamentos").Says("1–50 de 53", "R$ 152,10", "R$ 103,10")
		p.Open(p.Links()["Seguinte ›"]).Says("51–53 de 53", "R$ 102,10", "R$ 100,10")
		if strings.Contains(p.Text(), "R$ 103,10") || p.Links()["Seguinte ›"] != "" {
			t.Error("the pages overlap")
		}
		p.Open(p.Links()["‹ Do começo"]).Says("1–50 de 53")
		p.Open("/pagamentos?depois=x_y_z&vistos=-4").Is(200, "").Says("1–50 de 53")
	})
}

// What each role sees and may.
func TestReception_and_artist_see_what_they_may(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		bias := s.paid("Valor", "350", "Cliente", "Duda Falcão")
		caios := s.paid("Valor", "200", "Artista", "Caio Tanaka", "Cliente", "Marina Prado")
		s.owner.Open("/caixa/"+s.yesterday.String()).Send("Registrar", "Valor", "100", "Artista", "Bia Moreira")

		form := s.receptionSees(t, bias)
		s.artistSees(t, bias, caios, form)
	})
}

// receptionSees returns the form the reception sent.
func (s *opened) receptionSees(t *testing.T, bias string) url.Values {
	t.Helper()
	rita := s.comesIn("Rita Lopes", "rita@example.com", "Recepção")
	rita.Open("/caixa").Is(200, "")
	if text := rita.Text(); strings.Contains(text, "omissão") || strings.Contains(text, "210,00") {
		t.Errorf("the reception sees commissions: %s", text)
	}
	rita.Send("Registrar", "Valor", "500", "Artista", "Bia Moreira").Says("R$ 500,00 registrado.")
	if n := s.db.Int(t, "SELECT CAST(max(valor) * 100 AS BIGINT) FROM comissoes"); n != 300_00 {
		t.Errorf("the default commission of the reception's payment is %d", n)
	}
	form := rita.Open("/caixa").Values("Registrar")
	form.Set("percentual", "1")
	form.Set("valor", "600")
	rita.Post("/caixa/"+s.today.String(), form)
	if n := s.db.Int(t, "SELECT CAST(max(valor) * 100 AS BIGINT) FROM comissoes"); n != 360_00 {
		t.Errorf("the reception decides about a commission: %d", n)
	}
	rita.Open("/pagamentos?mes="+s.today.Month().String()+"&de=2001-01-01&ate=2099-01-01&semcom=1").Is(200, "").Says("R$ 350,00", "Filtrados 4")
	if text := rita.Text(); strings.Contains(text, "R$ 100,00") || strings.Contains(text, "omissão") {
		t.Errorf("the reception sees more than a day: %s", text)
	}
	rita.Send("Filtrar", "Dia", s.yesterday.String()).Says("R$ 100,00", "Filtrados 1")
	rita.Open(bias).Is(200, bias)
	if text := rita.Text(); strings.Contains(text, "omiss") || strings.Contains(text, "210,00") {
		t.Errorf("the reception sees a commission: %s", text)
	}
	rita.Send("Salvar", "Valor", "360").Says("R$ 360,00 corrigido.")
	if n := s.db.Int(t, "SELECT CAST(sum(valor) * 100 AS BIGINT) FROM comissoes WHERE pagamento_id = "+strings.TrimPrefix(bias, "/pagamentos/")); n != 216_00 {
		t.Errorf("the commission does not follow: %d", n)
	}
	rita.Post(bias+"/divisao", nil).Is(403, "")
	if status, csv := fetched(t, rita, s.base, "/pagamentos.csv?de=2001-01-01"); status != 200 || strings.Contains(csv, "comissao") || strings.Contains(csv, "100.00") {
		t.Errorf("%d %s", status, csv)
	}
	rita.Open("/clientes").Is(200, "").Says("Duda Falcão")
	if rita.Open(rita.Links()["Duda Falcão"]); strings.Contains(rita.Text(), "omiss") {
		t.Errorf("the reception sees a client's commissions: %s", rita.Text())
	}
	return form
}

func (s *opened) artistSees(t *testing.T, bias, caios string, form url.Values) {
	t.Helper()
	bia := s.comesIn("Bia Moreira", "bia@example.com", "Artista")
	bia.Open("/pagamentos").Is(200, "").Says("Filtrados 4", "Minha comissão", "R$ 360,00", "R$ 216,00")
	if text := bia.Text(); strings.Contains(text, "Caio") || strings.Contains(text, "Marina") || strings.Contains(text, "R$ 200,00") {
		t.Errorf("an artist sees others: %s", text)
	}
	bia.Open(fmt.Sprintf("/pagamentos?artista=%d", s.caio)).Says("Filtrados 4")
	bia.Open(bias).Is(200, bias).Says("Minha comissão R$ 216,00")
	if text := bia.Text(); strings.Contains(text, "Salvar") || strings.Contains(text, "Excluir") || strings.Contains(text, "Rita") {
		t.Errorf("an artist writes: %s", text)
	}
	bia.Open(caios).Is(404, caios)
	before := s.count("pagamentos")
	for _, path := range []string{"/caixa", "/clientes", "/clientes/1", "/caixa/sugestoes"} {
		bia.Open(path).Is(403, "")
	}
	for _, path := range []string{bias, bias + "/excluir", bias + "/divisao", "/caixa/" + s.today.String(), "/clientes", "/clientes/1"} {
		if bia.Post(path, form).Is(403, ""); s.count("pagamentos") != before {
			t.Errorf("%s: an artist wrote", path)
		}
	}
	if _, csv := fetched(t, bia, s.base, "/pagamentos.csv"); strings.Contains(csv, "Caio") || !strings.Contains(csv, "216.00") {
		t.Errorf("%s", csv)
	}
	// Of a payment that is split, an artist sees the own part.
	v := s.owner.Open(bias).Values("Salvar divisão")
	v.Set("artista2", fmt.Sprint(s.caio))
	v.Set("percentual2", "10")
	s.owner.Post(bias+"/divisao", v).Is(200, "")
	bia.Open(bias).Says("Minha comissão R$ 216,00")
	if bia.Open("/pagamentos"); strings.Contains(bia.Text(), "R$ 252,00") {
		t.Error("an artist sees another's part")
	}
}

func TestClients(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		p.Open("/clientes").Is(200, "").Says("Clientes", "Nenhum cliente ainda.").Send("Criar cliente", "Nome", " ").Is(422, "").Says("Falta preencher.")
		p.Send("Criar cliente", "Nome", "Zoë Ançã").Is(200, "").Says("Zoë Ançã entrou nos clientes.", "Nenhum pagamento em meses abertos.")
		path := p.Path
		p.Open("/clientes").Send("Criar cliente", "Nome", "zoë  ANÇÃ").Is(422, "").Says("Já há alguém com este nome: Zoë Ançã")
		if s.count("clients") != 1 {
			t.Error("another client")
		}
		p.Send("Criar mesmo assim").Is(200, "")
		if s.count("clients") != 2 {
			t.Error("no other client")
		}
		p.Open("/clientes").Send("Buscar", "Nome ou parte dele", "anca").Says("Zoë Ançã")
		p.Send("Buscar", "Nome ou parte dele", "nobody").Says("Nenhum cliente assim.")

		s.owner.Open("/caixa").Send("Registrar", "Valor", "50", "Cliente", "Zoë Ançã", "É sinal", "1", "Data da sessão", s.today.Add(9).String(), "Preço", "100").Is(200, "")
		p.Open(path).Says("A receber R$ 50,00", "faltam R$ 50,00", "R$ 100,00")
		first, second := *p, *p
		second.Open(path)
		first.Send("Salvar", "Nome", "Zoe Anca").Is(200, path).Says("Agora se chama Zoe Anca.", "Cliente: Zoë Ançã → Zoe Anca")
		second.Send("Salvar", "Nome", "Zoé Ançã").Is(422, path).Says("Outra pessoa mudou o nome para Zoe Anca")
		if second.Value("Salvar", "Nome") != "Zoé Ançã" {
			t.Error("what was typed is lost")
		}
		second.Send("Salvar").Is(200, path).Says("Agora se chama Zoé Ançã.").Send("Desfazer").Says("Desfeito.", "Zoe Anca")
		p.Open("/clientes/999").Is(404, "")
		p.Open(path).Open(p.Links()["Receber "+s.today.Add(9).People()])
		if p.Is(200, ""); p.Value("Registrar", "Valor") != "50,00" || p.Value("Registrar", "Cliente") != "Zoe Anca" {
			t.Errorf("%v", p.Values("Registrar"))
		}
	})
}

func TestA_suggestion_comes_as_one_types(t *testing.T) {
	s := studio(t, storetest.SQLite(t, time.Now))
	s.owner.Open("/caixa").Send("Registrar", "Valor", "50", "Cliente", "Zoë <b>Ançã</b>", "É sinal", "1", "Data da sessão", s.today.Add(9).String(), "Preço", "100").Is(200, "")
	for typed, want := range map[string]string{"anca": "Zoë &lt;b&gt;Ançã&lt;/b&gt;", "zoë <B>ançã</b>": "faltam R$ 50,00", "": "faltam R$ 50,00"} {
		status, text := fetched(t, s.owner, s.base, "/caixa/sugestoes?cliente="+strings.ReplaceAll(typed, " ", "+"))
		if status != 200 || !strings.Contains(text, want) || strings.Contains(text, "<b>") {
			t.Errorf("%q: %d %s", typed, status, text)
		}
	}
	if _, text := fetched(t, s.owner, s.base, "/caixa/sugestoes?cliente=anca"); strings.Contains(text, "faltam") {
		t.Errorf("a part of a name has sessions: %s", text)
	}
}
