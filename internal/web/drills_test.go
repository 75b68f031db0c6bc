package web_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/places"
	"extrato/internal/web/webtest"
)

// A drill is made by one press; what it found stands on Backups and on the page of
// the statement, and it changes nothing.
func TestA_drill_is_made_on_a_page(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		before := m.Add(-1)
		if text := s.Open("/backups").Text(); strings.Contains(text, "Teste de restauração") {
			t.Errorf("nothing can be drilled yet: %s", text)
		}
		s.pays(t, m.First(), 457_00)
		s.pays(t, before.First(), 457_00)
		s.closes(t, before)
		s.closes(t, m)
		s.Open("/backups").Says("Teste de restauração: ainda não houve.")
		entries := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("closings"))
		first, second := *s.Person, *s.Person
		first.Send("Testar agora").Is(200, "/backups").Says("devolveu igual, byte por byte, o extrato de ", "(hoje às ")
		second.Send("Testar agora").Is(200, first.Path) // the second click of two
		if n := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("drills")); n != 2 {
			t.Errorf("%d drills were made, want one of each month", n)
		}
		s.Open("/extrato/"+path(m)).Says("O backup foi restaurado em teste hoje às ", "e devolveu este extrato.")
		mend := s.damage(t, m)
		s.Open("/backups").Send("Testar agora").Says("o backup não devolve o extrato de "+name(m), "Não apague nada.", "still holds every row")
		s.Open("/extrato/" + path(m)).Says("num teste, o backup não devolveu este extrato: veja Backups")
		s.Open("/extrato/" + path(before)).Says("e devolveu este extrato.")
		mend()
		s.Open("/backups").Send("Testar agora").Says("devolveu igual, byte por byte")
		if n := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("closings")); n != entries {
			t.Errorf("%d entries are in the chain, want %d", n, entries)
		}
		s.db.Exec(t, "DELETE FROM "+s.db.Own("drills"))
		s.Open("/backups/testar/0123456789abcdef").Is(200, "/backups") // of another process
	})
}

// With places for copies elsewhere the page says which copy was read, and blames
// the one that is damaged.
func TestA_drill_of_a_copy_elsewhere_names_its_place(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m, far := last(), t.TempDir()
		s.pays(t, m.First(), 457_00)
		s.closes(t, m)
		s.closer.Places = &places.Places{
			Local: s.closer.Backups.Bucket, All: []bucket.Place{bucket.NewFolderPlace(far, nil)}, Store: s.db.Store, Now: s.closer.Now, Log: s.closer.Log, SpoolDir: t.TempDir(),
		}
		s.Open("/backups").Send("Testar agora").Says("Cópia lida: " + s.folder)
		if _, err := s.closer.Places.Run(t.Context(), s.closer.Places.All[0], places.Options{All: true}); err != nil {
			t.Fatal(err)
		}
		s.Open("/backups").Send("Testar agora").Says("Cópia lida: " + far)
		found, err := filepath.Glob(filepath.Join(far, "*", "*.csv"))
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		if err := os.Remove(found[0]); err != nil {
			t.Fatal(err)
		}
		s.Open("/backups").Send("Testar agora").Says("a cópia em "+far+" não devolve o extrato de "+name(m), "O backup na pasta do estúdio continua lá.")
	})
}

// drills looks at a drill in a browser: in progress, and done.
func (s *monthStudio) drills(t testing.TB, c *webtest.Chromium, m books.Month) {
	t.Helper()
	h := s.haltAt("drilled " + m.Add(-1).String())
	c.Press("Testar agora")
	if !strings.Contains(c.Text(), "Restaurando num banco à parte") {
		t.Errorf("%s: %s", c.Path(), c.Text())
	}
	c.Check("backups-testando")
	close(h.release)
	c.Wait(`document.body.innerText.includes("devolveu igual")`) // by itself
	c.Check("backups-testados")
	c.Open("/extrato/" + path(m))
	c.Check("extrato-testado")
	c.Open("/backups")
}
