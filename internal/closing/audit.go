package closing

import (
	"context"
	"fmt"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Audit is what checking the chain and all statements found.
type Audit struct {
	OK       bool              `json:"ok"`
	Entries  int64             `json:"entries"`
	Head     books.Fingerprint `json:"head"`
	Problems []string          `json:"problems,omitempty"`
}

// VerifyChain checks that every entry of the chain is intact and follows the
// one before, and that every statement and earlier revision is exactly what
// its entry says: it recomputes fingerprints, counts and totals.
func (c *Closer) VerifyChain(ctx context.Context) (Audit, error) {
	a := Audit{}
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		entries, err := tx.Closings(ctx, 0, 0)
		if err != nil {
			return err
		}
		var previous books.Closing
		for _, e := range entries {
			if !e.Follows(previous) {
				a.problem("entry %d of the chain was changed, or the one before it is gone", e.Seq)
			}
			previous = e
		}
		a.Entries, a.Head = int64(len(entries)), previous.Hash
		return a.checkStatements(ctx, tx, entries)
	})
	a.OK = err == nil && len(a.Problems) == 0
	return a, err
}

// VerifyStatement checks one month's statement as VerifyChain checks all, and
// says what is not as it was closed. closed is false for a month without one.
func (c *Closer) VerifyStatement(ctx context.Context, month books.Month) (problems []string, closed bool, err error) {
	a := Audit{}
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		a = Audit{}
		last, err := tx.LastClosing(ctx, month)
		if closed = last.HasStatement(); err != nil || !closed {
			return err
		}
		stored, err := tx.Statement(ctx, month)
		return a.check(last, stored, err)
	})
	return a.Problems, closed, err
}

func (a *Audit) problem(format string, args ...any) {
	a.Problems = append(a.Problems, fmt.Sprintf(format, args...))
}

// checkStatements holds what is stored against the entries: the latest of a
// month against its statement, earlier ones against the revisions kept.
func (a *Audit) checkStatements(ctx context.Context, tx *store.Tx, entries []books.Closing) error {
	latest := map[books.Month]books.Closing{}
	for _, e := range entries {
		if e.Action == books.Restored {
			continue
		}
		if before := latest[e.Month]; before.HasStatement() {
			stored, err := tx.Revision(ctx, e.Month, before.Revision)
			if err := a.check(before, stored, err); err != nil {
				return err
			}
		}
		latest[e.Month] = e
	}
	months, err := tx.ClosedMonths(ctx)
	if err != nil {
		return err
	}
	there := map[books.Month]bool{}
	for _, m := range months {
		there[m] = true
		stored, err := tx.Statement(ctx, m)
		if err == nil && !latest[m].HasStatement() {
			if stored.Ours() {
				a.problem("the chain has no entry of the statement of %s", m)
			}
			continue // v4 wrote it just now: the next look for due months adopts it
		}
		if err := a.check(latest[m], stored, err); err != nil {
			return err
		}
	}
	for m := range latest {
		if latest[m].HasStatement() && !there[m] {
			a.problem("the statement of %s is gone", m)
		}
	}
	return nil
}

// check compares one stored statement with its entry. Its error is only that
// the database could not be read.
func (a *Audit) check(e books.Closing, stored books.Stored, err error) error {
	if err != nil {
		if books.AsError(err).Kind != books.NotFound {
			return err
		}
		a.problem("revision %d of %s is gone", e.Revision, e.Month)
		return nil
	}
	if found := discrepancy(e, stored); found != "" {
		a.problem("%s", found)
	}
	return nil
}

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
