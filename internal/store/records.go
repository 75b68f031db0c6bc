package store

import (
	"context"
	"database/sql"
	"errors"

	"extrato/internal/books"
)

// Backup is what the database knows of a backup.
type Backup struct {
	File        string
	Month       books.Month
	Copy        int
	SHA256      string
	Size        int64
	Fingerprint books.Fingerprint
	State       string // what the last verification found
	Reason      string
	CreatedAt   books.Instant
	VerifiedAt  books.Instant
}

// SaveBackup records a backup, or what was found when it was verified again.
func (t *Tx) SaveBackup(ctx context.Context, b Backup) error {
	_, err := t.exec(ctx, `INSERT INTO backups (file, month, copy, sha256, size, fingerprint, state, reason, created_at, verified_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (file) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, fingerprint = excluded.fingerprint,
			state = excluded.state, reason = excluded.reason, created_at = excluded.created_at, verified_at = excluded.verified_at`,
		b.File, b.Month.String(), b.Copy, b.SHA256, b.Size, b.Fingerprint.String(), b.State, b.Reason, b.CreatedAt.SQL(), b.VerifiedAt.SQL())
	return err
}

// Backups returns what is known of month's backups, or of all if month is
// zero, by month and copy.
func (t *Tx) Backups(ctx context.Context, month books.Month) ([]Backup, error) {
	var all []Backup
	name := ""
	if !month.IsZero() {
		name = month.String()
	}
	err := t.list(ctx, `SELECT file, month, copy, sha256, size, fingerprint, state, reason, created_at, verified_at
		FROM backups WHERE month = $1 OR $1 = '' ORDER BY month, copy`, []any{name}, func(scan func(...any) error) error {
		var b Backup
		var month, fingerprint string
		err := scan(&b.File, &month, &b.Copy, &b.SHA256, &b.Size, &fingerprint, &b.State, &b.Reason,
			&column{value: &b.CreatedAt}, &column{value: &b.VerifiedAt})
		if err != nil {
			return err
		}
		all = append(all, b)
		last := &all[len(all)-1]
		return errors.Join(last.Month.UnmarshalText([]byte(month)), last.Fingerprint.UnmarshalText([]byte(fingerprint)))
	})
	return all, err
}

// Run is one attempt to do something to a month, whatever came of it.
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

// AddRun records an attempt, and tells v4 in its own log, where an attempt
// that succeeded keeps v4 from trying itself.
func (t *Tx) AddRun(ctx context.Context, r Run) error {
	_, err := t.exec(ctx, `INSERT INTO runs (action, month, actor, started_at, finished_at, result, code, message, correlation_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.Action, r.Month.String(), string(r.By), r.Started.SQL(), r.Finished.SQL(), r.Result, r.Code, r.Message, r.CorrelationID)
	if err != nil {
		return err
	}
	return t.tellV4(ctx, r)
}

// tellV4 keeps v4's own log: one line for each month and status.
func (t *Tx) tellV4(ctx context.Context, r Run) error {
	status, message := "success", "Extrato "+r.Month.String()+" "+r.Result+" ["+r.CorrelationID+"]"
	switch r.Result {
	case "closed", "revised":
	case "failed":
		status, message = "error", r.Code+": "+r.Message+" ["+r.CorrelationID+"]"
	case "reopened":
		// v4 must not believe that this month is still closed.
		_, err := t.exec(ctx, "DELETE FROM extrato_run_logs WHERE mes = $1 AND ano = $2 AND status = 'success'",
			int(r.Month.Month), r.Month.Year)
		return err
	default:
		return nil
	}
	if letters := []rune(message); len(letters) > 500 {
		message = string(letters[:500])
	}
	// Older databases lack the unique key that ON CONFLICT would need.
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

// The settings that the program keeps.
const (
	CloseFrom     = "close_from"     // the first month that the schedule closes by itself
	TakenOver     = "taken_over"     // when v4's database became this program's; unset on others
	SafetyNetSeen = "safetynet_seen" // when the safety net last asked
	HeartbeatAt   = "heartbeat_at"   // when the monitor was last told that all is well; "": since then it was not
	// V4TokenExpires is when the token of v4's ends that was used last.
	V4TokenExpires = "v4_token_expires"
)

// Setting returns a setting, or "" if it was never set.
func (t *Tx) Setting(ctx context.Context, name string) (string, error) {
	var value string
	err := t.one(ctx, "SELECT value FROM settings WHERE name = $1", []any{name}, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// SetSetting sets a setting.
func (t *Tx) SetSetting(ctx context.Context, name, value string) error {
	_, err := t.exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}
