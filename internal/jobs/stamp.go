package jobs

import (
	"context"
	"encoding/base64"
	"slices"

	"extrato/internal/books"
	"extrato/internal/proof"
	"extrato/internal/store"
)

// stamp has the chain's head stamped with the time if the newest one is not. An
// authority that does not answer is asked again with the next watch; doctor
// says since when there was no stamp.
func (r *Runner) stamp(ctx context.Context) error {
	if r.o.TSA == nil {
		return nil
	}
	var l proof.Log
	stamped := false
	err := r.o.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if l, err = tx.Log(ctx, store.NewestHead); err != nil {
			return err
		}
		anchors, err := tx.Anchors(ctx)
		stamped = slices.ContainsFunc(anchors, func(a store.Anchor) bool { return a.Witness == store.TSA && a.Size == l.Tree.Size() })
		return err
	})
	if err != nil || stamped || l.Tree.Size() == 0 {
		return err
	}
	token, at, err := r.o.TSA.Stamp(ctx, l.Checkpoint)
	if err != nil {
		e := books.AsError(err)
		r.o.Log.Warn("chain's head not stamped", "code", e.Code, "cause", e.Error(), "hint", e.Hint)
		return nil
	}
	return r.o.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.SaveAnchor(ctx, store.Anchor{
			Size: l.Tree.Size(), Witness: store.TSA, Note: l.Checkpoint, Token: base64.StdEncoding.EncodeToString(token), At: books.InstantOf(at),
		})
	})
}
