package closing_test

import (
	"reflect"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
)

// adopt takes v4's statements into the chain, as the schedule's look does.
func (s *studio) adopt(t *testing.T) {
	t.Helper()
	if _, err := s.DueMonths(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// v4 may close a month between two looks. Whoever only looks writes nothing.
func TestReads_show_a_statement_of_v4s_and_leave_it_to_others_to_record_it(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.CloseFrom = october
		looks := func() (closing.MonthInfo, closing.WholeMonth, closing.Statement, error) {
			t.Helper()
			whole, found, err := s.Month(t.Context(), october)
			if err != nil || !found {
				t.Fatalf("found %t, %v", found, err)
			}
			statement, err := s.Statement(t.Context(), october)
			return s.month(t, october), whole, statement, err
		}
		if info, _, _, err := looks(); info.State != closing.Due || books.AsError(err).Code != "not_closed" {
			t.Errorf("before: %+v, %v", info, err)
		}
		s.v4Closes(t)
		before := s.dump(t, append([]string{"closings"}, v4Tables...)...)
		for range 2 {
			info, whole, statement, err := looks()
			want := closing.MonthInfo{Month: october, State: closing.IsClosed, Revision: 1, Counts: books.Counts{Payments: 1}, Backup: "unverified",
				Unrecorded: true, DueAt: info.DueAt, CloseFrom: october}
			want.Totals = string(whole.Totals)
			if err != nil || !reflect.DeepEqual(info, want) || !reflect.DeepEqual(whole.MonthInfo, want) || !strings.Contains(string(whole.Totals), `"receita_total":450.00`) || len(whole.LateRows) != 0 {
				t.Errorf("shown as %+v, %+v %s, %v", info, whole, whole.Totals, err)
			}
			if statement.Header.Totals.Revenue != 450_00 || statement.Header.Counts.Payments != 1 || len(statement.Rows) != 1 || statement.Entry.Seq != 0 {
				t.Errorf("the statement is %+v", statement)
			}
		}
		wantSame(t, "a look wrote something", before, s.dump(t, append([]string{"closings"}, v4Tables...)...))
		s.adopt(t)
		info, whole, statement, err := looks()
		if err != nil || info.Unrecorded || whole.Unrecorded || info.Counts.Payments != 1 || statement.Entry.Seq != 1 || statement.Entry.Action != books.Adopted {
			t.Errorf("afterwards %+v, %+v, %v", info, statement.Entry, err)
		}
	})
}

// v4Closes closes October as v4 does, with one payment, and takes the rows away.
func (s *studio) v4Closes(t *testing.T) {
	t.Helper()
	s.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais) VALUES (10, 2025,
		'"[{\"id\": 1, \"data\": \"2025-10-10\", \"cliente_name\": \"Bia\", \"artista_name\": \"Ana\", \"valor\": 450.0, \"forma_pagamento\": \"Pix\", \"observacoes\": null, \"sessao_id\": null, \"sessao_data\": null}]"',
		'"[]"', '"[]"', '"[]"', '"{\"receita_total\": 450.0, \"comissoes_total\": 0, \"despesas_total\": 0, \"saldo\": 450.0, \"receita_liquida\": 450.0}"')`)
	for _, q := range []string{"DELETE FROM comissoes", "UPDATE sessoes SET payment_id = NULL", "UPDATE pagamentos SET sessao_id = NULL",
		"DELETE FROM pagamentos WHERE data BETWEEN '2025-10-01' AND '2025-10-31'", "DELETE FROM gastos WHERE data BETWEEN '2025-10-01' AND '2025-10-31'"} {
		s.Exec(t, q)
	}
}
