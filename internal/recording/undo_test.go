package recording_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// acts runs a change and returns what became of it.
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
		return s.r.AddExpense(ctx, tx, eva, books.Expense{Date: day("2025-11-01"), Amount: 9_90, Method: "Pix", CreatedBy: 3})
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
			return s.r.AddSession(ctx, tx, eva, books.Session{Date: day("2025-12-01"), Amount: 1, ClientID: 1, ArtistID: 1})
		},
		"change session": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangeSession(ctx, tx, eva, books.Session{ID: session, Date: day("2025-12-01"), Amount: 1, ClientID: 1, ArtistID: 2}, nil)
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
			return s.r.AddExpense(ctx, tx, eva, books.Expense{Date: day("2025-11-02"), Amount: 1, Method: "Pix", CreatedBy: 3})
		},
		"change expense": func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangeExpense(ctx, tx, eva, books.Expense{ID: cost, Date: day("2025-11-02"), Amount: 2, Method: "Dinheiro"}, nil)
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

// Random edits and undos do what they do to a plain map of rows.
func TestUndo_agrees_with_a_plain_model(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		clock := now
		s.r.Now = func() time.Time { return clock }
		rapid.Check(t, func(rt *rapid.T) {
			m := &model{s: s, t: t, clock: &clock}
			for range rapid.IntRange(1, 14).Draw(rt, "steps") {
				clock = clock.Add(time.Millisecond)
				if len(m.changes) > 0 && rapid.IntRange(0, 2).Draw(rt, "undo") == 0 {
					m.undo(rt, rapid.IntRange(0, len(m.changes)-1).Draw(rt, "which"))
				} else {
					m.edit(rt)
				}
			}
		})
	})
}

// model knows of each change which rows it touched, from what the books hold
// before and after it.
type model struct {
	s       *studio
	t       *testing.T
	clock   *time.Time
	changes []modelChange
}

type modelChange struct {
	id            int64
	before, after map[string]string // of the rows that it touched; "" is none
}

// rows returns all live rows by kind and id.
func (m *model) rows() map[string]string {
	all := map[string]string{}
	err := m.s.Store.Read(m.t.Context(), func(tx *store.Tx) error {
		for kind := range books.KindCount {
			if kind.Table() == "" || kind == books.ArtistKind {
				continue
			}
			rows, _, err := tx.ListRecords(m.t.Context(), store.Wanted{Kind: kind, Limit: 100_000})
			if err != nil {
				return err
			}
			for _, row := range rows {
				all[books.Describe(row)] = string(books.AppendRowJSON(nil, bare(row)))
			}
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return all
}

// bare is a row without the copies that come from other rows.
func bare(row books.Row) books.Row {
	switch r := row.(type) {
	case *books.Payment:
		r.ClientName, r.ArtistName, r.SessionDate = books.Text{}, books.Text{}, books.NullDay{}
	case *books.Session:
		r.ClientName, r.ArtistName = books.Text{}, books.Text{}
	case *books.Commission:
		r.ClientName, r.ArtistName, r.PaymentAmount, r.PaymentDate = books.Text{}, books.Text{}, books.NullMoney{}, books.NullDay{}
	case *books.Expense:
		r.CreatorName = books.Text{}
	}
	return row
}

func (m *model) edit(rt *rapid.T) {
	before := m.rows()
	var done recording.Done
	do := m.draw(rt, before)
	err := m.s.write(m.t, func(ctx context.Context, tx *store.Tx) (err error) {
		done, err = do(ctx, tx)
		return err
	})
	after := m.rows()
	if err != nil { // such as a session that is paid
		if !maps.Equal(before, after) {
			rt.Fatalf("%v changed the books", err)
		}
		return
	}
	c := modelChange{id: done.Change, before: map[string]string{}, after: map[string]string{}}
	for _, side := range []map[string]string{before, after} {
		for key := range side {
			if before[key] != after[key] {
				c.before[key], c.after[key] = before[key], after[key]
			}
		}
	}
	m.changes = append(m.changes, c)
}

func (m *model) undo(rt *rapid.T, i int) {
	c := m.changes[i]
	before := m.rows()
	want, same := maps.Clone(before), true
	for key := range c.before {
		same = same && before[key] == c.after[key]
		want[key] = c.before[key]
		if want[key] == "" {
			delete(want, key)
		}
	}
	var done recording.Done
	err := m.s.write(m.t, func(ctx context.Context, tx *store.Tx) (err error) {
		done, err = m.s.r.Undo(ctx, tx, eva, c.id)
		return err
	})
	switch {
	case !same || !whole(want):
		if e := books.AsError(err); err == nil || e.Kind != books.Conflict {
			rt.Fatalf("undo of %v with %v: %v", c, before, err)
		}
		want = before
	case err != nil:
		rt.Fatalf("undo of %v: %v", c, err)
	default:
		m.changes = append(m.changes, modelChange{done.Change, c.after, c.before})
	}
	if after := m.rows(); !maps.Equal(after, want) {
		rt.Fatalf("undo of %v gives\n%v\nwant\n%v", c, after, want)
	}
}

// whole reports whether every row that one names is there.
func whole(rows map[string]string) bool {
	for key, text := range rows {
		var kind books.Kind
		for k := range books.KindCount {
			if strings.HasPrefix(key, k.String()+" ") {
				kind = k
			}
		}
		row, err := books.ParseRowJSON(kind, []byte(text))
		if err != nil {
			return false
		}
		names := func(kind books.Kind, id books.Ref) bool {
			return !id.Valid || rows[fmt.Sprintf("%s %d", kind, id.V)] != ""
		}
		switch r := row.(type) {
		case *books.Payment:
			if !names(books.ClientKind, r.ClientID) || !names(books.SessionKind, r.SessionID) {
				return false
			}
		case *books.Session:
			if !names(books.ClientKind, books.RefTo(r.ClientID)) || !names(books.PaymentKind, r.PaymentID) {
				return false
			}
		case *books.Commission:
			if !names(books.PaymentKind, r.PaymentID) {
				return false
			}
		}
	}
	return true
}

// draw draws an edit of some row.
func (m *model) draw(rt *rapid.T, rows map[string]string) func(context.Context, *store.Tx) (recording.Done, error) {
	r := m.s.r
	one := func(kind books.Kind) books.ID {
		var ids []books.ID
		for key := range rows {
			var id books.ID
			if _, err := fmt.Sscanf(key, kind.String()+" %d", &id); err == nil {
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 {
			return 999_999
		}
		return rapid.SampledFrom(sorted(ids)).Draw(rt, kind.String())
	}
	ref := func(kind books.Kind) books.Ref {
		if rapid.Bool().Draw(rt, "no "+kind.String()) {
			return books.Ref{}
		}
		return books.RefTo(one(kind))
	}
	p := books.Payment{
		Date: day("2025-11-01"), Amount: books.Money(rapid.IntRange(0, 5).Draw(rt, "amount")), Method: "Pix", ArtistID: 1,
		ClientID: ref(books.ClientKind), SessionID: ref(books.SessionKind),
	}
	session := books.Session{Date: day("2025-11-05"), Amount: p.Amount, ClientID: one(books.ClientKind), ArtistID: 1}
	share := books.Percent(rapid.IntRange(1, 60_00).Draw(rt, "percent"))
	type act = func(context.Context, *store.Tx) (recording.Done, error)
	return rapid.SampledFrom([]act{
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.AddPayment(ctx, tx, eva, sure(p, share))
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			p.ID = one(books.PaymentKind)
			return r.ChangePayment(ctx, tx, eva, recording.Entry{Payment: p, Confirmed: recording.Questions()}, nil)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.RemovePayment(ctx, tx, eva, one(books.PaymentKind), nil)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.AddSession(ctx, tx, eva, session)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			session.ID = one(books.SessionKind)
			return r.ChangeSession(ctx, tx, eva, session, nil)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.RemoveSession(ctx, tx, eva, one(books.SessionKind), nil)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.AddCommission(ctx, tx, eva, books.Commission{PaymentID: books.RefTo(one(books.PaymentKind)), ArtistID: 2, Percent: share})
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.RemoveCommission(ctx, tx, eva, one(books.CommissionKind), nil)
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.AddClient(ctx, tx, eva, books.Client{Name: "Lia"})
		},
		func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return r.RemoveClient(ctx, tx, eva, one(books.ClientKind), nil)
		},
	}).Draw(rt, "edit")
}

func sorted(ids []books.ID) []books.ID {
	slices.Sort(ids)
	return ids
}
