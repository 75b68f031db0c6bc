package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"extrato/internal/books"
)

// Manifest describes the required content of a backup's CSV. It is written and
// made durable before the CSV gets its name.
type Manifest struct {
	Format      int                    `json:"format"`
	Month       books.Month            `json:"month"`
	Copy        int                    `json:"copy"`
	File        string                 `json:"file"`
	SHA256      string                 `json:"sha256"`
	Size        int64                  `json:"size"`
	Fingerprint books.Fingerprint      `json:"fingerprint"`
	Rows        map[string]int64       `json:"rows"`
	Sums        map[string]books.Money `json:"sums"`
	CreatedAt   string                 `json:"created_at"`
	Program     string                 `json:"program"`
	Zone        string                 `json:"zone"`
	Salt        books.Salt             `json:"sal"` // of the statement closed with this copy
	Checksum    string                 `json:"checksum"`
}

// manifestFormat is the version of backups written and read by this program.
const manifestFormat = 1

// maxManifest is more than any manifest needs.
const maxManifest = 64 << 10

// encode returns the manifest's bytes, with the checksum over all others.
func (m Manifest) encode() ([]byte, error) { return encodeChecked(&m, &m.Checksum) }

// encodeChecked returns m's JSON after setting its checksum, a field of m, to the
// SHA-256 of the JSON without one.
func encodeChecked(m any, checksum *string) ([]byte, error) {
	*checksum = ""
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	*checksum = hex.EncodeToString(sum[:])
	text, err = json.MarshalIndent(m, "", "  ")
	return append(text, '\n'), err
}

// decodeManifest reads a manifest and refuses anything but the very bytes
// written by encode: a missing, unknown or repeated key, another order, a
// changed value. Its errors are of kind Integrity.
func decodeManifest(in io.Reader) (Manifest, error) {
	var m Manifest
	text, err := io.ReadAll(io.LimitReader(in, maxManifest))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, corruptf("the manifest is not JSON as it should be").Because(err)
	}
	if m.Format != manifestFormat {
		return m, corruptf("the manifest has format %d, this program knows %d", m.Format, manifestFormat)
	}
	again, err := m.encode()
	if err != nil {
		return m, corruptf("the manifest cannot be read").Because(err)
	}
	if !bytes.Equal(text, again) {
		return m, corruptf("the manifest is not as it was written")
	}
	return m, nil
}

// contents are the checksums and counts of rows, computed when they are written
// and again when they are read back.
type contents struct {
	digest *books.Digest
	rows   map[string]int64
	sums   map[string]books.Money
}

func newContents() *contents {
	return &contents{digest: books.NewDigest(), rows: map[string]int64{}, sums: map[string]books.Money{}}
}

func (c *contents) add(row books.Row) error {
	name := row.Kind().String()
	c.rows[name]++
	switch r := row.(type) {
	case *books.Payment:
		c.sums[name] += r.Amount
	case *books.Session:
		c.sums[name] += r.Amount
	case *books.Commission:
		c.sums[name] += r.Amount
	case *books.Expense:
		c.sums[name] += r.Amount
	}
	return c.digest.Add(row)
}

// Counts returns the manifest's counts in the form of the books.
func (m Manifest) Counts() books.Counts {
	count := func(k books.Kind) int64 { return m.Rows[k.String()] }
	return books.Counts{
		Payments: count(books.PaymentKind), Sessions: count(books.SessionKind), Commissions: count(books.CommissionKind),
		Expenses: count(books.ExpenseKind), Links: count(books.LinkKind),
	}
}

func corruptf(format string, args ...any) *books.Error {
	return books.Integrityf("backup_corrupt", format, args...).
		WithHint("keep the file for whoever helps you, and make a new copy: extrato backup create MONTH")
}

// fileName returns the name of a month's n-th copy: v4's own for the first.
func fileName(month books.Month, n int) string {
	base := fmt.Sprintf("%04d_%02d/backup_%04d_%02d", month.Year, int(month.Month), month.Year, int(month.Month))
	if n > 1 {
		base += fmt.Sprintf(".r%d", n)
	}
	return base + ".csv"
}
