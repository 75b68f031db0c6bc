package export

import (
	"bufio"
	"encoding/json"
	"io"

	"extrato/internal/books"
)

// WriteJSON writes the statement as one JSON document, a line per record.
// Records have v4's names first and then ours, as in the stored statement;
// amounts are numbers with exactly two decimals. An artist's extract names the
// artist under "artist". A statement of v4's says "adopted" and has null for a
// fingerprint; one not adopted yet says "unrecorded" and has null for the time
// of its close; a changed one says "unverified" and has null for fingerprint
// and chain. "proof" is the document attached to the PDF, for extrato verify.
func WriteJSON(w io.Writer, s Statement) error {
	out := bufio.NewWriter(w)
	d := &document{out: out}
	d.value("month", s.Month)
	if s.Unverified {
		d.value("unverified", true)
	}
	d.value("revision", s.Revision)
	if s.Unrecorded {
		d.value("closed_at", nil)
	} else {
		d.value("closed_at", s.ClosedAt.String())
	}
	if s.Adopted {
		d.value("adopted", true)
	}
	if s.Unrecorded {
		d.value("unrecorded", true)
	}
	if s.artist != nil {
		d.value("artist", map[string]any{"id": s.artist.id, "name": s.artist.name})
	}
	d.value("counts", s.Header.Counts)
	d.value("totals", json.RawMessage(s.Header.Totals.JSON()))
	d.list("payments", s.Rows, books.PaymentKind)
	d.list("sessions", s.Rows, books.SessionKind)
	d.list("commissions", s.Rows, books.CommissionKind)
	d.list("expenses", s.Rows, books.ExpenseKind)
	if s.Unverified || s.Header.Fingerprint.IsZero() {
		d.value("fingerprint", nil)
	} else {
		d.value("fingerprint", s.Header.Fingerprint)
	}
	d.value("backup", struct {
		File   string `json:"file"`
		SHA256 string `json:"sha256"`
	}{s.BackupFile, s.BackupSHA256})
	if s.Unverified {
		d.value("chain", nil)
	} else {
		d.chain(s)
		if s.Proof != nil && s.Proof.Document != nil {
			d.value("proof", json.RawMessage(s.Proof.Document))
		}
	}
	out.WriteString("}\n")
	if d.err != nil {
		return d.err
	}
	return out.Flush()
}

func (d *document) chain(s Statement) {
	d.value("chain", struct {
		Seq  int64             `json:"seq"`
		Hash books.Fingerprint `json:"hash"`
	}{s.ChainSeq, s.ChainHash})
}

// document writes one JSON object. Its writer keeps the first error.
type document struct {
	out     *bufio.Writer
	started bool
	err     error
}

func (d *document) key(name string) {
	if d.started {
		d.out.WriteString(",\n")
	} else {
		d.out.WriteByte('{')
	}
	d.started = true
	d.out.WriteString(`"` + name + `":`)
}

func (d *document) value(name string, v any) {
	raw, err := json.Marshal(v)
	if err != nil && d.err == nil {
		d.err = err
	}
	d.key(name)
	d.out.WriteString(Escaped(raw))
}

// list writes the rows of one kind.
func (d *document) list(name string, rows []books.Row, kind books.Kind) {
	d.key(name)
	separator := "[\n"
	var b []byte
	for _, row := range rows {
		if row.Kind() != kind {
			continue
		}
		d.out.WriteString(separator)
		b = books.AppendRowJSON(b[:0], row)
		d.out.WriteString(Escaped(b))
		separator = ",\n"
	}
	if separator == "[\n" {
		d.out.WriteByte('[')
	}
	d.out.WriteByte(']')
}
