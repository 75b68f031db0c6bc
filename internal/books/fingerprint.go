package books

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
)

// Fingerprint identifies a set of rows by all their values. It is
//
//	SHA256("extrato rows 1\n" ‖ core[32] ‖ texts[32])
//	core  = SHA256("extrato core 1\n" ‖ rows in order of kind and id, without free texts)
//	texts = SHA256("extrato texts 1\n" ‖ for each free text that is not NULL,
//	        in order of rows and columns, fields: kind id column text)
//
// A row is its kind's digit (pagamento 0, sessao 1, comissao 2, gasto 3, vinculo
// 4), a byte with the number of its columns, and each column as a byte 0 for
// NULL, or a byte 1, the length in 4 bytes and the form: amounts as centavos,
// days as ISO text, instants as UTC microseconds. Free texts are observacoes and
// google_event_id of pagamento and sessao, observacoes of comissao and descricao
// of gasto; the core stays the same when they are erased. A field is its length
// in 4 bytes, most significant first, and its bytes.
//
// It is equal on SQLite, on PostgreSQL and after a round trip through CSV or a
// statement. Clients and artists are no part of it. docs/architecture.md, "The
// chain", has all layouts. The type holds other SHA-256 digests as well.
type Fingerprint [sha256.Size]byte

// String returns 64 hexadecimal digits.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// IsZero reports whether f was never computed.
func (f Fingerprint) IsZero() bool { return f == Fingerprint{} }

// OrNone returns 64 hexadecimal digits, or the empty text if f was never computed.
func (f Fingerprint) OrNone() string {
	if f.IsZero() {
		return ""
	}
	return f.String()
}

// MarshalText writes 64 hexadecimal digits.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads 64 hexadecimal digits, or the empty text for none.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*f = Fingerprint{}
		return nil
	}
	if hex.DecodedLen(len(text)) != len(f) {
		return fmt.Errorf("%q is not a fingerprint", text)
	}
	_, err := hex.Decode(f[:], text)
	return err
}

// ParseFingerprint reads 64 hexadecimal digits.
func ParseFingerprint(s string) (Fingerprint, error) {
	var f Fingerprint
	err := f.UnmarshalText([]byte(s))
	if s == "" {
		err = errors.New("there is no fingerprint")
	}
	return f, err
}

// Digest computes a Fingerprint row by row. It refuses rows out of order, since
// the same rows would have two fingerprints.
type Digest struct {
	core, texts stream
	last        Row
	counts      Counts
}

// stream is a hash with a buffer in front.
type stream struct {
	hash hash.Hash
	buf  fields
}

func newStream(tag string) stream {
	return stream{sha256.New(), append(make(fields, 0, 64<<10), tag...)}
}

func (s *stream) flush() {
	s.hash.Write(s.buf)
	s.buf = s.buf[:0]
}

func (s *stream) flushFull() {
	if len(s.buf) > 32<<10 {
		s.flush()
	}
}

func (s *stream) sum() Fingerprint {
	s.flush()
	return Fingerprint(s.hash.Sum(nil))
}

// NewDigest returns a Digest of no rows.
func NewDigest() *Digest {
	return &Digest{core: newStream("extrato core 1\n"), texts: newStream("extrato texts 1\n")}
}

// Add takes the next row; clients and artists are passed over. It fails with
// an Error of kind Integrity if row does not come after the one before.
func (d *Digest) Add(row Row) error {
	if d.last != nil && Compare(d.last, row) >= 0 {
		return Integrityf("rows_out_of_order", "%s comes after %s", Describe(row), Describe(d.last)).
			WithHint("keep the database as it is; extrato audit verify lists all differences")
	}
	d.last = row
	d.counts.Add(row.Kind())
	if row.Kind() > LinkKind {
		return nil
	}
	var space [16]Value
	values := row.AppendValues(space[:0])
	free := freeTexts[row.Kind()]
	d.core.buf = appendValues(d.core.buf, row.Kind(), values, free)
	d.core.flushFull()
	for _, i := range free {
		if values[i].Null() {
			continue
		}
		d.texts.buf.text(row.Kind().String())
		d.texts.buf.number(int64(row.Key()))
		d.texts.buf.text(row.Kind().Columns()[i])
		d.texts.buf = appendForm(d.texts.buf, values[i])
		d.texts.flushFull()
	}
	return nil
}

// Counts returns how many rows of each kind were added.
func (d *Digest) Counts() Counts { return d.counts }

// Core returns the digest of the rows added so far without their free texts.
func (d *Digest) Core() Fingerprint { return d.core.sum() }

// Sum returns the fingerprint of the rows added so far.
func (d *Digest) Sum() Fingerprint {
	core, texts := d.core.sum(), d.texts.sum()
	return sha256.Sum256(append(append([]byte("extrato rows 1\n"), core[:]...), texts[:]...))
}

// FingerprintOf reads all rows and returns their fingerprint and counts.
func FingerprintOf(rows Rows) (Fingerprint, Counts, error) {
	d := NewDigest()
	for row, err := range rows {
		if err == nil {
			err = d.Add(row)
		}
		if err != nil {
			return Fingerprint{}, Counts{}, err
		}
	}
	return d.Sum(), d.Counts(), nil
}

// appendRow appends all of a row's canonical bytes.
func appendRow(b []byte, row Row) []byte {
	var space [16]Value
	return appendValues(b, row.Kind(), row.AppendValues(space[:0]), nil)
}

// appendValues appends a row's canonical bytes, but for the columns without.
func appendValues(b []byte, kind Kind, values []Value, without []int) []byte {
	b = append(b, byte('0'+kind), byte(len(values)-len(without)))
	for i, v := range values {
		switch {
		case len(without) > 0 && without[0] == i:
			without = without[1:]
		case v.Null():
			b = append(b, 0)
		default:
			b = appendForm(append(b, 1), v)
		}
	}
	return b
}

// appendForm appends a value's canonical form with its length in front.
func appendForm(b []byte, v Value) []byte {
	at := len(b)
	b = v.AppendCanonical(append(b, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// freeTexts are, for each kind, the indexes of its free-text columns, in order.
var freeTexts = func() (all [KindCount][]int) {
	for k := range KindCount {
		for i, name := range kinds[k].columns {
			if slices.Contains(kinds[k].texts, name) {
				all[k] = append(all[k], i)
			}
		}
	}
	return all
}()
