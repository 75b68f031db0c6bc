package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"extrato/internal/auth"
)

func TestAn_artist_sees_only_their_own(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		mine, _ := s.pay(t, "2025-11-01", "10.00", `,"commission_percent":"50"`)
		theirs := map[string]int64{}
		body := fmt.Sprintf(`{"date":"2025-11-01","amount":"7.00","method":"Pix","artist_id":%d,"commission_percent":"50"}`, s.rui)
		theirs["/payments"] = s.id(t, s.do(t, s.admin, "POST", "/payments", body, 201))
		theirs["/commissions"] = s.Int(t, "SELECT max(id) FROM comissoes")
		theirs["/sessions"] = s.id(t, s.do(t, s.admin, "POST", "/sessions", fmt.Sprintf(`{"date":"2025-11-01","amount":"7.00","artist_id":%d,"client_id":%d}`, s.rui, s.bia), 201))
		s.do(t, s.artist, "GET", mine, "", 200)
		for path, id := range theirs {
			a := s.do(t, s.artist, "GET", fmt.Sprintf("%s/%d", path, id), "", 404)
			missing := s.do(t, s.artist, "GET", path+"/999999", "", 404)
			if a.body["code"] != missing.body["code"] || a.body["hint"] != missing.body["hint"] {
				t.Errorf("another's row is told from none: %s %s", a.text, missing.text)
			}
			for _, query := range []string{"", "?month=2025-11", fmt.Sprintf("?artist=%d", s.rui), fmt.Sprintf("?artist=%d", s.ana)} {
				for _, item := range items(s.do(t, s.artist, "GET", path+query, "", 200)) {
					if item["artist_name"] != "Ana" {
						t.Errorf("%s%s shows %v", path, query, item)
					}
				}
			}
		}
		if list := items(s.do(t, s.artist, "GET", "/payments", "", 200)); len(list) != 1 {
			t.Errorf("the artist's payments are %v", list)
		}
		for _, path := range []string{"/months", "/expenses", "/clients", "/artists", "/runs", "/closings", "/tokens", "/months/2025-11/backups"} {
			s.refuses(t, s.artist, "GET", path, "", 403, "forbidden")
		}
		s.refuses(t, s.artist, "POST", "/payments", body, 403, "forbidden")
		me := s.do(t, s.artist, "GET", "/me", "", 200)
		wantFields(t, "me", me, map[string]any{"role": "artist", "login": true, "email": "ana@studio.test"})
		path := fmt.Sprintf("/artists/%d", s.ana)
		for _, active := range []bool{false, true} {
			is := s.do(t, s.admin, "GET", path, "", 200)
			s.do(t, s.admin, "PUT", path, fmt.Sprintf(`{"name":"Ana","email":"ana@studio.test","active":%t}`, active), 200, "If-Match", is.header.Get("ETag"))
		}
		s.refuses(t, s.artist, "GET", "/me", "", 401, "no_token")
	})
}

func TestAn_artist_sees_their_part_of_a_statement_of_v4s_unless_it_cannot_be_told(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, gastos, totais) VALUES (8, 2025,
			'"[{\"id\": 1, \"artista_name\": \"Ana\", \"valor\": 10.0}, {\"id\": 2, \"artista_name\": \"Rui\", \"valor\": 7.0}]"', '"[]"', '"[]"', '"[]"',
			'"{\"receita_total\": 17.0}"')`)
		s.Exec(t, "UPDATE users SET created_at = '2025-01-01 12:00:00.000000'")
		const path = "/months/2025-08/statement"
		shown := s.do(t, s.artist, "GET", path, "", 200)
		if list := items(shown); len(list) != 1 || list[0]["payment"].(map[string]any)["artist_name"] != "Ana" {
			t.Errorf("Ana sees %s", shown.text)
		}
		if csv := s.do(t, s.artist, "GET", path+".csv", "", 200); strings.Contains(csv.text, "Rui") || !strings.Contains(csv.text, "Ana") {
			t.Errorf("the CSV is %s", csv.text)
		}
		if v4 := s.v4(t, s.artist, "GET", "/extrato/api?mes=8&ano=2025", ""); v4.Code != 200 || strings.Contains(v4.Body.String(), "Rui") || !strings.Contains(v4.Body.String(), "Ana") {
			t.Errorf("%d %s", v4.Code, v4.Body)
		}

		s.Exec(t, "UPDATE users SET name = 'Ana' WHERE name = 'Rui'")
		s.refuses(t, s.artist, "GET", path, "", 409, "artist_unclear")
		s.refuses(t, s.artist, "GET", path+".csv", "", 409, "artist_unclear")
		s.refuses(t, s.admin, "GET", fmt.Sprintf("%s?artist=%d", path, s.ana), "", 409, "artist_unclear")
		if v4 := s.v4(t, s.artist, "GET", "/extrato/api?mes=8&ano=2025", ""); v4.Code != 409 || strings.Contains(v4.Body.String(), "data") {
			t.Errorf("%d %s", v4.Code, v4.Body)
		}
		if list := items(s.do(t, s.admin, "GET", path, "", 200)); len(list) != 2 {
			t.Errorf("the whole statement has %v", list)
		}
	})
}

func TestTokens_are_shown_once_and_revoked(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		body := `{"name":"fluxo","scopes":["read","close","read"],"days":30}`
		made := s.do(t, s.admin, "POST", "/tokens", body, 201, "Idempotency-Key", "t")
		again := s.do(t, s.admin, "POST", "/tokens", body, 201, "Idempotency-Key", "t")
		secret, _ := made.body["token"].(string)
		if made.text != again.text || secret == "" {
			t.Errorf("%s, then %s", made.text, again.text)
		}
		if n := s.Int(t, "SELECT count(*) FROM "+own(s, "service_tokens")); n != 1 {
			t.Errorf("%d tokens", n)
		}
		var kept string
		if err := s.SQL.QueryRowContext(t.Context(), "SELECT body FROM "+own(s, "answers")).Scan(&kept); err != nil || strings.Contains(kept, secret) {
			t.Errorf("the database keeps %q, %v", kept, err)
		}
		bearer := caller{"Authorization", "Bearer " + secret}
		wantFields(t, "me", s.do(t, bearer, "GET", "/me", "", 200), map[string]any{"login": false, "by": "token " + fmt.Sprint(made.body["id"])})
		s.refuses(t, bearer, "GET", "/tokens", "", 403, "forbidden")
		list := s.do(t, s.admin, "GET", "/tokens", "", 200)
		if strings.Contains(list.text, secret) || len(items(list)) != 1 {
			t.Errorf("the list is %s", list.text)
		}
		s.do(t, s.admin, "DELETE", "/tokens/"+fmt.Sprint(made.body["id"]), "", 204)
		a := s.refuses(t, bearer, "GET", "/me", "", 401, "bad_token")
		if a.header.Get("WWW-Authenticate") == "" {
			t.Error("401 does not say how to come in")
		}
		s.refuses(t, s.admin, "DELETE", "/tokens/XYZ", "", 404, "no_token")
		s.refuses(t, s.admin, "POST", "/tokens", body, 409, "token_gone", "Idempotency-Key", "t")
		for range 3 {
			s.do(t, s.admin, "POST", "/tokens", body, 201)
		}
		first := s.do(t, s.admin, "GET", "/tokens?limit=3", "", 200)
		second := s.do(t, s.admin, "GET", "/tokens?limit=3&cursor="+first.body["next_cursor"].(string), "", 200)
		if len(items(first)) != 3 || len(items(second)) != 1 || second.body["next_cursor"] != nil {
			t.Errorf("%s then %s", first.text, second.text)
		}
	})
}

func own(s *v1Studio, table string) string {
	if s.Store.Postgres() {
		return "extrato." + table
	}
	return table
}

func TestLists_filter_by_month_and_go_on(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		for i := range 7 {
			s.pay(t, fmt.Sprintf("2025-11-%02d", 1+i%2), fmt.Sprintf("%d.00", i+1), `,"commission_percent":"10"`)
		}
		s.pay(t, "2025-10-31", "99.00", `,"commission_percent":"10"`)
		for _, path := range []string{"/payments", "/commissions"} {
			got, cursor := 0, ""
			for range 9 {
				a := s.do(t, s.admin, "GET", path+"?month=2025-11&limit=2"+cursor, "", 200)
				got += len(items(a))
				next, more := a.body["next_cursor"].(string)
				if !more {
					break
				}
				cursor = "&cursor=" + next
				s.pay(t, "2025-11-02", "1.00", `,"commission_percent":"10"`) // newer ones do not disturb
			}
			if got != 7 && path == "/payments" || got < 7 {
				t.Errorf("%s: %d", path, got)
			}
		}
		if list := items(s.do(t, s.admin, "GET", "/payments?month=2025-10", "", 200)); len(list) != 1 || list[0]["amount"] != "99.00" {
			t.Errorf("October holds %v", list)
		}
		for _, bad := range []string{"!!!", "bnVsbA", "eyJrIjowfQ", "eyJrIjowLCJkIjoiMjAyNS0xMS0wMSIsIm0iOiInOyBEUk9QIiwiaSI6MX0"} {
			s.refuses(t, s.admin, "GET", "/payments?cursor="+bad, "", 422, "invalid_cursor")
		}
		clients := s.do(t, s.admin, "GET", "/artists?limit=1", "", 200)
		s.refuses(t, s.admin, "GET", "/clients?cursor="+clients.body["next_cursor"].(string), "", 422, "invalid_cursor")
		s.do(t, s.admin, "GET", "/payments?mes=2025-10", "", 422)
	})
}

func TestNobody_comes_in_unknown(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		for _, route := range s.server.Routes() {
			if !strings.HasPrefix(route.Path, "/api/v1/") || route.Needs == auth.Public {
				continue
			}
			path := strings.NewReplacer("{month}", "2025-10", "{id}", "1").Replace(strings.TrimPrefix(route.Path, "/api/v1"))
			s.refuses(t, caller{}, route.Method, path, "", 401, "no_token")
			s.refuses(t, caller{"Authorization", "Bearer x.y.z"}, route.Method, path, "", 401, "bad_token")
			lacking := auth.ScopeBackup
			if route.Needs == auth.Backup {
				lacking = auth.ScopeRead
			}
			a := s.refuses(t, s.token(t, lacking), route.Method, path, "", 403, "forbidden")
			has := "the scope " + route.Needs.String()
			switch route.Needs {
			case auth.Write, auth.Manage:
				has = "needs an admin's login"
			case auth.SignedIn:
				has = "needs a login, or a token with the scope read"
			}
			if hint, _ := a.body["hint"].(string); !strings.Contains(hint, has) {
				t.Errorf("%s %s: the hint is %q, without %q", route.Method, path, hint, has)
			}
		}
	})
}

func TestWhat_is_no_route_is_a_problem_too(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.refuses(t, s.admin, "GET", "/nothing", "", 404, "no_such_path")
		a := s.refuses(t, s.admin, "PATCH", "/payments/1", `{}`, 405, "method_not_allowed")
		if allow := a.header.Get("Allow"); !strings.Contains(allow, "PUT") || !strings.Contains(allow, "DELETE") {
			t.Errorf("Allow: %q", allow)
		}
	})
}

func TestThe_description_is_whole(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		spec := s.do(t, caller{}, "GET", "/openapi.json", "", 200)
		if spec.body["openapi"] != "3.1.0" {
			t.Errorf("the description is %.100s", spec.text)
		}
		for path, methods := range spec.body["paths"].(map[string]any) {
			for method, op := range methods.(map[string]any) {
				o := op.(map[string]any)
				for _, key := range []string{"summary", "tags", "operationId", "security"} {
					if o[key] == nil {
						t.Errorf("%s %s has no %s", method, path, key)
					}
				}
				responses := o["responses"].(map[string]any)
				for _, status := range []string{"401", "403", "500"} {
					if r, ok := responses[status].(map[string]any); !ok || r["content"].(map[string]any)["application/problem+json"] == nil {
						t.Errorf("%s %s does not describe %s", method, path, status)
					}
				}
			}
		}
		w := s.raw(t, "GET", "/api/docs")
		for _, want := range []string{"/api/v1/months/{month}/close", "Idempotency-Key", "450.00", "<h1>"} {
			if !strings.Contains(w.text, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		for _, foreign := range []string{"<script", "http://", "https://", "style=", "<style"} {
			if strings.Contains(w.text, foreign) {
				t.Errorf("the page holds %q", foreign)
			}
		}
		if css := s.raw(t, "GET", "/api/docs/style.css"); css.status != http.StatusOK {
			t.Error("the page's style is missing")
		}
	})
}
