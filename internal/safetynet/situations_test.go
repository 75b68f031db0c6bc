package safetynet_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"extrato/internal/safetynet"
)

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
	{"healthy, due", func(*server, *equipment) {}, 0, "", "none", 10},
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
	}, 0, "", "none", 12},
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
	}, 0, "", "none", 11},
	{"401", func(s *server, _ *equipment) {
		s.fault = answering(1, ever, 401, `{"error":"Invalid or expired token"}`)
	}, 3, "bad_token", "opened", 1},
	{"403", func(s *server, _ *equipment) { s.fault = answering(2, ever, 403, `{"error":"Forbidden"}`) }, 3, "forbidden", "opened", 2},
	{"429, then well", func(s *server, _ *equipment) { s.fault = answering(3, 3, 429, `{}`, "Retry-After", "40") }, 0, "", "none", 11},
	{"429, for longer than we wait", func(s *server, _ *equipment) { s.fault = answering(3, ever, 429, `{}`, "Retry-After", "3600") }, 1, "too_many_requests", "opened", 4},
	{"500 with HTML", func(s *server, _ *equipment) { s.fault = answering(3, ever, 500, html) }, 1, "server_error", "opened", 8},
	{"500 with HTML to the close, which happens", func(s *server, _ *equipment) {
		s.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n == 3 {
				s.closeMonth("2025-10")
			}
			return answering(3, 5, 500, html)(n, w, r)
		}
	}, 0, "", "none", 13},
	{"JSON cut in half", func(s *server, _ *equipment) { s.fault = answering(3, ever, 200, `{"success":tr`) }, 1, "bad_answer", "opened", 8},
	{"the backup fails, the close works", func(s *server, _ *equipment) { s.fault = answering(2, 2, 500, html) }, 0, "", "none", 10},
	{"a required backup is missing", func(s *server, _ *equipment) {
		s.fault = answering(2, ever, 400, `{"success":false,"details":{"backup_exists":false,"backup_required":true}}`)
	}, 3, "backup_required", "opened", 3},
	{"already closed", func(s *server, _ *equipment) { s.closeMonth("2025-10") }, 0, "", "none", 8},
	{"held", func(s *server, _ *equipment) { s.months["2025-10"] = "held" }, 3, "month_held", "opened", 1},
	{"not due yet", func(s *server, n *equipment) { s.months["2025-10"], s.due = "open", n.now.Add(time.Hour) }, 0, "", "none", 1},
	{"before EXTRATO_CLOSE_FROM", func(s *server, _ *equipment) { s.months["2025-10"], s.from = "open", "2025-11" }, 0, "", "none", 1},
	{"open after its due time: a clock is wrong", func(s *server, _ *equipment) { s.months["2025-10"] = "open" }, 3, "clocks_differ", "opened", 1},
	{"the statement's backup stale", func(s *server, _ *equipment) { s.backup = "stale"; s.closeMonth("2025-10") }, 4, "backup_stale", "opened", 7},
	{"the statement's backup corrupt", func(s *server, _ *equipment) { s.backup = "corrupt"; s.closeMonth("2025-10") }, 4, "backup_corrupt", "opened", 7},
	{"late rows", func(s *server, _ *equipment) { s.closeMonth("2025-10"); s.late = 2 }, 0, "", "none", 8},
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
	}, 0, "", "none", 11},
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
