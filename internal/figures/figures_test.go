package figures_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/figures"
	"extrato/internal/logtest"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

var (
	now      = time.Date(2025, 11, 30, 12, 0, 0, 0, storetest.Zone)
	november = books.Month{Year: 2025, Month: time.November}
	october  = november.Add(-1)
)

type studio struct {
	*storetest.DB
	r      *recording.Recorder
	closer *closing.Closer
}

func both(t *testing.T, test func(*testing.T, *studio)) {
	t.Helper()
	clock := func() time.Time { return now }
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		schedule, err := books.ParseSchedule("0 2 1 * *")
		if err != nil {
			t.Fatal(err)
		}
		s := &studio{DB: db, r: &recording.Recorder{Store: db.Store, Now: clock}}
		s.closer = &closing.Closer{
			Store: db.Store, Schedule: schedule, RequireBackup: true, Now: clock, SpoolDir: t.TempDir(), Log: logtest.Quiet(t), IgnoreServerClock: true,
			Backups: &backup.Backups{Bucket: bucket.NewFolder(filepath.Join(t.TempDir(), "backups"), nil), Now: clock, Zone: storetest.Zone, Program: "test"},
		}
		db.Exec(t, `INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES
			(1, 'Ana', 'artist', TRUE, FALSE), (2, 'Rui', 'artist', TRUE, FALSE), (3, 'Eva', 'admin', TRUE, FALSE)`)
		test(t, s)
	})
}

func day(text string) books.Day {
	d, err := books.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

// pays writes a payment with a commission of half of it.
func (s *studio) pays(t testing.TB, on, method string, artist books.ID, amount books.Money) {
	t.Helper()
	half := books.Percent(50_00)
	if err := s.Store.Write(t.Context(), func(tx *store.Tx) error {
		_, err := s.r.AddPayment(t.Context(), tx, "user:3", recording.Entry{
			Payment: books.Payment{Date: day(on), Amount: amount, Method: books.String(method), ArtistID: artist},
			Percent: &half, Confirmed: recording.Questions(),
		})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func (s *studio) spends(t testing.TB, on string, amount books.Money, category string) {
	t.Helper()
	if err := s.Store.Write(t.Context(), func(tx *store.Tx) error {
		_, err := s.r.AddExpense(t.Context(), tx, "user:3", books.Expense{Date: day(on), Amount: amount, Method: "Pix", CreatedBy: 3, Description: books.TextOf("Tinta"), Category: books.TextOf(category)})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func read[T any](t testing.TB, s *studio, from func(context.Context, *store.Tx) (T, error)) (got T) {
	t.Helper()
	if err := s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
		got, err = from(t.Context(), tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func (s *studio) days(t testing.TB, first, last string) figures.Figures {
	return read(t, s, func(ctx context.Context, tx *store.Tx) (figures.Figures, error) {
		return figures.Days(ctx, tx, day(first), day(last))
	})
}

// sorted is what figures say, in one order.
func sorted(f figures.Figures) []string {
	var lines []string
	for _, s := range f {
		lines = append(lines, fmt.Sprintf("%+v", s))
	}
	slices.Sort(lines)
	return lines
}

func (s *studio) fill(t testing.TB) {
	t.Helper()
	for _, month := range []string{"2024-11", "2025-09", "2025-10", "2025-11"} {
		s.pays(t, month+"-01", "Pix", 1, 100_00)
		s.pays(t, month+"-01", "Pix", 1, 10_01)
		s.pays(t, month+"-15", "Dinheiro", 2, 50_00)
		s.pays(t, month+"-30", "Pix", 2, 7_00)
		s.spends(t, month+"-02", 1_11, "Material")
		s.spends(t, month+"-02", 2_22, "")
	}
	s.Exec(t, "INSERT INTO comissoes (artista_id, percentual, valor, created_at) VALUES (1, 50, 4.44, '2025-10-20 12:00:00.000000')")
}

func TestFigures_are_the_same_before_and_after_a_close(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fill(t)
		live := sorted(s.days(t, "2024-01-01", "2025-12-31"))
		for _, m := range []books.Month{november.Add(-12), october} {
			if _, err := s.closer.Close(t.Context(), m, closing.Options{}, "test"); err != nil {
				t.Fatal(err)
			}
			if got := sorted(s.days(t, "2024-01-01", "2025-12-31")); !slices.Equal(got, live) {
				t.Errorf("after closing %s:\n%v\nwant\n%v", m, got, live)
			}
		}
		if total := s.days(t, "2025-10-01", "2025-10-31").Total(); total != (figures.Sums{Revenue: 167_01, Commissions: 87_95, Expenses: 3_33, Number: 4}) || total.Net() != 75_73 {
			t.Errorf("October comes to %+v", total)
		}
		s.Exec(t, "INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, created_at) VALUES ('2025-10-05', 1000, 'Pix', 1, '2025-10-05 12:00:00.000000')") // late
		if got := sorted(s.days(t, "2024-01-01", "2025-12-31")); !slices.Equal(got, live) {
			t.Errorf("a late row counts: %v", got)
		}
		if _, err := s.closer.Close(t.Context(), october, closing.Options{Force: true}, "test"); err != nil {
			t.Fatal(err)
		}
		if total := s.days(t, "2025-10-05", "2025-10-05").Total(); total != (figures.Sums{Revenue: 1000_00, Number: 1}) {
			t.Errorf("after the revision the day comes to %+v", total)
		}
		revised := sorted(s.days(t, "2024-01-01", "2025-12-31"))
		if _, err := s.closer.Reopen(t.Context(), october, "teste", "test"); err != nil {
			t.Fatal(err)
		}
		if got := sorted(s.days(t, "2024-01-01", "2025-12-31")); !slices.Equal(got, revised) {
			t.Errorf("after reopening: %v, want %v", got, revised)
		}
		s.Exec(t, "DELETE FROM comissoes")
		s.Exec(t, "DELETE FROM pagamentos WHERE data BETWEEN '2025-10-01' AND '2025-10-31'")
		s.Exec(t, "DELETE FROM gastos WHERE data BETWEEN '2025-10-01' AND '2025-10-31'")
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		if got := s.days(t, "2025-10-01", "2025-10-31"); len(got) != 0 {
			t.Errorf("an empty month has %v", got)
		}
	})
}

func TestThe_audit_compares_the_figures_that_are_kept(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fill(t)
		s.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (8, 2025,
			'"[{\"id\":1,\"data\":\"2025-08-03\",\"artista_name\":\"Ana\",\"valor\":12.5,\"forma_pagamento\":\"Pix\"}]"', '"[]"', '"[]"', '"{}"')`)
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		if total := s.days(t, "2025-08-03", "2025-08-03").Total(); total != (figures.Sums{Revenue: 12_50, Number: 1}) {
			t.Errorf("v4's statement comes to %+v", total)
		}
		table := "month_sums"
		if s.Store.Postgres() {
			table = "extrato." + table
		}
		audit := func() closing.Audit {
			a, err := s.closer.VerifyChain(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		if a := audit(); !a.OK {
			t.Fatalf("%+v", a)
		}
		for _, spoil := range []struct{ do, undo string }{
			{"UPDATE %s SET revenue = revenue + 1 WHERE number > 0 AND day = '2025-10-15'", "UPDATE %s SET revenue = revenue - 1 WHERE number > 0 AND day = '2025-10-15'"},
			{"INSERT INTO %s VALUES ('2025-10', 1, '2025-10-09', 1, 'Pix', '', 1, 0, 0, 1)", "DELETE FROM %s WHERE day = '2025-10-09'"},
			{"UPDATE %s SET artist = 9 WHERE month = '2025-08'", "UPDATE %s SET artist = 0 WHERE month = '2025-08'"},
			{"DELETE FROM %s WHERE month = '2025-10'", ""},
		} {
			s.Exec(t, fmt.Sprintf(spoil.do, table))
			if a := audit(); a.OK || len(a.Problems) != 1 {
				t.Errorf("%s: %+v", spoil.do, a)
			}
			if problems, _, err := s.closer.VerifyStatement(t.Context(), october); err != nil || spoil.undo == "" && len(problems) != 1 {
				t.Errorf("%s: %v, %v", spoil.do, problems, err)
			}
			if spoil.undo != "" {
				s.Exec(t, fmt.Sprintf(spoil.undo, table))
			}
		}
	})
}

func TestThis_month_is_compared_with_the_same_days(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fill(t)
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		soFar := func(today string) figures.SoFar {
			return read(t, s, func(ctx context.Context, tx *store.Tx) (figures.SoFar, error) {
				return figures.MonthSoFar(ctx, tx, day(today))
			})
		}
		for today, want := range map[string][3]books.Money{
			"2025-11-14": {110_01, 110_01, 110_01}, "2025-11-15": {160_01, 160_01, 160_01}, "2025-11-30": {167_01, 167_01, 167_01},
			"2025-12-31": {0, 167_01, 0},
		} {
			f := soFar(today)
			if got := [3]books.Money{f.Now.Total().Revenue, f.LastMonth.Total().Revenue, f.LastYear.Total().Revenue}; got != want {
				t.Errorf("until %s: %v, want %v", today, got, want)
			}
		}
		f := soFar("2025-11-30").Now
		if m := f.ByMethod(); len(m) != 2 || m[0].Of != "Dinheiro" || m[0].Revenue != 50_00 || m[1].Revenue != 117_01 || m[1].Number != 3 {
			t.Errorf("by method: %+v", m)
		}
		if a := f.ByArtist(); len(a) != 2 || a[0].Of != 1 || a[0].Revenue != 110_01 || a[0].Commissions != 55_01 || a[1].Commissions != 28_50 {
			t.Errorf("by artist: %+v", a)
		}
		if d := f.ByDay(); len(d) != 4 || d[1].Of != day("2025-11-02") || d[1].Expenses != 3_33 {
			t.Errorf("by day: %+v", d)
		}
		months := read(t, s, func(ctx context.Context, tx *store.Tx) ([]figures.MonthSum, error) {
			return figures.Months(ctx, tx, november, 12)
		})
		if len(months) != 12 || months[0].Month != november.Add(-11) || months[10].Revenue != 167_01 || months[11].Net() != 167_01-83_51-3_33 || months[8].Revenue != 0 {
			t.Errorf("months: %+v", months)
		}
	})
}
