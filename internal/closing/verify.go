package closing

import (
	"context"
	"fmt"

	"extrato/internal/books"
	"extrato/internal/store"
)

// verifiedStatement returns a month's statement, unquoted if it is ours. It fails
// with an Error of kind Integrity if the statement differs from last, the
// month's last entry, or is missing. The seal covers every byte, so the rows are
// read only to explain a difference. A statement v4 wrote just now has no entry
// yet.
func verifiedStatement(ctx context.Context, tx *store.Tx, month books.Month, last books.ChainEntry) (books.Stored, error) {
	stored, err := tx.Statement(ctx, month)
	if err != nil {
		return stored, errStatementMissing(last, month, err)
	}
	if !last.HasStatement() && !stored.Ours() {
		return stored, nil
	}
	return verifyStored(last, stored)
}

// verifyStored returns what is stored, unquoted if it is ours. It fails with an
// Error of kind Integrity if that differs from its entry.
func verifyStored(last books.ChainEntry, stored books.Stored) (books.Stored, error) {
	if err := verifyEntry(last, stored.Month); err != nil {
		return stored, err
	}
	unquoted, written := stored.Unquoted()
	if unquoted.Seal() == last.Seal && (last.Action == books.Adopted || written) {
		return unquoted, nil
	}
	difference, _ := last.Compare(stored)
	return stored, errChanged(last, stored.Month, difference)
}

// verifiedHeader checks the header of a month's statement as verifiedStatement
// checks the whole.
func verifiedHeader(ctx context.Context, tx *store.Tx, month books.Month, last books.ChainEntry) error {
	stored, err := tx.StatementHead(ctx, month)
	if err != nil {
		return errStatementMissing(last, month, err)
	}
	if err := verifyEntry(last, month); err != nil {
		return err
	}
	if last.Action == books.Adopted {
		return nil
	}
	if difference := last.CompareHeader(stored); difference != "" {
		return errChanged(last, month, difference)
	}
	return nil
}

// verifyEntry refuses a last entry that proves nothing about month's statement.
// The statement may be right, but nobody knows.
func verifyEntry(last books.ChainEntry, month books.Month) error {
	switch {
	case !last.HasStatement():
		return statementChanged(month, "the chain has no entry of it").WithHint("%s", store.MendChain)
	case last.Seq != 0 && !last.Intact(): // 0: it is not in the chain yet
		return statementChanged(month, fmt.Sprintf("entry %d of the chain, which says what was, was changed", last.Seq)).WithHint("%s", store.MendChain)
	}
	return nil
}

func errChanged(last books.ChainEntry, month books.Month, difference string) error {
	e := statementChanged(month, difference)
	if last.BackupFile == "" {
		return e.WithHint("somebody changed it in the database: put its row in extratos back from a dump")
	}
	return e.WithHint("somebody changed it in the database: put its row in extratos back from a dump; where there is none, its rows are in %s, and docs/operations.md, \"A month lost from the database\", says how they come back", last.BackupFile)
}

func statementChanged(month books.Month, difference string) *books.Error {
	return books.Integrityf("statement_changed", "the statement of %s is not what was closed: %s", month, difference)
}
