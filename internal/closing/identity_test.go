package closing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
)

// strangers are people who have the ids of fullOctober's in another database,
// and who are the same as before.
var strangers = []struct {
	name, do string
	says     []string // "": they are the same people
}{
	{
		"an_artists_id_is_another_login", "INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled, created_at) VALUES (1, 'Zeca', 'zeca@studio.test', 'admin', TRUE, FALSE, '2026-01-01 12:00:00.000000')",
		[]string{`artista 1 is "Ana" <ana@studio.test>`, `"Zeca" <zeca@studio.test>`},
	},
	{
		"an_artists_id_is_another_without_an_e-mail", "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled, created_at) VALUES (1, 'Zeca', 'admin', TRUE, FALSE, '2026-01-01 12:00:00.000000')",
		[]string{`"Ana" <ana@studio.test>`, `"Zeca" of 2026-01-01T12:00:00.000000Z`},
	},
	{
		"a_clients_id_is_another_client", "INSERT INTO clients (id, name, created_at) VALUES (1, 'Zeca', '2026-01-01 12:00:00.000000')",
		[]string{`cliente 1 is "Bia"`, `"Zeca" of 2026-01-01T12:00:00.000000Z`},
	},
	{
		"who_wrote_an_expense_down_is_another", "INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled, created_at) VALUES (2, 'Zeca', 'zeca@studio.test', 'admin', TRUE, FALSE, '2026-01-01 12:00:00.000000')",
		[]string{`artista 2 is "Caio" <caio@studio.test>`, `"Zeca"`},
	},
	{
		"a_login_has_an_artists_e-mail", "INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled) VALUES (7, 'Ana', 'ANA@studio.test', 'admin', TRUE, FALSE)",
		[]string{`artista 1 of the backup, "Ana" <ana@studio.test>`, "artista 7"},
	},
	{
		"a_client_has_a_clients_form", "INSERT INTO clients (id, name, jotform_submission_id) VALUES (7, 'Bia', 'form-1')",
		[]string{`cliente 1 of the backup, "Bia"`, "form-1"},
	},
	{"a_renamed_client", "INSERT INTO clients (id, name, created_at) VALUES (1, 'Beatriz', '" + made + "')", nil},
	{"a_renamed_artist", "INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled, created_at) VALUES (1, 'Ana Maria', 'am@studio.test', 'admin', TRUE, FALSE, '" + made + "')", nil},
	{"an_artist_entered_again", "INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled) VALUES (1, 'Ana M.', 'Ana@studio.test', 'admin', TRUE, FALSE)", nil},
	{"a_client_entered_again", "INSERT INTO clients (id, name) VALUES (1, 'Bia')", nil},
}

func TestRestore_knows_people_by_more_than_their_id(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled) VALUES (2, 'Caio', 'caio@studio.test', 'artist', TRUE, FALSE)")
		s.Exec(t, "UPDATE gastos SET created_by = 2 WHERE id = 1")
		s.Exec(t, "UPDATE users SET created_at = '"+made+"'")
		s.Exec(t, "UPDATE clients SET created_at = '"+made+"', jotform_submission_id = 'form-1'")
		s.close(t, october, false)
		for _, other := range strangers {
			t.Run(other.name, func(t *testing.T) {
				to := s.fresh(t)
				to.Exec(t, other.do)
				if other.says == nil {
					people := to.dump(t, "users", "clients")
					to.restore(t, october)
					for table, rows := range people {
						if now := to.dump(t, table)[table]; !strings.Contains(strings.Join(now, "\n"), strings.Join(rows, "\n")) {
							t.Errorf("the live row of %s was changed: %q, was %q", table, now, rows)
						}
					}
					return
				}
				code := "somebody_else"
				if strings.Contains(other.says[0], "of the backup") {
					code = "person_twice"
				}
				e := to.refusesRestore(t, october, "", books.Refused, code)
				for _, part := range other.says {
					if !strings.Contains(e.Message, part) {
						t.Errorf("the refusal lacks %q: %s", part, e.Message)
					}
				}
				if e.Hint == "" {
					t.Error("the refusal has no hint")
				}
			})
		}
	})
}

func TestReopen_refuses_where_an_artists_id_is_somebody_elses_by_now(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.peopleOfOctoberOnly(t)
		s.close(t, october, false)
		s.Exec(t, "DELETE FROM users WHERE id = 2")
		s.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled, created_at) VALUES (2, 'Zeca', 'artist', TRUE, FALSE, '2026-01-01 12:00:00.000000')")
		if e := s.refusesReopen(t, october, books.Refused, "somebody_else"); !strings.Contains(e.Message, "Caio") || !strings.Contains(e.Message, "Zeca") {
			t.Errorf("the refusal is %s", e.Message)
		}
	})
}

func TestRestore_sets_a_link_only_to_the_session_that_the_backup_means(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t) // session 3 is paid in October and November
		s.close(t, october, false)
		session := func(made string) string {
			return "INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, created_at) VALUES (3, '2025-10-10', 300, 1, 1, 'active', " + made + ")"
		}
		to := s.fresh(t)
		if r := to.restore(t, october); !strings.Contains(strings.Join(r.Notes, "; "), "pagamento 3 lacks its link to sessao 3") {
			t.Errorf("the notes are %q", r.Notes)
		}
		to.Exec(t, "INSERT INTO sessoes (data, valor, cliente_id, artista_id, status, created_at) VALUES ('2025-12-01', 80, 1, 1, 'active', '2025-12-01 12:00:00.000000')")
		if n := to.Int(t, "SELECT count(*) FROM sessoes WHERE id <= 3 AND data = '2025-12-01'"); n != 0 {
			t.Error("a new session took the id that a restored payment names")
		}
		for _, other := range []string{"'2026-01-01 12:00:00.000000'", "NULL"} {
			to.Exec(t, session(other))
			r := to.restore(t, october)
			if n := to.Int(t, "SELECT count(*) FROM pagamentos WHERE sessao_id = 3") + to.Int(t, "SELECT count(*) FROM sessoes WHERE id = 3 AND payment_id IS NOT NULL"); n != 0 || r.Links != 0 {
				t.Errorf("a payment names the session of somebody else, made %s: %+v", other, r.Notes)
			}
			if !strings.Contains(strings.Join(r.Notes, "; "), "sessao 3 of the database is not the one that the backup means") {
				t.Errorf("the notes are %q", r.Notes)
			}
			to.Exec(t, "DELETE FROM sessoes WHERE id = 3")
		}
		to.Exec(t, session("'"+made+"'"))
		to.Exec(t, "UPDATE sessoes SET valor = 350, data = '2025-10-11' WHERE id = 3") // moved and raised since: still that session
		if r := to.restore(t, october); r.Links != 2 || to.Int(t, "SELECT count(*) FROM pagamentos p JOIN sessoes s ON s.id = p.sessao_id AND s.payment_id = p.id WHERE p.id = 3") != 1 {
			t.Errorf("its own session was not linked: %+v", r.Notes)
		}
	})
}

func TestRestore_takes_another_months_session_only_if_it_is_the_one_that_stayed(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Clock = noon(2025, time.December, 2)
		s.close(t, october, false)
		s.Exec(t, "UPDATE sessoes SET created_at = '2025-11-20 12:00:00.000000' WHERE id = 3") // as if the copy were of another database
		s.close(t, november, false)
		to := s.fresh(t)
		if r := to.restore(t, october); r.Missing.Sessions != 2 || to.Int(t, "SELECT count(*) FROM sessoes WHERE id = 3") != 0 {
			t.Errorf("restored %+v", r.Notes)
		}
	})
}

func TestRestore_refuses_a_commission_of_a_payment_that_the_backup_does_not_hold(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if s.Store().Postgres() {
			t.Skip("a foreign key keeps such commissions out")
		}
		s.people(t)
		s.commission(t, 1, 77, "5.00", "2025-10-10 12:00:00.000000")
		s.backUp(t, october)
		s.Exec(t, "DELETE FROM comissoes")
		s.payment(t, 77, "2025-11-01", "9.00")
		if e := s.refusesRestore(t, october, "", books.Refused, "payment_differs"); !strings.Contains(e.Message, "comissao 1 is of a pagamento 77") {
			t.Errorf("the refusal is %s", e.Message)
		}
	})
}

func TestRestore_gives_no_new_row_an_id_that_a_restored_or_stored_row_names(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (80, 'Caio', 'artist', TRUE, FALSE)")
		s.Exec(t, "INSERT INTO clients (id, name) VALUES (70, 'Davi')")
		s.payment(t, 1, "2025-10-03", "450.00")
		s.session(t, 60, "2025-10-03", "900.00", 1)
		s.pays(t, 1, 60)
		s.payment(t, 2, "2025-11-01", "450.00") // its other half, so the session stays
		s.pays(t, 2, 60)
		s.Exec(t, "UPDATE pagamentos SET cliente_id = 70, artista_id = 80 WHERE id = 1")
		if !s.Store().Postgres() {
			s.commission(t, 1, 90, "5.00", "2025-10-10 12:00:00.000000")
		}
		s.close(t, october, false)
		to := s.fresh(t)
		to.restore(t, october)
		highest := map[string]int64{"sessoes": 60, "clients": 70, "users": 80, "pagamentos": 2}
		if !s.Store().Postgres() {
			highest["pagamentos"] = 90
		}
		for table, insert := range map[string]string{
			"pagamentos": "(data, valor, forma_pagamento, artista_id) VALUES ('2025-11-02', 1, 'Pix', 80)",
			"sessoes":    "(data, valor, cliente_id, artista_id, status) VALUES ('2025-11-02', 1, 70, 80, 'active')",
			"clients":    "(name) VALUES ('Eva')",
			"users":      "(name, role, active_flag, unified_flow_enabled) VALUES ('Eva', 'artist', TRUE, FALSE)",
		} {
			to.Exec(t, "INSERT INTO "+table+" "+insert)
			if id := to.Int(t, "SELECT max(id) FROM "+table); id <= highest[table] && !(table == "pagamentos" && highest[table] == 2) {
				t.Errorf("the next row of %s gets id %d, %d is named", table, id, highest[table])
			}
		}
	})
}

func TestRestore_says_what_to_do_where_ids_were_given_out_again(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		to := s.fresh(t)
		to.people(t)
		to.Exec(t, "UPDATE users SET created_at = NULL")
		to.payment(t, 1, "2025-12-03", "9.00")
		to.Exec(t, "UPDATE pagamentos SET created_at = '2025-12-03 12:00:00.000000'")
		e := to.refusesRestore(t, october, "", books.Refused, "row_differs")
		if !strings.Contains(e.Message, "pagamento 1 is another row") || !strings.Contains(e.Hint, "Restore all months into a new database first") || strings.Contains(e.Hint, "delete") {
			t.Errorf("the refusal is %s (%s)", e.Message, e.Hint)
		}
		to.Exec(t, "UPDATE pagamentos SET created_at = '2025-10-01 12:00:00.000000'") // the backup's row, edited
		if e := to.refusesRestore(t, october, "", books.Refused, "row_differs"); !strings.Contains(e.Hint, "decide which of the two is right") {
			t.Errorf("the hint is %s", e.Hint)
		}
	})
}

// The row counts and sums of a backup are those of what leaves; copies of
// sessions that stay are beside them.
func TestBackup_holds_a_copy_of_every_session_that_stays(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.session(t, 9, "2025-10-11", "70.00", nil)
		s.pays(t, 4, 9) // by the payment alone
		s.payment(t, 19, "2025-11-11", "1.00")
		s.pays(t, 19, 9)
		r := s.close(t, october, false)
		text := s.files(t)[r.Backup.File]
		if n := strings.Count(text, "\nsessao_viva,"); n != 2 || !strings.Contains(text, "\nsessao_viva,3,") || !strings.Contains(text, "\nsessao_viva,9,") {
			t.Errorf("the backup has %d copies of sessions that stay:\n%s", n, text)
		}
		if r.Counts.Sessions != 2 {
			t.Errorf("the counts are %+v", r.Counts)
		}
		// A revision's backup holds the whole revision, so the copies as well.
		s.payment(t, 99, "2025-10-09", "1.00")
		again := s.close(t, october, true)
		if text := s.files(t)[again.Backup.File]; strings.Count(text, "\nsessao_viva,") != 2 {
			t.Errorf("the revision's backup is\n%s", text)
		}
		s.wantWhole(t)
		if got := s.statement(t, october); strings.Contains(fmt.Sprint(names(got.Rows)), "sessao_viva") {
			t.Errorf("the statement holds %v", names(got.Rows))
		}
	})
}
