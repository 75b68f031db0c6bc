package books

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Stored is a statement as the table extratos holds it: ours, or one of v4's.
type Stored struct {
	Month Month
	Parts [PartCount]string // as stored: JSON, a JSON string holding JSON, or empty for NULL
}

// Ours reports whether this program wrote the statement, so all its rows have
// ids. It is false for v4's, and true for a broken one of ours, or one newer
// than this program: reading it will fail.
func (s Stored) Ours() bool {
	t, _ := s.header()
	return t.Header != nil
}

type storedTotals struct {
	Totals
	Header *struct {
		Header
		Links   []json.RawMessage `json:"vinculos"`
		Clients []json.RawMessage `json:"clientes"`
		Artists []json.RawMessage `json:"artistas"`
	} `json:"extrato"`
}

func (s Stored) header() (storedTotals, error) {
	var t storedTotals
	text, err := s.inner(TotalsPart)
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &t)
	}
	if err == nil && t.Header != nil && t.Header.Version != headerVersion {
		err = fmt.Errorf("version %d is unknown to this program", t.Header.Version)
	}
	if err != nil {
		return t, s.broken(TotalsPart, err)
	}
	return t, nil
}

// Header returns the statement's metadata. For a statement of v4's, Version is
// 0 and Totals are those of its totals object. Counts are not stored: they are
// the counts of Rows.
func (s Stored) Header() (Header, error) {
	t, err := s.header()
	if err != nil {
		return Header{}, err
	}
	h := Header{Month: s.Month}
	if t.Header != nil {
		h = t.Header.Header
	}
	h.Totals = t.Totals
	return h, nil
}

// inner returns a part's JSON text: the inside of the string stored by v4 and
// this program, or a native value of an older database.
func (s Stored) inner(p Part) (string, error) {
	text := strings.Trim(s.Parts[p], " \t\r\n") // a JSON column keeps blanks
	if !utf8.ValidString(text) {                // encoding/json would replace it silently
		return "", errors.New("is not valid UTF-8")
	}
	for range 3 { // v4 is known to nest JSON up to three times
		if text == "" || text == "null" || text[0] != '"' {
			break
		}
		var unquoted string
		if err := json.Unmarshal([]byte(text), &unquoted); err != nil {
			return "", err
		}
		text = unquoted
	}
	if text == "null" {
		text = ""
	}
	return text, nil
}

func (s Stored) broken(p Part, err error) error {
	return Integrityf("broken_statement", "the statement of %s has a broken list %q", s.Month, p.Column()).
		WithHint("somebody changed it in the database: put its row in extratos back from a dump; extrato audit verify tells more").Because(err)
}

// Rows returns the statement's rows in order. In a statement of v4's, missing
// columns are NULL or zero, and rows come in its own order.
func (s Stored) Rows() Rows {
	return func(yield func(Row, error) bool) {
		for kind := range LinkKind {
			for row, err := range s.List(kind) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
		for row, err := range s.Referred() {
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// Referred returns the rows behind the lists, in order: the links, and the
// clients and artists named in the lists. v4's statements have none.
func (s Stored) Referred() Rows {
	return func(yield func(Row, error) bool) {
		totals, err := s.header()
		if err != nil {
			yield(nil, err)
			return
		}
		if totals.Header == nil {
			return
		}
		for i, list := range [][]json.RawMessage{totals.Header.Links, totals.Header.Clients, totals.Header.Artists} {
			for _, raw := range list {
				row, err := decodeRow([]Kind{LinkKind, ClientKind, ArtistKind}[i], raw)
				if err != nil {
					yield(nil, s.broken(TotalsPart, err))
					return
				}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// List returns the rows of one kind (payments, sessions, commissions or
// expenses), as Rows does, whether or not the other parts can be read.
func (s Stored) List(kind Kind) Rows {
	return func(yield func(Row, error) bool) {
		part := Part(kind)
		text, err := s.inner(part)
		if err != nil {
			yield(nil, s.broken(part, err))
			return
		}
		if text == "" {
			return
		}
		for row, err := range decodeList(kind, text) {
			if err != nil {
				yield(nil, s.broken(part, err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// decodeList reads a JSON array of objects one by one.
func decodeList(kind Kind, text string) Rows {
	return func(yield func(Row, error) bool) {
		if raw := []byte(text); json.Valid(raw) && raw[0] == '[' {
			decodeValid(kind, raw, yield)
			return
		}
		d := json.NewDecoder(strings.NewReader(text))
		if err := expect(d, '['); err != nil {
			yield(nil, err)
			return
		}
		for n := 1; d.More(); n++ {
			var raw json.RawMessage
			err := d.Decode(&raw)
			var row Row
			if err == nil {
				row, err = decodeRow(kind, raw)
			}
			if err != nil {
				yield(nil, fmt.Errorf("%s number %d: %w", kind, n, err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := expect(d, ']'); err != nil {
			yield(nil, err)
			return
		}
		if _, err := d.Token(); err != io.EOF {
			yield(nil, errors.New("something follows the list"))
		}
	}
}

// expect reads a bracket. Without the closing one half a list would pass for
// a whole one.
func expect(d *json.Decoder, bracket json.Delim) error {
	token, err := d.Token()
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	if err == nil && token != bracket {
		return fmt.Errorf("%v stands where %v is expected", token, bracket)
	}
	return err
}

// decodeValid reads an array known to be valid JSON.
func decodeValid(kind Kind, raw []byte, yield func(Row, error) bool) {
	s, d := scanner{text: raw, at: 1}, rowDecoder{kind: kind}
	for n := 1; s.next() != ']'; n++ {
		row, err := d.decode(s.value())
		if err != nil {
			yield(nil, fmt.Errorf("%s number %d: %w", kind, n, err))
			return
		}
		if !yield(row, nil) {
			return
		}
	}
}

// ParseRowJSON reads the output of AppendRowJSON.
func ParseRowJSON(kind Kind, text []byte) (Row, error) {
	if !json.Valid(text) {
		return nil, errors.New("is no JSON")
	}
	return decodeRow(kind, bytes.TrimSpace(text))
}

// decodeRow reads a row from its object, valid JSON. The last of repeated keys
// counts.
func decodeRow(kind Kind, raw json.RawMessage) (Row, error) {
	return (&rowDecoder{kind: kind}).decode(raw)
}

// rowDecoder reads one row after the other, in the same memory.
type rowDecoder struct {
	kind   Kind
	found  []json.RawMessage
	values []Value
}

func (d *rowDecoder) decode(raw json.RawMessage) (Row, error) {
	switch {
	case string(raw) == "null":
		return nil, errors.New("is null")
	case raw[0] != '{':
		return nil, fmt.Errorf("%.20s is no object", raw)
	}
	fields := statementFields[d.kind]
	d.found = append(d.found[:0], make([]json.RawMessage, len(fields))...)
	s, expected := scanner{text: raw, at: 1}, 0
	for s.next() != '}' {
		key := s.value()
		s.next() // the colon
		value := s.value()
		if i := fieldOf(fields, key, expected); i >= 0 {
			d.found[i], expected = value, i+1
		}
	}
	row := d.kind.New()
	d.values = row.AppendCopies(row.AppendValues(d.values[:0]))
	for i, f := range fields {
		if d.found[i] == nil {
			continue // v4's statements lack our keys
		}
		if err := parseJSON(d.values[f.index], d.found[i]); err != nil && string(d.found[i]) != "null" {
			return nil, fmt.Errorf("%s: %w", f.key, err)
		}
	}
	return row, nil
}

// fieldOf returns the index of the field with a key in quotes, -1 if none.
// Usually it is the expected one.
func fieldOf(fields []statementField, key []byte, expected int) int {
	if expected < len(fields) && fields[expected].key == string(key[1:len(key)-1]) {
		return expected
	}
	name := string(key[1 : len(key)-1])
	if bytes.IndexByte(key, '\\') >= 0 {
		if json.Unmarshal(key, &name) != nil {
			return -1
		}
	}
	return slices.IndexFunc(fields, func(f statementField) bool { return f.key == name })
}

// scanner walks through valid JSON.
type scanner struct {
	text []byte
	at   int
}

// next returns the first character of the next value, or the end of a list. It
// skips blanks, commas and colons.
func (s *scanner) next() byte {
	for ; ; s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
		default:
			return c
		}
	}
}

// value returns the value at this place and skips it.
func (s *scanner) value() json.RawMessage {
	start, depth := s.at, 0
	for {
		switch c := s.text[s.at]; c {
		case '"':
			s.string()
		case '{', '[':
			s.at++
			depth++
		case '}', ']':
			s.at++
			depth--
		case ' ', '\t', '\r', '\n', ',', ':':
			s.at++
			continue
		default:
			s.word()
		}
		if depth == 0 {
			return s.text[start:s.at:s.at]
		}
	}
}

func (s *scanner) string() {
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

// word passes a number, true, false or null.
func (s *scanner) word() {
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n', ',', ']', '}':
			return
		}
	}
}

// Count counts the statement's rows.
func (s Stored) Count() (Counts, error) {
	var c Counts
	for row, err := range s.Rows() {
		if err != nil {
			return Counts{}, err
		}
		c.Add(row.Kind())
	}
	return c, nil
}
