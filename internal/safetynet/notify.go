package safetynet

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"extrato/internal/books"
	"extrato/internal/notify"
)

// Notifier sends a message to a place; notify.Notifier is one.
type Notifier interface {
	Places() []string
	Notify(ctx context.Context, place string, m notify.Message) error
}

// FailBecause adds a failure to a result without one.
func (r *Result) FailBecause(err error) {
	if r.Error == nil && err != nil {
		r.fail(err)
	}
}

// Add adds a failure to a result, as a note if the result has a worse one.
func (r *Result) Add(err error) {
	if r.Error != nil && err != nil {
		r.note("besides", books.AsError(err).Code)
		return
	}
	r.FailBecause(err)
}

// Time limits for notifications: unresponsive places and GitHub's rate limit
// must not use up one another's time.
const (
	placesLimit = 2 * time.Minute
	issueLimit  = 3 * time.Minute
)

// Notify notifies people of a new failure, and of its end. A failed notification
// becomes a note.
func (n *Net) Notify(ctx context.Context, r *Result, g *GitHub, t Notifier) {
	if r.Error != nil && r.Error.Code == "month_not_ended" && len(r.Requests) == 0 {
		return // the caller named the month and sees the result
	}
	n.notifyPlaces(ctx, r, t)
	if g != nil {
		g.updateIssue(ctx, r)
	}
	n.State.settle(*r)
}

// notifyPlaces notifies every place of a new cause, and of an old one the places
// still missing it.
func (n *Net) notifyPlaces(ctx context.Context, r *Result, t Notifier) {
	ctx, cancel := context.WithTimeout(ctx, placesLimit)
	defer cancel()
	month, now := r.Month.String(), ""
	if r.Error != nil {
		now = r.Error.Code
	}
	known, owed := n.State.Causes[month] == now, n.State.Owed[month]
	delete(n.State.Causes, month)
	if now != "" {
		n.State.Causes[month] = now
	}
	if t == nil {
		return
	}
	var missed []string
	for _, place := range t.Places() {
		if known && !slices.Contains(owed, place) {
			continue
		}
		if t.Notify(ctx, place, notify.Message{Title: "Extrato " + month + ": " + outcomes[r.Outcome].pt, Text: r.Summary()}) != nil {
			missed = append(missed, place)
		}
	}
	n.owe(month, missed)
	if len(missed) > 0 {
		r.note("notify_failed")
	}
}

// owe records for the next run the places without the month's cause.
func (n *Net) owe(month string, places []string) {
	delete(n.State.Owed, month)
	if len(places) == 0 {
		return
	}
	if n.State.Owed == nil {
		n.State.Owed = map[string][]string{}
	}
	n.State.Owed[month] = places
}

func (g *GitHub) updateIssue(ctx context.Context, r *Result) {
	ctx, cancel := context.WithTimeout(ctx, issueLimit)
	defer cancel()
	did, err := g.Report(ctx, *r)
	r.Issue = did
	var refused answered
	switch {
	case errors.As(err, &refused) && refused == http.StatusGone:
		r.note("issues_off")
	case err != nil:
		r.note("issue_failed", err.Error())
	case did == "unchanged" && r.Error == nil && r.Outcome != Left:
		r.note("not_compared")
	}
}

// Leave writes result.json and summary.md into dir; the first holds each
// request and its answer.
func (r Result) Leave(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return books.Refusedf("cannot_write", "the folder for the result cannot be made").WithHint("see --out").Because(err)
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
