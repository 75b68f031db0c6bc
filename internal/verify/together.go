package verify

import (
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/proof"
)

// The findings of single files, to be compared with each other.
type (
	seenHead struct {
		of   *Result
		head proof.Checkpoint
		own  bool // its key is from a file
	}
	seenEntry struct {
		of    *Result
		entry books.ChainEntry
	}
	seenBackup struct {
		of       *Result
		manifest backup.Manifest
	}
	seenCheckpoint struct {
		of   *Result
		text string
		head proof.Head
	}
	seenLog struct {
		of     *Result
		origin string
		tree   *proof.Tree
	}
)

// together compares the files with each other.
func (c *checker) together() {
	c.openAlone()
	c.compareHeads()
	c.compareLogs()
	c.holdBackups()
}

// compareHeads finds two heads of one log that cannot both be true. Nobody can
// tell from the two alone which one is, so both are wrong.
func (c *checker) compareHeads() {
	for i, a := range c.heads {
		for _, b := range c.heads[:i] {
			if a.of == b.of || a.head.Origin != b.head.Origin {
				continue
			}
			var reason string
			switch {
			case (a.own || b.own) && !slices.ContainsFunc(a.head.Signed, func(k proof.PublicKey) bool { return slices.Contains(texts(b.head.Signed), k.String()) }):
				reason = "%s is of the same log, signed with another key: one of the two is forged, or the key was lost and replaced; give the keys that you trust (--key)"
			case a.head.Size == b.head.Size && a.head.Root != b.head.Root:
				reason = "%s has another root at the same size: the log was forked"
			default:
				continue
			}
			a.of.fail(Wrong, reason, b.of.File)
			b.of.fail(Wrong, reason, a.of.File)
		}
	}
}

func texts(keys []proof.PublicKey) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.String()
	}
	return all
}

// compareLogs holds each head against every whole log that is long enough.
func (c *checker) compareLogs() {
	for _, l := range c.logs {
		for _, h := range c.heads {
			if h.of == l.of || h.head.Origin != l.origin {
				continue
			}
			switch {
			case h.head.Size > l.tree.Size():
				h.of.trusted("%s: it ends at size %d, before this head", l.of.File, l.tree.Size())
			case l.tree.Head(l.origin, h.head.Size) != h.head.Head:
				h.of.fail(Wrong, "%s does not continue this head: the log was rewritten", l.of.File)
				l.of.fail(Wrong, "it does not continue the head in %s: the log was rewritten", h.of.File)
			default:
				h.of.checked("%s, at size %d, continues this head", l.of.File, l.tree.Size())
			}
		}
	}
}

// holdBackups holds each backup against the proved entries that name it.
func (c *checker) holdBackups() {
	for _, b := range c.backups {
		for _, e := range c.entries {
			switch m := b.manifest; {
			case e.of.Result != Proved:
				// it proves nothing about others
			case e.entry.BackupSHA256 == m.SHA256 && e.entry.Fingerprint == m.Fingerprint && e.entry.Month == m.Month:
				b.of.checked("entry %d in %s rests on exactly this file", e.entry.Seq, e.of.File)
				b.of.trusted("%s and its key", e.of.File)
				b.of.Result, b.of.Reason = held(b.of)
			case e.entry.BackupFile == m.File && e.entry.BackupSHA256 != "":
				b.of.fail(Wrong, "entry %d in %s names another file of this name, with the SHA-256 %s", e.entry.Seq, e.of.File, e.entry.BackupSHA256)
			}
		}
	}
}

// held turns unanchored into proved.
func held(r *Result) (Outcome, string) {
	if r.Result == Unanchored {
		return Proved, ""
	}
	return r.Result, r.Reason
}
