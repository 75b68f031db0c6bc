package recording_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// do runs a change and returns its result.
func (s *studio) do(t testing.TB, do func(ctx context.Context, tx *store.Tx) (recording.Done, error)) recording.Done {
	t.Helper()
	var done recording.Done
	if err := s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
		done, err = do(ctx, tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return done
}

func (s *studio) undo(change int64) func(context.Context, *store.Tx) (recording.Done, error) {
	return func(ctx context.Context, tx *store.Tx) (recording.Done, error) { return s.r.Undo(ctx, tx, eva, change) }
}

func failing(do func(context.Context, *store.Tx) (recording.Done, error)) func(context.Context, *store.Tx) error {
	return func(ctx context.Context, tx *store.Tx) error { return only(do(ctx, tx)) }
}

// everyAct are the ways to change the books, by name.
func everyAct(s *studio, t testing.TB) map[string]func(context.Context, *store.Tx) (recording.Done, error) {
	session := s.sit(t, "2025-11-12")
	deposit := paid("2025-11-01", 200_00)
	deposit.SessionID, deposit.GoogleEventID = books.RefTo(session), books.TextOf("evt")
	deposit.Deposit = true
	id := s.pay(t, deposit, 60_00)
	s.pay(t, deposit2(session), 50_00)
	lone := s.sit(t, "2025-11-13")
	cost := s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
		return s.r.AddExpense(ctx, tx, eva, books.Expense{Date: day("2025-11-01"), Amount: 9_90, Method: "Pix", CreatedBy: 3, Description: books.TextOf("Tinta"), Category: books.TextOf("Material")})
	}).ID
	caio := s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
		return s.r.AddClient(ctx, tx, eva, books.Client{Name: "Caio", JotformID: books.TextOf("jf")})
	}).ID
	n := sure(paid("2025-11-02", 300_00), 40_00)
	n.ClientID, n.Client, n.Deposit, n.Session = books.Ref{}, "Nova", true, &recording.NewSession{Date: day("2025-11-20"), Price: 900_00}
	moved := paid("2025-11-02", 250_00)
	moved.ID, moved.ArtistID, moved.SessionID = id, 2, books.RefTo(lone)
	unmarked := deposit
	unmarked.ID, unmarked.Deposit = id, false
	return map[string]func(context.Context, *store.Tx) (recording.Done, error){
		"change mark": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: unmarked, Confirmed: recording.Questions()}, nil)
		},
		"add payment": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.AddPayment(ctx, tx, eva, n)
		},
		"change payment": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: moved, Confirmed: recording.Questions()}, nil)
		},
		"delete payment": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemovePayment(ctx, tx, eva, id, nil)
		},
		"add session": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.AddSession(ctx, tx, eva, recording.SessionEntry{Session: books.Session{Date: day("2025-12-01"), Amount: 1, ClientID: 1, ArtistID: 1}})
		},
		"change session": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangeSession(ctx, tx, eva, recording.SessionEntry{Session: books.Session{ID: session, Date: day("2025-12-01"), Amount: 1, ClientID: 1, ArtistID: 2}}, nil)
		},
		"delete session": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemoveSession(ctx, tx, eva, lone, nil)
		},
		"complete session": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.CompleteSession(ctx, tx, eva, session, nil)
		},
		"add commission": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.AddCommission(ctx, tx, eva, books.Commission{PaymentID: books.RefTo(id), ArtistID: 2, Percent: 10_00})
		},
		"change commission": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangeCommission(ctx, tx, eva, books.Commission{ID: 1, ArtistID: 2, Percent: 10_00, Note: books.TextOf("x")}, nil)
		},
		"delete commission": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemoveCommission(ctx, tx, eva, 1, nil)
		},
		"split": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.SplitPayment(ctx, tx, eva, id, []recording.Share{{Artist: 2, Percent: 30_00}, {Artist: 1, Percent: 30_00}}, nil)
		},
		"add expense": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.AddExpense(ctx, tx, eva, books.Expense{Date: day("2025-11-02"), Amount: 1, Method: "Pix", CreatedBy: 3, Description: books.TextOf("Tinta"), Category: books.TextOf("Café")})
		},
		"change expense": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangeExpense(ctx, tx, eva, books.Expense{ID: cost, Date: day("2025-11-02"), Amount: 2, Method: "Dinheiro", Description: books.TextOf("Tinta")}, nil)
		},
		"delete expense": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemoveExpense(ctx, tx, eva, cost, nil)
		},
		"add client": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.AddClient(ctx, tx, eva, books.Client{Name: "Lia"})
		},
		"change client": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangeClient(ctx, tx, eva, books.Client{ID: caio, Name: "Caio B."}, nil)
		},
		"delete client": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemoveClient(ctx, tx, eva, caio, nil)
		},
	}
}

func deposit2(session books.ID) books.Payment {
	p := paid("2025-11-02", 100_00)
	p.SessionID = books.RefTo(session)
	return p
}

func TestEvery_change_is_written_down_and_undone_to_the_byte(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		clock := now
		s.r.Now = func() time.Time { clock = clock.Add(time.Second); return clock }
		for name, do := range everyAct(s, t) {
			before := s.dump(t)
			done := s.do(t, do)
			after := s.dump(t)
			if after == before {
				t.Fatalf("%s changed nothing", name)
			}
			s.isWritten(t, name, done)
			undo := s.do(t, s.undo(done.Change))
			if is := s.dump(t); is != before {
				t.Fatalf("undo %s:\n%s\nwas\n%s", name, is, before)
			}
			s.refused(t, books.Conflict, "changed_since", failing(s.undo(done.Change)))
			s.do(t, s.undo(undo.Change))
			if is := s.dump(t); is != after {
				t.Fatalf("undo the undo of %s:\n%s\nwas\n%s", name, is, after)
			}
			redo := s.do(t, s.undo(s.last(t)))
			if is := s.dump(t); is != before || redo.ID != done.ID {
				t.Fatalf("undo %s a second time:\n%s\nwas\n%s", name, is, before)
			}
		}
	})
}

func (s *studio) last(t testing.TB) int64 {
	return s.Int(t, "SELECT max(id) FROM "+own(s)+"changes")
}

func own(s *studio) string {
	if s.Store.Postgres() {
		return "extrato."
	}
	return ""
}

// isWritten asserts that a change says who did what and when.
func (s *studio) isWritten(t testing.TB, name string, done recording.Done) {
	t.Helper()
	var c store.Changeset
	var of []store.Changeset
	err := s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
		if c, err = tx.ChangesetByID(t.Context(), done.Change); err == nil {
			of, err = tx.ChangesOf(t.Context(), c.Kind, c.Row, 0, 1)
		}
		return err
	})
	action, kind, _ := strings.Cut(name, " ")
	if err != nil || c.By != eva || c.Row != done.ID || len(c.Rows) == 0 || len(of) != 1 || of[0].ID != c.ID {
		t.Errorf("%s is written down as %+v, %v", name, c, err)
	}
	if kind != "" && action != "complete" && c.Action != action {
		t.Errorf("%s is called %s", name, c.Action)
	}
}

func TestA_mark_that_somebody_else_took_away_is_a_change_since(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		p := paid("2025-11-01", 100_00)
		p.SessionID, p.Deposit = books.RefTo(s.sit(t, "2025-11-12")), true
		s.pay(t, p, 0)
		made := s.last(t)
		s.Exec(t, "DELETE FROM "+own(s)+"deposits")
		s.refused(t, books.Conflict, "changed_since", failing(s.undo(made)))
	})
}

func TestWhat_was_changed_since_is_not_undone(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		id := s.pay(t, paid("2025-11-01", 100_00), 60_00)
		made := s.last(t)
		note := paid("2025-11-01", 100_00)
		note.ID, note.Note = id, books.TextOf("troco")
		s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: note, Confirmed: recording.Questions()}, nil)
		})
		var changed *recording.Changed
		s.refused(t, books.Conflict, "changed_since", func(ctx context.Context, tx *store.Tx) error {
			err := only(s.r.Undo(ctx, tx, eva, made))
			if !errors.As(err, &changed) {
				t.Errorf("%v has no versions", err)
			}
			return err
		})
		if v := changed.Rows[0]; len(changed.Rows) != 1 || v.ID != id || v.Before != nil || v.After.(*books.Payment).Note.Valid || v.Now.(*books.Payment).Note != books.TextOf("troco") {
			t.Errorf("the versions are %+v", changed.Rows)
		}
		client := s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.AddClient(ctx, tx, eva, books.Client{Name: "Caio"})
		})
		p := paid("2025-11-01", 7_00)
		p.ClientID = books.RefTo(client.ID)
		s.pay(t, p, 0)
		s.refused(t, books.Conflict, "row_in_use", failing(s.undo(client.Change)))
		s.refused(t, books.NotFound, "no_change", failing(s.undo(4711)))
	})
}

func TestAn_undo_comes_within_a_day_and_while_the_month_is_open(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		clock := now
		s.r.Now = func() time.Time { return clock }
		for name, do := range everyAct(s, t) {
			done := s.do(t, do)
			clock = now.Add(recording.UndoLasts + time.Second)
			s.refused(t, books.Refused, "undo_too_late", failing(s.undo(done.Change)))
			clock = now.Add(recording.UndoLasts)
			s.do(t, s.undo(done.Change))
			clock = now
			_ = name
		}
		session := s.sit(t, "2025-10-30")
		linked := paid("2025-10-30", 450_00)
		linked.SessionID = books.RefTo(session)
		id := s.pay(t, linked, 60_00)
		paidChange := s.last(t)
		p := paid("2025-11-01", 3_00)
		p.ID = s.pay(t, paid("2025-10-29", 3_00), 0)
		moved := s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, nil)
		})
		share := s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.AddCommission(ctx, tx, eva, books.Commission{PaymentID: books.RefTo(id), ArtistID: 2, Percent: 1_00})
		})
		if _, err := s.closer.Close(t.Context(), october, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		for _, change := range []int64{paidChange, moved.Change, share.Change} {
			s.refused(t, books.Refused, "month_closed", failing(s.undo(change)))
		}
		if _, err := s.closer.Reopen(t.Context(), october, "teste", "test"); err != nil {
			t.Fatal(err)
		}
		s.do(t, s.undo(share.Change)) // a reopened month's rows are as they were
		s.do(t, s.undo(paidChange))
	})
}
