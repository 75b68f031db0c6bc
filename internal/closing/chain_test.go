package closing_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
)

// longHistory leaves entries of every kind: September closed (1), October
// closed, revised, reopened and closed again (2 to 5), v4's statement of August
// adopted (6), and July closed (7).
func (s *studio) longHistory(t testing.TB) {
	t.Helper()
	s.fullOctober(t)
	s.close(t, september, false)
	s.close(t, october, false)
	s.expense(t, 80, "2025-10-09", "1.00")
	s.close(t, october, true)
	s.reopen(t, october)
	s.close(t, october, false)
	s.v4Statement(t, september.Add(-1))
	s.close(t, september.Add(-2), false)
}

// tamperings are what somebody with all rights might do, and what the audit
// says of it. C and R stand for the tables closings and revisions.
var tamperings = []struct {
	name, finding string
	do            []string
}{
	{"a_row_of_a_statement_edited", "the rows in revision 3 of 2025-10", []string{
		`UPDATE extratos SET pagamentos = CAST(replace(CAST(pagamentos AS TEXT), ':450.00,', ':45.00,') AS JSON) WHERE mes = 10`}},
	{"a_row_of_a_statement_removed", "the rows in revision 3 of 2025-10", []string{
		`UPDATE extratos SET comissoes = CAST('"[]"' AS JSON) WHERE mes = 10`}},
	{"a_list_of_a_statement_broken", "revision 3 of 2025-10 cannot be read", []string{
		`UPDATE extratos SET gastos = CAST('"["' AS JSON) WHERE mes = 10`}},
	{"the_totals_of_a_statement_edited", "the totals in revision 3 of 2025-10", []string{
		`UPDATE extratos SET totais = CAST(replace(CAST(totais AS TEXT), 'receita_total\":562.40', 'receita_total\":62.40') AS JSON) WHERE mes = 10`}},
	{"a_lost_link_removed_from_a_statement", "the rows in revision 3 of 2025-10", []string{
		`UPDATE extratos SET totais = CAST(replace(CAST(totais AS TEXT), '{\"sessao_id\":3,\"payment_id\":3}', '') AS JSON) WHERE mes = 10`}},
	{"a_statement_deleted", "the statement of 2025-10 is gone", []string{"DELETE FROM extratos WHERE mes = 10"}},
	{"a_statement_replaced_by_v4s", "replaced by one of v4's", []string{
		`UPDATE extratos SET totais = CAST('"{\"receita_total\": 562.4}"' AS JSON) WHERE mes = 10`}},
	{"a_statement_put_in_anothers_place", "the statement stored for", []string{
		"UPDATE extratos SET mes = 13 WHERE mes = 9", "UPDATE extratos SET mes = 9 WHERE mes = 7", "UPDATE extratos SET mes = 7 WHERE mes = 13"}},
	{"a_statement_of_v4s_edited", "the statement of 2025-08, v4's, was changed", []string{
		`UPDATE extratos SET pagamentos = CAST('"[{}]"' AS JSON) WHERE mes = 8`}},
	{"an_earlier_revision_edited", "the rows in revision 1 of 2025-10", []string{
		`UPDATE R SET gastos = CAST(replace(CAST(gastos AS TEXT), ':33.33,', ':3.33,') AS JSON) WHERE revision = 1`}},
	{"an_earlier_revision_removed", "revision 2 of 2025-10 is gone", []string{"DELETE FROM R WHERE revision = 2"}},
	{"an_entry_edited", "entry 3 of the chain was changed", []string{"UPDATE C SET actor = 'nobody' WHERE seq = 3"}},
	{"the_totals_of_an_entry_edited", "entry 3 of the chain was changed", []string{"UPDATE D SET totals = '{}' WHERE seq = 3"}},
	{"the_notes_of_an_entry_edited", "entry 1 of the chain was changed", []string{`UPDATE D SET notes = '["all is well"]' WHERE seq = 1`}},
	{"the_counts_of_an_entry_edited", "entry 2 of the chain was changed", []string{
		"UPDATE C SET links = 0 WHERE seq = 2"}},
	{"the_time_of_an_entry_edited", "entry 5 of the chain was changed", []string{"UPDATE C SET at = '2025-11-02 14:00:00.000000' WHERE seq = 5"}},
	{"the_details_of_an_entry_removed", "entry 3 of the chain was changed", []string{"DELETE FROM D WHERE seq = 3"}},
	{"the_salt_of_an_entry_edited", "entry 3 of the chain was changed", []string{"UPDATE D SET salt = CASE substr(salt, 1, 1) WHEN '0' THEN '1' ELSE '0' END || substr(salt, 2) WHERE seq = 3"}},
	{"details_of_no_entry", "the reason and the totals of an entry 99", []string{"UPDATE D SET seq = 99 WHERE seq = 3"}},
	{"an_entry_removed", "entry 5 of the chain was changed, or the one before it is gone", []string{"DELETE FROM C WHERE seq = 4"}},
	{"the_first_entry_removed", "entry 2 of the chain was changed, or the one before it is gone", []string{"DELETE FROM C WHERE seq = 1"}},
	{"the_last_entry_removed", "the chain has no entry of the statement of 2025-07", []string{"DELETE FROM C WHERE seq = 7"}},
	{"the_last_entry_removed_with_its_statement,_as_its_run_tells", "2025-07 was closed by run", []string{
		"DELETE FROM C WHERE seq = 7", "DELETE FROM D WHERE seq = 7", "DELETE FROM extratos WHERE mes = 7"}},
	{"the_last_entry_removed_with_its_statement,_as_its_backup_tells", "the record of the backup 2025_07/backup_2025_07.csv says that entry 7", []string{
		"DELETE FROM C WHERE seq = 7", "DELETE FROM D WHERE seq = 7", "DELETE FROM extratos WHERE mes = 7"}},
	{"a_client_renamed_in_a_statement", "something that it says beside them was changed", []string{
		`UPDATE extratos SET pagamentos = CAST(replace(CAST(pagamentos AS TEXT), 'Bia', 'Eva') AS JSON), sessoes = CAST(replace(CAST(sessoes AS TEXT), 'Bia', 'Eva') AS JSON),
			comissoes = CAST(replace(CAST(comissoes AS TEXT), 'Bia', 'Eva') AS JSON), totais = CAST(replace(CAST(totais AS TEXT), 'Bia', 'Eva') AS JSON) WHERE mes = 10`}},
	{"an_artists_e-mail_changed_in_a_statement", "something that it says beside them was changed", []string{
		`UPDATE extratos SET totais = CAST(replace(CAST(totais AS TEXT), 'ana@studio.test', 'eva@studio.test') AS JSON) WHERE mes = 10`}},
	{"an_entry_removed_and_the_others_numbered_anew", "entry 4 of the chain was changed", []string{
		"DELETE FROM C WHERE seq = 4", "UPDATE C SET seq = 4 WHERE seq = 5", "UPDATE C SET seq = 5 WHERE seq = 6", "UPDATE C SET seq = 6 WHERE seq = 7"}},
	{"two_entries_swapped", "entry 2 of the chain was changed", []string{
		"UPDATE C SET seq = 99 WHERE seq = 2", "UPDATE C SET seq = 2 WHERE seq = 3", "UPDATE C SET seq = 3 WHERE seq = 99"}},
	{"an_entry_put_before_the_first", "entry -1 (2025-11 reopened) is none of the chain's", []string{`INSERT INTO C SELECT -1, 'reopened', '2025-11', revision, at, actor, correlation_id, fingerprint, core, seal, payments, sessions, commissions, expenses, links, backup_file, backup_sha256, detail, previous_hash, hash FROM C WHERE seq = 1`}},
	{"an_entry_of_number_0", "entry 0 (2025-09 closed) is none of the chain's", []string{`INSERT INTO C SELECT 0, action, month, revision, at, actor, correlation_id, fingerprint, core, seal, payments, sessions, commissions, expenses, links, backup_file, backup_sha256, detail, previous_hash, hash FROM C WHERE seq = 1`}},
	{"an_entry_added", "entry 8 of the chain was changed", []string{`INSERT INTO C SELECT 8, action, month, revision, at, actor, correlation_id, fingerprint, core, seal, payments, sessions, commissions, expenses, links, backup_file, backup_sha256, detail, hash, hash FROM C WHERE seq = 7`}},
}

// A change made without the triggers leaves no other trace.
func TestVerifyChain_names_guards_that_are_gone(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		back := s.Unguard(t)
		a, err := s.VerifyChain(t.Context())
		if err != nil || a.OK || len(a.Problems) < 3 || !strings.HasPrefix(a.Problems[0], "the guard ") || !strings.Contains(a.Problems[0], "extrato migrate puts it back") {
			t.Errorf("without its guards the chain is %+v, %v", a, err)
		}
		back()
		if a, err := s.VerifyChain(t.Context()); err != nil || !a.OK {
			t.Errorf("with its guards the chain is %+v, %v", a, err)
		}
	})
}

func TestVerifyChain_finds_every_kind_of_tampering(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		if a, err := s.VerifyChain(t.Context()); err != nil || !a.OK || a.Entries != 7 || a.Head.IsZero() {
			t.Fatalf("the untouched chain is %+v, %v", a, err)
		}
		for _, how := range tamperings {
			t.Run(how.name, func(t *testing.T) {
				undo := s.keep(t, "extratos", "closings", "closing_details", "revisions")
				defer undo()
				for _, query := range how.do {
					s.change(t, query)
				}
				a, err := s.VerifyChain(t.Context())
				if err != nil || a.OK || !strings.Contains(strings.Join(a.Problems, "\n"), how.finding) {
					t.Errorf("the audit says %+v, %v, want %q", a, err, how.finding)
				}
			})
		}
		if a, err := s.VerifyChain(t.Context()); err != nil || !a.OK {
			t.Errorf("the chain put back is %+v, %v", a, err)
		}
	})
}

// change runs a statement in which C and R stand for tables of ours, and fails
// the test if it changed nothing.
func (s *studio) change(t testing.TB, query string) {
	t.Helper()
	query = strings.NewReplacer(" C ", " "+s.own("closings")+" ", " D ", " "+s.own("closing_details")+" ", " R ", " "+s.own("revisions")+" ").Replace(query)
	if !s.Store().Postgres() {
		query = strings.NewReplacer("AS JSON)", "AS TEXT)").Replace(query)
	}
	before := s.dump(t, "extratos", "closings", "closing_details", "revisions")
	s.Tamper(t, query)
	if fmt.Sprint(before) == fmt.Sprint(s.dump(t, "extratos", "closings", "closing_details", "revisions")) {
		t.Fatalf("%s changed nothing", query)
	}
}

// keep copies tables and returns the function that puts their rows back.
func (s *studio) keep(t testing.TB, tables ...string) (undo func()) {
	t.Helper()
	for _, table := range tables {
		s.Exec(t, "CREATE TABLE kept_"+table+" AS SELECT * FROM "+s.qualified(table))
	}
	return func() {
		defer s.Unguard(t)()
		for _, table := range tables {
			s.Exec(t, "DELETE FROM "+s.qualified(table))
			s.Exec(t, "INSERT INTO "+s.qualified(table)+" SELECT * FROM kept_"+table)
			s.Exec(t, "DROP TABLE kept_"+table)
		}
	}
}

func TestVerifyChain_of_an_empty_chain_is_fine(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if a, err := s.VerifyChain(t.Context()); err != nil || !a.OK || a.Entries != 0 || !a.Head.IsZero() {
			t.Errorf("the audit says %+v, %v", a, err)
		}
	})
}

func TestVerifyChain_refuses_entries_that_cannot_be_read(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		for _, query := range []string{"UPDATE C SET hash = 'x' WHERE seq = 2", "UPDATE C SET month = 'October' WHERE seq = 2", "UPDATE D SET notes = '{' WHERE seq = 2",
			"UPDATE D SET notes = ' null' WHERE seq = 2", "UPDATE C SET seal = upper(seal) WHERE seq = 2"} {
			undo := s.keep(t, "closings", "closing_details")
			s.change(t, query)
			if _, err := s.VerifyChain(t.Context()); err == nil || books.AsError(err).Kind != books.Integrity {
				t.Errorf("%s: the audit says %v", query, err)
			}
			undo()
		}
	})
}

func TestAdoption_notes_that_a_statement_of_ours_had_lost_its_entry(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		s.Tamper(t, "DELETE FROM "+s.own("closings")+" WHERE seq = 7")
		s.adopt(t)
		entry := s.closedWith(t, month2025(time.July))
		if entry.Action != books.Adopted || len(entry.Notes) != 2 || !strings.Contains(entry.Notes[1], "no entry") {
			t.Errorf("it was adopted as %+v", entry)
		}
	})
}

func TestClosings_is_append_only(t *testing.T) {
	attempts := []string{
		"UPDATE C SET actor = 'x' WHERE seq = 1", "UPDATE C SET seq = seq + 100", "DELETE FROM C WHERE seq = 1", "DELETE FROM C",
		"INSERT INTO C SELECT * FROM C WHERE seq = 1",
		"INSERT INTO C SELECT * FROM C WHERE seq = 1 ON CONFLICT (seq) DO UPDATE SET actor = 'x'",
	}
	only := map[bool][]string{
		true:  {"TRUNCATE C", "TRUNCATE C CASCADE"},
		false: {"INSERT OR REPLACE INTO C SELECT * FROM C WHERE seq = 1", "REPLACE INTO C SELECT * FROM C WHERE seq = 1", "UPDATE OR REPLACE C SET seq = 1 WHERE seq = 2"},
	}
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		before := s.dump(t, "closings")
		for _, attempt := range slices.Concat(attempts, only[s.Store().Postgres()]) {
			query := strings.ReplaceAll(attempt+" ", " C ", " "+s.own("closings")+" ")
			if _, err := s.SQL.ExecContext(t.Context(), query); err == nil {
				t.Errorf("%s was let through", attempt)
			}
			wantSame(t, attempt, before, s.dump(t, "closings"))
		}
		// INSERT OR IGNORE has nothing to insert.
		if !s.Store().Postgres() {
			_, _ = s.SQL.ExecContext(t.Context(), "INSERT OR IGNORE INTO closings SELECT * FROM closings WHERE seq = 1")
			wantSame(t, "INSERT OR IGNORE", before, s.dump(t, "closings"))
		}
	})
}

// docs/operations.md, "The chain damaged": its own statements, with copies of
// the table for those from a dump.
func TestClosings_come_back_from_a_dump_as_operations_says(t *testing.T) {
	guide, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "\n### The chain damaged\n")
	section, _, _ = strings.Cut(section, "\n### ")
	blocks := regexp.MustCompile(`(?s)<<'SQL'\n(.*?)\nSQL\n`).FindAllStringSubmatch(section, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of SQL, want one for each database", len(blocks))
	}
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		guards := "SELECT name || coalesce(sql, '') FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'closings' ORDER BY name"
		steps := strings.ReplaceAll(blocks[0][1], "file:copy.db?mode=ro", "file:"+filepath.Join(t.TempDir(), "copy.db"))
		if s.Store().Postgres() {
			guards = "SELECT pg_get_triggerdef(oid) || CAST(tgenabled AS text) FROM pg_trigger WHERE tgrelid = 'extrato.closings'::regclass AND NOT tgisinternal ORDER BY tgname"
			steps = strings.ReplaceAll(blocks[1][1], `\i closings.sql`, "INSERT INTO extrato.closings SELECT * FROM dumped ORDER BY seq; INSERT INTO extrato.closing_details SELECT * FROM dumped_details;")
			s.Exec(t, "CREATE TABLE dumped AS SELECT * FROM extrato.closings")
			s.Exec(t, "CREATE TABLE dumped_details AS SELECT * FROM extrato.closing_details")
		} else {
			_, copied, _ := strings.Cut(steps, "file:")
			copied, _, _ = strings.Cut(copied, "'")
			s.Exec(t, "VACUUM INTO '"+copied+"'")
		}
		before, guarded := s.dump(t, "closings")["closings"], s.texts(t, guards)
		s.close(t, month2025(time.June), false) // later than the dump
		after := s.dump(t, "closings")["closings"]
		s.change(t, "DELETE FROM C WHERE seq = 7")
		s.adopt(t)
		s.change(t, "UPDATE C SET hash = 'x' WHERE seq = 3")
		if _, err := s.VerifyChain(t.Context()); err == nil || !strings.Contains(books.AsError(err).Hint, `docs/operations.md, "The chain damaged"`) {
			t.Errorf("the hint does not say where that stands: %v", err)
		}
		s.change(t, "DELETE FROM D WHERE seq = 2")
		s.Exec(t, steps)
		if done, err := s.Store().Migrate(t.Context()); err != nil || len(done.Added) == 0 {
			t.Errorf("migrate says %+v, %v", done, err)
		}
		if mended := s.dump(t, "closings")["closings"]; !slices.Equal(mended, after) || len(after) != len(before)+1 {
			t.Errorf("the table is\n%s\nwant\n%s", mended, after)
		}
		if a, err := s.VerifyChain(t.Context()); err != nil || !a.OK {
			t.Errorf("the audit says %+v, %v", a, err)
		}
		if now := s.texts(t, guards); !slices.Equal(now, guarded) {
			t.Errorf("it is guarded by\n%s\nwant\n%s", now, guarded)
		}
	})
}

func TestAn_entry_before_the_chain_is_refused_and_is_told_where_somebody_put_it(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		odd := strings.ReplaceAll(`INSERT INTO C SELECT seq - 1, 'reopened', '2025-11', revision, at, actor, correlation_id, fingerprint, core, seal, payments, sessions, commissions, expenses, links, backup_file, backup_sha256, detail, previous_hash, hash
			FROM C ORDER BY seq LIMIT 1`, " C ", " "+s.own("closings")+" ")
		if _, err := s.SQL.ExecContext(t.Context(), odd); err == nil {
			t.Error("an entry was let in before the first")
		}
		s.Tamper(t, odd)
		a, err := s.VerifyChain(t.Context())
		if err != nil || len(a.Problems) != 1 || !strings.HasPrefix(a.Problems[0], "entry 0 (2025-11 reopened) is none of the chain's") || a.Entries != 7 {
			t.Errorf("the audit says %+v, %v", a, err)
		}
		s.close(t, month2025(time.June), false)
		s.reopen(t, month2025(time.June))
		infos, err := s.Months(t.Context())
		for _, i := range infos {
			if i.Month == november && i.State != closing.Open {
				t.Errorf("what stands before the chain says that %s is %s", i.Month, i.State)
			}
		}
		if err != nil {
			t.Error(err)
		}
	})
}
