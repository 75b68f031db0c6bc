package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"extrato/internal/store/storetest"
)

// spent records an expense today, and returns the path of its page.
func (s *opened) spent(fields ...string) string {
	s.t.Helper()
	s.owner.Open("/gastos").Send("Registrar gasto", append([]string{"Data", s.today.String()}, fields...)...).Is(200, "")
	return fmt.Sprintf("/gastos/%d", s.db.Int(s.t, "SELECT max(id) FROM gastos"))
}

func TestA_months_expenses(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		month := s.today.Month()
		p.Open("/gastos").Is(200, "/gastos").Says("Gastos", "Nenhum gasto aqui ainda.")
		if p.Focus() != "Valor" || p.Value("Registrar gasto", "Data") != s.today.String() {
			t.Errorf("the cursor is in %q, the form %v", p.Focus(), p.Values("Registrar gasto"))
		}
		p.Send("Registrar gasto", "Valor", "0", "Descrição", "Luvas").Is(422, "").Says("O valor precisa ser maior que zero.")
		p.Send("Registrar gasto", "Valor", "mil", "Descrição", " ").Is(422, "").Says("tem letra no meio", "Falta preencher.")
		if v := p.Values("Registrar gasto"); v.Get("valor") != "mil" || s.count("gastos") != 0 {
			t.Errorf("%v", v)
		}
		p.Send("Registrar gasto", "Valor", "60+4,80", "Descrição", "Luvas", "Categoria", "material", "Forma de pagamento", "Pix").Is(200, "").Says("R$ 64,80 registrado: Luvas.", "Desfazer", "1 gasto", "Material")
		if v := p.Values("Registrar gasto"); v.Get("data") != s.today.String() || v.Get("forma") != "Pix" || v.Get("valor") != "" || v.Get("descricao") != "" {
			t.Errorf("the next form begins with %v", v)
		}
		p.Send("Registrar gasto", "Valor", "1.200", "Descrição", "Aluguel", "Categoria", "Aluguel", "Forma de pagamento", "Dinheiro").Is(200, "")
		p.Send("Registrar gasto", "Valor", "35,20", "Descrição", "Café", "Forma de pagamento", "Pix").Is(200, "").Says("3 gastos", "R$ 1.300,00", "Outros", "R$ 100,00")
		if text := p.Text(); strings.Index(text, "Por categoria") > strings.Index(text, "Por forma de pagamento") {
			t.Error(text)
		}
		p.Send("Desfazer").Says("Desfeito.", "2 gastos", "R$ 1.264,80")
		path := fmt.Sprintf("/gastos/%d", s.db.Int(t, "SELECT min(id) FROM gastos"))
		p.Open(path).Is(200, path).Says("R$ 64,80, Luvas", "registrou")
		if v := p.Values("Salvar"); v.Get("valor") != "64,80" || v.Get("categoria") != "Material" {
			t.Errorf("the form begins with %v", v)
		}
		p.Send("Salvar", "Valor", "70", "Categoria", "").Is(200, path).Says("R$ 70,00 corrigido.", "Valor: R$ 64,80 → R$ 70,00", "Categoria: Material → –")
		p.Send("Desfazer").Is(200, path).Says("Desfeito.")
		p.Send("Excluir").Is(200, "").Says("Excluído: R$ 64,80, Luvas", "1 gasto").Send("Desfazer").Says("Desfeito.", "Material")
		p.Open("/gastos").Send("Excluir Aluguel").Is(200, "/gastos?mes="+month.String()).Says("Excluído: R$ 1.200,00, Aluguel")
		p.Open(p.Links()["‹Mês anterior"]).Is(200, "/gastos?mes="+month.Add(-1).String()).Says("Nenhum gasto aqui ainda.")
		p.Open("/gastos?mes=2025-13").Is(422, "").Says("Gastos")
		p.Open("/gastos/").Is(200, "/gastos")
		p.Open("/caixa").Says("Gastos do dia R$ 64,80").Open(p.Links()["Corrigir Luvas"]).Is(200, path)
	})
}

func TestAn_expense_takes_effect_once_and_two_people_see_both_versions(t *testing.T) {
	s := studio(t, storetest.SQLite(t, time.Now))
	s.owner.Open("/gastos")
	first, second, other := *s.owner, *s.owner, *s.owner
	first.Send("Registrar gasto", "Valor", "10", "Descrição", "Café").Is(200, "")
	second.Send("Registrar gasto", "Valor", "10", "Descrição", "Café").Is(200, "").Says("R$ 10,00 registrado: Café.")
	other.Send("Registrar gasto", "Valor", "11", "Descrição", "Café").Is(422, "").Says("Já registrado: R$ 10,00. Registrar este também?")
	if n := s.count("gastos"); n != 1 {
		t.Fatalf("%d expenses", n)
	}
	path := fmt.Sprintf("/gastos/%d", s.db.Int(t, "SELECT max(id) FROM gastos"))
	first.Open(path)
	second.Open(path)
	other.Open(path)
	first.Send("Salvar", "Categoria", "Copa").Is(200, path)
	second.Send("Salvar", "Valor", "12").Is(422, path).Says("isto foi mudado enquanto você corrigia", "R$ 12,00", "R$ 10,00", "Copa", "Ficar com a outra")
	other.Send("Excluir").Is(422, "").Says("Isto foi mudado há pouco.", "Copa")
	if n := s.db.Int(t, "SELECT CAST(valor * 100 AS BIGINT) FROM gastos"); n != 10_00 {
		t.Errorf("it is %d", n)
	}
	second.Send("Ficar com a minha").Is(200, path).Says("R$ 12,00 corrigido.")
	first.Open(path)
	second.Open(path).Send("Excluir").Is(200, "").Says("Excluído:")
	first.Send("Salvar", "Valor", "13").Is(422, path).Says("isto foi excluído enquanto você corrigia")
	stale := *s.owner
	stale.Post(path+"/excluir", url.Values{"chave": {"another"}, "versao": {"x"}}).Is(200, "/gastos").Says("Isto já estava excluído.")
	first.Send("Ficar com a minha").Is(200, path).Says("R$ 13,00 corrigido.")
	if n := s.count("gastos"); n != 1 {
		t.Errorf("%d expenses", n)
	}
	first.Open("/gastos/4711").Is(404, "")
	first.Open("/gastos/x").Is(404, "")
}

func TestLast_months_expenses_are_repeated_once(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		last := s.today.Month().Add(-1)
		for _, e := range [][]string{{"1.200", "Aluguel", "Aluguel"}, {"90", "Água", "Contas"}, {"20", "Uber", ""}} {
			p.Open("/gastos").Send("Registrar gasto", "Data", last.First().Add(4).String(), "Valor", e[0], "Descrição", e[1], "Categoria", e[2]).Is(200, "")
		}
		s.closes(last)
		s.spent("Valor", "22", "Descrição", "uber")
		p.Open("/gastos").Says("Repetir o mês passado", "Aluguel R$ 1.200,00 · 05/", "1 já estava lançado.")
		none := p.Values("Repetir")
		none.Del("gasto")
		p.Post("/gastos/repetir?mes="+s.today.Month().String(), none).Is(422, "").Says("Marque os gastos a repetir.", "Aluguel")
		p.Open("/gastos")
		first, second, third := *p, *p, *p
		third.Open("/gastos")
		first.Send("Repetir").Is(200, "/gastos?mes="+s.today.Month().String()).Says("2 gastos repetidos.", "3 gastos", "R$ 1.312,00", "Contas")
		second.Send("Repetir").Is(200, "").Says("2 gastos repetidos.")
		third.Send("Repetir").Is(422, "").Says("Todos os marcados já estão lançados neste mês.")
		if n := s.count("gastos"); n != 3 {
			t.Errorf("%d expenses", n)
		}
		p.Open(fmt.Sprintf("/gastos/%d", s.db.Int(t, "SELECT max(id) FROM gastos"))).Is(200, "")
		if strings.Contains(p.Text(), "Desfazer") {
			t.Error("one expense offers to undo all")
		}
		first.Open("/gastos").Open("/gastos?mes=" + s.today.Month().String())
		p.Post(fmt.Sprintf("/desfazer/%d", s.db.Int(t, "SELECT max(id) FROM "+s.db.Own("changes"))), url.Values{"volta": {"/gastos"}}).Is(200, "/gastos").Says("Desfeito.", "1 gasto")

		// A closed month shows where its rows are, and takes none.
		p.Open("/gastos?mes="+last.String()).Is(200, "").Says("está fechado.", "Nenhum gasto aqui ainda.")
		p.Send("Registrar gasto", "Data", last.First().String(), "Valor", "5", "Descrição", "Café").Is(422, "").Says("está fechado.")
		p.Send("Registrar com a data de hoje").Is(200, "/gastos?data="+s.today.String()+"&forma=Dinheiro&mes="+s.today.Month().String()).Says("R$ 5,00 registrado: Café.")
	})
}

func TestReception_records_expenses_of_a_day_and_artists_see_none(t *testing.T) {
	s := studio(t, storetest.SQLite(t, time.Now))
	path := s.spent("Valor", "64,80", "Descrição", "Luvas")
	s.owner.Open("/gastos").Send("Registrar gasto", "Data", s.yesterday.String(), "Valor", "1.200", "Descrição", "Aluguel").Is(200, "")
	rita := s.comesIn("Rita Lopes", "rita@example.com", "Recepção")
	rita.Open("/gastos?mes="+s.today.Month().String()).Is(200, "").Says("R$ 64,80", "1 gasto")
	if text := rita.Text(); strings.Contains(text, "Aluguel") || strings.Contains(text, "1.264") || strings.Contains(text, "Por categoria") || strings.Contains(text, "Repetir") {
		t.Errorf("the reception sees more than a day: %s", text)
	}
	rita.Open("/gastos?dia="+s.yesterday.String()).Says("Aluguel", "ontem").Send("Registrar gasto", "Valor", "9", "Descrição", "Café").Is(200, "").Says("R$ 9,00 registrado: Café.", "2 gastos")
	rita.Open(path).Is(200, path).Send("Salvar", "Valor", "65").Is(200, path)
	form := rita.Values("Salvar")
	rita.Post("/gastos/repetir?mes="+s.today.Month().String(), form).Is(403, "")
	for _, p := range []string{"/comissoes", "/comissoes/1", "/artistas", "/artistas/1"} {
		rita.Open(p).Is(403, "")
	}
	bia := s.comesIn("Bia Moreira", "bia@example.com", "Artista")
	before := s.count("gastos")
	for _, p := range []string{"/gastos", path} {
		bia.Open(p).Is(403, "")
		bia.Post(p, form).Is(403, "")
	}
	if bia.Post(path+"/excluir", form).Is(403, ""); s.count("gastos") != before {
		t.Error("an artist wrote")
	}
}

func TestHostile_text_in_expenses_commissions_and_artists(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		payment := s.paid("Valor", "350")
		expense := s.spent("Valor", "64,80", "Descrição", hostileTexts[0], "Categoria", "=1+1")
		commission := fmt.Sprintf("/comissoes/%d", s.db.Int(t, "SELECT min(id) FROM comissoes"))
		artist := fmt.Sprintf("/artistas/%d", s.bia)
		fields := strings.Fields("data valor descricao categoria forma gasto percentual artista obs nome email desde confirmo tatua inativar acesso renomear versao chave volta recuperar hoje")
		good := url.Values{"data": {s.today.String()}, "valor": {"1"}, "descricao": {"x"}, "forma": {"Pix"}, "percentual": {"10"}, "artista": {fmt.Sprint(s.bia)}, "nome": {"Lia"}, "desde": {s.today.String()}}
		for i, text := range hostileTexts {
			bad := !utf8.ValidString(text) || strings.ContainsRune(text, 0)
			if s.db.Store.Postgres() && i > 0 && !bad {
				continue // SQLite takes them as PostgreSQL does
			}
			for _, to := range []string{"/gastos", "/gastos/repetir", expense, expense + "/excluir", commission, commission + "/excluir", payment + "/excluir", "/artistas", artist} {
				for n, field := range append([]string{""}, fields...) {
					form := url.Values(http.Header(good).Clone())
					form.Set("chave", fmt.Sprint("k", i, to, n))
					for _, all := range fields {
						if field == "" || field == all {
							form.Set(all, text)
						}
					}
					if n > 0 && !bad {
						continue
					}
					if p := s.owner.Post(to, form); p.Status >= 500 {
						t.Errorf("%s, %s=%q: %d %s", to, field, text, p.Status, p.Text())
					}
				}
			}
			for _, to := range []string{"/gastos?", "/comissoes?"} {
				for _, field := range strings.Fields("mes dia data valor descricao categoria forma artista depois vistos") {
					if status, body := fetched(t, s.owner, s.base, to+field+"="+url.QueryEscape(text)); status >= 500 || strings.Contains(body, "<script>alert") {
						t.Errorf("%s%s=%q: %d", to, field, text, status)
					}
				}
			}
		}
		for _, page := range []string{"/gastos", "/comissoes", "/artistas", artist} {
			s.owner.Open(page).Is(200, "")
		}
	})
}
