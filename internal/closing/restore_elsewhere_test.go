package closing_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store/storetest"
)

// fresh is a new, empty database of the same kind beside the same backups.
func (s *studio) fresh(t testing.TB) *studio {
	t.Helper()
	now := func() time.Time { return s.Clock }
	open := storetest.Postgres
	if !s.Store().Postgres() {
		open = storetest.SQLite
	}
	other := &studio{DB: open(t, now), Folder: s.Folder, Clock: s.Clock}
	other.Closer = newCloser(t, other.Store(), s.Folder, now)
	return other
}

func TestRestore_of_months_that_share_a_session_gives_a_new_database_all_rows_in_any_order(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "DELETE FROM sessoes WHERE id = 4") // nobody paid it, so no backup holds it
		kinds := []string{"pagamentos", "sessoes", "comissoes", "gastos"}
		before := s.dump(t, kinds...)
		s.Clock = noon(2025, time.December, 2)
		all := []books.Month{september, october, november}
		prints := map[books.Month]books.Fingerprint{}
		for _, month := range all {
			prints[month] = s.live(t, month)
		}
		for _, month := range all {
			s.close(t, month, false)
		}
		for _, order := range [][]books.Month{{september, october, november}, {november, october, september}} {
			other := s.fresh(t)
			for _, month := range order {
				other.restore(t, month)
			}
			wantSame(t, "the restored rows differ", before, other.dump(t, kinds...))
			for month, want := range prints {
				if other.live(t, month) != want {
					t.Errorf("%s has another fingerprint after restoring %v", month, order)
				}
			}
			for _, month := range order {
				if r := other.restore(t, month); !r.Nothing() || len(r.Notes) != 0 {
					t.Errorf("a second restore of %s: %+v", month, r)
				}
			}
		}
	})
}

func TestRestore_takes_the_session_that_a_month_shares_from_another_months_copy(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Clock = noon(2025, time.December, 2)
		s.close(t, october, false)
		s.close(t, november, false)
		other := s.fresh(t)
		r := other.restore(t, october)
		if r.Missing.Sessions != 3 || len(r.Notes) != 3 || !strings.Contains(r.Notes[0], "no record") || !strings.Contains(r.Notes[1], "sessao 3 comes from 2025_11/backup_2025_11.csv") {
			t.Errorf("restored %+v", r)
		}
		if n := other.Int(t, "SELECT count(*) FROM sessoes WHERE id = 3 AND payment_id = 3"); n != 1 {
			t.Error("the session did not get its link to October's payment")
		}

		// Where that copy is damaged, the link waits.
		s.damage(t, "2025_11/backup_2025_11.csv", func(text string) string { return text + "x" })
		other = s.fresh(t)
		if r := other.restore(t, october); r.Missing.Sessions != 2 || !strings.Contains(strings.Join(r.Notes, "; "), "pagamento 3 lacks its link to sessao 3") {
			t.Errorf("restored %+v", r)
		}
		other.wantWhole(t)
	})
}

func TestRestore_refuses_two_different_links(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.pays(t, 1, 4) // it paid session 1
		if e := s.refusesRestore(t, october, "", books.Refused, "row_differs"); !strings.Contains(e.Message, "pagamento 1") {
			t.Errorf("the refusal does not name the row: %s", e.Message)
		}
	})
}

func TestRestore_into_PostgreSQL_refuses_a_commission_that_it_cannot_hold(t *testing.T) {
	t.Parallel()
	clock := noon(2025, time.November, 2)
	now := func() time.Time { return clock }
	from := &studio{DB: storetest.SQLite(t, now), Folder: filepath.Join(t.TempDir(), "backups"), Clock: clock}
	from.Closer = newCloser(t, from.Store(), from.Folder, now)
	from.people(t)
	from.commission(t, 1, 77, "5.00", "2025-10-10 12:00:00.000000") // v4's files have such
	from.backUp(t, october)
	to := &studio{DB: storetest.Postgres(t, now), Folder: from.Folder, Clock: clock}
	to.Closer = newCloser(t, to.Store(), from.Folder, now)
	if e := to.refusesRestore(t, october, "", books.Refused, "linked_row_gone"); !strings.Contains(e.Message, "comissao 1 is of pagamento 77") {
		t.Errorf("the refusal is %s", e.Message)
	}
}

func TestRestore_into_PostgreSQL_refuses_as_a_whole_what_its_columns_cannot_hold(t *testing.T) {
	t.Parallel()
	clock := noon(2025, time.November, 2)
	now := func() time.Time { return clock }
	long := func(n int) string { return "'" + strings.Repeat("ç", n) + "'" }
	for name, bad := range map[string]struct{ do, says, hint string }{
		"a status that is NULL":      {"UPDATE sessoes SET status = NULL WHERE id = 1", "sessao 1 cannot go into this database: its status is NULL", "ALTER TABLE sessoes ALTER COLUMN status DROP NOT NULL"},
		"a long status":              {"UPDATE sessoes SET status = " + long(21) + " WHERE id = 1", "sessao 1 cannot go into this database: its status is 21 letters long, and the column has room for 20", "VARCHAR(21)"},
		"a long note":                {"UPDATE pagamentos SET observacoes = " + long(256) + " WHERE id = 1", "pagamento 1 cannot go into this database: its observacoes is 256", "SQLite"},
		"a long method":              {"UPDATE pagamentos SET forma_pagamento = " + long(51) + " WHERE id = 2", "pagamento 2 cannot go into this database: its forma_pagamento is 51", "SQLite"},
		"a long event":               {"UPDATE pagamentos SET google_event_id = " + long(101) + " WHERE id = 2", "pagamento 2 cannot go into this database: its google_event_id is 101", "SQLite"},
		"a long description":         {"UPDATE gastos SET descricao = " + long(256) + " WHERE id = 1", "gasto 1 cannot go into this database: its descricao is 256", "SQLite"},
		"a commission's long note":   {"UPDATE comissoes SET observacoes = " + long(256) + " WHERE id = 1", "comissao 1 cannot go into this database: its observacoes is 256", "SQLite"},
		"an artist's long name":      {"UPDATE users SET name = " + long(101), "artista 1 cannot go into this database: its name is 101", "SQLite"},
		"a client's long name":       {"UPDATE clients SET name = " + long(256), "cliente 1 cannot go into this database: its name is 256", "SQLite"},
		"a NUL in a note":            {"UPDATE gastos SET descricao = CAST(x'4100' AS TEXT) WHERE id = 1", "gasto 1 cannot go into this database: its descricao holds a NUL", "SQLite"},
		"a NUL in a name":            {"UPDATE clients SET name = CAST(x'4100' AS TEXT)", "cliente 1 cannot go into this database: its name holds a NUL", "SQLite"},
		"a time that is none":        {"UPDATE sessoes SET hora = 'cedo' WHERE id = 1", `sessao 1 cannot go into this database: its hora is "cedo", and PostgreSQL`, "SQLite"},
		"a time without seconds":     {"UPDATE sessoes SET hora = '14:30' WHERE id = 1", `sessao 1 cannot go into this database: its hora is "14:30", and PostgreSQL`, "SQLite"},
		"a time without a column":    {"UPDATE sessoes SET hora = '14:30' WHERE id = 1", "sessao 1 has a time, but this database has no column sessoes.hora", "ADD COLUMN hora"},
		"nothing that does not fit":  {"UPDATE pagamentos SET observacoes = " + long(255) + " WHERE id = 1", "", ""},
		"a time that is one":         {"UPDATE sessoes SET hora = '14:30:00.5' WHERE id = 1", "", ""},
		"a client whom nobody names": {"INSERT INTO clients (id, name) VALUES (9, " + long(256) + ")", "", ""},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			from := &studio{DB: storetest.SQLite(t, now), Folder: filepath.Join(t.TempDir(), "backups"), Clock: clock}
			from.Closer = newCloser(t, from.Store(), from.Folder, now)
			from.people(t)
			from.linked(t, 1, 1, "2025-10-03", "450.00")
			from.payment(t, 2, "2025-10-04", "1.00")
			from.commission(t, 1, 1, "5.00", "2025-10-10 12:00:00.000000")
			from.expense(t, 1, "2025-10-01", "33.33")
			from.Exec(t, bad.do)
			from.backUp(t, october)
			to := &studio{DB: storetest.Postgres(t, now), Folder: from.Folder, Clock: clock}
			to.Closer = newCloser(t, to.Store(), from.Folder, now)
			code := "unknown_column"
			if !strings.Contains(bad.says, "no column") {
				to.Exec(t, "ALTER TABLE sessoes ADD COLUMN hora TIME")
				code = "row_does_not_fit"
			}
			if bad.says == "" {
				to.restore(t, october)
				return
			}
			e := to.refusesRestore(t, october, "", books.Refused, code)
			if !strings.HasPrefix(e.Message, bad.says) || !strings.Contains(e.Hint, bad.hint) {
				t.Errorf("the refusal is %s (%s)", e.Message, e.Hint)
			}
			if _, err := to.Restore(t.Context(), october, "", true, "test"); err == nil || err.Error() != e.Error() {
				t.Errorf("the dry run says %v", err)
			}
		})
	}
}
