package proof

import (
	"errors"
	"strings"

	"extrato/internal/books"
)

// Entry is the JSON form of an entry of the chain, with everything its hash
// covers. Reason, totals, notes and salt are null if they were erased or are
// withheld: the hash can be checked without them.
type Entry struct {
	Seq           int64             `json:"seq"`
	Action        books.Action      `json:"action"`
	Month         string            `json:"month"` // "" of an entry without one
	Revision      int               `json:"revision"`
	At            string            `json:"at"`
	By            books.Actor       `json:"by"`
	CorrelationID string            `json:"correlation_id"`
	Fingerprint   string            `json:"fingerprint"` // "" if there is none, as the next two
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
	Reason        *string           `json:"reason"`
	Totals        *string           `json:"totals"`
	Notes         []string          `json:"notes"`
	Salt          *books.Salt       `json:"salt"`
	Previous      books.Fingerprint `json:"previous"`
	Hash          books.Fingerprint `json:"hash"`
}

// EntryOf returns an entry's JSON form, with its details if they are there.
func EntryOf(c books.ChainEntry) Entry {
	n := c.Counts
	e := Entry{
		Seq: c.Seq, Action: c.Action, Month: c.Month.OrNone(), Revision: c.Revision, At: c.At.String(), By: c.By, CorrelationID: c.CorrelationID,
		Fingerprint: c.Fingerprint.OrNone(), Core: c.Core.OrNone(), Seal: c.Seal.OrNone(),
		Payments: n.Payments, Sessions: n.Sessions, Commissions: n.Commissions, Expenses: n.Expenses, Links: n.Links,
		BackupFile: c.BackupFile, BackupSHA256: c.BackupSHA256, Detail: c.Detail, Previous: c.Previous, Hash: c.Hash,
	}
	if c.Intact() {
		e.Reason, e.Totals, e.Notes, e.Salt = &c.Reason, &c.Totals, append([]string{}, c.Notes...), &c.Salt
	}
	return e
}

// HasDetail reports whether reason, totals and notes are there.
func (e Entry) HasDetail() bool { return e.Salt != nil }

// Closing returns the entry. It fails with an Error of kind Integrity if its
// hash is not that of its values, or its details are not those under the hash,
// and of kind Invalid if a value cannot be read.
func (e Entry) Closing() (books.ChainEntry, error) {
	c := books.ChainEntry{
		Seq: e.Seq, Action: e.Action, Revision: e.Revision, By: e.By, CorrelationID: e.CorrelationID,
		Counts:     books.Counts{Payments: e.Payments, Sessions: e.Sessions, Commissions: e.Commissions, Expenses: e.Expenses, Links: e.Links},
		BackupFile: e.BackupFile, BackupSHA256: e.BackupSHA256, Detail: e.Detail, Previous: e.Previous, Hash: e.Hash,
	}
	var err error
	c.Month, err = books.ParseMonthOrNone(e.Month)
	err = errors.Join(err, c.At.Parse([]byte(e.At)), c.Fingerprint.UnmarshalText([]byte(e.Fingerprint)),
		c.Core.UnmarshalText([]byte(e.Core)), c.Seal.UnmarshalText([]byte(e.Seal)))
	whole := e.Reason != nil && e.Totals != nil && e.Notes != nil && e.Salt != nil
	switch {
	case err != nil || c.At.String() != e.At || !whole && (e.Reason != nil || e.Totals != nil || e.Notes != nil || e.Salt != nil):
		return c, notAProof("entry %d cannot be read", e.Seq).Because(err)
	case whole:
		c.Reason, c.Totals, c.Notes, c.Salt = *e.Reason, *e.Totals, e.Notes, *e.Salt
	}
	if whole && !c.Intact() || !c.HashIntact() {
		return c, books.Integrityf("entry_changed", "entry %d of the chain was changed: its hash is not that of its values", e.Seq).
			WithHint(askAgain)
	}
	return c, nil
}

const keyNote = "key "

// KeyNote is the note of a keyed entry: it holds the new public key.
func KeyNote(key PublicKey) string { return keyNote + key.String() }

// KeyIn returns the new public key of a keyed entry. It fails with an Error of
// kind Integrity if the entry names none of a log.
func KeyIn(c books.ChainEntry) (PublicKey, error) {
	for _, note := range c.Remarks() {
		if text, ok := strings.CutPrefix(note, keyNote); ok && c.Action == books.Keyed {
			if key, err := ParsePublicKey(text); err == nil && !key.Cosigns() {
				return key, nil
			}
		}
	}
	return PublicKey{}, books.Integrityf("broken_chain", "entry %d of the chain names no key", c.Seq).WithHint(askAgain)
}
