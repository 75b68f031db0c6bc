package recording_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recording"
	"extrato/internal/store"
)

func TestA_payment_brings_its_commission_and_its_session(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		session := s.sit(t, "2025-10-31")
		p := paid("2025-11-01", 333_33)
		p.SessionID = books.RefTo(session)
		id := s.pay(t, p, 33_33)
		if got := get[*books.Session](t, s, books.SessionKind, session); got.PaymentID != books.RefTo(id) || got.Status != books.TextOf("paid") {
			t.Errorf("the session is %+v", got)
		}
		got := get[*books.Payment](t, s, books.PaymentKind, id)
		if got.SessionID != books.RefTo(session) || got.SessionDate.V != day("2025-10-31") || got.ClientName != books.TextOf("Bia") || got.ArtistName != books.TextOf("Ana") {
			t.Errorf("the payment is %+v", got)
		}
		c := get[*books.Commission](t, s, books.CommissionKind, 1)
		if c.PaymentID != books.RefTo(id) || c.ArtistID != 1 || c.Percent != 33_33 || c.Amount != 111_10 { // 111.098889
			t.Errorf("the commission is %+v", c)
		}
	})
}

func TestBlank_or_negative_percent_makes_no_commission_and_more_than_all_is_refused(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.pay(t, paid("2025-11-01", 100_00), 0)
		s.pay(t, paid("2025-11-01", 100_00), -5_00)
		if n := s.Int(t, "SELECT count(*) FROM comissoes"); n != 0 {
			t.Errorf("%d commissions were made", n)
		}
		s.refused(t, books.Invalid, "invalid_percent", func(ctx context.Context, tx *store.Tx) error {
			_, err := s.r.AddPayment(ctx, tx, eva, sure(paid("2025-11-01", 100_00), 100_01))
			return err
		})
		s.pay(t, paid("2025-11-01", 1), 50_00) // half a centavo goes up
		if c := get[*books.Commission](t, s, books.CommissionKind, 1); c.Amount != 1 {
			t.Errorf("half a centavo became %s", c.Amount)
		}
	})
}

func TestA_payment_that_is_none_is_refused(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		event := paid("2025-11-01", 1_00)
		event.GoogleEventID = books.TextOf("evento")
		s.pay(t, event, 0)
		for code, spoil := range map[string]func(*books.Payment){
			"invalid_day":     func(p *books.Payment) { p.Date = day("1999-12-31") },
			"invalid_amount":  func(p *books.Payment) { p.Amount = -1 },
			"missing_method":  func(p *books.Payment) { p.Method = " " },
			"text_too_long":   func(p *books.Payment) { p.Note = books.TextOf(strings.Repeat("ç", 256)) },
			"invalid_text":    func(p *books.Payment) { p.Note = books.TextOf("a\x00b") },
			"unknown_artist":  func(p *books.Payment) { p.ArtistID = 4 },
			"unknown_client":  func(p *books.Payment) { p.ClientID = books.RefTo(99) },
			"unknown_session": func(p *books.Payment) { p.SessionID = books.RefTo(99) },
		} {
			p := paid("2025-11-01", 1_00)
			spoil(&p)
			s.refused(t, books.Invalid, code, func(ctx context.Context, tx *store.Tx) error {
				_, err := s.r.AddPayment(ctx, tx, eva, sure(p, 0))
				return err
			})
		}
		for _, bad := range []books.Text{books.TextOf("\xff")} {
			p := paid("2025-11-01", 1_00)
			p.Note = bad
			s.refused(t, books.Invalid, "invalid_text", func(ctx context.Context, tx *store.Tx) error {
				_, err := s.r.AddPayment(ctx, tx, eva, sure(p, 0))
				return err
			})
		}
		s.refused(t, books.Conflict, "event_taken", func(ctx context.Context, tx *store.Tx) error {
			_, err := s.r.AddPayment(ctx, tx, eva, sure(event, 0))
			return err
		})
		long := paid("2025-11-01", recording.MaxAmount)
		long.Note, long.Method = books.TextOf(strings.Repeat("ç", 255)), books.String(strings.Repeat("é", 50))
		s.pay(t, long, 100_00)
	})
}

func TestCommissions_follow_their_payment(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		id := s.pay(t, paid("2025-11-01", 100_00), 60_00)
		p := paid("2025-11-01", 200_01)
		p.ID, p.ArtistID = id, 2
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, nil))
		}); err != nil {
			t.Fatal(err)
		}
		if c := get[*books.Commission](t, s, books.CommissionKind, 1); c.Amount != 120_01 || c.ArtistID != 2 {
			t.Errorf("the commission is %+v", c)
		}
		err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangeCommission(ctx, tx, eva, books.Commission{ID: 1, ArtistID: 2, Percent: 10_00}, nil))
		})
		if c := get[*books.Commission](t, s, books.CommissionKind, 1); err != nil || c.Amount != 20_00 {
			t.Errorf("the commission is %+v, %v", c, err)
		}
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error { return only(s.r.RemovePayment(ctx, tx, eva, id, nil)) }); err != nil {
			t.Fatal(err)
		}
		if n := s.Int(t, "SELECT count(*) FROM comissoes") + s.Int(t, "SELECT count(*) FROM pagamentos"); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}

func TestA_deposit_and_a_balance_share_a_session(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		session := s.sit(t, "2025-11-01")
		deposit, balance := paid("2025-10-20", 100_00), paid("2025-11-01", 350_00)
		deposit.SessionID, balance.SessionID = books.RefTo(session), books.RefTo(session)
		first, second := s.pay(t, deposit, 0), s.pay(t, balance, 0)
		points := func(payment books.Ref, status string) {
			t.Helper()
			if got := get[*books.Session](t, s, books.SessionKind, session); got.PaymentID != payment || got.Status != books.TextOf(status) {
				t.Errorf("the session points at %v and is %s, want %v and %s", got.PaymentID, got.Status.V, payment, status)
			}
		}
		points(books.RefTo(second), "paid")
		s.refused(t, books.Conflict, "session_paid", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.RemoveSession(ctx, tx, eva, session, nil))
		})
		remove := func(id books.ID) {
			t.Helper()
			if err := s.write(t, func(ctx context.Context, tx *store.Tx) error { return only(s.r.RemovePayment(ctx, tx, eva, id, nil)) }); err != nil {
				t.Fatal(err)
			}
		}
		remove(second)
		points(books.RefTo(first), "paid")
		remove(first)
		points(books.Ref{}, "active")
		third := s.pay(t, balance, 0)
		points(books.RefTo(third), "paid")
		alone := paid("2025-11-01", 350_00)
		alone.ID = third
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: alone, Confirmed: recording.Questions()}, nil))
		}); err != nil {
			t.Fatal(err)
		}
		points(books.Ref{}, "active")
	})
}

func TestThe_deposits_month_closes_and_the_balance_keeps_its_link(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		session := s.sit(t, "2025-11-01")
		deposit, balance := paid("2025-10-20", 100_00), paid("2025-11-01", 350_00)
		deposit.SessionID, balance.SessionID = books.RefTo(session), books.RefTo(session)
		s.pay(t, deposit, 0)
		second := s.pay(t, balance, 0)
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		if got := get[*books.Session](t, s, books.SessionKind, session); got.PaymentID != books.RefTo(second) {
			t.Errorf("the session lost its balance: %+v", got)
		}
		if _, err := s.closer.Reopen(t.Context(), october, "teste", "test"); err != nil {
			t.Error(err)
		}
	})
}

func TestA_session_linked_to_a_payment_that_does_not_name_it_is_refused(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		session, other := s.sit(t, "2025-11-01"), s.pay(t, paid("2025-11-01", 1_00), 0)
		s.Exec(t, "UPDATE sessoes SET payment_id = $1 WHERE id = $2", int64(other), int64(session))
		s.refused(t, books.Conflict, "session_linked", func(ctx context.Context, tx *store.Tx) error {
			p := paid("2025-11-01", 1_00)
			p.SessionID = books.RefTo(session)
			_, err := s.r.AddPayment(ctx, tx, eva, sure(p, 0))
			return err
		})
	})
}

func TestPeople_who_are_named_stay(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.pay(t, paid("2025-11-01", 1), 0)
		s.refused(t, books.Conflict, "client_in_use", func(ctx context.Context, tx *store.Tx) error { return only(s.r.RemoveClient(ctx, tx, eva, 1, nil)) })
		s.refused(t, books.Conflict, "artist_in_use", func(ctx context.Context, tx *store.Tx) error { return only(s.r.RemoveArtist(ctx, tx, eva, 1, nil)) })
		s.refused(t, books.NotFound, "no_artist", func(ctx context.Context, tx *store.Tx) error { return only(s.r.RemoveArtist(ctx, tx, eva, 3, nil)) })
		s.refused(t, books.Conflict, "email_taken", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangeArtist(ctx, tx, eva, recording.Artist{ID: 2, Name: "Rui", Email: "EVA@studio.test"}, nil))
		})
		err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			caio, err := s.r.AddClient(ctx, tx, eva, books.Client{Name: "Caio"})
			if err == nil {
				_, err = s.r.RemoveClient(ctx, tx, eva, caio.ID, nil)
			}
			if err == nil {
				_, err = s.r.RemoveArtist(ctx, tx, eva, 2, nil)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestLists_go_on_without_twice_or_never(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		var want []books.ID
		for i := range 23 {
			p := paid(fmt.Sprintf("2025-11-%02d", 1+i%2), 1_00) // all made in one moment: ties everywhere
			want = append(want, s.pay(t, p, 0))
		}
		s.Exec(t, "UPDATE pagamentos SET created_at = NULL WHERE id IN (3, 4, 5)")
		s.Exec(t, "UPDATE pagamentos SET created_at = '2025-11-01 10:00:00' WHERE id IN (6, 7, 8)") // as people write it
		var got []books.ID
		w := store.Wanted{Kind: books.PaymentKind, Limit: 4}
		for {
			var rows []books.Row
			err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
				var err error
				rows, w.After, err = tx.ListRecords(t.Context(), w)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if slices.Contains(want, row.Key()) {
					got = append(got, row.Key())
				}
			}
			if w.After == (store.Position{}) {
				break
			}
			if !w.After.Valid(books.PaymentKind) {
				t.Fatalf("%+v is not valid", w.After)
			}
			s.pay(t, paid("2025-11-01", 2_00), 0) // others write meanwhile
			s.pay(t, paid("2025-11-02", 2_00), 0)
			if len(got) > 40 {
				t.Fatal("the list has no end")
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
