package closing_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// forge puts a whole copy into the folder, with a manifest of its own, that the
// database did not make: October's rows and a payment that nobody made.
func (s *studio) forge(t *testing.T) string {
	t.Helper()
	var rows []books.Row
	err := s.Store().Read(t.Context(), func(tx *store.Tx) (err error) {
		rows, err = books.Collect(tx.MonthRows(t.Context(), october))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	day, _ := books.ParseDay("2025-10-30")
	rows = append(rows, &books.Payment{ID: 900, Date: day, Amount: 999900, Method: "Pix", ArtistID: 1})
	slices.SortFunc(rows, books.Compare)
	return s.plant(t, october, rows)
}

// plant puts a whole copy of rows into the folder behind the database's back.
func (s *studio) plant(t *testing.T, month books.Month, rows []books.Row) string {
	t.Helper()
	made, err := s.Backups.Start(t.Context(), month, backup.Before{}, books.Sequence(rows), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Stop()
	receipt, err := made.Receipt(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return receipt.File
}

func TestRestore_takes_no_rows_from_a_copy_that_the_database_did_not_make(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.backUp(t, october)
		before := s.dump(t, v4Tables...)
		forged := s.forge(t)
		s.loseOctober(t)
		// Neither reading it nor listing it makes it the database's own.
		if v := s.verify(t, october, ""); len(v) != 2 || v[1].File != forged || !strings.Contains(v[1].Reason, "did not make it") {
			t.Errorf("verified %+v", v)
		}
		r, err := s.Restore(t.Context(), october, "", true, "test")
		if err != nil || r.File != first.File || !strings.Contains(strings.Join(r.Notes, "; "), "did not make "+forged) {
			t.Errorf("it takes %s, noting %q, %v", r.File, r.Notes, err)
		}
		s.restore(t, october)
		wantSame(t, "restoring gave back something else", before, s.dump(t, v4Tables...))

		// Where its own copies are gone, it names the other and takes none.
		s.loseOctober(t)
		if err := os.Remove(filepath.Join(s.Folder, filepath.FromSlash(first.File))); err != nil {
			t.Fatal(err)
		}
		if e := s.refusesRestore(t, october, "", books.NotFound, "no_backup"); !strings.Contains(e.Hint, "--file "+forged) {
			t.Errorf("the hint is %q", e.Hint)
		}
		if r, err := s.Restore(t.Context(), october, forged, false, "test"); err != nil || r.Missing.Payments != 5 {
			t.Errorf("by name it restores %+v, %v", r.Missing, err)
		}
	})
}

func TestRestore_takes_the_copy_that_the_statement_rests_on(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		closed := s.close(t, october, false)
		s.payment(t, 90, "2025-10-05", "1.00") // late
		later := s.backUp(t, october)
		s.Exec(t, "DELETE FROM pagamentos WHERE id = 90")
		s.Tamper(t, "DELETE FROM extratos")
		r, err := s.Restore(t.Context(), october, "", true, "test")
		if err != nil || r.File != closed.Backup.File || later.File == closed.Backup.File {
			t.Errorf("it takes %s, %v", r.File, err)
		}
	})
}

func TestRestore_refuses_a_recorded_copy_that_was_exchanged_with_its_manifest(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		r := s.close(t, october, false)
		other := s.fresh(t) // writes the same name into another folder
		other.Folder = t.TempDir()
		other.Closer = newCloser(t, other.Store(), other.Folder, s.Now)
		other.people(t)
		other.payment(t, 900, "2025-10-30", "9999.00")
		other.backUp(t, october)
		for name, text := range other.files(t) {
			s.damage(t, name, func(string) string { return text })
		}
		s.Tamper(t, "DELETE FROM extratos")
		for _, file := range []string{"", r.Backup.File} {
			if e := s.refusesRestore(t, october, file, books.Integrity, "backup_corrupt"); !strings.Contains(e.Error(), "exchanged") {
				t.Errorf("the refusal is %s", e)
			}
		}
		// So a new statement is not held against it either.
		s.payment(t, 900, "2025-10-30", "9999.00")
		if e := s.refusesClose(t, october, true, books.Integrity, "backup_corrupt"); !strings.Contains(e.Error(), "exchanged") {
			t.Errorf("the refusal is %s", e)
		}
	})
}

func TestRestore_names_the_newest_whole_copy_where_the_database_records_none(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		forged := s.forge(t)
		to := s.fresh(t)
		r, err := to.Restore(t.Context(), october, "", true, "test")
		if err != nil || r.File != forged || len(r.Notes) == 0 || !strings.Contains(r.Notes[0], "no record") || !strings.Contains(r.Notes[0], forged) {
			t.Errorf("it takes %s, noting %q, %v", r.File, r.Notes, err)
		}
	})
}

func TestRestore_takes_a_shared_session_from_no_copy_that_the_database_did_not_make(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.backUp(t, november)
		err := s.Store().Read(t.Context(), func(tx *store.Tx) error {
			live, err := tx.LiveByID(t.Context(), books.SessionKind, []books.ID{3})
			forged := live[3].(*books.Session)
			forged.Amount, forged.PaymentID = 1, books.Ref{}
			s.plant(t, november, []books.Row{forged})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s.loseOctober(t)
		s.Exec(t, "UPDATE pagamentos SET sessao_id = NULL")
		s.Exec(t, "DELETE FROM sessoes WHERE id = 3")
		s.restore(t, october)
		if n := s.Int(t, "SELECT count(*) FROM sessoes WHERE id = 3"); n != 0 {
			t.Error("the session came from a copy that somebody put there")
		}
	})
}

func TestRestore_dry_run_shows_each_row_that_would_come(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.backUp(t, october)
		s.loseOctober(t)
		r, err := s.Restore(t.Context(), october, "", true, "test")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range r.Rows {
			got = append(got, row.Type)
		}
		if int64(len(r.Rows)) != fullCounts.Total()+fullCounts.Links || !slices.Contains(got, "vinculo") {
			t.Errorf("it shows %v", got)
		}
		if first := string(r.Rows[0].Row); !strings.Contains(first, `"valor":450.00`) || !strings.Contains(first, `"artista_name":"Ana"`) {
			t.Errorf("the first is %s", first)
		}
	})
}

func TestVerifyBackups_reads_the_recorded_copy_behind_a_newer_one_from_elsewhere(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.backUp(t, october)
		s.forge(t)
		s.damage(t, first.File, func(text string) string { return text + "x" })
		if v := s.verify(t, october, ""); len(v) != 2 || v[0].State != backup.Corrupt || v[1].State != backup.Stale {
			t.Errorf("verified %+v", v)
		}
		if info := s.month(t, october); info.Backup != "corrupt" || info.State == closing.IsClosed {
			t.Errorf("the month is %+v", info)
		}
	})
}
