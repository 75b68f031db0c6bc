package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
			c.Wait(`document.activeElement.id === "valor"`)
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
		t.Logf("%d keys for 20 payments", pressed)
		c.Check("caixa")
	})
}
