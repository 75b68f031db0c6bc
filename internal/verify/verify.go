// Package verify checks files without a database, settings or a network:
// statements as PDF and JSON, the text of a statement's QR code, backups,
// checkpoints, and folders made by audit export. It looks at each file, then at
// all of them together: a backup is held against a statement, an old statement
// against a newer export.
//
// Each result names the checks made and what was trusted. scripts/verify.py does
// the same in another language and shares no code.
package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"extrato/internal/books"
	"extrato/internal/proof"
)

// Outcome is the result of checking a file.
type Outcome string

// The outcomes.
const (
	Proved     Outcome = "proved"
	Wrong      Outcome = "wrong"      // not what was closed or signed
	Unknown    Outcome = "unknown"    // unreadable, or no file of this program
	Unanchored Outcome = "unanchored" // whole, but nothing is there to hold it against
)

// Result is the report about one file.
type Result struct {
	File    string   `json:"file"`
	Result  Outcome  `json:"result"`
	Checked []string `json:"checked"`
	Trusted []string `json:"trusted"` // assumed without a check
	Reason  string   `json:"reason"`  // why it is not proved; "" if it is

	document *proof.Verified // of a proved statement
}

func (r *Result) checked(format string, args ...any) {
	r.Checked = append(r.Checked, fmt.Sprintf(format, args...))
}

func (r *Result) trusted(format string, args ...any) {
	r.Trusted = append(r.Trusted, fmt.Sprintf(format, args...))
}

// fail records the first reason why a file is not proved. What is wrong stays
// wrong.
func (r *Result) fail(outcome Outcome, format string, args ...any) {
	if r.Result == Wrong || r.Result != Proved && outcome != Wrong {
		return
	}
	r.Result, r.Reason = outcome, fmt.Sprintf(format, args...)
}

// failWith records an error: of kind Integrity the file is wrong, of kind Invalid
// it could not be read.
func (r *Result) failWith(err error) {
	if books.AsError(err).Kind == books.Integrity {
		r.fail(Wrong, "%s", err)
	} else {
		r.fail(Unknown, "%s", err)
	}
}

// maxFile is more than any file of this program needs.
const maxFile = 1 << 30

// Files checks files and folders by name. keys are public keys known from
// elsewhere, whole or as printed; without one of the studio's, each file's own
// key is taken, and its result says so. Files fails with an Error of kind Invalid
// if a key cannot be read; whatever is wrong with a file is in its result.
func Files(names, keys []string) ([]Result, error) {
	c := &checker{given: keys}
	if _, err := c.keys("extrato/any"); err != nil {
		return nil, err
	}
	results := make([]*Result, len(names))
	for i, name := range names {
		results[i] = &Result{File: name, Result: Proved, Checked: []string{}, Trusted: []string{}}
		c.file(results[i], name)
	}
	c.together()
	all := make([]Result, len(names))
	for i, r := range results {
		all[i] = *r
	}
	return all, nil
}

// checker keeps the findings to be compared with each other.
type checker struct {
	given   []string // keys known from elsewhere
	heads   []seenHead
	entries []seenEntry
	backups []seenBackup
	alone   []seenCheckpoint // without a key yet
	logs    []seenLog
}

// keys returns the given keys, for a log with this origin.
func (c *checker) keys(origin string) ([]proof.PublicKey, error) {
	var keys []proof.PublicKey
	for _, text := range c.given {
		k, err := proof.ParsePublicKey(text)
		if err != nil {
			if k, err = proof.ParsePrinted(origin, text); err != nil {
				return nil, books.Invalidf("invalid_key", "%q is no public key", text).
					WithHint("write the 44 characters printed on a statement, or NAME+HASH+KEY as in the file keys of an export")
			}
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// keysOf returns the given keys for a checkpoint's log. They were read before.
func (c *checker) keysOf(checkpoint string) []proof.PublicKey {
	head, err := proof.ParseHead(checkpoint)
	if err != nil {
		return nil // opening it will say so
	}
	keys, _ := c.keys(head.Origin)
	return keys
}

func (c *checker) file(r *Result, name string) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.fail(Unknown, "there is no such file")
		return
	case err != nil:
		r.fail(Unknown, "it cannot be read: %s", err)
		return
	case info.IsDir():
		c.folder(r, name)
		return
	case info.Size() > maxFile:
		r.fail(Unknown, "it is too large for a file of this program")
		return
	}
	text, err := os.ReadFile(name)
	if err != nil {
		r.fail(Unknown, "it cannot be read: %s", err)
		return
	}
	c.content(r, name, text)
}

func (c *checker) content(r *Result, name string, text []byte) {
	switch kindOf(text) {
	case pdfFile:
		c.pdf(r, text)
	case documentFile:
		c.document(r, text)
	case statementFile:
		c.statement(r, text)
	case manifestFile, csvFile:
		c.backup(r, name)
	case codeFile:
		c.code(r, string(text))
	case checkpointFile:
		c.checkpoint(r, string(text))
	case encryptedFile:
		r.fail(Unknown, "it is encrypted with age: decrypt it first")
	default:
		r.fail(Unknown, "this is no file that can be checked: a statement as PDF or JSON, the text of its QR code, a backup with its manifest, a checkpoint, or a folder of extrato audit export")
	}
}
