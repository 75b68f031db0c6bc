package store

import (
	"context"
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
}

// AddRun records an attempt, also in v4's own log: a success there keeps v4
// from trying itself.
func (t *Tx) AddRun(ctx context.Context, r Run) error {
	_, err := t.exec(ctx, `INSERT INTO runs (action, month, actor, started_at, finished_at, result, code, message, correlation_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.Action, r.Month.String(), string(r.By), r.Started.SQL(), r.Finished.SQL(), r.Result, r.Code, r.Message, r.CorrelationID)
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

// Runs returns month's attempts, or everybody's if month is zero, newest first.
func (t *Tx) Runs(ctx context.Context, month books.Month, limit int) ([]Run, error) {
	var all []Run
	name := ""
	if !month.IsZero() {
		name = month.String()
	}
	err := t.list(ctx, `SELECT id, action, month, actor, started_at, finished_at, result, code, message, correlation_id
		FROM runs WHERE month = $1 OR $1 = '' ORDER BY id DESC LIMIT $2`, []any{name, limit}, func(scan func(...any) error) error {
		var r Run
		var month, actor string
		err := scan(&r.ID, &r.Action, &month, &actor, &column{value: &r.Started}, &column{value: &r.Finished},
			&r.Result, &r.Code, &r.Message, &r.CorrelationID)
		r.By = books.Actor(actor)
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

// RunsBefore returns at most limit attempts, the newest first, as
// EntriesBefore does.
func (t *Tx) RunsBefore(ctx context.Context, month books.Month, before int64, limit int) ([]Run, error) {
	query := "SELECT id, action, month, actor, started_at, finished_at, result, code, message, correlation_id FROM runs WHERE id < $1"
	args := []any{orLast(before), limit}
	if !month.IsZero() {
		query, args = query+" AND month = $3", append(args, month.String())
	}
	var all []Run
	err := t.list(ctx, query+" ORDER BY id DESC LIMIT $2", args, func(scan func(...any) error) error {
		var r Run
		var month string
		err := scan(&r.ID, &r.Action, &month, &r.By, &column{value: &r.Started}, &column{value: &r.Finished},
			&r.Result, &r.Code, &r.Message, &r.CorrelationID)
		if err == nil {
			err = r.Month.UnmarshalText([]byte(month))
		}
		all = append(all, r)
		return err
	})
	return all, err
}
