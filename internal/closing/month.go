package closing

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Month describes one month as Months does, without reading all the others.
// Of a month to come that has no rows there is nothing to say: found is false.
func (c *Closer) Month(ctx context.Context, month books.Month) (info MonthInfo, found bool, err error) {
	if _, err := c.Store.AdoptStatements(ctx, "extrato"); err != nil {
		return MonthInfo{}, false, err
	}
	err = c.Store.ReadRemembered(ctx, func(tx *store.Tx) error {
		last, closed, err := tx.MonthClosed(ctx, month)
		if err != nil {
			return err
		}
		l := &ledger{
			latest: map[books.Month]books.Closing{month: last}, stored: map[books.Month]bool{month: closed},
		}
		if l.closeFrom, err = c.closeFrom(ctx, tx); err != nil {
			return err
		}
		live, err := tx.CountRemembered(ctx, month)
		if err != nil {
			return err
		}
		info = c.monthInfo(l, month, live)
		found = !books.MonthOf(c.Now()).Before(month) || info.Counts.Total() > 0 || info.Revision > 0
		backups, err := tx.Backups(ctx, month)
		info.Backup = backupState(backups, last)
		return err
	})
	return info, found, err
}
