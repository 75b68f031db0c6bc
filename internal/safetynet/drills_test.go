package safetynet_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
)

func TestDrills_with_a_finding_or_missing_are_warned_of(t *testing.T) {
	on := func(day int) time.Time { return time.Date(2025, 11, day, 6, 37, 0, 0, zone) }
	drill := func(month, result string, at time.Time) any {
		return map[string]any{"month": month, "place": clientName, "result": result, "reason": clientName, "at": books.InstantOf(at).String()}
	}
	for name, c := range map[string]struct {
		now    time.Time
		drills []any
		fault  int
		want   string
	}{
		"all is well":            {on(2), []any{drill("2025-10", "equal", on(1)), drill("2025-03", "equal", on(1))}, 0, ""},
		"one is different":       {on(2), []any{drill("2025-10", "equal", on(1)), drill("2025-03", "different", on(1)), drill("2025-03", "different", on(1)), drill("2025-02", "different", on(1))}, 0, "drill_different 2025-03, 2025-02"},
		"one could not run":      {on(2), []any{drill("2025-10", "failed", on(1))}, 0, "drill_failed 2025-10"},
		"the last is old":        {on(3), []any{drill("2025-09", "equal", on(3).Add(-40*24*time.Hour-time.Second))}, 0, "drill_old 2025-09-24"},
		"the last is nearly old": {on(3), []any{drill("2025-09", "equal", on(3).Add(-40*24*time.Hour+time.Second))}, 0, ""},
		"there was none":         {on(3), []any{}, 0, "drill_none "},
		"the first is to come":   {on(1), []any{}, 0, ""},
		"the server fails":       {on(2), nil, 500, "drills_unknown "},
		"an older server":        {on(2), nil, 404, "drills_unknown "},
	} {
		t.Run(name, func(t *testing.T) {
			s, gh, n := newServer(t), newGitHub(t), newNet()
			s.closeMonth("2025-10")
			n.now, s.drills = c.now, c.drills
			if c.fault != 0 {
				s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
					if !strings.HasSuffix(r.URL.Path, "/drills") {
						return false
					}
					say(w, c.fault, map[string]any{"code": "not_found", "correlation_id": "0123456789abcdef"})
					return true
				}
			}
			r := n.run(t, s.URL, gh, false)
			var got []string
			for _, note := range r.Notes {
				if strings.HasPrefix(note.Code, "drill") {
					got = append(got, fmt.Sprintf("%s %s", note.Code, note.More))
				}
			}
			if r.ExitCode != 0 || strings.Join(got, "; ") != c.want {
				t.Errorf("exit %d, %q, want %q", r.ExitCode, got, c.want)
			}
		})
	}
}
