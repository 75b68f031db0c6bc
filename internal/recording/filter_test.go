package recording_test

import (
	"fmt"
	"slices"
	"testing"

	"extrato/internal/books"
	"extrato/internal/store"
)

func TestSums_are_those_of_what_is_filtered(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Exec(t, "INSERT INTO clients (id, name) VALUES (5, 'Íris Conceição')")
		var ids []books.ID
		for i := range 6 {
			p := paid(fmt.Sprintf("2025-%02d-%02d", 10+i/3, 1+i), books.Money(10_10+i))
			switch i {
			case 1:
				p.ClientID, p.Method, p.ArtistID = books.RefTo(5), "Dinheiro", 2
			case 2:
				p.ClientID, p.Note = books.Ref{}, books.TextOf("CONCEICAO paga depois")
			case 4:
				p.SessionID = books.RefTo(s.sit(t, "2025-11-09"))
			}
			ids = append(ids, s.pay(t, p, books.Percent(i%2*50_00)))
		}
		for name, c := range map[string]struct {
			w    store.Wanted
			want []int
		}{
			"all":                {store.Wanted{}, []int{0, 1, 2, 3, 4, 5}},
			"month":              {store.Wanted{Month: october}, []int{0, 1, 2}},
			"days":               {store.Wanted{Filter: store.Filter{From: day("2025-10-02"), To: day("2025-11-04")}}, []int{1, 2, 3}},
			"method":             {store.Wanted{Filter: store.Filter{Method: "Dinheiro"}}, []int{1}},
			"client":             {store.Wanted{Filter: store.Filter{Client: 5}}, []int{1}},
			"artist":             {store.Wanted{Artist: 1, Month: october}, []int{0, 2}},
			"text":               {store.Wanted{Filter: store.Filter{Text: " conceiçÃo"}}, []int{1, 2}},
			"no such text":       {store.Wanted{Filter: store.Filter{Text: "%"}}, nil},
			"without commission": {store.Wanted{Filter: store.Filter{WithoutCommission: true}}, []int{0, 2, 4}},
			"without client":     {store.Wanted{Filter: store.Filter{WithoutClient: true}}, []int{2}},
			"without session":    {store.Wanted{Filter: store.Filter{WithoutSession: true, From: day("2025-11-01")}}, []int{3, 5}},
			"text and month":     {store.Wanted{Month: october, Filter: store.Filter{Text: "bia"}}, []int{0}},
		} {
			var want store.PaymentSums
			var wanted, got []books.ID
			for _, i := range c.want {
				amount := books.Money(10_10 + i)
				want.Number++
				want.Amount += amount
				want.Commissions += amount.Percent(books.Percent(i % 2 * 50_00))
				wanted = append(wanted, ids[i])
			}
			var sums store.PaymentSums
			err := s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
				if sums, err = tx.SumPayments(t.Context(), c.w); err != nil {
					return err
				}
				c.w.Kind, c.w.Limit = books.PaymentKind, 2
				for {
					rows, more, err := tx.ListRecords(t.Context(), c.w)
					if err != nil {
						return err
					}
					for _, row := range rows {
						got = append(got, row.Key())
					}
					if c.w.After = more; more == (store.Position{}) {
						return nil
					}
				}
			})
			slices.Sort(got)
			if err != nil || sums != want || !slices.Equal(got, wanted) {
				t.Errorf("%s: %+v of %v, want %+v of %v: %v", name, sums, got, want, wanted, err)
			}
		}
	})
}
