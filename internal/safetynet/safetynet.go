// Package safetynet is the second layer: it runs on another machine, uses only
// HTTP, makes a missing close happen, and proves or reports.
//
// A run reads the month's state, asks for a missing backup and statement,
// checks the server's answers against each other and against the chain head of
// an earlier run, and leaves a document, a summary and at most one issue per
// month. It works against v4's two endpoints alone; the checks need /api/v1. It
// stores no secret and no name.
package safetynet

import (
	"context"
	"errors"
	"slices"
	"time"

	"extrato/internal/books"
	"extrato/internal/proof"
)

// Net is a run's environment.
type Net struct {
	Server       *Client
	Now          func() time.Time  // in the studio's zone
	State        State             // of earlier runs; a run updates it
	CloseTimeout time.Duration     // the total wait for a close in progress
	Cosigner     *proof.Key        // signs the heads that were checked; nil: none
	Trust        []proof.PublicKey // keys of the studio's that a person vouches for
}

// Outcome is the outcome of a run.
type Outcome string

// The outcomes of a run.
const (
	Proved   Outcome = "proved"   // closed, and all checks agree
	Accepted Outcome = "accepted" // closed, on the word of a server without proofs: v4
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
	Earlier  []Result    `json:"earlier,omitempty"` // of the months checked before this one
}

// Cause is why a run failed, in this program's own words.
type Cause struct {
	Kind    books.ErrorKind `json:"kind"`
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Hint    string          `json:"hint"`
}

// Month returns the default month: the one that ended last, in now's zone.
func Month(now time.Time) books.Month { return books.MonthOf(now).Add(-1) }

// Run checks one month; with force it adds late rows as a revision and closes
// months waiting for a person, except a held one. It always returns a Result;
// its Error holds the failure.
func (n *Net) Run(ctx context.Context, month books.Month, force bool) Result {
	r := NewResult(month, n.Now())
	before := len(n.Server.Exchanges())
	err := n.lookAfter(ctx, month, force, &r)
	r.Requests = n.Server.Exchanges()[before:]
	if err != nil {
		r.fail(err)
	}
	return r
}

// NewResult returns the document of a run before its first request.
func NewResult(month books.Month, now time.Time) Result {
	return Result{Month: month, Notes: []Note{}, Issue: "none", Requests: []Exchange{}, At: books.InstantOf(now).String()}
}

// Worst returns the result of the month with the highest exit code, the last of
// them.
func (r Result) Worst() Result {
	worst := r
	for _, e := range slices.Backward(r.Earlier) {
		if e.ExitCode > worst.ExitCode {
			worst = e
		}
	}
	return worst
}

// why is the code of the cause people are notified of: the failure, or the
// reason for leaving the month open.
func (r Result) why() string {
	switch {
	case r.Error != nil:
		return r.Error.Code
	case r.Outcome != Left:
		return string(r.Outcome)
	case slices.ContainsFunc(r.Notes, func(n Note) bool { return n.Code == "not_due_yet" }):
		return "not_due_yet"
	}
	return "before_close_from"
}

func (r *Result) fail(err error) {
	e := books.AsError(err)
	r.Outcome, r.ExitCode = Failed, e.Kind.ExitCode()
	r.Error = &Cause{e.Kind, e.Code, e.Message, r.named(e.Hint)}
}

func (n *Net) lookAfter(ctx context.Context, month books.Month, force bool, r *Result) error {
	if n.Server.unsent {
		r.note("credentials_not_sent")
	}
	if !month.EndedBy(n.Now()) {
		return ErrNotEnded(month)
	}
	found, err := n.Server.month(ctx, month)
	if errors.Is(err, errNoV1) {
		return n.withoutProof(ctx, month, force, r)
	}
	if err != nil {
		return err
	}
	if n.State.Head.Seq > 0 { // on another copy of the books nothing is left as it is, and nothing closed
		if err := n.sameBooks(ctx); err != nil {
			return err
		}
	}
	switch {
	case found.State == "held":
		return errHeld(month)
	case found.State == "open" && !force:
		return n.leaveOpen(found, r)
	case found.State == "due", found.State == "open", found.State == "late" && force:
		if _, err := n.makeClose(ctx, month, force, r, n.waitFor(ctx, month, found)); err != nil {
			if !n.closedAllTheSame(ctx, month, found, err) {
				return err
			}
			r.note("answer_lost", books.AsError(err).Code)
		}
		if found.State == "due" {
			r.note("closed_by_net")
		}
	}
	return n.prove(ctx, month, r)
}

// sameBooks fails if the server's books do not continue those seen before.
func (n *Net) sameBooks(ctx context.Context) (err error) {
	if n.State.Checkpoint == "" {
		_, err = n.chain(ctx, n.State.Head.Seq)
	} else {
		_, _, err = n.readChain(ctx, n.State.Head.Seq)
	}
	return err
}

// ErrNotEnded refuses a running or future month.
func ErrNotEnded(month books.Month) error {
	return books.Refusedf("month_not_ended", "%s has not ended", month).WithHint("name a month that is over; if this one is, compare the clocks, and TZ on both machines")
}

func errHeld(month books.Month) error {
	return books.Refusedf("month_held", "%s was reopened and is held", month).WithHint("a person closes it: extrato close %s", month)
}

// withoutProof checks a month on a server with v4's endpoints only.
func (n *Net) withoutProof(ctx context.Context, month books.Month, force bool, r *Result) error {
	r.note("no_v1")
	if n.State.Head.Seq > 0 { // a server with proofs before must not lose them silently
		return books.Refusedf("proof_gone", "the server no longer has /api/v1, which proved its closes before").
			WithHint("check the proxy between this machine and the server; after going back to v4 on purpose, remove the state file")
	}
	existed, err := n.makeClose(ctx, month, false, r, nil)
	if err == nil && existed && force { // only now: with force the month would be closed even if it is held
		_, err = n.Server.generate(ctx, month, true, nil)
	}
	if err != nil {
		return ofV4(err)
	}
	r.Outcome = Accepted
	return nil
}

// ofV4 adds a remedy for v4, a server without doctor.
func ofV4(err error) error {
	if books.AsError(err).Code != "backup_required" {
		return err
	}
	return books.Refusedf("v4_backup_required", "v4 needs a backup and has none").
		WithHint("look at v4's log and folder of backups. A month without rows never gets a backup on v4: for it, set EXTRATO_REQUIRE_BACKUP=false there, close, and take it out again")
}

// leaveOpen leaves a month outside the schedule: not yet due, or never.
func (n *Net) leaveOpen(m monthState, r *Result) error {
	var due books.Instant
	from, err := books.ParseMonth(m.From)
	if err != nil || due.Parse([]byte(m.DueAt)) != nil {
		return &books.Error{Kind: books.Internal, Code: "bad_answer", Message: "the answer is not the expected JSON", Hint: "the server may be of an older version"}
	}
	at := due.Time().In(n.Now().Location())
	switch {
	case r.Month.Before(from):
		r.note("before_close_from", from.String())
	case n.Now().Before(at.Add(clockTolerance)):
		r.note("not_due_yet", at.Format("2006-01-02 15:04 -07:00"))
	default:
		return books.Refusedf("clocks_differ", "the server says that %s is not due, and it was at %s", r.Month, at.Format("2006-01-02 15:04 -07:00")).
			WithHint("compare the clocks of both machines")
	}
	r.Outcome = Left
	return nil
}

// clockTolerance is how far the clocks of both machines may be apart.
const clockTolerance = 10 * time.Minute

// makeClose asks for a backup and the close. A failed backup becomes a note;
// the close follows all the same, because the server makes its own.
func (n *Net) makeClose(ctx context.Context, month books.Month, force bool, r *Result, wait func() error) (existed bool, err error) {
	if err := n.Server.backup(ctx, month); err != nil {
		if ends(err) || ctx.Err() != nil {
			return false, err
		}
		r.note("backup_failed", books.AsError(err).Message)
	}
	return n.Server.generate(ctx, month, force, wait)
}

// since reports whether the month was closed, or got a revision, since it was
// found as before.
func (m monthState) since(before monthState) bool {
	return m.closed() && (!before.closed() || m.Revision > before.Revision)
}

// waitFor returns the wait for a close in progress: each try waits its part of
// CloseTimeout, until the month is closed. An open month may be asked for
// again: a server closes a month once.
func (n *Net) waitFor(ctx context.Context, month books.Month, before monthState) func() error {
	return func() error {
		until := n.Now().Add(n.CloseTimeout / tries)
		for look := 1; ; look++ {
			if err := n.Server.waits.pause(ctx, min(look, 4), 0); err != nil {
				return err
			}
			m, err := n.Server.month(ctx, month)
			switch {
			case err != nil:
				return there(err)
			case m.since(before):
				return nil
			case m.State == "held":
				return errHeld(month)
			case !n.Now().Before(until):
				return again{errNotClosed(month), 0}
			}
		}
	}
}

func errNotClosed(month books.Month) *books.Error {
	return &books.Error{Kind: books.Internal, Code: "not_closed", Message: month.String() + " is still not closed", Hint: "look in the server's log"}
}

// closedAllTheSame reports whether a month is closed in spite of a failed
// answer: a proxy between us and the server may have spoilt it.
func (n *Net) closedAllTheSame(ctx context.Context, month books.Month, before monthState, err error) bool {
	if books.AsError(err).Kind != books.Internal || ctx.Err() != nil {
		return false
	}
	m, err := n.Server.month(ctx, month)
	return err == nil && m.since(before)
}

// ends reports whether an error makes every further request pointless.
func ends(err error) bool {
	e := books.AsError(err)
	return e.Kind == books.Unauthorized || e.Kind == books.Forbidden || e.Kind == books.Invalid || e.Code == "wrong_month"
}
