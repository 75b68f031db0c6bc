package closing

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/proof"
	"extrato/internal/store"
)

// ProveAll calls begin with the signed log and the whole chain, and then each with
// the document of every statement and earlier revision, in the order of the
// entries. Reading may be tried again: begin then starts anew. It fails with an
// Error of kind Integrity if the chain or a statement was changed, and Refused if
// the key is lost.
func (c *Closer) ProveAll(ctx context.Context, begin func(proof.Log, []books.ChainEntry) error, each func(books.ChainEntry, proof.Document) error) error {
	return c.Store.Read(ctx, func(tx *store.Tx) error {
		entries, err := tx.ChainEntries(ctx)
		if err != nil {
			return err
		}
		var audit Audit
		audit.checkOrder(entries)
		if len(audit.Problems) > 0 {
			return books.Integrityf("broken_chain", "%s", audit.Problems[0]).WithHint("%s", store.MendChain)
		}
		l, err := tx.Log(ctx, store.NewestHead)
		if err != nil {
			return err
		}
		if err := begin(l, entries); err != nil {
			return err
		}
		latest := latestOf(entries)
		for _, e := range entries {
			if !e.HasStatement() {
				continue
			}
			stored, err := storedFor(ctx, tx, e, latest[e.Month].Seq == e.Seq)
			if err != nil {
				return err
			}
			d, err := l.Prove(stored, e)
			if err != nil {
				return err
			}
			if err := each(e, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// storedFor returns the verified statement of an entry: the month's own, or an
// earlier revision.
func storedFor(ctx context.Context, tx *store.Tx, e books.ChainEntry, newest bool) (books.Stored, error) {
	if newest {
		return verifiedStatement(ctx, tx, e.Month, e)
	}
	stored, err := tx.Revision(ctx, e.Month, e.Revision)
	if err != nil && books.AsError(err).Kind == books.NotFound {
		return stored, books.Integrityf(errMissing.Code, "revision %d of %s is gone from the database", e.Revision, e.Month).
			WithHint("put its row in revisions back from a dump; extrato audit verify lists all differences")
	}
	if err != nil {
		return stored, err
	}
	return verifyStored(e, stored)
}
