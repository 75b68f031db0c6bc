package api_test

import (
	"fmt"
	"strings"
	"testing"

	"extrato/internal/proof"
)

// What is below breaks under the running server. Whoever asks is told no more
// than the name of their request, and whoever looks after the server finds the
// cause under it.
func TestAn_internal_error_tells_its_cause_to_the_log_alone(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		made := s.do(t, s.admin, "POST", "/tokens", `{"name":"x","scopes":["read"]}`, 201)
		payment, paid := s.pay(t, "2025-10-10", "450.00", `,"commission_percent":"60"`)
		s.do(t, s.admin, "POST", "/expenses", `{"date":"2025-10-01","amount":"1","method":"Pix","description":"Tinta"}`, 201)
		s.do(t, s.admin, "POST", "/sessions", fmt.Sprintf(`{"date":"2025-10-01","amount":"80","artist_id":%d,"client_id":%d}`, s.ana, s.bia), 201)
		s.pay(t, "2025-09-10", "450.00", "")
		s.do(t, s.admin, "POST", "/months/2025-09/close", `{}`, 200)
		tag := paid.header.Get("ETag")
		bodies := map[string]string{
			"POST /payments":                 fmt.Sprintf(`{"date":"2025-11-01","amount":"1","method":"Pix","artist_id":%d}`, s.ana),
			"POST /sessions":                 fmt.Sprintf(`{"date":"2025-11-01","amount":"1","artist_id":%d,"client_id":%d}`, s.ana, s.bia),
			"POST /commissions":              `{"payment_id":1,"percent":"60"}`,
			"POST /expenses":                 `{"date":"2025-11-01","amount":"1","method":"Pix","description":"Tinta"}`,
			"POST /clients":                  `{"name":"Caio"}`,
			"POST /artists":                  `{"name":"Gil"}`,
			"POST /tokens":                   `{"name":"y","scopes":["read"]}`,
			"POST /months/{month}/close":     `{}`,
			"POST /months/{month}/reopen":    `{"reason":"x"}`,
			"POST /months/{month}/verify":    `{}`,
			"POST /months/{month}/backup":    `{}`,
			"POST /months/{month}/restore":   `{}`,
			"POST /closings/verify":          `{}`,
			"POST /studio":                   `{"name":"x"}`,
			"POST /checkpoint/cosignatures":  fmt.Sprintf(`{"checkpoint":"x","cosigner":%q}`, proof.NewCosigner("vizinho").Public().String()),
			"POST /changes/{id}/undo":        `{}`,
			"POST /artists/{id}/terms":       `{"from":"2025-10-01","percent":"60"}`,
			"POST /method-terms":             `{"method":"Pix","from":"2025-10-01","percent":"1","days":0}`,
			"PUT /payments/{id}":             fmt.Sprintf(`{"date":"2025-11-01","amount":"1","method":"Pix","artist_id":%d}`, s.ana),
			"PUT /payments/{id}/commissions": fmt.Sprintf(`{"commissions":[{"artist_id":%d,"percent":"60"}]}`, s.ana),
			"PUT /sessions/{id}/completed":   `{}`,
			"PUT /sessions/{id}":             fmt.Sprintf(`{"date":"2025-11-01","amount":"1","artist_id":%d,"client_id":%d}`, s.ana, s.bia),
			"PUT /commissions/{id}":          fmt.Sprintf(`{"artist_id":%d,"percent":"1"}`, s.ana),
			"PUT /expenses/{id}":             `{"date":"2025-11-01","amount":"1","method":"Pix","description":"Tinta"}`,
			"PUT /clients/{id}":              `{"name":"Caio"}`,
			"POST /clients/{id}/merge":       `{"into":2}`,
			"PUT /artists/{id}":              `{"name":"Gil"}`,
			"PUT /artists/{id}/tattoos":      `{"tattoos":true}`,
			"GET /months/{month}/backups":    "",

			"POST /months/{month}/repeated-expenses": `{"keys":["x"]}`,
			"GET /months/{month}":                    "",
			"GET /closings":                          "",
			"DELETE /tokens/{id}":                    "",
			"GET /months/{month}/statement":          "",
		}
		fails := func(method, path string, more ...string) {
			t.Helper()
			body := bodies[method+" "+path]
			if method == "POST" && body == "" || method == "PUT" && body == "" {
				t.Fatalf("no body for %s %s", method, path)
			}
			id := "1"
			if strings.Contains(path, "/tokens/") {
				id = fmt.Sprint(made.body["id"])
			}
			month := "2025-10"
			if strings.HasSuffix(path, "/reopen") || strings.Contains(path, "/statement") {
				month = "2025-09"
			}
			path = strings.NewReplacer("{month}", month, "{id}", id).Replace(path)
			if path == "/payments/"+id {
				path = payment
			}
			if method == "GET" {
				path += map[string]string{"/changes": "?row=payment:1", "/search": "?q=1", "/search/closed": "?q=1", "/clients/1/merge": "?into=2"}[path]
			}
			s.log.Reset()
			a := s.refuses(t, s.admin, method, path, body, 500, "internal", append([]string{"If-Match", tag}, more...)...)
			if a.body["correlation_id"] != "teste-1234" || a.body["detail"] != "something went wrong here" {
				t.Errorf("%s %s: %s", method, path, a.text)
			}
			for _, word := range []string{"no such", "does not exist", "pagamentos", "extratos", "closings", "users", "SQL", "/tmp", ".go", "goroutine", "42P01", t.Name()} {
				if strings.Contains(a.text, word) {
					t.Errorf("%s %s tells %q: %s", method, path, word, a.text)
				}
			}
			told := false
			for line := range strings.Lines(s.log.String()) {
				told = told || strings.Contains(line, "correlation_id=teste-1234") && strings.Contains(line, "level=ERROR") &&
					(strings.Contains(line, "no such table") || strings.Contains(line, "does not exist"))
			}
			if !told {
				t.Errorf("%s %s: the log does not tell the cause under the same id:\n%s", method, path, s.log.String())
			}
		}
		rename := func(tables ...string) {
			for _, table := range tables {
				s.Exec(t, "ALTER TABLE "+table+" RENAME TO "+table[strings.Index(table, ".")+1:]+"_away")
			}
		}
		all := func(which func(path string) bool) (n int) {
			for _, route := range s.server.Routes() {
				path, ok := strings.CutPrefix(route.Path, "/api/v1")
				if ok && path != "/openapi.json" && path != "/doctor" && which(path) {
					fails(route.Method, path)
					n++
				}
			}
			return n
		}
		rename("pagamentos", "sessoes", "comissoes", "gastos", "clients", "extratos", own(s, "closings"), own(s, "runs"), own(s, "backups"), own(s, "service_tokens"), own(s, "answers"), own(s, "changes"), own(s, "method_terms"), own(s, "settings"), own(s, "expense_categories"), own(s, "signing_keys"))
		byUser := func(path string) bool { return path == "/me" || strings.HasPrefix(path, "/artists") }
		if n := all(func(path string) bool { return !byUser(path) }); n < 30 {
			t.Errorf("only %d routes", n)
		}
		for _, path := range []string{"/payments", "/tokens", "/months/{month}/close", "/months/{month}/reopen"} {
			fails("POST", path, "Idempotency-Key", "k")
		}
		rename("users") // nobody can be told who they are
		all(byUser)
		all(func(path string) bool { return !byUser(path) })
	})
}
