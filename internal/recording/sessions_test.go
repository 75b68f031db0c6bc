package recording_test

import (
	"context"
	"testing"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// situation returns what the receipts make of a live session.
func (s *studio) situation(t testing.TB, id books.ID) (of books.Situation, received, owed books.Money) {
	t.Helper()
	row := get[*books.Session](t, s, books.SessionKind, id)
	err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Receipts(t.Context(), []books.ID{id})
		received = all[id].Sum()
		of, owed = row.Situation(all[id]), row.Owed(received)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return of, received, owed
}

func TestA_typed_name_is_a_sessions_client(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		add := func(e recording.SessionEntry) (done recording.Done, err error) {
			e.Date, e.Amount, e.ArtistID = day("2025-11-20"), 450_00, 1
			err = s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
				done, err = s.r.AddSession(ctx, tx, eva, e)
				return err
			})
			return done, err
		}
		known, err := add(recording.SessionEntry{Client: " BIA "})
		if err != nil || known.Client != 0 || get[*books.Session](t, s, books.SessionKind, known.ID).ClientID != 1 {
			t.Errorf("%+v, %v", known, err)
		}
		made, err := add(recording.SessionEntry{Client: "Zoë"})
		if err != nil || made.Client == 0 || get[*books.Session](t, s, books.SessionKind, made.ID).ClientID != made.Client {
			t.Errorf("%+v, %v", made, err)
		}
		no := func(code string, e recording.SessionEntry) {
			t.Helper()
			e.Date, e.Amount, e.ArtistID = day("2025-11-20"), 450_00, 1
			s.refused(t, books.Invalid, code, func(ctx context.Context, tx *store.Tx) error { return only(s.r.AddSession(ctx, tx, eva, e)) })
			e.ID = made.ID
			s.refused(t, books.Invalid, code, func(ctx context.Context, tx *store.Tx) error { return only(s.r.ChangeSession(ctx, tx, eva, e, nil)) })
		}
		no("missing_client", recording.SessionEntry{Client: "  "})
		no("client_twice", recording.SessionEntry{Client: "Bia", Session: books.Session{ClientID: 1}})
		no("unknown_client", recording.SessionEntry{Session: books.Session{ClientID: 99}})

		// An undo takes the client back with the session.
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error { return only(s.r.Undo(ctx, tx, eva, made.Change)) }); err != nil {
			t.Error(err)
		}
		if n := s.Int(t, "SELECT count(*) FROM clients"); n != 1 {
			t.Errorf("%d clients", n)
		}
	})
}

// Completed is what a person says; a payment or a second completion does not
// take it back, ResumeSession and an undo do.
func TestA_completed_session_stays_completed(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		id := s.sit(t, "2025-11-01")
		act := func(do func(context.Context, *store.Tx, books.Actor, books.ID, recording.Match) (recording.Done, error)) (done recording.Done) {
			t.Helper()
			if err := s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
				done, err = do(ctx, tx, eva, id, nil)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return done
		}
		is := func(status string, situation books.Situation, owed books.Money) {
			t.Helper()
			row := get[*books.Session](t, s, books.SessionKind, id)
			if of, _, rest := s.situation(t, id); row.Status != books.TextOf(status) || of != situation || rest != owed {
				t.Errorf("%s, %s, %s owed; want %s, %s, %s", row.Status.V, of, rest, status, situation, owed)
			}
		}
		is("active", books.Unpaid, 450_00)
		completed := act(s.r.CompleteSession)
		is("completed", books.Completed, 0)
		before := s.dump(t)
		if again := act(s.r.CompleteSession); again.Change != 0 || s.dump(t) != before {
			t.Errorf("completed again: %+v", again)
		}
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error { return only(s.r.Undo(ctx, tx, eva, completed.Change)) }); err != nil {
			t.Error(err)
		}
		is("active", books.Unpaid, 450_00)
		act(s.r.CompleteSession)
		p := paid("2025-11-01", 100_00)
		p.SessionID = books.RefTo(id)
		payment := s.pay(t, p, 0)
		is("completed", books.Completed, 0)
		act(s.r.ResumeSession)
		is("paid", books.PartlyPaid, 350_00)
		before = s.dump(t)
		if again := act(s.r.ResumeSession); again.Change != 0 || s.dump(t) != before {
			t.Errorf("resumed again: %+v", again)
		}
		act(s.r.CompleteSession)
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.RemovePayment(ctx, tx, eva, payment, nil))
		}); err != nil {
			t.Error(err)
		}
		is("completed", books.Completed, 0)
		act(s.r.ResumeSession)
		is("active", books.Unpaid, 450_00)
	})
}

func TestReceipts_say_what_is_owed_whatever_the_status(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		for name, c := range map[string]struct {
			price    books.Money
			status   string
			parts    []books.Money
			deposits int // the first so many parts
			want     books.Situation
			owed     books.Money
		}{
			"nothing":                     {400_00, "active", nil, 0, books.Unpaid, 400_00},
			"nothing, though v4 says so":  {400_00, "paid", nil, 0, books.Unpaid, 400_00},
			"no price":                    {0, "active", nil, 0, books.Unpriced, 0},
			"no price and a payment":      {0, "active", []books.Money{50_00}, 0, books.Unpriced, 0},
			"a deposit":                   {400_00, "active", []books.Money{100_00}, 1, books.OnlyDeposit, 300_00},
			"two deposits":                {400_00, "active", []books.Money{100_00, 1}, 2, books.OnlyDeposit, 299_99},
			"a deposit and a part":        {400_00, "active", []books.Money{100_00, 1}, 1, books.PartlyPaid, 299_99},
			"a part":                      {400_00, "active", []books.Money{399_99}, 0, books.PartlyPaid, 1},
			"all, by a deposit":           {400_00, "active", []books.Money{400_00}, 1, books.Paid, 0},
			"all, in inexact parts":       {30, "active", []books.Money{10, 10, 10}, 0, books.Paid, 0},
			"too much":                    {400_00, "active", []books.Money{400_00, 1}, 0, books.Overpaid, 0},
			"completed with nothing":      {400_00, "completed", nil, 0, books.Completed, 0},
			"completed and paid too much": {400_00, "completed", []books.Money{500_00}, 0, books.Completed, 0},
		} {
			var id books.ID
			err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
				done, err := s.r.AddSession(ctx, tx, eva, recording.SessionEntry{Session: books.Session{Date: day("2025-11-01"), Amount: c.price, ClientID: 1, ArtistID: 1, Status: books.TextOf(c.status)}})
				id = done.ID
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var sum books.Money
			for i, amount := range c.parts {
				p := paid("2025-11-01", amount)
				p.SessionID, p.Deposit = books.RefTo(id), books.Mark(i < c.deposits)
				s.pay(t, p, 0)
				sum += amount
			}
			if of, received, owed := s.situation(t, id); of != c.want || received != sum || owed != c.owed {
				t.Errorf("%s: %s, %s received, %s owed; want %s, %s, %s", name, of, received, owed, c.want, sum, c.owed)
			}
			var sums store.SessionSums
			listed := 0
			err = s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
				w := store.Wanted{Kind: books.SessionKind, Limit: 100, Filter: store.Filter{Owing: true}}
				if sums, err = tx.SumSessions(t.Context(), w, day("2025-10-31")); err != nil {
					return err
				}
				rows, _, err := tx.ListRecords(t.Context(), w)
				listed = len(rows)
				return err
			})
			owing := store.SessionSums{}
			if c.owed > 0 {
				owing = store.SessionSums{Number: 1, Price: c.price, Received: sum, Owed: c.owed}
			}
			if err != nil || sums != owing || listed != int(owing.Number) {
				t.Errorf("%s: owing are %d, %+v, want %+v: %v", name, listed, sums, owing, err)
			}
			s.Exec(t, "UPDATE sessoes SET payment_id = NULL")
			s.Exec(t, "DELETE FROM "+s.Own("deposits"))
			s.Exec(t, "DELETE FROM pagamentos")
			s.Exec(t, "DELETE FROM sessoes")
		}
	})
}
