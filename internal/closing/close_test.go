package closing_test

import (
	"errors"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
)

func TestClose(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-03", "12.30")
		s.payment(t, 2, "2025-11-01", "450.00")
		before := s.live(t, october)
		r := s.close(t, october, false)
		if r.Outcome != closing.Closed || r.Fingerprint != before || r.Counts.Payments != 1 {
			t.Errorf("closed %+v, want the rows that were live", r)
		}
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 1 {
			t.Errorf("%d payments are live, want November's", n)
		}
		again, err := s.Close(t.Context(), october, closing.Options{}, "test")
		if !errors.Is(err, books.ErrClosed) || again.Fingerprint != r.Fingerprint || again.Outcome != closing.AlreadyClosed {
			t.Errorf("second close answers %+v, %v", again, err)
		}
		if _, err := s.Reopen(t.Context(), october, "test", "test"); err != nil {
			t.Fatal(err)
		}
		if s.live(t, october) != before {
			t.Error("reopen gave back other rows")
		}
		if again := s.close(t, october, false); again.Fingerprint != before || again.Revision != 2 {
			t.Errorf("closing again gives %+v", again)
		}
	})
}
