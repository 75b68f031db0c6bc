package safetynet_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"extrato/internal/safetynet"
)

var update = flag.Bool("update", false, "write the golden files anew")

// keepsQuiet searches everything that a run left or sent to GitHub.
func keepsQuiet(t *testing.T, dir string, r safetynet.Result, gh *github) {
	t.Helper()
	document, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(document), r.Summary()}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if gh != nil {
		texts = append(texts, gh.calls...)
	}
	for _, text := range texts {
		for _, secret := range []string{token, password, clientName, "ghs_token_of_github"} {
			if strings.Contains(text, secret) {
				t.Fatalf("%q is in what the run left: %s", secret, text)
			}
		}
	}
	if len(files) != 2 {
		t.Fatalf("the run left %v", files)
	}
}

// only answers the n-th request, and those after it if more, in some other way.
func answering(from, to int, status int, body string, header ...string) func(int, http.ResponseWriter, *http.Request) bool {
	return func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n < from || n > to {
			return false
		}
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
		return true
	}
}

func cut(w http.ResponseWriter) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_ = connection.Close()
}

const ever = 1 << 30

type situation struct {
	name  string
	set   func(*server, *equipment)
	exit  int
	code  string // of the failure
	issue string
	asked int
}

var html = "<html><h1>500</h1>Traceback: SELECT " + clientName + " " + token + "</html>"

var situations = []situation{
	{"healthy, due", func(*server, *equipment) {}, 0, "", "none", 8},
	{"down", func(s *server, _ *equipment) {
		s.fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool { cut(w); return true }
	}, 1, "unreachable", "opened", 3},
	{"comes up at the third try", func(s *server, _ *equipment) {
		s.fault = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n < 3 {
				cut(w)
			}
			return n < 3
		}
	}, 0, "", "none", 10},
	{"always slower than the limit", func(s *server, n *equipment) {
		n.limit = 50 * time.Millisecond
		s.fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true }
	}, 1, "timeout", "opened", 3},
	{"cut after the commit, before the answer", func(s *server, _ *equipment) {
		s.fault = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n == 3 {
				s.closeMonth("2025-10")
				cut(w)
			}
			return n == 3
		}
	}, 0, "", "none", 9},
	{"401", func(s *server, _ *equipment) {
		s.fault = answering(1, ever, 401, `{"error":"Invalid or expired token"}`)
	}, 3, "bad_token", "opened", 1},
	{"403", func(s *server, _ *equipment) { s.fault = answering(2, ever, 403, `{"error":"Forbidden"}`) }, 3, "forbidden", "opened", 2},
	{"429, then well", func(s *server, _ *equipment) { s.fault = answering(3, 3, 429, `{}`, "Retry-After", "40") }, 0, "", "none", 9},
	{"429, for longer than we wait", func(s *server, _ *equipment) { s.fault = answering(3, ever, 429, `{}`, "Retry-After", "3600") }, 1, "too_many_requests", "opened", 4},
	{"500 with HTML", func(s *server, _ *equipment) { s.fault = answering(3, ever, 500, html) }, 1, "server_error", "opened", 8},
	{"500 with HTML to the close, which happens", func(s *server, _ *equipment) {
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n == 3 {
				s.closeMonth("2025-10")
			}
			return answering(3, 5, 500, html)(n, w, r)
		}
	}, 0, "", "none", 11},
	{"JSON cut in half", func(s *server, _ *equipment) { s.fault = answering(3, ever, 200, `{"success":tr`) }, 1, "bad_answer", "opened", 8},
	{"the backup fails, the close works", func(s *server, _ *equipment) { s.fault = answering(2, 2, 500, html) }, 0, "", "none", 8},
	{"a required backup is missing", func(s *server, _ *equipment) {
		s.fault = answering(2, ever, 400, `{"success":false,"details":{"backup_exists":false,"backup_required":true}}`)
	}, 3, "backup_required", "opened", 3},
	{"already closed", func(s *server, _ *equipment) { s.closeMonth("2025-10") }, 0, "", "none", 6},
	{"held", func(s *server, _ *equipment) { s.months["2025-10"] = "held" }, 3, "month_held", "opened", 1},
	{"not due yet", func(s *server, n *equipment) { s.months["2025-10"], s.due = "open", n.now.Add(time.Hour) }, 0, "", "none", 1},
	{"before EXTRATO_CLOSE_FROM", func(s *server, _ *equipment) { s.months["2025-10"], s.from = "open", "2025-11" }, 0, "", "none", 1},
	{"open after its due time: a clock is wrong", func(s *server, _ *equipment) { s.months["2025-10"] = "open" }, 3, "clocks_differ", "opened", 1},
	{"the statement's backup stale", func(s *server, _ *equipment) { s.backup = "stale"; s.closeMonth("2025-10") }, 4, "backup_stale", "opened", 6},
	{"the statement's backup corrupt", func(s *server, _ *equipment) { s.backup = "corrupt"; s.closeMonth("2025-10") }, 4, "backup_corrupt", "opened", 6},
	{"late rows", func(s *server, _ *equipment) { s.closeMonth("2025-10"); s.late = 2 }, 0, "", "none", 6},
	{"the chain does not continue", func(s *server, n *equipment) {
		s.closeMonth("2025-09")
		s.closeMonth("2025-10")
		n.state.Head = safetynet.Head{Seq: 2, Hash: hex64(9)}
	}, 4, "chain_broken", "opened", 2},
	{"the chain was cut short", func(s *server, n *equipment) {
		s.closeMonth("2025-10")
		n.state.Head = safetynet.Head{Seq: 9, Hash: hex64(1009)}
	}, 4, "chain_broken", "opened", 2},
	{"v4 answers for another month", func(s *server, _ *equipment) {
		s.v4 = true
		s.fault = answering(2, ever, 200, `{"success":true,"message":"Backup created successfully for 9/2025","data":{"month":9,"year":2025}}`)
	}, 4, "wrong_month", "opened", 2},
	{"v4 has the statement of another year, it says", func(s *server, _ *equipment) {
		s.v4 = true
		s.fault = answering(3, ever, 409, `{"success":false,"details":{"month":10,"year":2024}}`)
	}, 4, "wrong_month", "opened", 3},
	{"a proxy answers 409 with HTML, and hides /api/v1", func(s *server, _ *equipment) {
		s.v4 = true
		s.fault = answering(2, ever, 409, html)
	}, 1, "bad_answer", "opened", 5},
	{"a proxy answers 409 with JSON that is not v4's, and hides /api/v1", func(s *server, _ *equipment) {
		s.v4 = true
		s.fault = answering(2, ever, 409, `{"message":"conflict"}`)
	}, 1, "bad_answer", "opened", 5},
	{"the server refuses, for a reason that we know", func(s *server, _ *equipment) {
		s.fault = answering(2, 3, 500, `{"success":false,"kind":"refused","stage":"unknown_column","details":"`+clientName+`"}`)
	}, 3, "unknown_column", "opened", 3},
	{"the server refuses, for a reason that we do not know", func(s *server, _ *equipment) {
		s.fault = answering(2, 3, 500, `{"success":false,"kind":"refused","stage":"maria_aparecida","details":"`+clientName+`"}`)
	}, 3, "server_refuses", "opened", 3},
	{"a row is broken", func(s *server, _ *equipment) {
		s.fault = answering(1, ever, 500, `{"kind":"integrity","code":"broken_row","detail":"`+clientName+`","hint":"`+clientName+`"}`)
	}, 4, "broken_row", "opened", 1},
	{"something is broken that we do not know", func(s *server, _ *equipment) {
		s.fault = answering(3, 3, 500, `{"kind":"integrity","stage":"maria_aparecida"}`)
	}, 4, "server_integrity", "opened", 3},
	{"somebody was faster", func(s *server, _ *equipment) {
		s.fault = answering(3, 3, 500, `{"success":false,"kind":"conflict","stage":"busy"}`)
	}, 0, "", "none", 9},
	{"the statement is gone from the database", func(s *server, _ *equipment) {
		s.closeMonth("2025-10")
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			return strings.HasSuffix(r.URL.Path, "/statement") && answering(1, ever, 404, `{"kind":"not_found","code":"not_closed","correlation_id":"b17cee4a"}`)(n, w, r)
		}
	}, 4, "statement_gone", "opened", 6},
	{"no more proofs where there were some", func(s *server, n *equipment) {
		s.v4 = true
		n.state.Head = safetynet.Head{Seq: 1, Hash: hex64(1)}
	}, 3, "proof_gone", "opened", 1},
}

func TestSituations_end_as_the_table_says(t *testing.T) {
	for _, c := range situations {
		t.Run(c.name, func(t *testing.T) {
			s, gh, n := newServer(t), newGitHub(t), newNet()
			c.set(s, n)
			head := n.state.Head
			r := n.run(t, s.URL, gh, false)
			got := ""
			if r.Error != nil {
				got = r.Error.Code
				lost := n.state.Head != head && !strings.HasPrefix(got, "backup_") // the chain was good then
				if !strings.Contains(r.Summary(), got) || lost {
					t.Errorf("the summary does not name the cause, or the head that was kept is lost: %s", r.Summary())
				}
			}
			if r.ExitCode != c.exit || got != c.code || r.Issue != c.issue || len(r.Requests) != c.asked {
				t.Errorf("exit %d, cause %q, issue %s, %d requests; want %d, %q, %s, %d", r.ExitCode, got, r.Issue, len(r.Requests), c.exit, c.code, c.issue, c.asked)
			}
			for agent := range s.agents {
				if agent != "extrato-safetynet/test" {
					t.Errorf("the net calls itself %q", agent)
				}
			}
		})
	}
}

// inGuide compares the table with the one in the guide, or writes it there.
func inGuide(t *testing.T, table string) {
	t.Helper()
	const file, begin, end = "../../docs/MONTHLY_EXTRATO_BACKUP_GUIDE.md", "<!-- situations -->\n", "<!-- /situations -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	have, after, ok2 := strings.Cut(rest, end)
	switch {
	case !ok || !ok2:
		t.Fatalf("%s has no place for the table", file)
	case have == table:
	case *update:
		if err := os.WriteFile(file, []byte(before+begin+table+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the guide's table is not what happens; go test ./internal/safetynet -update\n%s", table)
	}
}

func TestPauses_grow_and_are_as_long_as_the_server_asks(t *testing.T) {
	s, n := newServer(t), newNet()
	s.fault = answering(1, ever, 503, "")
	n.run(t, s.URL, nil, false)
	if len(n.waited) != 2 || n.waited[0] < 5*time.Second || n.waited[1] < 10*time.Second || n.waited[1] > 13*time.Second {
		t.Errorf("paused for %v", n.waited)
	}
	s, n = newServer(t), newNet()
	s.fault = answering(1, 1, 429, "", "Retry-After", n.now.Add(70*time.Second).UTC().Format(http.TimeFormat))
	n.run(t, s.URL, nil, false)
	if len(n.waited) != 1 || n.waited[0] < 69*time.Second {
		t.Errorf("paused for %v, the server asked for 70 s", n.waited)
	}
}

// A proxy that hides /api/v1 hides that a month is held as well.
func TestForce_is_sent_to_v4_only_where_the_month_has_its_statement(t *testing.T) {
	held := func(s *server, forced bool, w http.ResponseWriter) bool {
		if !forced {
			say(w, 400, map[string]any{"success": false, "error": "x", "details": map[string]any{"reason": "month_held"}})
			return true
		}
		s.t.Error("a held month was asked for with force")
		return false
	}
	for name, c := range map[string]struct {
		answer func(s *server, forced bool, w http.ResponseWriter) bool
		closed bool
		exit   int
		forces string
	}{
		"held":   {held, false, 3, "[false]"},
		"open":   {nil, false, 0, "[false]"},
		"closed": {nil, true, 0, "[false true]"},
		"does not close at all": {func(_ *server, _ bool, w http.ResponseWriter) bool {
			say(w, 400, map[string]any{"error": "x"})
			return true
		}, false, 3, "[false]"},
	} {
		s, n := newServer(t), newNet()
		s.v4 = true
		if c.closed {
			s.closeMonth("2025-10")
		}
		var forces []bool
		s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "generate_service") {
				return false
			}
			forced := asksFor(r) == "2025-10 true"
			forces = append(forces, forced)
			return c.answer != nil && c.answer(s, forced, w)
		}
		if r := n.run(t, s.URL, nil, true); r.ExitCode != c.exit || fmt.Sprint(forces) != c.forces {
			t.Errorf("%s: force %v, want %s: %s", name, forces, c.forces, r.Summary())
		}
	}
}

func TestV4_is_closed_through_its_two_endpoints(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	s.v4 = true
	for day, want := range []string{"first", "again"} {
		r := n.run(t, s.URL, gh, false)
		if r.ExitCode != 0 || r.Outcome != safetynet.Accepted || len(r.Requests) != 3 || s.months["2025-10"] != "closed" || len(gh.issues) != 0 {
			t.Errorf("day %d (%s): exit %d, %s, %+v", day, want, r.ExitCode, r.Outcome, r.Requests)
		}
	}
	if len(s.chain) != 1 {
		t.Errorf("%d statements were made", len(s.chain))
	}
}

// Situation 15 of v4: its failure issue prints the API token.
func TestIssue_never_prints_the_token_that_a_server_throws_back(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	s.v4 = true
	echo, err := json.Marshal(map[string]any{"stage": token, "code": token, "error": token + clientName, "details": map[string]any{"reason": token}, "correlation_id": token})
	if err != nil {
		t.Fatal(err)
	}
	s.fault = answering(2, ever, 500, string(echo))
	r := n.run(t, s.URL, gh, false) // it searches
	if r.ExitCode != 1 || len(gh.issues) != 1 {
		t.Errorf("exit %d, %d issues", r.ExitCode, len(gh.issues))
	}
}

// What looks like a code, an id or a hash may be a name all the same.
var nasty = []string{"maria_aparecida_goncalves", "zoraide", "12345678901", "x` @everyone <!-- extrato-safetynet:2025-11 --> `", "123e4567-e89b-12d3-a456-426614174000", "[x](https://eva.example)"}

func TestAnswer_with_a_name_where_a_code_belongs_goes_no_further(t *testing.T) {
	for _, name := range nasty {
		for _, from := range []int{1, 2, 3} { // the month, the backup, the close
			for _, status := range []int{200, 400, 404, 409, 500} {
				s, gh, n := newServer(t), newGitHub(t), newNet()
				echo, err := json.Marshal(map[string]any{"state": name, "stage": name, "code": name, "details": map[string]any{"reason": name, "backup_exists": name},
					"correlation_id": name, "success": name, "month": "2025-10", "close_from": name, "due_at": name, "sha256": name})
				if err != nil {
					t.Fatal(err)
				}
				s.fault = answering(from, ever, status, string(echo))
				n.run(t, s.URL, gh, false)
				quiet(t, map[string]string{"result.json": n.left, "what GitHub was told": strings.Join(gh.calls, "\n")}, []string{name})
			}
		}
	}
	s, n := newServer(t), newNet()
	s.fault = answering(1, ever, 500, `{"stage":"maria_silva","correlation_id":"0123456789abcdef"}`)
	if known := fmt.Sprint(n.run(t, s.URL, nil, false).Requests[0].Known); known != "map[correlation_id:0123456789abcdef stage:other]" {
		t.Errorf("what is kept of the answer: %s", known)
	}
}

func TestBackup_hash_that_is_none_is_no_proof(t *testing.T) {
	for _, name := range append(nasty, strings.Repeat("A", 64), "") {
		s, gh, n := newServer(t), newGitHub(t), newNet()
		s.fault = answering(1, ever, 503, "")
		n.run(t, s.URL, gh, false) // so that there is an issue to be closed with the proof
		s.hash, s.fault = name, nil
		r := n.run(t, s.URL, gh, false)
		if r.ExitCode != 4 || r.Error.Code != "statement_differs" || r.Proof != nil || r.Issue != "commented" {
			t.Errorf("%q: %s", name, r.Summary())
		}
		quiet(t, map[string]string{"result.json": n.left, "what GitHub was told": strings.Join(gh.calls, "\n")}, []string{name})
	}
}

func TestServer_that_redirects_is_asked_again_and_named(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		followed := 0
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed++ }))
		defer other.Close()
		s, n := newServer(t), newNet()
		s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, other.URL, status)
			return true
		}
		r := n.run(t, s.URL, nil, false)
		if r.ExitCode != 3 || r.Error.Code != "redirected" || len(r.Requests) != 3 || followed != 0 || !strings.Contains(r.Error.Message, fmt.Sprint(status)) {
			t.Errorf("%d: %d times followed: %s", status, followed, r.Summary())
		}
		s, n = newServer(t), newNet() // a page of maintenance heals
		s.fault = func(nth int, w http.ResponseWriter, r *http.Request) bool {
			if nth == 1 {
				http.Redirect(w, r, other.URL, status)
			}
			return nth == 1
		}
		if r := n.run(t, s.URL, nil, false); r.ExitCode != 0 || followed != 0 {
			t.Errorf("%d, once: %s", status, r.Summary())
		}
	}
}

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

// A proxy may name a request in its own way; that a month does not exist is
// still our server's answer, and no v4's.
func TestServer_whose_proxy_names_requests_is_not_taken_for_v4(t *testing.T) {
	s, n := newServer(t), newNet()
	s.fault = answering(1, ever, 404, `{"code":"no_month","correlation_id":"123e4567-e89b-12d3-a456-426614174000"}`)
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 3 || r.Error.Code != "unexpected_answer" || len(r.Requests) != 1 {
		t.Errorf("%s", r.Summary())
	}
}

// Whatever our server says of a close, people can read.
func TestRecord_knows_what_our_server_says_of_a_close(t *testing.T) {
	record := text(t, "record.go")
	spelled := regexp.MustCompile(`(?:Code: |Refusedf\(|Integrityf\(|Invalidf\(|Conflictf\(|NotFoundf\(|"stage": |"reason": |r, "[^"]*", )"([a-z_0-9]+)"`)
	found := 0
	for _, files := range []string{"../closing/*.go", "../backup/*.go", "../api/v4.go"} {
		names, err := filepath.Glob(files)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			for _, m := range spelled.FindAllStringSubmatch(text(t, name), -1) {
				if found++; !strings.HasSuffix(name, "_test.go") && !regexp.MustCompile(`\s`+m[1]+`\s`).MatchString(record) {
					t.Errorf("%s of %s is kept as other", m[1], name)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d codes were found", found)
	}
}

// Situation 16 of v4: on the 31st, date -d "last month" is the same month.
func TestMonth_is_the_one_that_ended_last_on_every_day(t *testing.T) {
	for at, want := range map[string]string{
		"2025-10-31T12:00:00-03:00": "2025-09", "2025-03-01T00:00:00-03:00": "2025-02", "2024-03-01T02:59:00Z": "2024-01",
		"2024-03-01T03:00:00Z": "2024-02", "2026-01-01T03:00:00Z": "2025-12", "2026-01-01T02:59:59Z": "2025-11", "2025-12-31T23:00:00-03:00": "2025-11",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := safetynet.Month(now.In(zone)); got.String() != want {
			t.Errorf("at %s: %s, want %s", at, got, want)
		}
	}
	s, n := newServer(t), newNet()
	client, err := safetynet.NewClient(s.URL, n.who, "test", n.limit, safetynet.Waits{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	run := &safetynet.Net{Server: client, Now: func() time.Time { return n.now }}
	if r := run.Run(t.Context(), october.Add(1), true); r.ExitCode != 3 || s.asked != 0 {
		t.Errorf("the running month: exit %d after %d requests", r.ExitCode, s.asked)
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

func TestState_that_cannot_be_read_is_not_taken_for_none(t *testing.T) {
	file := filepath.Join(t.TempDir(), "folder", "state.json")
	want := safetynet.State{Head: safetynet.Head{Seq: 3, Hash: hex64(3)}, Causes: map[string]string{"2025-10": "timeout"}}
	if err := want.Write(file); err != nil {
		t.Fatal(err)
	}
	if got, err := safetynet.ReadState(file); err != nil || got.Head != want.Head || got.Causes["2025-10"] != "timeout" {
		t.Errorf("read %v, %v", got, err)
	}
	if err := os.WriteFile(file, []byte(`{"head":{"seq":3,"ha`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := safetynet.ReadState(file); err == nil {
		t.Error("half a state was read")
	}
}
