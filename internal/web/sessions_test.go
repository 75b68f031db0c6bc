package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"extrato/internal/books"
	"extrato/internal/web/webtest"
)

// sits records a session and returns the path of its page.
func (s *opened) sits(fields ...string) string {
	s.t.Helper()
	s.owner.Open("/sessoes/nova").Send("Criar sessão", fields...).Is(200, "")
	return fmt.Sprintf("/sessoes/%d", s.db.Int(s.t, "SELECT max(id) FROM sessoes"))
}

// receives records what comes in for a session, through its page.
func (s *opened) receives(path string, fields ...string) {
	s.t.Helper()
	p := s.owner.Open(path)
	p.Open(p.Links()["Receber"]).Send("Registrar", fields...).Is(200, "")
}

// status is v4's status of a session.
func (s *opened) status(path string) (status string) {
	s.t.Helper()
	for _, one := range []string{"active", "paid", "completed"} {
		if s.db.Int(s.t, "SELECT count(*) FROM sessoes WHERE status = $1 AND id = "+strings.TrimPrefix(path, "/sessoes/"), one) == 1 {
			status += one
		}
	}
	return status
}

func TestSessions(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		p.Open("/sessoes").Is(200, "/sessoes").Says("Sessões", "Nada por receber")
		p.Open("/sessoes?aba=agenda").Is(200, "").Says("Nenhuma sessão agendada", "Um sinal já pode ser recebido.")
		p.Open("/sessoes?aba=mes").Is(200, "").Says("Nenhuma sessão neste mês")
		p.Open(p.Links()["Nova sessão"]).Is(200, "/sessoes/nova")
		if p.Focus() != "Cliente" || p.Value("Criar sessão", "Data") != s.today.String() {
			t.Errorf("the cursor is in %q, the form %v", p.Focus(), p.Values("Criar sessão"))
		}
		p.Send("Criar sessão", "Data", "2025-02-31", "Valor", "35O", "Observações", "Manga").Is(422, "/sessoes/nova").Says("Este dia não existe.", "Falta preencher.", "tem letra no meio")
		if v := p.Values("Criar sessão"); v.Get("valor") != "35O" || v.Get("obs") != "Manga" || s.count("sessoes") != 0 || p.Focus() != "Data" {
			t.Errorf("%v, the cursor in %q", v, p.Focus())
		}
		soon := s.today.Add(9)
		p.Send("Criar sessão", "Data", soon.String(), "Cliente", "Zoë Ançã", "Artista", "Bia Moreira", "Valor", "1.200").Is(200, "")
		path := p.Path
		p.Says("Sessão de Zoë Ançã, "+soon.People()+" criada. Cliente novo.", "Desfazer", "agendada", "Preço R$ 1.200,00", "Recebido R$ 0,00", "Falta R$ 1.200,00", "Nada recebido ainda.", "registrou")
		p.Open("/sessoes?aba=agenda").Says("1 agendada", "Zoë Ançã", soon.People(), "Bia Moreira", "nada")
		p.Open("/sessoes").Says("1 por receber, faltam R$ 1.200,00; até hoje, R$ 0,00", "Zoë Ançã")

		p.Open(p.Links()["Receber de Zoë Ançã"]).Is(200, fmt.Sprintf("/caixa/%s?sessao=%s", s.today, strings.TrimPrefix(path, "/sessoes/")))
		if v := p.Values("Registrar"); v.Get("valor") != "1.200,00" || v.Get("cliente") != "Zoë Ançã" || v.Get("artista") != fmt.Sprint(s.bia) || v.Get("sessao") == "" {
			t.Errorf("the form begins with %v", v)
		}
		p.Send("Registrar", "Valor", "200", "É sinal", "1").Is(200, "").Says("R$ 200,00 de Zoë Ançã registrado")
		p.Open(path).Says("só o sinal", "Recebido R$ 200,00", "Falta R$ 1.000,00", s.today.People(), "Dinheiro", "sinal", "em aberto", "Pagamento: R$ 200,00, "+s.today.People())
		if s.status(path) != "paid" {
			t.Errorf("v4 reads %s", s.status(path))
		}
		s.receives(path, "Valor", "300")
		p.Open(path).Says("falta uma parte", "Recebido R$ 500,00", "Falta R$ 700,00")
		p.Open("/sessoes").Says("faltam R$ 700,00", "falta uma parte")
		p.Open(path).Send("Excluir").Is(422, "").Says("Esta sessão tem pagamento.")

		p.Open(path).Send("Salvar", "Valor", "500", "Data", s.yesterday.String(), "Cliente", "zoë ançã", "Observações", "Braço").Is(200, path)
		p.Says("Sessão de", "corrigida.", "Valor: R$ 1.200,00 → R$ 500,00", "Observações: Manga → Braço", "paga")
		if p.Open("/sessoes").Says("Nada por receber"); s.count("clients") != 1 || s.status(path) != "paid" {
			t.Errorf("%d clients, %s", s.count("clients"), s.status(path))
		}
		p.Open(path).Send("Desfazer").Is(200, path).Says("Desfeito.", "falta uma parte")
	})
}

// What the receipts make of a session, and Concluir.
func TestSituations_of_sessions(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		month := "/sessoes?aba=mes&mes=" + s.yesterday.Month().String()
		unpriced := s.sits("Data", s.yesterday.String(), "Cliente", "Duda Falcão", "Artista", "Caio Tanaka")
		p.Open(unpriced).Says("sem pagamento", "Preço sem preço", "Falta –")
		if p.Open(month).Says("1 sessão em", "sem preço"); strings.Contains(p.Open("/sessoes").Text(), "Duda") {
			t.Error("a session without a price owes nothing")
		}
		p.Open("/caixa").Send("Registrar", "Valor", "150", "Cliente", "Duda Falcão", "Sessão", s.yesterday.People()[:5]+" · sem preço").Is(200, "")
		p.Open(unpriced).Says("recebida, sem preço", "Recebido R$ 150,00")
		p.Send("Salvar", "Valor", "100").Says("R$ 50,00 a mais", "A mais R$ 50,00")
		if p.Links()["Receber"] != "" {
			t.Error("there is nothing to receive")
		}
		p.Send("Salvar", "Valor", "150").Says("paga", "Falta R$ 0,00")

		// A deleted payment, and its undo.
		p.Open(p.Links()[s.today.People()]).Send("Excluir").Says("Excluído:")
		deleted := *p
		p.Open(unpriced).Says("sem pagamento", "Recebido R$ 0,00", "Falta R$ 150,00", "Pagamento: R$ 150,00, "+s.today.People()+" → –")
		if s.status(unpriced) != "active" {
			t.Error(s.status(unpriced))
		}
		deleted.Send("Desfazer").Says("Desfeito.")
		p.Open(unpriced).Says("paga", "Falta R$ 0,00")

		// Concluir, and how it is taken back.
		path := s.sits("Data", s.yesterday.String(), "Cliente", "Caetano Luz", "Valor", "600")
		p.Open(path).Says("sem pagamento")
		double := *p
		p.Send("Concluir").Is(200, path).Says("Sessão concluída: R$ 600,00 não são mais esperados.", "concluída, R$ 600,00 a menos", "Não recebido R$ 600,00", "Concluída: – → sim")
		done := *p
		double.Send("Concluir").Is(200, path).Says("Sessão concluída: R$ 600,00")
		if p.Open("/sessoes").Says("Nada por receber"); s.status(path) != "completed" || strings.Contains(p.Open("/caixa").Text(), "faltam") {
			t.Error("a completed session is owed for")
		}
		done.Send("Desfazer").Is(200, path).Says("Desfeito.", "sem pagamento")
		p.Open(path).Send("Concluir").Is(200, path).Send("Desfazer conclusão").Is(200, path).Says("não está mais concluída", "Falta R$ 600,00")
		s.receives(path, "Valor", "600")
		p.Open(path).Send("Concluir").Is(200, path).Says("Sessão concluída.", "concluída")
		p.Send("Desfazer conclusão").Says("paga")
		if s.status(path) != "paid" {
			t.Error(s.status(path))
		}
	})
}

func TestA_session_is_deleted_and_brought_back(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		path := s.sits("Data", s.today.Add(3).String(), "Cliente", "Duda Falcão", "Valor", "400")
		late, third := *p, *p
		late.Open(path)
		third.Open(path)
		double := *p.Open(path)
		p.Send("Excluir").Is(200, "/sessoes").Says("Excluído: sessão de Duda Falcão")
		double.Send("Excluir").Is(200, "/sessoes").Says("Excluído: sessão de Duda Falcão")
		third.Send("Excluir").Is(200, "/sessoes").Says("já estava excluída")
		if s.count("sessoes") != 0 {
			t.Error("it is there")
		}
		p.Open(path).Is(404, path)
		late.Send("Salvar", "Valor", "450").Is(422, path).Says("foi excluído enquanto você corrigia", "R$ 450,00")
		kept := late
		late.Send("Ficar com a minha").Is(200, path).Says("corrigida", "Falta R$ 450,00")
		kept.Open("/sessoes").Says("faltam R$ 450,00")

		// Somebody else was faster.
		other, mine := *p, *p
		other.Open(path)
		mine.Open(path).Send("Salvar", "Valor", "500").Is(200, path)
		other.Send("Concluir").Is(422, "").Says("mudou esta sessão há pouco", "R$ 500,00")
		mine.Open(path)
		late.Open(path).Send("Salvar", "Valor", "550").Is(200, path)
		mine.Send("Salvar", "Valor", "600", "Observações", "Manga").Is(422, path).Says("foi mudado enquanto você corrigia", "R$ 600,00", "R$ 550,00", "Manga")
		mine.Send("Ficar com a minha").Is(200, path).Says("Falta R$ 600,00")
		if n := s.count("sessoes"); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
}

// What was typed stays on the page where a close took the row meanwhile.
func TestA_row_is_corrected_while_its_month_is_closed(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		last := s.today.Month().Add(-1)
		day := last.First().String()
		path := s.sits("Data", day, "Cliente", "Duda Falcão", "Valor", "400")
		if s.owner.Open("/caixa/"+day+"?sessao="+strings.TrimPrefix(path, "/sessoes/")).Send("Registrar", "Valor", "400"); s.owner.Status == 422 {
			s.owner.Send("Registrar mesmo assim")
		}
		s.owner.Is(200, "/caixa/"+day)
		expense := s.spent("Data", day, "Valor", "12", "Descrição", "Luvas")
		session, gloves := *s.owner, *s.owner
		session.Open(path)
		gloves.Open(expense)
		s.closes(last)
		session.Send("Salvar", "Valor", "450", "Observações", "Manga").Is(422, path).Says("está fechado", "R$ 450,00", "Manga")
		if session.Links()["Ver o extrato"] == "" {
			t.Errorf("no way to the statement: %v", session.Links())
		}
		gloves.Send("Salvar", "Valor", "13", "Descrição", "Luvas nitrílicas").Is(422, expense).Says("foi fechado enquanto", "R$ 13,00", "Luvas nitrílicas")
		s.owner.Open("/sessoes/99999").Is(404, "/sessoes/99999")
	})
}

func TestA_double_send_makes_one_session(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		fields := []string{"Data", s.today.String(), "Cliente", "Duda Falcão", "Valor", "400"}
		first := *s.owner.Open("/sessoes/nova")
		second, third := first, first
		first.Send("Criar sessão", fields...).Is(200, "").Says("criada")
		second.Send("Criar sessão", fields...).Is(200, first.Path).Says("criada")
		third.Send("Criar sessão", "Data", s.today.String(), "Cliente", "Marina Prado", "Valor", "1").Is(422, "").Says("Já registrado: Duda Falcão, " + s.today.People() + ". Registrar este também?")
		if s.count("sessoes") != 1 || s.count("clients") != 1 {
			t.Errorf("%d sessions, %d clients", s.count("sessoes"), s.count("clients"))
		}
		third.Send("Criar sessão").Is(200, "").Says("Marina Prado")
	})
}

func TestThe_list_of_sessions_is_filtered_summed_and_paged(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		s.db.Exec(t, "INSERT INTO clients (id, name) VALUES (801, 'Íris Conceição'), (802, 'Duda')")
		for i := range 60 {
			day, price := s.today.Add(-i), 100
			if i >= 50 {
				day = s.today.Add(i - 49) // ten that are to come
			}
			s.db.Exec(t, fmt.Sprintf("INSERT INTO sessoes (data, valor, cliente_id, artista_id, status, created_at, updated_at) VALUES ('%s', %d.10, %d, %d, 'active', '2026-01-02 03:04:05', '2026-01-02 03:04:05')",
				day, price+i, 801+i/59, []books.ID{s.bia, s.caio}[i%2]))
		}
		p.Open("/sessoes").Says("60 por receber, faltam R$ 7.776,00; até hoje, R$ 6.230,00", "1–50 de 60", "R$ 100,10", "R$ 149,10")
		if strings.Contains(p.Text(), "R$ 150,10") {
			t.Error("what is to come stands before what is due")
		}
		p.Open(p.Links()["Seguinte ›"]).Says("51–60 de 60", "R$ 150,10", "R$ 159,10")
		if strings.Contains(p.Text(), "R$ 149,10") || p.Links()["Seguinte ›"] != "" {
			t.Error("the pages overlap")
		}
		p.Open(p.Links()["‹ Do começo"]).Says("1–50 de 60")
		p.Open("/sessoes?aba=agenda").Says("11 agendadas")
		if text := p.Text(); strings.Index(text, s.today.Add(1).People()) > strings.Index(text, s.today.Add(10).People()) {
			t.Error("the next does not come first")
		}
		p.Open("/sessoes").Send("Filtrar", "Artista", "Caio Tanaka", "Cliente ou texto", "CONCEICAO").Is(200, "").Says("29 por receber")
		p.Open(p.Links()["Agendadas"]).Says("4 agendadas", "Íris")
		p.Open("/sessoes?texto=duda").Says("1 por receber", "R$ 159,10")
		p.Open("/sessoes?cliente=802").Says("1 por receber", "R$ 159,10")
		p.Open("/sessoes?texto=nobody").Is(200, "").Says("Nenhuma sessão assim.")
		p.Open("/sessoes?aba=mes&mes=2001-01").Is(200, "").Says("Nenhuma sessão neste mês")
		for _, wrong := range []string{"aba=mes&mes=2025-13", "artista=x", "cliente=-1"} {
			p.Open("/sessoes?"+wrong).Is(422, "")
		}
		p.Open("/sessoes?aba=nada&depois=x_y_z&vistos=-4").Is(200, "").Says("1–50 de 60")
	})
}

// The reception records and sees no sums; an artist sees the own ones and
// writes nothing.
func TestSessions_of_reception_and_artist(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		bias := s.sits("Data", s.yesterday.String(), "Cliente", "Duda Falcão", "Artista", "Bia Moreira", "Valor", "800")
		caios := s.sits("Data", s.yesterday.String(), "Cliente", "Marina Prado", "Artista", "Caio Tanaka", "Valor", "333")
		s.receives(bias, "Valor", "200", "É sinal", "1")
		form := s.owner.Open(bias).Values("Salvar")

		rita := s.comesIn("Rita Lopes", "rita@example.com", "Recepção")
		rita.Open("/sessoes").Is(200, "").Says("2 por receber", "Duda Falcão", "Marina Prado", "R$ 600,00")
		for _, tab := range []string{"", "?aba=agenda", "?aba=mes&mes=" + s.yesterday.Month().String()} {
			if rita.Open("/sessoes" + tab); strings.Contains(rita.Text(), "Total") || strings.Contains(rita.Text(), "R$ 933,00") {
				t.Errorf("the reception sees sums: %s", rita.Text())
			}
		}
		rita.Open("/sessoes/nova").Send("Criar sessão", "Data", s.today.String(), "Cliente", "Caetano Luz", "Artista", "Bia Moreira", "Valor", "90").Is(200, "").Says("criada")
		ritas := rita.Path
		rita.Send("Salvar", "Valor", "95").Is(200, ritas).Send("Concluir").Is(200, ritas).Send("Desfazer").Is(200, ritas)
		rita.Open(ritas).Send("Excluir").Is(200, "/sessoes").Says("Excluído:")

		bia := s.comesIn("Bia Moreira", "bia@example.com", "Artista")
		bia.Open("/").Says("A receber", "1 sessão, faltam R$ 600,00", "Duda Falcão", "só o sinal")
		bia.Open("/sessoes").Is(200, "").Says("1 por receber, faltam R$ 600,00", "Duda Falcão")
		bia.Open(bias).Is(200, bias).Says("Recebido R$ 200,00", "Falta R$ 600,00", "Duda Falcão")
		for _, path := range []string{"/", "/sessoes", "/sessoes?aba=mes&mes=" + s.yesterday.Month().String(), fmt.Sprintf("/sessoes?artista=%d", s.caio), bias} {
			for _, foreign := range []string{"Caio", "Marina", "R$ 333", "Rita", "Salvar", "Excluir", "Concluir", "Receber", "Nova sessão"} {
				if bia.Open(path); strings.Contains(bia.Text(), foreign) {
					t.Errorf("%s: an artist reads %s: %s", path, foreign, bia.Text())
				}
			}
		}
		bia.Open(caios).Is(404, caios)
		bia.Open("/sessoes/nova").Is(403, "")
		before := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("changes"))
		for _, path := range []string{bias, bias + "/concluir", bias + "/excluir", "/sessoes/nova"} {
			bia.Post(path, form).Is(403, "")
		}
		if after := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("changes")); after != before {
			t.Error("an artist wrote")
		}
	})
}

func TestHostile_text_in_every_field_of_a_session(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		path := s.sits("Data", s.today.String(), "Cliente", "Duda Falcão", "Valor", "400")
		good := s.owner.Open(path).Values("Salvar")
		fields := []string{"data", "cliente", "artista", "valor", "obs", "versao", "chave", "recuperar", "nao"}
		for i, text := range hostileTexts {
			if s.db.Store.Postgres() && utf8.ValidString(text) && !strings.ContainsRune(text, 0) {
				continue // SQLite takes them as PostgreSQL does
			}
			for _, to := range []string{"/sessoes/nova", path, path + "/concluir", path + "/excluir"} {
				for _, hostile := range [][]string{fields, {"cliente", "obs"}, {"versao"}, {"chave"}} {
					form := url.Values(http.Header(good).Clone())
					form.Set("chave", fmt.Sprint("k", i, to, hostile))
					for _, field := range hostile {
						form.Set(field, text)
					}
					if p := s.owner.Post(to, form); p.Status >= 500 {
						t.Errorf("%s, %v=%q: %d %s", to, hostile, text, p.Status, p.Text())
					}
				}
			}
			for _, field := range strings.Fields("aba mes texto artista cliente depois vistos data valor obs") {
				for _, to := range []string{"/sessoes?", "/sessoes/nova?"} {
					status, body := fetched(t, s.owner, s.base, to+field+"="+url.QueryEscape(text))
					if status >= 500 || strings.Contains(body, "<script>alert") {
						t.Errorf("%s%s=%q: %d", to, field, text, status)
					}
				}
			}
		}
		for _, at := range []string{"/sessoes", "/sessoes?aba=mes", "/", "/caixa"} {
			s.owner.Open(at).Is(200, "")
		}
		for _, nothing := range []string{"/sessoes/x", "/sessoes/0", "/sessoes/-1", "/sessoes/99999999999999999999", "/sessoes/4711"} {
			s.owner.Open(nothing).Is(404, nothing)
		}
	})
}

// In a real browser: the pages of sessions.
func TestIn_a_real_browser_sessions(t *testing.T) {
	full(t, func(t *testing.T, s *opened, _ string) {
		c := webtest.Start(t, s.base)
		signIn(c, "rafa@example.com")
		c.Open("/sessoes?aba=mes&mes=2001-01")
		c.Check("sessoes-vazio")
		c.Open("/sessoes")
		c.Follow("s")
		if c.Path() != "/sessoes/nova" || c.Focus() != "Cliente" {
			t.Errorf("s leads to %s, the cursor is in %q", c.Path(), c.Focus())
		}
		c.Keys("marin")
		c.Wait(`document.getElementById("clientes").options.length === 1`)
		c.Type("Cliente", "Renato Queiroz de Albuquerque")
		c.Type("Valor", "mil")
		c.Follow("\r")
		c.Check("sessao-nova-erro")
		c.Type("Valor", "1.200")
		c.Type("Observações", "Fechamento de braço, terceira sessão")
		c.Follow("\r")
		if !strings.Contains(c.Text(), "criada") {
			t.Fatal(c.Text())
		}
		path := c.Path()
		c.Check("sessao")
		id := strings.TrimPrefix(path, "/sessoes/")
		s.receives(path, "Valor", "200", "Forma de pagamento", "Pix", "É sinal", "1")
		s.receives(path, "Valor", "300", "Forma de pagamento", "Dinheiro")
		s.sits("Data", s.today.Add(-40).String(), "Cliente", "Caetano Luz", "Artista", "Caio Tanaka", "Valor", "600")
		s.sits("Data", s.yesterday.String(), "Cliente", "Duda Falcão", "Artista", "Bia Moreira")
		paid := s.sits("Data", s.yesterday.String(), "Cliente", "Helena Duarte", "Artista", "Bia Moreira", "Valor", "450")
		s.receives(paid, "Valor", "500")
		c.Open(path)
		c.Check("sessao-parte")
		c.Press("Concluir")
		c.Check("sessao-concluida")
		c.Press("Desfazer")
		for name, at := range map[string]string{"sessoes": "/sessoes", "sessoes-agenda": "/sessoes?aba=agenda", "sessoes-mes": "/sessoes?aba=mes&mes=" + s.today.Month().String(), "sessao-receber": "/caixa?sessao=" + id} {
			c.Open(at)
			c.Check(name)
		}
		long := s.sits("Data", s.today.String(), "Cliente", strings.Repeat("W", 255), "Valor", "99.999.999,99", "Observações", strings.Repeat("💀", 255))
		for name, at := range map[string]string{"sessoes-hostil": "/sessoes", "sessao-hostil": long} {
			c.Open(at)
			c.Check(name)
		}
		c.Press("Sair")
		s.comesIn("Bia Moreira", "bia@example.com", "Artista")
		signIn(c, "bia@example.com")
		for name, at := range map[string]string{"inicio-artista-a-receber": "/", "sessoes-artista": "/sessoes", "sessao-artista": paid} {
			c.Open(at)
			c.Check(name)
		}
	})
}
