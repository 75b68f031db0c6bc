package closing_test

import (
	"reflect"
	"testing"

	"extrato/internal/closing"
)

func TestOne_month_is_described_as_in_the_list(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.v4Statement(t, september.Add(-2))
		s.close(t, september, false)
		s.payment(t, 50, "2025-09-02", "1.00")
		s.close(t, october, false)
		s.reopen(t, october)
		all, err := s.Months(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		states := map[closing.State]bool{}
		for _, want := range all {
			got, found, err := s.Month(t.Context(), want.Month)
			if err != nil || !found || !reflect.DeepEqual(got.MonthInfo, want) {
				t.Errorf("%+v, %v, %v, want %+v", got, found, err, want)
			}
			states[got.State] = true
		}
		if len(states) < 4 {
			t.Errorf("only states %v were tried", states)
		}
		if _, found, err := s.Month(t.Context(), november.Add(3)); found || err != nil {
			t.Errorf("a month to come without rows was found, %v", err)
		}
		s.payment(t, 51, "2026-02-01", "1.00")
		if got, found, err := s.Month(t.Context(), november.Add(3)); !found || err != nil || got.State != closing.Open || got.Counts.Payments != 1 {
			t.Errorf("%+v, %v, %v", got, found, err)
		}
	})
}
