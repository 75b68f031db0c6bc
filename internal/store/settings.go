package store

import (
	"context"
	"database/sql"
	"errors"
)

// The settings kept by the program.
const (
	CloseFrom     = "close_from"     // the schedule's first month
	TakenOver     = "taken_over"     // when v4's database became this program's; unset on others
	SafetyNetSeen = "safetynet_seen" // when the safety net last asked
	HeartbeatAt   = "heartbeat_at"   // the last heartbeat to the monitor; "": a failure came after it
	// V4TokenExpires is the expiry of the v4 token used last.
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
