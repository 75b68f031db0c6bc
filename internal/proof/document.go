package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	gojson "github.com/go-json-experiment/json"

	"extrato/internal/books"
)

// Format names the document's layout.
const Format = "extrato proof 1"

// Document proves a month's statement without the database. It is attached to a
// printed statement and part of an exported one.
type Document struct {
	Format    string      `json:"format"`
	Keys      []PublicKey `json:"vkeys"`     // of the studio, the newest first
	Cosigners []PublicKey `json:"cosigners"` // of those who have seen the head
	Statement Statement   `json:"statement"`
	Entries   []Entry     `json:"entries"` // the statement's own entry first
	Proofs    []Inclusion `json:"proofs"`  // one for each entry, all with the same checkpoint
}

// Statement is a month as it is stored: five columns, each the text inside the
// stored JSON string; null for NULL.
type Statement struct {
	Month      books.Month `json:"month"`
	Pagamentos *string     `json:"pagamentos"`
	Sessoes    *string     `json:"sessoes"`
	Comissoes  *string     `json:"comissoes"`
	Gastos     *string     `json:"gastos"`
	Totais     *string     `json:"totais"`
}

func (s *Statement) columns() [books.PartCount]**string {
	return [books.PartCount]**string{&s.Pagamentos, &s.Sessoes, &s.Comissoes, &s.Gastos, &s.Totais}
}

// StatementOf returns the document's form of a stored statement. It fails with
// an Error of kind Integrity if that holds bytes that are no text.
func StatementOf(stored books.Stored) (Statement, error) {
	s := Statement{Month: stored.Month}
	for part, column := range s.columns() {
		text, there := stored.Inside(books.Part(part))
		if !there {
			continue
		}
		if !utf8.Valid(text) {
			return s, books.Integrityf("text_not_utf8", "the statement of %s holds bytes that are no UTF-8 text", stored.Month).
				WithHint("it cannot be exported with a proof; extrato audit verify tells more")
		}
		inside := string(text)
		*column = &inside
	}
	return s, nil
}

// Stored returns the statement as this program stores it: same rows, same seal.
func (s Statement) Stored() books.Stored {
	stored := books.Stored{Month: s.Month}
	for part, column := range s.columns() {
		if *column != nil {
			stored.Parts[part] = quoted(**column)
		}
	}
	return stored
}

// quoted returns text as a JSON string in the form of StatementWriter: only
// quotes and backslashes are escaped. A control character needs another form.
func quoted(text string) string {
	b := []byte{'"'}
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// Log is what a document is made of: the chain, its keys and a signed head.
type Log struct {
	Tree       *Tree
	Checkpoint string // of a head of this tree
	Keys       []PublicKey
	Cosigners  []PublicKey
}

// Prove returns the document of a stored statement and its entry, followed by
// others that explain it. All entries are below the checkpoint's head.
func (l Log) Prove(stored books.Stored, entry books.ChainEntry, others ...books.ChainEntry) (Document, error) {
	d := Document{Format: Format, Keys: l.Keys, Cosigners: append([]PublicKey{}, l.Cosigners...)}
	var err error
	if d.Statement, err = StatementOf(stored); err != nil {
		return d, err
	}
	for _, e := range append([]books.ChainEntry{entry}, others...) {
		in, err := l.Include(e.Seq)
		if err != nil {
			return d, err
		}
		d.Entries = append(d.Entries, EntryOf(e))
		d.Proofs = append(d.Proofs, in)
	}
	return d, nil
}

// Include proves that an entry is below the checkpoint's head.
func (l Log) Include(seq int64) (Inclusion, error) {
	h, err := ParseHead(l.Checkpoint)
	if err == nil && (h.Size > l.Tree.Size() || seq < 1 || seq > h.Size) {
		err = fmt.Errorf("entry %d cannot be proved in a log of %d entries, %d of them signed", seq, l.Tree.Size(), h.Size)
	}
	if err != nil {
		return Inclusion{}, err
	}
	return Inclusion{Seq: seq, Path: l.Tree.Inclusion(h.Size, seq), Checkpoint: l.Checkpoint}, nil
}

// JSON writes the document.
func (d Document) JSON() []byte {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		panic(err) // only texts and numbers
	}
	return text.Bytes()
}

// ParseDocument reads a document. It fails with an Error of kind Invalid on
// anything but JSON of this layout; repeated and unknown names are refused, so
// no two readers can see two documents in it.
func ParseDocument(text []byte) (Document, error) {
	var d Document
	if err := gojson.Unmarshal(text, &d, gojson.RejectUnknownMembers(true)); err != nil {
		return d, notAProof("this is no proof of a statement").Because(err)
	}
	switch {
	case d.Format != Format:
		return d, notAProof("the proof has the format %q, this program knows %q", d.Format, Format)
	case len(d.Entries) == 0 || len(d.Entries) != len(d.Proofs) || len(d.Keys) == 0:
		return d, notAProof("the proof lacks an entry, a proof of one, or a key")
	}
	return d, nil
}

// Verified is what a document proves.
type Verified struct {
	Checkpoint Checkpoint         // good signatures of the keys trusted or, without such keys, of the document's own
	Own        bool               // the studio's key is the document's own: only consistency is proved
	Statement  books.Stored       // to be read
	Entries    []books.ChainEntry // all below the checkpoint; the statement's first
	NoDetail   []int64            // entries without reason, totals and notes
}

// Verify checks the whole document: signatures, inclusion of each entry, and
// the statement against its entry. Trusted keys come from elsewhere: the
// studio's, a cosigner's, or both. Without one of the studio's, the document's
// own are taken. Verify fails with an Error of kind Integrity naming the
// difference, and of kind Invalid if a part cannot be read.
func (d Document) Verify(trusted ...PublicKey) (Verified, error) {
	v := Verified{Own: !slices.ContainsFunc(trusted, func(k PublicKey) bool { return !k.Cosigns() })}
	known := slices.Clone(trusted)
	for _, k := range slices.Concat(d.Keys, d.Cosigners) {
		if k.Cosigns() || v.Own {
			known = append(known, k)
		}
	}
	var err error
	if v.Checkpoint, err = Open(d.Proofs[0].Checkpoint, known...); err != nil {
		return v, err
	}
	for i, e := range d.Entries {
		c, err := e.Closing()
		switch in := d.Proofs[i]; {
		case err != nil:
			return v, err
		case in.Checkpoint != v.Checkpoint.Note:
			return v, notAProof("the proofs of the entries are of several heads")
		case in.Seq != c.Seq:
			return v, books.Integrityf("not_in_log", "the proof of entry %d is that of entry %d", c.Seq, in.Seq).WithHint(askAgain)
		}
		if err := CheckInclusion(v.Checkpoint.Head, c.Seq, c.Hash, d.Proofs[i].Path); err != nil {
			return v, err
		}
		if !e.HasDetail() {
			v.NoDetail = append(v.NoDetail, c.Seq)
		}
		v.Entries = append(v.Entries, c)
	}
	v.Statement = d.Statement.Stored()
	return v, v.compare()
}

// compare compares the statement with its entry. The seal covers every byte;
// the rows are read to explain a difference.
func (v Verified) compare() error {
	e := v.Entries[0]
	difference := ""
	switch {
	case !e.HasStatement() || e.Month != v.Statement.Month:
		difference = fmt.Sprintf("entry %d is not about it", e.Seq)
	case v.Statement.Seal() != e.Seal:
		difference, _ = e.Compare(v.Statement)
		if difference == "" {
			difference = "it is not the one under the seal of its entry"
		}
	}
	if difference == "" {
		return nil
	}
	return books.Integrityf("statement_changed", "the statement of %s is not what was closed: %s", v.Statement.Month, difference).
		WithHint(askAgain)
}
