package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	gojson "github.com/go-json-experiment/json"

	"extrato/internal/books"
)

// The files of a folder made by audit export. Each statement has a document of
// its own in StatementsFolder.
const (
	CheckpointFile   = "checkpoint"
	KeysFile         = "keys"
	EntriesFile      = "entries.json"
	StatementsFolder = "statements"
)

const entriesFormat = "extrato entries 1"

// DocumentName returns the file of a statement's document inside
// StatementsFolder: 2025-10.r1.json.
func DocumentName(month books.Month, revision int) string {
	return fmt.Sprintf("%s.r%d.json", month, revision)
}

// EntriesJSON writes a whole chain, a line per entry.
func EntriesJSON(entries []books.ChainEntry) []byte {
	text := []byte(`{"format":"` + entriesFormat + `","entries":[`)
	for i, e := range entries {
		if i > 0 {
			text = append(text, ',')
		}
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(EntryOf(e)); err != nil {
			panic(err) // only texts and numbers
		}
		text = append(append(text, '\n'), bytes.TrimSpace(line.Bytes())...)
	}
	return append(text, "\n]}\n"...)
}

// ParseEntries reads the output of EntriesJSON and checks each entry and its place
// in the chain. withheld are the entries without reason, totals and notes. It
// fails with an Error of kind Integrity if an entry was changed, moved or taken
// out, and of kind Invalid if the text cannot be read.
func ParseEntries(text []byte) (entries []books.ChainEntry, withheld []int64, err error) {
	var d struct {
		Format  string  `json:"format"`
		Entries []Entry `json:"entries"`
	}
	if err := gojson.Unmarshal(text, &d, gojson.RejectUnknownMembers(true)); err != nil || d.Format != entriesFormat {
		return nil, nil, notAProof("this is no chain of closings as this program exports it").Because(err)
	}
	var previous books.ChainEntry
	for _, e := range d.Entries {
		c, err := e.Closing()
		if err != nil {
			return nil, nil, err
		}
		if c.Seq != previous.Seq+1 || c.Previous != previous.Hash {
			return nil, nil, books.Integrityf("entry_moved", "entry %d does not follow entry %d of the chain: one was moved, changed or taken out", c.Seq, previous.Seq)
		}
		if !e.HasDetail() {
			withheld = append(withheld, c.Seq)
		}
		entries, previous = append(entries, c), c
	}
	return entries, withheld, nil
}

// KeysText writes public keys, one a line.
func KeysText(keys ...PublicKey) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.String() + "\n")
	}
	return b.String()
}

// ParseKeys reads the output of KeysText. It fails with an Error of kind Invalid.
func ParseKeys(text string) (keys []PublicKey, err error) {
	for line := range strings.Lines(text) {
		k, err := ParsePublicKey(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}
