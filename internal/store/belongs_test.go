package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

var errBack = errors.New("rolled back on purpose")

func TestWhat_belongs_to_a_month_is_what_the_plain_definition_says(t *testing.T) {
	defer store.ManyLater(2)() // so few are drawn that both ways are gone
	defer store.WalkPays(1)()
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		rapid.Check(t, func(rt *rapid.T) {
			s := drawSmall(rt, db.Path != "")
			s.put(t, db)
			withRows := map[books.Month]bool{}
			for _, month := range []books.Month{october.Add(-12), october.Add(-2), october.Add(-1), october, october.Add(1), october.Add(2)} {
				want := s.belongs(month)
				listed := false
				for name := range want {
					listed = listed || strings.HasPrefix(name, "pagamento") || strings.HasPrefix(name, "gasto") || strings.HasPrefix(name, "comissao")
				}
				if listed {
					withRows[month] = true
				}
				var counts books.Counts
				err := db.Store.Write(t.Context(), func(tx *store.Tx) error {
					got := map[string]bool{}
					counts = books.Counts{}
					rows, err := books.Collect(tx.MonthRows(t.Context(), month))
					if err != nil {
						return err
					}
					for _, row := range rows {
						if row.Kind() <= books.LinkKind {
							got[books.Describe(row)] = true
							counts.Add(row.Kind())
						}
					}
					if names(got) != names(want) {
						return fmt.Errorf("%s holds\n%s\nwant\n%s", month, names(got), names(want))
					}
					counted, err := tx.CountMonth(t.Context(), month)
					counted.Links = counts.Links
					if err != nil || counted != counts {
						return fmt.Errorf("%s counts %+v, its rows %+v: %w", month, counted, counts, err)
					}
					removed, err := storetest.Remove(t.Context(), tx, month)
					if err != nil || removed != counts {
						return fmt.Errorf("%s removed %+v, its rows were %+v: %w", month, removed, counts, err)
					}
					if s.malformed() {
						return errBack // such rows cannot be looked at
					}
					if left := live(t, tx); !slices.Equal(strings.Split(names(left), ", "), strings.Split(names(s.remaining(month)), ", ")) {
						return fmt.Errorf("after %s there remain\n%s\nwant\n%s", month, names(left), names(s.remaining(month)))
					}
					return errBack
				})
				if !errors.Is(err, errBack) {
					rt.Fatalf("%+v\n%v", s, err)
				}
			}
			var months []books.Month
			readMonths := func(tx *store.Tx) (err error) {
				months, err = tx.MonthsWithRows(t.Context())
				return err
			}
			if err := db.Store.Read(t.Context(), readMonths); err != nil {
				rt.Fatal(err)
			}
			if len(months) != len(withRows) || !slices.IsSortedFunc(months, func(a, b books.Month) int { return strings.Compare(a.String(), b.String()) }) {
				rt.Fatalf("months with rows are %v, want %v", months, withRows)
			}
			for _, m := range months {
				if !withRows[m] {
					rt.Fatalf("months with rows are %v, want %v", months, withRows)
				}
			}
		})
	})
}

func TestA_removed_month_commits(t *testing.T) {
	both(t, func(t *testing.T, db *storetest.DB) {
		people(t, db)
		s := small{
			payments:    []smallPayment{{day: "2025-10-01", session: 1}, {day: "2025-11-01", session: 2}, {day: "2025-10-31"}},
			sessions:    []smallSession{{"2025-09-28", 1, 0, "paid"}, {"2025-10-02", 3, 0, "paid"}, {"2025-10-02", 0, 0, "active"}},
			commissions: []smallCommission{{1, ""}, {2, "2025-10-05 00:00:00"}, {0, "2025-10-01 03:00:00.000000"}},
			expenses:    []string{"2025-10-31", "2025-09-30"},
		}
		s.put(t, db)
		write(t, db.Store, func(tx *store.Tx) error {
			_, err := storetest.Remove(t.Context(), tx, october)
			return err
		})
		read(t, db.Store, func(tx *store.Tx) error {
			if got, want := names(live(t, tx)), "comissao 2, gasto 2, pagamento 2, sessao 2, sessao 3"; got != want {
				t.Errorf("there remain %s, want %s", got, want)
			}
			return nil
		})
		if n := db.Int(t, "SELECT count(*) FROM sessoes WHERE payment_id IS NOT NULL"); n != 0 {
			t.Errorf("%d sessions are linked to what is gone", n)
		}
	})
}
