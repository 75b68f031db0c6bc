package closing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/store"
)

func TestClose_refuses_a_closed_month_with_the_document_of_the_one_who_closed_it(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.close(t, october, false)
		var second closing.Result
		s.refused(t, books.Refused, "already_closed", func() error {
			var err error
			second, err = s.Close(t.Context(), october, closing.Options{CorrelationID: "mine"}, "test")
			return err
		})
		if second.Outcome != closing.AlreadyClosed || second.CorrelationID != "mine" {
			t.Errorf("the second answer is %s of %s", second.Outcome, second.CorrelationID)
		}
		sameDocument(t, first, second)
		forced := s.close(t, october, true) // nothing is late: no error
		if forced.Outcome != closing.AlreadyClosed {
			t.Errorf("force with nothing late answers %s", forced.Outcome)
		}
		sameDocument(t, first, forced)
	})
}

// sameDocument asserts that two results differ in outcome, correlation id and
// seconds alone.
func sameDocument(t *testing.T, a, b closing.Result) {
	t.Helper()
	text := func(r closing.Result) string {
		r.Outcome, r.CorrelationID, r.Seconds = "", "", 0
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if text(a) != text(b) {
		t.Errorf("the documents differ:\n%s\n%s", text(a), text(b))
	}
}

func TestClose_names_the_late_rows_that_wait_when_it_refuses_a_closed_month(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		s.close(t, october, false)
		s.payment(t, 1, "2025-10-03", "12.30")
		if e := s.refusesClose(t, october, false, books.Refused, "already_closed"); !strings.Contains(e.Hint, "--force") {
			t.Errorf("the hint is %q", e.Hint)
		}
	})
}

func TestClose_refuses_a_month_until_its_last_second_in_the_studios_zone_is_over(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "DELETE FROM comissoes WHERE id = 4")
		// 03:00 UTC is midnight in São Paulo.
		s.Clock = time.Date(2025, 10, 31, 23, 59, 59, 999999999, noon(2025, 1, 1).Location())
		s.refusesClose(t, october, false, books.Refused, "month_not_ended")
		s.Clock = time.Date(2025, 11, 1, 0, 0, 0, 0, noon(2025, 1, 1).Location())
		if r := s.close(t, october, false); r.Counts != fullCounts {
			t.Errorf("closed %+v", r.Counts)
		}
	})
}

func TestClose_refuses_while_a_row_was_made_in_the_future(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		for _, table := range []string{"pagamentos", "sessoes", "gastos"} {
			t.Run(table, func(t *testing.T) {
				s.Exec(t, "DELETE FROM comissoes")
				s.Exec(t, "UPDATE sessoes SET payment_id = NULL")
				for _, table := range []string{"pagamentos", "sessoes", "gastos", "users", "clients"} {
					s.Exec(t, "DELETE FROM "+table)
				}
				s.fullOctober(t)
				// The clock is 15:00 in UTC; up to five minutes are forgiven.
				s.Exec(t, "UPDATE "+table+" SET created_at = '2025-11-02 15:05:01.000000+00' WHERE id = 3")
				e := s.refusesClose(t, october, false, books.Refused, "clock_doubtful")
				if !strings.Contains(e.Message, " 3 ") {
					t.Errorf("the refusal does not name the row: %s", e.Message)
				}
			})
		}
		s.Exec(t, "UPDATE gastos SET created_at = '2025-11-02 15:04:59.000000' WHERE id = 3")
		s.close(t, october, false)
	})
}

func TestClose_refuses_when_the_clocks_of_process_and_server_differ(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.IgnoreServerClock = false
		if !s.Store().Postgres() { // SQLite has no clock of its own
			s.close(t, october, false)
			return
		}
		server := time.Now().In(s.Clock.Location())
		for _, ahead := range []time.Duration{-5*time.Minute - 5*time.Second, 5*time.Minute + 30*time.Second} {
			s.Clock = server.Add(ahead)
			s.refusesClose(t, october, false, books.Refused, "clock_doubtful")
		}
		s.Clock = time.Now().In(s.Clock.Location())
		s.close(t, october, false)
	})
}

func TestClose_refuses_where_the_backup_cannot_be_written(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		if err := os.WriteFile(s.Folder, []byte("a file"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.refusesCloseForItsBackup(t, "")
		if err := os.Remove(s.Folder); err != nil {
			t.Fatal(err)
		}
		whole := s.Backups.Bucket
		for _, errno := range []syscall.Errno{syscall.EROFS, syscall.ENOSPC, syscall.EACCES, syscall.ESTALE} {
			s.Backups.Bucket = faultyBucket{Bucket: whole, stage: errno}
			s.refusesCloseForItsBackup(t, "")
		}
		s.Backups.Bucket = faultyBucket{Bucket: whole, write: syscall.ENOSPC}
		s.refusesCloseForItsBackup(t, "full")
		s.Backups.Bucket = faultyBucket{Bucket: whole, commit: syscall.EIO}
		s.refusesClose(t, october, false, books.Refused, "backup_unwritable") // only who writes a backup meets this
		s.Backups.Bucket = whole
		s.close(t, october, false)
		s.wantWhole(t)
	})
}

func (s *studio) refusesCloseForItsBackup(t *testing.T, hint string) {
	t.Helper()
	previewed := s.refused(t, books.Refused, "backup_unwritable", func() error {
		_, err := s.Preview(t.Context(), october, false)
		return err
	})
	e := s.refusesClose(t, october, false, books.Refused, "backup_unwritable")
	if previewed.Message != e.Message || previewed.Hint != e.Hint {
		t.Errorf("previewed %q, %q, closed %q, %q", previewed.Message, previewed.Hint, e.Message, e.Hint)
	}
	if e.Hint == "" || !strings.Contains(e.Hint, hint) {
		t.Errorf("the hint is %q, want one about %q", e.Hint, hint)
	}
	if runs := s.texts(t, "SELECT code FROM "+s.own("runs")+" ORDER BY id DESC LIMIT 1"); len(runs) != 1 || runs[0] != "backup_unwritable" {
		t.Errorf("the attempt was recorded as %v", runs)
	}
}

// own returns the name of a table of ours as a connection of v4's needs it.
func (s *studio) own(table string) string {
	if s.Store().Postgres() {
		return "extrato." + table
	}
	return table
}

func TestClose_refuses_a_folder_that_holds_none_of_the_known_backups(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, september, false)
		// The mount is gone: its mount point is an empty folder, or not there at all.
		if err := os.Rename(s.Folder, s.Folder+".unmounted"); err != nil {
			t.Fatal(err)
		}
		refuses := func() {
			t.Helper()
			e := s.refusesClose(t, october, false, books.Refused, "backup_unwritable")
			if !strings.Contains(e.Hint, "mount") || !strings.Contains(e.Hint, s.Folder) {
				t.Errorf("the hint is %q", e.Hint)
			}
			if _, err := s.Preview(t.Context(), october, false); err == nil {
				t.Error("the preview does not refuse")
			}
		}
		refuses()
		if err := os.Mkdir(s.Folder, 0o700); err != nil {
			t.Fatal(err)
		}
		refuses()
		if len(s.files(t)) != 0 {
			t.Errorf("the refusal left %v", s.fileNames(t))
		}
		if err := errorsJoin(os.Remove(s.Folder), os.Rename(s.Folder+".unmounted", s.Folder)); err != nil {
			t.Fatal(err)
		}
		s.close(t, october, false)
	})
}

func errorsJoin(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestClose_without_a_required_backup_forgives_one_that_cannot_be_written_and_says_so_for_ever(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.RequireBackup = false
		s.Backups.Bucket = faultyBucket{Bucket: s.Backups.Bucket, stage: syscall.EROFS}
		r := s.close(t, october, false)
		if r.Backup.File != "" || r.Counts != fullCounts {
			t.Errorf("closed %+v", r)
		}
		entry := s.closedWith(t, october)
		if len(entry.Notes) != 1 || !strings.Contains(entry.Notes[0], "without a backup") {
			t.Errorf("the chain says %q", entry.Notes)
		}
		again, _ := s.Close(t.Context(), october, closing.Options{}, "test")
		if len(again.Notes) != 1 {
			t.Errorf("a later answer does not say so: %+v", again)
		}
		s.wantWhole(t)
	})
}

func TestClose_without_a_required_backup_never_forgives_one_that_reads_back_wrong(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.RequireBackup = false
		s.Backups.Bucket = faultyBucket{Bucket: s.Backups.Bucket, lie: func(b []byte) []byte {
			return bytes.Replace(b, []byte("450.00"), []byte("450.01"), 1)
		}}
		s.refusesClose(t, october, false, books.Integrity, "backup_corrupt")
	})
}

func TestClose_stores_the_statement_while_the_backup_is_read_back_and_removes_no_row_before(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		place := s.Backups.Bucket
		for _, damaged := range []bool{true, false} {
			var steps []string
			stored := make(chan struct{})
			s.onStep(func(step string) {
				if steps = append(steps, step); step == "statement stored" {
					close(stored)
				}
			})
			s.Backups.Bucket = faultyBucket{Bucket: place, lie: func(b []byte) []byte {
				select {
				case <-stored:
				case <-time.After(10 * time.Second):
					t.Error("the close waits for the backup before it stores the statement")
				}
				if damaged {
					return b[:len(b)-1]
				}
				return b
			}}
			if damaged {
				s.refusesClose(t, october, false, books.Integrity, "backup_corrupt")
				if slices.Contains(steps, "rows deleted") || slices.Contains(steps, "chain grown") {
					t.Errorf("before the backup was proved, the close went on to %v", steps)
				}
				if n := s.Int(t, "SELECT count(*) FROM "+s.own("backups")); n != 0 {
					t.Errorf("%d backups are recorded, the one that reads back wrong is none", n)
				}
				s.Exec(t, "UPDATE gastos SET valor = 7") // or the copy that is there would do
				continue
			}
			s.close(t, october, false)
			if proved := slices.Index(steps, "backup proved"); proved < slices.Index(steps, "statement stored") || slices.Index(steps, "rows deleted") < proved {
				t.Errorf("the close did %v", steps)
			}
		}
		s.onStep(nil)
		s.wantWhole(t)
	})
}

func TestClose_that_fails_keeps_the_record_of_its_backup(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		broken := errors.New("broken")
		s.Announce = func(context.Context, *store.Tx, books.ChainEntry) error { return broken }
		before := s.live(t, october)
		if _, err := s.Close(t.Context(), october, closing.Options{}, "test"); !errors.Is(err, broken) {
			t.Fatalf("closed with %v", err)
		}
		if after := s.live(t, october); after != before {
			t.Error("a close that failed changed the month")
		}
		if n := s.Int(t, "SELECT count(*) FROM "+s.own("backups")+" WHERE state = 'ok'"); n != 1 {
			t.Errorf("%d backups are recorded", n)
		}
		s.Announce = nil
		s.close(t, october, false)
		if files := s.files(t); len(files) != 2 { // and finds it when it tries again
			t.Errorf("there are %d files", len(files))
		}
		s.wantWhole(t)
	})
}

// faultyBucket is a disk that fails, or that hands out other bytes than it was given.
type faultyBucket struct {
	bucket.Bucket
	stage, write, commit error
	lie                  func([]byte) []byte
}

func (b faultyBucket) Stage(ctx context.Context, near string) (bucket.Staged, error) {
	if b.stage != nil {
		return nil, &os.PathError{Op: "open", Path: near, Err: b.stage}
	}
	staged, err := b.Bucket.Stage(ctx, near)
	return faultyStaged{staged, b.write, b.commit}, err
}

func (b faultyBucket) Probe(ctx context.Context, near string) error {
	staged, err := b.Stage(ctx, near)
	if err == nil {
		_, err = staged.Write(nil)
		staged.Discard()
	}
	return err
}

func (b faultyBucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	in, err := b.Bucket.Open(ctx, name)
	if err != nil || b.lie == nil || !strings.HasSuffix(name, ".csv") {
		return in, err
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	return io.NopCloser(bytes.NewReader(b.lie(text))), err
}

type faultyStaged struct {
	bucket.Staged
	write, commit error
}

func (s faultyStaged) Write(p []byte) (int, error) {
	if s.write != nil {
		return 0, s.write
	}
	return s.Staged.Write(p)
}

func (s faultyStaged) Commit(ctx context.Context, name string) error {
	if s.commit != nil {
		return s.commit
	}
	return s.Staged.Commit(ctx, name)
}

func TestClose_refuses_a_row_that_holds_something_in_a_column_it_does_not_know(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		for _, table := range []string{"pagamentos", "sessoes", "comissoes", "gastos"} {
			s.Exec(t, "ALTER TABLE "+table+` ADD COLUMN "Nota Fiscal" TEXT`)
		}
		for _, required := range []bool{true, false} {
			s.RequireBackup = required
			for table, id := range map[string]int{"pagamentos": 4, "sessoes": 2, "comissoes": 3, "gastos": 1} {
				s.Exec(t, "UPDATE "+table+` SET "Nota Fiscal" = '' WHERE id = $1`, id)
				e := s.refusesClose(t, october, false, books.Refused, "unknown_column")
				if !strings.Contains(e.Message, table+".Nota Fiscal") {
					t.Errorf("the refusal does not name the column: %s", e.Message)
				}
				if _, err := s.Preview(t.Context(), october, false); err == nil {
					t.Error("the preview does not refuse")
				}
				s.Exec(t, "UPDATE "+table+` SET "Nota Fiscal" = NULL`)
			}
		}
		s.Exec(t, `UPDATE pagamentos SET "Nota Fiscal" = '17' WHERE id IN (5, 6)`) // other months'
		s.close(t, october, false)
	})
}

func TestClose_refuses_a_column_it_does_not_know_where_no_backup_is_required_and_the_place_is_gone(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, september, false)
		if err := os.RemoveAll(s.Folder); err != nil {
			t.Fatal(err)
		}
		s.RequireBackup = false
		s.Exec(t, "ALTER TABLE gastos ADD COLUMN recibo TEXT")
		s.Exec(t, "UPDATE gastos SET recibo = 'abc' WHERE id = 1")
		s.refusesClose(t, october, false, books.Refused, "unknown_column")
	})
}

func TestClose_refuses_what_an_unknown_column_gets_meanwhile(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.Exec(t, "ALTER TABLE gastos ADD COLUMN recibo TEXT")
		change := "rows read"
		if !s.Store().Postgres() {
			change = "locked" // later, SQLite's writers wait for the close
		}
		s.Step = func(step string) {
			if step == change {
				s.Exec(t, "UPDATE gastos SET recibo = 'abc' WHERE id = 1")
			}
		}
		_, err := s.Close(t.Context(), october, closing.Options{}, "test")
		if e := books.AsError(err); e == nil || e.Code != "unknown_column" {
			t.Errorf("closed with %v", err)
		}
		if n := s.Int(t, "SELECT count(*) FROM gastos WHERE recibo = 'abc'"); n != 1 {
			t.Error("what the column held is gone")
		}
	})
}

func TestClose_carries_the_time_of_older_databases(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		if s.Store().Postgres() {
			s.Exec(t, "ALTER TABLE sessoes ADD COLUMN hora TIME")
		}
		s.Exec(t, "UPDATE sessoes SET hora = '14:30:00' WHERE id = 1")
		before := s.dump(t, v4Tables...)
		s.close(t, october, false)
		for _, row := range s.statement(t, october).Rows {
			if session, ok := row.(*books.Session); ok && session.ID == 1 && session.Time != books.TextOf("14:30:00") {
				t.Errorf("the statement has the time %+v", session.Time)
			}
		}
		s.reopen(t, october)
		wantSame(t, "reopening lost something", before, s.dump(t, v4Tables...))
	})
}

func TestClose_refuses_text_that_is_not_utf8(t *testing.T) {
	bothOrSQLite(t, func(t *testing.T, s *studio) {
		for _, broken := range []string{
			"UPDATE pagamentos SET observacoes = CAST(x'61ff' AS TEXT) WHERE id = 4",
			"UPDATE sessoes SET status = CAST(x'ff' AS TEXT) WHERE id = 2",
			"UPDATE gastos SET descricao = CAST(x'ed a0 80' AS TEXT) WHERE id = 1",
			"UPDATE clients SET name = CAST(x'c3' AS TEXT) WHERE id = 1",
		} {
			s.empty(t)
			s.fullOctober(t)
			s.Exec(t, strings.ReplaceAll(broken, "ed a0 80", "eda080"))
			e := s.refusesClose(t, october, false, books.Integrity, "broken_row")
			if !strings.Contains(e.Message, "UTF-8") || !strings.ContainsAny(e.Message, "1234") {
				t.Errorf("the refusal does not name the row: %s", e.Message)
			}
		}
	})
}

// bothOrSQLite runs a test of what PostgreSQL never stores on SQLite alone.
func bothOrSQLite(t *testing.T, test func(*testing.T, *studio)) {
	t.Helper()
	both(t, func(t *testing.T, s *studio) {
		if s.Store().Postgres() {
			t.Skip("PostgreSQL refuses to store this itself")
		}
		test(t, s)
	})
}

// empty deletes all rows of the books.
func (s *studio) empty(t testing.TB) {
	t.Helper()
	s.Exec(t, "UPDATE sessoes SET payment_id = NULL")
	for _, table := range []string{"comissoes", "pagamentos", "sessoes", "gastos", "clients", "users"} {
		s.Exec(t, "DELETE FROM "+table)
	}
}

func TestClose_refuses_parts_of_a_cent_instead_of_rounding(t *testing.T) {
	bothOrSQLite(t, func(t *testing.T, s *studio) {
		for _, broken := range []string{
			"UPDATE pagamentos SET valor = 16.665 WHERE id = 4", "UPDATE gastos SET valor = 0.001 WHERE id = 1",
			"UPDATE comissoes SET percentual = 33.333 WHERE id = 3", "UPDATE sessoes SET valor = 'muito' WHERE id = 2",
		} {
			s.empty(t)
			s.fullOctober(t)
			conn, err := s.SQL.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, query := range []string{"PRAGMA ignore_check_constraints = ON", broken, "PRAGMA ignore_check_constraints = OFF"} {
				if _, err := conn.ExecContext(t.Context(), query); err != nil {
					t.Fatal(err)
				}
			}
			conn.Close()
			e := s.refusesClose(t, october, false, books.Integrity, "broken_row")
			if !strings.Contains(e.Message, `"valor"`) && !strings.Contains(e.Message, `"percentual"`) {
				t.Errorf("the refusal does not name the column: %s", e.Message)
			}
		}
	})
}

func TestClose_refuses_an_amount_that_is_no_number(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		if !s.Store().Postgres() {
			t.Skip("SQLite has no NaN")
		}
		s.fullOctober(t)
		s.Exec(t, "UPDATE pagamentos SET valor = 'NaN' WHERE id = 4")
		if e := s.refusesClose(t, october, false, books.Integrity, "broken_row"); !strings.Contains(e.Message, "pagamento 4") {
			t.Errorf("the refusal does not name the row: %s", e.Message)
		}
	})
}

func TestClose_leaves_a_malformed_date_alone_because_it_belongs_to_no_month(t *testing.T) {
	bothOrSQLite(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		for id, day := range map[int]string{80: "2025-10-4", 81: "2025-10-32", 82: "2025-10-04 12:00", 83: "2025-1-04", 84: "outubro"} {
			s.payment(t, id, day, "1.00")
			s.expense(t, id, day, "1.00")
		}
		// A session that such a payment is for stays with it, whatever else pays for it.
		s.pays(t, 80, 1)
		r := s.close(t, october, false)
		if r.Counts.Payments != fullCounts.Payments || r.Counts.Expenses != fullCounts.Expenses || r.Counts.Sessions != fullCounts.Sessions-1 {
			t.Errorf("closed %+v", r.Counts)
		}
		if n := s.Int(t, "SELECT count(*) FROM pagamentos WHERE id >= 80") + s.Int(t, "SELECT count(*) FROM gastos WHERE id >= 80"); n != 10 {
			t.Errorf("%d of the 10 rows without a month are left", n)
		}
	})
}

func TestClose_with_force_refuses_to_revise_a_statement_of_v4s(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.v4Statement(t, october)
		s.adopt(t)
		if got := s.month(t, october); got.State != closing.Late {
			t.Errorf("the month is %s", got.State)
		}
		s.refusesClose(t, october, true, books.Refused, "statement_of_v4")
		s.refusesClose(t, october, false, books.Refused, "already_closed")
		s.refused(t, books.Refused, "statement_of_v4", func() error {
			_, err := s.CreateBackup(t.Context(), october, "test")
			return err
		})
	})
}

func TestClose_with_force_refuses_to_revise_a_statement_that_v4_put_in_the_place_of_ours(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		first := s.close(t, october, false)
		s.Tamper(t, "DELETE FROM extratos")
		s.v4Statement(t, october)
		s.restore(t, october)
		for _, force := range []bool{false, true} {
			s.refusesClose(t, october, force, books.Integrity, "statement_changed")
		}
		s.refusesReopen(t, october, books.Integrity, "statement_changed")
		s.refused(t, books.Integrity, "statement_changed", func() error {
			_, err := s.CreateBackup(t.Context(), october, "test")
			return err
		})
		// What docs/operations.md says.
		s.Tamper(t, "DELETE FROM extratos")
		if again := s.close(t, october, true); again.Revision != 2 || again.Fingerprint != first.Fingerprint {
			t.Errorf("closed again as %+v, first as %+v", again, first)
		}
		s.reopen(t, october)
	})
}

func TestClose_with_force_refuses_a_late_row_that_already_stands_in_the_statement(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		for _, table := range []string{"gastos", "pagamentos"} {
			s.Exec(t, map[string]string{
				"gastos": "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (1, '2025-10-01', 1, 'Pix', 1, '" + made + "')",
				"pagamentos": `INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at)
					VALUES (4, '2025-10-01', 12.3, 'Pix', 1, '` + made + "')",
			}[table])
			e := s.refusesClose(t, october, true, books.Integrity, "row_twice")
			if e.Hint == "" {
				t.Error("the refusal does not say what to do")
			}
			s.Exec(t, "DELETE FROM "+table+" WHERE data = '2025-10-01'")
		}
	})
}

func TestClose_refuses_when_the_statement_is_gone_from_the_table_of_statements(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.Tamper(t, "DELETE FROM extratos")
		for _, force := range []bool{false, true} {
			s.refusesClose(t, october, force, books.Integrity, "statement_gone")
		}
		s.refusesReopen(t, october, books.Integrity, "statement_gone")
	})
}

const lateExpense = "INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (900, '2025-10-31', 1, 'Pix', 1, '" + made + "')"

func TestClose_with_force_makes_no_statement_anew_while_rows_of_the_lost_one_are_missing(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.Tamper(t, "DELETE FROM extratos")
		s.Exec(t, lateExpense)
		refused := func() {
			t.Helper()
			e := s.refusesClose(t, october, true, books.Integrity, "statement_gone")
			if !strings.Contains(e.Hint, "extrato backup restore 2025-10 --file 2025_10/backup_2025_10.csv") {
				t.Errorf("the hint does not say how the rows come back: %s", e.Hint)
			}
		}
		refused()
		s.restore(t, october)
		for _, change := range [][2]string{
			{"DELETE FROM comissoes WHERE id = (SELECT min(id) FROM comissoes)", ""},
			{"UPDATE gastos SET valor = valor + 1 WHERE id = 1", "UPDATE gastos SET valor = valor - 1 WHERE id = 1"},
			{"UPDATE pagamentos SET data = '2025-09-30' WHERE id = 4", "UPDATE pagamentos SET data = (SELECT data FROM kept_pagamentos WHERE id = 4) WHERE id = 4"},
		} {
			s.Exec(t, "CREATE TABLE kept_pagamentos AS SELECT * FROM pagamentos")
			s.Exec(t, change[0])
			refused()
			if change[1] == "" {
				s.restore(t, october)
			} else {
				s.Exec(t, change[1])
			}
			s.Exec(t, "DROP TABLE kept_pagamentos")
		}
		r := s.close(t, october, true)
		if r.Revision != 2 || r.Counts.Expenses != fullCounts.Expenses+1 || r.Counts.Payments != fullCounts.Payments || len(r.Notes) != 0 {
			t.Errorf("closed again as %+v", r)
		}
	})
}

func TestClose_with_force_needs_as_many_rows_as_there_were_where_their_backup_is_gone_too(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.close(t, october, false)
		s.reopen(t, october)
		s.Exec(t, "CREATE TABLE kept_gastos AS SELECT * FROM gastos")
		s.close(t, october, false)
		s.Tamper(t, "DELETE FROM extratos")
		s.restore(t, october)
		s.Exec(t, "DELETE FROM gastos")
		if err := errors.Join(os.RemoveAll(s.Folder), os.MkdirAll(s.Folder, 0o700)); err != nil {
			t.Fatal(err)
		}
		s.NewPlace = true
		s.refusesClose(t, october, true, books.Integrity, "statement_gone")
		s.Exec(t, "INSERT INTO gastos SELECT * FROM kept_gastos")
		r := s.close(t, october, true)
		if r.Revision != 3 || r.Counts != fullCounts || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "nobody could compare") {
			t.Errorf("closed again as %+v", r)
		}
	})
}

func TestNothing_rests_on_a_statement_that_was_changed(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		s.Exec(t, lateExpense)
		tried := 0
		for _, how := range tamperings {
			if !strings.Contains(how.do[0], "extratos") || !strings.Contains(how.do[0], "mes = 10") || strings.HasPrefix(how.do[0], "DELETE") {
				continue
			}
			tried++
			t.Run(how.name, func(t *testing.T) { s.restsOnNothing(t, how.do...) })
		}
		if tried < 6 {
			t.Errorf("%d ways to change a statement were tried", tried)
		}
		t.Run("its entry changed with it", func(t *testing.T) {
			s.restsOnNothing(t, `UPDATE extratos SET pagamentos = (SELECT pagamentos FROM extratos WHERE mes = 7), sessoes = (SELECT sessoes FROM extratos WHERE mes = 7),
				comissoes = (SELECT comissoes FROM extratos WHERE mes = 7), gastos = (SELECT gastos FROM extratos WHERE mes = 7),
				totais = CAST(replace(replace(CAST((SELECT totais FROM extratos WHERE mes = 7) AS TEXT), '2025-07', '2025-10'), 'revisao\":1', 'revisao\":3') AS JSON) WHERE mes = 10`,
				`UPDATE C SET fingerprint = (SELECT fingerprint FROM C WHERE month = '2025-07'), seal = (SELECT seal FROM C WHERE month = '2025-07')
				WHERE month = '2025-10' AND revision = 3`)
		})
		if r := s.close(t, october, true); r.Revision != 4 {
			t.Errorf("put back and revised: %+v", r)
		}
	})
}

// restsOnNothing changes October's statement, and asks for all that rests on it.
func (s *studio) restsOnNothing(t *testing.T, changes ...string) {
	t.Helper()
	undo := s.keep(t, "extratos", "closings", "closing_details")
	defer undo()
	for _, change := range changes {
		s.change(t, change)
	}
	s.refusesClose(t, october, true, books.Integrity, "statement_changed")
	s.refusesReopen(t, october, books.Integrity, "statement_changed")
	for what, do := range map[string]func() error{
		"backup":    func() error { _, err := s.CreateBackup(t.Context(), october, "test"); return err },
		"preview":   func() error { _, err := s.Preview(t.Context(), october, true); return err },
		"statement": func() error { _, err := s.Statement(t.Context(), october); return err },
	} {
		t.Log(what)
		s.refused(t, books.Integrity, "statement_changed", do)
	}
}

func TestClose_says_already_closed_of_no_statement_that_says_something_else_about_itself(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.longHistory(t)
		for _, how := range tamperings {
			if !slices.Contains([]string{"the_totals_of_a_statement_edited", "a_statement_replaced_by_v4s", "a_statement_deleted"}, how.name) {
				continue
			}
			t.Run(how.name, func(t *testing.T) {
				undo := s.keep(t, "extratos")
				defer undo()
				s.change(t, how.do[0])
				code := "statement_changed"
				if how.name == "a_statement_deleted" {
					code = "statement_gone"
				}
				for _, force := range []bool{false, true} {
					s.refusesClose(t, october, force, books.Integrity, code)
				}
			})
		}
	})
}

func TestClose_records_every_attempt_with_its_correlation_id(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.people(t)
		for range 10 {
			if _, err := s.Close(t.Context(), november, closing.Options{CorrelationID: "tenth"}, "cli ana"); err == nil {
				t.Fatal("the running month was closed")
			}
		}
		query := "SELECT count(*) FROM " + s.own("runs") + " WHERE correlation_id = 'tenth' AND result = 'failed' AND code = 'month_not_ended' AND actor = 'cli ana'"
		if n := s.Int(t, query); n != 10 {
			t.Errorf("%d of 10 attempts are recorded", n)
		}
		if n := s.Int(t, "SELECT count(*) FROM extrato_run_logs WHERE mes = 11 AND ano = 2025 AND status = 'error'"); n != 1 {
			t.Errorf("v4's own log has %d lines", n)
		}
	})
}

func TestClose_refuses_where_the_database_keeps_a_row_that_should_go(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		for _, table := range []string{"pagamentos", "gastos"} { // the foreign keys guard the others
			triggers := []string{"CREATE TRIGGER keep BEFORE DELETE ON " + table + " WHEN old.id = 2 BEGIN SELECT RAISE(IGNORE); END"}
			drop := "DROP TRIGGER keep"
			if s.Store().Postgres() {
				triggers = []string{
					"CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.id = 2 THEN RETURN NULL; END IF; RETURN OLD; END'",
					"CREATE TRIGGER keep BEFORE DELETE ON " + table + " FOR EACH ROW EXECUTE FUNCTION keep()",
				}
				drop += " ON " + table
			}
			for _, query := range triggers {
				s.Exec(t, query)
			}
			if e := s.refusesClose(t, october, false, books.Refused, "rows_kept"); !strings.Contains(e.Hint, "keep on "+table) {
				t.Errorf("%s: %v", table, e)
			}
			s.Exec(t, drop)
		}
		s.close(t, october, false)
		s.wantWhole(t)
	})
}
