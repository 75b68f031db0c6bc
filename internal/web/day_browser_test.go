package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

// signIn lets somebody in, in a real browser.
func signIn(c *webtest.Chromium, email string) {
	c.Open("/login")
	c.Type("E-mail", email)
	c.Type("Senha", password)
	c.Follow("\r")
}

// atAmount says that the cursor is where a payment begins. The browser puts it
// there some time after it has shown the page.
const atAmount = `document.activeElement.id === "valor"`

// In a real browser: a whole day by keyboard alone.
func TestIn_a_real_browser_a_day_by_keyboard_alone(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		s := studio(t, db)
		c := webtest.Start(t, s.base)
		signIn(c, "rafa@example.com")
		c.Open("/caixa")
		pressed := 0
		enter := func(keys string) {
			t.Helper()
			pressed += len([]rune(keys)) + 1
			c.Wait(atAmount)
			c.Follow(keys + "\r")
			if !strings.Contains(c.Text(), "registrado") {
				t.Fatalf("%q recorded nothing:\n%s", keys, c.Text())
			}
		}
		enter("350\tpi\t\tDuda Falcão")
		for i := range 19 {
			amount := fmt.Sprint(100 + 10*i)
			enter([]string{amount, amount + "+50,50\td", "1." + amount + "\t\tc\tMarina Prado", amount + "\tp\tb\tDuda Falcão\t\t\t\tRetoque"}[i%4])
		}
		if t.Logf("%d keys for 20 payments", pressed); pressed > 400 || s.count("pagamentos") != 20 {
			t.Errorf("%d keys for %d payments", pressed, s.count("pagamentos"))
		}
		c.Check("caixa")
	})
}

// full runs a test on both databases, in a studio with a closed month, a
// deposit, payments and an expense; path is that of one payment.
func full(t *testing.T, test func(t *testing.T, s *opened, path string)) {
	t.Helper()
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		s, path := filled(t, db)
		test(t, s, path)
	})
}

func filled(t *testing.T, db *storetest.DB) (s *opened, path string) {
	t.Helper()
	s = studio(t, db)
	s.closes(s.today.Month().Add(-1))
	s.owner.Open("/caixa").Send("Registrar", "Valor", "200", "Cliente", "Marina Prado", "Forma de pagamento", "Pix", "É sinal", "1",
		"Data da sessão", s.today.Add(14).String(), "Preço", "800").Is(200, "")
	path = s.paid("Valor", "1.234,56", "Artista", "Caio Tanaka", "Cliente", "Renato Queiroz de Albuquerque", "Forma de pagamento", "Cartão de Crédito", "Observações", "Fechamento de braço")
	s.paid("Valor", "180", "Artista", "Bia Moreira", "Comissão %", "", "Forma de pagamento", "Dinheiro")
	s.write(func(ctx context.Context, tx *store.Tx) error {
		_, err := s.rules.AddExpense(ctx, tx, "user 1", books.Expense{Date: s.today, Amount: 64_80, Method: "Dinheiro", CreatedBy: s.bia, Description: books.TextOf("Papel-toalha e álcool 70")})
		return err
	})
	return s, path
}

// In a real browser: the entry line tells what comes of an amount, asks and
// refuses, and nothing typed is lost.
func TestIn_a_real_browser_the_entry_line(t *testing.T) {
	full(t, func(t *testing.T, s *opened, _ string) {
		c := webtest.Start(t, s.base)
		signIn(c, "rafa@example.com")
		c.Open("/caixa")
		c.Wait(atAmount)
		c.Keys("200+150,50")
		c.Wait(`document.getElementById("echo").textContent === "R$ 350,50→ comissão R$ 210,30→ estúdio R$ 140,20"`)
		c.Keys("\t\tc")
		c.Wait(`document.getElementById("percentual").value === "55" && document.getElementById("echo").textContent.includes("R$ 192,78")`)
		c.Keys("\tmarina prado")
		c.Wait(`document.getElementById("sessao").options.length === 2 && document.getElementById("sessao").options[1].text.endsWith("faltam R$ 600,00")`)
		c.Check("caixa-digitando")
		c.Keys("\t\t\t ")
		c.Wait(`document.getElementById("sessao_preco").checkVisibility()`)
		c.Check("caixa-sinal")
		webtest.Evaluate[string](c, `document.getElementById("sessao").selectedIndex = 1, ""`)
		c.Wait(`!document.getElementById("sessao_preco").checkVisibility()`)

		c.Open("/caixa")
		c.Wait(atAmount)
		c.Keys("35O,00\t\t\tDuda Falcão\tsessenta\t\t\tRetoque")
		c.Follow("\r")
		if c.Focus() != "Valor" || webtest.Evaluate[string](c, `document.getElementById("cliente").value + document.getElementById("obs").value`) != "Duda FalcãoRetoque" {
			t.Errorf("the cursor is in %q: %s", c.Focus(), c.Text())
		}
		c.Check("caixa-erro")

		c.Open("/caixa")
		c.Type("Valor", "180")
		c.Type("Comissão %", "\b")
		c.Follow("\r")
		if !strings.Contains(c.Text(), "Já há um igual às") {
			t.Fatal(c.Text())
		}
		c.Check("caixa-igual")
		c.Press("Não, era o mesmo")
		s.closedInBrowser(t, c)
	})
}

// closedInBrowser meets a closed month, and goes on today.
func (s *opened) closedInBrowser(t *testing.T, c *webtest.Chromium) {
	c.Open("/caixa/" + s.today.Month().Add(-1).First().String())
	c.Check("caixa-mes-fechado")
	c.Wait(atAmount)
	c.Keys("300")
	c.Follow("\r")
	c.Check("caixa-recusa")
	c.Press("Registrar com a data de hoje")
	if c.Path() != "/caixa/"+s.today.String() {
		t.Errorf("it leads to %s", c.Path())
	}
	c.Wait(atAmount)
	c.Keys("[") // in a field it is a letter
	c.Wait(`document.getElementById("valor").value === "["`)
	c.Keys("\x1b")
	c.Follow("[")
	if c.Path() != "/caixa/"+s.yesterday.String() {
		t.Errorf("[ leads to %s", c.Path())
	}
}

// In a real browser: payments and clients.
func TestIn_a_real_browser_payments_and_clients(t *testing.T) {
	full(t, func(t *testing.T, s *opened, path string) {
		c := webtest.Start(t, s.base)
		signIn(c, "rafa@example.com")
		c.Open(path)
		c.Check("pagamento")
		c.Type("Valor", "1.300")
		c.Follow("\r")
		c.Check("pagamento-corrigido")
		other := *s.owner
		c.Type("Observações", "Cobertura")
		other.Open(path).Send("Salvar", "Valor", "1.250").Is(200, path)
		c.Follow("\r")
		c.Check("pagamento-duas-versoes")
		c.Press("Ficar com a minha")
		v := other.Open(path).Values("Salvar divisão")
		v.Set("artista2", fmt.Sprint(s.bia))
		v.Set("percentual2", "20")
		other.Post(path+"/divisao", v).Is(200, path)
		c.Open(path)
		c.Check("pagamento-dividido")
		c.Press("Excluir")
		if !strings.Contains(c.Text(), "Excluído:") {
			t.Error(c.Text())
		}
		c.Press("Desfazer")

		c.Open("/pagamentos")
		c.Check("pagamentos")
		c.Open("/pagamentos?mes=2001-01&semcom=1")
		c.Check("pagamentos-vazio")
		c.Open("/clientes")
		c.Check("clientes")
		c.Type("Nome", "marina prado")
		c.Follow("\r")
		c.Check("clientes-igual")
		c.Press("Marina Prado")
		c.Check("cliente")
	})
}

// In a real browser: texts that are long, or that another page would obey.
func TestIn_a_real_browser_hostile_texts(t *testing.T) {
	s := studio(t, storetest.SQLite(t, time.Now))
	long := strings.Repeat("W", 255)
	path := s.paid("Valor", "R$\u00a099.999.999,99", "Cliente", long, "Observações", strings.Repeat("💀", 255), "É sinal", "1", "Data da sessão", s.today.Add(30).String(), "Preço", "99.999.999,99")
	s.paid("Valor", "1", "Cliente", hostileTexts[0], "Observações", "\u202eabc\u202d")
	s.owner.Open("/caixa").Send("Registrar", "Valor", "1", "Cliente", long, "É sinal", "1", "Data da sessão", s.today.Add(31).String(), "Preço", "99.999.999,99")
	client := fmt.Sprintf("/clientes/%d", s.db.Int(t, "SELECT min(id) FROM clients"))
	c := webtest.Start(t, s.base)
	signIn(c, "rafa@example.com")
	for name, at := range map[string]string{"caixa": "/caixa", "pagamentos": "/pagamentos", "pagamento": path, "clientes": "/clientes", "cliente": client} {
		c.Open(at)
		c.Check(name + "-hostil")
	}
}

// In a real browser: what reception and an artist see.
func TestIn_a_real_browser_reception_and_artist(t *testing.T) {
	s := studio(t, storetest.SQLite(t, time.Now))
	path := s.paid("Valor", "350", "Cliente", "Duda Falcão", "Observações", "Retoque")
	s.comesIn("Rita Lopes", "rita@example.com", "Recepção")
	s.comesIn("Bia Moreira", "bia@example.com", "Artista")
	c := webtest.Start(t, s.base)
	signIn(c, "rita@example.com")
	for name, at := range map[string]string{"caixa": "/caixa", "pagamentos": "/pagamentos", "pagamento": path, "gastos": "/gastos"} {
		c.Open(at)
		c.Check(name + "-recepcao")
	}
	c.Press("Sair")
	signIn(c, "bia@example.com")
	for name, at := range map[string]string{"pagamentos": "/pagamentos", "pagamento": path, "comissoes": "/comissoes"} {
		c.Open(at)
		c.Check(name + "-artista")
	}
}
