package books_test

import (
	"testing"

	"extrato/internal/books"
)

func TestCounts_for_people(t *testing.T) {
	for _, c := range []struct {
		counts books.Counts
		en, pt string
	}{
		{books.Counts{}, "0 payments, 0 sessions, 0 commissions, 0 expenses", "0 pagamentos, 0 sessões, 0 comissões, 0 gastos"},
		{books.Counts{Payments: 1, Sessions: 1, Commissions: 1, Expenses: 1, Links: 9}, "1 payment, 1 session, 1 commission, 1 expense", "1 pagamento, 1 sessão, 1 comissão, 1 gasto"},
		{books.Counts{Payments: 2, Sessions: 3, Commissions: 4, Expenses: 5}, "2 payments, 3 sessions, 4 commissions, 5 expenses", "2 pagamentos, 3 sessões, 4 comissões, 5 gastos"},
	} {
		if en, pt := c.counts.English(), c.counts.Portuguese(); en != c.en || pt != c.pt {
			t.Errorf("%q and %q, want %q and %q", en, pt, c.en, c.pt)
		}
	}
}
