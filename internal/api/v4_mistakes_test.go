package api_test

import (
	"strings"
	"testing"

	"extrato/internal/auth/authtest"
	"extrato/internal/books"
	"extrato/internal/closing"
)

var october = books.Month{Year: 2025, Month: 10}

// The numbers are those of the list of v4's mistakes in the project's design.

func TestV4Mistake10_half_a_date_or_a_month_that_runs_closes_nothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		s.do(t, s.admin, "POST", "/payments", `{"date":"2025-11-01","amount":"5.00","method":"Pix","artist_id":`+jsonInt(s.ana)+sure+`}`, 201)
		before := s.dump(t)
		for _, body := range []string{`{"month":10}`, `{"year":2025}`, `{"month":11,"year":2025}`, `{"month":12,"year":2025,"force":true}`} {
			if w := s.v4(t, v4Token(t, s.clock), "POST", generatePath, body); w.Code != 400 {
				t.Errorf("%s: %d %s", body, w.Code, w.Body)
			}
		}
		if s.dump(t) != before {
			t.Error("a refusal changed something")
		}
	})
}

func TestV4Mistake13_a_page_view_of_v4s_that_closes_is_seen_and_loses_no_row_of_ours(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		s.wants(t, s.v4(t, v4Token(t, s.clock), "POST", generatePath, octoberBody), 200, generated)
		s.do(t, s.admin, "POST", "/months/2025-10/reopen", `{"reason":"faltou um"}`, 200)
		// The page closes what has no statement: rows into extratos, rows deleted, no backup, no chain.
		for _, q := range []string{
			"INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais) VALUES (10, 2025, '[]', '[]', '[]', '[]', '{}')",
			"DELETE FROM comissoes", "DELETE FROM pagamentos", "DELETE FROM gastos",
		} {
			s.Exec(t, q)
		}
		s.wants(t, s.v4(t, v4Token(t, s.clock), "POST", generatePath, octoberBody), 500, alreadyThere)
		entries := s.do(t, s.admin, "GET", "/closings?month=2025-10", "", 200).text
		if !strings.Contains(entries, `"adopted"`) {
			t.Errorf("the chain does not know: %s", entries)
		}
		// What the page took without proof is in the backup that our close made.
		copies, err := s.server.Closer.Backups.Copies(t.Context(), october)
		if err != nil || len(copies) != 1 {
			t.Fatalf("%v %v", copies, err)
		}
		_, rows, err := s.server.Closer.Backups.Rows(t.Context(), copies[0])
		if err != nil || len(rows) < 4 {
			t.Errorf("%d rows are in the backup, %v", len(rows), err)
		}
	})
}

func TestV4Mistake14_every_failure_is_recorded_and_a_month_is_closed_late_rather_than_never(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		s.Exec(t, "ALTER TABLE gastos RENAME TO elsewhere")
		for range 3 {
			if _, err := s.server.Closer.Close(t.Context(), october, closing.Options{}, "schedule"); err == nil {
				t.Fatal("closed without its expenses")
			}
		}
		s.Exec(t, "ALTER TABLE elsewhere RENAME TO gastos")
		s.clock = s.clock.AddDate(0, 3, 0) // nobody was there for three months
		s.server.Closer.CloseFrom = october
		row, err := s.server.Closer.CloseDue(t.Context(), "schedule")
		if err != nil || row.Err != nil || len(row.Closed) != 4 || row.Closed[0].Month != october {
			t.Errorf("%+v %v", row, err)
		}
		runs := s.do(t, s.admin, "GET", "/runs?month=2025-10", "", 200).text
		if n := strings.Count(runs, `"failed"`); n != 3 {
			t.Errorf("%d failures are recorded, want 3: %s", n, runs)
		}
	})
}

func TestV4Mistake15_nobody_unknown_comes_in_and_no_error_tells_what_is_below(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		before := s.dump(t)
		for name, c := range authtest.Everybody(t, s.server.Guard, s.Store, v1Key, s.clock) {
			switch name {
			case "v4", "close":
				continue
			}
			w := s.v4(t, caller{c.Header, c.Value}, "POST", generatePath, octoberBody)
			if w.Code != 401 && w.Code != 403 {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
			for _, word := range []string{"SELECT", "Traceback", "goroutine", "eyJ", "pgx", "sqlite"} {
				if strings.Contains(w.Body.String(), word) {
					t.Errorf("%s is told %q: %s", name, word, w.Body)
				}
			}
		}
		if s.Int(t, "SELECT count(*) FROM pagamentos") != 2 || before == "" {
			t.Error("somebody closed the month")
		}
	})
}
