package api_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestWhat_is_unusual_is_asked_and_uses_up_no_key(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		body := fmt.Sprintf(`{"date":"2025-11-01","amount":"350.00","method":"Pix","artist_id":%d,"client":" BIA "}`, s.ana)
		first := s.do(t, s.admin, "POST", "/payments", body, 201, "Idempotency-Key", "um")
		if first.body["client_id"] != float64(s.bia) {
			t.Errorf("the typed name is client %v", first.body["client_id"])
		}
		again := s.do(t, s.admin, "POST", "/payments", body, 201, "Idempotency-Key", "um") // a double send is no equal payment
		if again.text != first.text {
			t.Errorf("%s, want %s", again.text, first.text)
		}
		before := s.dump(t)
		asked := s.refuses(t, s.admin, "POST", "/payments", body, 409, "equal_payment", "Idempotency-Key", "dois")
		questions, _ := asked.body["questions"].([]any)
		q, _ := questions[0].(map[string]any)
		if len(questions) != 1 || q["code"] != "equal_payment" || q["payment_id"] != first.body["id"] || q["created_at"] != first.body["created_at"] {
			t.Errorf("asked %v", questions)
		}
		if s.dump(t) != before {
			t.Error("a question changed the books")
		}
		body = strings.TrimSuffix(body, "}") + `,"confirm":["equal_payment"]}`
		s.do(t, s.admin, "POST", "/payments", body, 201, "Idempotency-Key", "dois")
		s.refuses(t, s.admin, "POST", "/payments", strings.Replace(body, "equal_payment", "anything", 1), 422, "invalid")
	})
}

func TestTerms_make_the_commission_and_an_undo_takes_it_back(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		terms := fmt.Sprintf("/artists/%d/terms", s.ana)
		s.do(t, s.admin, "POST", terms, `{"from":"2025-11-01","percent":"60"}`, 200)
		set := s.do(t, s.admin, "POST", terms, `{"from":"2025-11-02","percent":"0"}`, 200)
		if got := s.do(t, s.admin, "GET", terms, "", 200); got.text != set.text || !strings.Contains(got.text, `[{"from":"2025-11-02","percent":"0.00"},{"from":"2025-11-01","percent":"60.00"}]`) {
			t.Errorf("the terms are %s", got.text)
		}
		s.refuses(t, s.admin, "POST", terms, `{"from":"2025-11-02","percent":"101"}`, 422, "invalid_percent")
		s.refuses(t, s.admin, "POST", "/artists/99/terms", `{"from":"2025-11-02","percent":"1"}`, 404, "no_artist")
		s.do(t, s.admin, "POST", "/method-terms", `{"method":"Cartão de Crédito","from":"2025-11-01","percent":"3.49","days":30}`, 200)
		if got := s.do(t, s.admin, "GET", "/method-terms", "", 200); !strings.Contains(got.text, `{"method":"Cartão de Crédito","from":"2025-11-01","percent":"3.49","days":30}`) {
			t.Errorf("the methods' terms are %s", got.text)
		}
		before := s.dump(t)
		path, made := s.pay(t, "2025-11-01", "100.00", "")
		list := items(s.do(t, s.admin, "GET", "/commissions", "", 200))
		if len(list) != 1 || list[0]["amount"] != "60.00" {
			t.Errorf("the commissions are %v", list)
		}
		tag := made.header.Get("ETag")
		s.refuses(t, s.admin, "PUT", path+"/commissions", `{"commissions":[]}`, 412, "stale", "If-Match", `"0"`)
		shares := fmt.Sprintf(`{"commissions":[{"artist_id":%d,"percent":"30"},{"artist_id":%d,"percent":"30.5","note":"cor"}]}`, s.ana, s.rui)
		s.do(t, s.admin, "PUT", path+"/commissions", shares, 200, "If-Match", tag)
		row := strings.Replace(strings.TrimPrefix(path, "/"), "payments/", "payment:", 1)
		changes := s.do(t, s.admin, "GET", "/changes?row="+row, "", 200)
		all := items(changes)
		if len(all) != 2 || all[0]["action"] != "change" || all[1]["action"] != "add" || all[0]["by"] != fmt.Sprintf("user %d", s.user(t, "eva@studio.test")) {
			t.Fatalf("the changes are %s", changes.text)
		}
		undo := func(i int) string { return fmt.Sprintf("/changes/%v/undo", all[i]["id"]) }
		stale := s.refuses(t, s.admin, "POST", undo(1), "", 409, "changed_since")
		if versions, _ := stale.body["versions"].([]any); len(versions) == 0 {
			t.Errorf("no versions: %s", stale.text)
		}
		s.refuses(t, s.artist, "POST", undo(0), "", 403, "forbidden")
		once := s.do(t, s.admin, "POST", undo(0), "", 200, "Idempotency-Key", "k")
		if twice := s.do(t, s.admin, "POST", undo(0), "", 200, "Idempotency-Key", "k"); twice.text != once.text {
			t.Errorf("%s, want %s", twice.text, once.text)
		}
		s.do(t, s.admin, "POST", undo(1), "", 200)
		if after := s.dump(t); after != before {
			t.Errorf("the books are\n%s\nwere\n%s", after, before)
		}
		part := s.do(t, s.admin, "GET", "/changes?limit=3&row="+row, "", 200)
		rest := s.do(t, s.admin, "GET", fmt.Sprintf("/changes?limit=3&row=%s&cursor=%v", row, part.body["next_cursor"]), "", 200)
		if len(items(part)) != 3 || len(items(rest)) != 1 || rest.body["next_cursor"] != nil {
			t.Errorf("%s then %s", part.text, rest.text)
		}
		s.refuses(t, s.admin, "GET", "/changes?row=vale:1", "", 422, "invalid_row")
	})
}

func TestA_correction_takes_a_percent_and_a_clients_name(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		path, made := s.pay(t, "2025-11-01", "100.00", `,"commission_percent":"60"`)
		body := func(more string) string {
			return fmt.Sprintf(`{"date":"2025-11-01","amount":"100.00","method":"Pix","artist_id":%d%s}`, s.ana, more)
		}
		put := func(tag, more string) answer {
			return s.do(t, s.admin, "PUT", path, body(more), 200, "If-Match", tag)
		}
		commission := func(want string) {
			t.Helper()
			if list := items(s.do(t, s.admin, "GET", "/commissions", "", 200)); want == "" && len(list) != 0 || want != "" && (len(list) != 1 || list[0]["amount"] != want) {
				t.Errorf("the commissions are %v, want %s", list, want)
			}
		}
		changed := put(made.header.Get("ETag"), `,"client":" bia ","commission_percent":"50"`)
		if changed.body["client_id"] != float64(s.bia) {
			t.Errorf("the typed name is client %v", changed.body["client_id"])
		}
		commission("50.00")
		changed = put(changed.header.Get("ETag"), "")
		commission("50.00")
		changed = put(changed.header.Get("ETag"), `,"commission_percent":""`)
		commission("")
		shares := fmt.Sprintf(`{"commissions":[{"artist_id":%d,"percent":"30"},{"artist_id":%d,"percent":"30"}]}`, s.ana, s.rui)
		split := s.do(t, s.admin, "PUT", path+"/commissions", shares, 200, "If-Match", changed.header.Get("ETag"))
		before := s.dump(t)
		s.refuses(t, s.admin, "PUT", path, body(`,"commission_percent":"50"`), 409, "commission_split", "If-Match", split.header.Get("ETag"))
		if s.dump(t) != before {
			t.Error("a refusal changed the books")
		}
		if sums := s.do(t, s.artist, "GET", "/payments/sums", "", 200); sums.body["commissions"] != "30.00" {
			t.Errorf("an artist's own part is %s", sums.text)
		}
	})
}

func TestThe_list_of_payments_is_filtered_and_summed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-11-01", "10.00", `,"note":"Sessão","commission_percent":"50"`)
		s.pay(t, "2025-11-02", "5.00", `,"commission_percent":""`)
		s.do(t, s.admin, "POST", "/payments", fmt.Sprintf(`{"date":"2025-11-02","amount":"1.00","method":"Pix","artist_id":%d}`, s.rui), 201)
		for query, want := range map[string]string{
			"":                               `{"count":3,"amount":"16.00","commissions":"5.00"}`,
			"?from=2025-11-02":               `{"count":2,"amount":"6.00","commissions":"0.00"}`,
			"?to=2025-11-01&month=2025-11":   `{"count":1,"amount":"10.00","commissions":"5.00"}`,
			"?text=sessao":                   `{"count":1,"amount":"10.00","commissions":"5.00"}`,
			"?without=commission,client":     `{"count":1,"amount":"1.00","commissions":"0.00"}`,
			"?client=" + fmt.Sprint(s.bia):   `{"count":2,"amount":"15.00","commissions":"5.00"}`,
			"?method=Dinheiro":               `{"count":0,"amount":"0.00","commissions":"0.00"}`,
			"?without=session&month=2025-10": `{"count":0,"amount":"0.00","commissions":"0.00"}`,
		} {
			sums := s.do(t, s.admin, "GET", "/payments/sums"+query, "", 200)
			if strings.TrimSpace(sums.text) != want {
				t.Errorf("%s: %s, want %s", query, sums.text, want)
			}
			if list := items(s.do(t, s.admin, "GET", "/payments"+query, "", 200)); fmt.Sprint(len(list)) != fmt.Sprint(sums.body["count"]) {
				t.Errorf("%s: %d payments of %v", query, len(list), sums.body["count"])
			}
		}
		if sums := s.do(t, s.artist, "GET", "/payments/sums", "", 200); sums.body["amount"] != "15.00" {
			t.Errorf("an artist's own come to %s", sums.text)
		}
		if sums := s.do(t, s.artist, "GET", fmt.Sprintf("/payments/sums?artist=%d", s.rui), "", 200); sums.body["count"] != float64(0) {
			t.Errorf("another's are shown: %s", sums.text)
		}
		s.refuses(t, s.admin, "GET", "/payments/sums?from=2025-13-01", "", 422, "invalid")
		if found := s.do(t, s.admin, "GET", "/clients/search?q=BÍ", "", 200); len(items(found)) != 1 {
			t.Errorf("found %s", found.text)
		}
	})
}
