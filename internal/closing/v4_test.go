package closing_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// What v4 gets wrong, one test for each of its mistakes, numbered as the
// project counts them: the same situation, and what this program does.

func TestV4Mistake01_the_scheduled_close_makes_the_backup_that_it_requires(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.CloseFrom = october
		before := s.live(t, october)
		row, err := s.CloseDue(t.Context(), "schedule")
		if err != nil || row.Err != nil || len(row.Closed) != 1 {
			t.Fatalf("the schedule closed %+v, %v", row, err)
		}
		if r := row.Closed[0]; r.Fingerprint != before || r.Backup.File != "2025_10/backup_2025_10.csv" || r.Counts != fullCounts {
			t.Errorf("closed %+v", r)
		}
		s.wantWhole(t)
	})
}

func TestV4Mistake02_a_payment_entered_after_an_early_backup_is_in_the_next_copy_before_it_leaves(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		early := s.backUp(t, october)
		s.payment(t, 90, "2025-10-31", "999.99")
		r := s.close(t, october, false)
		if r.Backup.File == early.File || r.Counts.Payments != fullCounts.Payments+1 {
			t.Errorf("closed with %s and %d payments", r.Backup.File, r.Counts.Payments)
		}
		_, rows, err := s.Backups.Rows(t.Context(), backup.Copy{Month: october, Number: 2, File: r.Backup.File})
		if err != nil || !strings.Contains(strings.Join(names(rows), ","), "pagamento 90") {
			t.Errorf("the copy that the close rests on holds %v, %v", names(rows), err)
		}
		s.wantWhole(t)
	})
}

func TestV4Mistake03_backup_and_close_choose_the_same_rows_across_the_edges_of_a_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		r := s.close(t, october, false)
		want := []string{
			"pagamento 1", "pagamento 2", "pagamento 3", "pagamento 4", "sessao 1", "sessao 2",
			"comissao 1", "comissao 2", "comissao 3", "gasto 1", "gasto 2", "vinculo 3",
		}
		s.wantRows(t, october, want...)
		_, rows, err := s.Backups.Rows(t.Context(), backup.Copy{Month: october, Number: 1, File: r.Backup.File})
		if got := names(rows); err != nil || strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("the backup holds %v, %v", got, err)
		}
		for query, want := range map[string]string{
			"SELECT id FROM pagamentos ORDER BY id": "5,6", "SELECT id FROM sessoes ORDER BY id": "3,4",
			"SELECT id FROM comissoes": "4", "SELECT id FROM gastos": "3",
		} {
			if got := strings.Join(s.texts(t, query), ","); got != want {
				t.Errorf("%s gives %s, want %s", query, got, want)
			}
		}
	})
}

func TestV4Mistake04_a_backup_that_is_not_exactly_the_rows_is_never_taken_for_one(t *testing.T) {
	damages := map[string]func(string) string{
		"empty file":     func(string) string { return "" },
		"half a file":    func(text string) string { return text[:len(text)/2] },
		"changed amount": func(text string) string { return strings.Replace(text, "450.00", "45.00", 1) },
		"a row less": func(text string) string {
			lines := strings.SplitAfter(text, "\n")
			return strings.Join(append(lines[:1:1], lines[2:]...), "")
		},
		"other month's data": func(text string) string { return strings.ReplaceAll(text, "2025-10", "2025-09") },
	}
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.backUp(t, october)
		whole := s.files(t)[first.File]
		for name, change := range damages {
			t.Run(name, func(t *testing.T) {
				s.damage(t, first.File, func(string) string { return change(whole) })
				if v := s.verify(t, october, first.File); v[0].State != backup.Corrupt {
					t.Errorf("verified as %+v", v[0])
				}
			})
		}
		r := s.close(t, october, false)
		if r.Backup.File == first.File {
			t.Error("the close rests on a damaged backup")
		}
		s.wantWhole(t)
	})
}

func TestV4Mistake05_what_a_killed_backup_leaves_is_no_backup_and_no_obstacle(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Backups.Step = func(step string) {
			if step == "manifest written" {
				runtime.Goexit()
			}
		}
		if _, err := s.CreateBackup(t.Context(), october, "test"); err == nil {
			t.Error("the backup was not killed")
		}
		s.Backups.Step = nil
		// A v4 process that died left half a CSV under the name of the first copy.
		half := filepath.Join(s.Folder, "2025_10", "backup_2025_10.csv")
		if v := s.verify(t, october, ""); len(v) != 1 || v[0].State != backup.Incomplete {
			t.Errorf("what the killed backup left is %+v", v)
		}
		if err := os.Remove(filepath.Join(s.Folder, "2025_10", "backup_2025_10.manifest.json")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(half, []byte("type,id,data\npagamento,1,20"), 0o600); err != nil {
			t.Fatal(err)
		}
		if v := s.verify(t, october, ""); len(v) != 1 || v[0].State != backup.Legacy {
			t.Errorf("v4's half file is %+v", v)
		}
		if r := s.close(t, october, false); r.Backup.File != "2025_10/backup_2025_10.r2.csv" || r.Counts != fullCounts {
			t.Errorf("closed %+v", r)
		}
		s.wantWhole(t)
	})
}

func TestV4Mistake06_force_merges_late_rows_into_the_statement_instead_of_replacing_it(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "12.30")
		s.close(t, october, false)
		s.payment(t, 2, "2025-10-04", "7.70")
		r := s.close(t, october, true)
		if r.Outcome != closing.Revised || r.Revision != 2 || r.Counts.Payments != 2 {
			t.Errorf("revised %+v", r)
		}
		s.wantRows(t, october, "pagamento 1", "pagamento 2")
		if h := s.statement(t, october).Header; h.Totals.Revenue != 20_00 {
			t.Errorf("the revision's revenue is %s", h.Totals.Revenue)
		}
		s.wantWhole(t)
	})
}

func TestV4Mistake07_undo_restores_every_row_with_its_id_its_links_and_every_byte(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		before, fingerprint := s.dump(t, v4Tables...), s.live(t, october)
		s.close(t, october, false)
		if r := s.reopen(t, october); len(r.Notes) != 0 {
			t.Errorf("reopening left something alone: %v", r.Notes)
		}
		wantSame(t, "reopening gave back something else", before, s.dump(t, v4Tables...))
		if r := s.close(t, october, false); r.Fingerprint != fingerprint || r.Revision != 2 {
			t.Errorf("closing again gives %s, revision %d", r.Fingerprint, r.Revision)
		}
		s.wantWhole(t)
	})
}

func TestV4Mistake07_the_csv_alone_restores_every_row_into_tables_that_lost_them(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		before, fingerprint := s.dump(t, v4Tables...), s.live(t, october)
		s.backUp(t, october)
		s.Exec(t, "UPDATE sessoes SET payment_id = NULL WHERE id IN (1, 2, 3)")
		s.Exec(t, "DELETE FROM comissoes WHERE id IN (1, 2, 3)")
		s.Exec(t, "DELETE FROM pagamentos WHERE id IN (1, 2, 3, 4)")
		s.Exec(t, "DELETE FROM sessoes WHERE id IN (1, 2)")
		s.Exec(t, "DELETE FROM gastos WHERE id IN (1, 2)")
		if r := s.restore(t, october); r.Missing.Total() != fullCounts.Total() {
			t.Errorf("restored %+v", r)
		}
		wantSame(t, "the restored rows differ", before, s.dump(t, v4Tables...))
		if s.live(t, october) != fingerprint {
			t.Error("the restored rows have another fingerprint")
		}
	})
}

func TestV4Mistake08_a_session_with_a_balance_in_november_stays_when_october_closes(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.linked(t, 1, 1, "2025-10-10", "100.00")
		s.payment(t, 2, "2025-11-05", "200.00")
		s.pays(t, 2, 1)
		s.close(t, october, false)
		if n := s.Int(t, "SELECT count(*) FROM pagamentos p JOIN sessoes s ON s.id = p.sessao_id WHERE p.id = 2"); n != 1 {
			t.Fatal("November's payment lost its session")
		}
		s.wantRows(t, october, "pagamento 1", "vinculo 1")
		s.Clock = noon(2025, time.December, 2)
		s.close(t, november, false)
		s.wantRows(t, november, "pagamento 2", "sessao 1")
		s.wantWhole(t)
	})
}

func TestV4Mistake09_an_empty_month_gets_a_backup_and_a_statement(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		r := s.close(t, october, false)
		if r.Counts.Total() != 0 || r.Revision != 1 {
			t.Errorf("closed %+v", r)
		}
		text := s.files(t)[r.Backup.File]
		if strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "type,") {
			t.Errorf("the backup of an empty month is %q", text)
		}
		if totals := s.statement(t, october).Header.Totals; totals.Revenue != 0 || totals.NetRevenue != 0 {
			t.Errorf("the totals of an empty month are %+v", totals)
		}
		s.wantWhole(t)
	})
}

func TestV4Mistake10_the_running_month_and_a_future_one_cannot_be_closed(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		for _, month := range []books.Month{november, november.Add(1), november.Add(700)} {
			for _, force := range []bool{false, true} {
				e := s.refusesClose(t, month, force, books.Refused, "month_not_ended")
				if e.Hint == "" {
					t.Error("the refusal does not say what to do")
				}
			}
		}
		if len(s.files(t)) != 0 {
			t.Errorf("a refused close left %v", s.fileNames(t))
		}
	})
}

func TestV4Mistake11_sums_are_exact_to_the_centavo(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		for id := 1; id <= 3; id++ {
			s.payment(t, id, "2025-10-03", "0.10")
			s.commission(t, id, id, "0.10", made)
			s.expense(t, id, "2025-10-03", "0.10")
		}
		r := s.close(t, october, false)
		totals := s.statement(t, october).Header.Totals
		if totals.Revenue != 30 || totals.Commissions != 30 || totals.Expenses != 30 || totals.NetRevenue != -30 {
			t.Errorf("totals are %+v", totals)
		}
		stored := s.texts(t, "SELECT CAST(totais AS TEXT) FROM extratos")[0]
		if !strings.Contains(stored, `\"receita_total\":0.30,`) || strings.Contains(stored, "0.300") || !strings.Contains(string(r.Totals), `"receita_total":0.30`) {
			t.Errorf("stored %s", stored)
		}
	})
}

func TestV4Mistake12_a_payment_changed_between_read_and_delete_is_closed_with_its_new_amount(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		change := "rows read"
		if !s.Store().Postgres() {
			change = "locked" // later, SQLite's writers wait for the close
		}
		changed := false
		s.Step = func(step string) {
			if step == change && !changed {
				changed = true
				s.Exec(t, "UPDATE pagamentos SET valor = 451 WHERE id = 1")
			}
		}
		r := s.close(t, october, false)
		if s.Store().Postgres() && r.Backup.File != "2025_10/backup_2025_10.r2.csv" {
			t.Errorf("the close rests on %s, which lacks the change", r.Backup.File)
		}
		for _, row := range s.statement(t, october).Rows {
			if p, ok := row.(*books.Payment); ok && p.ID == 1 && p.Amount != 451_00 {
				t.Errorf("payment 1 rests with %s", p.Amount)
			}
		}
		s.wantWhole(t)
	})
}

// The other half of mistake 17, that exports make it harmless, is tested with
// package export.
func TestV4Mistake17_the_backup_keeps_a_text_that_looks_like_a_formula_as_it_is(t *testing.T) {
	const formula = `=HYPERLINK("http://evil.test";"Bia")`
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.Exec(t, "UPDATE clients SET name = $1", formula)
		s.payment(t, 1, "2025-10-03", "12.30")
		s.Exec(t, "UPDATE pagamentos SET observacoes = $1", formula)
		r := s.close(t, october, false)
		quoted := `"` + strings.ReplaceAll(formula, `"`, `""`) + `"`
		if text := s.files(t)[r.Backup.File]; strings.Count(text, ","+quoted+",") != 3 { // name and note of the payment, name of the client
			t.Errorf("the backup has another text: %s", text)
		}
		for _, row := range s.statement(t, october).Rows {
			if p, ok := row.(*books.Payment); ok && (p.Note.V != formula || p.ClientName.V != formula) {
				t.Errorf("the statement has %q and %q", p.Note.V, p.ClientName.V)
			}
		}
	})
}

// closedWith returns the last chain entry of a month.
func (s *studio) closedWith(t testing.TB, month books.Month) books.ChainEntry {
	t.Helper()
	var last books.ChainEntry
	err := s.Store().Read(t.Context(), func(tx *store.Tx) error {
		var err error
		last, err = tx.LastEntry(t.Context(), month)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return last
}

// namesOnly stores a statement as v4 writes it: artists by name, without ids.
func (s *studio) namesOnly(t testing.TB, month books.Month, names ...string) {
	t.Helper()
	list := ""
	for i, name := range names {
		list += fmt.Sprintf(`, {\"id\": %d, \"data\": \"2025-08-05\", \"artista_name\": \"%s\", \"valor\": 10.0, \"forma_pagamento\": \"Pix\"}`, 700+i, name)
	}
	s.v4Statement(t, month)
	s.Tamper(t, fmt.Sprintf(`UPDATE extratos SET pagamentos = '"[%s]"' WHERE mes = %d AND ano = %d`, strings.TrimPrefix(list, ", "), int(month.Month), month.Year))
}

func TestArtistName_tells_an_artist_of_v4s_statement_by_a_name_that_nobody_else_has(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		august := october.Add(-2)
		s.people(t) // Ana is 1
		add := func(id int, name, at string) {
			s.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled, created_at) VALUES ($1, $2, 'artist', FALSE, FALSE, $3)", id, name, at)
		}
		s.Exec(t, "UPDATE users SET created_at = '2025-01-01 12:00:00.000000'")
		add(2, "Rui", "2025-08-31 23:00:00.000000") // the last hours of August in São Paulo
		s.namesOnly(t, august, "Ana", "Rui", "Ana")
		name := func(id books.ID, want, wantCode string) {
			t.Helper()
			got, err := s.ArtistName(t.Context(), august, id)
			code := ""
			if err != nil {
				code = books.AsError(err).Code
			}
			if got != want || code != wantCode {
				t.Errorf("artist %d is %q, %v, want %q and %q", id, got, err, want, wantCode)
			}
		}
		name(1, "Ana", "")
		name(2, "Rui", "")
		name(77, "", "") // nobody

		add(3, "Ana", "2025-02-01 12:00:00.000000")
		name(1, "", "artist_unclear")
		name(3, "", "artist_unclear")
		add(4, "Lia", "2025-02-01 12:00:00.000000")
		name(4, "Lia", "")
		s.Exec(t, "UPDATE users SET created_at = '2025-09-01 12:00:00.000000' WHERE id IN (2, 4)")
		name(2, "", "artist_unclear") // another Rui was here
		name(4, "", "")               // no row has the name

		s.payment(t, 1, "2025-10-03", "450.00")
		s.close(t, october, false)
		if got, err := s.ArtistName(t.Context(), october, 1); got != "" || err != nil {
			t.Errorf("in a statement with ids artist 1 goes by %q, %v", got, err)
		}
	})
}
