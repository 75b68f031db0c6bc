package web_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/config"
	"extrato/internal/doctor"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/web"
)

// secretWords stand in settings, and in no page.
const secretWords = "swordfish"

// operating gives the pages a doctor, settings with secrets, and remedies.
func operating(o *web.Options, db *storetest.DB, closer *closing.Closer, folder string) {
	c, _ := config.Load(map[string]string{ // its problems are doctor's
		"DATABASE_URL": db.URL, "EXTRATO_BACKUPS": folder, "JWT_SECRET_KEY": strings.Repeat(secretWords, 4), "EXTRATO_NOTIFY": "ntfy://" + secretWords + "@ntfy.example/studio",
		"EXTRATO_HEARTBEAT_URL": "https://hc.example/" + secretWords, "EXTRATO_API_TOKEN": secretWords, "EXTRATO_LOGIN_OIDC_CLIENT_SECRET": secretWords,
		"EXTRATO_CLOSE_FROM": books.MonthOf(nowInZone()).String(),
	})
	d := &doctor.Doctor{
		Config: c, Now: closer.Now, Store: db.Store, Folder: folder, Backups: closer.Backups, InServer: true, CheckKey: auth.CheckKey, CheckPlaces: func([]string) error { return nil },
		Audit: func(ctx context.Context) (doctor.Audited, error) {
			a, err := closer.VerifyChain(ctx)
			return doctor.Audited{Entries: a.Entries, Head: a.Head, Problems: a.Problems}, err
		},
	}
	o.Doctor, o.Settings, o.Version = d.Run, d.Settings, "v1.2.3"
	o.Queued = func(context.Context) (map[string]int, error) { return map[string]int{"notify": 2}, nil }
	o.Mends = map[string]func(context.Context, books.Actor) error{
		doctor.MendGuards:  func(ctx context.Context, _ books.Actor) error { _, err := db.Store.Migrate(ctx); return err },
		doctor.MendAccount: func(ctx context.Context, _ books.Actor) error { return auth.EnsureServiceAccount(ctx, db.Store) },
		doctor.MendCopies:  closer.BackUpUnbacked,
		doctor.MendQueues: func(ctx context.Context, _ books.Actor) error {
			_, err := db.SQL.ExecContext(ctx, "UPDATE "+db.Own("river_queue")+" SET paused_at = NULL")
			return err
		},
	}
}

// damage changes a byte of a month's backup.
func (s *monthStudio) damage(t testing.TB, m books.Month) (mend func()) {
	t.Helper()
	name := strings.ReplaceAll(m.String(), "-", "_")
	file := filepath.Join(s.folder, name, "backup_"+name+".csv")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	put := func(text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put([]byte(strings.Replace(string(whole), "457", "475", 1)))
	return func() { put(whole) }
}

// Backups: all is verified by one press, and a damaged copy is named with the way out.
func TestBackups_are_verified_on_a_page(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		before := m.Add(-1)
		s.Open("/backups").Is(200, "/backups").Says("Ainda não há cópias.")
		s.pays(t, m.First(), 457_00)
		s.pays(t, before.First(), 457_00)
		s.closes(t, before)
		s.closes(t, m)
		s.Open("/backups").Says("2 meses com cópia.", "confere", "o extrato se apoia nela")
		s.Send("Conferir agora").Says("2 cópias lidas agora, byte por byte. Tudo confere.")
		file := strings.ReplaceAll(m.String(), "-", "_")
		file += "/backup_" + file + ".csv"
		mend := s.damage(t, m)
		first, second := *s.Open("/backups"), *s.Person
		first.Send("Conferir agora").Says("1 tem problema.", file, "mudou depois de gravada", "Não apague nada.")
		second.Send("Conferir agora").Is(200, first.Path).Says("1 tem problema.") // the second click of two
		s.Open("/backups").Says(file+" mudou depois de gravado.", "Fazer outra cópia")
		s.Open("/acesso").Says("há um problema com o backup")
		if _, _, page := s.download(t, s.Person, "/acesso"); !strings.Contains(page, `<div class="notice fail"><p>`) {
			t.Error("the line on top has not the colour of a failure")
		}
		s.Open(s.Links()["Ver os backups"]).Is(200, "/backups")
		if strings.Contains(s.Text(), "há um problema com o backup") {
			t.Error("the page says twice what waits")
		}
		s.Send("Fazer outra cópia: " + name(m) + " de " + strings.SplitN(m.String(), "-", 2)[0]).Says("outra cópia feita e conferida")
		s.Open("/backups").Says("cópia 2", "Há uma cópia nova que confere.")
		s.Open(s.Links()["Reabrir "+name(m)+" de "+strings.SplitN(m.String(), "-", 2)[0]]).Is(200, "/meses/"+path(m)+"/reabrir")
		mend()
		s.Open("/backups").Send("Conferir agora: "+file).Says("1 cópia lida agora", "Tudo confere.")
		if strings.Contains(s.Text(), "mudou depois") {
			t.Errorf("it is whole again: %s", s.Text())
		}
		s.Post("/backups/conferir", url.Values{"arquivo": {"../../etc/passwd"}}).Is(404, "")
		if err := os.RemoveAll(s.folder); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.folder, nil, 0o600); err != nil { // a file stands where the folder should
			t.Fatal(err)
		}
		s.Open("/backups").Is(200, "/backups").Says("A pasta dos backups não pode ser lida.")
		if s.Post("/backups/conferir", url.Values{"chave": {"k"}}); s.Answered != 422 {
			t.Errorf("answered %d", s.Answered)
		}
	})
}

// A restore shows its difference first, changes nothing until it is confirmed, and
// ends with its proof.
func TestA_backup_is_restored_on_a_page(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		s.spends(t, m.First(), "Luvas", 80_00)
		s.closes(t, m)
		address := "/backups/" + path(m) + "/restaurar"
		s.Open("/backups")
		file := strings.ReplaceAll(m.String(), "-", "_")
		file += "/backup_" + file + ".csv"
		s.Open(s.Links()["Restaurar: "+file]).Is(200, address+"?arquivo="+url.QueryEscape(file)).Says("os lançamentos desta cópia estão no extrato", "row_at_rest")
		s.Open(s.Links()["Reabrir "+name(m)]).Send("Reabrir "+name(m), "Motivo", "teste")
		s.Open(address).Says("Nada falta")
		rows := func() int64 {
			return s.db.Int(t, "SELECT count(*) FROM pagamentos") + 10*s.db.Int(t, "SELECT count(*) FROM comissoes") + 100*s.db.Int(t, "SELECT count(*) FROM gastos")
		}
		whole := rows()
		s.db.Exec(t, "DELETE FROM comissoes")
		s.db.Exec(t, "DELETE FROM pagamentos")
		entries := s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("closings"))
		first, second := *s.Open(address).Says("Voltariam: 1 pagamento, 0 sessões, 1 comissão, 0 gastos", "Já estão nos livros, iguais:", "Pagamento · Duda Falcão", "R$ 457,00"), *s.Person
		if rows() == whole || s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("closings")) != entries {
			t.Error("a look changed something")
		}
		first.Send("Restaurar").Is(200, "").Says("Voltaram: 1 pagamento, 0 sessões, 1 comissão", "Prova", file)
		second.Send("Restaurar").Is(200, first.Path)
		if rows() != whole || s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("closings")) != entries+1 {
			t.Errorf("%d rows, want %d", rows(), whole)
		}
		s.Open("/registro").Says(capital(m), "lançamentos restaurados do backup")

		// A row with other values refuses all of it.
		s.db.Exec(t, "UPDATE pagamentos SET valor = 999")
		s.db.Exec(t, "DELETE FROM gastos")
		s.Open(address).Is(200, address).Says("tem outros valores que os da cópia", "row_differs")
		if s.Post(address, url.Values{"arquivo": {file}, "chave": {"k9"}}); s.Answered != 422 || s.db.Int(t, "SELECT count(*) FROM gastos") != 0 {
			t.Errorf("answered %d", s.Answered)
		}
		s.Says("tem outros valores que os da cópia")
		s.damage(t, m)
		s.Open(address).Says("esta cópia mudou depois de gravada", "backup_corrupt")
		s.Open(address+"?arquivo=2001_01/backup_2001_01.csv").Is(404, "")
		s.Open("/backups/2001/01/restaurar").Is(200, "").Says("Não há cópia de")
		s.Open(address+"/c0ffee").Is(200, "").Says("Nada voltou por este pedido")
	})
}

// Registro: the chain in words, its verification in one sentence.
func TestThe_chain_is_verified_on_a_page(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.Open("/registro").Is(200, "/registro").Says("Nenhum mês foi fechado ainda.")
		s.pays(t, m.First(), 457_00)
		s.closes(t, m)
		s.Open("/registro").Says(capital(m), "fechado, revisão 1", "1 pagamento", "R$ 182,80", "1 registro")
		var head string
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			e, err := tx.Head(ctx)
			head = e.Hash.String()
			return err
		})
		s.Says(head).Send("Conferir registro").Says("Tudo confere: 1 registro inteiro")
		s.Send("Conferir registro", "Cabeça guardada (pode ficar em branco)", strings.ToUpper(head)).Says("0 registros vieram depois")
		s.Send("Conferir registro", "Cabeça guardada (pode ficar em branco)", "nada").Is(422, "").Says("Isto não é uma cabeça")
		if s.Value("Conferir registro", "Cabeça guardada (pode ficar em branco)") != "nada" || s.Focus() == "" {
			t.Error("what was typed is lost")
		}
		s.Send("Conferir registro", "Cabeça guardada (pode ficar em branco)", strings.Repeat("ab", 32)).Says("O registro não confere: 1 problema.", "is not in the chain")
		if _, err := s.closer.Reopen(t.Context(), m, "faltou <b>um</b> sinal", "user 1"); err != nil {
			t.Fatal(err)
		}
		s.Open("/registro").Says("reaberto", "faltou <b>um</b> sinal", "2 registros")
		s.closes(t, m)
		s.tamper(t)
		s.Open("/registro").Send("Conferir registro").Says("O registro não confere:", m.String(), "Guarde tudo como está")
		s.db.Tamper(t, "UPDATE "+s.db.Own("closings")+" SET payments = 7 WHERE seq = 1")
		s.Open("/registro").Send("Conferir registro").Says("entry 1 of the chain was changed")
	})
}

// Tarefas: every attempt, with the step it failed at, and the way out.
func TestAttempts_are_shown_step_by_step(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.Open("/tarefas").Is(200, "/tarefas").Says("Nenhuma tentativa.", "2 avisos por enviar")
		s.pays(t, m.First(), 457_00)
		s.closer.Announce = func(context.Context, *store.Tx, books.ChainEntry) error { return errors.New("secret detail") }
		s.Open("/meses/" + path(m) + "/fechar").Send("Fechar " + name(m))
		s.closer.Announce = nil
		s.Open("/tarefas").Says("falhou", "Fechar "+name(m), "Rafa Nogueira", "Algo impediu, e nada mudou.")
		s.Open(s.attempt(t)).Is(200, "").Says("parou aqui", "internal")
		if strings.Contains(s.Text(), "secret detail") {
			t.Error("it tells what is for the log")
		}
		s.closes(t, m)
		s.Open("/tarefas").Says("fechado", "falhou")
		s.Open(s.attempt(t)).Says("Gravando o extrato", "Retirando os lançamentos")
		if strings.Contains(s.Text(), "parou aqui") {
			t.Error("it did not fail")
		}
		s.Open("/tarefas?falhas=1").Says("falhou")
		if strings.Contains(s.Text(), "● fechado") || strings.Count(s.Text(), "Fechar "+name(m)) != 1 {
			t.Errorf("not only failures: %s", s.Text())
		}
		s.Open("/tarefas?tipo=restore").Says("Nenhuma tentativa.")
		s.Open("/tarefas?mes="+m.String()+"&tipo=close").Says("falhou", "fechado")
		s.Open("/tarefas?mes=nada").Is(422, "").Says("Este mês não existe.")
		s.Open("/tarefas/c0ffee").Is(404, "")
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for range 60 {
				if err := tx.AddRun(ctx, store.Run{Action: "close", Month: m, By: "schedule", Result: "failed", Code: "backup_slow", Message: "x", CorrelationID: "many"}); err != nil {
					return err
				}
			}
			return nil
		})
		s.Open("/tarefas").Says("o fechamento automático", "o lugar dos backups não respondeu a tempo")
		s.Open(s.Links()["Mais antigos ›"]).Says("fechado", "Mais novos")
	})
}

// Paused queues of jobs are said on every page of an admin, and started again.
func TestPaused_queues_are_started_again(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		s.db.Exec(t, "CREATE TABLE "+s.db.Own("river_queue")+" (name TEXT NOT NULL, paused_at TEXT)")
		s.db.Exec(t, "INSERT INTO "+s.db.Own("river_queue")+" VALUES ('close', '2025-10-01')")
		s.Open("/").Says("As tarefas automáticas estão paradas")
		s.Open("/acesso").Says("As tarefas automáticas estão paradas")
		s.Open("/diagnostico").Says("Filas de tarefas paradas (close)", "Retomar as filas")
		s.Open("/tarefas").Says("Uma fila de tarefas está parada").Send("Retomar").Is(200, "/tarefas").Says("As filas voltaram a andar.")
		if strings.Contains(s.Text(), "parada") || strings.Contains(s.Open("/acesso").Text(), "paradas") {
			t.Errorf("they are started: %s", s.Text())
		}
	})
}

// attempt is the address of the newest attempt.
func (s *monthStudio) attempt(t testing.TB) (to string) {
	t.Helper()
	s.write(t, func(ctx context.Context, tx *store.Tx) error {
		newest, err := tx.Runs(ctx, store.WantedRuns{Limit: 1})
		to = "/tarefas/" + newest[0].CorrelationID
		return err
	})
	return to
}

// Diagnóstico: the worst first, in words; a button mends what the program can mend.
func TestDoctor_is_asked_on_a_page_and_mends(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		s.closes(t, m)
		s.Open("/diagnostico").Is(200, "/diagnostico").Says("0 falhas", "em ordem", "Cada lançamento é de um mês.", "Nunca foi vista")
		s.db.Exec(t, "UPDATE users SET active_flag = FALSE WHERE id = 999")
		s.Send("Olhar de novo").Is(200, "/diagnostico").Says("Consertar a conta", "os tokens dos programas são recusados")
		s.Send("Consertar a conta").Is(200, "/diagnostico").Says("Feito. Olhei de novo.", "A conta 999 está lá.")
		drop := "DROP TRIGGER closings_refuse_update"
		if s.db.Path == "" {
			drop = "DROP TRIGGER closings_refuse_change ON extrato.closings"
		}
		s.db.Exec(t, drop)
		s.Send("Olhar de novo").Says("2 falhas", "Faltam guardas")
		if text := s.Text(); strings.Index(text, "guardas") > strings.Index(text, "rede de segurança") {
			t.Error("the worst is not first")
		}
		s.Open("/acesso").Says("Diagnóstico: guardas")
		s.Open(s.Links()["Ver o diagnóstico"]).Send("Repor as guardas").Says("Feito.", "0 falhas")
		if missing, err := s.db.Store.MissingGuards(t.Context()); err != nil || len(missing) > 0 {
			t.Errorf("%v %v", missing, err)
		}
		if strings.Contains(s.Open("/acesso").Text(), "Diagnóstico:") {
			t.Error("it is mended, and a line says it is not")
		}
		s.Post("/diagnostico/consertar", url.Values{"ato": {"nada"}}).Is(404, "")
		for _, page := range []string{"/diagnostico", "/ajustes", "/tarefas", "/"} {
			if strings.Contains(s.Open(page).Text(), secretWords) {
				t.Errorf("%s shows a secret", page)
			}
		}
	})
}

// A month closed without a backup gets one by a button.
func TestDoctor_makes_the_copies_that_are_missing(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		m := last()
		s.pays(t, m.First(), 457_00)
		if err := os.WriteFile(s.folder, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s.closer.RequireBackup = false
		s.closes(t, m)
		if err := os.Remove(s.folder); err != nil {
			t.Fatal(err)
		}
		s.Open("/diagnostico").Says("Fechados sem backup: " + name(m)).Send("Fazer as cópias").Says("Feito.")
		if strings.Contains(s.Text(), "Fechados sem backup") {
			t.Errorf("the copy is there: %s", s.Text())
		}
	})
}

// Ajustes: the studio's name, the methods' costs, and the environment without its
// secrets.
func TestSettings_are_changed_on_a_page(t *testing.T) {
	months(t, func(t *testing.T, s *monthStudio) {
		s.Open("/ajustes").Is(200, "/ajustes").Says("Fuso do estúdio", "America/Sao_Paulo", "padrão", "definido, não se mostra", "linha de comando", "v1.2.3", "Categorias de gastos", "Aluguel")
		for _, secret := range []string{secretWords, "hc.example"} {
			if strings.Contains(s.Text(), secret) {
				t.Errorf("it shows %s", secret)
			}
		}
		forms := *s.Person
		forms.Send("Salvar", "Nome do estúdio", "  ").Is(422, "").Says("Falta preencher.")
		forms.Send("Salvar", "Nome do estúdio", `Agulha "<b>" Fina`).Is(200, "/ajustes").Says(`O estúdio se chama Agulha "<b>" Fina.`)
		if forms.Value("Salvar", "Nome do estúdio") != `Agulha "<b>" Fina` {
			t.Error("the name is not kept")
		}
		s.Open("/ajustes")
		today := books.DayOf(nowInZone())
		method := func(fields ...string) url.Values {
			v := url.Values{"chave": {strings.Join(fields, "")}}
			for i, n := range []string{"forma", "taxa", "dias", "vale"} {
				v.Set(n, fields[i])
			}
			return v
		}
		for _, bad := range [][]string{{"", "1", "1", today.String()}, {"Pix", "cem", "1", today.String()}, {"Pix", "1", "-1", today.String()}, {"Pix", "1", "1", "nada"}, {"Pix", "101", "1", today.String()}, {strings.Repeat("W", 51), "1", "1", today.String()}} {
			if s.Post("/ajustes/formas", method(bad...)); s.Answered != 422 || s.db.Int(t, "SELECT count(*) FROM "+s.db.Own("method_terms")) != 0 {
				t.Errorf("%v: %d", bad, s.Answered)
			}
		}
		s.Post("/ajustes/formas", method("Pix", "0,99", "1", today.String())).Is(200, "/ajustes").Says("Pix: taxa de 0,99 %, 1 dias", "1 dia depois")
		s.Post("/ajustes/formas", method("Pix", "1,5", "", today.Add(30).String())).Says("por vir")
		s.Open(s.Links()["Mudar Pix"]).Is(200, "")
		if s.Focus() != "Taxa %" {
			t.Errorf("the cursor is in %q", s.Focus())
		}
		var terms []store.MethodTerms
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			terms, err = tx.MethodTerms(ctx)
			return err
		})
		if len(terms) != 2 || terms[1].Percent != 99 || terms[1].Days != 1 || terms[0].Percent != 150 {
			t.Errorf("%v", terms)
		}
	})
}
