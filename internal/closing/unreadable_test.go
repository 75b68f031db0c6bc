package closing_test

import (
	"strings"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// unreadable are rows with one value that no program can make sense of, and
// which month they cannot be closed with: that of payment 7, 2025-07, or none.
var unreadable = []struct {
	name, only string
	do         []string
	names      string // the row that a close of 2025-07 names; "": it belongs to no month
}{
	{"a_commission_made_never", "postgres", []string{"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (7, 1, 50, 1, 'infinity')"}, ""},
	{"a_commission_made_before_all_time", "postgres", []string{"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (7, 1, 50, 1, '-infinity')"}, ""},
	{"a_commission_made_before_Christ", "postgres", []string{"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (7, 1, 50, 1, '0044-03-15 12:00:00+00 BC')"}, ""},
	{"a_commission_made_at_no_time", "sqlite", []string{"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (7, 1, 50, 1, 'ontem')"}, ""},
	{"a_commission_made_at_some_time_of_a_month", "sqlite", []string{"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (7, 1, 50, 1, '2025-07-ontem')"}, ""},
	{"a_commission_made_at_a_BLOB", "sqlite", []string{"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (7, 1, 50, 1, x'ff')"}, ""},
	{"a_commission_of_a_payment_that_is_no_number", "sqlite", []string{"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (7, 'sete', 1, 50, 1, '2025-07-05 12:00:00')"}, "comissao 7"},
	{"a_commission_of_a_payment_made_at_no_time", "sqlite", []string{"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (7, 7, 1, 50, 1, 'ontem')"}, "comissao 7"},
	{"a_commission_of_a_payment_made_never", "postgres", []string{"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (7, 7, 1, 50, 1, 'infinity')"}, "comissao 7"},
	{"a_commission_whose_payment_is_gone_made_at_no_time", "sqlite", []string{"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (7, 99, 1, 50, 1, 'ontem')"}, ""},
	{"a_payment_made_never", "postgres", []string{"UPDATE pagamentos SET created_at = 'infinity' WHERE id = 7"}, "pagamento 7"},
	{"a_payment_made_at_no_time", "sqlite", []string{"UPDATE pagamentos SET created_at = 'ontem' WHERE id = 7"}, "pagamento 7"},
	{"a_payment_of_no_day", "sqlite", []string{"UPDATE pagamentos SET data = '2025-07-ontem' WHERE id = 7"}, ""},
	{"a_payment_of_a_short_day", "sqlite", []string{"UPDATE pagamentos SET data = '2025-1-4' WHERE id = 7"}, ""},
	{"an_expense_of_a_day_with_a_time", "sqlite", []string{"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (7, '2025-10-05 00:00:00', 1, 'Pix', 1, NULL)"}, ""},
	{"an_expense_of_a_day_before_Christ", "postgres", []string{"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (7, '0044-03-15 BC', 1, 'Pix', 1, NULL)"}, ""},
	{"an_expense_before_all_time", "postgres", []string{"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (7, '-infinity', 1, 'Pix', 1, NULL)"}, ""},
	{"a_payment_of_a_day_that_is_a_BLOB", "sqlite", []string{"UPDATE pagamentos SET data = CAST(data AS BLOB) WHERE id = 7"}, ""},
	{"a_payment_of_the_last_day", "postgres", []string{"UPDATE pagamentos SET data = 'infinity' WHERE id = 7"}, ""},
	{"a_payment_of_no_number", "postgres", []string{"UPDATE pagamentos SET valor = 'NaN' WHERE id = 7"}, "pagamento 7"},
	{"a_payment_that_is_no_number", "sqlite", []string{"UPDATE pagamentos SET valor = 'sete' WHERE id = 7"}, "pagamento 7"},
	{"a_payment_of_a_session_that_is_no_number", "sqlite", []string{"UPDATE pagamentos SET sessao_id = 'sete' WHERE id = 7"}, "pagamento 7"},
	{"a_session_of_no_day", "sqlite", []string{"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, created_at) VALUES (8, 'ontem', 1, 1, 1, NULL)", "UPDATE pagamentos SET sessao_id = 8 WHERE id = 7"}, "sessao 8"},
	{"a_session_of_the_last_day", "postgres", []string{"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, created_at) VALUES (8, 'infinity', 1, 1, 1, 'paid', NULL)", "UPDATE pagamentos SET sessao_id = 8 WHERE id = 7"}, "sessao 8"},
	{"a_session_made_never", "postgres", []string{"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, created_at) VALUES (8, '2025-07-05', 1, 1, 1, 'paid', 'infinity')", "UPDATE pagamentos SET sessao_id = 8 WHERE id = 7"}, "sessao 8"},
	{"a_session_made_at_no_time", "sqlite", []string{"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, payment_id, created_at) VALUES (8, '2025-07-05', 1, 1, 1, 7, 'ontem')"}, "sessao 8"},
	{"an_expense_made_never", "postgres", []string{"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (7, '2025-07-05', 1, 'Pix', 1, 'infinity')"}, "gasto 7"},
	{"an_expense_of_no_number", "postgres", []string{"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (7, '2025-07-05', 'NaN', 'Pix', 1, NULL)"}, "gasto 7"},
	{"an_expense_made_at_no_time", "sqlite", []string{"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (7, '2025-07-05', 1, 'Pix', 1, 'ontem')"}, "gasto 7"},
	{"a_client_made_never", "postgres", []string{"INSERT INTO clients (id, name, created_at) VALUES (7, 'Caio', 'infinity')", "UPDATE pagamentos SET cliente_id = 7 WHERE id = 7"}, "cliente 7"},
	{"a_client_made_at_no_time", "sqlite", []string{"INSERT INTO clients (id, name, created_at) VALUES (7, 'Caio', 'ontem')", "UPDATE pagamentos SET cliente_id = 7 WHERE id = 7"}, "cliente 7"},
	{"a_client_without_letters", "sqlite", []string{"INSERT INTO clients (id, name) VALUES (7, x'ff')", "UPDATE pagamentos SET cliente_id = 7 WHERE id = 7"}, "cliente 7"},
	{"a_client_whom_nobody_names", "sqlite", []string{"INSERT INTO clients (id, name, created_at) VALUES (7, x'ff', 'ontem')"}, ""},
	{"an_artist_made_never", "postgres", []string{"INSERT INTO users (id, name, role, active_flag, unified_flow_enabled, created_at) VALUES (7, 'Rui', 'artist', TRUE, FALSE, 'infinity')", "UPDATE pagamentos SET artista_id = 7 WHERE id = 7"}, "artista 7"},
	{"an_artist_made_at_no_time", "sqlite", []string{"INSERT INTO users (id, name, role, active_flag, unified_flow_enabled, created_at) VALUES (7, 'Rui', 'artist', TRUE, FALSE, 'ontem')", "UPDATE pagamentos SET artista_id = 7 WHERE id = 7"}, "artista 7"},
}

func TestA_row_that_nobody_can_read_stops_no_month_but_its_own(t *testing.T) {
	july := month2025(time.July)
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.SQL.SetMaxOpenConns(1)
		if !s.Store().Postgres() {
			s.Exec(t, "PRAGMA ignore_check_constraints = ON")
			s.Exec(t, "PRAGMA foreign_keys = OFF")
		}
		for _, row := range unreadable {
			if row.only == "postgres" != s.Store().Postgres() {
				continue
			}
			t.Run(row.name, func(t *testing.T) {
				s.emptied(t)
				s.CloseFrom = october
				s.payment(t, 1, "2025-10-03", "450.00")
				s.payment(t, 7, "2025-07-05", "7.00")
				for _, query := range row.do {
					s.Exec(t, query)
				}
				if due, err := s.DueMonths(t.Context()); err != nil || len(due) != 1 || due[0] != october {
					t.Errorf("due are %v, %v", due, err)
				}
				s.looksWhole(t)
				s.namesMonthless(t, row.names == "" && !strings.Contains(row.name, "a_client_whom_nobody"))
				if r := s.close(t, october, false); r.Counts.Payments != 1 || r.Counts.Total() != 1 {
					t.Errorf("October was closed with %+v", r.Counts)
				}
				if info := s.month(t, october); info.State != closing.IsClosed || info.Late.Total() != 0 {
					t.Errorf("October is %+v", info)
				}
				s.reopen(t, october)
				s.close(t, october, false)
				s.looksWhole(t)
				if v := s.verify(t, october, ""); len(v) == 0 || v[len(v)-1].State != backup.OK {
					t.Errorf("October's backups are %+v", v)
				}
				if row.names == "" {
					if r := s.close(t, july, false); s.month(t, july).Late.Total() != 0 {
						t.Errorf("July was closed with %+v and has late rows for ever", r.Counts)
					}
					return
				}
				e := s.refusesClose(t, july, false, books.Integrity, "broken_row")
				if !strings.HasPrefix(e.Message, row.names+" has a value that cannot be kept exactly in column") {
					t.Errorf("July is refused with %q, want %s named", e.Message, row.names)
				}
			})
		}
	})
}

// namesMonthless asserts that row 7, if it belongs to no month, is named by the list
// of months, by a preview, and by a close of October in answer and chain.
func (s *studio) namesMonthless(t *testing.T, want bool) {
	t.Helper()
	names := func(who string, notes []string, err error) {
		t.Helper()
		named := strings.Contains(strings.Join(notes, "; "), " 7 belongs to no month")
		if err != nil || named != want {
			t.Errorf("%s says %q, %v, want the row named: %v", who, notes, err, want)
		}
	}
	all, err := s.Monthless(t.Context())
	names("the list", all, err)
	p, err := s.Preview(t.Context(), october, false)
	names("the preview", p.Notes, err)
	r := s.close(t, october, false)
	names("the close", r.Notes, nil)
	names("the chain", s.closedWith(t, october).Notes, nil)
	s.reopen(t, october)
}

// looksWhole asks everything that is asked of all months.
func (s *studio) looksWhole(t *testing.T) {
	t.Helper()
	if _, err := s.Months(t.Context()); err != nil {
		t.Errorf("months: %v", err)
	}
	if _, err := s.VerifyBackups(t.Context(), books.Month{}, ""); err != nil {
		t.Errorf("backup verify: %v", err)
	}
	err := s.Store().Read(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.MonthsWithRows(t.Context()); err != nil {
			return err
		}
		_, err := tx.MonthTotals(t.Context(), october)
		return err
	})
	if err != nil {
		t.Errorf("all months' rows: %v", err)
	}
	// What cannot be computed says which row is to blame, and no SQL.
	err = s.Store().Read(t.Context(), func(tx *store.Tx) error {
		_, err := tx.MonthTotals(t.Context(), month2025(time.July))
		return err
	})
	if err != nil && books.AsError(err).Code != "broken_row" {
		t.Errorf("the totals of July: %v", err)
	}
}

// emptied takes everything out of the studio again, but for people 1.
func (s *studio) emptied(t *testing.T) {
	t.Helper()
	defer s.Unguard(t)()
	s.Exec(t, "UPDATE sessoes SET payment_id = NULL")
	for _, table := range []string{"comissoes", "gastos", "pagamentos", "sessoes", "extratos", s.own("closings"), s.own("closing_details"), s.own("revisions"), s.own("backups"), s.own("runs")} {
		s.Exec(t, "DELETE FROM "+table)
	}
	s.Exec(t, "DELETE FROM clients WHERE id > 1")
	s.Exec(t, "DELETE FROM users WHERE id > 1")
}
