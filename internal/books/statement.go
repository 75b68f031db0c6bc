package books

import (
	"bufio"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// Header is the metadata of a stored statement. It rides in the totals object
// under the key "extrato", where v4's pages do not look.
type Header struct {
	Version     int         `json:"versao"`
	Month       Month       `json:"mes"`
	Revision    int         `json:"revisao"`
	Fingerprint Fingerprint `json:"fingerprint"`
	// Salt keeps the seal of a statement from being guessed. Each close has its
	// own, the same in its backup's manifest.
	Salt   Salt        `json:"sal"`
	Core   Fingerprint `json:"-"`
	Counts Counts      `json:"-"`
	Totals Totals      `json:"-"`
	Days   []DaySum    `json:"-"` // of a statement written just now
}

// headerVersion is the version of statements written by this program.
const headerVersion = 1

// Part is one of the JSON columns of v4's table extratos.
type Part int

// The parts of a statement, in writing order.
const (
	PaymentsPart Part = iota
	SessionsPart
	CommissionsPart
	ExpensesPart
	TotalsPart
	PartCount
)

// Column returns the part's column in extratos.
func (p Part) Column() string {
	return [PartCount]string{"pagamentos", "sessoes", "comissoes", "gastos", "totais"}[p]
}

// StatementWriter writes a month's rows, in order, as the five JSON columns of
// v4's table extratos, one after the other into one stream. As v4 does, each
// column is a JSON string that holds JSON: v4's own pages call json.loads on
// what the database returns and fail on a native array.
//
// v4's keys come first in each object; the others make the statement lossless.
type StatementWriter struct {
	out      *bufio.Writer
	written  int64
	part     Part
	empty    bool
	ends     [PartCount]int64
	lengths  [PartCount]int64
	buf      []byte
	values   []Value
	digest   *Digest
	tally    *Tally
	days     *DaySums
	people   [KindCount][]byte
	payments IDs
	month    Month
	revision int
}

// NewStatementWriter returns a writer for this revision of month's statement.
func NewStatementWriter(out io.Writer, month Month, revision int) *StatementWriter {
	w := &StatementWriter{
		out: bufio.NewWriterSize(out, 256<<10), digest: NewDigest(), tally: NewTally(), days: NewDaySums(month),
		month: month, revision: revision, empty: true,
	}
	w.raw(`"[`)
	return w
}

// Add writes the next row. It fails with an Error of kind Integrity if rows
// are not in order.
func (w *StatementWriter) Add(row Row) error {
	if err := w.digest.Add(row); err != nil {
		return err
	}
	w.tally.Add(row)
	w.days.Add(row)
	kind := row.Kind()
	if kind == StayingKind { // for backups only
		return nil
	}
	if kind == PaymentKind {
		w.payments.Add(row.Key())
	}
	if kind >= LinkKind {
		w.people[kind] = append(w.appendRow(w.people[kind], row), ',')
		return nil
	}
	for w.part < Part(kind) {
		w.endPart()
	}
	w.buf = w.buf[:0]
	if !w.empty {
		w.buf = append(w.buf, ',')
	}
	w.empty = false
	w.buf = w.appendRow(w.buf, row)
	w.quoted(w.buf)
	return nil
}

// Finish writes the rest and returns the statement's header, and the end of
// each part in the stream.
func (w *StatementWriter) Finish(salt Salt) (Header, [PartCount]int64, error) {
	for w.part < TotalsPart {
		w.endPart()
	}
	h := Header{
		Version: headerVersion, Month: w.month, Revision: w.revision,
		Fingerprint: w.digest.Sum(), Core: w.digest.Core(), Salt: salt, Counts: w.digest.Counts(), Totals: w.tally.Totals(), Days: w.days.List(),
	}
	b := h.Totals.JSON()
	b = append(b[:len(b)-1], `,"extrato":`...)
	header, err := json.Marshal(h)
	if err != nil {
		return Header{}, w.ends, err
	}
	b = append(b, header[:len(header)-1]...)
	for _, list := range []struct {
		key  string
		kind Kind
	}{{"vinculos", LinkKind}, {"clientes", ClientKind}, {"artistas", ArtistKind}} {
		b = append(b, `,"`+list.key+`":[`...)
		rows := w.people[list.kind]
		b = append(b, rows[:max(len(rows)-1, 0)]...)
		b = append(b, ']')
	}
	w.raw(`"`)
	w.quoted(append(b, '}', '}'))
	w.raw(`"`)
	w.ends[TotalsPart] = w.written
	return h, w.ends, w.out.Flush()
}

// Payments returns the ids of the added payments.
func (w *StatementWriter) Payments() IDs { return w.payments }

func (w *StatementWriter) endPart() {
	w.raw(`]"`)
	w.ends[w.part] = w.written
	w.part++
	w.empty = true
	if w.part < TotalsPart {
		w.raw(`"[`)
	}
}

// raw and quoted leave errors to bufio: Flush returns the first.
func (w *StatementWriter) raw(s string) {
	n, _ := w.out.WriteString(s)
	w.written += int64(n)
	w.lengths[w.part] += int64(len(strings.Trim(s, `"`)))
}

// quoted writes JSON text as the inside of a JSON string. Such text holds no
// control characters, so quotes and backslashes are all there is to escape.
func (w *StatementWriter) quoted(text []byte) {
	start := 0
	for i, c := range text {
		if c == '"' || c == '\\' {
			w.out.Write(text[start:i])
			w.out.WriteByte('\\')
			start = i
			w.written++
		}
	}
	w.out.Write(text[start:])
	w.written += int64(len(text))
	w.lengths[w.part] += int64(len(text))
}

// Lengths returns, after Finish, how many bytes each part has inside its JSON
// string, as a Sealer needs to know.
func (w *StatementWriter) Lengths() [PartCount]int64 { return w.lengths }

func (w *StatementWriter) appendRow(b []byte, row Row) []byte {
	w.values = row.AppendCopies(row.AppendValues(w.values[:0]))
	return appendRowJSON(b, row.Kind(), w.values)
}

// AppendRowJSON appends the row as in a statement: a JSON object with v4's keys
// first, in v4's order, and then ours, to make it lossless.
func AppendRowJSON(b []byte, row Row) []byte {
	return appendRowJSON(b, row.Kind(), row.AppendCopies(row.AppendValues(nil)))
}

// AppendRowKeys appends a JSON object with these keys of the row, in this
// order; null for a key its kind does not have.
func AppendRowKeys(b []byte, row Row, keys []string) []byte {
	values, fields := row.AppendCopies(row.AppendValues(nil)), statementFields[row.Kind()]
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendJSONString(b, key), ':')
		if n := slices.IndexFunc(fields, func(f statementField) bool { return f.key == key }); n >= 0 {
			b = values[fields[n].index].AppendJSON(b)
		} else {
			b = append(b, "null"...)
		}
	}
	return append(b, '}')
}

func appendRowJSON(b []byte, kind Kind, values []Value) []byte {
	b = append(b, '{')
	for i, f := range statementFields[kind] {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, f.prefix...)
		b = values[f.index].AppendJSON(b)
	}
	return append(b, '}')
}

// statementFields maps for each kind keys to values.
var statementFields = func() (all [KindCount][]statementField) {
	for k := range KindCount {
		names := slices.Concat(k.Columns(), k.Copies())
		for _, key := range kinds[k].statement {
			all[k] = append(all[k], statementField{key, `"` + key + `":`, slices.Index(names, key)})
		}
	}
	return all
}()

type statementField struct {
	key, prefix string
	index       int
}
