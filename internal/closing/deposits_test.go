package closing_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// part is a payment on account of session 1.
type part struct {
	day, amount string
	deposit     bool
}

func (p part) month() books.Month {
	m, err := books.ParseMonth(p.day[:7])
	if err != nil {
		panic(err)
	}
	return m
}

// byParts are sessions that are paid in parts, and the month with which each
// leaves if its parts come and months close in the order of time; "" is never.
var byParts = map[string]struct {
	day, price, status string
	parts              []part
	home               string
}{
	"deposit and balance in one month":           {"2025-10-20", "400.00", "active", []part{{"2025-10-03", "100.00", true}, {"2025-10-20", "300.00", false}}, "2025-10"},
	"a deposit of a session of the same month":   {"2025-10-20", "400.00", "active", []part{{"2025-10-03", "100.00", true}}, ""},
	"a payment that is not marked":               {"2025-10-20", "400.00", "active", []part{{"2025-10-03", "100.00", false}}, "2025-10"},
	"a deposit and one that is not marked":       {"2025-10-20", "400.00", "active", []part{{"2025-10-03", "100.00", true}, {"2025-10-04", "1.00", false}}, "2025-10"},
	"not marked, of a later session":             {"2025-11-29", "400.00", "active", []part{{"2025-10-20", "100.00", false}}, ""},
	"deposit and balance in two months":          {"2025-10-31", "400.00", "active", []part{{"2025-10-20", "100.00", true}, {"2025-11-02", "300.00", false}}, "2025-11"},
	"not marked, in two months":                  {"2025-11-29", "400.00", "active", []part{{"2025-10-20", "100.00", false}, {"2025-11-29", "300.00", false}}, "2025-11"},
	"a balance that is less than the price":      {"2025-11-29", "400.00", "active", []part{{"2025-10-20", "100.00", true}, {"2025-11-29", "200.00", false}}, "2025-11"},
	"two deposits and a balance in three months": {"2025-12-10", "400.00", "active", []part{{"2025-10-20", "100.00", true}, {"2025-11-05", "100.00", true}, {"2025-12-10", "200.00", false}}, "2025-12"},
	"three months, the session being long over":  {"2025-10-01", "400.00", "active", []part{{"2025-10-20", "100.00", true}, {"2025-11-05", "100.00", true}, {"2025-12-10", "199.99", true}}, ""},
	"three months, not marked":                   {"2025-12-10", "400.00", "paid", []part{{"2025-10-20", "100.00", false}, {"2025-11-05", "100.00", false}, {"2025-12-10", "200.00", false}}, "2025-12"},
	"fully prepaid":                              {"2025-11-29", "400.00", "active", []part{{"2025-10-20", "400.00", false}}, "2025-10"},
	"fully prepaid by a deposit":                 {"2025-11-29", "400.00", "active", []part{{"2025-10-20", "400.00", true}}, "2025-10"},
	"prepaid to the last centavo in two months":  {"2025-12-10", "100.00", "active", []part{{"2025-10-20", "33.33", true}, {"2025-11-05", "66.67", true}}, "2025-11"},
	"a centavo is missing":                       {"2025-12-10", "100.00", "active", []part{{"2025-10-20", "33.33", true}, {"2025-11-05", "66.66", true}}, ""},
	"a deposit on a completed session":           {"2025-10-20", "400.00", "completed", []part{{"2025-10-03", "100.00", true}}, "2025-10"},
	"parts as inexact as binary fractions":       {"2025-11-29", "0.30", "active", []part{{"2025-10-01", "0.10", true}, {"2025-10-02", "0.10", true}, {"2025-10-03", "0.10", true}}, "2025-10"},
}

// record adds part number i+1; linked says which of the two point at the other:
// both as this program and v4 write them, payment, or session.
func (s *studio) record(t testing.TB, i int, p part, linked string) {
	t.Helper()
	id := i + 1
	s.payment(t, id, p.day, p.amount)
	if linked != "session" {
		s.pays(t, id, 1)
	}
	if linked != "payment" {
		s.Exec(t, "UPDATE sessoes SET payment_id = $1 WHERE id = 1", id)
	}
	if p.deposit {
		s.mark(t, id)
	}
}

func (s *studio) mark(t testing.TB, id int) {
	t.Helper()
	err := s.Store().Write(t.Context(), func(tx *store.Tx) error { return markDeposit(t.Context(), tx, books.ID(id), true) })
	if err != nil {
		t.Fatal(err)
	}
}

// markDeposit sets or takes away a live payment's mark.
func markDeposit(ctx context.Context, tx *store.Tx, id books.ID, is books.Mark) error {
	live, err := tx.LiveByID(ctx, books.PaymentKind, []books.ID{id})
	if err != nil {
		return err
	}
	p := live[id].(*books.Payment)
	p.Deposit = is
	return tx.ChangeRecord(ctx, p)
}

// homeOfSession returns the month whose statement holds session 1, "" if it is
// live, and fails the test if it is in more or fewer places than one.
func (s *studio) homeOfSession(t testing.TB, months []books.Month) string {
	t.Helper()
	var homes []string
	if s.Int(t, "SELECT count(*) FROM sessoes WHERE id = 1") == 1 {
		homes = append(homes, "")
	}
	for _, m := range months {
		if s.Int(t, "SELECT count(*) FROM extratos WHERE ano = $1 AND mes = $2", m.Year, int(m.Month)) == 1 &&
			slices.Contains(names(s.statement(t, m).Rows), "sessao 1") {
			homes = append(homes, m.String())
		}
	}
	if len(homes) != 1 {
		t.Fatalf("session 1 is in %q", homes)
	}
	return homes[0]
}

var quarter = []books.Month{october, october.Add(1), october.Add(2)}

func TestA_session_leaves_when_it_is_over(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Clock = noon(2026, time.January, 2)
		s.people(t)
		for name, c := range byParts {
			t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
				for _, linked := range []string{"both", "payment", "session"} {
					if linked == "session" && slices.ContainsFunc(c.parts[1:], func(p part) bool { return p.month() == c.parts[0].month() }) {
						continue // a session can point at one payment only
					}
					if testing.Short() && linked == "payment" {
						continue
					}
					s.session(t, 1, c.day, c.price, nil)
					s.Exec(t, "UPDATE sessoes SET status = $1", c.status)
					for _, m := range quarter {
						for i, p := range c.parts {
							if p.month() == m {
								s.record(t, i, p, linked)
							}
						}
						s.close(t, m, false)
					}
					if home := s.homeOfSession(t, quarter); home != c.home {
						t.Errorf("%s: session 1 is in %q, want %q", linked, home, c.home)
					}
					s.wantWhole(t)
					for _, m := range slices.Backward(quarter) {
						s.reopen(t, m)
					}
					wantParts(t, s, c.parts)
					for _, query := range []string{"UPDATE sessoes SET payment_id = NULL", "DELETE FROM pagamentos", "DELETE FROM sessoes", "DELETE FROM " + s.Own("deposits")} {
						s.Exec(t, query)
					}
				}
			})
		}
	})
}

// wantParts asserts that all parts are live with their marks, and nothing rests.
func wantParts(t *testing.T, s *studio, parts []part) {
	t.Helper()
	var want []string
	for i, p := range parts {
		if p.deposit {
			want = append(want, strconv.Itoa(i+1))
		}
	}
	if got := s.texts(t, "SELECT CAST(payment AS TEXT) FROM "+s.Own("deposits")+" WHERE marked AND month IS NULL AND amount IS NULL ORDER BY payment"); !slices.Equal(got, want) {
		t.Errorf("marked are %v, want %v", got, want)
	}
	if n := s.Int(t, "SELECT count(*) FROM "+s.Own("deposits")+" WHERE NOT marked OR month IS NOT NULL") + s.Int(t, "SELECT count(*) FROM "+s.Own("payments_at_rest")); n != 0 {
		t.Errorf("%d payments still rest", n)
	}
	if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != int64(len(parts)) {
		t.Errorf("%d payments are live, want %d", n, len(parts))
	}
}

// orders are all orders of these months.
func orders(months []books.Month) [][]books.Month {
	if len(months) < 2 {
		return [][]books.Month{months}
	}
	var all [][]books.Month
	for i, first := range months {
		for _, rest := range orders(slices.Concat(months[:i], months[i+1:])) {
			all = append(all, append([]books.Month{first}, rest...))
		}
	}
	return all
}

func TestMonths_of_a_session_close_and_reopen_in_every_order(t *testing.T) {
	for _, linked := range []string{"both", "payment"} {
		t.Run(linked, func(t *testing.T) {
			both(t, func(t *testing.T, s *studio) {
				s.Clock = noon(2026, time.January, 2)
				s.people(t)
				s.session(t, 1, "2025-12-10", "400.00", nil)
				c := byParts["two deposits and a balance in three months"]
				for i, p := range c.parts {
					s.record(t, i, p, linked)
				}
				before := s.dump(t, "pagamentos", "sessoes", "deposits", "payments_at_rest")
				for _, closes := range orders(quarter) {
					prints := map[books.Month]books.Fingerprint{}
					for _, m := range closes {
						prints[m] = s.close(t, m, false).Fingerprint
					}
					if home := s.homeOfSession(t, quarter); home != closes[2].String() {
						t.Fatalf("closed in the order %v, session 1 is in %q", closes, home)
					}
					s.wantWhole(t)
					for _, m := range closes[:2] { // the session rests elsewhere
						if e := s.refusesReopen(t, m, books.Refused, "linked_elsewhere"); !strings.Contains(e.Hint, closes[2].String()) {
							t.Errorf("the hint does not name %s: %s", closes[2], e.Hint)
						}
					}
					for _, reopens := range orders(closes[:2]) {
						for _, m := range append([]books.Month{closes[2]}, reopens...) {
							s.reopen(t, m)
						}
						wantSame(t, fmt.Sprintf("closed in the order %v, then %v reopened", closes, reopens), before, s.dump(t, "pagamentos", "sessoes", "deposits", "payments_at_rest"))
						for _, m := range closes {
							if r := s.close(t, m, false); r.Fingerprint != prints[m] {
								t.Errorf("%s closed again has another fingerprint", m)
							}
						}
					}
					for _, m := range slices.Backward(closes) {
						s.reopen(t, m)
					}
				}
			})
		})
	}
}

func TestA_completed_session_stays_for_a_live_payment_outside_the_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Clock = noon(2026, time.January, 2)
		s.people(t)
		s.session(t, 1, "2025-10-20", "400.00", nil)
		s.Exec(t, "UPDATE sessoes SET status = 'completed'")
		s.record(t, 0, part{"2025-10-03", "400.00", false}, "both")
		s.record(t, 1, part{"2025-11-03", "1.00", true}, "payment")
		s.close(t, october, false)
		if home := s.homeOfSession(t, quarter); home != "" {
			t.Errorf("session 1 is in %q, and a live payment names it", home)
		}
		s.close(t, october.Add(1), false)
		if home := s.homeOfSession(t, quarter); home != "2025-11" {
			t.Errorf("session 1 is in %q, want 2025-11", home)
		}
	})
}

func TestA_newer_link_stays_where_the_deposits_month_is_reopened(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Clock = noon(2026, time.January, 2)
		s.people(t)
		s.session(t, 1, "2025-11-29", "400.00", nil)
		s.record(t, 0, part{"2025-10-20", "100.00", true}, "both")
		first := s.close(t, october, false)
		s.wantRows(t, october, "pagamento 1", "vinculo 1")
		s.record(t, 1, part{"2025-11-29", "300.00", false}, "both")
		if r := s.reopen(t, october); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "sessao 1") || !strings.Contains(r.Notes[0], "newer link") {
			t.Errorf("notes are %q", r.Notes)
		}
		again := s.close(t, october, false)
		s.wantRows(t, october, "pagamento 1")
		if again.Fingerprint == first.Fingerprint {
			t.Error("the link is gone, and the fingerprint is the same")
		}
		november := october.Add(1)
		last := s.close(t, november, false)
		s.wantRows(t, november, "pagamento 2", "sessao 1")
		s.reopen(t, november)
		s.reopen(t, october)
		if r := s.close(t, october, false); r.Fingerprint != again.Fingerprint {
			t.Error("nothing changed, and October has another fingerprint")
		}
		if r := s.close(t, november, false); r.Fingerprint != last.Fingerprint {
			t.Error("nothing changed, and November has another fingerprint")
		}
		s.wantWhole(t)
	})
}

func TestA_payment_linked_to_two_sessions_is_not_damage(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Clock = noon(2026, time.January, 2)
		s.people(t)
		s.session(t, 1, "2025-11-29", "400.00", nil)
		s.session(t, 2, "2025-11-29", "400.00", nil)
		s.payment(t, 1, "2025-10-20", "100.00")
		s.Exec(t, "UPDATE sessoes SET payment_id = 1")
		s.close(t, october, false)
		s.wantWhole(t)
	})
}

func TestA_late_balance_takes_the_session_into_the_revision(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Clock = noon(2026, time.January, 2)
		s.people(t)
		s.session(t, 1, "2025-11-29", "400.00", nil)
		parts := []part{{"2025-10-20", "100.00", true}, {"2025-10-21", "100.00", true}, {"2025-10-31", "200.00", false}}
		s.record(t, 0, parts[0], "both")
		s.close(t, october, false)
		s.record(t, 1, parts[1], "payment")
		if late := s.month(t, october).Late; late != (books.Counts{Payments: 1}) {
			t.Errorf("late are %+v", late)
		}
		s.close(t, october, true)
		s.wantRows(t, october, "pagamento 1", "pagamento 2", "vinculo 1")
		s.record(t, 2, parts[2], "payment")
		if late := s.month(t, october).Late; late != (books.Counts{Payments: 1, Sessions: 1}) {
			t.Errorf("late are %+v", late)
		}
		s.close(t, october, true)
		s.wantRows(t, october, "pagamento 1", "pagamento 2", "pagamento 3", "sessao 1")
		if marks := depositsOf(s.statement(t, october).Rows); marks != "1 2" {
			t.Errorf("the statement marks %s", marks)
		}
		s.wantWhole(t)
		s.reopen(t, october)
		wantParts(t, s, parts)
		if n := s.Int(t, "SELECT payment_id FROM sessoes"); n != 1 {
			t.Errorf("session 1 points at %d", n)
		}
	})
}

func depositsOf(rows []books.Row) string {
	var marked []string
	for _, row := range rows {
		if p, ok := row.(*books.Payment); ok && bool(p.Deposit) {
			marked = append(marked, strconv.Itoa(int(p.ID)))
		}
	}
	return strings.Join(marked, " ")
}

func TestDeposits_come_into_a_new_database_with_their_months(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Clock = noon(2026, time.January, 2)
		s.people(t)
		s.session(t, 1, "2025-12-10", "400.00", nil)
		parts := byParts["two deposits and a balance in three months"].parts
		for i, p := range parts {
			s.record(t, i, p, "both")
		}
		prints := map[books.Month]books.Fingerprint{}
		for _, m := range quarter {
			prints[m] = s.close(t, m, false).Fingerprint
		}
		for _, restores := range orders(quarter) {
			now := func() time.Time { return s.Clock }
			to := &studio{DB: storetest.SQLite(t, now), Folder: s.Folder, Clock: s.Clock}
			if s.Store().Postgres() {
				to.DB = storetest.Postgres(t, now)
			}
			to.Closer = newCloser(t, to.Store(), to.Folder, now)
			for range 2 { // the second time sets the links that waited
				for _, m := range restores {
					to.restore(t, m)
				}
			}
			wantParts(t, to, parts)
			for _, m := range quarter {
				if r := to.close(t, m, false); r.Fingerprint != prints[m] {
					t.Errorf("restored in the order %v, %s has another fingerprint", restores, m)
				}
			}
			if home := to.homeOfSession(t, quarter); home != "2025-12" {
				t.Errorf("session 1 is in %q", home)
			}
		}
	})
}

func TestA_payment_that_is_live_again_does_not_count_twice(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Clock = noon(2026, time.January, 2)
		s.people(t)
		s.session(t, 1, "2025-12-10", "400.00", nil)
		s.record(t, 0, part{"2025-10-20", "200.00", true}, "both")
		s.close(t, october, false)
		s.Tamper(t, "DELETE FROM extratos") // as somebody did by hand, who then puts the row back
		if _, err := s.Restore(t.Context(), october, "", false, "test"); err != nil {
			t.Fatal(err)
		}
		s.close(t, october, true)
		if s.homeOfSession(t, quarter[1:]) != "" {
			t.Error("half of its price was taken for all of it")
		}
		if n := s.Int(t, "SELECT count(*) FROM "+s.Own("deposits")); n != 1 {
			t.Errorf("%d rows in deposits", n)
		}
	})
}
