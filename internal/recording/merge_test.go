package recording_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// twice is a client who is in the books a second time, with rows of her own.
func (s *studio) twice(t testing.TB, name string) books.ID {
	t.Helper()
	return s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
		return s.r.AddClient(ctx, tx, eva, books.Client{Name: books.String(name)})
	}).ID
}

func (s *studio) payFor(t testing.TB, client books.ID, on string, amount books.Money) books.ID {
	t.Helper()
	p := paid(on, amount)
	p.ClientID = books.RefTo(client)
	return s.pay(t, p, 50_00)
}

func (s *studio) sitFor(t testing.TB, client books.ID, on string) books.ID {
	t.Helper()
	return s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
		return s.r.AddSession(ctx, tx, eva, recording.SessionEntry{Session: books.Session{Date: day(on), Amount: 450_00, ClientID: client, ArtistID: 1}})
	}).ID
}

func (s *studio) merge(from, into books.ID) func(context.Context, *store.Tx) (recording.Done, error) {
	return func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
		done, _, err := s.r.MergeClients(ctx, tx, eva, from, into)
		return done, err
	}
}

// of is who a payment and a session belong to, as v4 reads it.
func (s *studio) of(t testing.TB, payment, session books.ID) string {
	t.Helper()
	return fmt.Sprint(s.Int(t, fmt.Sprintf("SELECT coalesce(min(cliente_id), 0) FROM pagamentos WHERE id = %d", payment)),
		s.Int(t, fmt.Sprintf("SELECT coalesce(min(cliente_id), 0) FROM sessoes WHERE id = %d", session)))
}

func (s *studio) close(t testing.TB, m books.Month) closing.Result {
	t.Helper()
	result, err := s.closer.Close(t.Context(), m, closing.Options{}, eva)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (s *studio) reopen(t testing.TB, m books.Month) closing.Result {
	t.Helper()
	result, err := s.closer.Reopen(t.Context(), m, "merged", eva)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// statement is a month's statement, byte for byte.
func (s *studio) statement(t testing.TB, m books.Month) (text string) {
	t.Helper()
	err := s.Store.Read(t.Context(), func(tx *store.Tx) error {
		stored, err := tx.Statement(t.Context(), m)
		text = strings.Join(stored.Parts[:], "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestMerging_gives_live_rows_away_and_leaves_statements(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		twin := s.twice(t, "Bia S.")
		old, kept := s.payFor(t, twin, "2025-10-10", 100_00), s.payFor(t, 1, "2025-10-11", 50_00)
		s.close(t, october)
		closed := s.statement(t, october)
		p, session := s.payFor(t, twin, "2025-11-01", 200_00), s.sitFor(t, twin, "2025-11-12")
		merged := s.do(t, s.merge(twin, 1))
		if got := s.of(t, p, session); got != "1 1" {
			t.Errorf("the rows are of %s", got)
		}
		if s.statement(t, october) != closed || !strings.Contains(closed, "Bia S.") {
			t.Error("the statement changed")
		}
		if n := s.Int(t, "SELECT count(*) FROM clients"); n != 2 {
			t.Errorf("v4 shows %d clients", n)
		}
		// The name, the id and a merged client's session lead to who stays.
		other := s.twice(t, "Bia S.")
		n := sure(paid("2025-11-02", 11_00), 0)
		n.ClientID, n.Client = books.Ref{}, "Bia S."
		if id := s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.AddPayment(ctx, tx, eva, n)
		}).ID; s.of(t, id, 0) != fmt.Sprint(other, 0) {
			t.Error("a client of that name stands behind a merged one")
		}
		s.Exec(t, fmt.Sprintf("DELETE FROM pagamentos WHERE cliente_id = %d", other))
		s.Exec(t, fmt.Sprintf("DELETE FROM clients WHERE id = %d", other))
		n = sure(paid("2025-11-02", 10_00), 0)
		n.ClientID, n.Client = books.Ref{}, "bia s."
		named := s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.AddPayment(ctx, tx, eva, n)
		}).ID
		if got := s.of(t, named, s.sitFor(t, twin, "2025-11-13")); got != "1 1" {
			t.Errorf("the new rows are of %s", got)
		}

		result := s.reopen(t, october)
		if got := s.of(t, old, session); got != "1 1" || s.of(t, kept, session) != "1 1" {
			t.Errorf("the reopened row is of %s", got)
		}
		if note := fmt.Sprintf("client %d was merged into client 1, who gets the rows that come back: 1", twin); len(result.Notes) != 1 || result.Notes[0] != note {
			t.Errorf("the reopening notes %v", result.Notes)
		}
		s.close(t, october)
		if text := s.statement(t, october); strings.Contains(text, "Bia S.") {
			t.Error("the new statement has the old name")
		}
		s.refused(t, books.Refused, "month_closed", failing(s.undo(merged.Change)))
		s.reopen(t, october)
		s.do(t, s.undo(merged.Change))
		two := fmt.Sprint(twin)
		if got := s.of(t, p, session) + " " + s.of(t, old, session) + " " + s.of(t, kept, session); got != two+" "+two+" "+two+" "+two+" 1 "+two {
			t.Errorf("undone, the rows are of %s", got)
		}
		if audit, err := s.closer.VerifyChain(t.Context()); err != nil || !audit.OK {
			t.Error(audit, err)
		}
	})
}

func TestUndoing_a_merge_leaves_everything_as_it_was(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		twin, third := s.twice(t, "Bia S."), s.twice(t, "Bia Souza")
		p, session := s.payFor(t, twin, "2025-11-01", 200_00), s.sitFor(t, twin, "2025-11-12")
		gone := s.payFor(t, twin, "2025-11-01", 300_00)
		removed := s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemovePayment(ctx, tx, eva, gone, nil)
		})
		before := s.dump(t)
		first := s.do(t, s.merge(twin, 1))
		second := s.do(t, s.merge(1, third))
		if got, want := s.of(t, p, session), fmt.Sprint(third, third); got != want {
			t.Errorf("the rows are of %s", got)
		}
		// A row that an undo brings back is the survivor's, and goes with the merge.
		s.do(t, s.undo(removed.Change))
		if got, want := s.of(t, gone, session), fmt.Sprint(third, third); got != want {
			t.Errorf("the deleted row is back as %s", got)
		}
		s.refused(t, books.Conflict, "merged_since", failing(s.undo(first.Change)))
		back := s.do(t, s.undo(second.Change))
		if got := s.of(t, gone, session); got != "1 1" {
			t.Errorf("after one undo the rows are of %s", got)
		}
		s.refused(t, books.Refused, "undo_of_merge", failing(s.undo(back.Change)))
		s.refused(t, books.Conflict, "changed_since", failing(s.undo(second.Change)))
		s.do(t, s.undo(first.Change))
		if got, want := s.of(t, gone, session), fmt.Sprint(twin, twin); got != want {
			t.Errorf("after both they are of %s", got)
		}
		s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemovePayment(ctx, tx, eva, gone, nil)
		})
		again := s.do(t, s.merge(twin, 1))
		s.refused(t, books.Conflict, "changed_since", failing(s.undo(first.Change)))
		s.do(t, s.undo(again.Change))
		if after := s.dump(t); after != before {
			t.Errorf("undone, the books are\n%s\nand were\n%s", after, before)
		}
	})
}

// What somebody did meanwhile stays: a merge and its undo change the client
// alone.
func TestUndoing_a_merge_keeps_what_came_later(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		twin, third := s.twice(t, "Bia S."), s.twice(t, "Rui")
		p, other, session := s.payFor(t, twin, "2025-11-01", 200_00), s.payFor(t, twin, "2025-11-01", 210_00), s.sitFor(t, twin, "2025-11-12")
		merged := s.do(t, s.merge(twin, 1))
		change := func(id, client books.ID, amount books.Money) {
			n := sure(paid("2025-11-02", amount), 50_00)
			n.ID, n.ClientID = id, books.RefTo(client)
			s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
				return s.r.ChangePayment(ctx, tx, eva, n, nil)
			})
		}
		change(p, 1, 222_00)
		change(other, third, 111_00)
		s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemoveSession(ctx, tx, eva, session, nil)
		})
		added := s.payFor(t, 1, "2025-11-02", 5_00)
		s.do(t, s.undo(merged.Change))
		got := fmt.Sprint(s.of(t, p, 0), s.of(t, other, 0), s.of(t, added, 0))
		if want := fmt.Sprintf("%d 0%d 01 0", twin, third); got != want {
			t.Errorf("the rows are of %s, want %s", got, want)
		}
		if amount := get[*books.Payment](t, s, books.PaymentKind, p).Amount; amount != 222_00 {
			t.Errorf("the later amount is %s", amount)
		}
	})
}

func TestMerges_that_are_refused(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		twin := s.do(t, func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.AddClient(ctx, tx, eva, books.Client{Name: "Bia S."})
		})
		s.payFor(t, twin.ID, "2025-11-01", 200_00)
		refuse := func(kind books.ErrorKind, code string, from, into books.ID) {
			t.Helper()
			s.refused(t, kind, code, failing(s.merge(from, into)))
		}
		refuse(books.Invalid, "same_client", 1, 1)
		refuse(books.NotFound, "no_client", 99, 1)
		refuse(books.Invalid, "unknown_client", 1, 99)
		s.do(t, s.merge(twin.ID, 1))
		refuse(books.Conflict, "client_merged", 1, twin.ID)
		refuse(books.Conflict, "client_merged", twin.ID, 1)
		s.refused(t, books.Conflict, "row_in_use", failing(s.undo(twin.Change)))
		act := func(do func(ctx context.Context, tx *store.Tx) (recording.Done, error)) func(context.Context, *store.Tx) error {
			return failing(do)
		}
		s.refused(t, books.Conflict, "client_merged", act(func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.ChangeClient(ctx, tx, eva, books.Client{ID: twin.ID, Name: "X"}, nil)
		}))
		s.refused(t, books.Conflict, "client_merged", act(func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemoveClient(ctx, tx, eva, twin.ID, nil)
		}))
		s.Exec(t, "DELETE FROM comissoes")
		s.Exec(t, "DELETE FROM pagamentos")
		s.refused(t, books.Conflict, "client_in_use", act(func(ctx context.Context, tx *store.Tx) (recording.Done, error) {
			return s.r.RemoveClient(ctx, tx, eva, 1, nil)
		}))
		// v4 knows nothing of merges. A client whose survivor it deleted is one again.
		s.Exec(t, "DELETE FROM clients WHERE id = 1")
		names := func() (list []store.ClientName) {
			if err := s.Store.Read(t.Context(), func(tx *store.Tx) (err error) {
				list, err = tx.ClientNames(t.Context())
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return list
		}
		if list := names(); len(list) != 1 || list[0].Merged != 0 {
			t.Errorf("the clients are %v", list)
		}
	})
}

// Rows of a backup are those of the ones who stay, and a backup from before the
// merge agrees with what is live.
func TestA_restore_gives_rows_to_the_client_who_stays(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		twin := s.twice(t, "Bia S.")
		p, lost, session := s.payFor(t, twin, "2025-10-10", 100_00), s.payFor(t, twin, "2025-10-11", 101_00), s.sitFor(t, twin, "2025-11-12")
		if _, err := s.closer.CreateBackup(t.Context(), october, eva); err != nil {
			t.Fatal(err)
		}
		merged := s.do(t, s.merge(twin, 1))
		s.Exec(t, fmt.Sprintf("DELETE FROM comissoes WHERE pagamento_id = %d", lost))
		s.Exec(t, fmt.Sprintf("DELETE FROM pagamentos WHERE id = %d", lost))
		r, err := s.closer.Restore(t.Context(), october, "", false, eva)
		if err != nil || r.Missing.Payments != 1 || r.Present.Payments != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		if got := s.of(t, lost, session); got != "1 1" {
			t.Errorf("the restored row is of %s", got)
		}
		s.do(t, s.undo(merged.Change))
		if got, want := s.of(t, lost, session)+s.of(t, p, session), fmt.Sprint(twin, twin)+fmt.Sprint(twin, twin); got != want {
			t.Errorf("undone, the rows are of %s", got)
		}
	})
}

// While clients are merged and parted, others write: nothing of theirs is lost.
func TestNo_concurrent_write_is_lost_to_a_merge(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, s *studio) {
		twin := s.twice(t, "Bia S.")
		id := s.payFor(t, twin, "2025-11-01", 1_00)
		const rounds = 10
		var group sync.WaitGroup
		group.Go(func() {
			for range rounds {
				var done recording.Done
				err := s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
					done, err = s.merge(twin, 1)(ctx, tx)
					return err
				})
				if err == nil {
					err = s.write(t, failing(s.undo(done.Change)))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for i := range rounds {
				err := s.write(t, func(ctx context.Context, tx *store.Tx) error {
					row, err := tx.Record(ctx, books.PaymentKind, id)
					if err != nil {
						return err
					}
					n := sure(*row.(*books.Payment), 50_00)
					n.Note = books.TextOf(fmt.Sprint("round ", i))
					return only(s.r.ChangePayment(ctx, tx, eva, n, nil))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for range rounds {
				p := paid("2025-11-01", 2_00)
				p.ClientID = books.RefTo(twin)
				if err := s.write(t, func(ctx context.Context, tx *store.Tx) error { return only(s.r.AddPayment(ctx, tx, eva, sure(p, 0))) }); err != nil {
					t.Error(err)
				}
			}
		})
		group.Wait()
		if p := get[*books.Payment](t, s, books.PaymentKind, id); string(p.Note.V) != fmt.Sprint("round ", rounds-1) || p.ClientID.V != twin {
			t.Errorf("the payment is %v of client %d", p.Note, p.ClientID.V)
		}
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != rounds+1 {
			t.Errorf("%d payments", n)
		}
	})
}

// Of two who merge the same two clients the other way round, one wins.
func TestTwo_merges_that_cross(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, s *studio) {
		twin := s.twice(t, "Bia S.")
		errs := make([]error, 2)
		var group sync.WaitGroup
		for i, pair := range [][2]books.ID{{twin, 1}, {1, twin}} {
			group.Go(func() { errs[i] = s.write(t, failing(s.merge(pair[0], pair[1]))) })
		}
		group.Wait()
		lost := errors.Join(errs...)
		if e := books.AsError(lost); (errs[0] == nil) == (errs[1] == nil) || e == nil || e.Code != "client_merged" {
			t.Errorf("%v and %v", errs[0], errs[1])
		}
	})
}
