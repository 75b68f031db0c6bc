package closing

import (
	"context"
	"encoding/json"
	"math"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// WholeMonth is a month with everything shown of it, from one snapshot.
type WholeMonth struct {
	MonthInfo
	Totals   json.RawMessage // the statement's or, without one, those of the live rows
	LateRows []books.Row     // the first LateRowsShown of them
}

// LateRowsShown is how many late rows of a month are shown.
const LateRowsShown = 200

// Month describes one month as Months does, without reading the others. found
// is false for a future month without rows.
func (c *Closer) Month(ctx context.Context, month books.Month) (m WholeMonth, found bool, err error) {
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		m = WholeMonth{}
		last, err := lastOnceAdopted(ctx, tx, month)
		if err != nil {
			return err
		}
		l := &monthIndex{latest: map[books.Month]store.MonthHead{month: store.HeadOf(last)}, stored: map[books.Month]bool{month: last.HasStatement()}, withRows: map[books.Month]bool{}}
		if l.closeFrom, err = c.closeFrom(ctx, tx); err != nil {
			return err
		}
		live, err := tx.CountMonth(ctx, month)
		if err != nil {
			return err
		}
		l.withRows[month] = live.Total() > 0
		m.MonthInfo = c.monthInfo(l, month, live)
		found = !books.MonthOf(c.Now()).Before(month) || m.Counts.Total() > 0 || m.Revision > 0
		backups, err := tx.Backups(ctx, month)
		if err != nil {
			return err
		}
		m.Backup = backupState(backups, store.HeadOf(last))
		elsewhere, err := c.readPlaces(ctx, tx, month)
		if err != nil {
			return err
		}
		m.Places = elsewhere.ofMonth(backups, store.HeadOf(last))
		if !last.HasStatement() {
			sums, err := tx.MonthTotals(ctx, month)
			m.Totals = sums.JSON()
			return err
		}
		m.Totals = json.RawMessage(last.Totals)
		m.LateRows, err = lateRows(ctx, tx, month, live)
		return err
	})
	return m, found, err
}

func lateRows(ctx context.Context, tx *store.Tx, month books.Month, live books.Counts) (late []books.Row, err error) {
	if live.Total() == 0 {
		return nil, nil
	}
	for row, err := range tx.MonthRows(ctx, month) {
		if err != nil {
			return nil, err
		}
		if row.Kind() > books.ExpenseKind || len(late) == LateRowsShown {
			break
		}
		late = append(late, row)
	}
	return late, nil
}

// lastOnceAdopted returns a month's last entry in the chain, or the future
// entry, without a number, of a statement to be adopted.
func lastOnceAdopted(ctx context.Context, tx *store.Tx, month books.Month) (books.ChainEntry, error) {
	last, closed, err := tx.MonthClosed(ctx, month)
	if err != nil || !closed || last.HasStatement() {
		return last, err
	}
	return tx.Adoption(ctx, month, "extrato")
}

// StoredStatement returns a month's verified statement and its entry. For one
// of v4's, not adopted yet, this is the entry it would get.
func (c *Closer) StoredStatement(ctx context.Context, tx *store.Tx, month books.Month) (books.Stored, books.ChainEntry, error) {
	last, err := tx.LastEntry(ctx, month)
	if err != nil {
		return books.Stored{}, last, err
	}
	stored, err := verifiedStatement(ctx, tx, month, last)
	if err == nil && !last.HasStatement() {
		last, err = tx.Adoption(ctx, month, "extrato")
	}
	return stored, last, err
}

// StoredRevision returns an earlier revision of a month's statement and the
// entry that it rested on, if it is what was closed. It fails with an Error of
// kind NotFound if there is none.
func (c *Closer) StoredRevision(ctx context.Context, tx *store.Tx, month books.Month, revision int) (books.Stored, books.ChainEntry, error) {
	stored, err := tx.Revision(ctx, month, revision)
	if err != nil {
		return stored, books.ChainEntry{}, err
	}
	entries, err := tx.EntriesBefore(ctx, month, 0, math.MaxInt32)
	if err != nil {
		return stored, books.ChainEntry{}, err
	}
	of := func(e books.ChainEntry) bool { return e.Revision == revision && e.HasStatement() }
	if i := slices.IndexFunc(entries, of); i >= 0 {
		stored, err = verifyStored(entries[i], stored)
		return stored, entries[i], err
	}
	return stored, books.ChainEntry{}, verifyEntry(books.ChainEntry{}, month)
}
