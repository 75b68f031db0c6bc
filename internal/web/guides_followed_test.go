package web_test

import (
	"strings"
	"testing"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

// The guides are followed from their beginning on a fresh studio, by labels and
// buttons alone.
func TestThe_guides_are_followed_on_a_fresh_studio(t *testing.T) {
	b := openOn(t, storetest.SQLite(t, nowInZone), auth.Provider{})
	p := webtest.NewPerson(t, b.base)
	p.Open(b.setup).Send("Criar", "Nome", "Rafa Nogueira", "E-mail", "rafa@example.com", "Senha", password).Is(200, "/comecar")
	p.Send("Continuar", "Nome do estúdio", "Estúdio Agulha Fina")
	p.Send("Continuar", "Nome", "Bia Moreira", "Comissão %", "60")
	p.Send("Pular")
	p.Send("Pular")
	p.Send("Continuar")
	everyDay(t, p)
	everyMonth(t, p)
	people(t, b, p)
}

// leads follows a link of the page.
func leads(t *testing.T, p *webtest.Person, words string) *webtest.Person {
	t.Helper()
	to, ok := p.Links()[words]
	if !ok {
		to, ok = p.Links()[words+" s"] // with its key
	}
	if !ok {
		t.Fatalf("%s has no link %q:\n%s", p.Path, words, p.Text())
	}
	return p.Open(to)
}

func everyDay(t *testing.T, p *webtest.Person) {
	t.Helper()
	today := books.DayOf(nowInZone())
	leads(t, p.Open("/"), "Caixa").Send("Registrar", "Valor", "200+150", "Artista", "Bia Moreira", "Cliente", "Duda Falcão").Says("R$ 350,00", "Desfazer", "Cliente novo")
	p.Send("Desfazer").Says("Desfeito.")
	p.Send("Registrar", "Valor", "1.234,56", "Artista", "Bia Moreira", "Cliente", "Duda Falcão").Says("R$ 1.234,56")
	p.Send("Registrar", "Valor", "1234,56", "Cliente", "Duda Falcão").Send("Registrar mesmo assim").Says("R$ 1.234,56")
	p.Send("Registrar", "Valor", "200", "Cliente", "Marina Prado", "É sinal", "1", "Data da sessão", today.Add(14).String(), "Preço", "800").Says("R$ 200,00")
	leads(t, p, "Pagamentos").Says("CSV")
	for words := range p.Links() {
		if strings.HasPrefix(words, "Abrir o pagamento de Duda") {
			leads(t, p, words)
			break
		}
	}
	p.Send("Salvar", "Observações", "Braço").Says("corrigido", "Braço")
	leads(t, p, "Sessões").Says("Por receber", "Marina Prado", "R$ 600,00")
	leads(t, p, "Nova sessão").Send("Criar sessão", "Cliente", "Caetano Luz", "Artista", "Bia Moreira", "Valor", "400").Is(200, "")
	leads(t, p, "Receber").Send("Registrar").Says("R$ 400,00")
	leads(t, p, "Gastos").Send("Registrar gasto", "Valor", "80", "Descrição", "Luvas", "Categoria", "Material").Says("Luvas", "R$ 80,00")
	leads(t, p, "Comissões").Says("Bia Moreira")
	p.Open("/buscar?q=duda").Says("Duda Falcão")
}

func everyMonth(t *testing.T, p *webtest.Person) {
	t.Helper()
	m := last()
	day := m.First().Add(9)
	p.Open("/caixa/"+day.String()).Send("Registrar", "Valor", "457", "Artista", "Bia Moreira", "Cliente", "Duda Falcão")
	if strings.Contains(p.Text(), "Registrar mesmo assim") { // a day long ago
		p.Send("Registrar mesmo assim")
	}
	p.Says("R$ 457,00")
	leads(t, p.Open("/"), "Conferir e fechar: "+capital(m)+" está em aberto").Says("Antes de fechar").Send("Fechar " + name(m)).Says(capital(m) + " fechado.")
	leads(t, p, "Ver o extrato").Says("Prova", "R$ 457,00")
	for _, file := range []string{"PDF", "XLSX", "CSV"} {
		if _, ok := p.Links()[file]; !ok {
			t.Errorf("there is no %s", file)
		}
	}
	leads(t, p, "Reabrir").Send("Reabrir "+name(m), "Motivo", "faltou um gasto").Says("reaberto")
	p.Open("/gastos").Send("Registrar gasto", "Data", day.String(), "Valor", "30", "Descrição", "Tinta").Says("Tinta")
	leads(t, p.Open("/"), "Conferir e fechar: "+capital(m)+" está reaberto").Send("Fechar " + name(m)).Says("R$ 30,00")
	leads(t, p.Open("/ajustes"), "Backups").Send("Conferir agora").Says("Tudo confere.")
	leads(t, p, "Tarefas").Says("Reabrir "+name(m), "fechado")
	leads(t, p, "Registro").Says("Cabeça", "faltou um gasto").Send("Conferir registro").Says("Tudo confere")
	leads(t, p, "Diagnóstico").Says("0 falhas")
	leads(t, p, "Ajustes").Says("Formas de pagamento", "Categorias de gastos")
}

func people(t *testing.T, b *browser, p *webtest.Person) {
	t.Helper()
	leads(t, p, "Artistas").Send("Criar artista", "Nome", "Caio Tanaka", "Comissão %", "55").Says("Caio Tanaka", "A partir de", "Inativar", "Criar acesso")
	leads(t, p.Open("/ajustes"), "Acesso").Send("Criar acesso", "Nome", "Rita", "E-mail", "rita@example.com", "Papel", "Recepção").Says("só uma vez")
	rita := webtest.NewPerson(t, b.base)
	rita.Open(linkOn(t, p, b.base)).Send("Entrar", "Senha", password).Is(200, "").Says("Rita")
	leads(t, p, "Clientes").Send("Criar cliente", "Nome", "Duda F.").Is(200, "")
	p.Send("Juntar", "Cliente", "Duda Falcão").Says("Juntar Duda F. com Duda Falcão?").Send("Juntar").Says("agora é Duda Falcão")
}
