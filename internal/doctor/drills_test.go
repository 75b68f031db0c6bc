package doctor_test

import (
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// drilled records a drill of October's statement, and lets some days pass.
func drilled(result string, days int) func(*testing.T, *patient) {
	return func(t *testing.T, p *patient) {
		err := p.closer.Store.Write(t.Context(), func(tx *store.Tx) error {
			last, err := tx.LastEntry(t.Context(), books.Month{Year: 2025, Month: time.October})
			if err != nil {
				return err
			}
			return tx.AddDrill(t.Context(), store.Drill{Month: last.Month, Place: p.closer.Backups.Bucket.String(), File: last.BackupFile, Result: result, At: books.InstantOf(now())})
		})
		if err != nil {
			t.Fatal(err)
		}
		p.clock = time.Duration(days) * 24 * time.Hour
	}
}
