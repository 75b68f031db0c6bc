// Package api answers programs: v4's endpoints in v4's form, the product's own
// interface below /api/v1, and the probes of a server's health.
//
// A request comes in through one Route with its permission; the handler calls
// packages closing and recording, and turns their errors into the form expected
// by its callers.
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/doctor"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// Server holds the parts needed by the handlers.
type Server struct {
	Closer   *closing.Closer
	Store    *store.Store
	Guard    *auth.Guard
	Recorder *recording.Recorder
	Log      *slog.Logger
	Now      func() time.Time // in the studio's zone
	Version  string
	Closes   *Closes // counters of this process; may be nil
	// Queued counts the waiting jobs by kind; nil where no jobs run.
	Queued func(context.Context) (map[string]int, error)
	// Doctor returns its report about everything a close depends on, and the time of
	// that, a new one if fresh is true; nil where there is none.
	Doctor func(ctx context.Context, fresh bool) (doctor.Report, time.Time, error)
	// PausedQueues names the paused queues of jobs; nil where no jobs run.
	PausedQueues func(context.Context) ([]string, error)
	// Working ends to interrupt running work; nil means never.
	Working context.Context //nolint:containedctx // it is the process's, not a request's
	// Page shows a browser the page of a status, and reports false where a
	// program asks; nil: all are programs.
	Page func(http.ResponseWriter, *http.Request, int) bool
	// Stopping reports whether the process is about to end; nil means never.
	Stopping func() bool

	netNoted atomic.Pointer[time.Time] // when the safety net's visit was noted last
}

// Routes lists all routes, so one test can try every one.
func (s *Server) Routes() []auth.Route {
	return slices.Concat(s.v4Routes(), s.healthRoutes(), s.v1Routes())
}

// Handler serves all routes and those of others, such as the pages, and answers
// unknown paths in JSON.
func (s *Server) Handler(others ...auth.Route) *Routed {
	h := &Routed{s: s, mux: http.NewServeMux(), needs: map[string]auth.Permission{}}
	for _, route := range slices.Concat(s.Routes(), others) {
		pattern := strings.TrimSpace(route.Method + " " + route.Path)
		h.mux.Handle(pattern, route.Handler)
		h.needs[pattern] = route.Needs
	}
	return h
}

// Routed is a handler with a list of its routes.
type Routed struct {
	s     *Server
	mux   *http.ServeMux
	needs map[string]auth.Permission // by the mux's pattern
}

// ServeHTTP answers a request.
func (h *Routed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := h.mux.Handler(r); pattern == "" {
		h.s.refuseRoute(w, r, h.mux)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// Public reports whether anyone may send a request: its route needs no
// permission, or it has no route.
func (h *Routed) Public(r *http.Request) bool {
	_, pattern := h.mux.Handler(r)
	return pattern == "" || h.needs[pattern] == auth.Public
}

// refuseRoute answers an unknown path or method. The mux can tell the two
// apart, but answers in plain text.
func (s *Server) refuseRoute(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	said := headerOnly{header: http.Header{}}
	mux.ServeHTTP(&said, r)
	status, code, message := http.StatusNotFound, "no_such_path", "there is nothing at this path"
	if said.status == http.StatusMethodNotAllowed {
		status, code, message = http.StatusMethodNotAllowed, "method_not_allowed", "this path does not take this method"
		w.Header().Set("Allow", said.header.Get("Allow"))
	}
	if s.Page != nil && s.Page(w, r, status) {
		return
	}
	if strings.HasPrefix(r.URL.Path, "/api/v1/") {
		writeProblem(w, r, status, &books.Error{Kind: books.NotFound, Code: code, Message: message, Hint: "see /api/docs"})
		return
	}
	writeJSON(w, status, map[string]any{"success": false, "error": strings.ToUpper(message[:1]) + message[1:]})
}

// outlive returns a context for work to be finished even if its caller hangs
// up: it ends with the process's work alone. release frees it.
func (s *Server) outlive(ctx context.Context) (outliving context.Context, release func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if s.Working == nil {
		return ctx, cancel
	}
	forget := context.AfterFunc(s.Working, cancel)
	return ctx, func() { forget(); cancel() }
}

// headerOnly keeps the header of an answer and drops its body.
type headerOnly struct {
	header http.Header
	status int
}

func (u *headerOnly) Header() http.Header         { return u.header }
func (u *headerOnly) WriteHeader(status int)      { u.status = status }
func (u *headerOnly) Write(b []byte) (int, error) { return len(b), nil }

// writeJSON answers with a document. Where the connection is gone there is
// nobody left to tell.
func writeJSON(w http.ResponseWriter, status int, document any) {
	body, err := json.Marshal(document)
	if err != nil {
		panic(err) // the documents are our own
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// writeProblem answers with a problem document.
func writeProblem(w http.ResponseWriter, r *http.Request, status int, e *books.Error) {
	body, err := json.Marshal(newProblem(r.Context(), status, e))
	if err != nil {
		panic(err) // the document is our own
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
