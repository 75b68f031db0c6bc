package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// v4HealthStatement reports whether the last ended month has its statement: GET
// /health/extrato, always 200.
func (s *Server) v4HealthStatement(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	month := books.MonthOf(s.Now()).Add(-1)
	var exists bool
	err := s.Store.Read(ctx, func(tx *store.Tx) error {
		closed, err := tx.ClosedMonths(ctx)
		for _, m := range closed {
			exists = exists || m == month
		}
		return err
	})
	if err != nil {
		s.Log.Error("health of the statement unknown", "cause", err.Error(), "correlation_id", books.CorrelationID(ctx))
		writeJSON(w, http.StatusOK, object{"status": "error", "mes": nil, "ano": nil, "exists": nil, "message": "Health check failed"})
		return
	}
	status, word := "missing", "not found"
	if exists {
		status, word = "healthy", "exists"
	}
	writeJSON(w, http.StatusOK, object{
		"status": status, "mes": int(month.Month), "ano": month.Year, "exists": exists,
		"message": fmt.Sprintf("Extrato for %s/%d %s", month.Month, month.Year, word),
	})
}

// v4Health answers if the process and its database do: GET /health.
func (s *Server) v4Health(w http.ResponseWriter, r *http.Request) {
	if !s.databaseAnswers(r.Context()) {
		writeJSON(w, http.StatusServiceUnavailable, object{"status": "error", "database": "disconnected"})
		return
	}
	writeJSON(w, http.StatusOK, object{"status": "ok", "database": "connected"})
}

// v4Ready says whether requests can be answered: GET /ready, 200 or 503.
func (s *Server) v4Ready(w http.ResponseWriter, r *http.Request) {
	if !s.databaseAnswers(r.Context()) {
		writeJSON(w, http.StatusServiceUnavailable, object{"status": "unavailable", "database": "disconnected"})
		return
	}
	writeJSON(w, http.StatusOK, object{"status": "ok", "database": "connected"})
}

// v4APIHealth answers if the process does: GET /api/health.
func (s *Server) v4APIHealth(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, object{"status": "healthy", "service": "tattoo-studio-api", "auth": "jwt-ready"})
}

func (s *Server) databaseAnswers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	err := s.Store.Read(ctx, func(tx *store.Tx) error {
		_, err := tx.Setting(ctx, store.CloseFrom)
		return err
	})
	if err != nil {
		s.Log.Warn("database does not answer", "cause", err.Error())
	}
	return err == nil
}

// safetyNetAgent is how the safety net calls itself.
const safetyNetAgent = "extrato-safetynet/"

// A visit is recorded only now and then, and a close holding the database must
// not make the visitor wait for the record.
const (
	noteEvery   = time.Minute
	noteTimeout = 2 * time.Second
)

// noteSafetyNet records the safety net's visit.
func (s *Server) noteSafetyNet(r *http.Request) {
	if !strings.HasPrefix(r.UserAgent(), safetyNetAgent) {
		return
	}
	now := s.Now()
	last := s.netNoted.Load()
	if last != nil && now.Sub(*last).Abs() < noteEvery || !s.netNoted.CompareAndSwap(last, &now) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), noteTimeout)
	defer cancel()
	err := s.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.SetSetting(ctx, store.SafetyNetSeen, books.InstantOf(now).String())
	})
	if err != nil {
		s.netNoted.Store(nil)
		s.Log.Warn("visit of the safety net not recorded", "cause", err.Error())
	}
}
