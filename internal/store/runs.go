package store

import (
	"context"
	"strconv"

	"extrato/internal/books"
)

// Run is one attempt at a month, successful or not.
type Run struct {
	ID            int64
	Action        string
	Month         books.Month
	By            books.Actor
	Started       books.Instant
	Finished      books.Instant
	Result        string // closed, revised, reopened, …, failed
	Code          string // the error's, if it failed
	Message       string
	CorrelationID string
	Stage         int // of a close: the closing.Stage it came to; 0: none
}

// AddRun records an attempt, also in v4's own log: a success there keeps v4
// from trying itself.
func (t *Tx) AddRun(ctx context.Context, r Run) error {
	_, err := t.exec(ctx, `INSERT INTO runs (action, month, actor, started_at, finished_at, result, code, message, correlation_id, stage)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		r.Action, r.Month.String(), string(r.By), r.Started.SQL(), r.Finished.SQL(), r.Result, r.Code, r.Message, r.CorrelationID, r.Stage)
	if err != nil {
		return err
	}
	return t.writeV4RunLog(ctx, r)
}

// writeV4RunLog keeps v4's own log: one line for each month and status.
func (t *Tx) writeV4RunLog(ctx context.Context, r Run) error {
	status, message := "success", "Extrato "+r.Month.String()+" "+r.Result+" ["+r.CorrelationID+"]"
	switch r.Result {
	case "closed", "revised":
	case "failed":
		status, message = "error", r.Code+": "+r.Message+" ["+r.CorrelationID+"]"
	case "reopened":
		// V4 must not take the month for closed.
		_, err := t.exec(ctx, "DELETE FROM extrato_run_logs WHERE mes = $1 AND ano = $2 AND status = 'success'",
			int(r.Month.Month), r.Month.Year)
		return err
	default:
		return nil
	}
	if letters := []rune(message); len(letters) > 500 {
		message = string(letters[:500])
	}
	// Older databases lack the unique key needed by ON CONFLICT.
	changed, err := t.exec(ctx, "UPDATE extrato_run_logs SET run_at = $1, message = $2 WHERE mes = $3 AND ano = $4 AND status = $5",
		r.Finished.SQL(), message, int(r.Month.Month), r.Month.Year, status)
	if err == nil && changed == 0 {
		_, err = t.exec(ctx, "INSERT INTO extrato_run_logs (mes, ano, run_at, status, message) VALUES ($1, $2, $3, $4, $5)",
			int(r.Month.Month), r.Month.Year, r.Finished.SQL(), status, message)
	}
	return err
}

// WantedRuns narrows a list of attempts down; zero values take all.
type WantedRuns struct {
	Month         books.Month
	Action        string
	CorrelationID string
	Failed        bool
	Before        int64 // only smaller ids
	Limit         int
}

// Runs returns attempts, newest first.
func (t *Tx) Runs(ctx context.Context, w WantedRuns) ([]Run, error) {
	query := "SELECT id, action, month, actor, started_at, finished_at, result, code, message, correlation_id, stage FROM runs WHERE id < $1"
	args := []any{orLast(w.Before), w.Limit}
	only := func(column, value string) {
		if value != "" {
			args = append(args, value)
			query += " AND " + column + " = $" + strconv.Itoa(len(args))
		}
	}
	if !w.Month.IsZero() {
		only("month", w.Month.String())
	}
	only("action", w.Action)
	only("correlation_id", w.CorrelationID)
	if w.Failed {
		only("result", "failed")
	}
	var all []Run
	err := t.list(ctx, query+" ORDER BY id DESC LIMIT $2", args, func(scan func(...any) error) error {
		var r Run
		var month string
		err := scan(&r.ID, &r.Action, &month, &r.By, &column{value: &r.Started}, &column{value: &r.Finished},
			&r.Result, &r.Code, &r.Message, &r.CorrelationID, &r.Stage)
		if err == nil {
			err = r.Month.UnmarshalText([]byte(month))
		}
		all = append(all, r)
		return err
	})
	return all, err
}

// EffectiveRuns returns the runs with an entry in the chain, oldest first.
func (t *Tx) EffectiveRuns(ctx context.Context) ([]Run, error) {
	var all []Run
	err := t.list(ctx, `SELECT id, month, actor, result, correlation_id FROM runs
		WHERE result IN ('closed', 'revised', 'reopened', 'restored') ORDER BY id`, nil, func(scan func(...any) error) error {
		var r Run
		var month string
		err := scan(&r.ID, &month, &r.By, &r.Result, &r.CorrelationID)
		if err == nil {
			err = r.Month.UnmarshalText([]byte(month))
		}
		all = append(all, r)
		return err
	})
	return all, err
}
