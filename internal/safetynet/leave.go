package safetynet

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"extrato/internal/books"
	"extrato/internal/notify"
)

// Teller sends a message to a place; notify.Teller is one.
type Teller interface {
	Places() []string
	Tell(ctx context.Context, place string, m notify.Message) error
}

// FailBecause adds a failure to a result that has none.
func (r *Result) FailBecause(err error) {
	if r.Error == nil && err != nil {
		r.fail(err)
	}
}

// Tell tells people of a failure that is new to them, and of its end. What
// cannot be told is noted and hides nothing.
func (n *Net) Tell(ctx context.Context, r *Result, g *GitHub, t Teller) {
	if r.Error != nil && r.Error.Code == "month_not_ended" && len(r.Requests) == 0 {
		return // whoever named the month sees it, and to others nothing happened
	}
	if g != nil {
		did, err := g.Report(ctx, *r)
		r.Issue = did
		switch {
		case err != nil:
			r.note("issue_failed", err.Error())
		case did == "unchanged" && r.Error == nil:
			r.note("not_compared")
		}
	}
	n.tellPlaces(ctx, r, t)
}

func (n *Net) tellPlaces(ctx context.Context, r *Result, t Teller) {
	month, now := r.Month.String(), ""
	if r.Error != nil {
		now = r.Error.Code
	}
	if n.State.Causes[month] == now {
		return
	}
	told := true
	if t != nil {
		for _, place := range t.Places() {
			if t.Tell(ctx, place, notify.Message{Title: "Extrato " + month + ": " + outcomes[r.Outcome].pt, Text: r.Summary()}) != nil {
				r.note("notify_failed")
				told = false
			}
		}
	}
	switch {
	case !told: // the next run tells it
	case now == "":
		delete(n.State.Causes, month)
	default:
		n.State.Causes[month] = now
	}
}

// Leave writes result.json and summary.md into dir; the first holds each
// request and its answer.
func (r Result) Leave(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return books.Refusedf("cannot_write", "the folder for the result cannot be made").Because(err)
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(dir, "result.json"), append(text, '\n')); err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, "summary.md"), []byte(r.Summary()))
}
