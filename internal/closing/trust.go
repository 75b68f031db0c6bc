package closing

import (
	"context"
	"errors"
	"fmt"

	"extrato/internal/books"
	"extrato/internal/store"
)

// discrepancy says how a stored statement is not what its entry says, "" if it
// is. It computes fingerprint, counts and totals from all rows.
func discrepancy(e books.Closing, stored books.Stored) string {
	if e.Action == books.Adopted {
		if stored.Seal() != e.Fingerprint {
			return fmt.Sprintf("the statement of %s, v4's, was changed since it was adopted", e.Month)
		}
		return ""
	}
	if !stored.Ours() {
		return fmt.Sprintf("the statement of %s was replaced by one of v4's", e.Month)
	}
	digest, tally := books.NewDigest(), books.NewTally()
	for row, err := range stored.Rows() {
		if err == nil {
			tally.Add(row)
			err = digest.Add(row)
		}
		if err != nil {
			return fmt.Sprintf("revision %d of %s cannot be read: %s", e.Revision, e.Month, err)
		}
	}
	header, err := stored.Header()
	switch {
	case err != nil:
		return fmt.Sprintf("revision %d of %s cannot be read: %s", e.Revision, e.Month, err)
	case header.Month != e.Month || header.Revision != e.Revision:
		return fmt.Sprintf("the statement stored for %s is that of %s, revision %d", e.Month, header.Month, header.Revision)
	case digest.Sum() != e.Fingerprint || header.Fingerprint != e.Fingerprint:
		return fmt.Sprintf("the rows in revision %d of %s are not those that were closed", e.Revision, e.Month)
	case digest.Counts() != e.Counts:
		return fmt.Sprintf("revision %d of %s has another number of rows than were closed", e.Revision, e.Month)
	case string(tally.Totals().JSON()) != e.Totals || string(header.Totals.JSON()) != e.Totals:
		return fmt.Sprintf("the totals in revision %d of %s are not those of its rows", e.Revision, e.Month)
	}
	return ""
}

// vouched is a statement that was found to be what its entry says: both by
// SHA-256 of all that they hold.
type vouched struct{ entry, statement books.Fingerprint }

// Vouch fails with an Error of kind Integrity if a month's statement is not
// what its last entry in the chain says; nobody is to be shown its totals as if
// it were. One that v4 wrote just now has no entry yet. What was found right
// once is known by its bytes, so only these are looked at again.
func (c *Closer) Vouch(last books.Closing, stored books.Stored) error {
	if !last.HasStatement() && !stored.Ours() {
		return nil
	}
	seen, intact := vouched{last.Hash, stored.Seal()}, last.Intact() // then its hash stands for all its fields
	if _, known := c.vouched.Load(seen); known && intact {
		return nil
	}
	found := "the chain has no entry of it"
	if last.HasStatement() {
		found = discrepancy(last, stored)
	}
	if found == "" {
		if intact {
			c.vouched.Store(seen, true)
		}
		return nil
	}
	wrong := books.Integrityf("statement_changed", "the statement of %s is not what was closed: %s", stored.Month, found)
	if last.BackupFile == "" {
		return wrong.WithHint("somebody changed it in the database: put its row in extratos back from a dump")
	}
	return wrong.WithHint("somebody changed it in the database: put its row in extratos back from a dump; where there is none, its rows are in %s, and docs/operations.md, \"A month lost from the database\", says how they come back", last.BackupFile)
}

// lateBesideV4 is the way out for late rows of a month whose statement is v4's.
const lateBesideV4 = "the statement is v4's and cannot be revised: move its late rows to a month that is open, by their date, or delete those that it holds already"

// What errors.Is compares by code: a month that was closed has lost its
// statement, and a backup is not there.
var (
	errGone     = &books.Error{Kind: books.Integrity, Code: "statement_gone"}
	errNoBackup = &books.Error{Kind: books.NotFound, Code: "no_backup"}
)

// asClosed returns a month's statement, if it is what was closed: an answer
// that rests on any other would hide that. last is the month's last entry.
func (c *Closer) asClosed(ctx context.Context, tx *store.Tx, month books.Month, last books.Closing) (books.Stored, error) {
	stored, err := tx.Statement(ctx, month)
	if errors.Is(err, books.ErrNotClosed) && last.HasStatement() {
		return stored, books.Integrityf(errGone.Code, "%s was closed, but its statement is gone from the database", month).
			WithHint("put its rows back with extrato backup restore %s, then make a new statement with extrato close %s --force", restoring(last), month)
	}
	if err != nil {
		return stored, err
	}
	return stored, c.Vouch(last, stored)
}

// restoring is what backup restore is to be given: the copy on which the
// statement rests, not one that came later.
func restoring(last books.Closing) string {
	if last.BackupFile == "" {
		return last.Month.String()
	}
	return last.Month.String() + " --file " + last.BackupFile
}

// cameBack refuses to make a statement anew where rows of the one that is gone
// are not live again. Where its backup is gone as well, there must be as many.
func (c *Closer) cameBack(ctx context.Context, tx *store.Tx, last books.Closing, live books.Counts) error {
	missing := func(what string) error {
		return books.Integrityf(errGone.Code, "the statement of %s is gone from the database, and not all of its rows are live again: %s", last.Month, what).
			WithHint("put them back first: extrato backup restore %s", restoring(last))
	}
	file := last.BackupFile
	var rows []books.Row
	var err error
	if file != "" {
		_, rows, err = c.readBackup(ctx, last.Month, file)
	}
	if file == "" || errors.Is(err, errNoBackup) {
		if n := last.Counts; live.Payments < n.Payments || live.Sessions < n.Sessions || live.Commissions < n.Commissions || live.Expenses < n.Expenses {
			return missing(live.English() + " of " + n.English())
		}
		return nil
	}
	if err != nil {
		return err
	}
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		ids := idsOf(rows, kind)
		there, err := tx.LiveByID(ctx, kind, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if there[id] == nil {
				return missing(fmt.Sprintf("%s %d", kind, id))
			}
		}
	}
	return nil
}
