package verify

import (
	"os"
	"path/filepath"
	"slices"

	"extrato/internal/books"
	"extrato/internal/proof"
)

// folder checks a folder of audit export: the signed head, the whole chain under
// it, and every statement and earlier revision of the chain.
func (c *checker) folder(r *Result, dir string) {
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			r.fail(Unknown, "%s cannot be read: this is no whole folder of extrato audit export", name)
		}
		return text
	}
	checkpoint, listed, chain := read(proof.CheckpointFile), read(proof.KeysFile), read(proof.EntriesFile)
	if r.Result != Proved {
		return
	}
	keys, err := proof.ParseKeys(string(listed))
	if err != nil {
		r.failWith(err)
		return
	}
	p, own, err := c.openListed(string(checkpoint), keys)
	if err != nil {
		r.failWith(err)
		return
	}
	entries, withheld, err := proof.ParseEntries(chain)
	if err != nil {
		r.failWith(err)
		return
	}
	tree := proof.TreeOf(hashes(entries))
	if tree.Size() != p.Size || tree.Head(p.Origin, p.Size) != p.Head {
		r.fail(Wrong, "%d entries are not the %d under the signed head: the chain was cut off, continued or written anew", tree.Size(), p.Size)
		return
	}
	r.checked("%d entries, each following the one before, are exactly those under the signed head", tree.Size())
	for _, seq := range withheld {
		r.trusted("the reason, totals and notes of entry %d: they were withheld or erased", seq)
	}
	c.signed(r, p, own)
	c.logs = append(c.logs, seenLog{r, p.Origin, tree})
	for _, e := range entries {
		c.entries = append(c.entries, seenEntry{r, e})
	}
	c.statements(r, dir, entries)
}

// openListed opens a checkpoint with the given keys, or with the listed ones.
func (c *checker) openListed(checkpoint string, listed []proof.PublicKey) (p proof.Checkpoint, own bool, err error) {
	keys := c.keysOf(checkpoint)
	own = !slices.ContainsFunc(keys, func(k proof.PublicKey) bool { return !k.Cosigns() })
	for _, k := range listed {
		if (own || k.Cosigns()) && !slices.Contains(texts(keys), k.String()) {
			keys = append(keys, k)
		}
	}
	p, err = proof.Open(checkpoint, keys...)
	return p, own, err
}

func hashes(entries []books.ChainEntry) []books.Fingerprint {
	all := make([]books.Fingerprint, len(entries))
	for i, e := range entries {
		all[i] = e.Hash
	}
	return all
}

// statements checks the document of every entry with a statement.
func (c *checker) statements(r *Result, dir string, entries []books.ChainEntry) {
	var expected []string
	for _, e := range entries {
		if !e.HasStatement() {
			continue
		}
		name := proof.DocumentName(e.Month, e.Revision)
		expected = append(expected, name)
		text, err := os.ReadFile(filepath.Join(dir, proof.StatementsFolder, name))
		if err != nil {
			r.fail(Wrong, "%s is missing: entry %d says that there was a statement", name, e.Seq)
			continue
		}
		one := &Result{File: r.File, Result: Proved}
		alone := &checker{given: c.given}
		switch {
		case !alone.document(one, text):
			r.fail(one.Result, "%s: %s", name, one.Reason)
		case one.document.Entries[0].Hash != e.Hash:
			r.fail(Wrong, "%s is of another entry than %d", name, e.Seq)
		default:
			r.checked("%s", one.Checked[0])
		}
	}
	found, err := os.ReadDir(filepath.Join(dir, proof.StatementsFolder))
	if err != nil && len(expected) > 0 {
		r.fail(Wrong, "the statements cannot be read")
	}
	for _, f := range found {
		if !slices.Contains(expected, f.Name()) {
			r.fail(Wrong, "%s is of no entry of the chain", f.Name())
		}
	}
}
