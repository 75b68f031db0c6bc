package web_test

import (
	"strings"
	"testing"

	"extrato/internal/web/webtest"
)

// In a real browser: the pages through which a studio comes in, by keyboard,
// each looked at.
func TestIn_a_real_browser_a_studio_comes_in(t *testing.T) {
	b := open(t)
	c := webtest.Start(t, b.base)
	c.Open(b.setup)
	c.Check("setup")
	c.Keys("Rafa Nogueira\tnada@\tcurta-demais\r") // the browser itself refuses the address
	c.Type("E-mail", "rafa@example.com")
	c.Type("Senha", password)
	c.Follow("\r")
	c.Check("comecar-estudio")
	c.Keys("Estúdio Agulha Fina")
	c.Follow("\r")
	c.Keys("Bia Moreira\tsessenta")
	c.Follow("\r")
	if c.Focus() != "Comissão %" || !strings.Contains(c.Text(), "não é uma porcentagem") {
		t.Errorf("the cursor is in %q: %s", c.Focus(), c.Text())
	}
	c.Check("comecar-artista-erro")
	c.Type("Comissão %", "60\t ")
	c.Follow("\t\r")
	c.Check("comecar-formas")
	c.Type("Taxa %", "3,49")
	c.Press("Continuar")
	c.Press("Pular")
	c.Check("comecar-backups")
	c.Press("Continuar")
	c.Check("comecar-pronto")

	c.Open("/")
	c.Check("inicio")
	c.Follow("?")
	if c.Heading() != "Teclas de atalho" {
		t.Errorf("? leads to %s", c.Path())
	}
	c.Check("atalhos")

	c.Open("/acesso")
	c.Type("Nome", "Bia Moreira")
	c.Type("E-mail", "bia@example.com")
	c.Follow("\r")
	c.Check("acesso-link")
	link := linkIn(t, c.Text(), b.base)
	c.Open("/acesso")
	c.Check("acesso")
	c.Open("/nada")
	c.Check("404")
	leaveAndComeIn(t, c, link)
}

// leaveAndComeIn signs out, fails to sign in, and comes in as the artist by the
// one-time link.
func leaveAndComeIn(t *testing.T, c *webtest.Chromium, link string) {
	t.Helper()
	c.Press("Sair")
	c.Check("entrar")
	c.Type("E-mail", "rafa@example.com")
	c.Type("Senha", "wrong horse battery")
	c.Follow("\r")
	if c.Focus() != "Senha" {
		t.Errorf("the cursor is in %q", c.Focus())
	}
	c.Check("entrar-erro")
	c.Open(link)
	c.Check("convite")
	c.Keys(password)
	c.Follow("\r")
	if c.Heading() != "Início" {
		t.Errorf("the link leads to %s: %s", c.Path(), c.Text())
	}
	c.Check("inicio-artista")
	c.Open("/acesso")
	c.Check("403")
}

// Each page in English, which has other lengths.
func TestIn_a_real_browser_every_page_in_English(t *testing.T) {
	b := open(t)
	owner(t, b).Send("Continuar", "Nome do estúdio", "Estúdio Agulha Fina")
	c := webtest.Start(t, b.base)
	c.Open("/login")
	c.Press("English")
	c.Type("E-mail", "rafa@example.com")
	c.Type("Password", password)
	c.Follow("\r")
	for name, path := range map[string]string{"home": "/", "keys": "/atalhos", "start": "/comecar", "start-methods": "/comecar?passo=formas", "access": "/acesso", "day": "/caixa", "payments": "/pagamentos", "clients": "/clientes", "expenses": "/gastos", "commissions": "/comissoes", "artists": "/artistas", "search": "/buscar?q=rafa", "missing": "/nothing"} {
		c.Open(path)
		c.Check(name + "-en")
	}

	// Behind More, on a phone, stands what the bar at the bottom has no room for.
	c.Open("/")
	c.Size(390, 844)
	visible := `document.getElementById("mais").checkVisibility()`
	c.Wait("!" + visible)
	click := func(words string) {
		webtest.Evaluate[string](c, `[...document.querySelectorAll(".nav a")].find(a => a.textContent.trim() === "`+words+`").click(), ""`)
	}
	click("More")
	c.Wait(visible)
	click("Close this menu")
	c.Wait("!" + visible)
}

// The switch for light and dark works without a new page: what is typed stays.
func TestIn_a_real_browser_the_look_changes_while_one_types(t *testing.T) {
	b := open(t)
	c := webtest.Start(t, b.base)
	c.Open("/login")
	c.Type("E-mail", "rafa@example.com")
	webtest.Evaluate[string](c, `[...document.querySelectorAll("button")].find(b => b.textContent === "Escura").click(), ""`)
	c.Wait(`document.documentElement.dataset.theme === "dark" && document.getElementById("email").value === "rafa@example.com"`)
	c.Wait(`fetch("/login").then(r => r.text()).then(t => t.includes('data-theme="dark"'))`)
	c.Open("/login")
	if theme := webtest.Evaluate[string](c, `getComputedStyle(document.body).backgroundColor`); theme != "rgb(25, 23, 21)" {
		t.Errorf("the page is %s", theme)
	}
	c.Check("entrar-escura")
}

func linkIn(t *testing.T, text, base string) string {
	t.Helper()
	_, link, ok := strings.Cut(text, base)
	if !ok {
		t.Fatalf("there is no link: %s", text)
	}
	return strings.Fields(link)[0]
}
