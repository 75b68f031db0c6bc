package books

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"math"
	"unsafe"
)

// Sealer computes a statement's seal from the stream that StatementWriter
// writes, while that is stored. The seal is
//
//	SHA256("extrato seal 1\n" ‖ for each of pagamentos sessoes comissoes gastos totais:
//	    length in 8 bytes, most significant first ‖ the bytes inside the JSON string)
//
// The length of NULL is 2⁶⁴−1, without bytes. The bytes of a native array or
// object are its text as the database returns it. docs/architecture.md, "The
// chain", has all layouts.
type Sealer struct {
	hash    hash.Hash
	lengths [PartCount]int64
	part    Part
	inside  bool
	escaped bool
	buf     []byte
}

const sealTag = "extrato seal 1\n"

// NewSealer returns a Sealer of parts with insides of these lengths in bytes.
func NewSealer(lengths [PartCount]int64) *Sealer {
	s := &Sealer{hash: sha256.New(), lengths: lengths, buf: make([]byte, 0, 64<<10)}
	s.buf = append(s.buf, sealTag...)
	return s
}

// Write takes the next bytes of the stream; it never fails.
func (s *Sealer) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		if cap(s.buf)-len(s.buf) < 8 {
			s.flush()
		}
		switch c := p[0]; {
		case !s.inside: // the opening quote of a part
			s.inside = true
			s.buf = binary.BigEndian.AppendUint64(s.buf, uint64(s.lengths[s.part]))
		case s.escaped:
			s.escaped = false
			s.buf = append(s.buf, c)
		case c == '\\':
			s.escaped = true
		case c == '"':
			s.inside = false
			s.part++
		default:
			p = p[s.decode(p):]
			continue
		}
		p = p[1:]
	}
	return written, nil
}

// decode appends p, decoded, up to the end of the string, of p or of the buffer.
// It returns the number of bytes taken.
func (s *Sealer) decode(p []byte) int {
	out, n, i := s.buf[:cap(s.buf)], len(s.buf), 0
	for i < len(p) && n < len(out) && p[i] != '"' {
		if p[i] == '\\' {
			if i+1 == len(p) {
				break
			}
			i++
		}
		out[n] = p[i]
		n, i = n+1, i+1
	}
	s.buf = out[:n]
	return i
}

func (s *Sealer) flush() {
	s.hash.Write(s.buf)
	s.buf = s.buf[:0]
}

// Sum returns the seal once all parts were written.
func (s *Sealer) Sum() Fingerprint {
	s.flush()
	return Fingerprint(s.hash.Sum(nil))
}

// Seal computes the seal of a statement as it is stored, one of v4's as well.
func (s Stored) Seal() Fingerprint {
	h := sha256.New()
	h.Write([]byte(sealTag))
	for part := range PartCount {
		text, there := s.Inside(part)
		if !there {
			h.Write(binary.BigEndian.AppendUint64(nil, math.MaxUint64))
			continue
		}
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		h.Write(text)
	}
	return Fingerprint(h.Sum(nil))
}

// Inside returns a part's bytes under the seal, only to be read; ok is false for
// NULL.
func (s Stored) Inside(p Part) (text []byte, ok bool) {
	if s.Parts[p] == "" {
		return nil, false
	}
	return inside(s.Parts[p]), true
}

// Unquoted returns the statement with native arrays and objects in the place of
// JSON strings, for reading: it has the same seal and the same rows, and saves
// unquoting them again. It reports whether all parts have this program's form;
// if not, it returns the statement as it is.
func (s Stored) Unquoted() (Stored, bool) {
	unquoted := Stored{Month: s.Month}
	for i, part := range s.Parts {
		text, plain := plainInside(part)
		if !plain || len(text) == 0 || text[0] != '[' && text[0] != '{' {
			return s, false
		}
		unquoted.Parts[i] = unsafe.String(unsafe.SliceData(text), len(text)) //nolint:gosec // nobody changes text, and a copy would double the memory of a statement
	}
	return unquoted, true
}

// inside returns the bytes inside a JSON string, or the text itself if it is
// none. Unlike Stored.inner it removes one pair of quotes: the others were
// stored.
func inside(part string) []byte {
	if part[0] == '[' || part[0] == '{' {
		return unsafe.Slice(unsafe.StringData(part), len(part)) //nolint:gosec // it is only read
	}
	if text, plain := plainInside(part); plain {
		return text
	}
	var text string
	if raw := bytes.Trim([]byte(part), " \t\r\n"); len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		return []byte(text)
	}
	return []byte(part)
}

// plainInside does the same for a string exactly as StatementWriter writes it:
// nothing around it, and no escapes but those of quotes and backslashes. It
// reports whether it is one.
func plainInside(part string) (text []byte, plain bool) {
	if len(part) < 2 || part[0] != '"' || part[len(part)-1] != '"' {
		return nil, false
	}
	text = make([]byte, 0, len(part))
	rest := part[1 : len(part)-1]
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c == '"' || c < ' ':
			return nil, false
		case c == '\\':
			if i++; i == len(rest) || rest[i] != '"' && rest[i] != '\\' {
				return nil, false
			}
			c = rest[i]
		}
		text = append(text, c)
	}
	return text, true
}

// AsWritten reports whether all parts have this program's form. Another form of
// the same text has the same seal, but v4's pages may not be able to read it.
func (s Stored) AsWritten() bool {
	_, written := s.Unquoted()
	return written
}
