package proof

import (
	"crypto/ed25519"

	"golang.org/x/mod/sumdb/tlog"
)

// TreeOfLeaves is TreeOf with leaves of any length.
func TreeOfLeaves(leaves [][]byte) *Tree {
	t := &Tree{}
	for _, leaf := range leaves {
		t.add(leaf)
	}
	return t
}

// InTree is CheckInclusion for a leaf of any length.
func InTree(h Head, index int64, leaf []byte, path []Hash) bool {
	return tlog.CheckRecord(path, h.Size, h.Root, index, tlog.RecordHash(leaf)) == nil
}

// KeyOf returns the key of a seed.
func KeyOf(name string, seed string, cosigner bool) Key {
	kind := byte(logKey)
	if cosigner {
		kind = cosignerKey
	}
	private := ed25519.NewKeyFromSeed([]byte(seed))
	return Key{newPublicKey(kind, name, private.Public().(ed25519.PublicKey)), private}
}
