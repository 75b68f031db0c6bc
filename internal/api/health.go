package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"extrato/internal/auth"
	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

func (s *Server) healthRoutes() []auth.Route {
	return []auth.Route{
		auth.At("GET", "/healthz", auth.Public, http.HandlerFunc(s.healthz)),
		auth.At("GET", "/readyz", auth.Public, http.HandlerFunc(s.readyz)),
		auth.At("GET", "/metrics", auth.Public, s.metrics()),
	}
}

// healthz answers while the process lives.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "version": s.Version})
}

// readyTimeout limits the checks of readyz.
const readyTimeout = 3 * time.Second

// readyz reports whether this process can do its work now: 200, or 503 with the
// failing parts, in words without details of the machine.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	checks := map[string]string{"database": "ok", "migrations": "ok", "backups": "ok", "queues": "ok"}
	status := http.StatusOK
	fail := func(name, word string, err error) {
		checks[name], status = word, http.StatusServiceUnavailable
		s.Log.Warn("not ready", "check", name, "cause", err)
	}
	condition, err := s.Store.Condition(ctx)
	switch {
	case err != nil:
		fail("database", unavailable(err), err)
		checks["migrations"], checks["backups"], checks["queues"] = "unknown", "unknown", "unknown" // the database knows them
	case condition != store.Current:
		fail("migrations", "pending", books.Refusedf("migrations_pending", "the database is not of this version"))
		fallthrough
	default:
		s.readyBackups(ctx, fail)
		s.readyQueues(ctx, fail)
	}
	if s.Stopping != nil && s.Stopping() {
		checks["process"], status = "stopping", http.StatusServiceUnavailable
	}
	word := "ok"
	if status != http.StatusOK {
		word = "unavailable"
	}
	writeJSON(w, status, map[string]any{"status": word, "checks": checks})
}

// unavailable says in a word why the database cannot be used.
func unavailable(err error) string {
	switch {
	case errors.Is(err, store.ErrMoved):
		return "moved"
	case books.AsError(err).Kind == books.Refused:
		return "refused"
	}
	return "unreachable"
}

func (s *Server) readyBackups(ctx context.Context, fail func(name, word string, err error)) {
	switch err := s.Closer.CheckBackups(ctx); {
	case errors.Is(err, backup.ErrUnwritable):
		fail("backups", "unwritable", err)
	case err != nil: // the database did not say
		fail("backups", "unknown", err)
	}
}

// readyQueues fails for a paused queue: months would not close by themselves,
// or nobody would be notified.
func (s *Server) readyQueues(ctx context.Context, fail func(name, word string, err error)) {
	if s.PausedQueues == nil {
		return
	}
	switch paused, err := s.PausedQueues(ctx); {
	case err != nil:
		fail("queues", "unknown", err)
	case len(paused) > 0:
		word := "paused: " + strings.Join(paused, ", ")
		fail("queues", word, books.Refusedf("queue_paused", "queues of jobs are paused (%s)", word).WithHint("resume them on River's page, /river"))
	}
}
