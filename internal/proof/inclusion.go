package proof

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Inclusion proves that an entry is in a log. Its text form is a C2SP
// tlog-proof.
type Inclusion struct {
	Seq        int64 // the entry's number, from 1
	Path       []Hash
	Checkpoint string // the signed head
}

const inclusionStart = "c2sp.org/tlog-proof@v1\n"

func (p Inclusion) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%sindex %d\n", inclusionStart, p.Seq-1)
	for _, h := range p.Path {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n" + p.Checkpoint)
	return b.String()
}

// ParseInclusion reads the text form strictly. It fails with an Error of kind
// Invalid.
func ParseInclusion(text string) (Inclusion, error) {
	bad := notAProof("this is no inclusion proof")
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	rest, starts := strings.CutPrefix(head, inclusionStart+"index ")
	lines := strings.Split(rest, "\n")
	index, err := strconv.ParseInt(lines[0], 10, 64)
	if !ok || !starts || err != nil || index < 0 || index == 1<<63-1 {
		return Inclusion{}, bad
	}
	p := Inclusion{Seq: index + 1, Checkpoint: checkpoint}
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return Inclusion{}, bad
		}
		p.Path = append(p.Path, h)
	}
	if _, err := ParseHead(checkpoint); err != nil {
		return Inclusion{}, err
	}
	if p.String() != text {
		return Inclusion{}, bad
	}
	return p, nil
}

// MarshalText writes the text form.
func (p Inclusion) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads the text form.
func (p *Inclusion) UnmarshalText(text []byte) (err error) {
	*p, err = ParseInclusion(string(text))
	return err
}
