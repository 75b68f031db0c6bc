package api_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/auth"
)

func TestEvery_kind_of_row_is_written_read_changed_and_deleted(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		payment, _ := s.pay(t, "2025-11-01", "100.00", "")
		session := s.id(t, s.do(t, s.admin, "POST", "/sessions", fmt.Sprintf(`{"date":"2025-12-01","amount":"900","artist_id":%d,"client_id":%d}`, s.ana, s.bia), 201))
		for _, c := range []struct {
			path, add, change string
			shows, then       map[string]any
		}{
			{"/payments", `{"date":"2025-11-01","amount":"450.5","method":"Pix","artist_id":ANA,"note":"=1+1 ç 🖋","session_id":SESSION,"deposit":true}`, `{"date":"2025-11-02","amount":"460","method":"Outros","artist_id":RUI}`,
				map[string]any{"amount": "450.50", "artist_name": "Ana", "client_id": nil, "note": "=1+1 ç 🖋", "date": "2025-11-01", "deposit": true},
				map[string]any{"amount": "460.00", "artist_name": "Rui", "note": nil, "date": "2025-11-02", "deposit": false}},
			{"/sessions", `{"date":"2025-10-01","amount":"80","artist_id":ANA,"client_id":BIA}`, `{"date":"2025-10-01","amount":"80","artist_id":ANA,"client_id":BIA,"status":"completed"}`,
				map[string]any{"status": "active", "client_name": "Bia"}, map[string]any{"status": "completed"}},
			{"/commissions", `{"payment_id":PAYMENT,"percent":"60"}`, `{"artist_id":RUI,"percent":"12.5","note":"x"}`,
				map[string]any{"amount": "60.00", "percent": "60.00", "artist_name": "Ana", "payment_amount": "100.00"}, map[string]any{"amount": "12.50", "artist_name": "Rui"}},
			{"/expenses", `{"date":"2025-11-01","amount":"33.33","method":"Pix","description":"Tinta","category":"MATERIAL"}`, `{"date":"2025-11-01","amount":"0.01","method":"Pix","description":"Luva"}`,
				map[string]any{"amount": "33.33", "created_by_name": "Eva", "description": "Tinta", "category": "Material"},
				map[string]any{"amount": "0.01", "description": "Luva", "category": nil, "created_by_name": "Eva"}},
			{"/clients", `{"name":"Caio","jotform_submission_id":"1"}`, `{"name":"Caíque"}`, map[string]any{"jotform_submission_id": "1"}, map[string]any{"name": "Caíque", "jotform_submission_id": nil}},
			{"/artists", `{"name":"Gil","email":"gil@studio.test"}`, `{"name":"Gil","active":false}`, map[string]any{"active": true, "email": "gil@studio.test"}, map[string]any{"active": false, "email": nil}},
		} {
			fill := strings.NewReplacer("ANA", fmt.Sprint(s.ana), "RUI", fmt.Sprint(s.rui), "BIA", fmt.Sprint(s.bia), "PAYMENT", strings.TrimPrefix(payment, "/payments/"), "SESSION", fmt.Sprint(session))
			made := s.do(t, s.admin, "POST", c.path, fill.Replace(c.add), 201)
			wantFields(t, c.path, made, c.shows)
			one := c.path + "/" + fmt.Sprint(s.id(t, made))
			if made.header.Get("Location") != "/api/v1"+one {
				t.Errorf("%s is said to be at %q", one, made.header.Get("Location"))
			}
			got := s.do(t, s.admin, "GET", one, "", 200)
			if got.text != made.text || got.header.Get("ETag") != made.header.Get("ETag") || got.header.Get("ETag") == "" {
				t.Errorf("%s: %s %s, made as %s %s", one, got.header.Get("ETag"), got.text, made.header.Get("ETag"), made.text)
			}
			if list := items(s.do(t, s.admin, "GET", c.path, "", 200)); len(list) == 0 {
				t.Errorf("%s is empty", c.path)
			}
			changed := s.do(t, s.admin, "PUT", one, fill.Replace(c.change), 200, "If-Match", got.header.Get("ETag"))
			wantFields(t, c.path, changed, c.then)
			if again := s.do(t, s.admin, "GET", one, "", 200); again.text != changed.text || again.header.Get("ETag") != changed.header.Get("ETag") || changed.header.Get("ETag") == got.header.Get("ETag") {
				t.Errorf("%s after the change: %s, was answered with %s", one, again.text, changed.text)
			}
			s.do(t, s.admin, "DELETE", one, "", 204, "If-Match", changed.header.Get("ETag"))
			s.do(t, s.admin, "GET", one, "", 404)
			s.do(t, s.admin, "DELETE", one, "", 404, "If-Match", changed.header.Get("ETag"))
		}
	})
}

func wantFields(t testing.TB, what string, a answer, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if got := a.body[name]; got != value {
			t.Errorf("%s: %s is %v, want %v", what, name, got, value)
		}
	}
}

func TestAn_edit_needs_what_its_author_saw(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		path, made := s.pay(t, "2025-11-01", "1.00", "")
		tag := made.header.Get("ETag")
		body := fmt.Sprintf(`{"date":"2025-11-01","amount":"2.00","method":"Pix","artist_id":%d}`, s.ana)
		before := s.dump(t)
		for _, method := range []string{"PUT", "DELETE"} {
			text := body
			if method == "DELETE" {
				text = ""
			}
			s.refuses(t, s.admin, method, path, text, 428, "if_match_required")
			s.refuses(t, s.admin, method, path, text, 428, "if_match_required", "If-Match", "*")
			s.refuses(t, s.admin, method, path, text, 412, "stale", "If-Match", `"0123"`)
			s.refuses(t, s.admin, method, path, text, 412, "stale", "If-Match", "W/"+tag)
		}
		if s.dump(t) != before {
			t.Error("a refused edit changed something")
		}
		if a := s.do(t, s.admin, "GET", path, "", 304, "If-None-Match", tag); a.text != "" || a.header.Get("ETag") != tag {
			t.Errorf("304 came with %q, %s", a.text, a.header.Get("ETag"))
		}
		s.do(t, s.admin, "GET", path, "", 200, "If-None-Match", `"0123"`)
		s.do(t, s.admin, "PUT", path, body, 200, "If-Match", `"0123", `+tag)
		s.refuses(t, s.admin, "PUT", path, body, 412, "stale", "If-Match", tag)
	})
}

func TestA_payments_tag_holds_its_commissions(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		path, made := s.pay(t, "2025-11-01", "100.00", `,"commission_percent":"60"`)
		tag := made.header.Get("ETag")
		if got := s.do(t, s.admin, "GET", path, "", 200).header.Get("ETag"); got != tag {
			t.Errorf("the tag is %s, was %s when it was made", got, tag)
		}
		s.do(t, s.admin, "POST", "/commissions", fmt.Sprintf(`{"payment_id":%d,"percent":"10","artist_id":%d}`, s.id(t, made), s.rui), 201)
		body := fmt.Sprintf(`{"date":"2025-11-01","amount":"200.00","method":"Pix","artist_id":%d}`, s.ana)
		before := s.dump(t)
		s.refuses(t, s.admin, "DELETE", path, "", 412, "stale", "If-Match", tag)
		s.refuses(t, s.admin, "PUT", path, body, 412, "stale", "If-Match", tag)
		if s.dump(t) != before {
			t.Error("a refused edit changed something")
		}
		tag = s.do(t, s.admin, "GET", path, "", 200, "If-None-Match", tag).header.Get("ETag")
		tag = s.do(t, s.admin, "PUT", path, body, 200, "If-Match", tag).header.Get("ETag")
		s.do(t, s.admin, "DELETE", path, "", 204, "If-Match", tag)
	})
}

func TestOf_edits_with_one_tag_one_wins(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		path, made := s.pay(t, "2025-11-01", "1.00", "")
		statuses := make([]int, 8)
		var wait sync.WaitGroup
		for i := range statuses {
			wait.Go(func() {
				body := fmt.Sprintf(`{"date":"2025-11-01","amount":"%d.00","method":"Pix","artist_id":%d}`, 10+i, s.ana)
				statuses[i] = s.send(t, s.admin, "PUT", path, body, "If-Match", made.header.Get("ETag")).status
			})
		}
		wait.Wait()
		slices.Sort(statuses)
		if want := []int{200, 412, 412, 412, 412, 412, 412, 412}; !slices.Equal(statuses, want) {
			t.Errorf("answered %v, want %v", statuses, want)
		}
	})
}

func TestOne_key_takes_effect_once(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		body := fmt.Sprintf(`{"date":"2025-11-01","amount":"450.00","method":"Pix","artist_id":%d,"commission_percent":"60"}`, s.ana)
		answers := make([]answer, 10)
		var wait sync.WaitGroup
		for i := range answers {
			wait.Go(func() { answers[i] = s.send(t, s.admin, "POST", "/payments", body, "Idempotency-Key", "chave-1") })
		}
		wait.Wait()
		replayed := 0
		for _, a := range answers {
			if a.status != 201 || a.text != answers[0].text || a.header.Get("Etag") != answers[0].header.Get("Etag") || a.header.Get("Location") != answers[0].header.Get("Location") {
				t.Errorf("%d %s, want %s", a.status, a.text, answers[0].text)
			}
			if a.header.Get("Idempotency-Replayed") == "true" {
				replayed++
			}
		}
		if n := s.Int(t, "SELECT count(*) FROM pagamentos") * s.Int(t, "SELECT count(*) FROM comissoes"); n != 1 || replayed != 9 {
			t.Errorf("%d rows, %d answers a second time", n, replayed)
		}
		before := s.dump(t)
		s.refuses(t, s.admin, "POST", "/payments", strings.Replace(body, "450", "451", 1), 422, "idempotency_key_reused", "Idempotency-Key", "chave-1")
		s.refuses(t, s.admin, "POST", "/expenses", `{"date":"2025-11-01","amount":"1","method":"Pix","description":"Tinta"}`, 422, "idempotency_key_reused", "Idempotency-Key", "chave-1")
		if s.dump(t) != before {
			t.Error("a key that was used for something else took effect")
		}
		other := s.login(t, "lia@studio.test", "admin")
		body = strings.TrimSuffix(body, "}") + sure + "}"
		s.do(t, other, "POST", "/payments", body, 201, "Idempotency-Key", "chave-1")
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 2 {
			t.Errorf("%d payments: another's key is another key", n)
		}
		s.clock = s.clock.Add(24*time.Hour + time.Second)
		s.do(t, s.admin, "POST", "/payments", body, 201, "Idempotency-Key", "chave-1")
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 3 {
			t.Errorf("%d payments: a key is good for 24 hours", n)
		}
	})
}

func TestA_refusal_is_not_kept_for_its_key(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		body := `{"date":"2025-11-01","amount":"1","method":"Pix","artist_id":424242}`
		s.refuses(t, s.admin, "POST", "/payments", body, 422, "unknown_artist", "Idempotency-Key", "k")
		s.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (424242, 'Nova', 'artist', TRUE, FALSE)")
		s.do(t, s.admin, "POST", "/payments", body, 201, "Idempotency-Key", "k")
	})
}

func TestA_close_under_one_key_answers_the_same_to_all(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-10-10", "450.00", `,"commission_percent":"60"`)
		closer := s.token(t, auth.ScopeClose)
		answers := make([]answer, 10)
		var wait sync.WaitGroup
		for i := range answers {
			wait.Go(func() {
				answers[i] = s.send(t, closer, "POST", "/months/2025-10/close", `{}`, "Idempotency-Key", "outubro")
			})
		}
		wait.Wait()
		for _, a := range answers {
			if a.status != 200 || a.text != answers[0].text {
				t.Errorf("%d %s, want %s", a.status, a.text, answers[0].text)
			}
		}
		wantFields(t, "close", answers[0], map[string]any{"month": "2025-10", "result": "closed", "correlation_id": "teste-1234"})
		if got := fmt.Sprint(answers[0].body["totals"].(map[string]any)["net_revenue"]); got != "180.00" {
			t.Errorf("net revenue %s", got)
		}
		if n := s.Int(t, "SELECT count(*) FROM extratos"); n != 1 {
			t.Errorf("%d statements", n)
		}
		s.refuses(t, closer, "POST", "/months/2025-10/close", "", 409, "already_closed")
		again := s.do(t, closer, "POST", "/months/2025-10/close", `{"force":true}`, 200)
		wantFields(t, "close with force", again, map[string]any{"result": "already_closed"})
		s.refuses(t, closer, "POST", "/months/2025-11/close", "", 409, "month_not_ended")
		s.refuses(t, closer, "POST", "/months/2025-13/close", "", 422, "invalid_month")
		s.refuses(t, closer, "POST", "/months/2025-10/reopen", `{"reason":"x"}`, 403, "forbidden")
		open := s.do(t, s.admin, "POST", "/months/2025-10/reopen", `{"reason":"faltou um"}`, 200, "Idempotency-Key", "r")
		if twice := s.do(t, s.admin, "POST", "/months/2025-10/reopen", `{"reason":"faltou um"}`, 200, "Idempotency-Key", "r"); twice.text != open.text {
			t.Errorf("%s, then %s", open.text, twice.text)
		}
		s.refuses(t, s.admin, "POST", "/months/2025-10/reopen", `{"reason":"faltou um"}`, 409, "month_held")
	})
}

func TestA_row_of_a_closed_month_is_refused_and_the_statement_stays(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		path, _ := s.pay(t, "2025-10-10", "450.00", `,"commission_percent":"60"`)
		november, made := s.pay(t, "2025-11-01", "1.00", "")
		s.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200)
		before := s.dump(t)
		body := fmt.Sprintf(`{"date":"2025-10-31","amount":"2.00","method":"Pix","artist_id":%d}`, s.ana)
		a := s.refuses(t, s.admin, "POST", "/payments", body, 409, "month_closed")
		if hint := fmt.Sprint(a.body["hint"]); !strings.Contains(hint, "extrato reopen 2025-10") || !strings.Contains(hint, "then close it again: extrato close 2025-10; ") {
			t.Errorf("the hint is %q", hint)
		}
		s.refuses(t, s.admin, "PUT", november, body, 409, "month_closed", "If-Match", made.header.Get("ETag"))
		s.refuses(t, s.admin, "POST", "/expenses", `{"date":"2025-10-31","amount":"2.00","method":"Pix","description":"Tinta"}`, 409, "month_closed")
		s.refuses(t, s.admin, "GET", path, "", 404, "no_payment")
		if s.dump(t) != before {
			t.Error("a refusal changed the books")
		}
	})
}

func TestA_statement_is_shown_a_part_at_a_time(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		for range 5 {
			s.pay(t, "2025-10-10", "10.00", `,"commission_percent":"50"`)
		}
		s.do(t, s.admin, "POST", "/payments", fmt.Sprintf(`{"date":"2025-10-11","amount":"7.00","method":"Pix","artist_id":%d%s}`, s.rui, sure), 201)
		s.do(t, s.admin, "POST", "/expenses", `{"date":"2025-10-12","amount":"3.00","method":"Dinheiro","description":"Tinta"}`, 201)
		s.refuses(t, s.admin, "GET", "/months/2025-10/statement", "", 404, "not_closed")
		s.do(t, s.admin, "POST", "/months/2025-10/close", "", 200)
		seen, cursor := []string{}, ""
		for range 10 {
			a := s.do(t, s.admin, "GET", "/months/2025-10/statement?limit=3"+cursor, "", 200)
			if got := fmt.Sprint(a.body["counts"]); got != "map[commissions:5 expenses:1 payments:6 sessions:0]" {
				t.Errorf("counts %s", got)
			}
			for _, item := range items(a) {
				kind := item["type"].(string)
				seen = append(seen, fmt.Sprint(kind, item[kind].(map[string]any)["amount"]))
			}
			next, more := a.body["next_cursor"].(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
		}
		if got := strings.Join(seen, " "); got != strings.TrimSpace(strings.Repeat("payment10.00 ", 5)+"payment7.00 "+strings.Repeat("commission5.00 ", 5)+"expense3.00") {
			t.Errorf("the parts hold %s", got)
		}
		mine := s.do(t, s.artist, "GET", "/months/2025-10/statement?limit=1", "", 200)
		if got := fmt.Sprint(mine.body["counts"], mine.body["totals"].(map[string]any)["revenue"], mine.body["totals"].(map[string]any)["expenses"]); got != "map[commissions:5 expenses:0 payments:5 sessions:0]50.000.00" {
			t.Errorf("the artist sees %s", got)
		}
		s.do(t, s.artist, "GET", fmt.Sprintf("/months/2025-10/statement?artist=%d", s.rui), "", 404)
		csv := s.do(t, s.artist, "GET", "/months/2025-10/statement.csv?lang=en", "", 200)
		if strings.Contains(csv.text, "Rui") || strings.Count(csv.text, "Ana") != 10 || !strings.HasPrefix(csv.header.Get("Content-Type"), "text/csv") {
			t.Errorf("the artist's CSV is %s %s", csv.header, csv.text)
		}
		for name, begins := range map[string]string{"pdf": "%PDF-", "xlsx": "PK"} {
			for _, who := range []caller{s.artist, s.admin} {
				file := s.do(t, who, "GET", "/months/2025-10/statement."+name, "", 200)
				if !strings.HasPrefix(file.text, begins) || !strings.HasSuffix(file.header.Get("Content-Disposition"), "extrato_2025-10."+name+`"`) {
					t.Errorf("%s: %v %.20q", name, file.header, file.text)
				}
			}
		}
		all := s.do(t, s.admin, "GET", "/months/2025-10/statement.csv", "", 200)
		if !strings.Contains(all.text, "Rui") || !strings.Contains(all.text, "3.00") {
			t.Errorf("the CSV is %s", all.text)
		}
	})
}

func TestMonths_say_what_they_are(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-09-10", "10.00", "")
		s.pay(t, "2025-10-10", "20.00", "")
		s.do(t, s.admin, "POST", "/months/2025-09/close", "", 200)
		s.Exec(t, fmt.Sprintf("INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (70, '2025-09-05', 1, 'Pix', %d)", s.ana))
		reader := s.token(t, auth.ScopeRead)
		list := items(s.do(t, reader, "GET", "/months", "", 200))
		var got []string
		for _, m := range list {
			got = append(got, fmt.Sprint(m["month"], " ", m["state"], " ", m["backup"]))
		}
		if want := []string{"2025-11 open unverified", "2025-10 open unverified", "2025-09 late verified"}; !slices.Equal(got, want) {
			t.Errorf("months %q, want %q", got, want)
		}
		first := s.do(t, reader, "GET", "/months?limit=2", "", 200)
		second := s.do(t, reader, "GET", "/months?limit=2&cursor="+first.body["next_cursor"].(string), "", 200)
		if len(items(first)) != 2 || len(items(second)) != 1 || items(second)[0]["month"] != "2025-09" || second.body["next_cursor"] != nil {
			t.Errorf("%s then %s", first.text, second.text)
		}
		late := s.do(t, reader, "GET", "/months/2025-09", "", 200)
		rows, _ := late.body["late_rows"].([]any)
		if len(rows) != 1 || late.body["totals"].(map[string]any)["revenue"] != "10.00" {
			t.Errorf("the late month is %s", late.text)
		}
		open := s.do(t, reader, "GET", "/months/2025-10", "", 200)
		if open.body["totals"].(map[string]any)["revenue"] != "20.00" {
			t.Errorf("the open month is %s", open.text)
		}
		s.refuses(t, reader, "GET", "/months/2031-01", "", 404, "no_month")
		backups := items(s.do(t, reader, "GET", "/months/2025-09/backups", "", 200))
		if len(backups) != 1 || backups[0]["statement"] != true || backups[0]["state"] != "ok" {
			t.Errorf("backups %v", backups)
		}
		closings := s.do(t, reader, "GET", "/closings?limit=1", "", 200)
		if e := items(closings); len(e) != 1 || e[0]["action"] != "closed" || e[0]["month"] != "2025-09" || len(e[0]["hash"].(string)) != 64 {
			t.Errorf("closings %s", closings.text)
		}
		runs := items(s.do(t, reader, "GET", "/runs?month=2025-09", "", 200))
		if len(runs) != 1 || runs[0]["result"] != "closed" || runs[0]["correlation_id"] != "teste-1234" {
			t.Errorf("runs %v", runs)
		}
	})
}
