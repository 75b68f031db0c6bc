package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/auth"
	"extrato/internal/bucket"
)

const (
	backupPath   = "/api/backup/create_service"
	generatePath = "/api/extrato/generate_service"
)

// v4Token is a token as v4 makes them.
func v4Token(t testing.TB, now time.Time) caller {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"user_id": 999, "email": "github-actions@tattoo-studio.local", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).SignedString([]byte(v1Key))
	if err != nil {
		t.Fatal(err)
	}
	return caller{"Authorization", "Bearer " + text}
}

// v4 sends a request as v4's callers do.
func (s *v1Studio) v4(t testing.TB, who caller, method, path, body string, more ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if who.header != "" {
		r.Header.Set(who.header, who.value)
	}
	for i := 0; i+1 < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code >= http.StatusBadRequest {
		tellsNothing(t, method+" "+path, w.Body.String())
	}
	return w
}

// normal sorts an answer's keys and blanks what is another each time.
func normal(t testing.TB, text string) string {
	t.Helper()
	var body any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&body); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	if o, ok := body.(map[string]any); ok && o["correlation_id"] != nil {
		o["correlation_id"] = ""
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

// fillOctober records two payments, one of an artist's with a commission, and an expense.
func (s *v1Studio) fillOctober(t testing.TB) {
	t.Helper()
	s.do(t, s.admin, "POST", "/payments", `{"date":"2025-10-03","amount":"450.00","method":"Pix","artist_id":`+jsonInt(s.ana)+`,"client_id":`+jsonInt(s.bia)+`,"commission_percent":"50"`+sure+`}`, 201)
	s.do(t, s.admin, "POST", "/payments", `{"date":"2025-10-31","amount":"0.10","method":"Dinheiro","artist_id":`+jsonInt(s.rui)+sure+`}`, 201)
	s.do(t, s.admin, "POST", "/expenses", `{"date":"2025-10-05","amount":"12.30","method":"Pix","description":"Tinta"}`, 201)
}

func jsonInt(n int64) string {
	return strconv.FormatInt(n, 10)
}

const (
	backupDone    = `{"data":{"month":10,"year":2025},"message":"Backup created successfully for 10/2025","success":true}`
	backupThere   = `{"details":{"month":10,"reason":"backup_already_exists","year":2025},"error":"Backup already exists for 10/2025","success":false}`
	generated     = `{"data":{"force":false,"month":10,"year":2025},"message":"Extrato generated successfully for 10/2025","success":true}`
	generatedF    = `{"data":{"force":true,"month":10,"year":2025},"message":"Extrato generated successfully for 10/2025","success":true}`
	alreadyThere  = `{"correlation_id":"","details":"Extrato already exists for month/year","error":"Extrato generation failed.","stage":"already_exists","success":false}`
	needsBackup   = `{"details":{"backup_exists":false,"backup_required":true,"month":10,"year":2025},"error":"Cannot generate extrato for 10/2025: backup verification failed. A backup is required before generating extrato (EXTRATO_REQUIRE_BACKUP=true). Create a backup first or set EXTRATO_REQUIRE_BACKUP=false to bypass this check.","success":false}`
	badMonth      = `{"error":"Month must be an integer between 1 and 12","success":false}`
	badYear       = `{"error":"Year must be an integer between 2000 and 2100","success":false}`
	badForce      = `{"error":"Force must be a boolean","success":false}`
	together      = `{"error":"Month and year must be given together","success":false}`
	noHeader      = `{"error":"Missing or invalid Authorization header"}`
	badToken      = `{"error":"Invalid or expired token"}`
	badPayload    = `{"error":"Invalid token payload"}`
	forbiddenBody = `{"error":"Forbidden"}`
	octoberBody   = `{"month":10,"year":2025}`
)

func (s *v1Studio) wants(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if got := normal(t, w.Body.String()); w.Code != status || got != body {
		t.Errorf("%d %s\nwant %d %s", w.Code, got, status, body)
	}
	if w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("Content-Type %q", w.Header().Get("Content-Type"))
	}
}

func TestV4s_endpoints_answer_as_v4s_callers_expect(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		v4 := v4Token(t, s.clock)
		payments := func() int64 { return s.Int(t, "SELECT count(*) FROM pagamentos") }
		for _, c := range []struct {
			name, body string
			status     int
			want       string
			more       []string
		}{
			{"month 13", `{"month":13,"year":2025}`, 400, badMonth, nil},
			{"month 0", `{"month":0,"year":2025}`, 400, badMonth, nil},
			{"month as text", `{"month":"10","year":2025}`, 400, badMonth, nil},
			{"month true", `{"month":true,"year":2025}`, 400, badMonth, nil},
			{"month 10.0", `{"month":10.0,"year":2025}`, 400, badMonth, nil},
			{"month 1e1", `{"month":1e1,"year":2025}`, 400, badMonth, nil},
			{"a huge month", `{"month":99999999999999999999,"year":2025}`, 400, badMonth, nil},
			{"year 1999", `{"month":10,"year":1999}`, 400, badYear, nil},
			{"year 2101", `{"month":10,"year":2101}`, 400, badYear, nil},
			{"force as text", `{"month":10,"year":2025,"force":"yes"}`, 400, badForce, nil},
			{"force as number", `{"month":10,"year":2025,"force":1}`, 400, badForce, nil},
			{"only the month", `{"month":10}`, 400, together, nil},
			{"only the year", `{"year":2025}`, 400, together, nil},
			{"the year null", `{"month":10,"year":null}`, 400, together, nil},
			{"half JSON", `{"month":10`, 400, `{"error":"The body must be a JSON object","success":false}`, nil},
			{"a list", `[10,2025]`, 400, `{"error":"The body must be a JSON object","success":false}`, nil},
			{"null", `null`, 400, `{"error":"The body must be a JSON object","success":false}`, nil},
			{"wrong type", octoberBody, 400, `{"error":"Content-Type must be application/json","success":false}`, []string{"Content-Type", "text/plain"}},
			{"no type", octoberBody, 400, `{"error":"Content-Type must be application/json","success":false}`, []string{"Content-Type", ""}},
			{"the running month", `{"month":11,"year":2025}`, 400, `{"details":{"month":11,"reason":"month_not_ended","year":2025},"error":"Month 11/2025 has not ended","success":false}`, nil},
			{"a future month, forced", `{"month":1,"year":2026,"force":true}`, 400, `{"details":{"month":1,"reason":"month_not_ended","year":2026},"error":"Month 01/2026 has not ended","success":false}`, nil},
		} {
			t.Run(c.name, func(t *testing.T) {
				for _, path := range []string{backupPath, generatePath} {
					s.wants(t, s.v4(t, v4, "POST", path, c.body, c.more...), c.status, c.want)
				}
				if n := payments(); n != 2 {
					t.Errorf("%d payments are left", n)
				}
			})
		}
		s.wants(t, s.v4(t, v4, "GET", "/extrato/api?mes=10&ano=2025", ""), 404, `{"message":"Extrato não encontrado para 10/2025","success":false}`)
		s.wants(t, s.v4(t, caller{}, "GET", "/health/extrato", ""), 200, `{"ano":2025,"exists":false,"mes":10,"message":"Extrato for October/2025 not found","status":"missing"}`)
		s.wants(t, s.v4(t, v4, "POST", backupPath, octoberBody), 200, backupDone)
		s.wants(t, s.v4(t, v4, "POST", backupPath, octoberBody), 409, backupThere)
		s.wants(t, s.v4(t, v4, "POST", backupPath, ""), 409, backupThere) // nothing said means the month that ended
		s.do(t, s.admin, "POST", "/payments", `{"date":"2025-10-09","amount":"5.00","method":"Pix","artist_id":`+jsonInt(s.ana)+sure+`}`, 201)
		s.wants(t, s.v4(t, v4, "POST", backupPath, octoberBody), 200, backupDone) // the first one is stale now
		s.wants(t, s.v4(t, v4, "POST", generatePath, ""), 200, generated)
		s.wants(t, s.v4(t, v4, "POST", generatePath, octoberBody), 500, alreadyThere)
		s.wants(t, s.v4(t, v4, "POST", generatePath, `{"month":10,"year":2025,"force":true}`), 200, generatedF)
		s.wants(t, s.v4(t, caller{}, "GET", "/health/extrato", ""), 200, `{"ano":2025,"exists":true,"mes":10,"message":"Extrato for October/2025 exists","status":"healthy"}`)
		if n := payments(); n != 0 {
			t.Errorf("%d payments are left", n)
		}
		s.do(t, s.admin, "POST", "/months/2025-10/reopen", `{"reason":"esquecemos um"}`, 200)
		s.wants(t, s.v4(t, v4, "POST", generatePath, octoberBody), 400, `{"details":{"month":10,"reason":"month_held","year":2025},"error":"Month 10/2025 was reopened and waits for a person to close it","success":false}`)
		s.wants(t, s.v4(t, v4, "POST", generatePath, `{"month":10,"year":2025,"force":true}`), 200, generatedF)
	})
}

func TestV4s_other_endpoints(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		v4 := v4Token(t, s.clock)
		s.wants(t, s.v4(t, caller{}, "GET", "/health", ""), 200, `{"database":"connected","status":"ok"}`)
		s.wants(t, s.v4(t, caller{}, "GET", "/ready", ""), 200, `{"database":"connected","status":"ok"}`)
		s.wants(t, s.v4(t, caller{}, "GET", "/api/health", ""), 200, `{"auth":"jwt-ready","service":"tattoo-studio-api","status":"healthy"}`)
		for query, message := range map[string]string{
			"": "Parâmetros 'mes' e 'ano' são obrigatórios", "?mes=10": "Parâmetros 'mes' e 'ano' são obrigatórios",
			"?mes=13&ano=2025": "Mês deve estar entre 1 e 12", "?mes=10&ano=1999": "Ano deve estar entre 2000 e 2100",
			"?mes=dez&ano=2025": "Mês e ano devem ser números válidos",
		} {
			s.wants(t, s.v4(t, v4, "GET", "/extrato/api"+query, ""), 400, `{"message":"`+message+`","success":false}`)
		}
		s.wants(t, s.v4(t, v4, "POST", generatePath, octoberBody), 200, generated)
		whole := s.v4(t, v4, "GET", "/extrato/api?mes=10&ano=2025", "")
		s.wants(t, whole, 200, `{"data":{"ano":2025,"comissoes":[{"artista_name":"Ana","cliente_name":"Bia","observacoes":null,"pagamento_data":"2025-10-03","pagamento_valor":450.00,"percentual":50.00,"valor":225.00}],`+
			`"gastos":[{"categoria":null,"created_by":`+jsonInt(s.user(t, "eva@studio.test"))+`,"data":"2025-10-05","descricao":"Tinta","forma_pagamento":"Pix","valor":12.30}],"mes":10,`+
			`"pagamentos":[{"artista_name":"Ana","cliente_name":"Bia","data":"2025-10-03","forma_pagamento":"Pix","id":1,"observacoes":null,"sessao_data":null,"sessao_id":null,"valor":450.00},`+
			`{"artista_name":"Rui","cliente_name":null,"data":"2025-10-31","forma_pagamento":"Dinheiro","id":2,"observacoes":null,"sessao_data":null,"sessao_id":null,"valor":0.10}],`+
			`"sessoes":[],"totais":{"comissoes_total":225.00,"despesas_total":12.30,"gastos_por_categoria":[{"categoria":"Outros","total":12.30}],"gastos_por_forma_pagamento":[{"forma":"Pix","total":12.30}],`+
			`"por_artista":[{"artista":"Ana","comissao":225.00,"receita":450.00}],"por_forma_pagamento":[{"forma":"Dinheiro","total":0.10},{"forma":"Pix","total":450.00}],`+
			`"receita_liquida":212.80,"receita_total":450.10,"saldo":437.80,"total_pagamentos":450.10}},"message":"Extrato encontrado para 10/2025","success":true}`)
		theirs := s.v4(t, s.artist, "GET", "/extrato/api?mes=10&ano=2025", "").Body.String()
		if !strings.Contains(theirs, "450.00") || strings.Contains(theirs, "Rui") || strings.Contains(theirs, "Tinta") || strings.Contains(theirs, "450.10") {
			t.Errorf("an artist sees %s", theirs)
		}
		s.wants(t, s.v4(t, caller{}, "GET", "/extrato/api?mes=10&ano=2025", ""), 401, noHeader)
		for path, allow := range map[string]string{backupPath: "POST", generatePath: "POST", "/extrato/api": "GET, HEAD", "/health": "GET, HEAD"} {
			w := s.v4(t, v4, "DELETE", path, "")
			s.wants(t, w, 405, `{"error":"This path does not take this method","success":false}`)
			if w.Header().Get("Allow") != allow {
				t.Errorf("%s allows %q", path, w.Header().Get("Allow"))
			}
		}
		s.wants(t, s.v4(t, v4, "GET", "/api/nothing", ""), 404, `{"error":"There is nothing at this path","success":false}`)
	})
}

func TestV4s_endpoints_refuse_in_v4s_words(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		for _, path := range []string{backupPath, generatePath} {
			s.wants(t, s.v4(t, caller{}, "POST", path, octoberBody), 401, noHeader)
			s.wants(t, s.v4(t, caller{"Authorization", "bearer x"}, "POST", path, octoberBody), 401, noHeader)
			s.wants(t, s.v4(t, s.admin, "POST", path, octoberBody), 401, noHeader) // a login is no token
			s.wants(t, s.v4(t, caller{"Authorization", "Bearer x"}, "POST", path, octoberBody), 401, badToken)
			s.wants(t, s.v4(t, s.token(t, auth.ScopeRead), "POST", path, octoberBody), 403, forbiddenBody)
		}
		s.wants(t, s.v4(t, s.token(t, auth.ScopeBackup), "POST", generatePath, octoberBody), 403, forbiddenBody)
		nameless, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"user_id": 999, "exp": s.clock.Add(time.Hour).Unix()}).SignedString([]byte(v1Key))
		if err != nil {
			t.Fatal(err)
		}
		s.wants(t, s.v4(t, caller{"Authorization", "Bearer " + nameless}, "POST", generatePath, octoberBody), 401, badPayload)
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 2 {
			t.Errorf("%d payments are left", n)
		}
	})
}

func TestWithout_a_backup_v4s_generate_refuses_and_changes_nothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		folder := filepath.Join(t.TempDir(), "no folder")
		if err := os.WriteFile(folder, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s.server.Closer.Backups.Bucket = bucket.NewFolder(folder, nil)
		s.wants(t, s.v4(t, v4Token(t, s.clock), "POST", generatePath, octoberBody), 400, needsBackup)
		w := s.v4(t, v4Token(t, s.clock), "POST", backupPath, octoberBody)
		if w.Code != 500 || !strings.Contains(w.Body.String(), `"error":"Backup creation failed."`) || strings.Contains(w.Body.String(), folder) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 2 {
			t.Errorf("%d payments are left", n)
		}
	})
}

func TestWhat_goes_wrong_inside_is_not_told(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		v4 := v4Token(t, s.clock)
		s.Exec(t, "ALTER TABLE comissoes RENAME COLUMN percentual TO elsewhere")
		w := s.v4(t, v4, "POST", generatePath, octoberBody)
		if w.Code != 500 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		var body map[string]string
		_ = json.Unmarshal(w.Body.Bytes(), &body)
		for _, word := range []string{"comissoes", "SELECT", "SQL", "pg_", "table", "/"} {
			if strings.Contains(body["details"], word) {
				t.Errorf("the answer tells %q: %s", word, w.Body)
			}
		}
		if id := body["correlation_id"]; id == "" || !strings.Contains(s.log.String(), id) {
			t.Errorf("correlation id %q is not in the log", id)
		}
		if kind := w.Header().Get("X-Extrato-Kind"); kind != "" || len(body) != 5 {
			t.Errorf("a failure inside is of kind %q: %s", kind, w.Body)
		}
	})
}

func TestWhat_a_person_must_decide_says_so(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		wants := func(path, kind, code string) {
			t.Helper()
			w := s.v4(t, v4Token(t, s.clock), "POST", path, octoberBody)
			var body map[string]any
			_ = json.Unmarshal(w.Body.Bytes(), &body)
			if w.Code != 500 || body["success"] != false || w.Header().Get("X-Extrato-Kind") != kind || body["stage"] != code || len(body) != 5 {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		s.Exec(t, "ALTER TABLE pagamentos ADD COLUMN recibo TEXT")
		s.Exec(t, "UPDATE pagamentos SET recibo = 'abc'")
		wants(backupPath, "refused", "unknown_column")
		wants(generatePath, "refused", "unknown_column")
		if a := s.refuses(t, s.admin, "POST", "/months/2025-10/close", `{}`, 409, "unknown_column"); a.body["kind"] != "refused" {
			t.Errorf("%s", a.text)
		}
		s.Exec(t, "UPDATE pagamentos SET recibo = NULL")
		s.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200)
		s.Tamper(t, "DELETE FROM extratos")
		wants(generatePath, "integrity", "statement_gone")
		if a := s.refuses(t, s.admin, "POST", "/months/2025-10/close", `{}`, 500, "statement_gone"); a.body["kind"] != "integrity" {
			t.Errorf("%s", a.text)
		}
	})
}

func TestThe_safety_nets_visit_is_remembered(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		seen := func() int64 {
			table := "settings"
			if s.Path == "" {
				table = "extrato.settings"
			}
			return s.Int(t, "SELECT count(*) FROM "+table+" WHERE name = 'safetynet_seen'")
		}
		s.v4(t, v4Token(t, s.clock), "POST", backupPath, octoberBody)
		s.v4(t, caller{}, "POST", backupPath, octoberBody, "User-Agent", "extrato-safetynet/1")
		if seen() != 0 {
			t.Error("somebody else was taken for the safety net")
		}
		s.v4(t, v4Token(t, s.clock), "POST", backupPath, octoberBody, "User-Agent", "extrato-safetynet/1")
		if seen() != 1 {
			t.Error("the visit was not remembered")
		}
	})
}

func TestA_safety_net_that_only_reads_is_remembered_too(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		r := s.v4(t, v4Token(t, s.clock), "GET", "/api/v1/months/2025-10", "", "User-Agent", "extrato-safetynet/1")
		table := "settings"
		if s.Path == "" {
			table = "extrato.settings"
		}
		if r.Code != 200 || s.Int(t, "SELECT count(*) FROM "+table+" WHERE name = 'safetynet_seen'") != 1 {
			t.Errorf("a net that only reads is not remembered: %d", r.Code)
		}
	})
}

func TestV4s_endpoints_are_limited_per_address_and_account(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.fillOctober(t)
		now := func() time.Time { return s.clock }
		s.server.Guard = auth.New(auth.Options{Store: s.Store, Key: v1Key, Now: now, Log: s.server.Log, Tries: 2, Per: time.Minute})
		for i := range 4 {
			w := s.v4(t, v4Token(t, s.clock), "POST", backupPath, octoberBody)
			if limited := w.Code == http.StatusTooManyRequests; limited != (i >= 2) || limited && w.Header().Get("Retry-After") != "30" {
				t.Errorf("call %d: %d, Retry-After %q", i+1, w.Code, w.Header().Get("Retry-After"))
			}
		}
		s.clock = s.clock.Add(30 * time.Second)
		s.wants(t, s.v4(t, v4Token(t, s.clock), "POST", backupPath, octoberBody), 409, backupThere)
	})
}
