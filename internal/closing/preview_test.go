package closing_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
)

func TestPreview_says_what_a_close_would_do_and_changes_nothing(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		before := s.dump(t)
		p, err := s.Preview(t.Context(), october, false)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "the preview changed something", before, s.dump(t))
		if len(s.files(t)) != 0 {
			t.Errorf("the preview left %v", s.fileNames(t))
		}
		r := s.close(t, october, false)
		if p.Outcome != closing.WouldClose || p.Fingerprint != r.Fingerprint || p.Counts != r.Counts || string(p.Totals) != string(r.Totals) || p.Revision != r.Revision {
			t.Errorf("previewed %+v, closed %+v", p, r)
		}
		s.payment(t, 90, "2025-10-03", "1.00")
		if p, err = s.Preview(t.Context(), october, true); err != nil || p.Outcome != closing.WouldRevise || p.Revision != 2 || p.Counts.Payments != 5 {
			t.Errorf("previewed the revision as %+v, %v", p, err)
		}
		if _, err := s.Preview(t.Context(), november, false); err == nil {
			t.Error("the preview of the running month is not refused")
		}
	})
}

func TestRehearse_says_what_Preview_says_and_changes_nothing(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		same := func(month books.Month, force bool) {
			t.Helper()
			before := s.dump(t)
			p, err := s.Preview(t.Context(), month, force)
			r, failed := s.Rehearse(t.Context(), month, force)
			if fmt.Sprintf("%+v %v", p, err) != fmt.Sprintf("%+v %v", r, failed) {
				t.Errorf("%s, %t: previewed %+v, %v; rehearsed %+v, %v", month, force, p, err, r, failed)
			}
			wantSame(t, "the rehearsal changed something", before, s.dump(t))
		}
		same(october, false)
		same(november, false)
		s.close(t, october, false)
		same(october, false)
		same(october, true)
		s.payment(t, 77, "2025-10-12", "10.00")
		same(october, true)
	})
}

func TestPreviewDue_says_what_each_month_holds_once_the_earlier_ones_are_closed(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.payment(t, 7, "2025-09-12", "50.00")
		s.session(t, 7, "2025-09-12", "150.00", 7)
		s.pays(t, 7, 7)
		s.payment(t, 8, "2025-10-12", "100.00") // the balance: only now may session 7 leave
		s.pays(t, 8, 7)
		s.payment(t, 9, "2025-09-13", "10.00")
		s.session(t, 9, "2025-09-13", "20.00", nil)
		s.pays(t, 9, 9)
		s.payment(t, 10, "2025-10-13", "10.00")
		s.Exec(t, "UPDATE sessoes SET payment_id = 10 WHERE id = 9")
		s.CloseFrom = september
		before := s.dump(t)
		previewed, err := s.PreviewDue(t.Context())
		if err != nil || previewed.Err != nil || len(previewed.Closed) != 2 {
			t.Fatalf("%+v, %v", previewed, err)
		}
		wantSame(t, "the preview changed something", before, s.dump(t))
		closed, err := s.CloseDue(t.Context(), "test")
		if err != nil || closed.Err != nil {
			t.Fatal(closed.Err, err)
		}
		for i, r := range closed.Closed {
			p := previewed.Closed[i]
			if p.Outcome != closing.WouldClose || p.Month != r.Month || p.Fingerprint != r.Fingerprint || p.Counts != r.Counts ||
				string(p.Totals) != string(r.Totals) || p.Revision != r.Revision || !slices.Equal(p.EarlierOpen, r.EarlierOpen) {
				t.Errorf("previewed %+v, closed %+v", p, r)
			}
		}
		if closed.Closed[1].Counts.Sessions != 4 {
			t.Errorf("October took %+v, so the sessions were not shared", closed.Closed[1].Counts)
		}
	})
}

func TestPreviewDue_names_the_month_that_would_fail_and_those_that_wait_behind_it(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.CloseFrom = september.Add(-1)
		s.Exec(t, "ALTER TABLE pagamentos ADD COLUMN recibo TEXT")
		s.Exec(t, "UPDATE pagamentos SET recibo = 'abc' WHERE id = 5")
		s.refused(t, books.Refused, "unknown_column", func() error {
			previewed, err := s.PreviewDue(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(previewed.Closed) != 1 || previewed.Failed != september || !slices.Equal(previewed.Waiting, []books.Month{october}) {
				t.Errorf("previewed %+v", previewed)
			}
			return previewed.Err
		})
	})
}

func TestPreview_adopts_no_statement_of_v4(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		s.CloseFrom = september
		s.v4Statement(t, september)
		before := s.dump(t)
		p, err := s.Preview(t.Context(), september, false)
		if !errors.Is(err, books.ErrClosed) || p.Outcome != closing.AlreadyClosed || p.Revision != 1 {
			t.Errorf("a statement of v4 is previewed as %+v, %v", p, err)
		}
		_, forced := s.Preview(t.Context(), september, true)
		row, err := s.PreviewDue(t.Context())
		if err != nil || row.Err != nil || len(row.Closed) != 1 || row.Closed[0].Month != october {
			t.Errorf("due is %+v, %v", row, err)
		}
		wantSame(t, "the previews changed something", before, s.dump(t))
		_, err = s.Close(t.Context(), september, closing.Options{Force: true}, "test")
		if e, want := books.AsError(forced), books.AsError(err); forced == nil || err == nil || e.Code != want.Code || e.Message != want.Message {
			t.Errorf("previewed %v, closed %v", forced, err)
		}
	})
}

func TestPreview_says_where_a_month_would_close_without_a_backup(t *testing.T) {
	both(t, func(t *testing.T, s *studio) {
		s.fullOctober(t)
		if err := os.WriteFile(s.Folder, []byte("a file"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.RequireBackup = false
		p, err := s.Preview(t.Context(), october, false)
		if err != nil || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "without a backup") {
			t.Errorf("previewed %+v, %v", p, err)
		}
		r := s.close(t, october, false)
		if before, _, _ := strings.Cut(p.Notes[0], ": "); len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], before) || p.Fingerprint != r.Fingerprint {
			t.Errorf("previewed %q, closed %q", p.Notes, r.Notes)
		}
		if err := os.Remove(s.Folder); err != nil {
			t.Fatal(err)
		}
		s.close(t, september, false)
		there := s.files(t)
		if _, err := s.Preview(t.Context(), books.Month{Year: 2025, Month: 8}, false); err != nil {
			t.Error(err)
		}
		if entries, err := os.ReadDir(s.Folder); err != nil || len(entries) != 1 || !maps.Equal(there, s.files(t)) {
			t.Errorf("the preview left %v, %v", entries, err)
		}
	})
}
