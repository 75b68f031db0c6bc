package closing_test

import (
	"fmt"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// opens returns how many SQL statements it took to open the statement of
// October.
func (s *studio) opens(t testing.TB) (sent int64, err error) {
	t.Helper()
	before := s.Store().Statements()
	o, err := s.OpenStatement(t.Context(), october)
	if err == nil && (o.Month != october || o.Header.Counts.Payments == 0) {
		t.Errorf("it is %+v", o.Header)
	}
	return s.Store().Statements() - before, err
}

// A statement that was verified is not read again, until anybody touches it: then
// every byte is.
func TestOpening_a_statement_again_finds_each_change(t *testing.T) {
	closing.KeepSmallStatements(t)
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		first, err := s.opens(t)
		again, err2 := s.opens(t)
		if err != nil || err2 != nil || again >= first {
			t.Fatalf("%d statements, then %d: %v %v", first, again, err, err2)
		}
		err = s.Store().Write(t.Context(), func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "name", "Agulha") })
		if err != nil { // our own writes are no change
			t.Fatal(err)
		}
		if sent, err := s.opens(t); err != nil || sent != again {
			t.Errorf("%d statements after a write of our own: %v", sent, err)
		}
		kind := map[bool]string{true: "TEXT", false: "JSON"}[s.Path != ""]
		for _, column := range []string{"pagamentos", "sessoes", "comissoes", "gastos", "totais"} {
			set := func(from, to string) {
				s.Tamper(t, fmt.Sprintf("UPDATE extratos SET %s = CAST(replace(CAST(%s AS TEXT), '%s', '%s') AS %s)", column, column, from, to, kind))
			}
			set("20", "2\u2060")
			for range 2 {
				if _, err := s.opens(t); books.AsError(err) == nil || books.AsError(err).Kind != books.Integrity {
					t.Errorf("%s was changed: %v", column, err)
				}
			}
			set("2\u2060", "20")
			if _, err := s.opens(t); err != nil {
				t.Errorf("%s was put back: %v", column, err)
			}
		}
		s.Tamper(t, "DELETE FROM extratos")
		if _, err := s.opens(t); books.AsError(err) == nil || books.AsError(err).Kind != books.Integrity {
			t.Errorf("it was deleted: %v", err)
		}
	})
}

// A reopened month has none, and closed again the new one is shown.
func TestOpening_a_statement_follows_the_month(t *testing.T) {
	closing.KeepSmallStatements(t)
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-07", "450.00")
		s.close(t, october, false)
		revenue := func() books.Money {
			o, err := s.OpenStatement(t.Context(), october)
			if err != nil {
				t.Fatal(err)
			}
			return o.Totals.Revenue
		}
		if revenue() != 450_00 {
			t.Error(revenue().People())
		}
		s.reopen(t, october)
		if _, err := s.OpenStatement(t.Context(), october); books.AsError(err) == nil || books.AsError(err).Kind != books.NotFound {
			t.Errorf("it was reopened: %v", err)
		}
		s.payment(t, 2, "2025-10-08", "50.00")
		s.close(t, october, false)
		if revenue() != 500_00 {
			t.Error(revenue().People())
		}
		o, err := s.OpenRevision(t.Context(), october, 1)
		if err != nil || o.Totals.Revenue != 450_00 {
			t.Errorf("%v %v", o.Totals.Revenue, err)
		}
	})
}
