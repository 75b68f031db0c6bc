package export

import "fmt"

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
