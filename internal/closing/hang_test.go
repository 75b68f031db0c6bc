package closing_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// hanging is a place where no file can be read until end, whoever breaks off.
type hanging struct {
	bucket.Bucket
	end chan struct{}
}

func (h hanging) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if strings.HasSuffix(name, ".csv") {
		<-h.end
	}
	return h.Bucket.Open(ctx, name)
}

// hang makes the place of the backups one that hangs, until the test is over.
func (s *studio) hang(t *testing.T) {
	h := hanging{s.Backups.Bucket, make(chan struct{})}
	s.Backups.Bucket = h
	t.Cleanup(func() { close(h.end) })
}

// wantAnswer fails the test unless others can write.
func (s *studio) wantAnswer(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Store().Write(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, "probe", "x") }); err != nil {
		t.Fatalf("others cannot write: %v", err)
	}
}

func TestA_place_that_hangs_holds_nobody_up_once_the_close_is_broken_off(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		s.hang(t)
		ctx, breakOff := context.WithCancel(t.Context())
		s.Step = func(step string) {
			if step == "statement stored" {
				breakOff()
			}
		}
		ended := make(chan error, 1)
		go func() {
			_, err := s.Close(ctx, october, closing.Options{}, "test")
			ended <- err
		}()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("the close does not end")
		}
		s.wantAnswer(t)
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 1 {
			t.Errorf("%d payments are live", n)
		}
	})
}

func TestNobody_waits_for_the_backup_of_a_close_that_failed(t *testing.T) {
	closing.SetTimeouts(t, time.Second, time.Second)
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		s.hang(t)
		s.refuseStatements(t)
		failed := make(chan bool, 1)
		s.Step = func(step string) {
			if step == "rows read" {
				failed <- true
			}
		}
		ended := make(chan error, 1)
		go func() {
			_, err := s.Close(t.Context(), october, closing.Options{}, "test")
			ended <- err
		}()
		<-failed
		s.wantAnswer(t)
		if err := eventually(t, ended); err == nil || !strings.Contains(err.Error(), "no statements") {
			t.Errorf("the close came to %v", err)
		}
	})
}

// refuseStatements lets no statement be stored.
func (s *studio) refuseStatements(t *testing.T) {
	t.Helper()
	if !s.Store().Postgres() {
		s.Exec(t, "CREATE TRIGGER no BEFORE INSERT ON extratos BEGIN SELECT RAISE(ABORT, 'no statements'); END")
		return
	}
	s.Exec(t, "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no statements''; END'")
	s.Exec(t, "CREATE TRIGGER no BEFORE INSERT ON extratos FOR EACH ROW EXECUTE FUNCTION no()")
}

// slow is a place whose files take their time to be read.
type slow struct{ bucket.Bucket }

func (s slow) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	time.Sleep(time.Second)
	return s.Bucket.Open(ctx, name)
}

// A server that ends transactions in which nothing is done must not end the one
// that waits for the proof: the close would fail every time.
func TestA_slow_place_is_waited_for_where_idle_transactions_are_ended(t *testing.T) {
	storetest.Concurrent(t)
	both(t, func(t *testing.T, s *studio) {
		if !s.Store().Postgres() {
			t.Skip("SQLite has no such limit")
		}
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		s.Exec(t, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = 300', current_database()); END $$")
		db, err := store.Open(t.Context(), store.Options{URL: s.URL, Zone: storetest.Zone, Now: s.Now}, false)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		s.Closer.Store = db
		s.Backups.Bucket = slow{s.Backups.Bucket}
		s.close(t, october, false)
	})
}

// A close whose backup is slow to be read back lets others write meanwhile, and
// closes what there is then.
func TestA_slow_place_holds_nobody_up(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.payment(t, 1, "2025-10-10", "450.00")
		h := hanging{s.Backups.Bucket, make(chan struct{})}
		s.Backups.Bucket = h
		stored := make(chan bool, 10)
		s.onStep(func(step string) {
			if step == "statement stored" {
				stored <- true
			}
		})
		ended := make(chan error, 1)
		go func() {
			_, err := s.Close(t.Context(), october, closing.Options{}, "test")
			ended <- err
		}()
		<-stored
		s.wantAnswer(t)
		close(h.end)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		// On PostgreSQL nobody had to wait, so there was no need to begin again.
		if again := len(stored) == 1; again == s.Store().Postgres() {
			t.Errorf("the close began again: %t", again)
		}
		s.wantWhole(t)
	})
}
