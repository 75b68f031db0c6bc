// Package web shows pages to people: it reads a form, calls one rule, and shows
// the result. Every page works without JavaScript.
//
// A GET changes nothing. A POST answers 303, or 422 with the form as typed. A
// form takes effect once, however often it is sent (once.go). Typed values
// survive a refusal (form.go), an ended login and a database that is away
// (retry.go).
package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/doctor"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// Web holds the parts of the pages. New makes one.
type Web struct {
	Options
	pages map[string]auth.Permission // the GET pages with their permissions

	closes   *runs[closing.Result]
	verifies *runs[[]closing.Verified]
	drills   *runs[[]closing.Drilled]
	restores *runs[closing.Restoration]
	audits   *runs[closing.Audit]
	looks    *runs[doctor.Report]
	looked   atomic.Pointer[look] // doctor's last report
}

// Options are the settings of the pages.
type Options struct {
	Guard     *auth.Guard
	Store     *store.Store
	Recording *recording.Recorder
	Closer    *closing.Closer
	Log       *slog.Logger
	Now       func() time.Time // in the studio's zone
	// Backups describes the place of the backups; nil: unknown.
	Backups func(context.Context) Place
	// Doctor looks at everything a close depends on, Settings lists the settings, and
	// Queued counts waiting jobs by kind; nil: the pages do without.
	Doctor   func(context.Context) doctor.Report
	Settings func() []doctor.Setting
	Queued   func(context.Context) (map[string]int, error)
	// Mends are the acts named in doctor's checks.
	Mends   map[string]func(context.Context, books.Actor) error
	Version string
	// Working ends when closes are to be broken off; nil means never.
	Working context.Context //nolint:containedctx // it is the process's, not a request's
}

// Place is where backups go.
type Place struct {
	Folder   string
	Writable bool
	SameDisk bool  // as the database's: losing one loses both
	Free     int64 // bytes on its disk; 0: nobody knows
}

// New returns the pages.
func New(o Options) *Web {
	w := &Web{
		Options: o, pages: map[string]auth.Permission{}, closes: newRuns[closing.Result](), verifies: newRuns[[]closing.Verified](), drills: newRuns[[]closing.Drilled](),
		restores: newRuns[closing.Restoration](), audits: newRuns[closing.Audit](), looks: newRuns[doctor.Report](),
	}
	for _, r := range w.Routes() {
		if r.Method == http.MethodGet {
			w.pages[r.Path] = r.Needs
		}
	}
	w.pages["/"] = auth.Enter
	templates() // not during the first visit
	return w
}

// Routes lists all pages.
func (w *Web) Routes() []auth.Route {
	return append(w.ownRoutes(), w.v4Routes()...)
}

func (w *Web) ownRoutes() []auth.Route {
	return []auth.Route{
		w.at("GET", "/{$}", auth.Enter, (*visit).home),
		w.at("GET", "/atalhos", auth.Enter, (*visit).keys),
		w.at("POST", "/preferencias", auth.Public, (*visit).savePreferences),
		w.at("POST", "/desfazer/{id}", auth.Record, (*visit).undo),

		w.at("GET", "/login", auth.Public, (*visit).signInPage),
		w.at("POST", "/login", auth.Public, (*visit).signIn),
		w.at("POST", "/logout", auth.Public, (*visit).signOut),
		w.at("GET", "/login/oidc", auth.Public, (*visit).toProvider),
		w.at("GET", "/login/oidc/callback", auth.Public, (*visit).fromProvider),
		w.at("GET", "/setup", auth.Public, (*visit).setUpPage),
		w.at("POST", "/setup", auth.Public, (*visit).setUp),
		w.at("GET", invitePath+"{key}", auth.Public, (*visit).invitePage),
		w.at("POST", invitePath+"{key}", auth.Public, (*visit).accept),

		w.at("GET", "/caixa", auth.Record, (*visit).dayFor),
		w.at("GET", "/caixa/{day}", auth.Record, (*visit).dayPage),
		w.at("POST", "/caixa/{day}", auth.Record, (*visit).addPayment),
		w.at("GET", "/caixa/sugestoes", auth.Record, (*visit).suggest),

		w.at("GET", "/pagamentos", auth.Enter, (*visit).paymentsPage),
		w.at("GET", "/pagamentos.csv", auth.Enter, (*visit).paymentsCSV),
		w.at("GET", "/pagamentos.xlsx", auth.Enter, (*visit).paymentsXLSX),
		w.at("GET", "/pagamentos/{id}", auth.Enter, (*visit).paymentPage),
		w.at("POST", "/pagamentos/{id}", auth.Record, (*visit).savePayment),
		w.at("POST", "/pagamentos/{id}/excluir", auth.Record, (*visit).deletePayment),
		w.at("POST", "/pagamentos/{id}/divisao", auth.Write, (*visit).splitPayment),

		w.at("GET", sessionsPath, auth.Enter, (*visit).sessionsPage),
		w.at("GET", newSessionPath, auth.Record, (*visit).newSessionPage),
		w.at("POST", newSessionPath, auth.Record, (*visit).addSession),
		w.at("GET", "/sessoes/{id}", auth.Enter, (*visit).sessionPage),
		w.at("POST", "/sessoes/{id}", auth.Record, (*visit).saveSession),
		w.at("POST", "/sessoes/{id}/concluir", auth.Record, (*visit).completeSession),
		w.at("POST", "/sessoes/{id}/excluir", auth.Record, (*visit).deleteSession),

		w.at("GET", "/clientes", auth.Record, (*visit).clientsPage),
		w.at("POST", "/clientes", auth.Record, (*visit).addClient),
		w.at("GET", "/clientes/{id}", auth.Record, (*visit).clientPage),
		w.at("POST", "/clientes/{id}", auth.Record, (*visit).renameClient),
		w.at("POST", "/clientes/{id}/juntar", auth.Write, (*visit).mergeClient),

		w.at("GET", "/buscar", auth.Enter, (*visit).searchPage),

		w.at("GET", "/gastos", auth.Record, (*visit).expensesPage),
		w.at("POST", "/gastos", auth.Record, (*visit).addExpense),
		w.at("POST", "/gastos/repetir", auth.Write, (*visit).repeatExpenses),
		w.at("GET", "/gastos/{id}", auth.Record, (*visit).expensePage),
		w.at("POST", "/gastos/{id}", auth.Record, (*visit).saveExpense),
		w.at("POST", "/gastos/{id}/excluir", auth.Record, (*visit).deleteExpense),

		w.at("GET", "/comissoes", auth.Own, (*visit).commissionsPage),
		w.at("GET", "/comissoes/{id}", auth.Write, (*visit).commissionPage),
		w.at("POST", "/comissoes/{id}", auth.Write, (*visit).saveCommission),
		w.at("POST", "/comissoes/{id}/excluir", auth.Write, (*visit).deleteCommission),

		w.at("GET", "/artistas", auth.Manage, (*visit).artistsPage),
		w.at("POST", "/artistas", auth.Manage, (*visit).addArtist),
		w.at("GET", "/artistas/{id}", auth.Manage, (*visit).artistPage),
		w.at("POST", "/artistas/{id}", auth.Manage, (*visit).changeArtist),

		w.at("GET", "/comecar", auth.Manage, (*visit).startPage),
		w.at("POST", "/comecar", auth.Manage, (*visit).start),
		w.at("GET", "/acesso", auth.Manage, (*visit).accessPage),
		w.at("POST", "/acesso/pessoas", auth.Manage, (*visit).addPerson),
		w.at("POST", "/acesso/pessoas/{id}", auth.Manage, (*visit).changePerson),
		w.at("POST", "/acesso/tokens", auth.Manage, (*visit).addToken),
		w.at("POST", "/acesso/tokens/{id}", auth.Manage, (*visit).revokeToken),

		w.at("GET", "/extrato", auth.Own, (*visit).statementsPage),
		w.at("GET", "/extrato/{year}/{month}", auth.Own, (*visit).statementPage),
		w.at("GET", "/extrato/{year}/{month}/revisao/{n}", auth.Manage, (*visit).revisionPage),
		w.at("GET", "/historico", auth.Manage, (*visit).historiesPage),
		w.at("GET", "/historico/{year}/{month}", auth.Manage, (*visit).historyPage),
		w.at("GET", "/meses/{year}/{month}/fechar", auth.Manage, (*visit).closePage),
		w.at("POST", "/meses/{year}/{month}/fechar", auth.Manage, (*visit).closeMonth),
		w.at("GET", "/meses/{year}/{month}/fechar/{run}", auth.Manage, (*visit).closeSteps),
		w.at("GET", "/meses/{year}/{month}/reabrir", auth.Manage, (*visit).reopenPage),
		w.at("POST", "/meses/{year}/{month}/reabrir", auth.Manage, (*visit).reopenMonth),

		w.at("GET", "/backups", auth.Manage, (*visit).backupsPage),
		w.at("POST", "/backups/conferir", auth.Manage, (*visit).verifyBackups),
		w.at("GET", "/backups/conferir/{run}", auth.Manage, (*visit).verifySteps),
		w.at("POST", "/backups/testar", auth.Manage, (*visit).drillNow),
		w.at("GET", "/backups/testar/{run}", auth.Manage, (*visit).drillSteps),
		w.at("POST", "/backups/{year}/{month}/copiar", auth.Manage, (*visit).copyMonth),
		w.at("GET", "/backups/{year}/{month}/restaurar", auth.Manage, (*visit).restorePage),
		w.at("POST", "/backups/{year}/{month}/restaurar", auth.Manage, (*visit).restoreMonth),
		w.at("GET", "/backups/{year}/{month}/restaurar/{run}", auth.Manage, (*visit).restored),
		w.at("GET", "/tarefas", auth.Manage, (*visit).tasksPage),
		w.at("POST", "/tarefas/filas", auth.Manage, (*visit).startQueues),
		w.at("GET", "/tarefas/{id}", auth.Manage, (*visit).taskPage),
		w.at("GET", "/registro", auth.Manage, (*visit).chainPage),
		w.at("POST", "/registro/conferir", auth.Manage, (*visit).verifyChain),
		w.at("GET", "/registro/conferir/{run}", auth.Manage, (*visit).auditSteps),
		w.at("GET", "/diagnostico", auth.Manage, (*visit).doctorPage),
		w.at("POST", "/diagnostico", auth.Manage, (*visit).lookAgain),
		w.at("GET", "/diagnostico/olhando", auth.Manage, (*visit).lookSteps),
		w.at("POST", "/diagnostico/consertar", auth.Manage, (*visit).mendNow),
		w.at("GET", "/ajustes", auth.Manage, (*visit).settingsPage),
		w.at("POST", "/ajustes/estudio", auth.Manage, (*visit).saveStudio),
		w.at("POST", "/ajustes/formas", auth.Manage, (*visit).saveMethod),

		{Method: "GET", Path: "/static/{file}", Needs: auth.Public, Handler: http.HandlerFunc(static().serve)},
	}
}

// errNoPage means: there is nothing at an address, because the row is missing
// or another person's.
var errNoPage = books.NotFoundf("no_page", "there is nothing at this address")

// at is the route of a page. Its handler answers, or returns an error to be
// shown as a page.
func (w *Web) at(method, path string, needs auth.Permission, answer func(*visit) error) auth.Route {
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		v := w.visit(rw, r)
		if err := answer(v); err != nil {
			v.fail(err)
		}
	})
	return auth.At(method, path, needs, w.Guard.Require(needs, handler, w.Refuse))
}

// keys lists the keyboard shortcuts.
func (v *visit) keys() error {
	return v.show(http.StatusOK, "keys.html", v.page(v.t("keys"), ""))
}
