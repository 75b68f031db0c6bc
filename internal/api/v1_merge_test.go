package api_test

import (
	"fmt"
	"net/url"
	"testing"
)

func TestClients_are_merged_and_parted(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		twin := fmt.Sprint(s.id(t, s.do(t, s.admin, "POST", "/clients", `{"name":"Bia S."}`, 201)))
		s.do(t, s.admin, "POST", "/payments", fmt.Sprintf(`{"date":"2025-11-01","amount":"10.00","method":"Pix","artist_id":%d,"client_id":%s}`, s.ana, twin), 201)
		path := "/clients/" + twin + "/merge"
		into := fmt.Sprintf(`{"into":%d}`, s.bia)
		if p := s.do(t, s.admin, "GET", path+fmt.Sprintf("?into=%d", s.bia), "", 200); p.body["payments"] != float64(1) || p.body["sessions"] != float64(0) || p.body["change"] != nil {
			t.Errorf("the preview says %s", p.text)
		}
		s.refuses(t, s.admin, "GET", path+"?into="+twin, "", 422, "same_client")
		s.refuses(t, s.admin, "POST", path, `{"into":4711}`, 422, "unknown_client")
		s.refuses(t, s.admin, "POST", "/clients/4711/merge", into, 404, "no_client")
		merged := s.do(t, s.admin, "POST", path, into, 200, "Idempotency-Key", "m")
		if again := s.do(t, s.admin, "POST", path, into, 200, "Idempotency-Key", "m"); again.text != merged.text {
			t.Errorf("the second says %s", again.text)
		}
		s.refuses(t, s.admin, "POST", path, into, 409, "client_merged")
		if c := s.do(t, s.admin, "GET", "/clients/"+twin, "", 200); c.body["merged_into"] != float64(s.bia) {
			t.Errorf("the merged client is %s", c.text)
		}
		if list := items(s.do(t, s.admin, "GET", fmt.Sprintf("/payments?client=%d", s.bia), "", 200)); len(list) != 1 {
			t.Errorf("%d payments", len(list))
		}
		if found := items(s.do(t, s.admin, "GET", "/clients/search?q=bia", "", 200)); len(found) != 1 {
			t.Errorf("%d clients are found", len(found))
		}
		undo := fmt.Sprintf("/changes/%.0f/undo", merged.body["change"])
		s.do(t, s.admin, "POST", undo, "", 200)
		if list := items(s.do(t, s.admin, "GET", "/payments?client="+twin, "", 200)); len(list) != 1 {
			t.Errorf("undone: %d payments", len(list))
		}
		s.refuses(t, s.admin, "POST", undo, "", 409, "changed_since")
	})
}

func TestThe_books_are_searched(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-10-28", "350.00", `,"note":"Fênix"`)
		s.do(t, s.admin, "POST", "/months/2025-10/close", "", 200)
		s.pay(t, "2025-11-02", "351.00", `,"note":"Retoque da fênix"`)
		s.do(t, s.admin, "POST", "/payments", fmt.Sprintf(`{"date":"2025-11-02","amount":"1.00","method":"Pix","artist_id":%d,"note":"FENIX"}`, s.rui), 201)
		for q, want := range map[string]int{"fenix": 2, "351": 1, "2/11": 2, "02/11/2025": 2, "bia": 1, "ana": 1, "zzz": 0} {
			if found := items(s.do(t, s.admin, "GET", "/search?q="+url.QueryEscape(q), "", 200)); len(found) != want {
				t.Errorf("%q: %v, want %d", q, found, want)
			}
		}
		for q, want := range map[string]int{"fenix": 1, "bia": 1, "rui": 0, "1,00": 0} {
			if found := items(s.do(t, s.artist, "GET", "/search?q="+url.QueryEscape(q), "", 200)); len(found) != want {
				t.Errorf("the artist, %q: %v, want %d", q, found, want)
			}
		}
		closed := s.do(t, s.admin, "GET", "/search/closed?q=fenix", "", 200)
		if found := items(closed); len(found) != 1 || found[0]["month"] != "2025-10" || closed.body["next_month"] != nil {
			t.Errorf("closed: %s", closed.text)
		}
		if found := items(s.do(t, s.admin, "GET", "/search/closed?q=fenix&before=2025-10", "", 200)); len(found) != 0 {
			t.Errorf("before: %v", found)
		}
		s.refuses(t, s.admin, "GET", "/search", "", 422, "invalid")
		for _, hostile := range []string{"%00", "%ff", "%F0%9F%92%80", "%25"} {
			s.do(t, s.admin, "GET", "/search?q="+hostile, "", 200)
			s.do(t, s.admin, "GET", "/search/closed?q="+hostile, "", 200)
		}
	})
}
