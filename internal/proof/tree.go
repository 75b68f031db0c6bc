package proof

import (
	"golang.org/x/mod/sumdb/tlog"

	"extrato/internal/books"
)

// Tree is the Merkle tree over a chain's entries, in memory.
type Tree struct {
	size  int64
	nodes []Hash
}

// ReadHashes returns stored nodes; tlog asks for them.
func (t *Tree) ReadHashes(indexes []int64) ([]Hash, error) {
	hashes := make([]Hash, len(indexes))
	for i, at := range indexes {
		hashes[i] = t.nodes[at]
	}
	return hashes, nil
}

// TreeOf returns the tree over entries 1, 2, …, given by their hashes.
func TreeOf(entries []books.Fingerprint) *Tree {
	t := &Tree{nodes: make([]Hash, 0, 2*len(entries))}
	for _, entry := range entries {
		t.add(entry[:])
	}
	return t
}

func (t *Tree) add(leaf []byte) {
	nodes, err := tlog.StoredHashes(t.size, leaf, t)
	must(err)
	t.nodes = append(t.nodes, nodes...)
	t.size++
}

// Size returns the number of entries.
func (t *Tree) Size() int64 { return t.size }

// Head returns the log's head after its first size entries.
func (t *Tree) Head(origin string, size int64) Head {
	root, err := tlog.TreeHash(size, t)
	must(err)
	return Head{origin, size, root}
}

// Inclusion proves that entry seq (from 1) is one of the first size entries.
// Both are within the tree.
func (t *Tree) Inclusion(size, seq int64) []Hash {
	path, err := tlog.ProveRecord(size, seq-1, t)
	must(err)
	return path
}

// Consistency proves that the first newer entries begin with the first older
// ones; newer is within the tree and not below older.
func (t *Tree) Consistency(older, newer int64) []Hash {
	if older == 0 || older == newer {
		return []Hash{}
	}
	path, err := tlog.ProveTree(newer, older, t)
	must(err)
	return path
}

// must panics on arguments outside the tree: a mistake of the caller's.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// CheckInclusion checks that an entry is in the log at the head, by its number
// from 1 and its hash. It fails with an Error of kind Integrity.
func CheckInclusion(h Head, seq int64, entry books.Fingerprint, path []Hash) error {
	if seq < 1 || seq > h.Size || tlog.CheckRecord(path, h.Size, h.Root, seq-1, tlog.RecordHash(entry[:])) != nil {
		return books.Integrityf("not_in_log", "entry %d is not in the log at size %d", seq, h.Size).
			WithHint(askAgain)
	}
	return nil
}

// CheckConsistency checks that the newer head continues the older one. It fails
// with an Error of kind Integrity: other_log, older_head, or forked_log.
func CheckConsistency(older, newer Head, path []Hash) error {
	switch {
	case older.Origin != newer.Origin:
		return books.Integrityf("other_log", "the head is of %s, not of %s", newer.Origin, older.Origin).
			WithHint("is this another studio, or another database behind the same address?")
	case newer.Size < older.Size:
		return books.Integrityf("older_head", "the log has %d entries, and had %d before", newer.Size, older.Size).
			WithHint("its end was cut off, or an old copy of the database was restored")
	case newer.Size == older.Size && newer.Root == older.Root && len(path) == 0:
		return nil
	case older.Size == 0 && newer.Size > 0 && older.Root == EmptyRoot && len(path) == 0:
		return nil
	case older.Size > 0 && newer.Size > older.Size && tlog.CheckTree(path, newer.Size, newer.Root, older.Size, older.Root) == nil:
		return nil
	}
	return books.Integrityf("forked_log", "the log of %d entries does not continue the one of %d seen before", newer.Size, older.Size).
		WithHint("entries of the past were changed: keep both heads, and compare with printed statements")
}

// EmptyRoot is the root of a log without entries.
var EmptyRoot = func() Hash {
	root, err := tlog.TreeHash(0, nil)
	must(err)
	return root
}()
