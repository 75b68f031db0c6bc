package closing_test

import (
	"os"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
)

func TestClose_refuses_a_row_that_holds_something_in_a_column_it_does_not_know(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		for _, table := range []string{"pagamentos", "sessoes", "comissoes", "gastos"} {
			s.Exec(t, "ALTER TABLE "+table+` ADD COLUMN "Nota Fiscal" TEXT`)
		}
		for _, required := range []bool{true, false} {
			s.RequireBackup = required
			for table, id := range map[string]int{"pagamentos": 4, "sessoes": 2, "comissoes": 3, "gastos": 1} {
				s.Exec(t, "UPDATE "+table+` SET "Nota Fiscal" = '' WHERE id = $1`, id)
				e := s.refusesClose(t, october, false, books.Refused, "unknown_column")
				if !strings.Contains(e.Message, table+".Nota Fiscal") {
					t.Errorf("the refusal does not name the column: %s", e.Message)
				}
				if _, err := s.Preview(t.Context(), october, false); err == nil {
					t.Error("the preview does not refuse")
				}
				s.Exec(t, "UPDATE "+table+` SET "Nota Fiscal" = NULL`)
			}
		}
		s.Exec(t, `UPDATE pagamentos SET "Nota Fiscal" = '17' WHERE id IN (5, 6)`) // other months'
		s.close(t, october, false)
	})
}

func TestClose_refuses_a_column_it_does_not_know_where_no_backup_is_required_and_the_place_is_gone(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, september, false)
		if err := os.RemoveAll(s.Folder); err != nil {
			t.Fatal(err)
		}
		s.RequireBackup = false
		s.Exec(t, "ALTER TABLE gastos ADD COLUMN recibo TEXT")
		s.Exec(t, "UPDATE gastos SET recibo = 'abc' WHERE id = 1")
		s.refusesClose(t, october, false, books.Refused, "unknown_column")
	})
}

func TestClose_refuses_what_an_unknown_column_gets_meanwhile(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "ALTER TABLE gastos ADD COLUMN recibo TEXT")
		change := "rows read"
		if !s.Store().Postgres() {
			change = "locked" // later, SQLite's writers wait for the close
		}
		s.Step = func(step string) {
			if step == change {
				s.Exec(t, "UPDATE gastos SET recibo = 'abc' WHERE id = 1")
			}
		}
		_, err := s.Close(t.Context(), october, closing.Options{}, "test")
		if e := books.AsError(err); e == nil || e.Code != "unknown_column" {
			t.Errorf("closed with %v", err)
		}
		if n := s.Int(t, "SELECT count(*) FROM gastos WHERE recibo = 'abc'"); n != 1 {
			t.Error("what the column held is gone")
		}
	})
}

func TestClose_carries_the_time_of_older_databases(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		if s.Store().Postgres() {
			s.Exec(t, "ALTER TABLE sessoes ADD COLUMN hora TIME")
		}
		s.Exec(t, "UPDATE sessoes SET hora = '14:30:00' WHERE id = 1")
		before := s.dump(t, v4Tables...)
		s.close(t, october, false)
		for _, row := range s.statement(t, october).Rows {
			if session, ok := row.(*books.Session); ok && session.ID == 1 && session.Time != books.TextOf("14:30:00") {
				t.Errorf("the statement has the time %+v", session.Time)
			}
		}
		s.reopen(t, october)
		wantSame(t, "reopening lost something", before, s.dump(t, v4Tables...))
	})
}

func TestClose_refuses_text_that_is_not_utf8(t *testing.T) {
	bothOrSQLite(t, func(t *testing.T, s *studio) {
		for _, broken := range []string{
			"UPDATE pagamentos SET observacoes = CAST(x'61ff' AS TEXT) WHERE id = 4",
			"UPDATE sessoes SET status = CAST(x'ff' AS TEXT) WHERE id = 2",
			"UPDATE gastos SET descricao = CAST(x'ed a0 80' AS TEXT) WHERE id = 1",
			"UPDATE clients SET name = CAST(x'c3' AS TEXT) WHERE id = 1",
		} {
			s.empty(t)
			s.fullOctober(t)
			s.Exec(t, strings.ReplaceAll(broken, "ed a0 80", "eda080"))
			e := s.refusesClose(t, october, false, books.Integrity, "broken_row")
			if !strings.Contains(e.Message, "UTF-8") || !strings.ContainsAny(e.Message, "1234") {
				t.Errorf("the refusal does not name the row: %s", e.Message)
			}
		}
	})
}

// bothOrSQLite runs a test of what PostgreSQL never stores on SQLite alone.
func bothOrSQLite(t *testing.T, test func(*testing.T, *studio)) {
	t.Helper()
	both(t, func(t *testing.T, s *studio) {
		if s.Store().Postgres() {
			t.Skip("PostgreSQL refuses to store this itself")
		}
		test(t, s)
	})
}

// empty deletes all rows of the books.
func (s *studio) empty(t testing.TB) {
	t.Helper()
	s.Exec(t, "UPDATE sessoes SET payment_id = NULL")
	for _, table := range []string{"comissoes", "pagamentos", "sessoes", "gastos", "clients", "users"} {
		s.Exec(t, "DELETE FROM "+table)
	}
}

func TestClose_refuses_parts_of_a_cent_instead_of_rounding(t *testing.T) {
	bothOrSQLite(t, func(t *testing.T, s *studio) {
		for _, broken := range []string{
			"UPDATE pagamentos SET valor = 16.665 WHERE id = 4", "UPDATE gastos SET valor = 0.001 WHERE id = 1",
			"UPDATE comissoes SET percentual = 33.333 WHERE id = 3", "UPDATE sessoes SET valor = 'muito' WHERE id = 2",
		} {
			s.empty(t)
			s.fullOctober(t)
			conn, err := s.SQL.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, query := range []string{"PRAGMA ignore_check_constraints = ON", broken, "PRAGMA ignore_check_constraints = OFF"} {
				if _, err := conn.ExecContext(t.Context(), query); err != nil {
					t.Fatal(err)
				}
			}
			conn.Close()
			e := s.refusesClose(t, october, false, books.Integrity, "broken_row")
			if !strings.Contains(e.Message, `"valor"`) && !strings.Contains(e.Message, `"percentual"`) {
				t.Errorf("the refusal does not name the column: %s", e.Message)
			}
		}
	})
}

func TestClose_refuses_an_amount_that_is_no_number(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if !s.Store().Postgres() {
			t.Skip("SQLite has no NaN")
		}
		s.fullOctober(t)
		s.Exec(t, "UPDATE pagamentos SET valor = 'NaN' WHERE id = 4")
		if e := s.refusesClose(t, october, false, books.Integrity, "broken_row"); !strings.Contains(e.Message, "pagamento 4") {
			t.Errorf("the refusal does not name the row: %s", e.Message)
		}
	})
}

func TestClose_leaves_a_malformed_date_alone_because_it_belongs_to_no_month(t *testing.T) {
	bothOrSQLite(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		for id, day := range map[int]string{80: "2025-10-4", 81: "2025-10-32", 82: "2025-10-04 12:00", 83: "2025-1-04", 84: "outubro"} {
			s.payment(t, id, day, "1.00")
			s.expense(t, id, day, "1.00")
		}
		// A session that such a payment is for stays with it, whatever else pays for it.
		s.pays(t, 80, 1)
		r := s.close(t, october, false)
		if r.Counts.Payments != fullCounts.Payments || r.Counts.Expenses != fullCounts.Expenses || r.Counts.Sessions != fullCounts.Sessions-1 {
			t.Errorf("closed %+v", r.Counts)
		}
		if n := s.Int(t, "SELECT count(*) FROM pagamentos WHERE id >= 80") + s.Int(t, "SELECT count(*) FROM gastos WHERE id >= 80"); n != 10 {
			t.Errorf("%d of the 10 rows without a month are left", n)
		}
	})
}
