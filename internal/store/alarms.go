package store

import (
	"context"

	"extrato/internal/books"
)

// Alarm is a problem, with the instant at which people were notified of it.
type Alarm struct {
	Subject    string // month:2025-10/backup_slow, late:2025-10, safetynet, copies:/mnt/nas
	Cause      string // a code, or a count: another one is told anew
	Since      books.Instant
	NotifiedAt books.NullInstant
}

// Alarms returns all alarms, by subject.
func (t *Tx) Alarms(ctx context.Context) ([]Alarm, error) {
	var alarms []Alarm
	err := t.list(ctx, "SELECT subject, cause, since, told_at FROM alarms ORDER BY subject", nil, func(scan func(...any) error) error {
		var a Alarm
		var told string
		if err := scan(&a.Subject, &a.Cause, &column{value: &a.Since}, &told); err != nil {
			return err
		}
		err := readIfAny(&a.NotifiedAt, told)
		alarms = append(alarms, a)
		return err
	})
	return alarms, err
}

// Alarm returns the alarm about a subject, or the zero Alarm.
func (t *Tx) Alarm(ctx context.Context, subject string) (Alarm, error) {
	all, err := t.Alarms(ctx)
	for _, a := range all {
		if a.Subject == subject {
			return a, err
		}
	}
	return Alarm{}, err
}

// RaiseAlarm records an alarm, or its new state.
func (t *Tx) RaiseAlarm(ctx context.Context, a Alarm) error {
	told := ""
	if a.NotifiedAt.Valid {
		told = a.NotifiedAt.V.String()
	}
	_, err := t.exec(ctx, `INSERT INTO alarms (subject, cause, since, told_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subject) DO UPDATE SET cause = excluded.cause, since = excluded.since, told_at = excluded.told_at`,
		a.Subject, a.Cause, a.Since.String(), told)
	return err
}

// EndAlarm forgets an alarm.
func (t *Tx) EndAlarm(ctx context.Context, subject string) error {
	_, err := t.exec(ctx, "DELETE FROM alarms WHERE subject = $1", subject)
	return err
}
