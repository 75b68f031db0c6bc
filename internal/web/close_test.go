package web_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/auth"
	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/logtest"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/web/webtest"
)

func newCloser(t testing.TB, db *storetest.DB) (c *closing.Closer, folder string) {
	t.Helper()
	schedule, err := books.ParseSchedule("0 2 1 * *")
	if err != nil {
		t.Fatal(err)
	}
	folder = filepath.Join(t.TempDir(), "backups")
	now := nowInZone
	return &closing.Closer{
		Store: db.Store, Schedule: schedule, RequireBackup: true, Now: now, SpoolDir: t.TempDir(), Log: logtest.Quiet(t),
		Backups: &backup.Backups{Bucket: bucket.NewFolder(folder, nil), Now: now, Zone: storetest.Zone, Program: "test"},
	}, folder
}

func nowInZone() time.Time { return time.Now().In(storetest.Zone) }

// last is the month that ended last.
func last() books.Month { return books.MonthOf(nowInZone()).Add(-1) }

// path is a month's part of an address.
func path(m books.Month) string { return strings.ReplaceAll(m.String(), "-", "/") }

var monthNames = strings.Fields("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro")

func name(m books.Month) string { return monthNames[m.Month-1] }

func capital(m books.Month) string { return strings.ToUpper(name(m)[:1]) + name(m)[1:] }

// monthStudio is a studio with an owner who has signed in, two artists and rows.
type monthStudio struct {
	*browser
	*webtest.Person
	db    *storetest.DB
	rules *recording.Recorder
}

// months runs a test on such a studio in each database.
func months(t *testing.T, test func(*testing.T, *monthStudio)) {
	t.Helper()
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) { test(t, newMonthStudio(t, db)) })
}

func newMonthStudio(t *testing.T, db *storetest.DB) *monthStudio {
	t.Helper()
	b := openOn(t, db, auth.Provider{})
	s := &monthStudio{b, owner(t, b), db, &recording.Recorder{Store: db.Store, Now: b.closer.Now}}
	db.Exec(t, `INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (501, 'Bia Moreira', 'artist', TRUE, FALSE), (502, 'Caio Tanaka', 'artist', TRUE, FALSE)`)
	db.Exec(t, `INSERT INTO clients (id, name) VALUES (701, 'Duda Falcão'), (702, 'Caetano Luz')`)
	return s
}

// pays records a payment of artist 501's, with 60 % for her.
func (s *monthStudio) pays(t testing.TB, day books.Day, amount books.Money) {
	t.Helper()
	s.records(t, recording.Entry{Payment: books.Payment{
		Date: day, Amount: amount, Method: "Pix", ArtistID: 501, ClientID: books.RefTo(701),
	}})
}

func (s *monthStudio) records(t testing.TB, n recording.Entry) {
	t.Helper()
	if n.Percent == nil {
		percent := books.Percent(60_00)
		n.Percent = &percent
	}
	n.Confirmed = recording.Questions()
	s.write(t, func(ctx context.Context, tx *store.Tx) error {
		_, err := s.rules.AddPayment(ctx, tx, "user 1", n)
		return err
	})
}

func (s *monthStudio) spends(t testing.TB, day books.Day, what string, amount books.Money) {
	t.Helper()
	s.write(t, func(ctx context.Context, tx *store.Tx) error {
		_, err := s.rules.AddExpense(ctx, tx, "user 1", books.Expense{Date: day, Amount: amount, Method: "Pix", Description: books.TextOf(what), CreatedBy: 501})
		return err
	})
}

func (s *monthStudio) write(t testing.TB, do func(context.Context, *store.Tx) error) {
	t.Helper()
	if err := s.db.Store.Write(t.Context(), func(tx *store.Tx) error { return do(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// stateOf returns what a month is.
func (s *monthStudio) stateOf(t testing.TB, m books.Month) (closing.State, int) {
	t.Helper()
	whole, _, err := s.closer.Month(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return whole.State, whole.Revision
}

// isOpen fails the test unless a month is as it was: nothing of it is closed.
func (s *monthStudio) isOpen(t testing.TB, m books.Month, payments int64) {
	t.Helper()
	whole, _, err := s.closer.Month(t.Context(), m)
	if err != nil || whole.State == closing.IsClosed || whole.State == closing.Late || whole.Counts.Payments != payments {
		t.Errorf("%s is %s with %d payments, want it open with %d: %v", m, whole.State, whole.Counts.Payments, payments, err)
	}
}

// halt stops closes at a step until it is released.
type halt struct {
	reached, release chan struct{}
	once             sync.Once
}

// haltAt stops the first close that comes to a step.
func (s *monthStudio) haltAt(step string) *halt {
	h := &halt{reached: make(chan struct{}), release: make(chan struct{})}
	s.closer.Step = func(at string) {
		if at == step {
			h.once.Do(func() {
				close(h.reached)
				<-h.release
			})
		}
	}
	return h
}

func TestA_month_is_closed_on_a_page(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First().Add(3), 450_00)
		s.records(t, recording.Entry{Payment: books.Payment{Date: m.First().Add(4), Amount: 300_00, Method: "Dinheiro", ArtistID: 502}, Percent: new(books.Percent)})
		s.spends(t, m.First().Add(5), "Luvas", 80_00)
		s.Open("/meses/"+path(m)+"/fechar").Says("Fechar "+name(m), capital(m)+" vira extrato: 2 pagamentos", "R$ 750,00", "− R$ 270,00", "− R$ 80,00", "= R$ 400,00",
			"pagamento sem comissão", "Caio Tanaka (1)", "pagamento sem cliente", "Nenhuma duplicata possível", "/srv/backups")
		s.Send("Fechar "+name(m)).Is(200, "/meses/"+path(m)+"/fechar").Says(capital(m)+" fechado.", "Fechado em", "com 2 pagamentos; backup conferido byte a byte.", "= R$ 400,00", "Ver o extrato")
		if state, revision := s.stateOf(t, m); state != closing.IsClosed || revision != 1 {
			t.Errorf("%s, revision %d", state, revision)
		}
	})
}

// tamper changes an amount in a stored statement, as somebody with the database
// could.
func (s *monthStudio) tamper(t testing.TB) {
	t.Helper()
	kind := map[bool]string{true: "TEXT", false: "JSON"}[s.db.Path != ""]
	s.db.Tamper(t, "UPDATE extratos SET pagamentos = CAST(replace(CAST(pagamentos AS TEXT), '457.00', '475.00') AS "+kind+")")
}

// What keeps a month from being closed is said in words, and leaves it open.
func TestEach_refusal_of_a_close_is_said_in_words(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		address := "/meses/" + path(m) + "/fechar"
		s.pays(t, m.First().Add(3), 450_00)
		press := func(words ...string) {
			t.Helper()
			s.Open(address).Send("Fechar " + name(m)).Says(words...)
			if s.Answered != 422 {
				t.Errorf("answered %d", s.Answered)
			}
			s.isOpen(t, m, 1)
		}
		t.Run("not ended", func(t *testing.T) {
			next := m.Add(1)
			s.pays(t, next.First(), 100_00)
			p := "/meses/" + path(next) + "/fechar"
			s.Open(p).Is(200, p).Says("Fechar "+name(next), capital(next)+" ainda não terminou.")
			s.client = s.Client
			if status, _, text := s.post(p); status != 422 || !strings.Contains(text, "ainda não terminou") || strings.Contains(text, "<button class=\"btn go\"") {
				t.Errorf("%d %s", status, text)
			}
			s.isOpen(t, next, 1)
		})
		t.Run("unwritable", func(t *testing.T) {
			if err := os.WriteFile(s.folder, nil, 0o600); err != nil { // a file stands where the folder should
				t.Fatal(err)
			}
			defer os.Remove(s.folder)
			s.Open(address).Says("o backup não pôde ser gravado", "backup_unwritable")
			press("ficou como estava: o backup não pôde ser gravado", "backup_unwritable")
		})
		for code, of := range map[string]struct {
			err   error
			words string
		}{
			"backup_slow":       {backup.ErrSlow, "o lugar dos backups não respondeu a tempo"},
			"copies_incomplete": {books.Refusedf("copies_incomplete", "no copy"), "um lugar das cópias não pôde ser usado"},
			"busy":              {books.Conflictf("busy", "others changed the same rows"), "outras pessoas lançavam ao mesmo tempo"},
			"disk_full":         {books.Refusedf("disk_full", "the disk is full"), "falta espaço no disco"},
			"internal":          {errors.New("secret detail"), "Algo impediu, e nada mudou."},
			"new_code":          {books.Refusedf("new_code", "a rule of a later version"), "a rule of a later version"},
		} {
			t.Run(code, func(t *testing.T) { // in the close's own transaction, which rolls back
				s.closer.Announce = func(context.Context, *store.Tx, books.ChainEntry) error { return of.err }
				defer func() { s.closer.Announce = nil }()
				press(of.words, code)
				if strings.Contains(s.Text(), "secret detail") {
					t.Error("it tells what is for the log")
				}
			})
		}
		t.Run("unknown column", func(t *testing.T) {
			s.db.Exec(t, "ALTER TABLE pagamentos ADD COLUMN gorjeta INTEGER")
			s.db.Exec(t, "UPDATE pagamentos SET gorjeta = 5")
			press("numa coluna que este programa não conhece")
			s.db.Exec(t, "UPDATE pagamentos SET gorjeta = NULL")
		})
		s.Open(address).Send("Fechar " + name(m)).Says(capital(m) + " fechado.")
		s.Open(address).Says("backup conferido byte a byte")
	})
}

func TestA_late_row_is_taken_in(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		address := "/meses/" + path(m) + "/fechar"
		s.pays(t, m.First().Add(3), 450_00)
		s.Open(address).Send("Fechar " + name(m)).Says(capital(m) + " fechado.")
		s.db.Exec(t, `INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, created_at) VALUES ($1, 100, 'Pix', 501, '2026-01-01 12:00:00')`, m.First().Add(9).String())
		s.Open(address).Says("com atrasados", "1 lançamento entrou depois do fechamento.", "Antes", "R$ 450,00", "Depois", "R$ 550,00", "Pagamento · sem cliente")
		s.Send("Incluir os atrasados").Is(200, address).Says(capital(m)+" fechado.", "R$ 550,00", "com 2 pagamentos")
		if state, revision := s.stateOf(t, m); state != closing.IsClosed || revision != 2 {
			t.Errorf("%s, revision %d", state, revision)
		}
		s.Open(address)
		if strings.Contains(s.Text(), "Incluir os atrasados") {
			t.Error("nothing is late any more")
		}
	})
}

// A statement that somebody changed is shown with what is wrong, and no amount.
func TestA_statement_that_is_not_what_was_closed_shows_no_amount(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		address := "/meses/" + path(m) + "/fechar"
		s.pays(t, m.First().Add(3), 457_00)
		s.Open(address).Send("Fechar " + name(m)).Says("R$ 457,00")
		s.tamper(t)
		s.Open(address).Is(200, address).Says("o extrato foi alterado depois do fechamento", "statement_changed")
		if strings.Contains(s.Text(), "R$") {
			t.Errorf("it shows an amount: %s", s.Text())
		}
	})
}

// One press is enough: a second one, or a second tab, gets the same close.
func TestTwo_presses_close_once(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		address := "/meses/" + path(m) + "/fechar"
		s.pays(t, m.First().Add(3), 450_00)
		first, second, third := *s.Open(address), *s.Person, *s.Open(address)
		h := s.haltAt("rows read")
		first.Send("Fechar " + name(m)).Says("Copiando")
		second.Send("Fechar " + name(m)).Says("Copiando")
		if first.Path != second.Path || !strings.HasPrefix(first.Path, address+"/") {
			t.Errorf("two runs: %s and %s", first.Path, second.Path)
		}
		close(h.release)
		third.Send("Fechar "+name(m)).Is(200, address).Says("fechado.")
		second.Open(second.Path).Is(200, address).Says(capital(m) + " fechado.")
		third.Open(address)
		if n := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("closings")); n != 1 {
			t.Errorf("%d closings", n)
		}
	})
}

// A run of another process, or of one that was killed, is known by the books.
func TestA_run_that_is_not_ours_is_asked_for_again(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		address := "/meses/" + path(m) + "/fechar"
		s.pays(t, m.First().Add(3), 450_00)
		s.Open(address+"/c0ffee").Is(200, address+"/c0ffee").Says("com outro servidor")
		r, err := s.closer.Close(t.Context(), m, closing.Options{}, "user 1")
		if err != nil {
			t.Fatal(err)
		}
		s.Open(address+"/"+r.CorrelationID).Is(200, address).Says("backup conferido")
		s.Open("/meses/2025/13/fechar").Is(404, "")
		s.Open("/meses/1999/01/fechar").Is(404, "")
	})
}

// In a real browser: a close is watched step by step, goes on when the browser
// leaves, and two watchers of two months do not mix.
func TestIn_a_real_browser_a_month_is_closed(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		before := m.Add(-1)
		for _, of := range []books.Month{before, m} {
			s.pays(t, of.First().Add(3), 450_00)
			s.pays(t, of.First().Add(3), 450_00)
			s.records(t, recording.Entry{Payment: books.Payment{Date: of.First().Add(4), Amount: 300_00, Method: "Dinheiro", ArtistID: 502}, Percent: new(books.Percent)})
		}
		s.spends(t, before.First().Add(4), "Aluguel do salão", 2800_00)
		s.spends(t, m.First().Add(4), "Luvas", 80_00)
		s.db.Exec(t, "INSERT INTO sessoes (data, valor, cliente_id, artista_id, status) VALUES ($1, 600, 702, 501, 'active')", m.First().Add(8).String())
		c := webtest.Start(t, s.base)
		c.SignIn(s.Client)
		address := "/meses/" + path(m) + "/fechar"
		c.Open(address)
		c.Check("fechar")
		h := s.haltAt("statement stored")
		c.Press("Fechar " + name(m))
		if !strings.HasPrefix(c.Path(), address+"/") || !strings.Contains(c.Text(), "Conferindo o backup") {
			t.Errorf("%s: %s", c.Path(), c.Text())
		}
		c.Check("fechar-passos")
		now := `document.querySelector(".steps .now").textContent`
		if at := webtest.Evaluate[string](c, now); at != "Conferindo o backup" {
			t.Errorf("it is %s", at)
		}
		watched := c.Path()
		other := webtest.NewPerson(t, s.base)
		other.Client = s.Client
		other.Open("/meses/" + path(before) + "/fechar/" + watched[strings.LastIndexByte(watched, '/')+1:]).Says("com outro servidor")
		c.Open("/login") // the browser leaves
		close(h.release)
		s.waitClosed(t, m)
		c.Open(watched) // which leads there by itself if it was still at its last step
		c.Wait(`document.body.innerText.includes("fechado. O backup foi conferido byte a byte.")`)
		if c.Path() != address {
			t.Errorf("%s: %s", c.Path(), c.Text())
		}
		c.Check("fechado")

		h = s.haltAt("rows read")
		c.Open("/meses/" + path(before) + "/fechar")
		c.Press("Fechar " + name(before))
		if at := webtest.Evaluate[string](c, now); at != "Copiando" {
			t.Errorf("it is %s", at)
		}
		close(h.release)
		c.Wait(`document.body.innerText.includes("fechado. O backup")`) // by itself

		s.db.Exec(t, `INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, created_at) VALUES ($1, 100, 'Pix', 501, '2026-01-01 12:00:00')`, m.First().Add(9).String())
		c.Open(address)
		c.Check("fechar-atrasados")
		c.Press("Incluir os atrasados")
		if state, revision := s.stateOf(t, m); state != closing.IsClosed || revision != 2 {
			t.Errorf("%s, revision %d", state, revision)
		}
		c.Open("/meses/" + path(m.Add(1)) + "/fechar")
		c.Check("fechar-nao-terminou")
	})
}

// waitClosed waits until a month is closed.
func (s *monthStudio) waitClosed(t testing.TB, m books.Month) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if state, _ := s.stateOf(t, m); state == closing.IsClosed {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s was never closed", m)
		}
	}
}
