package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

func TestArtists(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		p.Open("/artistas").Is(200, "").Says("Artistas", "Bia Moreira", "60 %", "Caio Tanaka", "55 %")
		p.Send("Criar artista", "Nome", " ", "Comissão %", "mil").Is(422, "").Says("Falta preencher.", "não é uma porcentagem")
		p.Send("Criar artista", "Nome", "Lia Prado", "E-mail", "nada", "Comissão %", "40").Is(422, "").Says("não é um endereço de e-mail")
		p.Send("Criar artista", "E-mail", "").Is(200, "").Says("Lia Prado entrou nos artistas.", "Desde o começo", "40 %")
		lia := p.Path
		p.Open("/artistas").Send("Criar artista", "Nome", "lia prado").Is(422, "").Says("Já há alguém com este nome: Lia Prado")

		// Another percent from yesterday on; the day before keeps the old one.
		before := s.yesterday.Add(-1)
		p.Open(lia).Send("Salvar", "Comissão %", "101", "A partir de", s.yesterday.String()).Is(422, "").Says("“101” não é uma porcentagem")
		p.Send("Salvar", "Comissão %", "50", "A partir de", s.yesterday.String()).Is(200, lia).Says("50 % para Lia Prado a partir de "+s.yesterday.People()+".", "A partir de "+s.yesterday.People()+" 50 % hoje")
		for day, want := range map[string]int64{before.String(): 40_00, s.yesterday.String(): 50_00, s.today.String(): 50_00} {
			form := p.Open("/caixa/" + day).Values("Registrar")
			form.Set("artista", strings.TrimPrefix(lia, "/artistas/"))
			form.Set("valor", "100")
			if p.Post("/caixa/"+day, form); p.Status == 422 {
				p.Send("Registrar mesmo assim")
			}
			p.Is(200, "")
			if n := s.db.Int(t, "SELECT CAST(valor * 100 AS BIGINT) FROM comissoes ORDER BY id DESC LIMIT 1"); n != want {
				t.Errorf("%s: %d, want %d", day, n, want)
			}
		}

		// A way in, ended when she leaves; her rows stay.
		p.Open(lia).Send("Criar acesso", "E-mail", "rafa@example.com").Is(422, "").Says("Este e-mail já é de outra pessoa.")
		p.Send("Criar acesso", "E-mail", "lia@example.com").Is(200, lia).Says("só uma vez", "link em aberto")
		link := linkOn(t, p, s.base)
		if p.Open(lia); strings.Contains(p.Text(), "/convite/") {
			t.Error("the link is shown again")
		}
		in := webtest.NewPerson(t, s.base)
		in.Open(link).Send("Entrar", "Senha", password).Is(200, "/")
		p.Open(lia).Send("Criar acesso")
		link = linkOn(t, p, s.base)
		p.Open(lia).Send("Inativar").Is(200, lia).Says("Lia Prado saiu das listas de escolha.", "inativo")
		in.Open("/").Is(200, "/login?next=%2F")
		in.Open(link).Is(410, link)
		if text := p.Open("/caixa/2001-01-01").Text(); strings.Contains(text, "Lia Prado") {
			t.Errorf("she can still be chosen: %s", text)
		}
		p.Open("/comissoes").Says("Lia Prado")
		p.Open(lia).Send("Reativar").Is(200, lia).Says("Lia Prado voltou")
		in.Open(link).Is(410, link)
		p.Open("/caixa/2001-01-01").Says("Lia Prado")
		p.Open(lia).Send("Mudar o nome", "Nome", "Lia Prado Reis").Is(200, lia).Says("Agora se chama Lia Prado Reis.")
		p.Open("/artistas/4711").Is(404, "")
	})
}

func TestThe_owner_tattoos_too_and_stops(t *testing.T) {
	s := studio(t, storetest.SQLite(t, time.Now))
	p := s.owner
	p.Open("/artistas").Says("Quem mais tatua?").Send("Também tatua: Rafa Nogueira").Is(200, "").Says("Rafa Nogueira agora está entre os artistas.")
	path := p.Path
	p.Send("Salvar", "Comissão %", "100").Is(200, path)
	p.Open("/caixa").Says("Rafa Nogueira")
	p.Open(path).Send("Inativar").Is(200, "/artistas").Says("Rafa Nogueira saiu das listas", "Quem mais tatua?")
	p.Open(path).Is(404, "")
	if p.Open("/caixa"); strings.Contains(p.Value("Registrar", "Artista"), strings.TrimPrefix(path, "/artistas/")) {
		t.Error("the owner can still be chosen")
	}
	p.Open("/acesso").Is(200, "/acesso") // and is still in
}

func TestA_months_commissions(t *testing.T) {
	everywhere(t, func(t *testing.T, s *opened) {
		p := s.owner
		bias := s.paid("Valor", "350", "Cliente", "Duda Falcão", "Artista", "Bia Moreira")
		s.paid("Valor", "200", "Artista", "Caio Tanaka", "Cliente", "Marina Prado")
		id := s.db.Int(t, "SELECT min(id) FROM comissoes")
		path := fmt.Sprintf("/comissoes/%d", id)
		p.Open("/comissoes").Is(200, "").Says("Total R$ 320,00", "2 comissões", "Bia Moreira R$ 210,00", "Caio Tanaka R$ 110,00", "Duda Falcão", "60 %")
		p.Open(p.Links()["Bia Moreira"]).Says("Só de Bia Moreira", "Total R$ 210,00")
		if strings.Contains(p.Text(), "Marina") {
			t.Error(p.Text())
		}
		p.Open(p.Links()["‹Mês anterior"]).Is(200, fmt.Sprintf("/comissoes?mes=%s&artista=%d", s.today.Month().Add(-1), s.bia)).Says("Nenhuma comissão.", "Só de Bia Moreira")
		p.Open(path).Is(200, path).Says("R$ 210,00 de Bia Moreira, 60 % de R$ 350,00").Send("Salvar", "Comissão %", "0").Is(422, "").Says("precisa ser maior que zero")
		first := *p.Open(path)
		second := *p.Open(path)
		first.Send("Salvar", "Comissão %", "62,5", "Observações", "Dobro").Is(200, path).Says("R$ 218,75 corrigido.", "60 %, R$ 210,00 → 62,5 %, R$ 218,75, Dobro")
		second.Send("Salvar", "Comissão %", "10").Is(422, path).Says("isto foi mudado enquanto você corrigia", "62,5", "Dobro")
		second.Send("Ficar com a minha").Is(200, path).Says("R$ 35,00 corrigido.").Send("Desfazer").Says("Desfeito.")
		p.Open(path).Send("Salvar", "Artista", "Caio Tanaka").Is(200, path).Says("de Caio Tanaka, 62,5 %")
		p.Open(path).Send("Salvar", "Artista", "Bia Moreira").Is(200, path)

		bia := s.comesIn("Bia Moreira", "bia@example.com", "Artista")
		bia.Open("/comissoes").Is(200, "").Says("Minha comissão R$ 218,75", "1 comissão", "Dobro")
		bia.Open(fmt.Sprintf("/comissoes?artista=%d", s.caio)).Says("Minha comissão R$ 218,75")
		if text := bia.Text(); strings.Contains(text, "Caio") || strings.Contains(text, "Marina") || strings.Contains(text, "Corrigir") {
			t.Errorf("an artist sees others: %s", text)
		}
		bia.Open(path).Is(403, "")
		bia.Post(path, url.Values{"percentual": {"99"}}).Is(403, "")

		p.Open(path).Send("Excluir").Is(200, "/comissoes?mes="+s.today.Month().String()).Says("Excluído: R$ 218,75 de Bia Moreira")
		p.Open(bias).Is(200, bias)
		p.Open(path).Is(404, "")
		p.Post(path+"/excluir", url.Values{"chave": {"x"}}).Is(200, "/comissoes").Says("Isto já estava excluído.")
		s.closes(s.today.Month().Add(-1))
		p.Open("/comissoes?mes=" + s.today.Month().Add(-1).String()).Says("está fechado.")
	})
}
