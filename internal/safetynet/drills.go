package safetynet

import (
	"context"
	"slices"
	"strings"
	"time"

	"extrato/internal/books"
)

// drillsOld is the age at which the server's last drill is too old, and
// drillsStart how long it has for the first one.
const (
	drillsOld   = 40 * 24 * time.Hour
	drillsStart = 24 * time.Hour
)

// drilled is the last drill of a month at a place: a backup restored into a
// scratch database.
type drilled struct {
	Month  books.Month `json:"month"`
	Result string      `json:"result"`
	At     string      `json:"at"`
}

// drills warns of drills with a finding, and of missing ones. closed is when
// the month was closed. No answer is no fault of the month.
func (n *Net) drills(ctx context.Context, closed books.Instant, r *Result) error {
	var found list[drilled]
	if err := n.Server.read(ctx, "drills", &found); err != nil {
		if ctx.Err() != nil {
			return err
		}
		r.note("drills_unknown")
		return nil
	}
	months := map[string][]string{}
	last := books.Instant(0)
	for _, d := range found.Items {
		if name := d.Month.String(); !slices.Contains(months[d.Result], name) {
			months[d.Result] = append(months[d.Result], name)
		}
		var at books.Instant
		if at.Parse([]byte(d.At)) == nil {
			last = max(last, at)
		}
	}
	if wrong := months["different"]; len(wrong) > 0 {
		r.note("drill_different", strings.Join(wrong, ", "))
	}
	if failed := months["failed"]; len(failed) > 0 {
		r.note("drill_failed", strings.Join(failed, ", "))
	}
	switch {
	case len(found.Items) == 0 && n.Now().Sub(closed.Time()) > drillsStart:
		r.note("drill_none")
	case len(found.Items) > 0 && n.Now().Sub(last.Time()) > drillsOld:
		r.note("drill_old", last.Time().In(n.Now().Location()).Format(time.DateOnly))
	}
	return nil
}
