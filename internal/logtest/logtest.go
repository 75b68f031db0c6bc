// Package logtest watches what the program says while it is tested: every
// test's logger and every started program's stderr goes through it, and a test
// fails if a line holds a secret, a client's name or a URL with a password.
package logtest

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"sync"
	"testing"
)

// told is what no log may hold. The names and secrets are those that the tests
// of this project plant: a test that makes others adds them here.
var told = regexp.MustCompile(`\b(?:` +
	// clients
	`(?:Bia|Caio|Caíque|Davi|Beatriz|Vasconcelos|Figueiredo|Ibáñez|Magalhães|HYPERLINK)\b|Zoë` +
	// keys, passwords, addresses of webhooks
	`|0123456789abcdef0123456789abcdef|k{32}|correct horse|geheim|hunter2|SECRET|hook\?disabletls` +
	// tokens, hashes, keys, headers that hold them, cookies
	`|eyJ[A-Za-z0-9_-]{8,}|argon2id|PRIVATE KEY|Bearer [A-Za-z0-9]|extrato_login=` +
	// URLs with a password
	`|[a-z][a-z0-9+.-]*://[^\s/:@"']*:[^\s/@"']+@)`)

// longest is as long as what is looked for may be when it comes in two parts.
const longest = 200

// Find returns what a text holds of what no log may, with some of what stands
// around it, or "".
func Find(text []byte) string {
	text = bytes.ReplaceAll(text, []byte("//user:password@"), []byte("//user@")) // hints show how a URL is written
	at := told.FindIndex(text)
	if at == nil {
		return ""
	}
	return fmt.Sprintf("%q in %q", text[at[0]:at[1]], text[max(0, at[0]-longest):min(len(text), at[1]+longest)])
}

// Check fails a test if a text holds what no log may.
func Check(t testing.TB, what string, text []byte) {
	t.Helper()
	if found := Find(text); found != "" {
		t.Errorf("%s holds %s", what, found)
	}
}

// Writer is a log that is watched. It may be used by several goroutines, and
// after its test.
type Writer struct {
	lock  sync.Mutex
	to    io.Writer
	last  []byte // the end of what came before
	found string
}

// NewWriter returns a watched log whose lines go on to to, and makes t fail at
// its end if they hold what no log may.
func NewWriter(t testing.TB, to io.Writer) *Writer {
	w := &Writer{to: to}
	t.Cleanup(func() {
		w.lock.Lock()
		defer w.lock.Unlock()
		if w.found != "" {
			t.Errorf("a log holds %s", w.found)
		}
	})
	return w
}

// Write looks at what is logged.
func (w *Writer) Write(b []byte) (int, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.found == "" {
		w.last = append(w.last, b...)
		w.found = Find(w.last)
		w.last = bytes.Clone(w.last[max(0, len(w.last)-longest):])
	}
	return w.to.Write(b)
}

// New returns a logger that is watched, whose lines go to to, at every level.
func New(t testing.TB, to io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(NewWriter(t, to), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Quiet returns a logger that is watched, whose lines go nowhere.
func Quiet(t testing.TB) *slog.Logger { return New(t, io.Discard) }
