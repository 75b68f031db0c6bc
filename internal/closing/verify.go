package closing

import (
	"context"
	"errors"
	"fmt"

	"extrato/internal/books"
	"extrato/internal/store"
)

// discrepancy describes how a stored statement differs from its entry, "" if it
// does not. It computes fingerprint, counts and totals from all rows.
func discrepancy(e books.ChainEntry, stored books.Stored) string {
	return discrepancyIn(e, stored, books.NewDaySums(e.Month))
}

// readAll is discrepancy, and returns the sums of the rows.
func readAll(e books.ChainEntry, stored books.Stored) (found string, sums []books.DaySum) {
	if e.Action == books.Adopted {
		return discrepancyIn(e, stored, nil), stored.DaySums()
	}
	days := books.NewDaySums(e.Month)
	found = discrepancyIn(e, stored, days)
	return found, days.List()
}

func discrepancyIn(e books.ChainEntry, stored books.Stored, days *books.DaySums) string {
	if e.Action == books.Adopted {
		if stored.Seal() != e.Seal {
			return fmt.Sprintf("the statement of %s, v4's, was changed since it was adopted", e.Month)
		}
		return ""
	}
	if found := headDiscrepancy(e, stored); found != "" {
		return found
	}
	digest, tally := books.NewDigest(), books.NewTally()
	for row, err := range stored.Rows() {
		if err == nil {
			tally.Add(row)
			days.Add(row)
			err = digest.Add(row)
		}
		if err != nil {
			return fmt.Sprintf("revision %d of %s cannot be read: %s", e.Revision, e.Month, err)
		}
	}
	switch {
	case digest.Sum() != e.Fingerprint || digest.Core() != e.Core:
		return otherRows(e)
	case digest.Counts() != e.Counts:
		return fmt.Sprintf("revision %d of %s has another number of rows than were closed", e.Revision, e.Month)
	case string(tally.Totals().JSON()) != e.Totals:
		return otherTotals(e)
	case stored.Seal() != e.Seal:
		return fmt.Sprintf("revision %d of %s holds the rows that were closed, but something that it says beside them was changed: a name, an e-mail, or an amount or a date that one row repeats from another", e.Revision, e.Month)
	case !stored.AsWritten():
		return fmt.Sprintf("revision %d of %s is stored in another form than it was: v4's pages may not be able to read it", e.Revision, e.Month)
	}
	return ""
}

// headDiscrepancy describes how the header of a statement of ours differs from
// its entry, "" if it does not.
func headDiscrepancy(e books.ChainEntry, stored books.Stored) string {
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

// Vouch fails with an Error of kind Integrity if a month's statement differs
// from its last entry in the chain: its totals must not be shown as closed. A
// statement v4 wrote just now has no entry yet. The seal covers every byte of
// the statement, so its rows need not be read.
func (c *Closer) Vouch(last books.ChainEntry, stored books.Stored) error {
	if !last.HasStatement() && !stored.Ours() {
		return nil
	}
	if found := entryDiscrepancy(last); found != "" {
		return entryChanged(stored.Month, found)
	}
	if stored.Seal() == last.Seal && (last.Action == books.Adopted || stored.AsWritten()) {
		return nil
	}
	return changed(last, stored.Month, discrepancy(last, stored))
}

// entryDiscrepancy says why nothing can rest on a month's last entry, "" if it
// can.
func entryDiscrepancy(last books.ChainEntry) string {
	switch {
	case !last.HasStatement():
		return "the chain has no entry of it"
	case last.Seq != 0 && !last.Intact(): // 0: it is not in the chain yet
		return fmt.Sprintf("entry %d of the chain, which says what was, was changed", last.Seq)
	}
	return ""
}

func isChanged(month books.Month, found string) *books.Error {
	return books.Integrityf("statement_changed", "the statement of %s is not what was closed: %s", month, found)
}

// entryChanged: the statement may be right, but nothing proves it.
func entryChanged(month books.Month, found string) error {
	return isChanged(month, found).WithHint("%s", store.MendChain)
}

func changed(last books.ChainEntry, month books.Month, found string) error {
	wrong := isChanged(month, found)
	if last.BackupFile == "" {
		return wrong.WithHint("somebody changed it in the database: put its row in extratos back from a dump")
	}
	return wrong.WithHint("somebody changed it in the database: put its row in extratos back from a dump; where there is none, its rows are in %s, and docs/operations.md, \"A month lost from the database\", says how they come back", last.BackupFile)
}

// lateBesideV4 is the hint for late rows of a month with a statement of v4's.
const lateBesideV4 = "the statement is v4's and cannot be revised: move its late rows to a month that is open, by their date, or delete those that it holds already"

// errors.Is compares these by code: a closed month has lost its statement, and
// a backup is missing.
var (
	errGone     = &books.Error{Kind: books.Integrity, Code: "statement_gone"}
	errNoBackup = &books.Error{Kind: books.NotFound, Code: "no_backup"}
)

// asClosed returns a month's verified statement. last is the month's last
// entry.
func (c *Closer) asClosed(ctx context.Context, tx *store.Tx, month books.Month, last books.ChainEntry) (books.Stored, error) {
	stored, err := tx.Statement(ctx, month)
	if err != nil {
		return stored, gone(last, month, err)
	}
	return stored, c.Vouch(last, stored)
}

// closedAs fails with an Error of kind Integrity if the header of a month's
// statement differs from its last entry. It reads no rows.
func closedAs(ctx context.Context, tx *store.Tx, month books.Month, last books.ChainEntry) error {
	stored, err := tx.StatementHead(ctx, month)
	if err != nil {
		return gone(last, month, err)
	}
	if found := entryDiscrepancy(last); found != "" {
		return entryChanged(month, found)
	}
	if last.Action == books.Adopted {
		return nil
	}
	if found := headDiscrepancy(last, stored); found != "" {
		return changed(last, month, found)
	}
	return nil
}

// gone explains the missing statement of a closed month.
func gone(last books.ChainEntry, month books.Month, err error) error {
	if !errors.Is(err, books.ErrNotClosed) || !last.HasStatement() {
		return err
	}
	return books.Integrityf(errGone.Code, "%s was closed, but its statement is gone from the database", month).
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
		return books.Integrityf(errGone.Code, "the statement of %s is gone from the database, and not all of its rows are live again: %s", last.Month, what).
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
