package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store/v4test"
)

// statements are forms in which v4 databases hold one, as SQL values for
// pagamentos, sessoes, comissoes, gastos and totais.
var statements = map[string]string{
	"strings": `to_json('[{"id": 8000, "data": "2025-07-01", "valor": 1.5}]'::text), to_json('[]'::text), to_json('[]'::text), to_json('[]'::text),
		to_json('{"receita_total": 0.30000000000000004}'::text)`,
	"native arrays": `'[{"id": 8000, "data": "2025-07-01", "valor": 1.5}]', '[]', '[]', '[]', '{"receita_total": 1.5}'`,
	"NULL expenses": `'[{"id": 8000}]', '[]', '[]', NULL, '{}'`,
	"JSON null":     `'null', 'null', 'null', 'null', 'null'`,
	"broken lists":  `'{"a": 1}', '"[{"', '[1]', '7', '[]'`,
}

func TestV4s_statements_are_adopted_and_stay_as_they_are(t *testing.T) {
	july := books.Month{Year: 2025, Month: time.July}
	for name, parts := range statements {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			insert := "INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais, created_at) VALUES (7, 2025, " + parts + ", '2025-08-02 05:00:00+00')"
			url, v4 := v4test.Postgres(t, insert)
			s := v4test.Open(t, url)
			before := v4test.Dump(t, v4)
			if done := v4test.Migrate(t, s); !slices.Equal(done.Adopted, []books.Month{july, v4test.August}) {
				t.Errorf("migrate says %+v", done)
			}
			c := v4test.Closer(t, s)
			refusedAndUnchanged(t, c, v4, july)
			v4test.Same(t, "v4's rows", before, dumpWithoutLog(t, v4))
			audit, err := c.VerifyChain(t.Context())
			if err != nil || !audit.OK || audit.Entries != 2 {
				t.Errorf("audit says %+v, %v", audit, err)
			}
			v4test.Run(t, v4, "UPDATE extratos SET totais = '{\"receita_total\": 2}' WHERE mes = 7")
			if audit, err := c.VerifyChain(t.Context()); err != nil || audit.OK {
				t.Errorf("audit does not see that v4's statement was changed: %+v, %v", audit, err)
			}
		})
	}
}

// refusedAndUnchanged fails the test unless reopen and a forced close refuse
// v4's statement.
func refusedAndUnchanged(t *testing.T, c *closing.Closer, v4 *sql.DB, month books.Month) {
	t.Helper()
	v4test.Run(t, v4, fmt.Sprintf("INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (9000, '%s', 1, 'Pix', 1, '2025-11-01')", month.First()))
	_, err := c.Reopen(t.Context(), month, "test", "test")
	v4test.WantError(t, err, books.Refused, "statement_of_v4", month.String())
	_, err = c.Close(t.Context(), month, closing.Options{Force: true}, "test")
	v4test.WantError(t, err, books.Refused, "statement_of_v4", month.String())
	if _, err = c.Close(t.Context(), month, closing.Options{}, "test"); !errors.Is(err, books.ErrClosed) {
		t.Errorf("a close of %s gives %v", month, err)
	}
	if n := v4test.Number(t, v4, "SELECT count(*) FROM gastos WHERE id = 9000"); n != 1 {
		t.Error("the late row is gone")
	}
	v4test.Run(t, v4, "DELETE FROM gastos WHERE id = 9000")
}

func TestA_statement_that_v4_adds_later_is_adopted_at_the_next_look(t *testing.T) {
	s, v4 := v4test.TakenOver(t)
	c := v4test.Closer(t, s)
	v4test.Run(t, v4, "INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais) VALUES (9, 2025, "+statements["strings"]+")")
	due, err := c.DueMonths(t.Context())
	if err != nil || slices.Contains(due, v4test.September) {
		t.Fatalf("due are %v, %v", due, err)
	}
	if n := v4test.Number(t, v4, "SELECT count(*) FROM extrato.closings WHERE action = 'adopted' AND month = '2025-09'"); n != 1 {
		t.Error("the chain does not list v4's statement of September")
	}
	refusedAndUnchanged(t, c, v4, v4test.September)
}

func TestA_statement_of_no_month_does_not_break_the_chain(t *testing.T) {
	s, v4 := v4test.TakenOver(t, "INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais) VALUES (13, 1999, "+statements["strings"]+")")
	c := v4test.Closer(t, s)
	v4test.CloseMonth(t, c, october)
	if n := v4test.Number(t, v4, "SELECT count(*) FROM extrato.closings WHERE month NOT IN ('2025-08', '2025-10')"); n != 0 {
		t.Errorf("the chain has %d entries of no month", n)
	}
	allProved(t, c)
}
