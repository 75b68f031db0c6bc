package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestA_commit_whose_answer_is_lost_happens_once(t *testing.T) {
	db := storetest.Postgres(t, now)
	people(t, db)
	line := storetest.NewLine(t, db.URL)
	s := open(t, line.URL)
	for i, heard := range []bool{true, false, true} {
		runs := 0
		line.Lose(storetest.Loss{Heard: heard})
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			runs++
			return insert(t.Context(), payment(int64(i+1), "2025-10-03"))(tx)
		})
		if want := map[bool]int{true: 1, false: 2}[heard]; err != nil || runs != want {
			t.Errorf("heard %v: %v after %d runs, want %d", heard, err, runs, want)
		}
		if n := db.Int(t, "SELECT count(*) FROM pagamentos"); n != int64(i+1) {
			t.Errorf("heard %v: %d payments, want %d", heard, n, i+1)
		}
	}
	line.Lose(storetest.Loss{})
	if err := s.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Setting(t.Context(), "x"); return err }); err != nil {
		t.Errorf("the answer to a commit of nothing: %v", err)
	}
}

func TestA_transaction_that_is_interrupted_before_its_commit_did_not_happen(t *testing.T) {
	storetest.Concurrent(t)
	storetest.Both(t, now, func(t *testing.T, db *storetest.DB) {
		for range 20 {
			ctx, interrupt := context.WithCancel(t.Context())
			err := db.Store.Write(ctx, func(tx *store.Tx) error {
				defer interrupt()
				return tx.SetSetting(ctx, "x", "y")
			})
			if !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrCommitUnknown) {
				t.Fatalf("an interruption right before the commit: %v", err)
			}
		}
		if got := setting(t, db.Store, "x"); got != "" {
			t.Errorf("stored %q", got)
		}
	})
}

func TestA_commit_that_is_refused_is_not_tried_again(t *testing.T) {
	db := storetest.Postgres(t, now)
	people(t, db)
	db.Exec(t, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'our rule'; END $$")
	db.Exec(t, "CREATE CONSTRAINT TRIGGER rule AFTER INSERT ON pagamentos DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()")
	runs := 0
	err := db.Store.Write(t.Context(), func(tx *store.Tx) error {
		runs++
		return insert(t.Context(), payment(1, "2025-10-03"))(tx)
	})
	if err == nil || !strings.Contains(err.Error(), "our rule") || runs != 1 {
		t.Errorf("%v after %d runs", err, runs)
	}
}

func TestA_commit_of_which_nobody_says_whether_it_happened_is_unknown(t *testing.T) {
	defer store.WaitForOutcome(300 * time.Millisecond)()
	db := storetest.Postgres(t, now)
	line := storetest.NewLine(t, db.URL)
	s := open(t, line.URL)
	for i, heard := range []bool{true, false} {
		value, runs := fmt.Sprint("value ", i), 0
		idle := func(*store.Tx) error { return s.Read(t.Context(), func(*store.Tx) error { return nil }) }
		if err := s.Read(t.Context(), idle); err != nil { // two connections at rest, one for the search
			t.Fatal(err)
		}
		line.Lose(storetest.Loss{Heard: heard, Dead: true})
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			runs++
			return tx.SetSetting(t.Context(), "x", value)
		})
		if !errors.Is(err, store.ErrCommitUnknown) || runs != 1 {
			t.Errorf("answers %v after %d runs, want ErrCommitUnknown: it must not be tried again", err, runs)
		}
		wants(t, err, books.Internal, "outcome_unknown")
		line.Mend()
		if got := setting(t, db.Store, "x"); (got == value) != heard {
			t.Errorf("stored %q, want that it happened: %v", got, heard)
		}
		wantWritable(t, s)
	}
}

func TestA_commit_interrupted_on_its_way_is_known_to_have_happened(t *testing.T) {
	db := storetest.Postgres(t, now)
	line := storetest.NewLine(t, db.URL)
	s := open(t, line.URL)
	for i, heard := range []bool{true, false} {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		value := fmt.Sprint("value ", i)
		line.Lose(storetest.Loss{Heard: heard, Before: interrupt})
		err := s.Write(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, "x", value) })
		if happened := err == nil; happened != heard || !happened && !errors.Is(err, context.Canceled) {
			t.Errorf("heard %v: answers %v", heard, err)
		}
		if got := setting(t, db.Store, "x"); (got == value) != heard {
			t.Errorf("stored %q, want that it happened: %v", got, heard)
		}
		wantWritable(t, s)
	}
}

func TestA_connection_that_is_cut_in_a_transaction_changes_nothing(t *testing.T) {
	storetest.Concurrent(t)
	db := storetest.Postgres(t, now)
	err := db.Store.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.SetSetting(t.Context(), "x", "y"); err != nil {
			return err
		}
		db.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'")
		return tx.SetSetting(t.Context(), "x", "z")
	})
	wants(t, err, books.Internal, "database_unreachable")
	if errors.Is(err, store.ErrCommitUnknown) {
		t.Errorf("the commit was never asked for: %v", err)
	}
	wantWritable(t, db.Store)
	if got := setting(t, db.Store, "x"); got != "" {
		t.Errorf("stored %q", got)
	}
}

func TestA_line_that_is_cut_is_a_database_that_does_not_answer(t *testing.T) {
	db := storetest.Postgres(t, now)
	line := storetest.NewLine(t, db.URL)
	s := open(t, line.URL)
	for _, message := range []string{"begin", "cut here", "commit"} {
		line.CutAt(message)
		err := s.Read(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Setting(t.Context(), "cut here")
			return err
		})
		wants(t, err, books.Internal, "database_unreachable")
	}
	line.Mend()
	wantWritable(t, s)
}
