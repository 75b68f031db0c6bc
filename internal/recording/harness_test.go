package recording_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
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
		done, err := s.r.AddSession(ctx, tx, eva, recording.SessionEntry{Session: books.Session{Date: day(on), Amount: 450_00, ClientID: 1, ArtistID: 1}})
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
