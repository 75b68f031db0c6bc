package closing

import (
	"context"
	"fmt"

	"extrato/internal/books"
	"extrato/internal/store"
)

// mostMonthless is how many of the rows without a month are named.
const mostMonthless = 20

// Monthless names the live rows of no month: their date or instant cannot be
// read. No close takes them, so each close says so. The last line counts the
// rest if there are many.
func (c *Closer) Monthless(ctx context.Context) ([]string, error) {
	var notes []string
	err := c.Store.Read(ctx, func(tx *store.Tx) (err error) {
		notes, err = monthless(ctx, tx)
		return err
	})
	return notes, err
}

// readOthers returns what a close says of other rows: the earlier open months,
// as openBefore does, and the rows of no month.
func (c *Closer) readOthers(ctx context.Context, month books.Month) (open Result, others []string, err error) {
	open = Result{Month: month, EarlierOpen: []books.Month{}}
	var unlisted error
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		if others, err = monthless(ctx, tx); err != nil {
			return err
		}
		earlier, err := c.earlierOpen(ctx, tx, month)
		if unlisted = err; err == nil {
			open.EarlierOpen = earlier
		}
		return err
	})
	if unlisted != nil {
		return c.openUnread(open, unlisted), others, nil
	}
	return open, others, err
}

// monthless is Monthless in a transaction. It reads whole tables: inside a
// close it would conflict with every other writer.
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
