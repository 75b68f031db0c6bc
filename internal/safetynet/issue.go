package safetynet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"extrato/internal/books"
)

// Labels are the labels of our issues.
var Labels = []string{"automation", "extrato", "urgent"}

type issue struct {
	Number int            `json:"number"`
	State  string         `json:"state"`
	PR     map[string]any `json:"pull_request"`
	written
}

// written is an issue or a comment.
type written struct {
	Body   string  `json:"body"`
	Author string  `json:"author_association"`
	User   account `json:"user"`
}

type account struct {
	Login string `json:"login"`
	Type  string `json:"type"`
}

// ours reports whether a trusted author wrote it: a stranger's text with our
// marker must not hide a failure. A person with a private membership looks like
// a stranger, so the token's account is compared.
func (g *GitHub) ours(ctx context.Context, w written) (bool, error) {
	switch w.Author {
	case "OWNER", "MEMBER", "COLLABORATOR":
		return true, nil
	}
	if w.User.Type == "Bot" {
		return true, nil
	}
	if g.me == nil {
		var me account
		var refused answered
		err := g.do(ctx, http.MethodGet, whoAmI, nil, &me)
		if errors.As(err, &refused) && (refused == http.StatusForbidden || refused == http.StatusNotFound) {
			err = nil // an app's token is nobody's
		}
		if err != nil {
			return false, err
		}
		g.me = &me
	}
	return g.me.Login != "" && g.me.Login == w.User.Login, nil
}

func marker(m books.Month) string { return "<!-- extrato-safetynet:" + m.String() + " -->" }
func causeMark(c string) string   { return "<!-- extrato-cause:" + c + " -->" }

// brokenMark stays in an issue from the day the chain was broken until a run
// compares the chain with a kept head.
const brokenMark = "<!-- extrato-chain-broken -->"

// unproved reports whether an issue reports a broken chain this run has not
// compared: the chain's state is unknown then.
func (i issue) unproved(r Result) bool {
	return strings.Contains(i.Body, brokenMark) && (r.Proof == nil || !r.Proof.Compared)
}

// Report updates the month's one issue to the result and returns the action
// taken. If GitHub cannot list the issues, none is opened.
func (g *GitHub) Report(ctx context.Context, r Result) (string, error) {
	found, err := g.find(ctx, r.Month)
	did := "none"
	switch {
	case err != nil:
	case r.Error == nil && (found == nil || found.State != "open"):
	case r.Error == nil && r.Outcome != Left && found.unproved(r):
		did = "unchanged"
	case r.Outcome == Proved, r.Outcome == Accepted:
		did, err = "closed", g.settle(ctx, found, r)
	case found == nil:
		did, err = g.open(ctx, r)
	case found.State != "open":
		did, err = "reopened", g.tell(ctx, found, r)
	case strings.Contains(found.Body, causeMark(r.why())):
		did = "unchanged"
	default:
		did, err = "commented", g.tell(ctx, found, r)
	}
	if err != nil {
		return "unknown", err
	}
	return did, nil
}

// find returns the oldest issue with the month's marker, open or not.
func (g *GitHub) find(ctx context.Context, m books.Month) (*issue, error) {
	since := m.End(time.UTC).AddDate(0, 0, -2) // no issue about a month is older than its end
	q := url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"asc"}, "since": {since.Format(time.RFC3339)}}
	var found *issue
	err := each(ctx, g, "issues", q, func(i issue) (bool, error) {
		if i.PR != nil || !strings.Contains(i.Body, marker(m)) {
			return false, nil
		}
		ours, err := g.ours(ctx, i.written)
		if ours {
			found = &i
		}
		return ours, err
	})
	return found, err
}

var anyMarker = regexp.MustCompile(`<!-- extrato-safetynet:(\d{4}-\d{2}) -->`)

// Recall marks the months with open issues as unsettled: the state may have
// been lost or removed on purpose.
func (g *GitHub) Recall(ctx context.Context, s *State) error {
	q := url.Values{"state": {"open"}, "labels": {"extrato"}}
	return each(ctx, g, "issues", q, func(i issue) (bool, error) {
		found := anyMarker.FindStringSubmatch(i.Body)
		if i.PR != nil || i.State != "open" || found == nil {
			return false, nil
		}
		month, err := books.ParseMonth(found[1])
		if err != nil {
			return false, nil //nolint:nilerr // no month of ours
		}
		ours, err := g.ours(ctx, i.written)
		if ours {
			s.unsettle(month)
		}
		return false, err
	})
}

// title says whether the month is not closed or, as far as can be known, closed
// and not proved.
func title(r Result) string {
	if r.Proof != nil && r.Error != nil && r.Error.Kind == books.Invalid {
		return fmt.Sprintf("Extrato %s: fechado, mas há algo a corrigir / closed, but something is to be corrected", r.Month)
	}
	if e := r.Error; e != nil && (e.Kind == books.Integrity || e.Code == "proof_gone") || r.Proof != nil {
		return fmt.Sprintf("Extrato %s: não comprovado / not proved", r.Month)
	}
	return fmt.Sprintf("Extrato %s: não fechado / not closed", r.Month)
}

// text is the body of the month's issue; before is the issue as it was, if
// there was one.
func (g *GitHub) text(r Result, before *issue) string {
	marks := marker(r.Month) + "\n" + causeMark(r.why()) + "\n"
	if r.why() == "chain_broken" || before != nil && before.State == "open" && before.unproved(r) {
		marks += brokenMark + "\n"
	}
	return marks + r.Summary() + g.run()
}

// open opens the month's issue. Two runs may both find none and both open one:
// each looks again, and the younger issue is closed and loses its marker.
func (g *GitHub) open(ctx context.Context, r Result) (string, error) {
	var opened issue
	lost := g.do(ctx, http.MethodPost, "issues", map[string]any{
		"title": title(r), "body": g.text(r, nil), "labels": Labels,
	}, &opened)
	first, _ := g.find(ctx, r.Month)
	switch {
	case first == nil && lost != nil: // missing, or unknown
		return "", lost
	case first == nil, first.Number >= opened.Number: // a new issue may be missing from the list
		return "opened", nil
	}
	return "unchanged", g.do(ctx, http.MethodPatch, fmt.Sprintf("issues/%d", opened.Number), map[string]any{
		"state": "closed", "state_reason": "not_planned", "body": fmt.Sprintf("#%d", first.Number),
	}, nil)
}

// tell comments on a new cause, then notes it in the issue.
func (g *GitHub) tell(ctx context.Context, i *issue, r Result) error {
	if err := g.comment(ctx, i, r.why(), r); err != nil {
		return err
	}
	return g.do(ctx, http.MethodPatch, fmt.Sprintf("issues/%d", i.Number), map[string]any{"state": "open", "title": title(r), "body": g.text(r, i)}, nil)
}

// settle closes an issue with the proof.
func (g *GitHub) settle(ctx context.Context, i *issue, r Result) error {
	what := string(r.Outcome)
	if r.Proof != nil {
		what += ":" + r.Proof.Fingerprint
	}
	if err := g.comment(ctx, i, what, r); err != nil {
		return err
	}
	return g.do(ctx, http.MethodPatch, fmt.Sprintf("issues/%d", i.Number), map[string]any{"state": "closed", "state_reason": "completed"}, nil)
}

var toldMark = regexp.MustCompile(`^<!-- extrato-told:(\S+) -->`)

// comment adds a comment, unless it repeats our last one: the previous run may
// have stopped there.
func (g *GitHub) comment(ctx context.Context, i *issue, what string, r Result) error {
	path, last := fmt.Sprintf("issues/%d/comments", i.Number), ""
	err := each(ctx, g, path, url.Values{}, func(w written) (bool, error) {
		m := toldMark.FindStringSubmatch(w.Body)
		if m == nil {
			return false, nil
		}
		ours, err := g.ours(ctx, w)
		if ours {
			last = m[1]
		}
		return false, err
	})
	if err != nil || last == what {
		return err
	}
	return g.do(ctx, http.MethodPost, path, map[string]any{"body": "<!-- extrato-told:" + what + " -->\n" + r.Summary() + g.run()}, nil)
}
