package safetynet_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"extrato/internal/books"
	"extrato/internal/safetynet"
)

func TestIssue_whose_closing_fails_gets_its_proof_once(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	s.fault = answering(1, ever, 503, "")
	n.run(t, s.URL, gh, false)
	proof := "eva: <!-- extrato-told:proved:"
	closing := func(status int, fault func(int, http.ResponseWriter, *http.Request) bool, issue string, comments int) {
		t.Helper()
		s.asked, s.fault = 0, fault
		gh.fail = func(r *http.Request) int {
			if r.Method == "PATCH" {
				return status
			}
			return 0
		}
		r := n.run(t, s.URL, gh, false)
		if said := gh.issues[0]["comments"].([]string); r.Issue != issue || len(said) != comments {
			t.Errorf("issue %s, want %s; comments %q", r.Issue, issue, said)
		}
	}
	closing(502, nil, "unknown", 1)
	said := gh.issues[0]["comments"].([]string)
	gh.issues[0]["comments"] = append(said, "eva: <!-- extrato-told:unreachable -->") // which a stranger cannot say for us
	closing(502, nil, "unknown", 2)
	closing(0, nil, "closed", 2)
	closing(0, answering(1, ever, 401, "{}"), "reopened", 3)
	gh.issues[0]["comments"] = append(gh.issues[0]["comments"].([]string), proof+s.chain[0].Fingerprint.String()+" -->")
	closing(0, nil, "closed", 5) // it recovered again, and that is told again
	closing(502, answering(1, ever, 403, "{}"), "unknown", 6)
	closing(502, answering(1, ever, 403, "{}"), "unknown", 6)
	closing(0, answering(1, ever, 403, "{}"), "reopened", 6)
}

func TestIssues_that_are_switched_off_are_named(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	s.fault = answering(1, ever, 401, "{}")
	gh.fail = func(r *http.Request) int { return map[string]int{"POST": 410}[r.Method] }
	if r := n.run(t, s.URL, gh, false); r.Issue != "unknown" || !strings.Contains(r.Summary(), "estão desligadas") || !strings.Contains(r.Summary(), "switch them on in Settings") {
		t.Errorf("issue %s: %s", r.Issue, r.Summary())
	}
}

func TestPeople_are_told_the_end_of_a_failure_whose_month_is_then_left(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	place, notifier := newWebhook(t)
	n.teller = notifier
	s.fault = answering(1, ever, 503, "")
	n.run(t, s.URL, gh, false)
	s.fault, s.months["2025-10"], s.from = nil, "open", "2025-11"
	for _, want := range []string{"commented", "unchanged", "unchanged"} { // nobody closed the month: its issue stays open
		r := n.run(t, s.URL, gh, false)
		if r.ExitCode != 0 || r.Issue != want || gh.issues[0]["state"] != "open" || len(place.told) != 2 || !strings.Contains(place.told[1], "left as it is") {
			t.Errorf("issue %s, want %s; told %q", r.Issue, want, place.told)
		}
	}
	comments := gh.issues[0]["comments"].([]string)
	if len(comments) != 1 || !strings.Contains(comments[0], "before EXTRATO_CLOSE_FROM") {
		t.Errorf("the comments are %q", comments)
	}
	s.months["2025-10"] = "held"
	if r := n.run(t, s.URL, gh, false); r.ExitCode != 3 || r.Issue != "commented" || gh.issues[0]["state"] != "open" {
		t.Errorf("held: %s, issue %s", r.Summary(), r.Issue)
	}
	s.closeMonth("2025-10") // a person does
	if r := n.run(t, s.URL, gh, false); r.Issue != "closed" || gh.issues[0]["state"] != "closed" {
		t.Errorf("closed: %s, issue %s", r.Summary(), r.Issue)
	}
}

// Whose issue a person closed wants to hear no more of a month that is left.
func TestIssue_that_a_person_closed_stays_closed_where_the_month_is_left(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	s.fault = answering(1, ever, 503, "")
	n.run(t, s.URL, gh, false)
	s.fault, s.months["2025-10"], s.from, gh.issues[0]["state"] = nil, "open", "2025-11", "closed"
	if r := n.run(t, s.URL, gh, false); r.Issue != "none" || gh.issues[0]["state"] != "closed" || len(gh.issues[0]["comments"].([]string)) != 0 {
		t.Errorf("issue %s, %v", r.Issue, gh.issues)
	}
}

func TestIssue_of_two_runs_at_once_is_one(t *testing.T) {
	gh := newGitHub(t)
	var both sync.WaitGroup
	both.Add(2)
	var once sync.Map
	gh.meet = func(r *http.Request) { // nobody opens one before both have seen that there is none
		if r.Method == "POST" {
			if _, again := once.LoadOrStore(r.RemoteAddr, true); !again {
				both.Done()
			}
			both.Wait()
		}
	}
	results := make([]safetynet.Result, 2)
	var runs sync.WaitGroup
	for i := range results {
		runs.Go(func() {
			s, n := newServer(t), newNet()
			s.fault = answering(1, ever, 401, "{}")
			results[i] = n.run(t, s.URL, gh, false)
		})
	}
	runs.Wait()
	open := 0
	for _, i := range gh.issues {
		if i["state"] == "open" {
			open++
		}
	}
	said := []string{results[0].Issue, results[1].Issue}
	if len(gh.issues) != 2 || open != 1 || gh.issues[0]["state"] != "open" || gh.issues[1]["state_reason"] != "not_planned" ||
		strings.Contains(gh.issues[1]["body"].(string), "extrato-safetynet") || (said[0] == "opened") == (said[1] == "opened") {
		t.Fatalf("%v %v", said, gh.issues)
	}
	gh.meet = nil
	s, n := newServer(t), newNet()
	if r := n.run(t, s.URL, gh, false); r.Issue != "closed" || gh.issues[0]["state"] != "closed" {
		t.Errorf("recovered: issue %s, %v", r.Issue, gh.issues)
	}
}

// A POST whose answer is lost may have been done: it is not sent again, and
// the list tells whether it was.
func TestIssue_whose_opening_has_no_answer_is_not_opened_twice(t *testing.T) {
	for name, c := range map[string]struct {
		done   bool
		status int // 0: cut
		issue  string
	}{"done, then cut": {true, 0, "opened"}, "not done, cut": {false, 0, "unknown"}, "done, then 502": {true, 502, "opened"}, "refused": {false, 422, "unknown"}} {
		s, gh, n := newServer(t), newGitHub(t), newNet()
		s.fault = answering(1, ever, 401, "{}")
		lost := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != "POST" {
				gh.ServeHTTP(w, r)
				return
			}
			if c.done {
				gh.ServeHTTP(httptest.NewRecorder(), r)
			}
			if c.status == 0 {
				cut(w)
				return
			}
			w.WriteHeader(c.status)
		}))
		t.Cleanup(lost.Close)
		r := n.with(t, s.URL, &safetynet.GitHub{API: lost.URL, Repository: "studio/books", Token: gitToken, Waits: safetynet.Waits{Sleep: safetynet.Sleep}}, gh, false)
		if r.Issue != c.issue || len(gh.issues) > 1 || (len(gh.issues) == 1) != c.done || (r.Issue == "unknown") != strings.Contains(fmt.Sprint(r.Notes), "issue_failed") {
			t.Errorf("%s: %s, %d issues, %v", name, r.Issue, len(gh.issues), r.Notes)
		}
	}
}

func TestSchedule_is_kept(t *testing.T) {
	gh := newGitHub(t)
	if err := gh.repository().KeepSchedule(t.Context(), "studio/books/.github/workflows/monthly_extrato_backup.yml@refs/heads/main"); err != nil || gh.calls[0] != "PUT actions/workflows/monthly_extrato_backup.yml/enable " {
		t.Errorf("%v, %q", err, gh.calls)
	}
	gh.fail = func(*http.Request) int { return 404 }
	if err := gh.repository().KeepSchedule(t.Context(), "x@y"); err == nil || strings.Contains(err.Error(), gitToken) {
		t.Errorf("%v", err)
	}
}

func TestIssue_is_named_after_what_is_wrong(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	proofGone := safetynet.Head{Seq: 1, Hash: hex64(1)}
	for _, c := range []struct {
		set   func()
		title string
	}{
		{func() { s.fault = answering(1, ever, 503, "") }, "Extrato 2025-10: não fechado / not closed"},
		{func() { s.closeMonth("2025-10"); s.backup = "corrupt" }, "Extrato 2025-10: não comprovado / not proved"},
		{func() { s.fault = answering(1, ever, 401, "") }, "Extrato 2025-10: não fechado / not closed"},
		{func() { n.state.Head = proofGone }, "Extrato 2025-10: não comprovado / not proved"},
		{func() { s.fault = answering(1, ever, 401, "") }, "Extrato 2025-10: não fechado / not closed"},
		{func() { s.v4, n.state.Head = true, proofGone }, "Extrato 2025-10: não comprovado / not proved"},
	} {
		s.fault = nil
		c.set()
		n.run(t, s.URL, gh, false)
		if len(gh.issues) != 1 || gh.issues[0]["title"] != c.title {
			t.Errorf("%d issues, called %q, want %q", len(gh.issues), gh.issues[0]["title"], c.title)
		}
	}
	r := safetynet.Result{Month: october.Add(-1), Proof: &safetynet.Proof{}}
	r.FailBecause(books.Refusedf("state_unknown", "the last run's state cannot be fetched"))
	if _, err := gh.repository().Report(t.Context(), r); err != nil || gh.issues[1]["title"] != "Extrato 2025-09: não comprovado / not proved" {
		t.Errorf("%v, %q", err, gh.issues[1]["title"])
	}
}
