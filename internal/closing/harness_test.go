package closing_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// studio is a closer over a real database and a real folder, with a clock that
// tests set.
type studio struct {
	*storetest.DB
	*closing.Closer
	Folder string
	Clock  time.Time
	heard  atomic.Pointer[func(string)] // see onStep
}

// noon returns noon of a day in the studio's zone.
func noon(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 12, 0, 0, 0, storetest.Zone)
}

// october is the month that most tests close.
var october = books.Month{Year: 2025, Month: time.October}

// both runs a test in an empty studio on each database, on 2 November 2025.
// PostgreSQL's own clock is later than that, so its check is tested by itself.
func both(t *testing.T, test func(*testing.T, *studio)) {
	t.Helper()
	s := &studio{Clock: noon(2025, time.November, 2)}
	now := func() time.Time { return s.Clock }
	storetest.Both(t, now, func(t *testing.T, db *storetest.DB) {
		s.DB, s.Folder, s.Clock = db, filepath.Join(t.TempDir(), "backups"), noon(2025, time.November, 2)
		s.Closer = newCloser(t, db.Store, s.Folder, now)
		test(t, s)
		s.Clock = noon(2025, time.November, 2) // the next database is made by this clock, too
	})
}

func newCloser(t testing.TB, s *store.Store, folder string, now func() time.Time) *closing.Closer {
	t.Helper()
	schedule, err := books.ParseSchedule("0 2 1 * *")
	if err != nil {
		t.Fatal(err)
	}
	return &closing.Closer{
		Store: s, Schedule: schedule, RequireBackup: true, Now: now, SpoolDir: t.TempDir(),
		Log: logtest.Quiet(t),
		// The tests' clock is not the server's.
		IgnoreServerClock: true,
		Backups:           &backup.Backups{Bucket: bucket.NewFolder(folder, nil), Now: now, Zone: storetest.Zone, Program: "test"},
	}
}

// people adds artist 1 and client 1.
func (s *studio) people(t testing.TB) {
	t.Helper()
	s.Exec(t, "INSERT INTO users (id, name, email, role, active_flag, unified_flow_enabled) VALUES (1, 'Ana', 'ana@studio.test', 'artist', TRUE, FALSE)")
	s.Exec(t, "INSERT INTO clients (id, name) VALUES (1, 'Bia')")
}

// payment adds a payment of client 1 to artist 1.
func (s *studio) payment(t testing.TB, id int, day, amount string) {
	t.Helper()
	s.Exec(t, `INSERT INTO pagamentos (id, data, valor, forma_pagamento, cliente_id, artista_id, created_at)
		VALUES ($1, $2, $3, 'Pix', 1, 1, '2025-10-01 12:00:00.000000')`, id, day, number(s.DB, amount))
}

// number is an amount as a client of this database would write it.
func number(db *storetest.DB, amount string) any {
	if db.Path == "" {
		return amount
	}
	m, err := books.ParseMoney(amount)
	if err != nil {
		panic(err)
	}
	return float64(m) / 100
}

// close closes a month and fails the test if it cannot.
func (s *studio) close(t testing.TB, month books.Month, force bool) closing.Result {
	t.Helper()
	r, err := s.Close(t.Context(), month, closing.Options{Force: force}, "test")
	if err != nil {
		t.Fatalf("close %s: %v", month, err)
	}
	return r
}

// live returns the fingerprint of a month's live rows.
func (s *studio) live(t testing.TB, month books.Month) books.Fingerprint {
	t.Helper()
	var f books.Fingerprint
	err := s.DB.Store.Read(t.Context(), func(tx *store.Tx) error {
		var err error
		f, _, err = books.FingerprintOf(tx.MonthRows(context.Background(), month))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// eventually waits for a writer that a test started, with a deadline.
func eventually(t testing.TB, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("the other writer still waits after 30 seconds")
		return nil
	}
}

// inOwnTx runs statements in one transaction beside the program and returns
// how many rows each changed.
func inOwnTx(t testing.TB, db *sql.DB, statements []string) (changed []int64, err error) {
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	for _, q := range statements {
		result, err := tx.ExecContext(t.Context(), q)
		if err != nil {
			return changed, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return changed, err
		}
		changed = append(changed, n)
	}
	return changed, tx.Commit()
}
