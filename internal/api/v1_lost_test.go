package api_test

import (
	"testing"
	"time"

	"extrato/internal/store/storetest"
)

// byLine returns another server on the same PostgreSQL, which it reaches by a
// line that loses answers.
func byLine(t *testing.T) (s *v1Studio, line *storetest.Line) {
	t.Helper()
	clock := func() time.Time { return time.Date(2025, 11, 2, 12, 0, 0, 0, storetest.Zone) }
	s = newV1Studio(t, storetest.Postgres(t, clock), clock)
	line = storetest.NewLine(t, s.URL)
	return s.besideBy(t, line.URL), line
}

func TestA_write_whose_commit_is_not_answered_is_done_once(t *testing.T) {
	s, line := byLine(t)
	for _, heard := range []bool{true, false} {
		lose := func() { line.Lose(storetest.Loss{Heard: heard}) }
		before := s.Int(t, "SELECT count(*) FROM pagamentos")
		for i, headers := range [][]string{nil, {"Idempotency-Key", "one" + map[bool]string{true: "heard"}[heard]}} {
			lose()
			s.do(t, s.admin, "POST", "/payments", `{"date":"2025-10-09","amount":"77.00","method":"Pix","artist_id":`+jsonInt(s.ana)+sure+`}`, 201, headers...)
			if n := s.Int(t, "SELECT count(*) FROM pagamentos") - before; n != int64(i)+1 {
				t.Errorf("heard %v: %d payments after %d requests", heard, n, i+1)
			}
		}
		a := s.do(t, s.admin, "GET", "/payments", "", 200)
		path := "/payments/" + jsonInt(int64(items(a)[0]["id"].(float64)))
		tag := s.do(t, s.admin, "GET", path, "", 200).header.Get("ETag")
		lose()
		tag = s.do(t, s.admin, "PUT", path, `{"date":"2025-10-09","amount":"78.00","method":"Pix","artist_id":`+jsonInt(s.ana)+`}`, 200, "If-Match", tag).header.Get("ETag")
		lose()
		s.do(t, s.admin, "DELETE", path, "", 204, "If-Match", tag)
		s.do(t, s.admin, "GET", path, "", 404)
		lose()
		s.do(t, s.admin, "POST", "/tokens", `{"name":"net","scopes":["read"]}`, 201)
	}
	if n := s.Int(t, "SELECT count(*) FROM extrato.service_tokens"); n != 2 {
		t.Errorf("%d tokens after two requests", n)
	}
}

func TestA_write_of_which_nobody_knows_whether_it_happened_says_so(t *testing.T) {
	t.Parallel() // it waits for ten seconds
	s, line := byLine(t)
	body := `{"date":"2025-10-09","amount":"77.00","method":"Pix","artist_id":` + jsonInt(s.ana) + sure + `}`
	s.do(t, s.admin, "POST", "/clients", `{"name":"Caio"}`, 201, "Idempotency-Key", "none") // old answers are forgotten here
	line.Lose(storetest.Loss{Heard: true, Dead: true})
	a := s.refuses(t, s.admin, "POST", "/payments", body, 500, "outcome_unknown", "Idempotency-Key", "one")
	if hint, _ := a.body["hint"].(string); hint == "" {
		t.Errorf("no hint: %s", a.text)
	}
	line.Mend()
	s.do(t, s.admin, "POST", "/payments", body, 201, "Idempotency-Key", "one")
	if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 1 {
		t.Errorf("%d payments after the same request twice", n)
	}
}
