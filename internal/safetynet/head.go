package safetynet

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"extrato/internal/books"
	"extrato/internal/proof"
)

// signedHead is the chain's signed head as the server gives it, with proofs.
type signedHead struct {
	Checkpoint  string            `json:"checkpoint"`
	Keys        []proof.PublicKey `json:"keys"`
	Consistency []proof.Hash      `json:"consistency"`
	Proofs      []struct {
		Seq   int64           `json:"seq"`
		Proof proof.Inclusion `json:"proof"`
	} `json:"proofs"`
}

func (c *Client) signedHead(ctx context.Context, from int64) (h signedHead, err error) {
	err = c.read(ctx, "checkpoint?from="+strconv.FormatInt(from, 10), &h)
	return h, there(err)
}

// cosign leaves a cosignature, once.
func (c *Client) cosign(ctx context.Context, checkpoint string, cosigner proof.PublicKey) error {
	body := struct {
		Checkpoint string          `json:"checkpoint"`
		Cosigner   proof.PublicKey `json:"cosigner"`
	}{checkpoint, cosigner}
	return c.ask(ctx, request{method: http.MethodPost, path: "/api/v1/checkpoint/cosignatures", document: body, tries: 1, judge: func(a answer) error {
		if a.status == http.StatusOK {
			return nil
		}
		return c.refusal(a)
	}})
}

// readChain returns the entries as Net.chain does, below a signed head that
// continues the kept one. w is for State.
func (n *Net) readChain(ctx context.Context, down int64) (chain []entry, w witnessed, err error) {
	kept, err := n.State.head()
	if err != nil {
		return nil, w, err
	}
	h, err := n.Server.signedHead(ctx, kept.Size) // before the chain, which may grow
	if err != nil {
		return nil, w, err
	}
	if kept.Size > 0 {
		down = min(down, kept.Size)
	}
	if chain, err = n.chain(ctx, down); err != nil {
		return nil, w, err
	}
	w, err = n.witness(h, kept, chain)
	return chain, w, err
}

// witnessed is a checked head, and the keys that signed it.
type witnessed struct {
	checkpoint string
	keys       []proof.PublicKey
	first      bool // no key was known before
}

// witness checks a head: a known key signed it, it continues the kept one, and
// the chain's entries are under it. It follows a key replaced by an entry.
func (n *Net) witness(h signedHead, kept proof.Head, chain []entry) (w witnessed, err error) {
	known := slices.Concat(n.Trust, n.State.Keys)
	if w.first = len(known) == 0; w.first {
		known = h.Keys
	}
	c, err := proof.Open(h.Checkpoint, known...)
	if err != nil {
		return w, noHead(err)
	}
	if kept.Origin != "" {
		if err := proof.CheckConsistency(kept, c.Head, h.Consistency); err != nil {
			return w, err
		}
	}
	proved, err := h.entries(c, chain)
	if err != nil {
		return w, err
	}
	for _, e := range slices.Backward(chain) { // oldest first
		switch {
		case e.Seq > c.Size || e.Seq <= kept.Size || e.Action != books.Keyed && e.Seq != c.Size:
			continue
		case !slices.Contains(proved, e.Seq):
			return w, books.Integrityf("not_in_log", "entry %d of the chain is not proved to be under the signed head", e.Seq).WithHint(onServer + "extrato audit verify")
		case e.Action == books.Keyed:
			key, err := proof.KeyIn(e.closing())
			if err != nil {
				return w, err
			}
			if _, err := proof.Open(h.Checkpoint, key); err != nil {
				return w, noHead(err)
			}
			known = append([]proof.PublicKey{key}, known...)
		}
	}
	c, err = proof.Open(h.Checkpoint, known...)
	w.checkpoint, w.keys = h.Checkpoint, c.Signed
	return w, err
}

// entries returns the numbers of the entries proved to be under a head.
func (h signedHead) entries(c proof.Checkpoint, chain []entry) (proved []int64, err error) {
	for _, p := range h.Proofs {
		i := slices.IndexFunc(chain, func(e entry) bool { return e.Seq == p.Seq })
		if i < 0 || p.Proof.Seq != p.Seq || p.Proof.Checkpoint != h.Checkpoint {
			continue
		}
		if err := proof.CheckInclusion(c.Head, p.Seq, chain[i].Hash, p.Proof.Path); err != nil {
			return nil, err
		}
		proved = append(proved, p.Seq)
	}
	return proved, nil
}

// noHead explains a head that cannot be taken.
func noHead(err error) error {
	e := books.AsError(err)
	switch e.Code {
	case "not_a_proof":
		return &books.Error{Kind: books.Internal, Code: "bad_answer", Message: "the signed head in the answer cannot be read", Hint: "something between us and the server may change answers"}
	case "unsigned_head":
	default:
		return err
	}
	return e.WithHint("somebody else answers, or the studio's key was lost and replaced: ask the owner for the new key (extrato audit checkpoint --json), then: extrato safetynet --key KEY")
}

// head returns the kept head, the zero Head if there is none.
func (s State) head() (proof.Head, error) {
	if s.Checkpoint == "" {
		return proof.Head{}, nil
	}
	return proof.ParseHead(s.Checkpoint)
}

// checkHead reports whether a state's signed head is one.
func (s State) checkHead() error {
	if s.Checkpoint == "" && len(s.Keys) == 0 {
		return nil
	}
	if _, err := proof.Open(s.Checkpoint, s.Keys...); err != nil {
		return errors.New("the signed head is none")
	}
	return nil
}

// keep puts a checked head into the state.
func (n *Net) keep(w witnessed, r *Result) {
	if w.first {
		r.note("log_first_seen", w.keys[0].String())
	}
	n.State.Checkpoint, n.State.Keys = w.checkpoint, w.keys
}

// cosign signs the kept head, once everything is proved, and leaves the
// signature on the server, where exported statements show it.
func (n *Net) cosign(ctx context.Context, r *Result) {
	r.Proof.Checkpoint = n.State.Checkpoint
	if n.Cosigner == nil {
		return
	}
	text, err := proof.Cosign(n.State.Checkpoint, *n.Cosigner, n.Now())
	if err == nil {
		err = n.Server.cosign(ctx, text, n.Cosigner.Public())
	}
	if err != nil {
		r.note("not_cosigned", books.AsError(err).Message)
		return
	}
	n.State.Checkpoint, r.Proof.Checkpoint, r.Proof.Cosigned = text, text, true
}
