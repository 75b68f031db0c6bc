package main

import (
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"extrato/internal/export"
)

// progress is a line on a terminal with the last finished step. The next output
// replaces it.
type progress struct {
	mu  sync.Mutex
	to  io.Writer
	bar *progressbar.ProgressBar // nil while no line is there
}

// step shows a finished step.
func (p *progress) step(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil {
		p.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(p.to), progressbar.OptionClearOnFinish(),
			progressbar.OptionSpinnerType(14), progressbar.OptionSetElapsedTime(false))
	}
	p.bar.Describe(export.Visible(what))
	_ = p.bar.Add(1)
}

// clear takes the line away.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}

// terminal is an output for people; its text never stands beside a line of
// progress.
type terminal struct {
	io.Writer
	line *progress
}

func (t terminal) Write(text []byte) (int, error) {
	t.line.clear()
	return t.Writer.Write(text)
}

// before has w clear the line first, if w is a terminal.
func (p *progress) before(w io.Writer) io.Writer {
	behind := w
	if o, ok := w.(*output); ok {
		behind = o.Writer
	}
	if f, ok := behind.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return terminal{w, p}
	}
	return w
}

func isTerminal(w io.Writer) bool {
	_, ok := w.(terminal)
	return ok
}
