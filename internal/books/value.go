package books

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Value is one column of a row. These methods alone read, compare and hash a
// column, write it to CSV and JSON and send it to a database: no format knows
// the rows, no row knows the formats.
type Value interface {
	// Null reports whether the value is SQL's NULL.
	Null() bool
	// AppendText appends the value as CSV holds it; nothing for NULL.
	AppendText(b []byte) []byte
	// AppendJSON appends the value as a JSON value.
	AppendJSON(b []byte) []byte
	// AppendCanonical appends the fingerprint's form; nothing for NULL.
	AppendCanonical(b []byte) []byte
	// Parse reads text from CSV or a database; nil is NULL. The value keeps no
	// reference to text.
	Parse(text []byte) error
	// SQL returns the value as both databases take it as an argument.
	SQL() any
}

var errNull = errors.New("is NULL")

// ID is a row's number in its table, 1 to 2147483647.
type ID int64

// Null is always false.
func (v *ID) Null() bool { return false }

// AppendText appends the number in decimal.
func (v *ID) AppendText(b []byte) []byte { return strconv.AppendInt(b, int64(*v), 10) }

// AppendJSON appends the number.
func (v *ID) AppendJSON(b []byte) []byte { return v.AppendText(b) }

// AppendCanonical appends the number.
func (v *ID) AppendCanonical(b []byte) []byte { return v.AppendText(b) }

// SQL returns the number.
func (v *ID) SQL() any { return int64(*v) }

// Parse reads a decimal number.
func (v *ID) Parse(text []byte) error {
	if text == nil {
		return errNull
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < -1<<31 || n >= 1<<31 {
		return fmt.Errorf("%q is not an id", text)
	}
	*v = ID(n)
	return nil
}

// String is a text, kept byte for byte.
type String string

// Null is always false.
func (v *String) Null() bool { return false }

// AppendText appends the text.
func (v *String) AppendText(b []byte) []byte { return append(b, *v...) }

// AppendJSON appends the text as a JSON string, non-ASCII letters as they are.
func (v *String) AppendJSON(b []byte) []byte { return AppendJSONString(b, string(*v)) }

// AppendCanonical appends the text, byte for byte, without Unicode normalisation.
func (v *String) AppendCanonical(b []byte) []byte { return append(b, *v...) }

// SQL returns the text.
func (v *String) SQL() any { return string(*v) }

// Parse keeps a copy of text and refuses text outside UTF-8: JSON could not hold it.
func (v *String) Parse(text []byte) error {
	if text == nil {
		return errNull
	}
	if !utf8.Valid(text) {
		return errors.New("is not valid UTF-8")
	}
	*v = String(text)
	return nil
}

// Mark is a row's mark: true, or else NULL.
type Mark bool

// Null reports whether the mark is missing.
func (v *Mark) Null() bool { return !bool(*v) }

// AppendText appends true; nothing without the mark.
func (v *Mark) AppendText(b []byte) []byte {
	if !*v {
		return b
	}
	return append(b, "true"...)
}

// AppendJSON appends true, or null.
func (v *Mark) AppendJSON(b []byte) []byte {
	if !*v {
		return append(b, "null"...)
	}
	return v.AppendText(b)
}

// AppendCanonical is AppendText.
func (v *Mark) AppendCanonical(b []byte) []byte { return v.AppendText(b) }

// SQL returns the mark.
func (v *Mark) SQL() any { return bool(*v) }

// Parse reads true or NULL.
func (v *Mark) Parse(text []byte) error {
	*v = text != nil
	if *v && string(text) != "true" {
		return fmt.Errorf("%q is no mark", text)
	}
	return nil
}

// Null holds a value or SQL's NULL.
type Null[T any, P interface {
	*T
	Value
}] struct {
	V     T
	Valid bool
}

// Nullable columns; NullDay is one more.
type (
	// Ref is an id or NULL.
	Ref = Null[ID, *ID]
	// Text is a text or NULL; the empty text is not NULL.
	Text = Null[String, *String]
	// NullMoney is an amount or NULL.
	NullMoney = Null[Money, *Money]
	// NullInstant is a moment or NULL.
	NullInstant = Null[Instant, *Instant]
)

// RefTo returns a reference to id.
func RefTo(id ID) Ref { return Ref{V: id, Valid: true} }

// TextOf returns a non-NULL text.
func TextOf(s string) Text { return Text{V: String(s), Valid: true} }

// Null reports whether there is no value.
func (v *Null[T, P]) Null() bool { return !v.Valid }

// AppendText appends the value's text; nothing for NULL.
func (v *Null[T, P]) AppendText(b []byte) []byte {
	if !v.Valid {
		return b
	}
	return P(&v.V).AppendText(b)
}

// AppendJSON appends the value, or null.
func (v *Null[T, P]) AppendJSON(b []byte) []byte {
	if !v.Valid {
		return append(b, "null"...)
	}
	return P(&v.V).AppendJSON(b)
}

// AppendCanonical appends the value's canonical form; nothing for NULL.
func (v *Null[T, P]) AppendCanonical(b []byte) []byte {
	if !v.Valid {
		return b
	}
	return P(&v.V).AppendCanonical(b)
}

// Parse reads text; nil is NULL.
func (v *Null[T, P]) Parse(text []byte) error {
	*v = Null[T, P]{Valid: text != nil}
	if text == nil {
		return nil
	}
	return P(&v.V).Parse(text)
}

// SQL returns the value, or nil.
func (v *Null[T, P]) SQL() any {
	if !v.Valid {
		return nil
	}
	return P(&v.V).SQL()
}

// parseJSON reads a JSON scalar into v: a string's text, a number's digits, a mark.
func parseJSON(v Value, raw json.RawMessage) error {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return v.Parse(nil)
	case raw[0] == '"':
		if bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) { // no escapes
			return v.Parse(raw[1 : len(raw)-1])
		}
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		return v.Parse([]byte(s))
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return v.Parse(raw)
	}
	if _, isMark := v.(*Mark); isMark {
		return v.Parse(raw)
	}
	return fmt.Errorf("%.20s is neither text nor number", raw)
}

// AppendJSONString appends s as a JSON string; s must be UTF-8. Letters beyond
// ASCII stay as they are. Control characters without a short form in JSON
// become \u00XX.
func AppendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}
