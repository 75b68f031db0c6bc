package closing_test

import (
	"fmt"
	"testing"
	"time"

	"extrato/internal/books"
)

// crowdMonth fills a month with n payments, each with its session linked both
// ways and a commission, n expenses, and n deposits whose balance is later.
func (s *studio) crowdMonth(t testing.TB, month books.Month, base, n int) {
	t.Helper()
	ids := fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", base+1, base+n)
	day, later := "'"+month.String()+"-10'", "'2025-12-01'"
	for _, query := range []string{
		"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, created_at) SELECT i, " + day + ", 10, 1, 1, 'paid', '" + made + "' FROM n",
		"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, created_at) SELECT i + 100000, " + day + ", 10, 1, 1, 'paid', '" + made + "' FROM n",
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, sessao_id, created_at) SELECT i, " + day + ", 10, 'Pix', 1, i, '" + made + "' FROM n",
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, sessao_id, created_at) SELECT i + 100000, " + day + ", 10, 'Pix', 1, i + 100000, '" + made + "' FROM n",
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, sessao_id, created_at) SELECT i + 200000, " + later + ", 10, 'Pix', 1, i + 100000, '" + made + "' FROM n",
		"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) SELECT i, i, 1, 60, 6, '" + made + "' FROM n",
		"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) SELECT i, " + day + ", 1, 'Pix', 1, '" + made + "' FROM n",
	} {
		s.Exec(t, ids+query)
	}
	s.Exec(t, fmt.Sprintf("UPDATE sessoes SET payment_id = id WHERE id BETWEEN %d AND %d OR id BETWEEN %d AND %d", base+1, base+n, base+100001, base+100000+n))
}

func TestClose_sends_as_many_statements_for_two_thousand_rows_as_for_ten(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.Clock = noon(2025, time.December, 2)
		s.close(t, september, false) // so that both of the others find a known backup
		sent := func(month books.Month, base, each int) int64 {
			s.crowdMonth(t, month, base, each)
			before := s.Store().Statements()
			r := s.close(t, month, false)
			if want := (books.Counts{Payments: 2 * int64(each), Sessions: int64(each), Commissions: int64(each), Expenses: int64(each), Links: int64(each)}); r.Counts != want {
				t.Errorf("closed %+v, want %+v", r.Counts, want)
			}
			return s.Store().Statements() - before
		}
		few, many := sent(october, 0, 2), sent(november, 1000, 400)
		if few != many || few == 0 {
			t.Errorf("10 rows took %d statements, 2,000 took %d", few, many)
		}
		s.wantWhole(t)
	})
}
