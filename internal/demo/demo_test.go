package demo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/demo"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func at(year int, month time.Month, day, hour int) time.Time {
	return time.Date(year, month, day, hour, 0, 1, 0, storetest.Zone)
}

// clocks are moments at which a studio might be made: the edges of months and
// years, a leap day, any day.
var clocks = []time.Time{
	at(2026, time.November, 24, 15), at(2026, time.November, 1, 0), at(2026, time.December, 31, 23),
	at(2027, time.January, 1, 0), at(2028, time.February, 29, 12), at(2028, time.March, 31, 23), at(2025, time.July, 2, 8),
}

func everyClock(t *testing.T, test func(*testing.T, time.Time)) {
	for _, now := range clocks {
		t.Run(now.Format("2006-01-02"), func(t *testing.T) { test(t, now) })
	}
}

func of[R books.Row](rows []books.Row) []R {
	var found []R
	for _, row := range rows {
		if r, ok := row.(R); ok {
			found = append(found, r)
		}
	}
	return found
}

func TestRows_are_the_same_every_time(t *testing.T) {
	everyClock(t, func(t *testing.T, now time.Time) {
		if !slices.EqualFunc(demo.Rows(now), demo.Rows(now), books.Equal) {
			t.Error("two studios made at one moment differ")
		}
		last := books.MonthOf(now).End(storetest.Zone).Add(-time.Second)
		ended := func(rows []books.Row) []books.Row {
			return slices.DeleteFunc(rows, func(row books.Row) bool {
				p, ok := row.(*books.Payment)
				return !ok || !p.Date.Month().EndedBy(now)
			})
		}
		if !slices.EqualFunc(ended(demo.Rows(now)), ended(demo.Rows(last)), books.Equal) {
			t.Error("the months that ended look different later in the same month")
		}
	})
}

func TestRows_are_made_near_their_day_and_never_in_the_future(t *testing.T) {
	everyClock(t, func(t *testing.T, now time.Time) {
		near := func(row books.Row, created books.NullInstant, day books.Day, before time.Duration) {
			from, to := day.In(storetest.Zone).Add(-before), day.In(storetest.Zone).Add(24*time.Hour)
			if made := created.V.Time(); !created.Valid || made.After(now) || made.Before(from) || made.After(to) {
				t.Errorf("%s of %s was made at %s, now is %s", books.Describe(row), day, made, now)
			}
		}
		const week = 7 * 24 * time.Hour
		for _, row := range demo.Rows(now) {
			switch r := row.(type) {
			case *books.Payment:
				near(r, r.CreatedAt, r.Date, 0)
			case *books.Session:
				near(r, r.CreatedAt, r.Date, 14*week) // over the month in which the studio is closed
			case *books.Expense:
				near(r, r.CreatedAt, r.Date, 0)
			case *books.Commission:
				if r.CreatedAt.V.Time().After(now) {
					t.Errorf("%s was made in the future", books.Describe(r))
				}
			}
		}
	})
}

// monthOf counts what belongs to each month.
func perMonth(rows []books.Row) map[books.Month]int {
	n := map[books.Month]int{}
	payments := map[books.ID]*books.Payment{}
	for _, p := range of[*books.Payment](rows) {
		payments[p.ID] = p
		n[p.Date.Month()]++
	}
	for _, e := range of[*books.Expense](rows) {
		n[e.Date.Month()]++
	}
	for _, c := range of[*books.Commission](rows) {
		if c.PaymentID.Valid {
			n[payments[c.PaymentID.V].Date.Month()]++
		} else {
			n[books.MonthOf(c.CreatedAt.V.Time().In(storetest.Zone))]++
		}
	}
	for _, s := range of[*books.Session](rows) {
		if s.PaymentID.Valid {
			n[payments[s.PaymentID.V].Date.Month()]++
		}
	}
	return n
}

func TestRows_fill_thirteen_months_but_one(t *testing.T) {
	everyClock(t, func(t *testing.T, now time.Time) {
		n := perMonth(demo.Rows(now))
		empty := 0
		for m := demo.First(now); m.EndedBy(now); m = m.Add(1) {
			switch {
			case n[m] == 0:
				empty++
			case n[m] < 55 || n[m] > 135:
				t.Errorf("%s has %d rows, want about 60 to 120", m, n[m])
			}
			delete(n, m)
		}
		delete(n, books.MonthOf(now))
		if empty != 1 || len(n) > 0 {
			t.Errorf("%d months are empty, want 1; other months with rows: %v", empty, n)
		}
	})
}

func TestRows_have_what_real_books_have(t *testing.T) {
	now := clocks[0]
	rows := demo.Rows(now)
	payments := map[books.ID]*books.Payment{}
	paidIn := map[books.ID]map[books.Month]bool{}
	methods := map[books.String]int{}
	withCommission, earners := map[books.ID]bool{}, map[books.ID]bool{}
	for _, p := range of[*books.Payment](rows) {
		payments[p.ID] = p
		methods[p.Method]++
		earners[p.ArtistID] = true
		if p.Amount < 10_00 || p.Amount > 3_000_00 {
			t.Errorf("payment %d over %s is not plausible", p.ID, p.Amount.People())
		}
		if p.SessionID.Valid {
			if paidIn[p.SessionID.V] == nil {
				paidIn[p.SessionID.V] = map[books.Month]bool{}
			}
			paidIn[p.SessionID.V][p.Date.Month()] = true
		}
	}
	for _, c := range of[*books.Commission](rows) {
		withCommission[c.ArtistID] = true
		if c.PaymentID.Valid && (c.Percent < 30_00 || c.Percent > 60_00 || c.Amount != payments[c.PaymentID.V].Amount.Percent(c.Percent)) {
			t.Errorf("commission %d is %s %% and %s of %s", c.ID, c.Percent, c.Amount, payments[c.PaymentID.V].Amount)
		}
	}
	if len(earners)-len(withCommission) != 1 {
		t.Errorf("%d artists earn, %d get a commission, want all but one", len(earners), len(withCommission))
	}
	for _, m := range []books.String{"Pix", "Dinheiro", "Cartão de Crédito", "Cartão de Débito", "Outros"} {
		if methods[m] == 0 {
			t.Errorf("nobody pays by %s", m)
		}
	}
	unpaid, keptByDeposit, keptByBalance := 0, 0, 0
	for _, s := range of[*books.Session](rows) {
		switch {
		case !s.PaymentID.Valid:
			unpaid++
		case len(paidIn[s.ID]) == 2 && payments[s.PaymentID.V].Date.Month() == s.Date.Month():
			keptByBalance++
		case len(paidIn[s.ID]) == 2:
			keptByDeposit++
		}
	}
	if unpaid < 10 || keptByDeposit < 5 || keptByBalance < 5 {
		t.Errorf("%d unpaid sessions, %d and %d paid in two months, want some of each", unpaid, keptByDeposit, keptByBalance)
	}
	hasOddTexts(t, rows)
}

func hasOddTexts(t *testing.T, rows []books.Row) {
	t.Helper()
	var texts strings.Builder
	for _, row := range rows {
		for _, v := range row.AppendValues(nil) {
			texts.Write(v.AppendText(nil))
		}
	}
	for _, s := range []string{"💜", `"`, "\n", ";", "ã", "山", "'"} {
		if !strings.Contains(texts.String(), s) {
			t.Errorf("no text has %q", s)
		}
	}
}

func TestFill_puts_exactly_these_rows_into_an_empty_database(t *testing.T) {
	now := clocks[0]
	storetest.Both(t, func() time.Time { return now }, func(t *testing.T, db *storetest.DB) {
		if first, err := demo.FirstOf(t.Context(), db.Store); err != nil || !first.IsZero() {
			t.Errorf("an empty database is a demo of %s, %v", first, err)
		}
		if err := demo.Fill(t.Context(), db.Store, now); err != nil {
			t.Fatal(err)
		}
		if first, err := demo.FirstOf(t.Context(), db.Store); err != nil || first != demo.First(now) {
			t.Errorf("the demo begins with %s, %v", first, err)
		}
		var want, have books.Counts
		for _, row := range demo.Rows(now) {
			want.Add(row.Kind())
		}
		for table, n := range map[string]int64{"pagamentos": want.Payments, "sessoes": want.Sessions, "comissoes": want.Commissions, "gastos": want.Expenses} {
			if live := db.Int(t, "SELECT count(*) FROM "+table); live != n {
				t.Errorf("%s has %d rows, want %d", table, live, n)
			}
		}
		err := db.Store.Read(t.Context(), func(tx *store.Tx) error {
			if from, err := tx.Setting(t.Context(), store.CloseFrom); err != nil || from != demo.First(now).String() {
				t.Errorf("the schedule begins with %q, %v", from, err)
			}
			months, err := tx.MonthsWithRows(t.Context())
			for _, m := range months {
				for row, err := range tx.MonthRows(t.Context(), m) {
					if err != nil {
						return err
					}
					have.Add(row.Kind())
				}
			}
			return err
		})
		// A session that is paid in two months belongs to neither yet.
		have.Sessions, have.Links = want.Sessions, 0
		if err != nil || have != want {
			t.Errorf("the months hold %+v, %v, want %+v", have, err, want)
		}
	})
}
