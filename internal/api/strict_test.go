package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// A body that two readers may understand differently is not acted on.
func TestV4s_bodies_with_repeated_or_misspelt_keys_change_nothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		before := s.dump(t)
		for _, body := range []string{
			`{"Month":10,"Year":2025}`, `{"month":10,"YEAR":2025}`, `{"month":10,"year":2025,"Force":true}`, `{"MONTH":10,"month":9,"year":2025}`,
			`{"month":10,"month":9,"year":2025}`, `{"month":10,"year":2025,"year":2025}`, `{"month":10,"year":2025,"force":false,"force":true}`,
			`{"month":10,"month":10,"year":2025}`, `{"month":10,"\u006donth":9,"year":2025}`, `{"month":10,"year":2025,"more":{"a":1,"a":2}}`,
			`{"month":10,"year":2025,"more":[{"b":{"a":1,"a":2}}]}`, `{"m\u00f6nth":1,"m\ud800":2}`,
		} {
			for _, path := range []string{backupPath, generatePath} {
				w := s.v4(t, v4Token(t, s.clock), "POST", path, body)
				if w.Code != 400 || !strings.HasPrefix(normal(t, w.Body.String()), `{"error":"The `) {
					t.Errorf("%s %s: %d %s", path, body, w.Code, w.Body)
				}
			}
		}
		if s.dump(t) != before {
			t.Error("a refusal changed something")
		}
		s.wants(t, s.v4(t, v4Token(t, s.clock), "POST", generatePath, `{"month":10,"year":2025,"ref":{"Month":1,"month":2}}`), 200, generated)
	})
}

func TestV1s_bodies_with_repeated_misspelt_or_unknown_keys_change_nothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		before := s.dump(t)
		valid := fmt.Sprintf(`"date":"2025-11-01","amount":"5.00","method":"Pix","artist_id":%d`, s.ana)
		for _, more := range []string{
			`"amount":"6.00"`, `"amount":"5.00"`, `"\u0061mount":"6.00"`, `"Amount":"6.00"`, `"AMOUNT":"5.00"`, `"surprise":1`, `"note":"a","note":null`, `"Note":"a"`,
			`"surprise":{"a":1,"a":2}`, `"note":{"a":1,"a":2}`, `"":1`,
		} {
			a := s.refuses(t, s.admin, "POST", "/payments", "{"+valid+","+more+"}", 422, "invalid")
			if a.body["kind"] != "invalid" {
				t.Errorf("%s: %s", more, a.text)
			}
		}
		s.refuses(t, s.admin, "POST", "/payments", "{"+strings.Replace(valid, "amount", "Amount", 1)+"}", 422, "invalid")
		for path, body := range map[string]string{
			"/months/2025-10/close":  `{"force":false,"force":true}`,
			"/months/2025-10/reopen": `{"reason":"a","reason":"b"}`,
			"/tokens":                `{"name":"a","scopes":["read"],"scopes":["close"]}`,
			"/clients":               `{"name":"Bia","Name":"Rui"}`,
		} {
			s.refuses(t, s.admin, "POST", path, body, 422, "invalid")
		}
		if s.dump(t) != before {
			t.Error("a refusal changed something")
		}
	})
}

func TestV4s_messages_have_two_digit_months(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		const august = `{"month":8,"year":2025}`
		call := func(path, body string, status int, want string) {
			t.Helper()
			s.wants(t, s.v4(t, v4Token(t, s.clock), "POST", path, body), status, want)
		}
		call(backupPath, august, 200, `{"data":{"month":8,"year":2025},"message":"Backup created successfully for 08/2025","success":true}`)
		call(backupPath, august, 409, `{"details":{"month":8,"reason":"backup_already_exists","year":2025},"error":"Backup already exists for 08/2025","success":false}`)
		call(generatePath, august, 200, `{"data":{"force":false,"month":8,"year":2025},"message":"Extrato generated successfully for 08/2025","success":true}`)
		call(generatePath, `{"month":1,"year":2026}`, 400, `{"details":{"month":1,"reason":"month_not_ended","year":2026},"error":"Month 01/2026 has not ended","success":false}`)
		s.do(t, s.admin, "POST", "/months/2025-08/reopen", `{"reason":"faltou um"}`, 200)
		call(generatePath, august, 400, `{"details":{"month":8,"reason":"month_held","year":2025},"error":"Month 08/2025 was reopened and waits for a person to close it","success":false}`)
	})
}
