// Package recovery keeps what a studio needs back if its whole database is
// lost, as objects beside the monthly backups, and makes a database of them
// again.
//
// The objects: each entry of the chain (registro/000013.json), each statement
// that no backup holds (registro/000013_extrato.json), and the live rows with
// our own tables (estudio/). Keeper writes what is missing, Source reads and
// checks it, Rebuild puts it into an empty database.
package recovery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"extrato/internal/books"
)

// registerFolder holds the entries of the chain and the statements without a
// backup. docs/architecture.md, "Everything lost", has the formats.
const (
	registerFolder  = "registro"
	entryEnd        = ".json"
	statementEnd    = "_extrato.json"
	entryFormat     = "extrato entry 1"
	statementFormat = "extrato statement 1"
)

func entryName(seq int64) string { return fmt.Sprintf("%s/%06d%s", registerFolder, seq, entryEnd) }

func statementName(seq int64) string {
	return fmt.Sprintf("%s/%06d%s", registerFolder, seq, statementEnd)
}

// parseRegister reads a name inside registerFolder. ok is false for anybody
// else's.
func parseRegister(name string) (seq int64, statement, ok bool) {
	base, here := strings.CutPrefix(name, registerFolder+"/")
	digits, statement := strings.CutSuffix(base, statementEnd)
	if !statement {
		digits = strings.TrimSuffix(base, entryEnd)
	}
	seq, err := strconv.ParseInt(digits, 10, 64)
	if !here || err != nil || seq < 1 {
		return 0, false, false
	}
	return seq, statement, name == entryName(seq) || name == statementName(seq)
}

// entryObject is an entry of the chain with everything it covers.
type entryObject struct {
	Format        string            `json:"format"`
	Seq           int64             `json:"seq"`
	Action        books.Action      `json:"action"`
	Month         string            `json:"month"` // "" of an entry without one
	Revision      int               `json:"revision"`
	At            string            `json:"at"`
	By            books.Actor       `json:"by"`
	CorrelationID string            `json:"correlation_id"`
	Fingerprint   string            `json:"fingerprint"`
	Core          string            `json:"core"`
	Seal          string            `json:"seal"`
	Payments      int64             `json:"payments"`
	Sessions      int64             `json:"sessions"`
	Commissions   int64             `json:"commissions"`
	Expenses      int64             `json:"expenses"`
	Links         int64             `json:"links"`
	BackupFile    string            `json:"backup_file"`
	BackupSHA256  string            `json:"backup_sha256"`
	Detail        books.Fingerprint `json:"detail"`
	Reason        string            `json:"reason"`
	Totals        string            `json:"totals"`
	Notes         []string          `json:"notes"`
	Salt          books.Salt        `json:"salt"`
	Previous      books.Fingerprint `json:"previous"`
	Hash          books.Fingerprint `json:"hash"`
}

// encodeEntry returns an entry's object. It fails with an Error of kind
// Integrity on an entry that was changed, which nobody should keep.
func encodeEntry(e books.ChainEntry) ([]byte, error) {
	n := e.Counts
	text, err := encode(entryObject{
		entryFormat, e.Seq, e.Action, e.Month.OrNone(), e.Revision, e.At.String(), e.By, e.CorrelationID,
		e.Fingerprint.OrNone(), e.Core.OrNone(), e.Seal.OrNone(), n.Payments, n.Sessions, n.Commissions, n.Expenses, n.Links,
		e.BackupFile, e.BackupSHA256, e.Detail, e.Reason, e.Totals, e.Notes, e.Salt, e.Previous, e.Hash,
	})
	if err != nil {
		return nil, err
	}
	if again, err := decodeEntry(text); err != nil || again.Hash != e.Hash {
		return nil, books.Integrityf("entry_changed", "entry %d of the chain was changed in the database", e.Seq).
			WithHint("see what: extrato audit verify").Because(err)
	}
	return text, nil
}

// decodeEntry reads an entry's object, and accepts only the bytes written by
// encodeEntry, of an intact entry.
func decodeEntry(text []byte) (books.ChainEntry, error) {
	var o entryObject
	if err := decode(text, &o); err != nil {
		return books.ChainEntry{}, err
	}
	if o.Format != entryFormat {
		return books.ChainEntry{}, fmt.Errorf("it has the format %q, this program knows %q", o.Format, entryFormat)
	}
	e := books.ChainEntry{
		Seq: o.Seq, Action: o.Action, Revision: o.Revision, By: o.By, CorrelationID: o.CorrelationID,
		Counts:     books.Counts{Payments: o.Payments, Sessions: o.Sessions, Commissions: o.Commissions, Expenses: o.Expenses, Links: o.Links},
		BackupFile: o.BackupFile, BackupSHA256: o.BackupSHA256, Detail: o.Detail, Reason: o.Reason, Totals: o.Totals, Notes: o.Notes,
		Salt: o.Salt, Previous: o.Previous, Hash: o.Hash,
	}
	month, err := books.ParseMonthOrNone(o.Month)
	e.Month = month
	err = errors.Join(err, e.At.Parse([]byte(o.At)), e.Fingerprint.UnmarshalText([]byte(o.Fingerprint)),
		e.Core.UnmarshalText([]byte(o.Core)), e.Seal.UnmarshalText([]byte(o.Seal)))
	if err == nil && !e.Intact() {
		err = errors.New("its hash is not that of what it says")
	}
	return e, err
}

// statementObject is a statement as it is stored: one of v4's, or one closed
// without a backup.
type statementObject struct {
	Format string                   `json:"format"`
	Seq    int64                    `json:"entry"`
	Month  books.Month              `json:"month"`
	Parts  [books.PartCount]*string `json:"parts"` // pagamentos, sessoes, comissoes, gastos, totais; null for NULL
	Seal   books.Fingerprint        `json:"seal"`
	Sum    books.Fingerprint        `json:"checksum"` // SHA-256 of this document with an empty checksum
}

func (o statementObject) withSum() (statementObject, error) {
	o.Sum = books.Fingerprint{}
	text, err := encode(o)
	o.Sum = sum(text)
	return o, err
}

// encodeStatement returns the object of an entry's statement.
func encodeStatement(e books.ChainEntry, stored books.Stored) ([]byte, error) {
	o := statementObject{Format: statementFormat, Seq: e.Seq, Month: e.Month, Seal: e.Seal}
	for i, part := range stored.Parts {
		if part != "" {
			o.Parts[i] = &stored.Parts[i]
		}
	}
	o, err := o.withSum()
	if err != nil {
		return nil, err
	}
	text, err := encode(o)
	if err != nil {
		return nil, err
	}
	if _, err := decodeStatement(text, e); err != nil {
		return nil, books.Integrityf("statement_changed", "the statement of %s is not what was closed", e.Month).WithHint("see what is wrong: extrato audit verify").Because(err)
	}
	return text, nil
}

// decodeStatement reads the object of an entry's statement. Every byte of it
// matters.
func decodeStatement(text []byte, e books.ChainEntry) (books.Stored, error) {
	var o statementObject
	if err := decode(text, &o); err != nil {
		return books.Stored{}, err
	}
	summed, err := o.withSum()
	switch {
	case err != nil:
		return books.Stored{}, err
	case o.Format != statementFormat:
		return books.Stored{}, fmt.Errorf("it has the format %q, this program knows %q", o.Format, statementFormat)
	case summed.Sum != o.Sum:
		return books.Stored{}, errors.New("its checksum is not that of what it says")
	case o.Seq != e.Seq || o.Month != e.Month:
		return books.Stored{}, fmt.Errorf("it is that of entry %d, %s", o.Seq, o.Month)
	}
	stored := books.Stored{Month: o.Month}
	for i, part := range o.Parts {
		if part != nil {
			stored.Parts[i] = *part
		}
	}
	if stored.Seal() != e.Seal {
		return stored, errors.New("it is not the statement that the chain's entry seals")
	}
	return stored, nil
}

// encode writes a document's only form.
func encode(document any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(document)
	return text.Bytes(), err
}

// decode reads a document and refuses any bytes but those of encode.
func decode(text []byte, document any) error {
	if err := json.Unmarshal(text, document); err != nil {
		return fmt.Errorf("it is not JSON as it should be: %w", err)
	}
	again, err := encode(document)
	if err == nil && !bytes.Equal(text, again) {
		err = errors.New("it is not as it was written")
	}
	return err
}
