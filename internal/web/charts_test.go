package web_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store/storetest"
)

// reais reads an amount on a page, with its signs.
func reais(t testing.TB, text string) books.Money {
	t.Helper()
	plain := strings.NewReplacer("R$ ", "", ".", "", ",", ".", "−", "-", "= ", "", "- ", "-").Replace(text)
	m, err := books.ParseMoney(plain)
	if err != nil {
		t.Fatalf("%q is no amount", text)
	}
	return m
}

// sumOfColumn adds up a column of a table, but for its last line, and returns that.
func sumOfColumn(t testing.TB, rows [][]string, column int) (sum, total books.Money) {
	t.Helper()
	if len(rows) < 2 {
		t.Fatalf("no rows: %v", rows)
	}
	for _, row := range rows[:len(rows)-1] {
		if row[column] != "sem comissão" && row[column] != "" {
			sum += reais(t, row[column])
		}
	}
	return sum, reais(t, rows[len(rows)-1][column])
}

// A month with two artists, one without a commission, three methods, and days
// without anything; one before it with a loss, and an empty one.
func (s *monthStudio) fillThree(t testing.TB) (m books.Month) {
	t.Helper()
	m = last()
	for i := range 23 {
		s.records(t, recording.Entry{Payment: books.Payment{
			Date: m.First().Add(i * 7 % 27), Amount: books.Money(101_37 + 1_011*i), Method: books.String([]string{"Pix", "Dinheiro", "Cartão de Crédito"}[i%3]),
			ArtistID: books.ID(501 + i%2), ClientID: books.RefTo(701),
		}, Percent: new(books.Percent(60_00 * (1 - i%2)))})
	}
	s.spends(t, m.First().Add(3), "Luvas", 81_00)
	loss := m.Add(-1)
	s.pays(t, loss.First(), 100_00)
	s.spends(t, loss.First(), "Aluguel", 2_500_00)
	s.pays(t, m.Add(-3).First(), 50_00)
	return m
}

// The figures on the page of a month are those that plain SQL adds up, before the
// close and after it.
func TestCharts_and_tables_add_up(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := s.fillThree(t)
		centavos := func(query string) books.Money {
			return books.Money(s.db.Int(t, "SELECT CAST(coalesce(round(sum(valor) * 100), 0) AS BIGINT) FROM "+query))
		}
		in := func(m books.Month) string {
			return fmt.Sprintf("data BETWEEN '%s' AND '%s'", m.First(), m.Last())
		}
		revenue := map[books.Month]books.Money{}
		loss := m.Add(-1)
		for back := range 4 {
			revenue[m.Add(-back)] = centavos("pagamentos WHERE " + in(m.Add(-back)))
		}
		first, days := revenue[m], map[string]books.Money{}
		for d := m.First(); d <= m.Last(); d = d.Add(1) {
			if sum := centavos(fmt.Sprintf("pagamentos WHERE data = '%s'", d)); sum != 0 {
				days[d.People()] = sum
			}
		}
		pix, caio := centavos("pagamentos WHERE forma_pagamento = 'Pix' AND "+in(m)), centavos("pagamentos WHERE artista_id = 502 AND "+in(m))
		check := func() {
			t.Helper()
			byDay := s.Table("Receita por dia")
			for _, row := range byDay[:len(byDay)-1] {
				if reais(t, row[1]) != days[row[0]] {
					t.Errorf("%v, want %s", row, days[row[0]].People())
				}
			}
			if sum, total := sumOfColumn(t, byDay, 1); sum != first || total != first || len(byDay)-1 != len(days) {
				t.Errorf("the days add up to %s of %s", sum.People(), first.People())
			}
			artists := s.Table("Comissões por Artista")
			if sum, total := sumOfColumn(t, artists, 3); sum != first || total != first {
				t.Errorf("the artists add up to %s of %s: %v", sum.People(), first.People(), artists)
			}
			methods := s.Table("Receita por Forma de Pagamento")
			if sum, total := sumOfColumn(t, methods, 3); sum != first || total != first {
				t.Errorf("the methods add up to %s of %s: %v", sum.People(), first.People(), methods)
			}
			s.Says("Pix", pix.People(), "Caio Tanaka", caio.People(), "sem comissão")
			row := func(m books.Month) []string {
				for _, row := range s.Table("Os meses até aqui") {
					if row[0] == capital(m)+" de "+fmt.Sprint(m.Year) {
						return row
					}
				}
				t.Fatalf("no %s in %v", name(m), s.Table("Os meses até aqui"))
				return nil
			}
			for back, sum := range revenue {
				if got := reais(t, row(back)[1]); got != sum {
					t.Errorf("%s: %s, want %s", name(back), got.People(), sum.People())
				}
			}
			if r := row(loss); r[4] != "−R$ 2.460,00" || r[3] != "R$ 2.500,00" || r[2] != "R$ 60,00" {
				t.Errorf("the month with a loss: %v", r)
			}
			if r := row(m.Add(-2)); r[1] != "R$ 0,00" || r[4] != "R$ 0,00" {
				t.Errorf("the empty month: %v", r)
			}
		}
		s.Open("/historico/" + path(m))
		check()
		for back := 3; back >= 0; back-- {
			s.closes(t, m.Add(-back))
		}
		s.Open("/extrato/"+path(m)).Is(200, "/extrato/"+path(m))
		check()
		s.Open("/extrato/" + path(loss)).Says("= −R$ 2.460,00")
		s.Open("/extrato/"+path(m.Add(-2))).Says("= R$ 0,00", "Nenhum pagamento.", "Nenhum gasto.", "Os meses até aqui")
		if strings.Contains(s.Text(), "dia por dia") {
			t.Error("a chart of nothing is drawn")
		}
	})
}

// The filter narrows lists, not totals, and says when nothing fits.
func TestLists_of_a_month_are_filtered(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := s.fillThree(t)
		s.records(t, recording.Entry{Payment: books.Payment{Date: m.First(), Amount: 7_77, Method: "Pix", ArtistID: 501, ClientID: books.RefTo(702), Note: books.TextOf("Coração no braço")}})
		check := func(at string) {
			t.Helper()
			revenue := reais(t, s.Open(at).Table("Totais do Mês")[0][1])
			s.Send("Filtrar", "Cliente ou texto", "coracao").Says("R$ 7,77", "Total (1)", revenue.People(), "Nenhuma sessão", "Ver todos")
			if strings.Contains(s.Text(), "Duda") || strings.Contains(s.Text(), "dia por dia") {
				t.Errorf("it shows more: %s", s.Text())
			}
			s.Send("Filtrar", "Cliente ou texto", "", "Artista", "Caio Tanaka", "Forma de pagamento", "Dinheiro")
			for _, row := range s.Table("Pagamentos") {
				if row[2] != "Caio Tanaka" && row[2] != "" || row[3] != "Dinheiro" && row[3] != "" {
					t.Errorf("%v", row)
				}
			}
			s.Open(at+"?artista=501").Says("1 a 10 de 13", "Comissões")
			s.Open(at + s.Links()["Seguinte ›: Pagamentos"]).Says("11 a 13 de 13")
			s.Open(at+"?texto=nada+disso").Says("Nenhum pagamento.", "Nenhum gasto.")
			s.Open(at + "?artista=999&forma=Cheque").Says("dia por dia") // there is no such choice
		}
		check("/historico/" + path(m))
		s.closes(t, m)
		check("/extrato/" + path(m))
	})
}

// A month of 100,000 rows has a first page like any other, and looking at it takes
// no more memory each time.
func TestA_month_of_many_rows(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 3_000
	}
	s := newMonthStudio(t, storetest.SQLite(t, time.Now))
	m := last()
	payments := n * 6 / 10
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", payments)
	at := fmt.Sprintf("date('%s', '+' || (i %% 28) || ' days')", m.First())
	made := "'" + m.First().String() + " 12:00:00.000000'"
	s.db.Exec(t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, cliente_id, artista_id, created_at, updated_at) "+numbers+
		"SELECT i, "+at+", 100 + i % 7, CASE i % 2 WHEN 0 THEN 'Pix' ELSE 'Dinheiro' END, 701, 501 + i % 2, "+made+", "+made+" FROM n")
	s.db.Exec(t, "INSERT INTO comissoes (pagamento_id, artista_id, percentual, valor, created_at) SELECT id, artista_id, 50, 50, created_at FROM pagamentos LIMIT "+fmt.Sprint(n-payments-n/10))
	s.db.Exec(t, "INSERT INTO gastos (data, valor, descricao, forma_pagamento, created_by, created_at, updated_at) SELECT data, 1.5, 'Luvas', 'Pix', 501, created_at, created_at FROM pagamentos LIMIT "+fmt.Sprint(n/10))
	revenue := books.Money(s.db.Int(t, "SELECT CAST(round(sum(valor) * 100) AS BIGINT) FROM pagamentos"))
	check := func(at string) {
		t.Helper()
		s.Open(at).Is(200, at).Says(revenue.People(), fmt.Sprintf("1 a 10 de %d", payments))
		if sum, _ := sumOfColumn(t, s.Table("Receita por dia"), 1); sum != revenue {
			t.Errorf("%s: the days add up to %s of %s", at, sum.People(), revenue.People())
		}
		if sum, _ := sumOfColumn(t, s.Table("Comissões por Artista"), 3); sum != revenue {
			t.Errorf("%s: the artists add up to %s of %s", at, sum.People(), revenue.People())
		}
	}
	check("/historico/" + path(m))
	s.closes(t, m)
	page := "/extrato/" + path(m)
	check(page)
	s.Open(page + "?pagamentos=" + fmt.Sprint(payments/10)).Says(fmt.Sprintf("%d a %d de %d", payments-9, payments, payments))
	inUse := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := inUse()
	for i := range 10 {
		s.Open(page + "?pagamentos=" + fmt.Sprint(i+2))
	}
	if after := inUse(); after > before+8<<20 {
		t.Errorf("ten more views keep %d KiB", (after-before)>>10)
	}
}
