package verify

import (
	"bytes"
	"strings"

	gojson "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"extrato/internal/proof"
)

// kind is what a file is, by its content: names get lost on the way.
type kind int

const (
	unknownFile kind = iota
	pdfFile
	documentFile
	statementFile
	manifestFile
	csvFile
	codeFile
	checkpointFile
	encryptedFile
)

func kindOf(text []byte) kind {
	start := text[:min(len(text), 1024)]
	switch {
	case bytes.Contains(start, []byte("%PDF-")):
		return pdfFile
	case bytes.HasPrefix(text, []byte("age-encryption.org/")), bytes.HasPrefix(text, []byte("-----BEGIN AGE ENCRYPTED FILE-----")):
		return encryptedFile
	case bytes.HasPrefix(text, []byte("type,id,data,")):
		return csvFile
	case bytes.HasPrefix(bytes.TrimSpace(start), []byte("c2sp.org/tlog-proof@v1")):
		return codeFile
	case bytes.HasPrefix(bytes.TrimSpace(start), []byte("{")):
		return objectKind(text)
	}
	if _, err := proof.ParseHead(typedDash(string(text))); err == nil {
		return checkpointFile
	}
	return unknownFile
}

func objectKind(text []byte) kind {
	var members map[string]jsontext.Value
	if err := gojson.Unmarshal(text, &members, jsontext.AllowDuplicateNames(true)); err != nil {
		return unknownFile
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if _, ok := members[name]; !ok {
				return false
			}
		}
		return true
	}
	switch {
	case has("format", "vkeys"):
		return documentFile
	case has("format", "checksum", "sha256"):
		return manifestFile
	case has("month", "totals", "payments"):
		return statementFile
	}
	return unknownFile
}

// typedDash puts the dash of a signature line back where a QR code or a keyboard
// has two hyphens.
func typedDash(text string) string { return strings.ReplaceAll(text, "\n-- ", "\n— ") }
