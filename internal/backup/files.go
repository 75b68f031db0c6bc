package backup

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"

	"extrato/internal/books"
)

// FileOf returns the name of a manifest's CSV.
func FileOf(manifest string) string { return strings.TrimSuffix(manifest, manifestSuffix) + ".csv" }

// ReadFiles reads a manifest and its CSV, wherever they are kept, and returns the
// manifest if the two agree exactly. It fails with an Error of kind Integrity.
func ReadFiles(manifest, file io.Reader) (Manifest, error) {
	m, err := decodeManifest(manifest)
	if err != nil {
		return m, err
	}
	return m, m.readThrough(file, nil)
}

// readThrough reads a CSV, every byte and every row, and compares it with the
// manifest. keep, if set, gets each row before the whole file is proved.
func (m Manifest) readThrough(file io.Reader, keep func(books.Row)) error {
	seen := &sink{to: io.Discard, hash: sha256.New()}
	in := io.TeeReader(bufio.NewReaderSize(file, 1<<20), seen)
	found := newContents()
	for row, err := range books.Ahead(readRows(in)) {
		if err == nil {
			err = found.add(row)
		}
		if err != nil {
			return err
		}
		if keep != nil {
			keep(row)
		}
	}
	return m.compare(found, hex.EncodeToString(seen.hash.Sum(nil)), seen.size)
}
