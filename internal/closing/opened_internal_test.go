package closing

import (
	"strings"
	"testing"

	"extrato/internal/books"
)

func TestStatements_kept_are_bounded_in_bytes(t *testing.T) {
	var c openedCache
	entry := func(i int) books.ChainEntry {
		return books.ChainEntry{Seq: 1, Action: books.Closed, Seal: books.Fingerprint{byte(i)}}
	}
	part := strings.Repeat("x", openedSize/4)
	for i := range 20 {
		o := &books.Opened{}
		o.Parts[0] = part
		c.put(entry(i), "v", o)
		if c.size > openedSize || c.lru.Len() > 4 || c.get(entry(i), "v") != o {
			t.Fatalf("%d statements of %d bytes", c.lru.Len(), c.size)
		}
		c.put(entry(i), "w", o) // the same again counts once
	}
	if c.get(entry(0), "w") != nil || c.get(entry(19), "v") != nil || c.get(entry(19), "") != nil || c.get(entry(19), "w") == nil {
		t.Error("what is kept is not what was used last")
	}
	large := &books.Opened{}
	large.Parts[0] = strings.Repeat("x", openedSize+1)
	if c.put(entry(99), "v", large); c.get(entry(99), "v") != nil || c.get(entry(19), "w") == nil {
		t.Error("one that is larger than all is kept")
	}
}
