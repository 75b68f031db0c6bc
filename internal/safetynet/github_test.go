package safetynet_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"extrato/internal/safetynet"
)

// A comment that GitHub redirects would become a GET, and its answer a success.
func TestGitHub_that_redirects_a_POST_was_not_told(t *testing.T) {
	for status, told := range map[int]bool{301: false, 302: false, 303: false, 307: true, 308: true} {
		var posts int
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			switch {
			case strings.HasPrefix(r.URL.Path, "/moved"):
				if r.Method == http.MethodPut && r.Header.Get("Authorization") != "" {
					posts++
				}
				_, _ = w.Write(body)
			default:
				http.Redirect(w, r, "/moved", status)
			}
		}))
		defer api.Close()
		g := &safetynet.GitHub{API: api.URL, Repository: "studio/books", Token: gitToken, Waits: safetynet.Waits{Sleep: safetynet.Sleep}}
		err := g.KeepSchedule(t.Context(), "a/b/.github/workflows/x.yml@refs/heads/main")
		if (err == nil) != told || (posts > 0) != told || !told && !strings.Contains(err.Error(), fmt.Sprintf("redirect (%d)", status)) {
			t.Errorf("%d: %v, %d arrived", status, err, posts)
		}
	}
}

func TestSix_months_leave_the_issues_that_a_person_wants(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	for m := range 6 {
		for day := 2; day <= 7; day++ {
			n.now = time.Date(2025, time.June+time.Month(m), day, 6, 37, 0, 0, zone)
			s.asked, s.fault = 0, nil
			if m == 2 && day <= 4 { // three days, the third with another cause
				s.fault = answering(1, ever, 503, "")
				if day == 4 {
					s.fault = answering(1, ever, 401, "{}")
				}
			}
			n.run(t, s.URL, gh, false)
		}
	}
	if len(gh.issues) != 1 {
		t.Fatalf("%d issues, want one", len(gh.issues))
	}
	i := gh.issues[0]
	comments := i["comments"].([]string)
	if i["state"] != "closed" || !strings.Contains(i["body"].(string), "<!-- extrato-safetynet:2025-07 -->") || len(comments) != 2 {
		t.Fatalf("the issue is %v", i)
	}
	if !strings.Contains(comments[0], "bad_token") || !strings.Contains(comments[1], s.chain[2].Fingerprint.String()) || !strings.Contains(comments[1], s.chain[2].Hash.String()) || !strings.Contains(comments[1], hex64(5)) {
		t.Errorf("its comments are %q", comments)
	}
	if fmt.Sprint(i["labels"]) != "[automation extrato urgent]" || len(s.chain) != 6 || n.state.Head.Seq != 6 {
		t.Errorf("labels %v, %d statements, head %v", i["labels"], len(s.chain), n.state.Head)
	}
}

func TestIssue_is_found_behind_many_others_and_never_opened_twice(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	s.fault = answering(1, ever, 401, "{}")
	for i := range 150 {
		gh.add(map[string]any{"body": fmt.Sprint("other ", i)})
	}
	gh.issues[3]["body"], gh.issues[3]["user"] = "<!-- extrato-safetynet:2025-10 -->", map[string]any{"type": "User"} // a stranger's
	for _, want := range []string{"opened", "unchanged"} {
		if r := n.run(t, s.URL, gh, false); r.Issue != want || len(gh.issues) != 151 {
			t.Errorf("issue %s, want %s; there are %d", r.Issue, want, len(gh.issues))
		}
	}
	gh.issues[150]["state"] = "closed"
	if r := n.run(t, s.URL, gh, false); r.Issue != "reopened" || len(gh.issues) != 151 || gh.issues[150]["state"] != "open" {
		t.Errorf("issue %s; there are %d", r.Issue, len(gh.issues))
	}
}

// A person whose membership of the organisation is private looks to GitHub like
// a stranger.
func TestIssue_of_a_person_whose_membership_is_private_is_one(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	gh.person = "ana"
	s.fault = answering(1, ever, 401, "{}")
	gh.add(map[string]any{"body": "<!-- extrato-safetynet:2025-10 -->"})
	gh.issues[0]["user"] = map[string]any{"type": "User", "login": "eva"} // a stranger
	for _, want := range []string{"opened", "unchanged", "unchanged"} {
		gh.calls = nil
		r := n.run(t, s.URL, gh, false)
		if r.Issue != want || len(gh.issues) != 2 {
			t.Errorf("issue %s, want %s; there are %d", r.Issue, want, len(gh.issues))
		}
		if asked := strings.Count(strings.Join(gh.calls, "\n"), "GET /user"); asked != 1 {
			t.Errorf("GitHub was asked %d times whose token it is", asked)
		}
	}
	gh.fail = func(r *http.Request) int { return map[string]int{"/user": 502}[r.URL.Path] }
	if r := n.run(t, s.URL, gh, false); r.Issue != "unknown" || len(gh.issues) != 2 {
		t.Errorf("whose token it is cannot be known: issue %s; there are %d", r.Issue, len(gh.issues))
	}
	s.fault, gh.fail = nil, nil
	if r := n.run(t, s.URL, gh, false); r.Issue != "closed" || gh.issues[0]["state"] != "open" {
		t.Errorf("recovered: issue %s", r.Issue)
	}
}

// An app's token is nobody's: a stranger's issue does not count, and is not
// asked about three times.
func TestIssue_of_a_stranger_costs_an_apps_token_one_call(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	s.fault = answering(1, ever, 401, "{}")
	gh.add(map[string]any{"body": "<!-- extrato-safetynet:2025-10 -->"})
	gh.issues[0]["user"] = map[string]any{"type": "User"} // whoever left GitHub has no login
	r := n.run(t, s.URL, gh, false)
	if asked := strings.Count(strings.Join(gh.calls, "\n"), "GET /user"); r.Issue != "opened" || asked != 1 || len(n.waited) != 0 {
		t.Errorf("issue %s, asked %d times, waited %v", r.Issue, asked, n.waited)
	}
}

func TestGitHub_failing_hides_no_result_and_opens_nothing_blindly(t *testing.T) {
	for _, status := range []int{403, 429, 500, 502} {
		s, gh, n := newServer(t), newGitHub(t), newNet()
		s.fault = answering(1, ever, 401, "{}")
		gh.fail = func(*http.Request) int { return status }
		r := n.run(t, s.URL, gh, false)
		if r.ExitCode != 3 || r.Error.Code != "bad_token" || r.Issue != "unknown" || len(gh.calls) != 3 {
			t.Errorf("GitHub answers %d: exit %d, issue %s, %d calls", status, r.ExitCode, r.Issue, len(gh.calls))
		}
	}
}
