package api_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// Counts and totals of one answer are of one moment, whatever commits meanwhile.
func TestA_month_is_answered_from_one_snapshot(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		for range 3 {
			s.pay(t, "2025-10-10", "10.00", "")
		}
		ctx, stop := context.WithCancel(t.Context())
		var beside sync.WaitGroup
		beside.Go(func() {
			for ctx.Err() == nil {
				s.send(t, s.admin, "POST", "/payments", `{"date":"2025-10-11","amount":"10.00","method":"Pix","artist_id":`+jsonInt(s.ana)+`}`)
			}
		})
		states, moments := map[any]bool{}, map[string]bool{}
		beside.Go(func() {
			for ctx.Err() == nil {
				a := s.send(t, s.admin, "GET", "/months/2025-10", "")
				counts, _ := a.body["counts"].(map[string]any)
				totals, _ := a.body["totals"].(map[string]any)
				n, _ := counts["payments"].(float64)
				if want := fmt.Sprintf("%d.00", 10*int(n)); a.status != http.StatusOK || totals["revenue"] != want {
					t.Errorf("%v with %v payments and a revenue of %v", a.body["state"], n, totals["revenue"])
				}
				states[a.body["state"]], moments[a.text] = true, true
			}
		})
		for range 3 {
			s.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200)
			s.do(t, s.admin, "POST", "/months/2025-10/reopen", `{"reason":"teste"}`, 200)
		}
		stop()
		beside.Wait()
		t.Logf("states %v in %d answers", states, len(moments))
	})
}

// v4 closes between two GETs: both show it, and neither records it.
func TestA_get_records_nothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-10-10", "450.00", "")
		paths := []string{"/months", "/months/2025-10", "/months/2025-10/statement", "/months/2025-10/statement.csv", "/closings"}
		get := func(status int) {
			t.Helper()
			for _, path := range paths {
				want := 200
				if path == paths[2] || path == paths[3] {
					want = status
				}
				if a := s.send(t, s.admin, "GET", path, ""); a.status != want {
					t.Errorf("%s: %d %s", path, a.status, a.text)
				}
			}
			if n := s.Int(t, "SELECT count(*) FROM "+own(s, "closings")); n != 0 {
				t.Errorf("the chain has %d entries", n)
			}
		}
		get(404)
		s.Exec(t, "INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais) VALUES (10, 2025, '[]', '[]', '[]', '[]', '{}')")
		s.Exec(t, "DELETE FROM pagamentos")
		get(200)
		get(200)
		wantFields(t, "the month", s.do(t, s.admin, "GET", "/months/2025-10", "", 200), map[string]any{"state": "closed", "unrecorded": true})
		wantFields(t, "the statement", s.do(t, s.admin, "GET", "/months/2025-10/statement", "", 200), map[string]any{"unrecorded": true, "closed_at": ""})
	})
}
