// Package doctest writes what long tests counted into docs/reliability.md. It is
// for tests only.
package doctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// document is found when the tests start: later they may go to another folder.
var document, _ = filepath.Abs(filepath.Join("..", "..", "docs", "reliability.md"))

// Part returns the text between the marks of a part, without them.
func Part(t testing.TB, part string) string {
	t.Helper()
	_, text, _ := parts(t, part)
	return strings.TrimSpace(text)
}

// Replace writes a part anew.
func Replace(t testing.TB, part, text string) {
	t.Helper()
	before, _, after := parts(t, part)
	if err := os.WriteFile(document, []byte(before+"\n"+strings.TrimSpace(text)+"\n\n"+after), 0o644); err != nil { //nolint:gosec // a document for everybody
		t.Fatal(err)
	}
}

func parts(t testing.TB, part string) (before, text, after string) {
	t.Helper()
	whole, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+part+" -->\n", "<!-- end of "+part+" -->\n"
	before, rest, found := strings.Cut(string(whole), begin)
	text, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no part %q", document, part)
	}
	return before + begin, text, end + after
}
