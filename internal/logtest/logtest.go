// Package logtest watches the program's logs under test. Every test's logger
// and every started program's stderr passes through it. A test fails if a line
// holds a secret, a client's name or a URL with a password.
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

// told matches text forbidden in logs. The names and secrets are the ones
// planted by this project's tests; a test with new ones adds them here.
var told = regexp.MustCompile(`\b(?:` +
	// clients
	`(?:Bia|Caio|Caíque|Davi|Beatriz|Vasconcelos|Figueiredo|Ibáñez|Magalhães|HYPERLINK)\b|Zoë` +
	// keys, passwords, addresses of webhooks
	`|0123456789abcdef0123456789abcdef|k{32}|correct horse|geheim|hunter2|SECRET|hook\?disabletls` +
	// tokens, hashes, keys, headers with them, cookies
	`|eyJ[A-Za-z0-9_-]{8,}|argon2id|PRIVATE KEY|Bearer [A-Za-z0-9]|extrato_login=` +
	// URLs with a password
	`|[a-z][a-z0-9+.-]*://[^\s/:@"']*:[^\s/@"']+@)`)

// longest is the maximal length of a match split over two writes.
const longest = 200

// Find returns the first forbidden text with some of its context, or "".
func Find(text []byte) string {
	text = bytes.ReplaceAll(text, []byte("//user:password@"), []byte("//user@")) // hints show how a URL is written
	at := told.FindIndex(text)
	if at == nil {
		return ""
	}
	return fmt.Sprintf("%q in %q", text[at[0]:at[1]], text[max(0, at[0]-longest):min(len(text), at[1]+longest)])
}

// Check fails a test if a text is forbidden in logs.
func Check(t testing.TB, what string, text []byte) {
	t.Helper()
	if found := Find(text); found != "" {
		t.Errorf("%s holds %s", what, found)
	}
}

// Writer is a watched log. Several goroutines may use it, also after its test.
type Writer struct {
	lock  sync.Mutex
	to    io.Writer
	last  []byte // the end of the previous write
	found string
}

// NewWriter returns a watched log in front of to. t fails at its end if a line
// holds forbidden text.
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

// Write checks b and passes it on.
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

// New returns a watched logger writing to to, at every level.
func New(t testing.TB, to io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(NewWriter(t, to), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Quiet returns a watched logger without output.
func Quiet(t testing.TB) *slog.Logger { return New(t, io.Discard) }
