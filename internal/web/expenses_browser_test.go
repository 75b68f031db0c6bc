package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

// In a real browser: expenses, commissions and artists, with texts that are
// long or that another page would obey.
func TestIn_a_real_browser_expenses_commissions_and_artists(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		s := studio(t, db)
		last := s.today.Month().Add(-1)
		for _, e := range [][]string{{"1.200", "Aluguel", "Aluguel", "05"}, {"380,45", "Luz", "Contas", "12"}, {"64", "Café & biscoitos", "", "20"}} {
			s.owner.Open("/gastos").Send("Registrar gasto", "Data", last.String()+"-"+e[3], "Valor", e[0], "Descrição", e[1], "Categoria", e[2], "Forma de pagamento", "Pix").Is(200, "")
		}
		s.closes(last)
		s.paid("Valor", "350", "Cliente", "Duda Falcão", "Artista", "Bia Moreira")
		s.paid("Valor", "1.234,56", "Cliente", "Renato Queiroz de Albuquerque", "Artista", "Caio Tanaka")
		c := webtest.Start(t, s.base)
		signIn(c, "rafa@example.com")
		c.Open("/gastos")
		c.Check("gastos-vazio")
		c.Size(390, 844)
		if lines := webtest.Evaluate[int](c, `new Set([...document.querySelectorAll(".days > :not(label)")].map(e => e.offsetTop)).size`); lines != 1 {
			t.Errorf("the month and its buttons take %d lines of a phone", lines)
		}
		c.Size(1440, 900)
		c.Wait(atAmount)
		c.Keys("60+4,80\tLuvas nitrílicas\tmaterial\tpi")
		c.Follow("\r")
		if !strings.Contains(c.Text(), "R$ 64,80 registrado: Luvas nitrílicas.") {
			t.Fatal(c.Text())
		}
		c.Press("Repetir")
		c.Check("gastos")
		c.Wait(atAmount)
		c.Keys("35O\tCafé")
		c.Follow("\r")
		if c.Focus() != "Valor" {
			t.Errorf("the cursor is in %q", c.Focus())
		}
		c.Check("gastos-erro")
		path := s.spent("Valor", "99.999.999,99", "Descrição", strings.Repeat("W", 255), "Categoria", strings.Repeat("💀", 50))
		s.spent("Valor", "1", "Descrição", hostileTexts[0], "Categoria", "\u202eabc")
		c.Open("/gastos")
		c.Check("gastos-hostil")
		c.Open(path)
		c.Check("gasto-hostil")
		c.Open("/comissoes")
		c.Check("comissoes")
		c.Open(fmt.Sprintf("/comissoes/%d", s.db.Int(t, "SELECT min(id) FROM comissoes")))
		c.Type("Observações", strings.Repeat("W", 255))
		c.Follow("\r")
		c.Check("comissao")
		c.Open("/artistas")
		c.Check("artistas")
		c.Type("Nome", strings.Repeat("W", 100))
		c.Type("Comissão %", "60")
		c.Follow("\r")
		c.Check("artista")
		c.Type("E-mail", "lia@example.com")
		c.Follow("\r")
		c.Check("artista-link")
	})
}
