package recording_test

import (
	"context"
	"testing"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

func percent(p books.Percent) *books.Percent { return &p }

func TestA_correction_may_change_the_percent(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		p := paid("2025-11-01", 350_00)
		p.ID = s.pay(t, p, 60_00)
		correct := func(e recording.Entry) func(context.Context, *store.Tx) error {
			e.ID, e.Confirmed = p.ID, recording.Questions()
			return func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangePayment(ctx, tx, eva, e, nil))
			}
		}
		commission := func(amount books.Money, wanted books.Percent, of int) {
			t.Helper()
			n := s.Int(t, "SELECT count(*) FROM comissoes")
			if wanted == 0 {
				if n != 0 {
					t.Errorf("%d commissions", n)
				}
				return
			}
			got := s.Int(t, "SELECT CAST(round(valor * 100) AS BIGINT) FROM comissoes")
			if n != 1 || got != int64(amount) || s.Int(t, "SELECT CAST(round(percentual * 100) AS BIGINT) FROM comissoes") != int64(wanted) || s.Int(t, "SELECT artista_id FROM comissoes") != int64(of) {
				t.Errorf("%d commissions, the first of %d", n, got)
			}
		}
		apply := func(e recording.Entry) {
			t.Helper()
			if err := s.write(t, correct(e)); err != nil {
				t.Fatal(err)
			}
		}
		p.Amount = 400_00
		apply(recording.Entry{Payment: p}) // no percent: the commission follows
		commission(240_00, 60_00, 1)
		apply(recording.Entry{Payment: p, Percent: percent(50_00)})
		commission(200_00, 50_00, 1)
		p.ArtistID = 2
		apply(recording.Entry{Payment: p, Percent: percent(25_00)})
		commission(100_00, 25_00, 2)
		apply(recording.Entry{Payment: p, Percent: percent(0)})
		commission(0, 0, 0)
		apply(recording.Entry{Payment: p, Percent: percent(10_00)})
		commission(40_00, 10_00, 2)
		s.refused(t, books.Invalid, "invalid_percent", correct(recording.Entry{Payment: p, Percent: percent(100_01)}))

		s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.SplitPayment(ctx, tx, eva, p.ID, []recording.Share{{Artist: 1, Percent: 10_00}, {Artist: 2, Percent: 20_00}}, nil)
		})
		s.refused(t, books.Refused, "commission_split", correct(recording.Entry{Payment: p, Percent: percent(30_00)}))
		apply(recording.Entry{Payment: p})
		s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.SplitPayment(ctx, tx, eva, p.ID, []recording.Share{{Artist: 1, Percent: 10_00}}, nil)
		})
		s.refused(t, books.Refused, "commission_split", correct(recording.Entry{Payment: p, Percent: percent(0)}))
	})
}

func TestA_correction_may_name_a_client_and_make_a_session(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		p := paid("2025-11-01", 200_00)
		p.ID = s.pay(t, p, 60_00)
		before := s.dump(t)
		correct := func(e recording.Entry) func(context.Context, *store.Tx) (recording.Done, error) {
			return func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
				return s.r.ChangePayment(ctx, tx, eva, e, nil)
			}
		}
		p.ClientID = books.Ref{}
		if done := s.do(t, correct(recording.Entry{Payment: p, Client: " BIA "})); done.Client != 0 || get[*books.Payment](t, s, books.PaymentKind, p.ID).ClientID != books.RefTo(1) {
			t.Error("a client of this name exists")
		}
		e := recording.Entry{Payment: p, Client: "Nova", Session: &recording.NewSession{Date: day("2025-11-20"), Price: 900_00}}
		s.refused(t, books.Invalid, "needless_session", failing(correct(e)))
		e.Deposit = true
		nobodys := e
		nobodys.Client = ""
		s.refused(t, books.Invalid, "missing_client", failing(correct(nobodys)))
		without := e
		without.Session = nil
		s.refused(t, books.Invalid, "missing_session", failing(correct(without)))

		done := s.do(t, correct(e))
		session := get[*books.Session](t, s, books.SessionKind, done.Session)
		now := get[*books.Payment](t, s, books.PaymentKind, p.ID)
		if now.ClientID != books.RefTo(done.Client) || now.SessionID != books.RefTo(done.Session) || !bool(now.Deposit) || session.ClientID != done.Client || session.PaymentID != books.RefTo(p.ID) {
			t.Errorf("payment %+v, session %+v", now, session)
		}
		s.do(t, s.undo(done.Change))
		s.do(t, s.undo(done.Change-1))
		if after := s.dump(t); after != before {
			t.Errorf("undone, the books are\n%s\nwere\n%s", after, before)
		}
	})
}
