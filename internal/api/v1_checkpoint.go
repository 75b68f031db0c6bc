package api

import (
	"context"
	"net/http"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/proof"
	"extrato/internal/store"
)

// signedHead is the chain's head, as others keep it.
type signedHead struct {
	Checkpoint  string   `json:"checkpoint" doc:"A C2SP checkpoint: the number of entries, the root of the tree over their hashes, and signatures."`
	Keys        []string `json:"keys" doc:"The studio's public keys, the newest first. Compare them with keys from elsewhere."`
	From        int64    `json:"from"`
	Consistency []string `json:"consistency" doc:"Proves that the chain continues the one of from entries: hashes of RFC 6962, as base64."`
	Proofs      []proven `json:"proofs" doc:"Of the last entry, and of the entries after from that replaced the key."`
}

// proven is an entry's inclusion proof.
type proven struct {
	Seq   int64  `json:"seq"`
	Proof string `json:"proof" doc:"A C2SP tlog-proof."`
}

type shownHead struct{ Body signedHead }

type headInput struct {
	From int64 `query:"from" minimum:"0" maximum:"2147483647" doc:"The number of entries of a head seen before."`
}

type cosignatureBody struct {
	Checkpoint string `json:"checkpoint" maxLength:"20000" doc:"The signed head with the cosignature."`
	Cosigner   string `json:"cosigner" maxLength:"200" doc:"The cosigner's public key."`
}

type cosignatureInput struct {
	Keyed
	Body cosignatureBody
}

type cosignatureKept struct {
	Size int64  `json:"size" doc:"Entries of the head."`
	At   string `json:"at" doc:"By the cosigner's clock."`
}

func (v *v1) registerCheckpoint() {
	register(v, operation{
		method: http.MethodGet, path: "checkpoint", id: "get-checkpoint", tag: "history", needs: auth.Read,
		summary: "The signed head of the chain", description: "Leaf n of the tree is the 32 bytes of the hash of entry n+1. Keep the head where the server cannot reach it, " +
			"and give its number of entries as from the next time: the answer then proves that no entry of the past was changed.",
	}, v.checkpoint)
	register(v, operation{
		method: http.MethodPost, path: "checkpoint/cosignatures", id: "cosign-checkpoint", tag: "history", needs: auth.Close, errors: []int{http.StatusNotFound},
		summary: "Leave a cosignature of a head", description: "Exported statements show it from then on: somebody else saw this head. It must be of a head of this chain.",
	}, v.cosign)
}

func (v *v1) checkpoint(ctx context.Context, in *headInput) (*shownHead, error) {
	out := &shownHead{}
	err := v.s.Store.Read(ctx, func(tx *store.Tx) error {
		l, err := tx.Log(ctx, store.NewestHead)
		if err != nil {
			return err
		}
		keyed, err := tx.KeyedEntries(ctx)
		if err == nil {
			out.Body, err = signedHeadOf(l, keyed, in.From)
		}
		return err
	})
	return out, err
}

func signedHeadOf(l proof.Log, keyed []books.ChainEntry, from int64) (signedHead, error) {
	size := l.Tree.Size()
	h := signedHead{Checkpoint: l.Checkpoint, Keys: []string{}, From: from, Consistency: []string{}, Proofs: []proven{}}
	for _, k := range l.Keys {
		h.Keys = append(h.Keys, k.String())
	}
	if from <= size {
		for _, hash := range l.Tree.Consistency(from, size) {
			h.Consistency = append(h.Consistency, hash.String())
		}
	}
	wanted := []int64{}
	for _, e := range keyed {
		if e.Seq > from && e.Seq < size {
			wanted = append(wanted, e.Seq)
		}
	}
	if size > 0 {
		wanted = append(wanted, size)
	}
	for _, seq := range wanted {
		in, err := l.Include(seq)
		if err != nil {
			return h, err
		}
		h.Proofs = append(h.Proofs, proven{seq, in.String()})
	}
	return h, nil
}

func (v *v1) cosign(ctx context.Context, in *cosignatureInput) (*response[cosignatureKept], error) {
	return repeatable(ctx, v, in.Key, "POST /api/v1/checkpoint/cosignatures", in.Body, func() (response[cosignatureKept], error) {
		cosigner, err := proof.ParsePublicKey(in.Body.Cosigner)
		if err != nil {
			return response[cosignatureKept]{}, err
		}
		var kept store.Anchor
		err = v.s.Store.Write(ctx, func(tx *store.Tx) error {
			kept, err = tx.KeepCosignature(ctx, in.Body.Checkpoint, cosigner)
			return err
		})
		return response[cosignatureKept]{Body: cosignatureKept{kept.Size, kept.At.String()}}, err
	})
}
