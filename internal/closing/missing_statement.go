package closing

import (
	"context"
	"errors"

	"extrato/internal/books"
	"extrato/internal/store"
)

// errors.Is compares these by code: a closed month has lost its statement, and
// a backup is missing.
var (
	errMissing  = &books.Error{Kind: books.Integrity, Code: "statement_gone"}
	errNoBackup = &books.Error{Kind: books.NotFound, Code: "no_backup"}
)

// errStatementMissing explains the missing statement of a closed month.
func errStatementMissing(last books.ChainEntry, month books.Month, err error) error {
	if !errors.Is(err, books.ErrNotClosed) || !last.HasStatement() {
		return err
	}
	return books.Integrityf(errMissing.Code, "%s was closed, but its statement is gone from the database", month).
		WithHint("put its rows back with extrato backup restore %s, or from a dump where that copy is gone too; then make a new statement: extrato close %s --force", restoring(last), month)
}

// restoring returns the arguments of backup restore: the copy of the statement,
// not a later one.
func restoring(last books.ChainEntry) string {
	if last.BackupFile == "" {
		return last.Month.String()
	}
	return last.Month.String() + " --file " + last.BackupFile
}

// missingStatement holds the rows of a statement missing from the database.
type missingStatement struct {
	unknown bool // its backup is gone as well
	rows    []books.Row
}

// readMissing reads the backup of month's statement if that is missing, else
// nil.
func (c *Closer) readMissing(ctx context.Context, month books.Month) (*missingStatement, error) {
	var last books.ChainEntry
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		if last, err = tx.LastEntry(ctx, month); err == nil && last.HasStatement() {
			_, err = tx.StatementHead(ctx, month)
		}
		return err
	})
	switch {
	case !errors.Is(err, books.ErrNotClosed):
		return nil, err
	case last.BackupFile == "":
		return &missingStatement{unknown: true}, nil
	}
	from, err := c.readBackup(ctx, month, last.BackupFile)
	if errors.Is(err, errNoBackup) {
		return &missingStatement{unknown: true}, nil
	}
	return &missingStatement{rows: from.rows}, err
}

// checkRestored refuses a new statement if rows of the missing one are not live
// again in its month, unchanged. It ignores links: a session may not be back
// yet. If the backup is missing as well, it compares numbers alone, and returns
// a note saying so.
func checkRestored(ctx context.Context, tx *store.Tx, last books.ChainEntry, live books.Counts, gone *missingStatement) (note string, err error) {
	missing := func(what string) error {
		return books.Integrityf(errMissing.Code, "the statement of %s is gone from the database, and not all of its rows are live again: %s", last.Month, what).
			WithHint("put them back first, as they were: extrato backup restore %s", restoring(last))
	}
	if gone.unknown {
		if n := last.Counts; live.Payments < n.Payments || live.Sessions < n.Sessions || live.Commissions < n.Commissions || live.Expenses < n.Expenses {
			return "", missing(live.English() + " of " + n.English())
		}
		return "made from the live rows: the statement before and its backup were gone, so nobody could compare them", nil
	}
	rows := gone.rows
	back := map[books.Kind]map[books.ID]books.Row{}
	for kind := range books.KindCount {
		back[kind] = map[books.ID]books.Row{}
	}
	for row, err := range tx.MonthRows(ctx, last.Month) {
		if err != nil {
			return "", err
		}
		back[row.Kind()][row.Key()] = row
	}
	sessions, err := tx.LiveByID(ctx, books.SessionKind, idsOf(rows, books.SessionKind))
	if err != nil {
		return "", err
	}
	for _, was := range rows {
		switch now := back[was.Kind()][was.Key()]; was.Kind() {
		case books.SessionKind: // a session with a later payment stays with it
			if sessions[was.Key()] == nil {
				return "", missing(books.Describe(was))
			}
		case books.PaymentKind, books.CommissionKind, books.ExpenseKind:
			if now == nil {
				return "", missing(books.Describe(was))
			}
			now, _ = unlinked(now)
			if then, _ := unlinked(was); !books.Equal(now, then) {
				return "", missing(books.Describe(was) + " is not as it was")
			}
		}
	}
	return "", nil
}
