package closing

import (
	"context"
	"fmt"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Audit is the report of checking the chain and everything recorded in it.
type Audit struct {
	OK       bool              `json:"ok"`
	Entries  int64             `json:"entries"`
	Head     books.Fingerprint `json:"head"`
	Since    *int64            `json:"since,omitempty"` // entries after a head kept elsewhere
	Problems []string          `json:"problems,omitempty"`
}

// VerifyChain checks that every entry of the chain is intact and follows the
// one before; that every statement and earlier revision agrees with its entry,
// byte for byte; that runs, records of backups and deposits agree with the
// entries; and that the guarding triggers are in place.
func (c *Closer) VerifyChain(ctx context.Context) (Audit, error) {
	return c.verifyChain(ctx, nil)
}

// VerifyChainSince does the same, and checks that the chain still holds a head
// kept elsewhere. The hash of an empty chain is 32 zero bytes.
func (c *Closer) VerifyChainSince(ctx context.Context, head books.Fingerprint) (Audit, error) {
	return c.verifyChain(ctx, &head)
}

func (c *Closer) verifyChain(ctx context.Context, kept *books.Fingerprint) (Audit, error) {
	var a Audit
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		a = Audit{}
		entries, err := tx.ChainEntries(ctx)
		if err != nil {
			return err
		}
		entries = a.checkOrder(entries)
		if kept != nil {
			a.checkHead(entries, *kept)
		}
		for _, check := range []func(context.Context, *store.Tx, []books.ChainEntry) error{
			a.checkDetails, a.checkStatements, a.checkRevisions, a.checkRuns, a.checkRecords, a.checkRest, a.checkKeys, a.checkGuards,
		} {
			if err := check(ctx, tx, entries); err != nil {
				return err
			}
		}
		return nil
	})
	a.OK = err == nil && len(a.Problems) == 0
	return a, err
}

// VerifyStatement checks one month's statement as VerifyChain checks all, and
// returns the differences. closed is false for a month without one.
func (c *Closer) VerifyStatement(ctx context.Context, month books.Month) (problems []string, closed bool, err error) {
	a := Audit{}
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		a = Audit{}
		last, err := tx.LastEntry(ctx, month)
		if closed = last.HasStatement(); err != nil || !closed {
			return err
		}
		return a.checkStatement(ctx, tx, last)
	})
	return a.Problems, closed, err
}

func (a *Audit) problem(format string, args ...any) {
	a.Problems = append(a.Problems, fmt.Sprintf(format, args...))
}

// checkOrder checks the entries themselves and returns those of the chain.
func (a *Audit) checkOrder(entries []books.ChainEntry) []books.ChainEntry {
	for len(entries) > 0 && entries[0].Seq < 1 {
		a.problem("entry %d (%s %s) is none of the chain's, which begins with 1: somebody put it there", entries[0].Seq, entries[0].Month, entries[0].Action)
		entries = entries[1:]
	}
	var previous books.ChainEntry
	for _, e := range entries {
		if !e.Follows(previous) {
			a.problem("entry %d of the chain was changed, or the one before it is gone", e.Seq)
		}
		previous = e
	}
	a.Entries, a.Head = int64(len(entries)), previous.Hash
	return entries
}

// checkHead looks for a head kept elsewhere.
func (a *Audit) checkHead(entries []books.ChainEntry, kept books.Fingerprint) {
	place := 0 // of an empty chain
	if !kept.IsZero() {
		place = 1 + slices.IndexFunc(entries, func(e books.ChainEntry) bool { return e.Hash == kept })
		if place == 0 {
			a.problem("the head that was kept, %s, is not in the chain: the chain was cut off or written anew since", kept)
			return
		}
	}
	since := int64(len(entries) - place)
	a.Since = &since
}

// checkDetails names reasons and totals without an entry.
func (a *Audit) checkDetails(ctx context.Context, tx *store.Tx, _ []books.ChainEntry) error {
	orphans, err := tx.OrphanDetails(ctx)
	for _, seq := range orphans {
		a.problem("the reason and the totals of an entry %d are there, but the entry is not: it was taken out, or the end of the chain is gone", seq)
	}
	return err
}

// checkStatements compares the stored statements with each month's last entry.
func (a *Audit) checkStatements(ctx context.Context, tx *store.Tx, entries []books.ChainEntry) error {
	latest := latestOf(entries)
	months, err := tx.ClosedMonths(ctx)
	if err != nil {
		return err
	}
	for _, m := range months {
		if latest[m].HasStatement() {
			continue
		}
		stored, err := tx.Statement(ctx, m)
		if err != nil {
			return err
		}
		if stored.Ours() { // else v4 wrote it just now: the next look for due months adopts it
			a.problem("the chain has no entry of the statement of %s", m)
		}
	}
	for _, e := range entries {
		if latest[e.Month].Seq != e.Seq || !e.HasStatement() {
			continue
		}
		if !slices.Contains(months, e.Month) {
			a.problem("the statement of %s is gone", e.Month)
			continue
		}
		if err := a.checkStatement(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// latestOf returns each month's last entry.
func latestOf(entries []books.ChainEntry) map[books.Month]books.ChainEntry {
	latest := map[books.Month]books.ChainEntry{}
	for _, e := range entries {
		if e.Action.Decides() {
			latest[e.Month] = e
		}
	}
	return latest
}

// checkStatement compares a month's statement, its sums for charts and its time
// with its entry.
func (a *Audit) checkStatement(ctx context.Context, tx *store.Tx, e books.ChainEntry) error {
	stored, err := tx.Statement(ctx, e.Month)
	if err != nil {
		return a.check(e, stored, err)
	}
	difference, sums := e.Compare(stored)
	if difference != "" {
		a.problem("%s", difference)
		return nil
	}
	kept, err := tx.MonthSums(ctx, e.Month, e.Revision)
	if err != nil {
		return err
	}
	if !sameSums(kept, sums) {
		a.problem("the figures kept of revision %d of %s are not those of its rows", e.Revision, e.Month)
	}
	at, err := tx.StatementStored(ctx, e.Month)
	if err != nil {
		return err
	}
	if e.Action == books.Adopted && slices.Contains(e.Notes, store.StoredNote(at)) || e.Action != books.Adopted && at == e.At.String() {
		return nil
	}
	a.problem("the statement of %s says that it was stored at %s, which is not when it was closed", e.Month, at)
	return nil
}

// checkRevisions compares the earlier revisions with the entries followed by
// another one of their month.
func (a *Audit) checkRevisions(ctx context.Context, tx *store.Tx, entries []books.ChainEntry) error {
	kept, err := tx.Revisions(ctx)
	if err != nil {
		return err
	}
	before := map[books.Month]books.ChainEntry{}
	for _, e := range entries {
		if !e.Action.Decides() {
			continue
		}
		was := before[e.Month]
		before[e.Month] = e
		if !was.HasStatement() {
			continue
		}
		stored, err := tx.Revision(ctx, e.Month, was.Revision)
		if err := a.check(was, stored, err); err != nil {
			return err
		}
		kept = slices.DeleteFunc(kept, func(r store.Revision) bool {
			if r.Month != e.Month.String() || r.Revision != was.Revision {
				return false
			}
			if r.ReplacedAt != e.At.SQL() {
				a.problem("revision %d of %s says that it was replaced at %s, which is not when that was", was.Revision, e.Month, r.ReplacedAt)
			}
			return true
		})
	}
	for _, r := range kept {
		a.problem("revision %d of %s is kept among the earlier ones, but the chain knows of none: somebody put it there, or the end of the chain is gone", r.Revision, r.Month)
	}
	return nil
}

// check compares one stored statement with its entry. An error means the
// database could not be read.
func (a *Audit) check(e books.ChainEntry, stored books.Stored, err error) error {
	if err != nil {
		if books.AsError(err).Kind != books.NotFound {
			return err
		}
		a.problem("revision %d of %s is gone", e.Revision, e.Month)
		return nil
	}
	if difference, _ := e.Compare(stored); difference != "" {
		a.problem("%s", difference)
	}
	return nil
}

func sameSums(a, b []books.DaySum) bool {
	all := map[books.DaySum]bool{}
	for _, s := range b {
		all[s] = true
	}
	for _, s := range a {
		if !all[s] {
			return false
		}
	}
	return len(a) == len(b)
}

// checkGuards names missing triggers.
func (a *Audit) checkGuards(ctx context.Context, tx *store.Tx, _ []books.ChainEntry) error {
	missing, err := tx.MissingGuards(ctx)
	for _, name := range missing {
		a.problem("the guard %s, which keeps anybody from changing what was closed, is gone or was changed: extrato migrate puts it back", name)
	}
	return err
}
