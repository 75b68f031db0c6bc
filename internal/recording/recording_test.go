package recording_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	now     = time.Date(2025, 11, 2, 12, 0, 0, 0, storetest.Zone)
	october = books.Month{Year: 2025, Month: time.October}
)

type studio struct {
	*storetest.DB
	r      *recording.Recorder
	closer *closing.Closer
}

// both runs a test in a studio with artists 1 and 2, admin 3 and client 1, on
// each database, on 2 November 2025.
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
		db.Exec(t, `INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled) VALUES
			(1, 'Ana', 'ana@studio.test', 'artist', TRUE, FALSE), (2, 'Rui', NULL, 'artist', TRUE, FALSE), (3, 'Eva', 'eva@studio.test', 'admin', TRUE, FALSE),
			(4, 'Zé', NULL, 'client', TRUE, FALSE)`)
		db.Exec(t, "INSERT INTO clients (id, name) VALUES (1, 'Bia')")
		if db.Store.Postgres() { // whose sequences do not see ids that were given
			db.Exec(t, "SELECT setval('users_id_seq', 10), setval('clients_id_seq', 10)")
		}
		test(t, s)
	})
}

func (s *studio) write(t testing.TB, do func(ctx context.Context, tx *store.Tx) error) error {
	return s.Store.Write(t.Context(), func(tx *store.Tx) error { return do(t.Context(), tx) })
}

func day(text string) books.Day {
	d, err := books.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

func paid(on string, amount books.Money) books.Payment {
	return books.Payment{Date: day(on), Amount: amount, Method: "Pix", ArtistID: 1, ClientID: books.RefTo(1)}
}

func (s *studio) pay(t testing.TB, p books.Payment, percent books.Percent) books.ID {
	t.Helper()
	var done recording.Done
	err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
		var err error
		done, err = s.r.AddPayment(ctx, tx, eva, sure(p, percent))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return done.ID
}

// eva is who writes.
const eva books.Actor = "user:3"

// sure is a new payment about which nothing is asked.
func sure(p books.Payment, percent books.Percent) recording.Entry {
	return recording.Entry{Payment: p, Percent: &percent, Confirmed: recording.Questions()}
}

func (s *studio) sit(t testing.TB, on string) books.ID {
	t.Helper()
	var id books.ID
	err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
		done, err := s.r.AddSession(ctx, tx, eva, books.Session{Date: day(on), Amount: 450_00, ClientID: 1, ArtistID: 1})
		id = done.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func get[R books.Row](t testing.TB, s *studio, kind books.Kind, id books.ID) R {
	t.Helper()
	var row books.Row
	err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
		var err error
		row, err = tx.Record(t.Context(), kind, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return row.(R)
}

// dump returns all that the books hold.
func (s *studio) dump(t testing.TB) string {
	t.Helper()
	var all strings.Builder
	err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
		for _, kind := range []books.Kind{books.PaymentKind, books.SessionKind, books.CommissionKind, books.ExpenseKind, books.ClientKind, books.ArtistKind} {
			rows, _, err := tx.ListRecords(t.Context(), store.Wanted{Kind: kind, Limit: 10000})
			if err != nil {
				return err
			}
			for _, row := range rows {
				fmt.Fprintf(&all, "%s %s\n", kind, books.AppendRowJSON(nil, row))
			}
		}
		return tx.EachStatement(t.Context(), func(st books.Stored) error {
			fmt.Fprintf(&all, "%v\n", st)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// only keeps the error of a change.
func only(_ recording.Done, err error) error { return err }

// refused asserts that a change fails with this kind and code and changes nothing.
func (s *studio) refused(t testing.TB, kind books.ErrorKind, code string, do func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	before := s.dump(t)
	err := s.write(t, do)
	if e := books.AsError(err); err == nil || e.Kind != kind || e.Code != code {
		t.Errorf("got %v, want %s %s", err, kind, code)
	}
	if after := s.dump(t); after != before {
		t.Errorf("a refusal (%s) changed the books:\n%s\n%s", code, before, after)
	}
}

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

func TestA_closed_month_takes_no_change(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.pay(t, paid("2025-10-10", 100_00), 60_00)
		open := s.pay(t, paid("2025-11-01", 100_00), 60_00)
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := s.r.AddExpense(ctx, tx, eva, books.Expense{Date: day("2025-11-01"), Amount: 1, Method: "Pix", CreatedBy: 3})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		// Late rows, as v4 or SQL may add them.
		s.Exec(t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (70, '2025-10-05', 1, 'Pix', 1)")
		s.Exec(t, "INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor) VALUES (70, 70, 1, 50, 0.5)")
		s.Exec(t, "INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (71, 1, 50, 0.5, '2025-11-01 02:00:00.000000')")
		s.Exec(t, "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (70, '2025-10-31', 1, 'Pix', 1)")
		stays, moved := paid("2025-10-06", 2), paid("2025-10-31", 1)
		stays.ID, moved.ID = 70, open
		for name, do := range map[string]func(context.Context, *store.Tx) error{
			"add a payment": func(ctx context.Context, tx *store.Tx) error {
				_, err := s.r.AddPayment(ctx, tx, eva, sure(paid("2025-10-01", 1), 0))
				return err
			},
			"change a late one": func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: stays, Confirmed: recording.Questions()}, nil))
			},
			"move a payment in": func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: moved, Confirmed: recording.Questions()}, nil))
			},
			"change a commission": func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangeCommission(ctx, tx, eva, books.Commission{ID: 70, ArtistID: 1, Percent: 1}, nil))
			},
			"add a commission": func(ctx context.Context, tx *store.Tx) error {
				_, err := s.r.AddCommission(ctx, tx, eva, books.Commission{PaymentID: books.RefTo(70), Percent: 1})
				return err
			},
			"add an expense": func(ctx context.Context, tx *store.Tx) error {
				_, err := s.r.AddExpense(ctx, tx, eva, books.Expense{Date: day("2025-10-31"), Method: "Pix", CreatedBy: 3})
				return err
			},
			"change a late expense": func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangeExpense(ctx, tx, eva, books.Expense{ID: 70, Date: day("2025-10-30"), Method: "Pix"}, nil))
			},
			"move an expense in": func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.ChangeExpense(ctx, tx, eva, books.Expense{ID: 1, Date: day("2025-10-01"), Method: "Pix"}, nil))
			},
		} {
			t.Run(name, func(t *testing.T) { s.refused(t, books.Refused, "month_closed", do) })
		}
		s.sit(t, "2025-10-31") // a session's own day never refuses
		s.refused(t, books.NotFound, "no_payment", func(ctx context.Context, tx *store.Tx) error { return only(s.r.RemovePayment(ctx, tx, eva, 1, nil)) })
	})
}

func TestA_session_that_a_statement_names_stays(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		session := s.sit(t, "2025-10-09")
		deposit, balance := paid("2025-10-10", 100_00), paid("2025-11-01", 100_00)
		deposit.SessionID, balance.SessionID = books.RefTo(session), books.RefTo(session)
		first := s.pay(t, deposit, 0)
		balance.ID = s.pay(t, balance, 0)
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		balance.SessionID = books.Ref{}
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: balance, Confirmed: recording.Questions()}, nil))
		}); err != nil {
			t.Fatal(err)
		}
		s.refused(t, books.Conflict, "session_in_statement", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.RemoveSession(ctx, tx, eva, session, nil))
		})
		if _, err := s.closer.Reopen(t.Context(), october, "test", "test"); err != nil {
			t.Fatalf("October cannot be reopened: %v", err)
		}
		if n := s.Int(t, "SELECT sessao_id FROM pagamentos WHERE id = $1", int64(first)); n != int64(session) {
			t.Errorf("the payment is linked to session %d, want %d", n, session)
		}
		for _, other := range []books.ID{s.sit(t, "2025-11-09"), s.sit(t, "2025-11-10")} {
			if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
				return only(s.r.RemoveSession(ctx, tx, eva, other, nil))
			}); err != nil {
				t.Errorf("a session that nobody names: %v", err)
			}
		}
	})
}

func TestA_late_row_may_leave_its_closed_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.pay(t, paid("2025-10-10", 100_00), 60_00)
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		statement := func() string {
			stored, err := s.closer.Statement(t.Context(), october)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(stored.Closing, len(stored.Rows))
		}
		before := statement()
		for i, v4s := range []bool{false, true} { // beside a statement of ours, and one of v4's
			month := "2025-10"
			if v4s {
				month = "2025-09"
				s.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (9, 2025, '"[]"', '"[]"', '"[]"', '"{}"')`)
			}
			for j := range 2 {
				id := 70 + 10*i + j
				s.Exec(t, fmt.Sprintf("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (%d, '%s-05', 1, 'Pix', 1)", id, month))
				s.Exec(t, fmt.Sprintf("INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor) VALUES (%d, %d, 1, 50, 0.5)", id, id))
				s.Exec(t, fmt.Sprintf("INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (%d, '%s-30', 1, 'Pix', 1)", id, month))
			}
			for name, do := range map[string]func(context.Context, *store.Tx, books.ID) error{
				"moved": func(ctx context.Context, tx *store.Tx, id books.ID) error {
					p := paid("2025-11-05", 1_00)
					p.ID = id
					return errors.Join(only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, nil)), only(s.r.ChangeExpense(ctx, tx, eva, books.Expense{ID: id, Date: day("2025-11-01"), Amount: 1_00, Method: "Pix"}, nil)))
				},
				"deleted": func(ctx context.Context, tx *store.Tx, id books.ID) error {
					return errors.Join(only(s.r.RemoveCommission(ctx, tx, eva, id+1, nil)), only(s.r.RemovePayment(ctx, tx, eva, id+1, nil)), only(s.r.RemoveExpense(ctx, tx, eva, id+1, nil)))
				},
			} {
				if err := s.write(t, func(ctx context.Context, tx *store.Tx) error { return do(ctx, tx, books.ID(70+10*i)) }); err != nil {
					t.Errorf("%s, %s: %v", month, name, err)
				}
			}
			if n := s.Int(t, "SELECT (SELECT count(*) FROM pagamentos WHERE data < '2025-11-01') + (SELECT count(*) FROM gastos WHERE data < '2025-11-01')"); n != 0 {
				t.Errorf("%d late rows of %s are left", n, month)
			}
			if n := s.Int(t, "SELECT (SELECT count(*) FROM pagamentos) + (SELECT count(*) FROM comissoes) + (SELECT count(*) FROM gastos)"); n != int64(3*(i+1)) {
				t.Errorf("%d rows were moved, want %d", n, 3*(i+1))
			}
		}
		if now := statement(); now != before {
			t.Errorf("the statement is %s, was %s", now, before)
		}
	})
}

func TestA_row_that_a_statement_holds_goes_to_no_other_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		id := s.pay(t, paid("2025-10-10", 100_00), 0)
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := s.r.AddExpense(ctx, tx, eva, books.Expense{Date: day("2025-10-01"), Amount: 1, Method: "Pix", CreatedBy: 3})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		// As a dump brings them back.
		s.Exec(t, fmt.Sprintf("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (%d, '2025-10-10', 100, 'Pix', 1)", id))
		s.Exec(t, "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (1, '2025-10-01', 0.01, 'Pix', 3)")
		p := paid("2025-11-01", 100_00)
		p.ID = id
		s.refused(t, books.Integrity, "row_twice", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, nil))
		})
		s.refused(t, books.Integrity, "row_twice", func(ctx context.Context, tx *store.Tx) error {
			return only(s.r.ChangeExpense(ctx, tx, eva, books.Expense{ID: 1, Date: day("2025-11-01"), Amount: 1, Method: "Pix"}, nil))
		})
		if err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(only(s.r.RemovePayment(ctx, tx, eva, id, nil)), only(s.r.RemoveExpense(ctx, tx, eva, 1, nil)))
		}); err != nil {
			t.Errorf("what is told to be done: %v", err)
		}
	})
}

func TestA_month_that_v4_closed_is_closed(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (9, 2025, '"[]"', '"[]"', '"[]"', '"{}"')`)
		s.refused(t, books.Refused, "month_closed", func(ctx context.Context, tx *store.Tx) error {
			_, err := s.r.AddPayment(ctx, tx, eva, sure(paid("2025-09-01", 1), 0))
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

func TestOf_two_who_saw_the_same_one_wins(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		id := s.pay(t, paid("2025-11-01", 1_00), 0)
		seen := get[*books.Payment](t, s, books.PaymentKind, id)
		stale := errors.New("stale")
		match := func(row books.Row) error {
			if !books.Equal(row, seen) {
				return stale
			}
			return nil
		}
		const writers = 6
		errs := make([]error, writers)
		var wait sync.WaitGroup
		for i := range writers {
			wait.Go(func() {
				p := paid("2025-11-01", books.Money(1000+i))
				p.ID = id
				errs[i] = s.write(t, func(ctx context.Context, tx *store.Tx) error {
					return only(s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, match))
				})
			})
		}
		wait.Wait()
		won := -1
		for i, err := range errs {
			switch {
			case err == nil && won >= 0:
				t.Errorf("%d and %d both won", won, i)
			case err == nil:
				won = i
			case !errors.Is(err, stale):
				t.Errorf("writer %d: %v", i, err)
			}
		}
		if got := get[*books.Payment](t, s, books.PaymentKind, id); won < 0 || got.Amount != books.Money(1000+won) {
			t.Errorf("%d won, the amount is %s", won, got.Amount)
		}
	})
}

// A payment that comes while its month closes is in the statement or refused:
// never late.
func TestNo_payment_becomes_late_while_its_month_closes(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.pay(t, paid("2025-10-10", 100_00), 60_00)
		done := make(chan error, 1)
		var wait sync.WaitGroup
		var lock sync.Mutex
		var kept []books.ID
		for range 4 {
			wait.Go(func() {
				for range 200 {
					var done recording.Done
					err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
						var err error
						done, err = s.r.AddPayment(ctx, tx, eva, sure(paid("2025-10-11", 1_00), 0))
						return err
					})
					switch e := books.AsError(err); {
					case err == nil:
						lock.Lock()
						kept = append(kept, done.ID)
						lock.Unlock()
					case e.Code == "month_closed":
						return
					case e.Code != "busy":
						t.Error(err)
						return
					}
				}
			})
		}
		go func() {
			for {
				_, err := s.closer.Close(t.Context(), october, closing.Options{}, "test")
				if err == nil || books.AsError(err).Kind != books.Conflict {
					done <- err
					return
				}
			}
		}()
		if err := <-done; err != nil {
			t.Error(err)
		}
		wait.Wait()
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 0 {
			t.Errorf("%d payments are late", n)
		}
		st, err := s.closer.Statement(t.Context(), october)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range kept {
			if !slices.ContainsFunc(st.Rows, func(r books.Row) bool { return r.Kind() == books.PaymentKind && r.Key() == id }) {
				t.Errorf("payment %d is nowhere", id)
			}
		}
	})
}

// A payment that is written while its month closes, and committed after that,
// is refused, whenever it was written and wherever in its table it stands.
func TestA_payment_that_is_not_committed_before_the_close_is_not_late(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if !s.Store.Postgres() {
			t.Skip("SQLite has one writer")
		}
		fill := `INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, created_at)
			SELECT '2025-10-20', 5, 'Pix', 1, '2025-10-20 12:00:00' FROM generate_series(1, 500)` // more than a page
		for i, when := range []string{"locked", "transaction begun", "rows read", "statement stored", "rows deleted"} {
			for _, again := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, tried again %t", when, again), func(t *testing.T) {
					month := october.Add(-i)
					if again {
						month = month.Add(-12)
					}
					s.Exec(t, fill)
					s.Exec(t, "UPDATE pagamentos SET data = $1", month.First().String())
					written, goOn, done := make(chan bool, 1), make(chan bool), make(chan error)
					var once sync.Once
					write := func() {
						done <- s.write(t, func(ctx context.Context, tx *store.Tx) error {
							_, err := s.r.AddPayment(ctx, tx, eva, sure(paid(month.First().String(), 1_00), 0))
							once.Do(func() { written <- true; <-goOn })
							return err
						})
					}
					tries, begun := 0, false
					s.closer.Step = func(step string) {
						if step == "rows read" {
							if tries++; again && tries == 1 { // so that this try is lost
								s.Exec(t, "UPDATE pagamentos SET valor = valor")
							}
						}
						if step == when && !begun {
							begun = true
							go write()
							select {
							case <-written:
							case <-time.After(time.Second): // the second try keeps it out
							}
						}
					}
					_, err := s.closer.Close(t.Context(), month, closing.Options{}, "test")
					s.closer.Step = nil
					if close(goOn); err != nil {
						t.Error(err)
					}
					if e := books.AsError(<-done); e == nil || e.Code != "month_closed" {
						t.Errorf("the payment: %v", e)
					}
					if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 0 {
						t.Errorf("%d payments are late", n)
					}
				})
			}
		}
	})
}

func TestLists_Go_on_without_twice_or_never(t *testing.T) {
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
