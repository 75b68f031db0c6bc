package api_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/auth"
)

// whoMay says who may come in where. A new route without a line fails the test
// below. Each entry names, of the callers that the test knows, those that may.
var whoMay = map[string]string{}

func init() { //nolint:gochecknoinits // the table is long and reads better by groups
	everybody := "nobody artist admin read backup close v4 revoked expired unknown inactive wrong-key none rs256 other-user"
	group := func(callers, routes string) {
		for route := range strings.SplitSeq(strings.TrimSpace(routes), "\n") {
			whoMay[strings.TrimSpace(route)] = callers
		}
	}
	group(everybody, `
		GET /health/extrato
		GET /health
		GET /ready
		GET /api/health
		GET /healthz
		GET /readyz
		GET /metrics
		GET /api/v1/openapi.json
		GET /api/docs
		GET /api/docs/style.css`)
	group("backup v4", "POST /api/backup/create_service")
	group("close v4", "POST /api/extrato/generate_service")
	group("artist admin read v4", `
		GET /extrato/api
		GET /api/v1/me
		GET /api/v1/payments
		GET /api/v1/payments/{id}
		GET /api/v1/sessions
		GET /api/v1/sessions/{id}
		GET /api/v1/commissions
		GET /api/v1/commissions/{id}
		GET /api/v1/months/{month}/statement
		GET /api/v1/months/{month}/statement.csv`)
	group("admin close v4", "POST /api/v1/months/{month}/close")
	group("admin backup v4", "POST /api/v1/months/{month}/verify")
	group("admin", `
		POST /api/v1/months/{month}/reopen
		GET /api/v1/tokens
		POST /api/v1/tokens
		DELETE /api/v1/tokens/{id}`)
	for _, kind := range []string{"payments", "sessions", "commissions", "expenses", "clients", "artists"} {
		group("admin", "POST /api/v1/"+kind+"\nPUT /api/v1/"+kind+"/{id}\nDELETE /api/v1/"+kind+"/{id}")
	}
	group("admin read v4", `
		GET /api/v1/months
		GET /api/v1/months/{month}
		GET /api/v1/months/{month}/backups
		GET /api/v1/expenses
		GET /api/v1/expenses/{id}
		GET /api/v1/clients
		GET /api/v1/clients/{id}
		GET /api/v1/artists
		GET /api/v1/artists/{id}
		GET /api/v1/runs
		GET /api/v1/closings`)
}

func TestWhoMayComeInWhere(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		callers := s.everyCaller(t)
		seen := map[string]bool{}
		for _, route := range s.server.Routes() {
			name := route.Method + " " + route.Path
			seen[name] = true
			may, ok := whoMay[name]
			if !ok {
				t.Errorf("%s: nothing says who may come in", name)
				continue
			}
			path := regexp.MustCompile(`\{\w+\}`).ReplaceAllStringFunc(route.Path, func(p string) string {
				if p == "{month}" {
					return "2025-10"
				}
				return "4711"
			})
			for who, c := range callers {
				w := s.v4(t, c, route.Method, path, "")
				in := w.Code != 401 && w.Code != 403
				want := strings.Contains(" "+may+" ", " "+who+" ")
				if in != want {
					t.Errorf("%s by %s: %d, may come in: %v\n%.200s", name, who, w.Code, want, w.Body)
				}
				if !in && strings.Contains(w.Body.String(), "eyJ") {
					t.Errorf("%s by %s repeats the token", name, who)
				}
			}
		}
		for name := range whoMay {
			if !seen[name] {
				t.Errorf("%s is in the table and no route", name)
			}
		}
		if log := s.log.String(); strings.Contains(log, "eyJ") || strings.Contains(log, v1Key) || strings.Contains(log, "Bia") {
			t.Error("the log holds a token, the key or a client's name")
		}
	})
}

// everyCaller returns one of each kind of people and programs.
func (s *v1Studio) everyCaller(t *testing.T) map[string]caller {
	t.Helper()
	bearer := func(method jwt.SigningMethod, key any, claims jwt.MapClaims) caller {
		text, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return caller{"Authorization", "Bearer " + text}
	}
	claims := func(id int64, email string, lives time.Duration) jwt.MapClaims {
		return jwt.MapClaims{"user_id": id, "email": email, "exp": s.clock.Add(lives).Unix()}
	}
	good := claims(999, "github-actions@tattoo-studio.local", time.Hour)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	gone := s.login(t, "gone@studio.test", "admin")
	s.Exec(t, "UPDATE users SET active_flag = FALSE WHERE email = 'gone@studio.test'")
	_, record, err := auth.IssueToken(t.Context(), s.Store, v1Key, "x", auth.Scopes(), 1, s.clock, "test")
	if err != nil {
		t.Fatal(err)
	}
	dead, err := s.server.Guard.Spell(record)
	if err != nil {
		t.Fatal(err)
	}
	revoke := httptest.NewRequest("DELETE", "/api/v1/tokens/"+record.ID, nil)
	revoke.Header.Set(s.admin.header, s.admin.value)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, revoke)
	if w.Code >= 300 {
		t.Fatalf("revoke: %d %s", w.Code, w.Body)
	}
	return map[string]caller{
		"nobody": {}, "artist": s.artist, "admin": s.admin, "inactive": gone,
		"read": s.token(t, auth.ScopeRead), "backup": s.token(t, auth.ScopeBackup), "close": s.token(t, auth.ScopeClose),
		"v4": v4Token(t, s.clock), "revoked": {"Authorization", "Bearer " + dead},
		"expired":    bearer(jwt.SigningMethodHS256, []byte(v1Key), claims(999, "github-actions@tattoo-studio.local", -time.Hour)),
		"unknown":    bearer(jwt.SigningMethodHS256, []byte(v1Key), claims(4711, "x@studio.test", time.Hour)),
		"wrong-key":  bearer(jwt.SigningMethodHS256, []byte("another key, of 32 characters, ok"), good),
		"none":       bearer(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good),
		"rs256":      bearer(jwt.SigningMethodRS256, rsaKey, good),
		"other-user": bearer(jwt.SigningMethodHS256, []byte(v1Key), claims(s.user(t, "eva@studio.test"), "eva@studio.test", time.Hour)),
	}
}
