package closing

import (
	"context"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/proof"
	"extrato/internal/store"
)

// ReplaceKey makes a new key for signing heads, in an entry of the chain. The
// earlier keys still here go on signing, so everybody who knows one can follow.
// It fails with an Error of kind Invalid without a reason.
func (c *Closer) ReplaceKey(ctx context.Context, reason string, by books.Actor) (entry books.ChainEntry, key proof.PublicKey, err error) {
	if strings.TrimSpace(reason) == "" {
		return entry, key, books.Invalidf("no_reason", "a reason is needed to replace the key").WithHint("say why: extrato audit rekey --reason \"the old key was lost\"")
	}
	id := books.CorrelationID(ctx)
	err = c.Store.Write(ctx, func(tx *store.Tx) error {
		keys, err := tx.SigningKeys(ctx)
		if err != nil {
			return err
		}
		origin := proof.NewOrigin("")
		if len(keys) > 0 {
			origin = keys[0].Public.Name()
		}
		made := proof.NewKey(origin)
		if err := tx.AddSigningKey(ctx, made); err != nil {
			return err
		}
		key = made.Public()
		entry, err = tx.AppendEntry(ctx, books.ChainEntry{
			Action: books.Keyed, At: books.InstantOf(c.Now()), By: by, Reason: reason, CorrelationID: id,
			Totals: "{}", Notes: []string{proof.KeyNote(key)},
		})
		if err != nil {
			return err
		}
		return c.announce(ctx, tx, entry)
	})
	if err == nil {
		c.Log.Info("signing key replaced", "entry", entry.Seq, "correlation_id", id)
	}
	return entry, key, err
}

// Prove returns the document that proves a month's statement without the
// database. It fails with an Error of kind Integrity if the statement or the
// chain was changed, NotFound if the month has no statement in the chain, and
// Refused if the key is lost.
func (c *Closer) Prove(ctx context.Context, month books.Month) (d proof.Document, err error) {
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		d, err = ProveIn(ctx, tx, month)
		return err
	})
	return d, err
}

// ProveIn is Closer.Prove in a transaction.
func ProveIn(ctx context.Context, tx *store.Tx, month books.Month) (proof.Document, error) {
	last, err := tx.LastEntry(ctx, month)
	if err != nil {
		return proof.Document{}, err
	}
	if !last.HasStatement() {
		return proof.Document{}, books.ErrNotClosed
	}
	stored, err := verifiedStatement(ctx, tx, month, last)
	if err != nil {
		return proof.Document{}, err
	}
	l, err := tx.Log(ctx, last.Seq)
	if err != nil {
		return proof.Document{}, err
	}
	keyed, err := tx.KeyedEntries(ctx)
	if err != nil {
		return proof.Document{}, err
	}
	h, err := proof.ParseHead(l.Checkpoint)
	if err != nil {
		return proof.Document{}, err
	}
	keyed = slices.DeleteFunc(keyed, func(e books.ChainEntry) bool { return e.Seq > h.Size })
	return l.Prove(stored, last, keyed...)
}

// checkKeys compares the studio's keys with the entries that made them, both
// ways, and the heads seen by others with the chain.
func (a *Audit) checkKeys(ctx context.Context, tx *store.Tx, entries []books.ChainEntry) error {
	keys, err := tx.SigningKeys(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, k := range keys {
		known[k.Public.String()] = true
	}
	made := map[string]bool{}
	for _, e := range entries {
		if e.Action != books.Keyed {
			continue
		}
		key, err := proof.KeyIn(e)
		if made[key.String()] = true; err != nil || !known[key.String()] {
			a.problem("the key that entry %d of the chain made is gone", e.Seq)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	for _, k := range keys[:len(keys)-1] { // the first key has no entry
		if !made[k.Public.String()] {
			a.problem("no entry of the chain made the key %s: the entry was taken out, or the end of the chain is gone", k.Public)
		}
	}
	tree, err := tx.Tree(ctx)
	if err != nil {
		return nil //nolint:nilerr // checkOrder names the entry
	}
	anchors, err := tx.Anchors(ctx)
	for _, seen := range anchors {
		if wrong := store.CheckAnchor(tree, seen); wrong != nil {
			a.problem("%s", wrong)
		}
	}
	return err
}
