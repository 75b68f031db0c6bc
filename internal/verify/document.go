package verify

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	gojson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"extrato/internal/books"
	"extrato/internal/export"
	"extrato/internal/proof"
)

// document checks a proof: what is attached to a PDF, or stands in a statement's
// JSON. It reports whether it holds.
func (c *checker) document(r *Result, text []byte) bool {
	d, err := proof.ParseDocument(text)
	if err != nil {
		r.failWith(err)
		return false
	}
	v, err := d.Verify(c.keysOf(d.Proofs[0].Checkpoint)...)
	if err == nil {
		err = compareRows(v)
	}
	header, broken := v.Statement.Header() // of v4's, only the seal was compared
	if err = cmp.Or(err, broken); err != nil {
		r.failWith(err)
		return false
	}
	e := v.Entries[0]
	r.document = &v
	r.checked("%s, revision %d: %s", e.Month, e.Revision, e.Counts.English())
	t := header.Totals
	r.checked("revenue %s, commissions %s, expenses %s, net revenue %s", t.Revenue.People(), t.Commissions.People(), t.Expenses.People(), t.NetRevenue.People())
	if e.Action == books.Adopted {
		r.checked("every byte of the statement, made by v4, is under the seal of entry %d", e.Seq)
	} else {
		r.checked("every byte of the statement is under the seal of entry %d, its rows under the fingerprint", e.Seq)
	}
	for _, e := range v.Entries {
		r.checked("entry %d, %s, is in the log at size %d", e.Seq, e.Hash, v.Checkpoint.Size)
		c.entries = append(c.entries, seenEntry{r, e})
	}
	for _, seq := range v.NoDetail {
		r.trusted("the reason, totals and notes of entry %d: they were withheld or erased", seq)
	}
	c.signed(r, v.Checkpoint, v.Own)
	r.trusted("nothing newer: it is in the log at size %d, which may have gone on", v.Checkpoint.Size)
	return true
}

// compareRows compares the rows with the entry as well: the seal alone would
// trust the signer to have counted right.
func compareRows(v proof.Verified) error {
	e := v.Entries[0]
	if header, err := v.Statement.Header(); err == nil && e.Totals == "" { // withheld
		e.Totals = string(header.Totals.JSON())
	}
	if difference, _ := e.Compare(v.Statement); difference != "" {
		return books.Integrityf("statement_changed", "the statement of %s is not what was closed: %s", e.Month, difference)
	}
	return nil
}

// signed reports the head's signatures, and keeps it to be compared with others.
func (c *checker) signed(r *Result, p proof.Checkpoint, own bool) {
	r.checked("the head of %s at size %d, root %s, is signed", p.Origin, p.Size, p.Root)
	if own {
		r.trusted("key: from the file itself, %s; compare it with one from elsewhere (--key)", printed(p.Signed))
	} else {
		r.trusted("key: given, %s", printed(p.Signed))
	}
	for _, s := range p.Cosigned {
		r.checked("%s cosigned that head on %s", s.Key.Name(), s.At.Format(time.RFC3339))
		r.trusted("the key of %s: %s", s.Key.Name(), s.Key)
	}
	c.heads = append(c.heads, seenHead{r, p, own})
}

// printed returns keys as statements print them.
func printed(keys []proof.PublicKey) string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.Printed()
	}
	return strings.Join(all, ", ")
}

// statement checks a statement's JSON: its proof, and then all it says against
// the proof, by writing it anew.
func (c *checker) statement(r *Result, text []byte) {
	var says map[string]jsontext.Value
	if err := gojson.Unmarshal(text, &says); err != nil { // repeated names, too: readers differ about them
		r.fail(Unknown, "it cannot be read: %s", err)
		return
	}
	document, ok := says["proof"]
	if !ok {
		r.fail(Unknown, "there is no proof in it: it is one artist's part, or was written without one")
		return
	}
	if !c.document(r, document) {
		return
	}
	var again bytes.Buffer
	var proved map[string]jsontext.Value
	err := export.WriteJSON(&again, shown(*r.document, nil))
	if err == nil {
		err = gojson.Unmarshal(again.Bytes(), &proved)
	}
	if err != nil {
		r.fail(Unknown, "it cannot be compared: %s", err)
		return
	}
	delete(says, "proof")
	if name := differs(says, proved); name != "" {
		r.fail(Wrong, "%q in the file is not what its proof holds", name)
		return
	}
	r.checked("all that the file says is what its proof holds")
}

// differs returns the first name with another value, "" if there is none. Amounts
// must have the same digits.
func differs(a, b map[string]jsontext.Value) string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	for _, name := range names {
		x, y := plain(a[name]), plain(b[name])
		if x == nil || !bytes.Equal(x, y) {
			return name
		}
	}
	return ""
}

// plain returns a value without blanks, names in order; nil of none.
func plain(v jsontext.Value) []byte {
	if v == nil {
		return nil
	}
	v = v.Clone()
	if err := v.Format(jsontext.ReorderRawObjects(true)); err != nil {
		return nil
	}
	return v
}

// shown returns a proved statement, ready to be shown.
func shown(v proof.Verified, zone *time.Location) export.Statement {
	s, err := export.Of(v.Statement, v.Entries[0], zone)
	if err != nil {
		return export.Statement{Unverified: true} // compareRows has read it: this cannot be
	}
	return s
}

// Render writes the pages of a proved statement's PDF anew, from what was checked.
// It fails with an Error of kind Invalid if the result is of no statement.
func (r Result) Render(w io.Writer, zone *time.Location, lang export.Lang) error {
	if r.document == nil || r.Result != Proved {
		return books.Invalidf("nothing_to_render", "%s is no proved statement", r.File).WithHint("--render makes the pages of one proved statement anew")
	}
	return export.WritePDF(w, shown(*r.document, zone), lang)
}

// code checks the text of a statement's QR code.
func (c *checker) code(r *Result, text string) {
	in, entry, err := proof.ParsePaper(strings.TrimSpace(text))
	if err != nil {
		r.failWith(err)
		return
	}
	head, err := proof.ParseHead(in.Checkpoint)
	if err == nil {
		err = proof.CheckInclusion(head, in.Seq, entry, in.Path)
	}
	if err != nil {
		r.failWith(err)
		return
	}
	r.checked("entry %d, %s, is in the log at size %d: compare number and hash with the paper's", in.Seq, entry, head.Size)
	r.trusted("the rest of the paper: the code covers the entry's hash only")
	c.checkpoint(r, in.Checkpoint)
}
