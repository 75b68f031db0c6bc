package api_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestExpenses_of_the_month_before_are_repeated_once(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		for _, what := range []string{`"amount":"1200.00","description":"Aluguel","category":"aluguel"`, `"amount":"90.10","description":"Água"`} {
			s.do(t, s.admin, "POST", "/expenses", `{"date":"2025-10-31","method":"Pix",`+what+`}`, 201)
		}
		s.refuses(t, s.admin, "POST", "/expenses", `{"date":"2025-11-01","amount":"0","method":"Pix","description":"Tinta"}`, 422, "missing_amount")
		s.refuses(t, s.admin, "POST", "/expenses", `{"date":"2025-11-01","amount":"1","method":"Pix","description":" "}`, 422, "missing_description")
		var keys []string
		list := items(s.do(t, s.admin, "GET", "/months/2025-11/repeatable-expenses", "", 200))
		for _, e := range list {
			keys = append(keys, fmt.Sprintf("%q", e["key"]))
			if e["date"] != "2025-11-30" || e["recorded"] != false {
				t.Errorf("%v", e)
			}
		}
		body := `{"keys":[` + strings.Join(keys, ",") + `]}`
		const repeat = "/months/2025-11/repeated-expenses"
		first := s.do(t, s.admin, "POST", repeat, body, 201, "Idempotency-Key", "k-1")
		if list := items(first); len(list) != 2 || list[0]["created_by_name"] != "Eva" {
			t.Errorf("%s", first.text)
		}
		if again := s.do(t, s.admin, "POST", repeat, body, 201, "Idempotency-Key", "k-1"); again.text != first.text {
			t.Errorf("%s, before %s", again.text, first.text)
		}
		s.refuses(t, s.admin, "POST", repeat, body, 409, "all_recorded")
		s.refuses(t, s.admin, "POST", repeat, `{"keys":[]}`, 422, "nothing_chosen")
		s.refuses(t, s.admin, "POST", repeat, `{"keys":["x"]}`, 409, "expense_not_offered")
		if n := len(items(s.do(t, s.admin, "GET", "/expenses?month=2025-11", "", 200))); n != 2 {
			t.Errorf("%d expenses", n)
		}
		if all := s.do(t, s.admin, "GET", "/expenses/categories", "", 200); !strings.Contains(all.text, `"Aluguel"`) || strings.Contains(all.text, `"aluguel"`) {
			t.Errorf("%s", all.text)
		}
	})
}

func TestA_person_of_another_role_tattoos_too(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		eva := fmt.Sprint(s.do(t, s.admin, "GET", "/me", "", 200).body["user_id"])
		path := "/artists/" + eva
		s.do(t, s.admin, "GET", path, "", 404)
		before := len(items(s.do(t, s.admin, "GET", "/artists", "", 200)))
		s.do(t, s.admin, "PUT", path+"/tattoos", `{"tattoos":true}`, 200)
		wantFields(t, path, s.do(t, s.admin, "GET", path, "", 200), map[string]any{"role": "admin", "tattoos": true, "active": true})
		if n := len(items(s.do(t, s.admin, "GET", "/artists", "", 200))); n != before+1 {
			t.Errorf("%d artists, before %d", n, before)
		}
		s.do(t, s.admin, "POST", path+"/terms", `{"from":"2025-01-01","percent":"100"}`, 200)
		got := s.do(t, s.admin, "GET", path, "", 200)
		s.refuses(t, s.admin, "DELETE", path, "", 404, "no_artist", "If-Match", got.header.Get("ETag"))
		s.refuses(t, s.admin, "PUT", fmt.Sprintf("/artists/%d/tattoos", s.ana), `{"tattoos":true}`, 422, "is_artist")
		s.do(t, s.admin, "PUT", path+"/tattoos", `{"tattoos":false}`, 200)
		s.do(t, s.admin, "GET", path, "", 404)
	})
}
