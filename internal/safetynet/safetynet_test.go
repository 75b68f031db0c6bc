package safetynet_test

import (
	"encoding/json"
	"flag"
	"fmt"
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

func TestPlaces_without_a_good_copy_are_a_warning_and_no_failure(t *testing.T) {
	for states, want := range map[string]string{
		"": "", "ok encrypted": "", "ok pending": "copy_pending 1", "pending hidden missing corrupt pending": "copy_pending 2 copy_bad 3", "a_later_state": "copy_bad 1",
	} {
		s, n := newServer(t), newNet()
		s.closeMonth("2025-10")
		for _, state := range strings.Fields(states) {
			s.places = append(s.places, map[string]any{"place": "s3://" + clientName, "state": state, "at": ""})
		}
		r := n.run(t, s.URL, nil, false)
		var got []string
		for _, note := range r.Notes {
			if strings.HasPrefix(note.Code, "copy_") {
				got = append(got, note.Code+" "+note.More)
			}
		}
		if r.ExitCode != 0 || strings.Join(got, " ") != want || strings.Contains(r.Summary(), clientName) {
			t.Errorf("%q: %q, %s", states, got, r.Summary())
		}
	}
}
