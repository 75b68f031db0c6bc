package store

import (
	"context"
	"errors"
	"slices"

	"extrato/internal/books"
)

// Backup is the database's record of a backup.
type Backup struct {
	File        string
	Month       books.Month
	Copy        int
	SHA256      string
	Size        int64
	Fingerprint books.Fingerprint
	Manifest    string // the checksum of its manifest
	Entry       int64  // the last entry of the chain with a statement resting on it; 0: none. Set by AppendEntry
	State       string // the result of the last verification
	Reason      string
	CreatedAt   books.Instant
	VerifiedAt  books.Instant
}

// SaveBackup records a backup, or the result of verifying it again.
func (t *Tx) SaveBackup(ctx context.Context, b Backup) error {
	_, err := t.exec(ctx, `INSERT INTO backups (file, month, copy, sha256, size, fingerprint, manifest, state, reason, created_at, verified_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (file) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, fingerprint = excluded.fingerprint, manifest = excluded.manifest,
			state = excluded.state, reason = excluded.reason, created_at = excluded.created_at, verified_at = excluded.verified_at`,
		b.File, b.Month.String(), b.Copy, b.SHA256, b.Size, b.Fingerprint.String(), b.Manifest, b.State, b.Reason, b.CreatedAt.SQL(), b.VerifiedAt.SQL())
	return err
}

// UnbackedMonths returns the months with a statement of ours that closed without
// a backup, and have no verified one of its rows since, oldest first.
func (t *Tx) UnbackedMonths(ctx context.Context) (months []books.Month, err error) {
	latest, err := t.LatestEntries(ctx)
	if err != nil {
		return nil, err
	}
	known, err := t.Backups(ctx, books.Month{})
	for m, e := range latest {
		made := slices.ContainsFunc(known, func(b Backup) bool { return b.Month == m && b.State == "ok" && b.Fingerprint == e.Fingerprint })
		if e.HasStatement() && e.Action != books.Adopted && e.BackupFile == "" && !made {
			months = append(months, m)
		}
	}
	slices.SortFunc(months, func(a, b books.Month) int { return int(a.First() - b.First()) })
	return months, err
}

// Backups returns the records of month's backups, or of all if month is zero,
// by month and copy.
func (t *Tx) Backups(ctx context.Context, month books.Month) ([]Backup, error) {
	var all []Backup
	name := ""
	if !month.IsZero() {
		name = month.String()
	}
	err := t.list(ctx, `SELECT file, month, copy, sha256, size, fingerprint, manifest, entry, state, reason, created_at, verified_at
		FROM backups WHERE month = $1 OR $1 = '' ORDER BY month, copy`, []any{name}, func(scan func(...any) error) error {
		var b Backup
		var month, fingerprint string
		err := scan(&b.File, &month, &b.Copy, &b.SHA256, &b.Size, &fingerprint, &b.Manifest, &b.Entry, &b.State, &b.Reason,
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
