package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/auth"
	"extrato/internal/auth/authtest"
	"extrato/internal/logtest"
	"extrato/internal/store/storetest"
)

// whoMay says who may come in where. A new route without a line fails the test
// below. Each entry names, of the callers that the test knows, those that may.
var whoMay = map[string]string{}

func init() { //nolint:gochecknoinits // the table is long and reads better by groups
	everybody := "nobody artist admin reception read backup close v4 revoked expired unknown inactive bogus wrong-key none rs256 other-user"
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
		GET /api/docs/style.css
		GET /login
		POST /login
		POST /logout
		GET /login/oidc
		GET /login/oidc/callback
		GET /setup
		POST /setup
		GET /convite/{key}
		POST /convite/{key}
		POST /preferencias
		GET /static/{file}`)
	group("artist admin reception", `
		GET /{$}
		GET /financeiro/{$}
		GET /financeiro/registrar-pagamento
		GET /gastos/{$}
		GET /historico/{$}
		GET /extrato/{$}
		GET /client/{$}
		GET /search/results
		GET /buscar
		GET /atalhos
		GET /pagamentos
		GET /pagamentos.csv
		GET /pagamentos.xlsx
		GET /pagamentos/{id}
		GET /sessoes
		GET /sessoes/{id}`)
	group("admin reception", `
		POST /desfazer/{id}
		GET /caixa
		GET /caixa/{day}
		POST /caixa/{day}
		GET /caixa/sugestoes
		POST /pagamentos/{id}
		POST /pagamentos/{id}/excluir
		GET /gastos
		POST /gastos
		GET /gastos/{id}
		POST /gastos/{id}
		POST /gastos/{id}/excluir
		GET /sessoes/nova
		POST /sessoes/nova
		POST /sessoes/{id}
		POST /sessoes/{id}/concluir
		POST /sessoes/{id}/excluir
		GET /clientes
		POST /clientes
		GET /clientes/{id}
		POST /clientes/{id}`)
	group("artist admin", `
		GET /comissoes
		GET /extrato
		GET /extrato/{year}/{month}`)
	group("admin", `
		POST /pagamentos/{id}/divisao
		POST /clientes/{id}/juntar
		POST /gastos/repetir
		GET /comissoes/{id}
		POST /comissoes/{id}
		POST /comissoes/{id}/excluir
		GET /artistas
		POST /artistas
		GET /artistas/{id}
		POST /artistas/{id}
		GET /comecar
		POST /comecar
		GET /historico
		GET /historico/{year}/{month}
		GET /extrato/{year}/{month}/revisao/{n}
		GET /meses/{year}/{month}/fechar
		POST /meses/{year}/{month}/fechar
		GET /meses/{year}/{month}/fechar/{run}
		GET /meses/{year}/{month}/reabrir
		POST /meses/{year}/{month}/reabrir
		GET /acesso
		POST /acesso/pessoas
		POST /acesso/pessoas/{id}
		POST /acesso/tokens
		POST /acesso/tokens/{id}`)
	group("admin", `
		GET /backups
		POST /backups/conferir
		GET /backups/conferir/{run}
		POST /backups/testar
		GET /backups/testar/{run}
		POST /backups/{year}/{month}/copiar
		GET /backups/{year}/{month}/restaurar
		POST /backups/{year}/{month}/restaurar
		GET /backups/{year}/{month}/restaurar/{run}
		GET /tarefas
		POST /tarefas/filas
		GET /tarefas/{id}
		GET /registro
		POST /registro/conferir
		GET /registro/conferir/{run}
		GET /diagnostico
		POST /diagnostico
		GET /diagnostico/olhando
		POST /diagnostico/consertar
		GET /ajustes
		POST /ajustes/estudio
		POST /ajustes/formas`)
	group("backup v4", "POST /api/backup/create_service")
	group("close v4", "POST /api/extrato/generate_service")
	group("artist admin read v4", `
		GET /extrato/api
		GET /api/v1/me
		GET /api/v1/payments
		GET /api/v1/payments/{id}
		GET /api/v1/payments/sums
		GET /api/v1/sessions
		GET /api/v1/sessions/{id}
		GET /api/v1/sessions/sums
		GET /api/v1/commissions
		GET /api/v1/commissions/{id}
		GET /api/v1/search
		GET /api/v1/search/closed
		GET /api/v1/months/{month}/statement
		GET /api/v1/months/{month}/statement.csv
		GET /api/v1/months/{month}/statement.xlsx
		GET /api/v1/months/{month}/statement.pdf`)
	group("admin close v4", "POST /api/v1/months/{month}/close\nPOST /api/v1/checkpoint/cosignatures")
	group("admin backup v4", "POST /api/v1/months/{month}/verify\nPOST /api/v1/months/{month}/backup\nPOST /api/v1/closings/verify")
	group("admin", "POST /api/v1/months/{month}/restore\nGET /api/v1/doctor\nPOST /api/v1/studio")
	group("admin read v4", "GET /api/v1/studio")
	group("admin", `
		GET /river
		POST /river
		GET /river/
		POST /river/
		POST /api/v1/months/{month}/reopen
		GET /api/v1/tokens
		POST /api/v1/tokens
		DELETE /api/v1/tokens/{id}
		POST /api/v1/changes/{id}/undo
		POST /api/v1/artists/{id}/terms
		POST /api/v1/method-terms
		POST /api/v1/months/{month}/repeated-expenses
		PUT /api/v1/artists/{id}/tattoos
		PUT /api/v1/payments/{id}/commissions
		PUT /api/v1/sessions/{id}/completed
		POST /api/v1/clients/{id}/merge
		DELETE /api/v1/sessions/{id}/completed`)
	for _, kind := range []string{"payments", "sessions", "commissions", "expenses", "clients", "artists"} {
		group("admin", "POST /api/v1/"+kind+"\nPUT /api/v1/"+kind+"/{id}\nDELETE /api/v1/"+kind+"/{id}")
	}
	group("admin read v4", `
		GET /api/v1/months
		GET /api/v1/months/{month}
		GET /api/v1/months/{month}/backups
		GET /api/v1/expenses
		GET /api/v1/expenses/{id}
		GET /api/v1/expenses/categories
		GET /api/v1/months/{month}/repeatable-expenses
		GET /api/v1/clients
		GET /api/v1/clients/{id}
		GET /api/v1/artists
		GET /api/v1/artists/{id}
		GET /api/v1/artists/{id}/terms
		GET /api/v1/method-terms
		GET /api/v1/clients/search
		GET /api/v1/clients/{id}/merge
		GET /api/v1/changes
		GET /api/v1/runs
		GET /api/v1/drills
		GET /api/v1/checkpoint
		GET /api/v1/closings`)
}

// inSight are all ways into a server as serve assembles it, each with its
// method; what takes every method is tried with two.
func inSight(p *parts) (all []auth.Route) {
	var last []auth.Route
	for _, r := range slices.Concat(p.api.Routes(), p.pages) {
		switch {
		case r.Method == "":
			all = append(all, auth.At("GET", r.Path, r.Needs, r.Handler), auth.At("POST", r.Path, r.Needs, r.Handler))
		case r.Path == "/logout": // it ends the logins with which the others are tried
			last = append(last, r)
		default:
			all = append(all, r)
		}
	}
	return append(all, last...)
}

func TestWho_may_come_in_where(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		s := assembled(t, db)
		callers := authtest.Everybody(t, s.guard, db.Store, key, time.Now())
		seen := map[string]bool{}
		for _, route := range inSight(s.parts) {
			name := route.Method + " " + route.Path
			seen[name] = true
			may, ok := whoMay[name]
			if !ok {
				t.Errorf("%s: nothing says who may come in", name)
				continue
			}
			for who, c := range callers {
				w := s.ask(route.Method, filled(route.Path), c)
				want := slices.Contains(strings.Fields(may), who)
				if in := !refused(w); in != want {
					t.Errorf("%s by %s: %d, may come in: %v\n%.200s", name, who, w.Code, want, w.Body)
				}
				if strings.Contains(w.Body.String(), "eyJ") {
					t.Errorf("%s by %s repeats the token", name, who)
				}
			}
		}
		for name := range whoMay {
			if !seen[name] {
				t.Errorf("%s is in the table and no route", name)
			}
		}
	})
}

// refused reports whether somebody was not let in: a program is told 401 or
// 403, a person sent to sign in or told 403. What the sign-in page says of a
// password that is missing is none of that.
func refused(w *httptest.ResponseRecorder) bool {
	isPage := strings.HasPrefix(w.Header().Get("Content-Type"), "text/html")
	return w.Code == http.StatusForbidden || w.Code == http.StatusUnauthorized && !isPage ||
		w.Code == http.StatusSeeOther && strings.HasPrefix(w.Header().Get("Location"), "/login?next=")
}

// filled gives a path what stands in its places.
func filled(path string) string {
	return strings.NewReplacer("{year}/{month}", "2025/10", "{month}", "2025-10", "{run}", "c0ffee", "{n}", "1", "{id}", "4711", "{file}", "style.css", "{key}", "made-up", "{$}", "").Replace(path)
}

// key signs the tokens of a server that assembled makes.
var key = strings.Repeat("k", 32)

// whole is a server as serve assembles it, in its frame, whose jobs do not run.
type whole struct {
	*parts
	framed http.Handler
}

func assembled(t *testing.T, db *storetest.DB) *whole {
	t.Helper()
	t.Setenv("DATABASE_URL", db.URL)
	t.Setenv("EXTRATO_BACKUPS", t.TempDir())
	t.Setenv("JWT_SECRET_KEY", key)
	t.Setenv("EXTRATO_RATE_LIMIT", "off")
	a := &app{Globals: &Globals{}, ctx: t.Context(), stdout: io.Discard, stderr: logtest.NewWriter(t, io.Discard)}
	t.Cleanup(a.close)
	settings, err := a.config()
	if err != nil {
		t.Fatal(err)
	}
	log := a.serviceLog(settings)
	p, err := a.assemble(t.Context(), settings, db.Store, log)
	if err != nil {
		t.Fatal(err)
	}
	return &whole{p, p.frame(settings, log).Wrap(p.handler)}
}

// ask sends a request without a body.
func (s *whole) ask(method, path string, who authtest.Caller) *httptest.ResponseRecorder {
	r, w := httptest.NewRequest(method, path, nil), httptest.NewRecorder()
	who.Say(r)
	s.framed.ServeHTTP(w, r)
	return w
}
