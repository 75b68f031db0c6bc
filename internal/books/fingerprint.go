package books

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
)

// Fingerprint identifies a set of rows by all their values: SHA-256 over a
// version tag and the rows in order, every field length-prefixed, NULL
// marked, amounts as centavos, days as ISO text, instants as UTC
// microseconds. It is equal on SQLite, on PostgreSQL and after a round trip
// through CSV or a statement. Clients and artists are not part of it.
type Fingerprint [sha256.Size]byte

const fingerprintTag = "extrato rows 1\n"

// String returns 64 hexadecimal digits.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// IsZero reports whether f was never computed.
func (f Fingerprint) IsZero() bool { return f == Fingerprint{} }

// MarshalText writes 64 hexadecimal digits.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (f *Fingerprint) UnmarshalText(text []byte) error {
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
	return f, err
}

// Digest computes a Fingerprint row by row, and refuses rows that are not in
// order, because then the same rows would have two fingerprints.
type Digest struct {
	hash   hash.Hash
	buf    []byte
	last   Row
	counts Counts
}

// NewDigest returns a Digest of no rows.
func NewDigest() *Digest {
	d := &Digest{hash: sha256.New(), buf: make([]byte, 0, 64<<10)}
	d.buf = append(d.buf, fingerprintTag...)
	return d
}

// Add takes the next row; clients and artists are passed over. It fails with
// an Error of kind Integrity if row does not come after the one before.
func (d *Digest) Add(row Row) error {
	if d.last != nil && Compare(d.last, row) >= 0 {
		return Integrityf("rows_out_of_order", "%s comes after %s", Describe(row), Describe(d.last)).
			WithHint("keep the database as it is; extrato audit verify says what else is not as it was")
	}
	d.last = row
	d.counts.Add(row.Kind())
	if row.Kind() > LinkKind {
		return nil
	}
	d.buf = appendRow(d.buf, row)
	if len(d.buf) > 32<<10 {
		d.hash.Write(d.buf)
		d.buf = d.buf[:0]
	}
	return nil
}

// Counts returns how many rows of each kind were added.
func (d *Digest) Counts() Counts { return d.counts }

// Sum returns the fingerprint of the rows added so far.
func (d *Digest) Sum() Fingerprint {
	d.hash.Write(d.buf)
	d.buf = d.buf[:0]
	return Fingerprint(d.hash.Sum(nil))
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

// appendRow appends a row's canonical bytes: its kind, the number of its
// fields, and each field as 0 for NULL or 1, its length and its form.
func appendRow(b []byte, row Row) []byte {
	var fields [16]Value
	values := row.AppendValues(fields[:0])
	b = append(b, byte('0'+row.Kind()), byte(len(values)))
	for _, v := range values {
		if v.Null() {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		at := len(b)
		b = v.AppendCanonical(append(b, 0, 0, 0, 0))
		binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	}
	return b
}
