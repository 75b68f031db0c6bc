package web_test

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/web/webtest"
)

// backedUp counts the rows of each type in a month's newest backup.
func (s *monthStudio) backedUp(t testing.TB, m books.Month) map[string]int {
	t.Helper()
	files, err := fs.Glob(os.DirFS(s.folder), "*/backup_"+strings.ReplaceAll(m.String(), "-", "_")+"*.csv")
	if err != nil || len(files) == 0 {
		t.Fatalf("no backup of %s: %v", m, err)
	}
	f, err := os.Open(s.folder + "/" + files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]int{}
	for _, record := range all[1:] {
		types[record[slices.Index(all[0], "type")]]++
	}
	return types
}

// pays records an amount for the session, on a day long ago.
func (s *monthStudio) paysFor(path string, day books.Day, fields ...string) {
	s.Open("/caixa/"+day.String()+"?sessao="+strings.TrimPrefix(path, "/sessoes/")).Send("Registrar", fields...)
	if s.Status == 422 {
		s.Send("Registrar mesmo assim")
	}
	s.Is(200, "/caixa/"+day.String()).Says("de Duda Falcão registrado")
}

// silent fails the test if the page says any of this.
func silent(t testing.TB, p *webtest.Person, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(p.Text(), w) {
			t.Errorf("%s says %q:\n%s", p.Path, w, p.Text())
		}
	}
}

// partly is a session paid in three months, in a studio with a page for it.
type partly struct {
	*monthStudio
	path                 string
	first, second, third books.Month
}

// says opens every page that shows the session, and asserts what it says.
func (s *partly) says(t testing.TB, situation, received, rest string, receipts ...string) {
	t.Helper()
	s.Open(s.path).Is(200, s.path).Says(situation, "Recebido "+received, "Falta "+rest)
	s.Says(receipts...)
	s.Open("/sessoes?aba=mes&mes="+s.third.String()).Says("Duda Falcão", situation)
	if rest == "R$ 0,00" {
		silent(t, s.Open("/sessoes"), "Duda")
		silent(t, s.Open("/caixa"), "faltam")
		return
	}
	s.Open("/sessoes").Says("faltam "+rest, situation)
	s.Open("/caixa").Says("faltam " + rest)
	s.Open("/clientes/701").Says("A receber " + rest)
}

// inStatement is the link of a receipt at rest.
func inStatement(m books.Month) string { return "extrato de " + name(m) + " de " + fmt.Sprint(m.Year) }

// A session is paid in three months: a deposit, a part and the rest. Each step
// says the same on every page, in statements, backups and after reopenings.
func TestA_session_paid_in_three_months(t *testing.T) {
	months(t, func(t *testing.T, m *monthStudio) {
		s := &partly{monthStudio: m, first: last().Add(-2), second: last().Add(-1), third: last()}
		day := s.third.First().Add(9)
		s.Open("/sessoes/nova").Send("Criar sessão", "Data", day.String(), "Cliente", "Duda Falcão", "Artista", "Bia Moreira", "Valor", "800").Is(200, "")
		s.path = s.Path
		s.says(t, "sem pagamento", "R$ 0,00", "R$ 800,00", "Nada recebido ainda.")
		s.deposit(t, s.first.First().Add(3))

		// A part.
		s.paysFor(s.path, s.second.First().Add(4), "Valor", "250")
		s.says(t, "falta uma parte", "R$ 450,00", "R$ 350,00", inStatement(s.first), "em aberto")
		s.closes(t, s.second)
		s.says(t, "falta uma parte", "R$ 450,00", "R$ 350,00", inStatement(s.first), inStatement(s.second))
		s.Open("/extrato/"+monthPath(s.second)).Says("R$ 250,00", "Nenhuma sessão.")

		// The rest.
		s.paysFor(s.path, day, "Valor", "350")
		s.says(t, "paga", "R$ 800,00", "R$ 0,00", inStatement(s.first), inStatement(s.second), "em aberto")
		whole := s.text()
		s.Open("/historico/"+monthPath(s.third)).Says("R$ 350,00", "R$ 800,00", "paga")
		s.closes(t, s.third)
		s.Open("/extrato/"+monthPath(s.third)).Says("R$ 350,00", "R$ 800,00", "paga", "Total (1)")
		if types := s.backedUp(t, s.third); types["pagamento"] != 1 || types["sessao"] != 1 || types["sessao_viva"]+types["vinculo"] != 0 {
			t.Errorf("the backup of the third month holds %v", types)
		}
		s.Open(s.path).Is(404, s.path)
		s.Open("/sessoes?aba=mes&mes="+s.third.String()).Says("Nenhuma sessão neste mês", "está fechado")
		s.comesBack(t, day, whole)
	})
}

// text is the session's page behind the line about the month.
func (s *partly) text() string {
	_, text, _ := strings.Cut(s.Open(s.path).Text(), "Preço")
	return text
}

// deposit takes a deposit in the first month, and closes it.
func (s *partly) deposit(t testing.TB, on books.Day) {
	s.paysFor(s.path, on, "Valor", "200", "É sinal", "1")
	s.says(t, "só o sinal", "R$ 200,00", "R$ 600,00", on.People(), "em aberto")
	s.Open("/pagamentos?mes="+s.first.String()).Says("Duda Falcão", "R$ 200,00")
	s.Open("/historico/"+monthPath(s.first)).Says("R$ 200,00", "Nenhuma sessão.")
	s.Open("/meses/"+monthPath(s.first)+"/fechar").Says("1 pagamento", "sinal cuja sessão ainda vem")
	s.closes(t, s.first)
	s.Open("/extrato/"+monthPath(s.first)).Says("R$ 200,00", "Duda Falcão", "Nenhuma sessão.")
	s.says(t, "só o sinal", "R$ 200,00", "R$ 600,00", inStatement(s.first))
	if got := s.Open(s.path).Links()[inStatement(s.first)]; got != "/extrato/"+monthPath(s.first) {
		t.Errorf("the receipt leads to %q", got)
	}
	if types := s.backedUp(t, s.first); types["pagamento"] != 1 || types["sessao"] != 0 || types["sessao_viva"] != 1 || types["vinculo"] != 1 {
		t.Errorf("the backup of the first month holds %v", types)
	}
	s.Open(s.path).Send("Excluir").Is(422, "").Says("Um extrato tem um pagamento desta sessão.")
}

// comesBack reopens the months, newest first, and closes them again.
func (s *partly) comesBack(t testing.TB, day books.Day, whole string) {
	reopen := func(m books.Month) {
		t.Helper()
		if _, err := s.closer.Reopen(t.Context(), m, "teste", s.actor(t)); err != nil {
			t.Fatal(err)
		}
	}
	reopen(s.third)
	if again := s.text(); again != whole {
		t.Errorf("it was\n%s\nand is\n%s", whole, again)
	}
	s.Open(s.path).Open(s.Links()[day.People()]).Send("Excluir")
	deleted := *s.Person
	s.Open(s.path).Says("falta uma parte", "Falta R$ 350,00")
	deleted.Send("Desfazer").Says("Desfeito.")
	s.says(t, "paga", "R$ 800,00", "R$ 0,00", inStatement(s.first), inStatement(s.second), "em aberto")
	reopen(s.second)
	reopen(s.first)
	s.Open(s.path).Says("paga", "Recebido R$ 800,00", s.first.First().Add(3).People())
	silent(t, s.Person, inStatement(s.first), inStatement(s.second))
	for _, m := range []books.Month{s.first, s.second, s.third} {
		s.closes(t, m)
	}
	s.Open("/extrato/"+monthPath(s.third)).Says("R$ 350,00", "R$ 800,00", "paga")
	s.Open(s.path).Is(404, s.path)
}

// monthPath is a month's part of an address.
func monthPath(m books.Month) string { return path(m) }
