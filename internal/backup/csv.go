package backup

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"extrato/internal/books"
)

// The CSV of a backup is RFC 4180 in UTF-8 with LF line ends and one header.
// As in PostgreSQL's CSV, an unquoted empty field is NULL and "" is the empty
// text, and every text survives byte for byte; encoding/csv keeps neither.

// header is every column of v4's backups under v4's names, and the ones added
// to make ours lossless.
var header = []string{
	"type", "id", "data", "cliente_id", "cliente_name", "artista_id", "artista_name", "valor", "forma_pagamento",
	"observacoes", "status", "sessao_id", "payment_id", "pagamento_id", "percentual", "descricao", "created_by",
	"creator_name", "google_event_id", "comissao", "hora", "created_at", "updated_at", "jotform_submission_id", "email", "role",
	"sessao_data", "pagamento_valor", "pagamento_data", "sinal", "categoria",
}

// layout is, for each kind, the column of each of a row's values and copies.
var layout = func() (all [books.KindCount][]int) {
	rename := map[books.Kind]map[string]string{
		books.ClientKind: {"name": "cliente_name"},
		books.ArtistKind: {"name": "artista_name"},
	}
	for k := range books.KindCount {
		for _, name := range slices.Concat(k.Columns(), k.Copies()) {
			if renamed, ok := rename[k][name]; ok {
				name = renamed
			}
			all[k] = append(all[k], slices.Index(header, name))
		}
	}
	return all
}()

// csvWriter writes rows as CSV.
type csvWriter struct {
	out    io.Writer
	buf    []byte
	values []books.Value
	fields [][]byte // by column; nil is NULL
	text   []byte
}

func newCSVWriter(out io.Writer) *csvWriter {
	w := &csvWriter{out: out, fields: make([][]byte, len(header))}
	w.buf = append(w.buf, strings.Join(header, ",")+"\n"...)
	return w
}

func (w *csvWriter) add(row books.Row) error {
	w.values = row.AppendCopies(row.AppendValues(w.values[:0]))
	clear(w.fields)
	w.text = append(w.text[:0], row.Kind().String()...)
	w.fields[0] = w.text
	for i, column := range layout[row.Kind()] {
		if w.values[i].Null() {
			continue
		}
		from := len(w.text)
		w.text = w.values[i].AppendText(w.text)
		w.fields[column] = w.text[from:len(w.text):len(w.text)]
	}
	for i, f := range w.fields {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		if f != nil {
			w.buf = appendField(w.buf, f)
		}
	}
	w.buf = append(w.buf, '\n')
	if len(w.buf) > 256<<10 {
		return w.flush()
	}
	return nil
}

func (w *csvWriter) flush() error {
	_, err := w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

func appendField(b, field []byte) []byte {
	if len(field) > 0 && !needsQuotes(field) {
		return append(b, field...)
	}
	b = append(b, '"')
	for {
		i := bytes.IndexByte(field, '"')
		if i < 0 {
			return append(append(b, field...), '"')
		}
		b = append(append(b, field[:i+1]...), '"')
		field = field[i+1:]
	}
}

func needsQuotes(field []byte) bool { return bytes.ContainsAny(field, ",\"\r\n") }

// maxRecord is the longest accepted line: far above any row, far below memory.
const maxRecord = 64 << 20

var errCSV = errors.New("the file is not CSV as backups have it")

// csvReader reads records. The fields of a record are valid until the next.
type csvReader struct {
	in     *bufio.Reader
	record []byte
	fields [][]byte
	line   int
}

func newCSVReader(in io.Reader) *csvReader {
	return &csvReader{in: bufio.NewReaderSize(in, 256<<10)}
}

// read returns the next record's fields; nil fields are NULL. It fails with
// io.EOF after the last record, and errCSV for anything appendField never
// writes.
func (r *csvReader) read() ([][]byte, error) {
	r.record = r.record[:0]
	quotes := 0
	for {
		r.line++
		more, err := r.readLine(&quotes)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	return r.split()
}

// readLine appends a line to the record and reports whether the record goes on
// because a quote is open.
func (r *csvReader) readLine(quotes *int) (more bool, err error) {
	for {
		chunk, err := r.in.ReadSlice('\n')
		r.record = append(r.record, chunk...)
		*quotes += bytes.Count(chunk, []byte{'"'})
		switch {
		case len(r.record) > maxRecord:
			return false, fmt.Errorf("%w: line %d is too long", errCSV, r.line)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(r.record) == 0:
			return false, io.EOF
		case err == io.EOF:
			return false, fmt.Errorf("%w: line %d does not end", errCSV, r.line)
		case err != nil:
			return false, err
		}
		return *quotes%2 == 1, nil
	}
}

func (r *csvReader) split() ([][]byte, error) {
	r.fields = r.fields[:0]
	rest := r.record[:len(r.record)-1] // without the LF
	for {
		field, after, err := nextField(rest)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d", err, r.line)
		}
		r.fields = append(r.fields, field)
		if after == nil {
			return r.fields, nil
		}
		rest = after[1:]
	}
}

// nextField returns the first field of a record, and the rest from the comma
// on; nil if it was the last.
func nextField(b []byte) (field, rest []byte, err error) {
	if len(b) == 0 || b[0] != '"' {
		end := bytes.IndexByte(b, ',')
		if end < 0 {
			end = len(b)
		}
		field, rest = b[:end], b[end:]
		if bytes.ContainsAny(field, "\"\r\n") {
			return nil, nil, errCSV
		}
		if len(field) == 0 {
			field = nil
		}
	} else if field, rest, err = quotedField(b); err != nil {
		return nil, nil, err
	}
	if len(rest) == 0 {
		return field, nil, nil
	}
	if rest[0] != ',' {
		return nil, nil, errCSV
	}
	return field, rest, nil
}

// quotedField takes a field in quotes apart, in place. It fails with errCSV
// where appendField would have done without the quotes.
func quotedField(b []byte) (field, rest []byte, err error) {
	to := 1
	for from := 1; from < len(b); from++ {
		if b[from] == '"' {
			if from+1 == len(b) || b[from+1] != '"' {
				field, rest = b[1:to:to], b[from+1:]
				if len(field) > 0 && !needsQuotes(field) {
					return nil, nil, errCSV
				}
				return field, rest, nil
			}
			from++
		}
		b[to] = b[from]
		to++
	}
	return nil, nil, errCSV
}

// readRows returns the rows of a CSV. It ends with an Error of kind Integrity
// at the first record other than add writes it.
func readRows(in io.Reader) books.Rows {
	return func(yield func(books.Row, error) bool) {
		r := newCSVReader(in)
		first, err := r.read()
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errCSV) {
			yield(nil, unreadable(err))
			return
		}
		if err != nil || !isHeader(first) {
			message := "the first line is not the header of a backup"
			if line := r.record; bytes.HasPrefix(line, []byte("\ufeff")) || bytes.HasSuffix(line, []byte("\r\n")) || bytes.Contains(line, []byte(";"+header[1]+";")) {
				message += ": a spreadsheet or an editor has saved the file"
			}
			yield(nil, corruptf("%s", message).Because(err))
			return
		}
		var parser rowParser
		for {
			fields, err := r.read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !errors.Is(err, errCSV) {
				yield(nil, unreadable(err))
				return
			}
			var row books.Row
			if err == nil {
				row, err = parser.parse(fields)
			}
			if err != nil {
				yield(nil, corruptf("line %d cannot be read", r.line).Because(err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// unreadable tells lost bytes on a disk from a place without an answer, which
// proves nothing about them.
func unreadable(err error) error {
	if errors.Is(err, syscall.EIO) {
		return corruptf("the disk cannot read the file").Because(err)
	}
	return fmt.Errorf("read the backup: %w", err)
}

func isHeader(fields [][]byte) bool {
	if len(fields) != len(header) {
		return false
	}
	for i, f := range fields {
		if string(f) != header[i] {
			return false
		}
	}
	return true
}

// rowParser turns records into rows.
type rowParser struct {
	values []books.Value
	text   []byte
}

func (p *rowParser) parse(fields [][]byte) (books.Row, error) {
	if len(fields) != len(header) {
		return nil, fmt.Errorf("%d fields instead of %d", len(fields), len(header))
	}
	kind, err := books.ParseKind(string(fields[0]))
	if err != nil {
		return nil, err
	}
	row := kind.New()
	p.values = row.AppendCopies(row.AppendValues(p.values[:0]))
	used := 1
	for i, column := range layout[kind] {
		if fields[column] != nil {
			used++
		}
		if err := p.value(p.values[i], fields[column]); err != nil {
			return nil, fmt.Errorf("%s: %w", header[column], err)
		}
	}
	for _, f := range fields {
		if f != nil {
			used--
		}
	}
	if used != 0 {
		return nil, fmt.Errorf("a %s has a value in a column that is not its own", kind)
	}
	return row, nil
}

// value reads a field, and refuses all forms but the canonical one.
func (p *rowParser) value(v books.Value, field []byte) error {
	if err := v.Parse(field); err != nil || field == nil {
		return err
	}
	switch v.(type) {
	case *books.String, *books.Text:
		return nil // any text is its own form
	}
	if p.text = v.AppendText(p.text[:0]); !bytes.Equal(p.text, field) {
		return fmt.Errorf("%q is not how %q is written", field, p.text)
	}
	return nil
}
