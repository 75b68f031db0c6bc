package api_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/doctor"
)

// A backup is made, shown in its difference, restored, and the chain verified, as on
// the pages.
func TestA_studio_is_looked_after_by_programs(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-10-10", "450.00", "")
		a := s.do(t, s.admin, "POST", "/months/2025-10/backup", `{}`, 200)
		if a.body["result"] != "created" || a.body["file"] != "2025_10/backup_2025_10.csv" {
			t.Error(a.text)
		}
		if a = s.do(t, s.token(t, "backup"), "POST", "/months/2025-10/backup", `{}`, 200); a.body["result"] != "there_already" {
			t.Error(a.text)
		}
		s.Exec(t, "DELETE FROM pagamentos")
		a = s.do(t, s.admin, "POST", "/months/2025-10/restore", `{"dry_run":true}`, 200)
		if !strings.Contains(a.text, `"missing":{"payments":1,"sessions":0`) || !strings.Contains(a.text, `"rows":[{"type":"pagamento","id":1}]`) || s.Int(t, "SELECT count(*) FROM pagamentos") != 0 {
			t.Error(a.text)
		}
		s.do(t, s.admin, "POST", "/months/2025-10/restore", `{"file":"2025_10/backup_2025_10.csv"}`, 200, "Idempotency-Key", "r1")
		a = s.do(t, s.admin, "POST", "/months/2025-10/restore", `{"file":"2025_10/backup_2025_10.csv"}`, 200, "Idempotency-Key", "r1")
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 1 || a.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%d payments, %v", n, a.header)
		}
		s.refuses(t, s.admin, "POST", "/months/2025-10/restore", `{"file":"nada"}`, 422, "invalid_file")
		s.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200)
		s.refuses(t, s.admin, "POST", "/months/2025-10/restore", `{}`, 409, "row_at_rest")
		s.do(t, s.token(t, "backup"), "POST", "/months/2025-10/restore", `{}`, 403)

		a = s.do(t, s.token(t, "backup"), "POST", "/closings/verify", `{}`, 200)
		if a.body["ok"] != true || a.body["entries"] != 2.0 || a.body["since"] != nil {
			t.Error(a.text)
		}
		head := a.body["head"].(string)
		if a = s.do(t, s.admin, "POST", "/closings/verify", `{"head":"`+head+`"}`, 200); a.body["since"] != 0.0 {
			t.Error(a.text)
		}
		if a = s.do(t, s.admin, "POST", "/closings/verify", `{"head":"`+strings.Repeat("ab", 32)+`"}`, 200); a.body["ok"] != false || !strings.Contains(a.text, "is not in the chain") {
			t.Error(a.text)
		}
	})
}

// What drills found is in the list and in the metrics.
func TestDrills_are_listed_and_measured(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		want := func(drills int, metrics ...string) string {
			t.Helper()
			a := s.do(t, s.token(t, "read"), "GET", "/drills", "", 200)
			if n := len(a.body["items"].([]any)); n != drills {
				t.Errorf("%d drills, want %d: %s", n, drills, a.text)
			}
			s.clock = s.clock.Add(time.Minute) // the metrics are kept for a while
			text := s.raw(t, "GET", "/metrics").text
			for _, line := range metrics {
				if !strings.Contains(text, line+"\n") {
					t.Errorf("the metrics lack %s: %s", line, lines(text, "extrato_"))
				}
			}
			return a.text
		}
		want(0, `extrato_drilled_months{result="equal"} 0`)
		s.pay(t, "2025-10-10", "450.00", "")
		s.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200)
		if _, err := s.server.Closer.DrillAll(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		text := want(1, `extrato_drilled_months{result="equal"} 1`, "extrato_last_drill_age_seconds 60")
		if !strings.Contains(text, `"month":"2025-10"`) || !strings.Contains(text, `"result":"equal"`) {
			t.Error(text)
		}
		s.Exec(t, "UPDATE "+s.Own("drills")+" SET result = 'different'")
		want(1, `extrato_drilled_months{result="different"} 1`, `extrato_drilled_months{result="equal"} 0`)
	})
}

func TestAttempts_are_filtered(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-10-10", "450.00", "")
		s.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200)
		s.do(t, s.admin, "POST", "/months/2025-11/close", `{}`, 409)
		for query, want := range map[string]int{"": 2, "?failed=true": 1, "?action=reopen": 0, "?action=close&month=2025-10": 1, "?correlation_id=teste-1234": 2, "?correlation_id=x": 0} {
			a := s.do(t, s.admin, "GET", "/runs"+query, "", 200)
			if n := len(a.body["items"].([]any)); n != want {
				t.Errorf("%s: %d attempts, want %d: %s", query, n, want, a.text)
			}
		}
		s.do(t, s.admin, "GET", "/runs?action=nada", "", 422)
	})
}

func TestDoctor_and_the_studios_name_are_there_for_programs(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.refuses(t, s.admin, "GET", "/doctor", "", 404, "no_doctor")
		asked := []bool{}
		s.server.Doctor = func(_ context.Context, fresh bool) (doctor.Report, time.Time, error) {
			asked = append(asked, fresh)
			return doctor.Report{Checks: []doctor.Check{{Name: "backup disk", State: doctor.Warn, Message: "m", Fix: "f", Code: "same_disk"}}}, time.UnixMicro(0), nil
		}
		if a := s.do(t, s.admin, "GET", "/doctor", "", 200); !strings.Contains(a.text, `{"name":"backup disk","code":"same_disk","state":"warn","message":"m","fix":"f"}`) {
			t.Error(a.text)
		}
		if a := s.do(t, s.admin, "GET", "/doctor?fresh=true", "", 200); a.body["looked_at"] != "1970-01-01T00:00:00.000000Z" || !slices.Equal(asked, []bool{false, true}) {
			t.Error(a.text, asked)
		}
		s.do(t, s.token(t, "read"), "GET", "/doctor", "", 403)
		s.do(t, s.admin, "POST", "/studio", `{"name":" "}`, 422)
		s.do(t, s.admin, "POST", "/studio", `{"name":" Agulha Fina "}`, 200)
		if a := s.do(t, s.token(t, "read"), "GET", "/studio", "", 200); a.body["name"] != "Agulha Fina" {
			t.Error(a.text)
		}
	})
}
