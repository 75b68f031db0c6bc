package closing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

func TestForce_makes_one_revision_after_another_and_keeps_the_earlier_ones(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		prints := []books.Fingerprint{s.close(t, october, false).Fingerprint}
		for revision := 2; revision <= 4; revision++ {
			s.payment(t, 100+revision, "2025-10-05", "1.00")
			s.expense(t, 100+revision, "2025-10-05", "0.50")
			r := s.close(t, october, true)
			if r.Outcome != closing.Revised || r.Revision != revision || r.Counts.Payments != int64(3+revision) {
				t.Errorf("revision %d is %+v", revision, r)
			}
			prints = append(prints, r.Fingerprint)
		}
		for i, want := range prints[:3] {
			if got := s.revision(t, october, i+1); got != want {
				t.Errorf("revision %d was kept as %s, want %s", i+1, got, want)
			}
		}
		if n := s.Int(t, "SELECT count(*) FROM "+s.own("revisions")); n != 3 {
			t.Errorf("%d earlier revisions are kept", n)
		}
		s.wantWhole(t)
	})
}

// revision returns the fingerprint of the rows in an earlier revision.
func (s *studio) revision(t testing.TB, month books.Month, number int) books.Fingerprint {
	t.Helper()
	var found books.Fingerprint
	err := s.Store().Read(t.Context(), func(tx *store.Tx) error {
		stored, err := tx.Revision(t.Context(), month, number)
		if err == nil {
			found, _, err = books.FingerprintOf(stored.Rows())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestForce_backs_up_the_whole_revision(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.linked(t, 80, 80, "2025-10-06", "60.00")
		s.commission(t, 80, 80, "36.00", made)
		s.commission(t, 81, nil, "1.00", "2025-10-31 12:00:00.000000")
		s.expense(t, 80, "2025-10-31", "2.00")
		if info := s.month(t, october); info.State != closing.Late || info.Late != (books.Counts{Payments: 1, Sessions: 1, Commissions: 2, Expenses: 1}) || info.Counts != fullCounts {
			t.Errorf("the month is %+v", info)
		}
		r := s.close(t, october, true)
		if r.Backup.File != "2025_10/backup_2025_10.r2.csv" {
			t.Errorf("the revision rests on %s", r.Backup.File)
		}
		m, rows, err := s.Backups.Rows(t.Context(), backup.Copy{Month: october, Number: 2, File: r.Backup.File})
		if err != nil || m.Fingerprint != r.Fingerprint || m.Counts() != r.Counts || !slices.Equal(names(rows), names(s.statement(t, october).Rows)) {
			t.Errorf("the backup of the revision holds %v, %v", names(rows), err)
		}
		if s.live(t, october) != s.nothing(t) {
			t.Error("late rows are still live")
		}
		s.wantWhole(t)
	})
}

// nothing is the fingerprint of no rows.
func (s *studio) nothing(t testing.TB) books.Fingerprint {
	t.Helper()
	f, _, err := books.FingerprintOf(books.Sequence(nil))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestReopen_after_a_revision_gives_back_everything_with_the_late_rows(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.linked(t, 80, 80, "2025-10-06", "60.00")
		all := s.dump(t, v4Tables...)
		s.Exec(t, "UPDATE sessoes SET payment_id = NULL WHERE id = 80")
		s.Exec(t, "DELETE FROM pagamentos WHERE id = 80")
		s.Exec(t, "DELETE FROM sessoes WHERE id = 80")
		s.close(t, october, false)
		s.linked(t, 80, 80, "2025-10-06", "60.00")
		revised := s.close(t, october, true)
		s.reopen(t, october)
		wantSame(t, "reopening gave back something else", all, s.dump(t, v4Tables...))
		if again := s.close(t, october, false); again.Fingerprint != revised.Fingerprint || again.Revision != 3 || again.Outcome != closing.Closed {
			t.Errorf("closing again gives %+v", again)
		}
		s.wantWhole(t)
	})
}

func TestReopen_leaves_late_rows_live_and_they_join_the_next_close(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.close(t, october, false)
		s.payment(t, 80, "2025-10-06", "60.00")
		s.reopen(t, october)
		r := s.close(t, october, false)
		if r.Counts.Payments != 5 || r.Fingerprint == first.Fingerprint || r.Revision != 2 {
			t.Errorf("closing again gives %+v", r)
		}
		s.wantWhole(t)
	})
}

// depositAndBalance adds session 1 with the deposit 1 in October and the
// balance 2 in November; the session names the deposit.
func (s *studio) depositAndBalance(t testing.TB) {
	t.Helper()
	s.people(t)
	s.linked(t, 1, 1, "2025-10-10", "100.00")
	s.payment(t, 2, "2025-11-05", "200.00")
	s.pays(t, 2, 1)
}

func TestForce_gives_a_session_that_comes_in_late_the_link_back_that_it_lost(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.depositAndBalance(t)
		s.close(t, october, false)
		s.wantRows(t, october, "pagamento 1", "vinculo 1")
		s.Exec(t, "UPDATE pagamentos SET data = '2025-10-31' WHERE id = 2") // the balance was paid in October after all
		s.close(t, october, true)
		s.wantRows(t, october, "pagamento 1", "pagamento 2", "sessao 1")
		s.reopen(t, october)
		if n := s.Int(t, "SELECT payment_id FROM sessoes WHERE id = 1"); n != 1 {
			t.Errorf("the session came back with payment %d", n)
		}
		s.close(t, october, false)
		s.wantWhole(t)
	})
}

func TestForce_lets_a_late_link_replace_the_one_in_the_statement(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.depositAndBalance(t)
		s.close(t, october, false)
		s.payment(t, 3, "2025-10-20", "50.00")
		s.Exec(t, "UPDATE sessoes SET payment_id = 3 WHERE id = 1")
		s.close(t, october, true)
		s.wantRows(t, october, "pagamento 1", "pagamento 3", "vinculo 1")
		s.reopen(t, october)
		if n := s.Int(t, "SELECT payment_id FROM sessoes WHERE id = 1"); n != 3 {
			t.Errorf("the session came back with payment %d", n)
		}
		s.close(t, october, false)
		s.wantWhole(t)
	})
}

func TestForce_keeps_the_newer_link_of_a_session_that_comes_in_late(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.depositAndBalance(t)
		s.close(t, october, false)
		s.Exec(t, "UPDATE sessoes SET payment_id = 2 WHERE id = 1")
		s.Exec(t, "UPDATE pagamentos SET data = '2025-10-31' WHERE id = 2")
		s.close(t, october, true)
		s.wantRows(t, october, "pagamento 1", "pagamento 2", "sessao 1")
		s.reopen(t, october)
		if n := s.Int(t, "SELECT payment_id FROM sessoes WHERE id = 1"); n != 2 {
			t.Errorf("the session came back with payment %d", n)
		}
		s.wantWhole(t)
	})
}

func TestClose_moves_a_session_with_its_last_payment_whatever_the_order_of_the_months(t *testing.T) {
	months := []books.Month{september, october, november}
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.Clock = noon(2025, time.December, 2)
		// Sessions 1 to 3 have a payment in each month and name another of them; 4 is named by none.
		for session := 1; session <= 4; session++ {
			s.session(t, session, "2025-10-10", "300.00", nil)
			for i, month := range months {
				s.payment(t, session*10+i, month.String()+"-15", "100.00")
				s.pays(t, session*10+i, session)
			}
			if session < 4 {
				s.Exec(t, "UPDATE sessoes SET payment_id = $1 WHERE id = $2", session*10+session-1, session)
			}
		}
		before := s.dump(t, v4Tables...)
		for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			for n, i := range order {
				r := s.close(t, months[i], false)
				want := books.Counts{Payments: 4, Links: 1}
				if n == 2 {
					want = books.Counts{Payments: 4, Sessions: 4}
				}
				if r.Counts != want {
					t.Errorf("order %v: %s closed with %+v, want %+v", order, months[i], r.Counts, want)
				}
			}
			for _, i := range slices.Backward(order) {
				s.reopen(t, months[i])
			}
			wantSame(t, fmt.Sprintf("order %v", order), before, s.dump(t, v4Tables...))
		}
		s.wantWhole(t)
	})
}

func TestForce_takes_in_a_commission_of_a_payment_at_rest(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if s.Store().Postgres() {
			s.dropForeignKeys(t)
		}
		s.fullOctober(t)
		s.close(t, october, false)
		s.commission(t, 80, 1, "3.00", "2025-11-02 12:00:00.000000")   // of a payment that rests in October
		s.commission(t, 81, 999, "4.00", "2025-11-01 12:00:00.000000") // of one that is nowhere: by its own month
		if info := s.month(t, october); info.State != closing.Late || info.Late != (books.Counts{Commissions: 1}) {
			t.Errorf("October is %+v", info)
		}
		r := s.close(t, october, true)
		if r.Counts.Commissions != fullCounts.Commissions+1 {
			t.Errorf("revised %+v", r.Counts)
		}
		s.Clock = noon(2025, time.December, 2)
		s.close(t, november, false)
		if got := strings.Join(names(s.statement(t, november).Rows), ","); !strings.Contains(got, "comissao 81") || strings.Contains(got, "comissao 80") {
			t.Errorf("November holds %s", got)
		}
		s.reopen(t, november)
		s.reopen(t, october)
		if n := s.Int(t, "SELECT count(*) FROM comissoes"); n != 6 {
			t.Errorf("%d of 6 commissions came back", n)
		}
		s.wantWhole(t)
	})
}

func TestForce_on_an_open_or_held_month_is_an_ordinary_close(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		if r := s.close(t, october, true); r.Outcome != closing.Closed || r.Revision != 1 {
			t.Errorf("an open month gives %+v", r)
		}
		s.reopen(t, october)
		if r := s.close(t, october, true); r.Outcome != closing.Closed || r.Revision != 2 {
			t.Errorf("a held month gives %+v", r)
		}
	})
}

func TestForce_takes_in_what_became_of_a_late_row_meanwhile(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.payment(t, 80, "2025-10-06", "60.00")
		for i, at := range []string{"locked", "rows read"} {
			other := s.meanwhile(t, at, []string{fmt.Sprintf("UPDATE pagamentos SET valor = %d WHERE id = %d", 70+i, 80+i)})
			r := s.close(t, october, true)
			s.onStep(nil)
			changed := other.happened(t)
			if want := at == "locked" || s.Store().Postgres(); changed != want { // on SQLite it waited, and the row was gone
				t.Errorf("at %q the row was changed: %t", at, changed)
			}
			want := books.Money(60_00)
			if changed {
				want = books.Money(70_00 + 1_00*i)
			}
			rests := false
			for _, row := range s.statement(t, october).Rows {
				p, ok := row.(*books.Payment)
				rests = rests || ok && p.ID == books.ID(80+i) && p.Amount == want
			}
			if !rests || r.Outcome != closing.Revised {
				t.Errorf("at %q: %+v", at, r)
			}
			if i == 0 {
				s.payment(t, 81, "2025-10-06", "60.00")
			}
		}
		s.wantWhole(t)
	})
}
