package web_test

import (
	"net/http/cookiejar"
	"testing"

	"extrato/internal/auth"
	"extrato/internal/closing"
	"extrato/internal/web/webtest"
)

// loseLogin ends the login of whoever is at a form.
func (s *monthStudio) loseLogin(t testing.TB) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Client.Jar = jar
}

// restart lets another process answer what comes next; it knows no form of the
// first one's.
func (s *monthStudio) restart(t *testing.T) {
	t.Helper()
	other := openOn(t, s.db, auth.Provider{})
	other.closer.Backups = s.closer.Backups
	p := webtest.NewPerson(t, other.base)
	p.Client, p.Document, p.Path = s.Client, s.Document, s.Path
	s.Person, s.browser = p, other
}

// is fails the test unless the month has this state, and the chain so many
// entries: each act is one.
func (s *monthStudio) is(t testing.TB, state closing.State, entries int64) {
	t.Helper()
	if got, _ := s.stateOf(t, last()); got != state {
		t.Errorf("the month is %s, want %s", got, state)
	}
	if n := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("closings")); n != entries {
		t.Errorf("%d entries in the chain, want %d", n, entries)
	}
}

func TestA_login_lost_before_a_month_is_closed_and_reopened(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		s.Open("/meses/" + path(m) + "/fechar")
		s.loseLogin(t)
		s.Send("Fechar " + name(m)).Says("o que você digitou está guardado")
		if s.isOpen(t, m, 1); s.Answered != 401 {
			t.Errorf("answered %d", s.Answered)
		}
		s.Send("Entrar", "E-mail", "rafa@example.com", "Senha", password)
		again := *s.Person
		s.Send("Enviar agora").Is(200, "/meses/"+path(m)+"/fechar").Says(capital(m) + " fechado.")
		again.Send("Enviar agora").Is(200, "/meses/"+path(m)+"/fechar").Says(capital(m) + " fechado.")
		s.is(t, closing.IsClosed, 1)

		s.Open("/meses/" + path(m) + "/reabrir")
		s.loseLogin(t)
		s.Send("Reabrir "+name(m), "Motivo", "faltou <b>um</b> sinal")
		s.is(t, closing.IsClosed, 1)
		s.Send("Entrar", "E-mail", "rafa@example.com", "Senha", password).Says("Ainda não foi registrado", "faltou <b>um</b> sinal")
		again = *s.Person
		s.Send("Enviar agora").Is(200, "/historico/"+path(m)).Says(capital(m) + " reaberto.")
		again.Send("Enviar agora").Is(200, "/historico/"+path(m)).Says(capital(m) + " reaberto.")
		s.is(t, closing.Held, 2)
	})
}

// A form of before a restart takes effect once. Sent again after others reopened
// or closed the month, it asks first.
func TestA_server_restarted_before_a_month_is_closed_and_reopened(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		address, history := "/meses/"+path(m), "/historico/"+path(m)
		toClose, toReopen := "Fechar "+name(m), "Reabrir "+name(m)
		s.pays(t, m.First(), 457_00)
		s.Open(address + "/fechar")
		twice, stale := *s.Person, *s.Person
		s.restart(t)
		s.Send(toClose).Is(200, address+"/fechar").Says(capital(m) + " fechado.")
		twice.Send(toClose).Is(200, address+"/fechar").Says(capital(m) + " fechado.")
		s.is(t, closing.IsClosed, 1)

		s.Open(address + "/reabrir")
		again, old := *s.Person, *s.Person
		s.restart(t)
		s.Send(toReopen, "Motivo", "faltou um sinal").Is(200, history).Says(capital(m) + " reaberto.")
		again.Send(toReopen, "Motivo", "faltou um sinal").Is(200, history).Says(capital(m) + " reaberto.")
		s.is(t, closing.Held, 2)

		stale.Send(toClose).Is(422, address+"/fechar").Says("já fechou " + capital(m) + ", que foi reaberto depois")
		s.is(t, closing.Held, 2)
		stale.Send(toClose).Is(200, address+"/fechar").Says(capital(m) + " fechado.")
		s.is(t, closing.IsClosed, 3)
		old.Send(toReopen, "Motivo", "faltou outro").Is(422, address+"/reabrir").Says("já reabriu " + capital(m) + ", que foi fechado depois")
		if old.Value(toReopen, "Motivo") != "faltou outro" {
			t.Error("the reason is lost")
		}
		s.is(t, closing.IsClosed, 3)
		old.Send(toReopen).Is(200, history).Says(capital(m) + " reaberto.")
		s.is(t, closing.Held, 4)
	})
}
