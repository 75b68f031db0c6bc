package closing

import (
	"context"
	"fmt"

	"extrato/internal/store"
)

// mostMonthless is how many of the rows without a month are named.
const mostMonthless = 20

// Monthless names the live rows that belong to no month, because their date or
// instant cannot be read. No close takes them, so each close says so. Where there
// are more than it names, the last line says so.
func (c *Closer) Monthless(ctx context.Context) ([]string, error) {
	var notes []string
	err := c.Store.Read(ctx, func(tx *store.Tx) (err error) {
		notes, err = monthless(ctx, tx)
		return err
	})
	return notes, err
}

// monthless is Monthless on what a transaction sees. It reads whole tables: in the
// transaction of a close it would meet with everything that others write.
func monthless(ctx context.Context, tx *store.Tx) ([]string, error) {
	rows, err := tx.MonthlessRows(ctx, mostMonthless+1)
	notes := []string{}
	for i, row := range rows {
		if i == mostMonthless {
			notes = append(notes, "more rows belong to no month: see extrato doctor")
			break
		}
		notes = append(notes, fmt.Sprintf("%s belongs to no month and stays live: %s; correct it", row.Row, row.Why))
	}
	return notes, err
}
