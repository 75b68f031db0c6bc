package verify

import (
	"os"

	"extrato/internal/backup"
	"extrato/internal/books"
)

// backup checks a backup's CSV with its manifest, given either of the two.
func (c *checker) backup(r *Result, name string) {
	csv := name
	if backup.IsManifest(name) {
		csv = backup.FileOf(name)
	}
	manifest, err := os.Open(backup.ManifestOf(csv))
	if err != nil {
		r.fail(Unknown, "its manifest cannot be read beside it: %s", err)
		return
	}
	defer manifest.Close()
	file, err := os.Open(csv)
	if err != nil {
		r.fail(Unknown, "its CSV cannot be read beside it: %s", err)
		return
	}
	defer file.Close()
	m, err := backup.ReadFiles(manifest, file)
	if err != nil {
		r.failWith(err)
		return
	}
	r.checked("%s: %s, as many bytes, rows and amounts as its manifest names", m.File, m.Counts().English())
	r.checked("SHA-256 %s, fingerprint %s", m.SHA256, m.Fingerprint)
	if m.Month == (books.Month{}) {
		r.fail(Wrong, "its manifest names no month")
		return
	}
	r.fail(Unanchored, "a manifest can be written anew with its file: give the month's statement with it, or a folder of extrato audit export")
	c.backups = append(c.backups, seenBackup{r, m})
}
