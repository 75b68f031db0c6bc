package closing

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Statement is a month's statement with the chain entry that it rests on.
type Statement struct {
	Header  books.Header
	Rows    []books.Row
	Closing books.Closing
}

// Statement returns month's statement. It fails with books.ErrNotClosed.
func (c *Closer) Statement(ctx context.Context, month books.Month) (Statement, error) {
	if _, err := c.Store.AdoptStatements(ctx, "extrato"); err != nil {
		return Statement{}, err
	}
	var s Statement
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		stored, err := tx.Statement(ctx, month)
		if err != nil {
			return err
		}
		if s.Header, err = stored.Header(); err != nil {
			return err
		}
		if s.Rows, err = books.Collect(stored.Rows()); err != nil {
			return err
		}
		s.Closing, err = tx.LastClosing(ctx, month)
		if err == nil {
			s.Header.Counts = s.Closing.Counts
		}
		return err
	})
	return s, err
}
