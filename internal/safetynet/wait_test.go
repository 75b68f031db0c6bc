package safetynet_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"extrato/internal/safetynet"
)

// running lets the server be at work with the close for some looks: the first
// request to close is answered with status or, if that is 0, not in time.
func running(s *server, looks, status int, after func()) (posts *int) {
	posts = new(int)
	looked := 0
	s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "generate_service"):
			*posts++
			if status == 0 {
				_, _ = io.Copy(io.Discard, r.Body) // only then is noticed that the caller is gone
				s.lock.Unlock()                    // others are answered meanwhile
				<-r.Context().Done()
				s.lock.Lock()
			} else {
				say(w, status, map[string]any{"success": false, "details": map[string]any{"reason": "busy"}})
			}
			return true
		case *posts > 0 && strings.HasSuffix(r.URL.Path, "/2025-10"):
			if looked++; looked == looks {
				after()
			}
		}
		return false
	}
	return posts
}

func TestClose_that_is_still_running_is_waited_for(t *testing.T) {
	for name, status := range map[string]int{"its answer does not come in time": 0, "the server says that somebody is at it": 409} {
		t.Run(name, func(t *testing.T) {
			s, n := newServer(t), newNet()
			n.limit = 100 * time.Millisecond
			posts := running(s, 3, status, func() { s.closeMonth("2025-10") })
			r := n.run(t, s.URL, nil, false)
			if r.ExitCode != 0 || r.Outcome != safetynet.Proved || *posts != 1 || len(r.Requests) != 13 {
				t.Errorf("%d requests to close, %d in all: %s", *posts, len(r.Requests), r.Summary())
			}
			if len(n.waited) != 3 || n.waited[2] < 20*time.Second {
				t.Errorf("paused for %v", n.waited)
			}
		})
	}
}

func TestClose_that_never_ends_is_given_up_within_limits(t *testing.T) {
	s, n := newServer(t), newNet()
	n.limit = 50 * time.Millisecond
	posts := running(s, 0, 0, nil)
	r := n.run(t, s.URL, nil, false)
	var waited time.Duration
	for _, d := range n.waited {
		waited += d
	}
	if r.ExitCode != 1 || r.Error.Code != "not_closed" || *posts != 3 || waited < 6*time.Minute || waited > 10*time.Minute {
		t.Errorf("%d requests to close, waited %s: %s", *posts, waited, r.Summary())
	}
}

func TestClose_that_is_reopened_meanwhile_is_left(t *testing.T) {
	s, n := newServer(t), newNet()
	n.limit = 50 * time.Millisecond
	posts := running(s, 2, 0, func() { s.months["2025-10"] = "held" })
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 3 || r.Error.Code != "month_held" || *posts != 1 {
		t.Errorf("%d requests to close: %s", *posts, r.Summary())
	}
}

// A month with late rows has its statement already: what is waited for, and
// what a spoilt answer may hide, is the next revision.
func TestRevision_that_does_not_come_is_not_taken_for_the_statement_there_was(t *testing.T) {
	for name, c := range map[string]struct {
		fault func(*server) func(int, http.ResponseWriter, *http.Request) bool
		code  string
	}{
		"500": {func(*server) func(int, http.ResponseWriter, *http.Request) bool { return answering(3, 5, 500, html) }, "server_error"},
		"no answer in time": {func(s *server) func(int, http.ResponseWriter, *http.Request) bool {
			running(s, 0, 0, nil)
			return s.fault
		}, "not_closed"},
	} {
		s, n := newServer(t), newNet()
		n.limit = 50 * time.Millisecond
		s.closeMonth("2025-10")
		s.late = 2
		s.fault = c.fault(s)
		if r := n.run(t, s.URL, nil, true); r.ExitCode != 1 || r.Error == nil || r.Error.Code != c.code {
			t.Errorf("%s: %s", name, r.Summary())
		}
	}
}

// v4 says 409 of nothing but what is there; it has no month to look at.
func TestV4_that_says_409_is_believed(t *testing.T) {
	s, n := newServer(t), newNet()
	s.v4 = true
	s.fault = answering(3, 3, 409, `{"success":false}`)
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 0 || r.Outcome != safetynet.Accepted || len(r.Requests) != 3 {
		t.Errorf("%d requests: %s", len(r.Requests), r.Summary())
	}
}

func TestRun_that_is_stopped_or_takes_too_long_says_so(t *testing.T) {
	for want, stop := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"interrupted": context.WithCancel,
		"took_too_long": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 30*time.Millisecond)
		},
	} {
		s, n := newServer(t), newNet()
		ctx, cancel := stop(t.Context())
		s.fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
			if want == "interrupted" {
				cancel()
			}
			<-r.Context().Done()
			return true
		}
		client, err := safetynet.NewClient(s.URL, n.who, "test", time.Minute, safetynet.Waits{First: time.Hour, Sleep: safetynet.Sleep}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		r := (&safetynet.Net{Server: client, Now: func() time.Time { return n.now }}).Run(ctx, october, false)
		cancel()
		if r.ExitCode != 1 || r.Error.Code != want || len(r.Requests) != 1 {
			t.Errorf("%s, want %s after one request", r.Summary(), want)
		}
	}
}

func TestAddress_that_holds_more_than_an_address_is_refused_or_noted(t *testing.T) {
	for _, base := range []string{"", "studio.example", "ftp://studio.example", "https://", "https://studio.example/?key=" + password, "https://studio.example/#x", "https://studio.example/?", "https://u:" + password + "@%zz"} {
		_, err := safetynet.NewClient(base, safetynet.Token(token), "test", time.Second, safetynet.Waits{}, time.Now)
		if err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%q: %v", base, err)
		}
	}
	s, n := newServer(t), newNet()
	s.closeMonth("2025-10")
	basic := ""
	s.fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		if user, _, ok := r.BasicAuth(); ok {
			basic = user
		}
		return false
	}
	r := n.run(t, s.URL, nil, false) // its address holds a user and a password
	if r.ExitCode != 0 || basic != "" || !strings.Contains(r.Summary(), "cannot go along with the token") {
		t.Errorf("user %q was sent: %s", basic, r.Summary())
	}
	s.fault = answering(1, ever, 401, "{}")
	if r := n.run(t, s.URL, nil, false); !strings.Contains(r.Error.Hint, "EXTRATO_API_TOKEN") || !strings.Contains(r.Error.Hint, "if a proxy asks") {
		t.Errorf("the hint of a 401 is %q", r.Error.Hint)
	}
}
