// Package safetynet is the second layer: it runs on another machine, talks
// only HTTP, makes a month's close happen if it has not, and proves or reports.
//
// A run asks what the month is, has a backup and a statement made where they
// are missing, checks what the server says against itself and against the head
// of the chain that an earlier run kept, and leaves a document, a summary and
// at most one issue per month. It works against v4's two endpoints alone; the
// checks need /api/v1. Nothing that it leaves behind holds a secret or a name.
package safetynet

import (
	"context"
	"errors"
	"time"

	"extrato/internal/books"
)

// Net is what a run needs of the world around it.
type Net struct {
	Server *Client
	Now    func() time.Time // in the studio's zone
	State  State            // what earlier runs kept; a run brings it up to date
}

// Outcome says what a run came to.
type Outcome string

// The outcomes of a run.
const (
	Proved   Outcome = "proved"   // closed, and everything that was checked agrees
	Accepted Outcome = "accepted" // closed, says a server that cannot be asked for proof: v4
	Left     Outcome = "left"     // open, and for a person to close
	Failed   Outcome = "failed"
)

// Result is the document of a run.
type Result struct {
	Month    books.Month `json:"month"`
	Outcome  Outcome     `json:"result"`
	ExitCode int         `json:"exit_code"`
	Error    *Cause      `json:"error,omitempty"`
	Proof    *Proof      `json:"proof,omitempty"`
	Notes    []Note      `json:"notes"`
	Issue    string      `json:"issue"` // none, opened, reopened, commented, unchanged, closed, unknown
	Requests []Exchange  `json:"requests"`
	At       string      `json:"at"`
}

// Cause is why a run failed, in this program's own words.
type Cause struct {
	Kind    books.ErrorKind `json:"kind"`
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Hint    string          `json:"hint"`
}

// Month returns the month that is looked after when none is named: the one
// that ended last, in now's zone.
func Month(now time.Time) books.Month { return books.MonthOf(now).Add(-1) }

// Run looks after one month; with force it takes late rows in as a revision and
// closes what else would wait for a person, except a month that is held. It
// always returns a Result, whose Error says what went wrong.
func (n *Net) Run(ctx context.Context, month books.Month, force bool) Result {
	r := Result{Month: month, Notes: []Note{}, Issue: "none", At: books.InstantOf(n.Now()).String()}
	err := n.lookAfter(ctx, month, force, &r)
	r.Requests = n.Server.Exchanges()
	if err != nil {
		r.fail(err)
	}
	return r
}

func (r *Result) fail(err error) {
	e := books.AsError(err)
	r.Outcome, r.ExitCode = Failed, e.Kind.ExitCode()
	r.Error = &Cause{e.Kind, e.Code, e.Message, e.Hint}
}

func (n *Net) lookAfter(ctx context.Context, month books.Month, force bool, r *Result) error {
	if !month.EndedBy(n.Now()) {
		return books.Refusedf("month_not_ended", "%s has not ended", month).WithHint("the safety net looks after months that are over")
	}
	found, err := n.Server.month(ctx, month)
	if errors.Is(err, errNoV1) {
		r.note("no_v1")
		if err := n.makeClose(ctx, month, force, r); err != nil {
			return err
		}
		r.Outcome = Accepted
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case found.State == "held":
		return books.Refusedf("month_held", "%s was reopened and is held", month).WithHint("a person closes it: extrato close %s", month)
	case found.State == "open" && !force:
		r.Outcome = Left
		r.note("left_open")
		return nil
	case found.State == "due", found.State == "open", found.State == "late" && force:
		if err := n.makeClose(ctx, month, force, r); err != nil {
			return err
		}
	}
	return n.prove(ctx, month, r)
}

// makeClose has a backup made and the month closed. A backup that fails is
// noted, and the close is asked for all the same: the server makes its own.
func (n *Net) makeClose(ctx context.Context, month books.Month, force bool, r *Result) error {
	if err := n.Server.backup(ctx, month); err != nil {
		if ends(err) {
			return err
		}
		r.note("backup_failed", books.AsError(err).Message)
	}
	return n.Server.generate(ctx, month, force)
}

// ends reports whether an error makes every further request pointless.
func ends(err error) bool {
	k := books.AsError(err).Kind
	return k == books.Unauthorized || k == books.Forbidden || k == books.Invalid
}
