package recording_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// asks adds a payment that is asked about, which changes nothing, and returns
// what is asked.
func (s *studio) asks(t testing.TB, n recording.Entry, codes ...string) []recording.Question {
	t.Helper()
	var asked *recording.Asked
	s.refused(t, books.Refused, codes[0], func(ctx context.Context, tx *store.Tx) error {
		_, err := s.r.AddPayment(ctx, tx, eva, n)
		if !errors.As(err, &asked) {
			t.Fatalf("nothing is asked: %v", err)
		}
		return err
	})
	var got []string
	for _, q := range asked.Questions {
		got = append(got, q.Code)
	}
	if !slices.Equal(got, codes) {
		t.Errorf("asked %v, want %v", got, codes)
	}
	return asked.Questions
}

func (s *studio) adds(t testing.TB, n recording.Entry) recording.Done {
	t.Helper()
	var done recording.Done
	if err := s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
		done, err = s.r.AddPayment(ctx, tx, eva, n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return done
}

func TestAn_equal_payment_is_asked_about_once(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		first := s.adds(t, recording.Entry{Payment: paid("2025-11-01", 350_00)})
		same := recording.Entry{Payment: paid("2025-11-01", 350_00)}
		questions := s.asks(t, same, recording.EqualPayment)
		if q := questions[0].Equal; q == nil || q.ID != first.ID || !q.CreatedAt.Valid {
			t.Errorf("it names %+v, want payment %d", q, first.ID)
		}
		for name, other := range map[string]func(*books.Payment){
			"day":    func(p *books.Payment) { p.Date = day("2025-11-02") },
			"amount": func(p *books.Payment) { p.Amount++ },
			"method": func(p *books.Payment) { p.Method = "Dinheiro" },
			"artist": func(p *books.Payment) { p.ArtistID = 2 },
			"client": func(p *books.Payment) { p.ClientID = books.Ref{} },
		} {
			n := same
			other(&n.Payment)
			if done := s.adds(t, n); done.ID == 0 {
				t.Errorf("another %s: not added", name)
			}
			s.asks(t, n, recording.EqualPayment) // also without a client
		}
		same.Confirmed = []string{recording.EqualPayment}
		s.adds(t, same)
	})
}

func TestA_far_day_and_an_unusual_amount_are_asked_about(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		for i := range 5 {
			s.adds(t, recording.Entry{Payment: paid("2025-11-01", books.Money(300_00+i))})
		}
		for on, far := range map[string]bool{"2025-10-25": true, "2025-10-26": false, "2025-11-02": false, "2025-11-03": true} {
			n := recording.Entry{Payment: paid(on, 350_00)}
			if far {
				s.asks(t, n, recording.FarDay)
			} else {
				s.adds(t, n)
			}
		}
		large := recording.Entry{Payment: paid("2025-11-02", 3000_30)}
		if q := s.asks(t, large, recording.UnusualAmount)[0]; q.Usual != 300_03 {
			t.Errorf("usual is %s", q.Usual)
		}
		large.Amount = 2999_00
		s.adds(t, large)
		large.Amount, large.Date = 9000_00, day("2026-11-02")
		s.asks(t, large, recording.FarDay, recording.UnusualAmount)
		large.Confirmed = []string{recording.FarDay}
		s.asks(t, large, recording.UnusualAmount)
		large.ArtistID, large.Confirmed = 2, recording.Questions()[1:2] // nothing is usual for a newcomer
		s.adds(t, large)
	})
}

func TestOf_a_payment_that_is_corrected_only_what_is_new_is_asked_about(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		other := s.pay(t, paid("2025-11-01", 200_00), 0)
		id := s.pay(t, paid("2025-10-01", 100_00), 0)
		change := func(p books.Payment, confirmed ...string) func(context.Context, *store.Tx) error {
			p.ID = id
			return func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: confirmed}, nil))
			}
		}
		noted := paid("2025-10-01", 100_00)
		noted.Note = books.TextOf("troco")
		if err := s.write(t, change(noted)); err != nil {
			t.Errorf("its day has not changed: %v", err)
		}
		s.refused(t, books.Refused, recording.FarDay, change(paid("2025-10-02", 100_00)))
		s.refused(t, books.Refused, recording.EqualPayment, change(paid("2025-11-01", 200_00)))
		if err := s.write(t, change(paid("2025-11-01", 200_00), recording.EqualPayment)); err != nil {
			t.Error(err)
		}
		if other == id {
			t.Error("one payment")
		}
	})
}

func TestA_payment_in_a_closed_month_is_refused_before_anything_is_asked(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		s.refused(t, books.Refused, "month_closed", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.AddPayment(ctx, tx, eva, recording.Entry{Payment: paid("2025-10-02", 1_00)}))
		})
	})
}

func TestA_payment_without_a_percent_takes_the_artists_default(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		set := func(from string, percent books.Percent) {
			t.Helper()
			if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
				return s.r.SetArtistPercent(ctx, tx, 1, day(from), percent)
			}); err != nil {
				t.Fatal(err)
			}
		}
		set("2025-10-28", 50_00)
		set("2025-11-01", 55_00)
		set("2025-11-01", 60_00)
		set("2025-11-02", 0)
		zero, all := books.Percent(0), books.Percent(100_00)
		for _, c := range []struct {
			on      string
			given   *books.Percent
			artist  books.ID
			percent int64 // in hundredths; -1: no commission
		}{
			{"2025-10-27", nil, 1, -1}, {"2025-10-28", nil, 1, 5000}, {"2025-10-31", nil, 1, 5000}, {"2025-11-01", nil, 1, 6000},
			{"2025-11-02", nil, 1, -1}, {"2025-11-01", &zero, 1, -1}, {"2025-11-01", &all, 1, 10000}, {"2025-11-01", nil, 2, -1},
		} {
			p := paid(c.on, 10_00)
			p.ArtistID = c.artist
			done := s.adds(t, recording.Entry{Payment: p, Percent: c.given, Confirmed: recording.Questions()})
			if got := s.Int(t, "SELECT coalesce(max(CAST(round(percentual * 100) AS INTEGER)), -1) FROM comissoes WHERE pagamento_id = $1", int64(done.ID)); got != c.percent {
				t.Errorf("on %s artist %d got %d hundredths of a percent, want %d", c.on, c.artist, got, c.percent)
			}
		}
		s.refused(t, books.Invalid, "invalid_percent", func(ctx context.Context, tx *store.Tx) error {
			return s.r.SetArtistPercent(ctx, tx, 1, day("2025-11-01"), 100_01)
		})
		s.refused(t, books.Invalid, "unknown_artist", func(ctx context.Context, tx *store.Tx) error {
			return s.r.SetArtistPercent(ctx, tx, 4, day("2025-11-01"), 1)
		})
	})
}

func TestA_typed_name_is_a_client(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Exec(t, "INSERT INTO clients (id, name) VALUES (5, 'JOÃO DA SILVA'), (6, ' João da Silva'), (7, 'Ana  Paula')")
		if s.Store.Postgres() {
			s.Exec(t, "SELECT setval('clients_id_seq', 10)")
		}
		typed := func(name string) recording.Entry {
			n := sure(paid("2025-11-01", 1_00), 0)
			n.ClientID, n.Client = books.Ref{}, name
			return n
		}
		for name, want := range map[string]books.ID{
			" bia ": 1, "João da Silva": 6, "joão da silva": 5, "JOÃO DA SILVA": 5, "ana paula": 7, "Jo\u0061\u0303o da silva": 5,
		} {
			done := s.adds(t, typed(name))
			if p := get[*books.Payment](t, s, books.PaymentKind, done.ID); p.ClientID != books.RefTo(want) || done.Client != 0 {
				t.Errorf("%q is client %v, made %d; want %d", name, p.ClientID, done.Client, want)
			}
		}
		done := s.adds(t, typed("  Joao da Silva  ")) // without the accent it is somebody else
		if c := get[*books.Client](t, s, books.ClientKind, done.Client); c.Name != "Joao da Silva" {
			t.Errorf("%q was made", c.Name)
		}
		if p := get[*books.Payment](t, s, books.PaymentKind, done.ID); p.ClientID != books.RefTo(done.Client) {
			t.Errorf("the payment is %v's", p.ClientID)
		}
		if again := s.adds(t, typed("joao da silva")); again.Client != 0 {
			t.Errorf("client %d was made again", again.Client)
		}
		both := typed("Bia")
		both.ClientID = books.RefTo(1)
		s.refused(t, books.Invalid, "client_twice", func(ctx context.Context, tx *store.Tx) error { return only(s.r.AddPayment(ctx, tx, eva, both)) })
		late := typed("Nova")
		late.ArtistID = 4
		s.refused(t, books.Invalid, "unknown_artist", func(ctx context.Context, tx *store.Tx) error { return only(s.r.AddPayment(ctx, tx, eva, late)) })
		unsure := typed("Nova")
		unsure.Confirmed, unsure.Date = nil, day("2025-01-01")
		s.asks(t, unsure, recording.FarDay) // a question makes no client
	})
}

func TestA_deposit_makes_its_session(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		n := sure(paid("2025-11-01", 200_00), 0)
		n.Deposit = true
		no := func(code string, n recording.Entry) {
			t.Helper()
			s.refused(t, books.Invalid, code, func(ctx context.Context, tx *store.Tx) error { return only(s.r.AddPayment(ctx, tx, eva, n)) })
		}
		no("missing_session", n)
		n.Session = &recording.NewSession{Date: day("2025-11-12"), Price: 800_00}
		nobody := n
		nobody.ClientID = books.Ref{}
		no("missing_client", nobody)
		nobody.Client = "Nova"
		done := s.adds(t, nobody)
		session := get[*books.Session](t, s, books.SessionKind, done.Session)
		if session.Date != day("2025-11-12") || session.Amount != 800_00 || session.ClientID != done.Client || session.ArtistID != 1 || session.PaymentID != books.RefTo(done.ID) {
			t.Errorf("the session is %+v", session)
		}
		if p := get[*books.Payment](t, s, books.PaymentKind, done.ID); p.SessionID != books.RefTo(done.Session) || p.ClientID != books.RefTo(done.Client) {
			t.Errorf("the payment is %+v", p)
		}
		n.Deposit = false
		no("needless_session", n)
		n.Deposit, n.SessionID = true, books.RefTo(done.Session)
		no("needless_session", n)
		n.Session = nil
		if more := s.adds(t, n); more.Session != 0 {
			t.Errorf("session %d was made", more.Session)
		}
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.CompleteSession(ctx, tx, eva, done.Session, nil))
		}); err != nil {
			t.Error(err)
		}
		if got := get[*books.Session](t, s, books.SessionKind, done.Session); got.Status != books.TextOf("completed") {
			t.Errorf("its status is %s", got.Status.V)
		}
	})
}

func TestA_split_comes_to_the_centavo(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		id := s.pay(t, paid("2025-11-01", 100_01), 50_00)
		split := func(shares ...recording.Share) func(context.Context, *store.Tx) error {
			return func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.SplitPayment(ctx, tx, eva, id, shares, nil))
			}
		}
		if err := s.write(t, split(recording.Share{Artist: 2, Percent: 50_00}, recording.Share{Artist: 1, Percent: 50_00, Note: books.TextOf("linha")})); err != nil {
			t.Fatal(err)
		}
		var list []*books.Commission
		read := func() {
			t.Helper()
			if err := s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
				list, err = tx.CommissionsOf(t.Context(), id)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if read(); len(list) != 2 || list[0].ID != 1 || list[0].ArtistID != 1 || list[0].Amount != 50_01 || list[0].Note != books.TextOf("linha") || list[1].ArtistID != 2 || list[1].Amount != 50_00 {
			t.Errorf("the commissions are %+v %+v", list[0], list[1])
		}
		p := paid("2025-11-01", 33_33)
		p.ID = id
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, nil))
		}); err != nil {
			t.Fatal(err)
		}
		if read(); list[0].Amount+list[1].Amount != 33_33 {
			t.Errorf("%s and %s are not 33.33", list[0].Amount, list[1].Amount)
		}
		s.refused(t, books.Invalid, "over_100_percent", split(recording.Share{Artist: 1, Percent: 60_00}, recording.Share{Artist: 2, Percent: 40_01}))
		s.refused(t, books.Invalid, "artist_twice", split(recording.Share{Artist: 1, Percent: 1}, recording.Share{Artist: 1, Percent: 1}))
		s.refused(t, books.Invalid, "over_100_percent", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.AddCommission(ctx, tx, eva, books.Commission{PaymentID: books.RefTo(id), Percent: 1}))
		})
		s.refused(t, books.Invalid, "over_100_percent", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangeCommission(ctx, tx, eva, books.Commission{ID: list[0].ID, ArtistID: 1, Percent: 50_01}, nil))
		})
		if err := s.write(t, split(recording.Share{Artist: 2, Percent: 10_00})); err != nil {
			t.Fatal(err)
		}
		if read(); len(list) != 1 || list[0].ArtistID != 2 || list[0].Amount != 3_33 {
			t.Errorf("the commissions are %+v", list)
		}
		if err := s.write(t, split()); err != nil {
			t.Fatal(err)
		}
		if read(); len(list) != 0 {
			t.Errorf("%d commissions are left", len(list))
		}
	})
}
