package store_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/pgtest"
	"extrato/internal/store"
)

func TestA_month_of_a_v4_database_closes_and_comes_back_byte_for_byte(t *testing.T) {
	s, db := takenOver(t)
	exactlyClosedAndBack(t, s, db)
}

func TestA_month_of_an_imported_v4_database_closes_and_comes_back_with_the_same_fingerprint(t *testing.T) {
	url, v4 := v4Postgres(t)
	file, db := imported(t, url)
	other, otherDB := importedInto(t, url, pgtest.New(t), "pgx")

	inSQLite := exactlyClosedAndBack(t, file, db, carried...)
	inPostgres := exactlyClosedAndBack(t, other, otherDB, carried...)
	migrated := openAt(t, url)
	migrate(t, migrated)
	inPlace := exactlyClosedAndBack(t, migrated, v4)

	if inSQLite != inPlace || inPostgres != inPlace {
		t.Errorf("the same month has fingerprint %s in place, %s in SQLite and %s in a new PostgreSQL database", inPlace, inSQLite, inPostgres)
	}
}

// exactlyClosedAndBack closes October, reopens it and closes it again, which
// must give back tables as they were, and returns its fingerprint.
func exactlyClosedAndBack(t *testing.T, s *store.Store, db *sql.DB, tables ...string) books.Fingerprint {
	t.Helper()
	c := closer(t, s)
	before := dump(t, db, tables...)
	first := closeMonth(t, c, october)
	if first.Counts != octoberRows {
		t.Errorf("closed %+v, want %+v", first.Counts, octoberRows)
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
		if got := number(t, db, left.query); got != left.want {
			t.Errorf("after the close there are %d %s, want %d", got, left.what, left.want)
		}
	}
	allProved(t, c)
	reopen(t, c, october)
	same(t, "after the reopen", before, dump(t, db, tables...))
	again := closeMonth(t, c, october)
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
	url, v4 := v4Postgres(t)
	s := openAt(t, url)
	migrate(t, s)
	c := closer(t, s)
	if _, err := c.CreateBackup(t.Context(), october, "test"); err != nil {
		t.Fatal(err)
	}
	original := dump(t, v4)

	lost := []string{
		"UPDATE sessoes SET payment_id = NULL WHERE id BETWEEN 1001 AND 1320 OR id = 2006",
		"DELETE FROM comissoes WHERE id <= 240", "DELETE FROM pagamentos WHERE id BETWEEN 101 AND 480",
		"DELETE FROM sessoes WHERE id BETWEEN 1001 AND 1320", "DELETE FROM gastos WHERE id <= 60",
	}
	copied, copyDB := takenOver(t, lost...)
	c.Store = copied
	restored, err := c.Restore(t.Context(), october, "", false, "test")
	if err != nil {
		t.Fatal(err)
	}
	if restored.Missing.Total() != octoberRows.Total() || restored.Clients+restored.Artists != 0 {
		t.Errorf("restored %+v", restored)
	}
	same(t, "after the restore", original, dump(t, copyDB))
}

func TestA_month_restored_into_an_empty_database_has_its_rows_and_inactive_artists(t *testing.T) {
	s, v4 := takenOver(t)
	c := closer(t, s)
	// A session of September that nobody paid stays, so it is not in the backup.
	first := closeMonth(t, c, september)
	reopen(t, c, september)
	want := lines(t, v4, "SELECT r::text FROM pagamentos r WHERE id BETWEEN 11 AND 18 ORDER BY id")

	for _, target := range []struct{ name, url, driver, dsn string }{
		newSQLite(t), {"postgres", pgtest.New(t), "pgx", ""},
	} {
		t.Run(target.name, func(t *testing.T) {
			empty := openAt(t, target.url)
			migrate(t, empty)
			db := connect(t, target.driver, target.url)
			if target.dsn != "" {
				db = connect(t, target.driver, target.dsn)
			}
			c.Store = empty
			if _, err := c.Restore(t.Context(), september, "", false, "test"); err != nil {
				t.Fatal(err)
			}
			if n := number(t, db, "SELECT count(*) FROM users WHERE active_flag OR password_hash IS NOT NULL"); n != 0 {
				t.Errorf("%d artists could log in", n)
			}
			if target.name == "postgres" {
				same(t, "payments", want, lines(t, db, "SELECT r::text FROM pagamentos r ORDER BY id"))
			}
			again := closer(t, empty)
			if r := closeMonth(t, again, september); r.Fingerprint != first.Fingerprint {
				t.Errorf("the restored month has fingerprint %s, the original %s", r.Fingerprint, first.Fingerprint)
			}
		})
	}
}

func newSQLite(t testing.TB) struct{ name, url, driver, dsn string } {
	t.Helper()
	path := filepath.Join(t.TempDir(), "extrato.db")
	return struct{ name, url, driver, dsn string }{"sqlite", "sqlite:///" + path, "sqlite", sqliteDSN(path)}
}

func sqliteDSN(path string) string {
	return "file:" + path + "?_pragma=busy_timeout(15000)&_pragma=foreign_keys(1)"
}

// imported imports the database at url into a new SQLite file.
func imported(t testing.TB, url string) (*store.Store, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "imported.db")
	s, _ := importedInto(t, url, "sqlite:///"+path, "")
	return s, connect(t, "sqlite", sqliteDSN(path))
}

func importedInto(t testing.TB, from, to, driver string) (*store.Store, *sql.DB) {
	t.Helper()
	s := openAt(t, to)
	if _, err := s.Import(t.Context(), from, nil); err != nil {
		t.Fatal(err)
	}
	if driver == "" {
		return s, nil
	}
	return s, connect(t, driver, to)
}
