package closing

import (
	"context"
	"fmt"

	"extrato/internal/books"
	"extrato/internal/store"
)

// verify compares a whole stored statement with its entry: header, fingerprint,
// counts and totals of its rows, and the seal over every byte. It returns the
// difference, "" if there is none, and the rows' sums for charts. Of a
// statement of v4's there is a seal only.
func verify(e books.ChainEntry, stored books.Stored) (difference string, sums []books.DaySum) {
	if e.Action == books.Adopted {
		if stored.Seal() != e.Seal {
			difference = fmt.Sprintf("the statement of %s, v4's, was changed since it was adopted", e.Month)
		}
		return difference, stored.DaySums()
	}
	if difference = verifyHeader(e, stored); difference != "" {
		return difference, nil
	}
	digest, tally, days := books.NewDigest(), books.NewTally(), books.NewDaySums(e.Month)
	for row, err := range stored.Rows() {
		if err == nil {
			tally.Add(row)
			days.Add(row)
			err = digest.Add(row)
		}
		if err != nil {
			return fmt.Sprintf("revision %d of %s cannot be read: %s", e.Revision, e.Month, err), nil
		}
	}
	switch {
	case digest.Sum() != e.Fingerprint || digest.Core() != e.Core:
		difference = otherRows(e)
	case digest.Counts() != e.Counts:
		difference = fmt.Sprintf("revision %d of %s has another number of rows than were closed", e.Revision, e.Month)
	case string(tally.Totals().JSON()) != e.Totals:
		difference = otherTotals(e)
	case stored.Seal() != e.Seal:
		difference = fmt.Sprintf("revision %d of %s holds the rows that were closed, but something that it says beside them was changed: a name, an e-mail, or an amount or a date that one row repeats from another", e.Revision, e.Month)
	case !stored.AsWritten():
		difference = fmt.Sprintf("revision %d of %s is stored in another form than it was: v4's pages may not be able to read it", e.Revision, e.Month)
	}
	return difference, days.List()
}

// verifyHeader compares the header of a statement of ours with its entry,
// without reading rows. It returns the difference, "" if there is none.
func verifyHeader(e books.ChainEntry, stored books.Stored) string {
	if !stored.Ours() {
		return fmt.Sprintf("the statement of %s was replaced by one of v4's", e.Month)
	}
	header, err := stored.Header()
	switch {
	case err != nil:
		return fmt.Sprintf("revision %d of %s cannot be read: %s", e.Revision, e.Month, err)
	case header.Month != e.Month || header.Revision != e.Revision:
		return fmt.Sprintf("the statement stored for %s is that of %s, revision %d", e.Month, header.Month, header.Revision)
	case header.Fingerprint != e.Fingerprint:
		return otherRows(e)
	case string(header.Totals.JSON()) != e.Totals:
		return otherTotals(e)
	}
	return ""
}

func otherRows(e books.ChainEntry) string {
	return fmt.Sprintf("the rows in revision %d of %s are not those that were closed", e.Revision, e.Month)
}

func otherTotals(e books.ChainEntry) string {
	return fmt.Sprintf("the totals in revision %d of %s are not those of its rows", e.Revision, e.Month)
}

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
	difference, _ := verify(last, stored)
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
	if difference := verifyHeader(last, stored); difference != "" {
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
