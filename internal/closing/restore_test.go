package closing_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
)

// loseOctober deletes what fullOctober's October holds, as an accident would.
func (s *studio) loseOctober(t testing.TB) {
	t.Helper()
	s.Exec(t, "UPDATE sessoes SET payment_id = NULL")
	s.Exec(t, "DELETE FROM comissoes WHERE id IN (1, 2, 3)")
	s.Exec(t, "DELETE FROM pagamentos WHERE id IN (1, 2, 3, 4)")
	s.Exec(t, "DELETE FROM sessoes WHERE id IN (1, 2)")
	s.Exec(t, "DELETE FROM gastos WHERE id IN (1, 2)")
}

func TestRestore_puts_missing_rows_back_and_passes_over_identical_ones(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		before := s.dump(t, v4Tables...)
		s.backUp(t, october)
		s.Exec(t, "DELETE FROM comissoes WHERE id = 1")
		s.Exec(t, "DELETE FROM gastos WHERE id = 2")
		r := s.restore(t, october)
		if r.Missing != (books.Counts{Commissions: 1, Expenses: 1}) || r.Present != (books.Counts{Payments: 4, Sessions: 2, Commissions: 2, Expenses: 1}) {
			t.Errorf("restored %+v", r)
		}
		wantSame(t, "the restored rows differ", before, s.dump(t, v4Tables...))
		if audit, err := s.VerifyChain(t.Context()); err != nil || !audit.OK || audit.Entries != 1 {
			t.Errorf("the chain is %+v, %v", audit, err)
		}
		if s.month(t, october).State != closing.Open {
			t.Errorf("the month is %s", s.month(t, october).State)
		}
	})
}

func TestRestore_with_nothing_missing_changes_nothing_and_leaves_no_entry(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t) // with a link among its rows
		s.backUp(t, october)
		before := s.dump(t)
		for range 2 {
			if r := s.restore(t, october); r.Missing.Total() != 0 || len(r.Notes) != 0 {
				t.Errorf("restored %+v", r)
			}
		}
		wantSame(t, "a restore of nothing changed something", before, s.dump(t))
	})
}

func TestRestore_sets_a_link_that_is_missing_alone(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		before := s.dump(t, v4Tables...)
		s.backUp(t, october)
		s.Exec(t, "UPDATE sessoes SET payment_id = NULL WHERE id = 3")
		s.restore(t, october)
		wantSame(t, "the link did not come back", before, s.dump(t, v4Tables...))
	})
}

func TestRestore_shows_the_difference_first_and_changes_nothing_in_a_dry_run(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.loseOctober(t)
		before := s.dump(t)
		dry, err := s.Restore(t.Context(), october, "", true, "test")
		if err != nil || !dry.DryRun || dry.Missing.Total() != fullCounts.Total() {
			t.Errorf("the dry run says %+v, %v", dry, err)
		}
		wantSame(t, "the dry run changed something", before, s.dump(t))
		if r := s.restore(t, october); r.Missing != dry.Missing || r.Present != dry.Present {
			t.Errorf("the dry run said %+v, the restore did %+v", dry, r)
		}
	})
}

func TestRestore_refuses_as_a_whole_where_one_live_row_differs(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.Exec(t, "DELETE FROM gastos WHERE id = 1")
		s.Exec(t, "UPDATE gastos SET descricao = 'tinta' WHERE id = 2")
		if e := s.refusesRestore(t, october, "", books.Refused, "row_differs"); !strings.Contains(e.Message, "gasto 2") {
			t.Errorf("the refusal does not name the row: %s", e.Message)
		}
	})
}

func TestRestore_refuses_a_row_that_rests_in_a_statement(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		if e := s.refusesRestore(t, october, "", books.Refused, "row_at_rest"); !strings.Contains(e.Hint, "reopen 2025-10") {
			t.Errorf("the hint is %q", e.Hint)
		}
		// A copy of one month may hold a row that rests in another's statement by now.
		s.reopen(t, october)
		s.Exec(t, "UPDATE pagamentos SET data = '2025-09-30' WHERE id = 4")
		s.close(t, september, false)
		if e := s.refusesRestore(t, october, "", books.Refused, "row_at_rest"); !strings.Contains(e.Hint, "reopen 2025-09") {
			t.Errorf("the hint is %q", e.Hint)
		}
	})
}

func TestRestore_refuses_where_a_live_row_has_the_calendar_event(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.loseOctober(t)
		s.Exec(t, "UPDATE sessoes SET google_event_id = 'evento-1' WHERE id = 4")
		s.refusesRestore(t, october, "", books.Refused, "event_taken")
	})
}

func TestRestore_leaves_a_link_out_that_leads_nowhere_and_sets_it_when_its_session_is_back(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		before := s.dump(t, v4Tables...)
		s.backUp(t, october)
		s.loseOctober(t)
		s.Exec(t, "UPDATE pagamentos SET sessao_id = NULL")
		session := s.dump(t, "sessoes")
		s.Exec(t, "DELETE FROM sessoes WHERE id = 3")
		dry, err := s.Restore(t.Context(), october, "", true, "test")
		r := s.restore(t, october)
		if err != nil || !slices.Equal(r.Notes, dry.Notes) || len(r.Notes) != 2 || !strings.Contains(r.Notes[0], "pagamento 3 lacks its link to sessao 3") {
			t.Errorf("the notes are %q, of the dry run %q, %v", r.Notes, dry.Notes, err)
		}
		if r.Missing != (books.Counts{Payments: 4, Sessions: 2, Commissions: 3, Expenses: 2}) || r.Links != 0 {
			t.Errorf("restored %+v", r)
		}
		lacking := s.dump(t)
		if r := s.restore(t, october); !r.Nothing() || len(r.Notes) != 2 {
			t.Errorf("there is nothing to put back, restored %+v", r)
		}
		wantSame(t, "a restore of nothing changed something", lacking, s.dump(t))

		s.session(t, 3, "2025-10-10", "300.00", nil) // somebody enters it again
		if got := s.dump(t, "sessoes"); len(got["sessoes"]) != len(session["sessoes"])+2 {
			t.Fatalf("sessions are %q", got)
		}
		if r := s.restore(t, october); r.Links != 2 || r.Missing.Total() != 0 || len(r.Notes) != 0 {
			t.Errorf("restored %+v, want both directions of the link", r)
		}
		s.pays(t, 6, 3) // November's, which this test took away
		wantSame(t, "the rows differ", before, s.dump(t, v4Tables...))
		s.wantWhole(t)
	})
}

func TestRestore_reads_of_other_months_statements_only_which_rows_they_hold(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.loseOctober(t)
		s.v4Statement(t, september.Add(-1))
		s.Tamper(t, `UPDATE extratos SET totais = '"x"'`)
		if r := s.restore(t, october); r.Missing.Total() == 0 {
			t.Errorf("nothing came back: %+v", r)
		}
		s.loseOctober(t)
		s.Tamper(t, `UPDATE extratos SET pagamentos = '"x"'`)
		e := s.refusesRestore(t, october, "", books.Integrity, "broken_statement")
		if !strings.Contains(e.Message, "2025-08") || !strings.Contains(e.Hint, "extratos") {
			t.Errorf("the refusal is %s (%s)", e.Message, e.Hint)
		}
	})
}

func TestListBackups_finds_copies_that_a_new_database_does_not_know(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		other := s.fresh(t)
		list, err := other.ListBackups(t.Context(), books.Month{})
		if err != nil || len(list) != 1 || list[0].File != "2025_10/backup_2025_10.csv" {
			t.Errorf("listed %+v, %v", list, err)
		}
		found := other.verify(t, books.Month{}, "")
		if len(found) != 1 || found[0].State != backup.Stale || !strings.Contains(found[0].Reason, "extrato backup restore 2025-10") {
			t.Errorf("verified %+v", found)
		}
	})
}

func TestRestore_brings_back_missing_people_inactive_and_leaves_the_others(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.peopleOfOctoberOnly(t)
		s.backUp(t, october)
		s.Exec(t, "DELETE FROM pagamentos WHERE id = 4")
		s.Exec(t, "DELETE FROM users WHERE id = 2")
		s.Exec(t, "DELETE FROM clients WHERE id = 2")
		s.Exec(t, "UPDATE clients SET name = 'Beatriz' WHERE id = 1")
		r := s.restore(t, october)
		if r.Clients != 1 || r.Artists != 1 || len(r.Notes) != 1 {
			t.Errorf("restored %+v", r)
		}
		if n := s.Int(t, "SELECT count(*) FROM users WHERE id = 2 AND NOT active_flag AND password_hash IS NULL"); n != 1 {
			t.Error("the artist did not come back inactive")
		}
		if n := s.Int(t, "SELECT count(*) FROM clients WHERE name IN ('Beatriz', 'Davi')"); n != 2 {
			t.Error("the clients are not as they should be")
		}
	})
}

func TestRestore_raises_the_sequences_above_live_rows_and_rows_at_rest(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.payment(t, 500, "2025-09-30", "1.00")
		s.close(t, september, false)
		s.backUp(t, october)
		s.loseOctober(t)
		if !s.Store().Postgres() { // as a dump that forgot the sequences
			s.Exec(t, "UPDATE sqlite_sequence SET seq = 0")
		}
		s.restore(t, october)
		for table, insert := range map[string]string{
			"pagamentos": "(data, valor, forma_pagamento, artista_id, created_at) VALUES ('2025-11-02', 1, 'Pix', 1, '" + made + "')",
			"gastos":     "(data, valor, forma_pagamento, created_by, created_at) VALUES ('2025-11-02', 1, 'Pix', 1, '" + made + "')",
			"sessoes":    "(data, valor, cliente_id, artista_id, status, created_at) VALUES ('2025-11-02', 1, 1, 1, 'active', '" + made + "')",
			"comissoes":  "(artista_id, percentual, valor, created_at) VALUES (1, 1, 1, '2025-11-02 12:00:00.000000')",
		} {
			highest := max(s.Int(t, "SELECT max(id) FROM "+table), map[string]int64{"pagamentos": 500}[table])
			s.Exec(t, "INSERT INTO "+table+" "+insert)
			if id := s.Int(t, "SELECT max(id) FROM "+table); id <= highest {
				t.Errorf("the next row of %s gets id %d, %d is taken", table, id, highest)
			}
		}
	})
}

func TestRestore_refuses_a_damaged_copy_and_takes_an_earlier_one_by_name(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.backUp(t, october)
		s.payment(t, 90, "2025-10-05", "1.00")
		second := s.backUp(t, october)
		s.loseOctober(t)
		s.Exec(t, "DELETE FROM pagamentos WHERE id = 90")
		s.damage(t, second.File, func(text string) string { return strings.Replace(text, "12.30", "12.31", 1) })
		s.refusesRestore(t, october, "", books.Integrity, "backup_corrupt")
		r, err := s.Restore(t.Context(), october, first.File, false, "test")
		if err != nil || r.Missing.Total() != fullCounts.Total() {
			t.Errorf("restored %+v, %v", r, err)
		}
	})
}

func TestRestore_refuses_a_month_without_backup_and_a_file_of_another_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.refusesRestore(t, october, "", books.NotFound, "no_backup")
		r := s.backUp(t, october)
		s.refusesRestore(t, november, r.File, books.Invalid, "invalid_file")
		s.refusesRestore(t, october, "../"+r.File, books.Invalid, "invalid_file")
		s.refusesRestore(t, october, "2025_10/backup_2025_10.r7.csv", books.NotFound, "no_backup")
	})
}

func TestRestore_names_v4s_own_backup_and_changes_nothing(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.put(t, firstCopy, "type,id,valor\npagamento,9001,450.00\n")
		for _, file := range []string{"", firstCopy} {
			s.refusesRestore(t, october, file, books.Refused, "backup_of_v4")
		}
	})
}

func TestRestore_knows_its_own_copy_without_a_manifest_from_v4s(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		file := s.backUp(t, october).File
		if err := os.Remove(filepath.Join(s.Folder, strings.TrimSuffix(file, ".csv")+".manifest.json")); err != nil {
			t.Fatal(err)
		}
		s.refusesRestore(t, october, file, books.NotFound, "no_backup")
	})
}

func TestRestore_into_an_empty_database_gives_the_same_rows_and_fingerprint(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "DELETE FROM comissoes WHERE id = 4") // another month's
		s.Exec(t, "DELETE FROM gastos WHERE id = 3")
		s.Exec(t, "UPDATE sessoes SET payment_id = NULL WHERE id = 3")
		s.Exec(t, "UPDATE pagamentos SET sessao_id = NULL WHERE id IN (3, 6)")
		s.Exec(t, "DELETE FROM pagamentos WHERE id IN (5, 6)")
		s.Exec(t, "DELETE FROM sessoes WHERE id IN (3, 4)")
		kinds := []string{"pagamentos", "sessoes", "comissoes", "gastos"}
		before, fingerprint := s.dump(t, kinds...), s.live(t, october)
		s.backUp(t, october)
		s.empty(t)
		s.restore(t, october)
		wantSame(t, "the restored rows differ", before, s.dump(t, kinds...))
		if s.live(t, october) != fingerprint {
			t.Error("the restored rows have another fingerprint")
		}
		if list := slices.Collect(maps.Keys(s.files(t))); len(list) != 2 {
			t.Errorf("restoring left %v", list)
		}
	})
}
