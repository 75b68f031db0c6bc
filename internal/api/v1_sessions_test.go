package api_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestA_session_says_what_was_received_for_it(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		body := fmt.Sprintf(`{"date":"2025-11-20","amount":"800.00","artist_id":%d,"client":" BIA "}`, s.ana)
		made := s.do(t, s.admin, "POST", "/sessions", body, 201)
		if made.body["client_id"] != float64(s.bia) || made.body["situation"] != "unpaid" || made.body["owed"] != "800.00" || made.body["received"] != "0.00" || fmt.Sprint(made.body["receipts"]) != "[]" {
			t.Fatalf("made %s", made.text)
		}
		path := strings.TrimPrefix(made.header.Get("Location"), "/api/v1")
		id := made.body["id"]
		_, deposit := s.pay(t, "2025-10-30", "200.00", fmt.Sprintf(`,"session_id":%v,"deposit":true`, id))
		s.do(t, s.admin, "POST", "/months/2025-10/close", "", 200)
		s.pay(t, "2025-11-02", "100.00", fmt.Sprintf(`,"session_id":%v`, id))
		got := s.do(t, s.artist, "GET", path, "", 200)
		receipts, _ := got.body["receipts"].([]any)
		first, _ := receipts[0].(map[string]any)
		if len(receipts) != 2 || first["payment_id"] != deposit.body["id"] || first["statement"] != "2025-10" || first["deposit"] != true || receipts[1].(map[string]any)["statement"] != nil ||
			got.body["situation"] != "partly_paid" || got.body["received"] != "300.00" || got.body["owed"] != "500.00" || got.body["status"] != "paid" {
			t.Errorf("it is %s", got.text)
		}
		s.refuses(t, s.admin, "DELETE", path, "", 409, "session_paid", "If-Match", got.header.Get("ETag"))
		s.refuses(t, s.admin, "PUT", path+"/completed", "", 412, "stale", "If-Match", made.header.Get("ETag"))
		completed := s.do(t, s.admin, "PUT", path+"/completed", "", 200, "If-Match", got.header.Get("ETag"))
		if completed.body["situation"] != "completed" || completed.body["owed"] != "0.00" || completed.body["status"] != "completed" {
			t.Errorf("completed, it is %s", completed.text)
		}
		s.refuses(t, s.admin, "DELETE", path+"/completed", "", 428, "if_match_required")
		resumed := s.do(t, s.admin, "DELETE", path+"/completed", "", 200, "If-Match", completed.header.Get("ETag"))
		if resumed.body["situation"] != "partly_paid" || resumed.body["status"] != "paid" {
			t.Errorf("resumed, it is %s", resumed.text)
		}
		s.refuses(t, s.admin, "POST", "/sessions", fmt.Sprintf(`{"date":"2025-11-20","amount":"1.00","artist_id":%d}`, s.ana), 422, "missing_client")
		s.refuses(t, s.admin, "POST", "/sessions", fmt.Sprintf(`{"date":"2025-11-20","amount":"1.00","artist_id":%d,"client_id":%d,"client":"Bia"}`, s.ana, s.bia), 422, "client_twice")
	})
}

func TestThe_list_of_sessions_is_filtered_and_summed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		add := func(day, amount, more string) any {
			return s.do(t, s.admin, "POST", "/sessions", fmt.Sprintf(`{"date":%q,"amount":%q%s}`, day, amount, more), 201).body["id"]
		}
		first := add("2025-11-01", "400.00", fmt.Sprintf(`,"client":"Bia","artist_id":%d`, s.ana))
		s.pay(t, "2025-11-01", "100.00", fmt.Sprintf(`,"session_id":%v`, first))
		add("2025-12-01", "50.00", fmt.Sprintf(`,"client":"Íris","artist_id":%d,"note":"Manga"`, s.rui))
		add("2025-11-02", "0", fmt.Sprintf(`,"client":"Bia","artist_id":%d,"status":"completed"`, s.rui))
		for query, want := range map[string]string{
			"":                             `{"count":3,"amount":"450.00","received":"100.00","owed":"350.00","due":"300.00"}`,
			"?only=owing":                  `{"count":2,"amount":"450.00","received":"100.00","owed":"350.00","due":"300.00"}`,
			"?only=not_completed":          `{"count":2,"amount":"450.00","received":"100.00","owed":"350.00","due":"300.00"}`,
			"?month=2025-11":               `{"count":2,"amount":"400.00","received":"100.00","owed":"300.00","due":"300.00"}`,
			"?from=2025-11-02":             `{"count":2,"amount":"50.00","received":"0.00","owed":"50.00","due":"0.00"}`,
			"?to=2025-11-01":               `{"count":1,"amount":"400.00","received":"100.00","owed":"300.00","due":"300.00"}`,
			"?text=iris":                   `{"count":1,"amount":"50.00","received":"0.00","owed":"50.00","due":"0.00"}`,
			"?text=manga&only=owing":       `{"count":1,"amount":"50.00","received":"0.00","owed":"50.00","due":"0.00"}`,
			"?client=" + fmt.Sprint(s.bia): `{"count":2,"amount":"400.00","received":"100.00","owed":"300.00","due":"300.00"}`,
			"?artist=" + fmt.Sprint(s.ana): `{"count":1,"amount":"400.00","received":"100.00","owed":"300.00","due":"300.00"}`,
		} {
			sums := s.do(t, s.admin, "GET", "/sessions/sums"+query, "", 200)
			if strings.TrimSpace(sums.text) != want {
				t.Errorf("%s: %s, want %s", query, sums.text, want)
			}
			if list := items(s.do(t, s.admin, "GET", "/sessions"+query, "", 200)); fmt.Sprint(len(list)) != fmt.Sprint(sums.body["count"]) {
				t.Errorf("%s: %d sessions of %v", query, len(list), sums.body["count"])
			}
		}
		if sums := s.do(t, s.artist, "GET", "/sessions/sums", "", 200); sums.body["amount"] != "400.00" {
			t.Errorf("an artist's own come to %s", sums.text)
		}
		if sums := s.do(t, s.artist, "GET", fmt.Sprintf("/sessions/sums?artist=%d", s.rui), "", 200); sums.body["count"] != float64(0) {
			t.Errorf("another's are shown: %s", sums.text)
		}
		s.refuses(t, s.admin, "GET", "/sessions?only=all", "", 422, "invalid")
	})
}
