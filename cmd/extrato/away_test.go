package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/auth/authtest"
	"extrato/internal/pgtest"
	"extrato/internal/store/storetest"
)

// When PostgreSQL is away, what is for everybody answers as ever, whatever
// cookie the caller has; the rest says in its own form that it cannot.
func TestWithout_its_database_every_route_answers_in_its_form(t *testing.T) {
	cluster := pgtest.Start(t)
	s := assembled(t, storetest.OpenPostgres(t, cluster.URL(), time.Now))
	everybody := authtest.Everybody(t, s.guard, s.api.Store, key, time.Now())
	cluster.Stop(t)
	forms := map[string]func(*httptest.ResponseRecorder) bool{
		"200": func(w *httptest.ResponseRecorder) bool { return w.Code == http.StatusOK },
		"problem": func(w *httptest.ResponseRecorder) bool {
			return w.Code == http.StatusServiceUnavailable && w.Header().Get("Content-Type") == "application/problem+json" &&
				all(w, "type", "title", "status", "detail", "code", "kind", "hint", "correlation_id")
		},
		"v4": func(w *httptest.ResponseRecorder) bool {
			return w.Code == http.StatusInternalServerError && all(w, "success", "error", "stage", "details", "correlation_id")
		},
		"page": func(w *httptest.ResponseRecorder) bool {
			return w.Code == http.StatusServiceUnavailable && w.Header().Get("Content-Type") == "text/html; charset=utf-8" &&
				strings.Contains(w.Body.String(), "banco de dados")
		},
		"health": func(w *httptest.ResponseRecorder) bool {
			return w.Code == http.StatusServiceUnavailable && all(w, "status", "database")
		},
		"ready": func(w *httptest.ResponseRecorder) bool {
			return w.Code == http.StatusServiceUnavailable && all(w, "status", "checks")
		},
		"error": func(w *httptest.ResponseRecorder) bool {
			return w.Code == http.StatusOK && strings.Contains(w.Body.String(), `"status":"error"`)
		},
		"stranger": func(w *httptest.ResponseRecorder) bool {
			return w.Code == http.StatusUnauthorized || w.Code == http.StatusSeeOther
		},
		"nothing": func(w *httptest.ResponseRecorder) bool { return w.Code == http.StatusNotFound },
	}
	const everywhere = "nobody bogus admin v4"
	for _, c := range []struct{ routes, who, form string }{
		{"GET /healthz, GET /api/health, GET /metrics, GET /login, GET /api/docs, GET /api/docs/style.css, GET /api/v1/openapi.json", everywhere, "200"},
		{"GET /health, GET /ready", everywhere, "health"},
		{"GET /readyz", everywhere, "ready"},
		{"GET /health/extrato", everywhere, "error"},
		{"GET /nothing, GET /api/v1/nothing, GET /login/oidc", everywhere, "nothing"},
		{"GET /api/v1/me, GET /api/v1/months, POST /api/v1/payments, GET /api/v1/months/2025-10/statement.csv", "bogus admin v4", "problem"},
		{"GET /extrato/api?mes=10&ano=2025", "bogus admin v4", "v4"},
		{"POST /api/backup/create_service, POST /api/extrato/generate_service", "v4", "v4"},
		{"GET /, GET /river/, POST /river/", "bogus admin v4", "page"},
		{"POST /logout", "bogus admin", "page"},
		{"GET /setup?key=x, POST /login", everywhere, "page"},
		{"GET /, GET /river/, GET /api/v1/me, GET /extrato/api?mes=10&ano=2025", "nobody", "stranger"},
		{"POST /api/backup/create_service, POST /api/extrato/generate_service", "nobody bogus admin", "stranger"},
	} {
		for route := range strings.SplitSeq(c.routes, ", ") {
			method, path, _ := strings.Cut(route, " ")
			for who := range strings.FieldsSeq(c.who) {
				if w := s.ask(method, path, everybody[who]); !forms[c.form](w) {
					t.Errorf("%s by %s: %d %s, want it as %s\n%.300s", route, who, w.Code, w.Header().Get("Content-Type"), c.form, w.Body)
				}
			}
		}
	}
	typed := httptest.NewRequest(http.MethodPost, "/acesso/pessoas", strings.NewReader("nome=Duda+%3CFalc%C3%A3o%3E&email=duda%40example.com&papel=artist&chave=k1"))
	typed.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	everybody["admin"].Say(typed)
	kept := httptest.NewRecorder()
	s.framed.ServeHTTP(kept, typed)
	for _, part := range []string{`action="/acesso/pessoas"`, `value="Duda &lt;Falcão&gt;"`, `value="duda@example.com"`, `name="chave" value="k1"`, "Tentar de novo"} {
		if kept.Code != http.StatusServiceUnavailable || !strings.Contains(kept.Body.String(), part) {
			t.Errorf("what was typed is lost: %d, no %s in\n%s", kept.Code, part, kept.Body)
		}
	}
	if ready := s.ask("GET", "/readyz", everybody["admin"]).Body.String(); !strings.Contains(ready, `"checks":{"backups":"unknown","database":"unreachable","migrations":"unknown","queues":"unknown"}`) {
		t.Errorf("/readyz blames others too: %s", ready)
	}
	cluster.Start(t)
	if w := s.ask("GET", "/api/v1/me", everybody["admin"]); w.Code != http.StatusOK {
		t.Errorf("afterwards the login is gone: %d %s", w.Code, w.Body)
	}
}

// all reports whether an answer is a JSON object with these keys, none of them
// empty, and no others.
func all(w *httptest.ResponseRecorder, keys ...string) bool {
	var body map[string]any
	err := json.Unmarshal(w.Body.Bytes(), &body)
	for _, key := range keys {
		if body[key] == nil || body[key] == "" {
			return false
		}
	}
	return err == nil && slices.Equal(slices.Sorted(maps.Keys(body)), slices.Sorted(slices.Values(keys)))
}
