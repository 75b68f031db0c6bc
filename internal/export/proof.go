package export

import (
	"fmt"

	"extrato/internal/books"
	"extrato/internal/proof"
)

// Proof lets a reader check a statement without the server. The document holds
// the whole month, so it goes with the whole statement only.
type Proof struct {
	Document []byte // JSON, "extrato proof 1"; nil: none
	Code     string // the inclusion proof as text, in ASCII; printed as a QR code; "": none
	Origin   string // the name of the studio's log
	Key      string // the studio's public key, base64
	Size     int64  // the number of entries under the signed head
	Root     string // of the tree of these entries, base64
}

// ProofOf returns a document's proof, ready to be shown.
func ProofOf(d proof.Document) (*Proof, error) {
	h, err := proof.ParseHead(d.Proofs[0].Checkpoint)
	if err != nil {
		return nil, err
	}
	return &Proof{
		Document: d.JSON(), Code: d.Proofs[0].PaperText(d.Entries[0].Hash),
		Origin: h.Origin, Key: d.Keys[0].Printed(), Size: h.Size, Root: h.Root.String(),
	}, nil
}

// Attach adds a document made for the statement. Without one, since the key is
// lost, the text is no UTF-8 or v4's statement is not in the chain yet, the
// statement is shown without a proof.
func (s *Statement) Attach(d proof.Document, err error) error {
	if e := books.AsError(err); e != nil {
		if e.Kind == books.Refused || e.Kind == books.NotFound || e.Code == "text_not_utf8" {
			return nil
		}
		return err
	}
	s.Proof, err = ProofOf(d)
	return err
}

// head returns the proof without the month: the signed head alone.
func (p *Proof) head() *Proof {
	if p == nil {
		return nil
	}
	return &Proof{Origin: p.Origin, Key: p.Key, Size: p.Size, Root: p.Root}
}

// headLines are the signed head on paper. Root and key are whole: a part of them
// could be matched by trying.
func (c catalogue) headLines(p *Proof) []named {
	if p == nil {
		return nil
	}
	return []named{
		{c.signedHead, fmt.Sprintf(c.entriesUnder, p.Size, p.Root)},
		{c.signedBy, p.Origin},
		{c.publicKey, p.Key},
	}
}
