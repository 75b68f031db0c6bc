package store_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/v4test"
	"extrato/internal/v4import"
)

func TestA_month_of_a_v4_database_closes_and_comes_back_byte_for_byte(t *testing.T) {
	s, db := v4test.TakenOver(t)
	exactlyClosedAndBack(t, s, db)
}

func TestA_month_of_an_imported_v4_database_closes_and_comes_back_with_the_same_fingerprint(t *testing.T) {
	url, v4 := v4test.Postgres(t)
	file, db := imported(t, url)
	other, otherDB := importedInto(t, url, pgtest.New(t), "pgx")

	inSQLite := exactlyClosedAndBack(t, file, db, v4test.Carried...)
	inPostgres := exactlyClosedAndBack(t, other, otherDB, v4test.Carried...)
	migrated := v4test.Open(t, url)
	v4test.Migrate(t, migrated)
	inPlace := exactlyClosedAndBack(t, migrated, v4)

	if inSQLite != inPlace || inPostgres != inPlace {
		t.Errorf("the same month has fingerprint %s in place, %s in SQLite and %s in a new PostgreSQL database", inPlace, inSQLite, inPostgres)
	}
}

// exactlyClosedAndBack closes October, reopens it and closes it again, which
// must give back tables as they were, and returns its fingerprint.
func exactlyClosedAndBack(t *testing.T, s *store.Store, db *sql.DB, tables ...string) books.Fingerprint {
	t.Helper()
	c := v4test.Closer(t, s)
	before := v4test.Dump(t, db, tables...)
	first := v4test.CloseMonth(t, c, october)
	if first.Counts != v4test.OctoberRows {
		t.Errorf("closed %+v, want %+v", first.Counts, v4test.OctoberRows)
	}
	for _, left := range []struct {
		what, query string
		want        int64
	}{
		{"September's and November's payments", "SELECT count(*) FROM pagamentos WHERE id < 101 OR id > 480", 16},
		{"payments", "SELECT count(*) FROM pagamentos", 16},
		{"sessions of the other months and unpaid ones", "SELECT count(*) FROM sessoes WHERE id < 1001 OR id > 1320", 12},
		{"sessions", "SELECT count(*) FROM sessoes", 12},
		{"commissions", "SELECT count(*) FROM comissoes", 5},
		{"commissions after October's", "SELECT count(*) FROM comissoes WHERE id > 240", 5},
		{"expenses", "SELECT count(*) FROM gastos", 9},
		{"expenses after October's", "SELECT count(*) FROM gastos WHERE id > 60", 9},
		{"clients", "SELECT count(*) FROM clients", 40},
		{"users", "SELECT count(*) FROM users", 10},
		{"links of sessions that stay to payments that left", "SELECT count(*) FROM sessoes WHERE id = 2006 AND payment_id IS NULL", 1},
		{"links of deposits' sessions to November", "SELECT count(*) FROM sessoes s JOIN pagamentos p ON p.id = s.payment_id WHERE s.id BETWEEN 2001 AND 2005", 5},
		{"statements", "SELECT count(*) FROM extratos", 2},
	} {
		if got := v4test.Number(t, db, left.query); got != left.want {
			t.Errorf("after the close there are %d %s, want %d", got, left.what, left.want)
		}
	}
	allProved(t, c)
	v4test.Reopen(t, c, october)
	v4test.Same(t, "after the reopen", before, v4test.Dump(t, db, tables...))
	again := v4test.CloseMonth(t, c, october)
	if again.Fingerprint != first.Fingerprint || again.Revision != 2 {
		t.Errorf("closing again gives %+v", again)
	}
	allProved(t, c)
	return first.Fingerprint
}

// allProved fails the test unless all backups and the chain are as they were made.
func allProved(t *testing.T, c *closing.Closer) {
	t.Helper()
	verified, err := c.VerifyBackups(t.Context(), books.Month{}, "")
	if err != nil || len(verified) == 0 {
		t.Fatalf("verified %d backups: %v", len(verified), err)
	}
	for _, v := range verified {
		if v.State != "ok" {
			t.Errorf("the backup %+v is not ok", v)
		}
	}
	audit, err := c.VerifyChain(t.Context())
	if err != nil || !audit.OK {
		t.Errorf("audit says %+v, %v", audit, err)
	}
}

func TestA_month_restored_into_a_copy_without_it_equals_the_original(t *testing.T) {
	url, v4 := v4test.Postgres(t)
	s := v4test.Open(t, url)
	v4test.Migrate(t, s)
	c := v4test.Closer(t, s)
	if _, err := c.CreateBackup(t.Context(), october, "test"); err != nil {
		t.Fatal(err)
	}
	original := v4test.Dump(t, v4)

	lost := []string{
		"UPDATE sessoes SET payment_id = NULL WHERE id BETWEEN 1001 AND 1320 OR id = 2006",
		"DELETE FROM comissoes WHERE id <= 240", "DELETE FROM pagamentos WHERE id BETWEEN 101 AND 480",
		"DELETE FROM sessoes WHERE id BETWEEN 1001 AND 1320", "DELETE FROM gastos WHERE id <= 60",
	}
	copied, copyDB := v4test.TakenOver(t, lost...)
	c.Store = copied
	restored, err := c.Restore(t.Context(), october, "", false, "test")
	if err != nil {
		t.Fatal(err)
	}
	if restored.Missing.Total() != v4test.OctoberRows.Total() || restored.Clients+restored.Artists != 0 {
		t.Errorf("restored %+v", restored)
	}
	v4test.Same(t, "after the restore", original, v4test.Dump(t, copyDB))
}

func TestA_month_restored_into_an_empty_database_has_its_rows_and_inactive_artists(t *testing.T) {
	s, v4 := v4test.TakenOver(t)
	c := v4test.Closer(t, s)
	// A session of September that nobody paid stays, so it is not in the backup.
	first := v4test.CloseMonth(t, c, v4test.September)
	v4test.Reopen(t, c, v4test.September)
	want := v4test.Lines(t, v4, "SELECT r::text FROM pagamentos r WHERE id BETWEEN 11 AND 18 ORDER BY id")

	for _, target := range []v4test.Target{
		v4test.NewSQLite(t), v4test.NewPostgres(t),
	} {
		t.Run(target.Name, func(t *testing.T) {
			empty := v4test.Open(t, target.URL)
			v4test.Migrate(t, empty)
			db := v4test.Connect(t, target.Driver, target.URL)
			if target.DSN != "" {
				db = v4test.Connect(t, target.Driver, target.DSN)
			}
			c.Store = empty
			if _, err := c.Restore(t.Context(), v4test.September, "", false, "test"); err != nil {
				t.Fatal(err)
			}
			if n := v4test.Number(t, db, "SELECT count(*) FROM users WHERE active_flag OR password_hash IS NOT NULL"); n != 0 {
				t.Errorf("%d artists could log in", n)
			}
			if target.Name == "postgres" {
				v4test.Same(t, "payments", want, v4test.Lines(t, db, "SELECT r::text FROM pagamentos r ORDER BY id"))
			}
			again := v4test.Closer(t, empty)
			if r := v4test.CloseMonth(t, again, v4test.September); r.Fingerprint != first.Fingerprint {
				t.Errorf("the restored month has fingerprint %s, the original %s", r.Fingerprint, first.Fingerprint)
			}
		})
	}
}

// imported imports the database at url into a new SQLite file.
func imported(t testing.TB, url string) (*store.Store, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "imported.db")
	s, _ := importedInto(t, url, "sqlite:///"+path, "")
	return s, v4test.Connect(t, "sqlite", v4test.SQLiteDSN(path))
}

func importedInto(t testing.TB, from, to, driver string) (*store.Store, *sql.DB) {
	t.Helper()
	s := v4test.Open(t, to)
	if _, err := v4import.Import(t.Context(), s, from, nil); err != nil {
		t.Fatal(err)
	}
	if driver == "" {
		return s, nil
	}
	return s, v4test.Connect(t, driver, to)
}
