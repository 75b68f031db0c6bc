package closing_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
)

func TestClose_refuses_a_closed_month_with_the_document_of_the_one_who_closed_it(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.close(t, october, false)
		var second closing.Result
		s.refused(t, books.Refused, "already_closed", func() error {
			var err error
			second, err = s.Close(t.Context(), october, closing.Options{CorrelationID: "mine"}, "test")
			return err
		})
		if second.Outcome != closing.AlreadyClosed || second.CorrelationID != "mine" {
			t.Errorf("the second answer is %s of %s", second.Outcome, second.CorrelationID)
		}
		sameDocument(t, first, second)
		forced := s.close(t, october, true) // nothing is late: no error
		if forced.Outcome != closing.AlreadyClosed {
			t.Errorf("force with nothing late answers %s", forced.Outcome)
		}
		sameDocument(t, first, forced)
	})
}

// sameDocument asserts that two results differ in outcome, correlation id and
// seconds alone.
func sameDocument(t *testing.T, a, b closing.Result) {
	t.Helper()
	text := func(r closing.Result) string {
		r.Outcome, r.CorrelationID, r.Seconds = "", "", 0
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if text(a) != text(b) {
		t.Errorf("the documents differ:\n%s\n%s", text(a), text(b))
	}
}

func TestClose_names_the_late_rows_that_wait_when_it_refuses_a_closed_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.close(t, october, false)
		s.payment(t, 1, "2025-10-03", "12.30")
		if e := s.refusesClose(t, october, false, books.Refused, "already_closed"); !strings.Contains(e.Hint, "--force") {
			t.Errorf("the hint is %q", e.Hint)
		}
	})
}

func TestClose_refuses_a_month_until_its_last_second_in_the_studios_zone_is_over(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "DELETE FROM comissoes WHERE id = 4")
		// 03:00 UTC is midnight in São Paulo.
		s.Clock = time.Date(2025, 10, 31, 23, 59, 59, 999999999, noon(2025, 1, 1).Location())
		s.refusesClose(t, october, false, books.Refused, "month_not_ended")
		s.Clock = time.Date(2025, 11, 1, 0, 0, 0, 0, noon(2025, 1, 1).Location())
		if r := s.close(t, october, false); r.Counts != fullCounts {
			t.Errorf("closed %+v", r.Counts)
		}
	})
}

func TestClose_refuses_while_a_row_was_made_in_the_future(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		for _, table := range []string{"pagamentos", "sessoes", "gastos"} {
			t.Run(table, func(t *testing.T) {
				s.Exec(t, "DELETE FROM comissoes")
				s.Exec(t, "UPDATE sessoes SET payment_id = NULL")
				for _, table := range []string{"pagamentos", "sessoes", "gastos", "users", "clients"} {
					s.Exec(t, "DELETE FROM "+table)
				}
				s.fullOctober(t)
				// The clock is 15:00 in UTC; up to five minutes are forgiven.
				s.Exec(t, "UPDATE "+table+" SET created_at = '2025-11-02 15:05:01.000000+00' WHERE id = 3")
				e := s.refusesClose(t, october, false, books.Refused, "clock_doubtful")
				if !strings.Contains(e.Message, " 3 ") {
					t.Errorf("the refusal does not name the row: %s", e.Message)
				}
			})
		}
		s.Exec(t, "UPDATE gastos SET created_at = '2025-11-02 15:04:59.000000' WHERE id = 3")
		s.close(t, october, false)
	})
}

func TestClose_refuses_when_the_clocks_of_process_and_server_differ(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.IgnoreServerClock = false
		if !s.Store().Postgres() { // SQLite has no clock of its own
			s.close(t, october, false)
			return
		}
		server := time.Now().In(s.Clock.Location())
		for _, ahead := range []time.Duration{-5*time.Minute - 5*time.Second, 5*time.Minute + 30*time.Second} {
			s.Clock = server.Add(ahead)
			s.refusesClose(t, october, false, books.Refused, "clock_doubtful")
		}
		s.Clock = time.Now().In(s.Clock.Location())
		s.close(t, october, false)
	})
}

func TestClose_with_force_refuses_to_revise_a_statement_of_v4s(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.v4Statement(t, october)
		s.adopt(t)
		if got := s.month(t, october); got.State != closing.Late {
			t.Errorf("the month is %s", got.State)
		}
		s.refusesClose(t, october, true, books.Refused, "statement_of_v4")
		s.refusesClose(t, october, false, books.Refused, "already_closed")
		s.refused(t, books.Refused, "statement_of_v4", func() error {
			_, err := s.CreateBackup(t.Context(), october, "test")
			return err
		})
	})
}

func TestClose_with_force_refuses_to_revise_a_statement_that_v4_put_in_the_place_of_ours(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.close(t, october, false)
		s.Tamper(t, "DELETE FROM extratos")
		s.v4Statement(t, october)
		s.restore(t, october)
		for _, force := range []bool{false, true} {
			s.refusesClose(t, october, force, books.Integrity, "statement_changed")
		}
		s.refusesReopen(t, october, books.Integrity, "statement_changed")
		s.refused(t, books.Integrity, "statement_changed", func() error {
			_, err := s.CreateBackup(t.Context(), october, "test")
			return err
		})
		// What docs/operations.md says.
		s.Tamper(t, "DELETE FROM extratos")
		if again := s.close(t, october, true); again.Revision != 2 || again.Fingerprint != first.Fingerprint {
			t.Errorf("closed again as %+v, first as %+v", again, first)
		}
		s.reopen(t, october)
	})
}

func TestClose_with_force_refuses_a_late_row_that_already_stands_in_the_statement(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		for _, table := range []string{"gastos", "pagamentos"} {
			s.Exec(t, map[string]string{
				"gastos": "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (1, '2025-10-01', 1, 'Pix', 1, '" + made + "')",
				"pagamentos": `INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at)
					VALUES (4, '2025-10-01', 12.3, 'Pix', 1, '` + made + "')",
			}[table])
			e := s.refusesClose(t, october, true, books.Integrity, "row_twice")
			if e.Hint == "" {
				t.Error("the refusal does not say what to do")
			}
			s.Exec(t, "DELETE FROM "+table+" WHERE data = '2025-10-01'")
		}
	})
}

func TestClose_refuses_when_the_statement_is_gone_from_the_table_of_statements(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.Tamper(t, "DELETE FROM extratos")
		for _, force := range []bool{false, true} {
			s.refusesClose(t, october, force, books.Integrity, "statement_gone")
		}
		s.refusesReopen(t, october, books.Integrity, "statement_gone")
	})
}

const lateExpense = "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (900, '2025-10-31', 1, 'Pix', 1, '" + made + "')"

func TestClose_with_force_makes_no_statement_anew_while_rows_of_the_lost_one_are_missing(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.Tamper(t, "DELETE FROM extratos")
		s.Exec(t, lateExpense)
		refused := func() {
			t.Helper()
			e := s.refusesClose(t, october, true, books.Integrity, "statement_gone")
			if !strings.Contains(e.Hint, "extrato backup restore 2025-10 --file 2025_10/backup_2025_10.csv") {
				t.Errorf("the hint does not say how the rows come back: %s", e.Hint)
			}
		}
		refused()
		s.restore(t, october)
		for _, change := range [][2]string{
			{"DELETE FROM comissoes WHERE id = (SELECT min(id) FROM comissoes)", ""},
			{"UPDATE gastos SET valor = valor + 1 WHERE id = 1", "UPDATE gastos SET valor = valor - 1 WHERE id = 1"},
			{"UPDATE pagamentos SET data = '2025-09-30' WHERE id = 4", "UPDATE pagamentos SET data = (SELECT data FROM kept_pagamentos WHERE id = 4) WHERE id = 4"},
		} {
			s.Exec(t, "CREATE TABLE kept_pagamentos AS SELECT * FROM pagamentos")
			s.Exec(t, change[0])
			refused()
			if change[1] == "" {
				s.restore(t, october)
			} else {
				s.Exec(t, change[1])
			}
			s.Exec(t, "DROP TABLE kept_pagamentos")
		}
		r := s.close(t, october, true)
		if r.Revision != 2 || r.Counts.Expenses != fullCounts.Expenses+1 || r.Counts.Payments != fullCounts.Payments || len(r.Notes) != 0 {
			t.Errorf("closed again as %+v", r)
		}
	})
}

func TestClose_with_force_needs_as_many_rows_as_there_were_where_their_backup_is_gone_too(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.reopen(t, october)
		s.Exec(t, "CREATE TABLE kept_gastos AS SELECT * FROM gastos")
		s.close(t, october, false)
		s.Tamper(t, "DELETE FROM extratos")
		s.restore(t, october)
		s.Exec(t, "DELETE FROM gastos")
		if err := errors.Join(os.RemoveAll(s.Folder), os.MkdirAll(s.Folder, 0o700)); err != nil {
			t.Fatal(err)
		}
		s.NewPlace = true
		s.refusesClose(t, october, true, books.Integrity, "statement_gone")
		s.Exec(t, "INSERT INTO gastos SELECT * FROM kept_gastos")
		r := s.close(t, october, true)
		if r.Revision != 3 || r.Counts != fullCounts || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "nobody could compare") {
			t.Errorf("closed again as %+v", r)
		}
	})
}

func TestNothing_rests_on_a_statement_that_was_changed(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		s.Exec(t, lateExpense)
		tried := 0
		for _, how := range tamperings {
			if !strings.Contains(how.do[0], "extratos") || !strings.Contains(how.do[0], "mes = 10") || strings.HasPrefix(how.do[0], "DELETE") {
				continue
			}
			tried++
			t.Run(how.name, func(t *testing.T) { s.restsOnNothing(t, how.do...) })
		}
		if tried < 6 {
			t.Errorf("%d ways to change a statement were tried", tried)
		}
		t.Run("its entry changed with it", func(t *testing.T) {
			s.restsOnNothing(t, `UPDATE extratos SET pagamentos = (SELECT pagamentos FROM extratos WHERE mes = 7), sessoes = (SELECT sessoes FROM extratos WHERE mes = 7),
				comissoes = (SELECT comissoes FROM extratos WHERE mes = 7), gastos = (SELECT gastos FROM extratos WHERE mes = 7),
				totais = CAST(replace(replace(CAST((SELECT totais FROM extratos WHERE mes = 7) AS TEXT), '2025-07', '2025-10'), 'revisao\":1', 'revisao\":3') AS JSON) WHERE mes = 10`,
				`UPDATE C SET fingerprint = (SELECT fingerprint FROM C WHERE month = '2025-07'), seal = (SELECT seal FROM C WHERE month = '2025-07')
				WHERE month = '2025-10' AND revision = 3`)
		})
		if r := s.close(t, october, true); r.Revision != 4 {
			t.Errorf("put back and revised: %+v", r)
		}
	})
}

// restsOnNothing changes October's statement, and asks for all that rests on it.
func (s *studio) restsOnNothing(t *testing.T, changes ...string) {
	t.Helper()
	undo := s.keep(t, "extratos", "closings", "closing_details")
	defer undo()
	for _, change := range changes {
		s.change(t, change)
	}
	s.refusesClose(t, october, true, books.Integrity, "statement_changed")
	s.refusesReopen(t, october, books.Integrity, "statement_changed")
	for what, do := range map[string]func() error{
		"backup":    func() error { _, err := s.CreateBackup(t.Context(), october, "test"); return err },
		"preview":   func() error { _, err := s.Preview(t.Context(), october, true); return err },
		"statement": func() error { _, err := s.Statement(t.Context(), october); return err },
	} {
		t.Log(what)
		s.refused(t, books.Integrity, "statement_changed", do)
	}
}

func TestClose_says_already_closed_of_no_statement_that_says_something_else_about_itself(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		for _, how := range tamperings {
			if !slices.Contains([]string{"the_totals_of_a_statement_edited", "a_statement_replaced_by_v4s", "a_statement_deleted"}, how.name) {
				continue
			}
			t.Run(how.name, func(t *testing.T) {
				undo := s.keep(t, "extratos")
				defer undo()
				s.change(t, how.do[0])
				code := "statement_changed"
				if how.name == "a_statement_deleted" {
					code = "statement_gone"
				}
				for _, force := range []bool{false, true} {
					s.refusesClose(t, october, force, books.Integrity, code)
				}
			})
		}
	})
}

func TestClose_records_every_attempt_with_its_correlation_id(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		for range 10 {
			if _, err := s.Close(t.Context(), november, closing.Options{CorrelationID: "tenth"}, "cli ana"); err == nil {
				t.Fatal("the running month was closed")
			}
		}
		query := "SELECT count(*) FROM " + s.own("runs") + " WHERE correlation_id = 'tenth' AND result = 'failed' AND code = 'month_not_ended' AND actor = 'cli ana'"
		if n := s.Int(t, query); n != 10 {
			t.Errorf("%d of 10 attempts are recorded", n)
		}
		if n := s.Int(t, "SELECT count(*) FROM extrato_run_logs WHERE mes = 11 AND ano = 2025 AND status = 'error'"); n != 1 {
			t.Errorf("v4's own log has %d lines", n)
		}
	})
}

func TestClose_refuses_where_the_database_keeps_a_row_that_should_go(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		for _, table := range []string{"pagamentos", "gastos"} { // the foreign keys guard the others
			triggers := []string{"CREATE TRIGGER keep BEFORE DELETE ON " + table + " WHEN old.id = 2 BEGIN SELECT RAISE(IGNORE); END"}
			drop := "DROP TRIGGER keep"
			if s.Store().Postgres() {
				triggers = []string{
					"CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.id = 2 THEN RETURN NULL; END IF; RETURN OLD; END'",
					"CREATE TRIGGER keep BEFORE DELETE ON " + table + " FOR EACH ROW EXECUTE FUNCTION keep()",
				}
				drop += " ON " + table
			}
			for _, query := range triggers {
				s.Exec(t, query)
			}
			if e := s.refusesClose(t, october, false, books.Refused, "rows_kept"); !strings.Contains(e.Hint, "keep on "+table) {
				t.Errorf("%s: %v", table, e)
			}
			s.Exec(t, drop)
		}
		s.close(t, october, false)
		s.wantWhole(t)
	})
}
