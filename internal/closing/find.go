package closing

import (
	"context"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Find says which rows of statements to find.
type Find struct {
	Match  func(books.Row) bool
	Artist books.ID    // only this artist's; 0: everybody's
	Before books.Month // only months before this one; zero: all
	Months int         // the most statements to read
	Limit  int         // the most rows to find; the month with the last of them is searched to its end
}

// FoundRow is a row of a statement.
type FoundRow struct {
	Month books.Month
	Row   books.Row
}

// FoundRows are the rows found in statements, the newest month first.
type FoundRows struct {
	Rows  []FoundRow
	Wrong []books.Month // not searched: the statement is not what was closed, or the artist is unclear in it
	Next  books.Month   // where the search goes on: Before of the next; zero: nowhere
}

// FindRows searches the verified statements.
func (c *Closer) FindRows(ctx context.Context, tx *store.Tx, f Find) (found FoundRows, err error) {
	months, err := tx.ClosedMonths(ctx)
	if err != nil {
		return found, err
	}
	read := 0
	for _, m := range slices.Backward(months) {
		if !f.Before.IsZero() && !m.Before(f.Before) {
			continue
		}
		if read == f.Months || len(found.Rows) >= f.Limit {
			found.Next = m.Add(1)
			return found, nil
		}
		read++
		rows, err := c.findIn(ctx, tx, m, f)
		if e := books.AsError(err); e != nil && (e.Kind == books.Integrity || e.Kind == books.Refused) {
			found.Wrong = append(found.Wrong, m)
			continue
		}
		if err != nil {
			return found, err
		}
		found.Rows = append(found.Rows, rows...)
	}
	return found, nil
}

// findIn searches one statement.
func (c *Closer) findIn(ctx context.Context, tx *store.Tx, m books.Month, f Find) (found []FoundRow, err error) {
	stored, _, err := c.StoredStatement(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	name, err := ArtistName(ctx, tx, stored, f.Artist)
	if err != nil {
		return nil, err
	}
	for row, err := range stored.Rows() {
		switch {
		case err != nil:
			return nil, err
		case row.Kind() > books.ExpenseKind:
			return found, nil
		case (f.Artist == 0 || books.OwnedBy(row, f.Artist, name)) && f.Match(row):
			found = append(found, FoundRow{m, row})
		}
	}
	return found, nil
}
