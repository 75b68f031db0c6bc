package safetynet_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/safetynet"
)

// reseal makes a chain's numbers and hashes anew, as somebody would who
// rewrites it from entry i on.
func reseal(chain []books.ChainEntry, i int) {
	for ; i < len(chain); i++ {
		var before books.ChainEntry
		if i > 0 {
			before = chain[i-1]
		}
		chain[i] = chain[i].After(before)
	}
}

func TestChain_that_was_rewritten_is_noticed_whatever_was_changed(t *testing.T) {
	for name, change := range map[string]func(*books.ChainEntry){
		"action":      func(c *books.ChainEntry) { c.Action = books.Revised },
		"month":       func(c *books.ChainEntry) { c.Month = c.Month.Add(1) },
		"revision":    func(c *books.ChainEntry) { c.Revision++ },
		"instant":     func(c *books.ChainEntry) { c.At++ },
		"actor":       func(c *books.ChainEntry) { c.By = "cli" },
		"reason":      func(c *books.ChainEntry) { c.Reason = "" },
		"correlation": func(c *books.ChainEntry) { c.CorrelationID = "fedcba9876543210" },
		"fingerprint": func(c *books.ChainEntry) { c.Fingerprint[0] ^= 1 },
		"counts":      func(c *books.ChainEntry) { c.Counts.Expenses++ },
		"links":       func(c *books.ChainEntry) { c.Counts.Links-- },
		"core":        func(c *books.ChainEntry) { c.Core[0]++ },
		"seal":        func(c *books.ChainEntry) { c.Seal[0]++ },
		"salt":        func(c *books.ChainEntry) { c.Salt[0]++ },
		"totals":      func(c *books.ChainEntry) { c.Totals = strings.Replace(c.Totals, "910.00", "910.01", 1) },
		"backup":      func(c *books.ChainEntry) { c.BackupSHA256 = hex64(6) },
		"no backup":   func(c *books.ChainEntry) { c.BackupFile, c.BackupSHA256 = "", "" },
		"notes":       func(c *books.ChainEntry) { c.Notes = nil },
	} {
		for place, i := range map[string]int{"behind the kept head": 5, "at it": 3} {
			t.Run(name+", "+place, func(t *testing.T) {
				s, n := newServer(t), newNet()
				for _, month := range []string{"2025-05", "2025-06", "2025-07", "2025-08", "2025-09", "2025-11", "2025-10"} {
					s.closeMonth(month)
				}
				kept := safetynet.Head{Seq: s.chain[3].Seq, Hash: s.chain[3].Hash.String()}
				n.state.Head = kept
				good := n.run(t, s.URL, nil, false)
				if good.ExitCode != 0 || n.state.Head.Seq != 7 || !good.Proof.Compared {
					t.Fatalf("a chain that nobody changed: %s", good.Summary())
				}
				n.state.Head = kept
				change(&s.chain[i])
				if r := n.run(t, s.URL, nil, false); r.ExitCode != 4 || r.Error.Code != "chain_broken" || n.state.Head != kept || r.Proof != nil {
					t.Errorf("changed: %s", r.Summary())
				}
				if i > 3 {
					return // behind what was kept somebody who makes all hashes anew is not noticed
				}
				reseal(s.chain, i)
				if r := n.run(t, s.URL, nil, false); r.ExitCode != 4 || r.Error.Code != "chain_broken" || n.state.Head != kept {
					t.Errorf("changed and sealed again: %s", r.Summary())
				}
			})
		}
	}
}

func TestChain_is_read_to_its_beginning_where_none_was_seen(t *testing.T) {
	s, n := newServer(t), newNet()
	s.closeMonth("2025-10")
	for range 6 {
		s.closeMonth("2025-09") // later entries, so that October's is not on the first page
	}
	r := n.run(t, s.URL, nil, false)
	if r.ExitCode != 0 || r.Proof.Compared || n.state.Head.Seq != 7 || !strings.Contains(r.Summary(), "não / no") {
		t.Errorf("%s", r.Summary())
	}
	n = newNet()
	s.chain[0].Reason = "x"
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 4 || n.state.Head.Seq != 0 {
		t.Errorf("the first entry was changed: %s", r.Summary())
	}
	s, n = newServer(t), newNet()
	s.closeMonth("2025-10")
	s.chain[0].Totals = `{"receita_total":1.00}` // sealed totals that are not those that are shown
	reseal(s.chain, 0)
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 4 || r.Error.Code != "statement_differs" {
		t.Errorf("the totals that are shown are others than those sealed: %s", r.Summary())
	}
}

func TestChain_with_a_link_that_does_not_fit_is_noticed(t *testing.T) {
	for name, change := range map[string]func(*server){
		"an entry is missing": func(s *server) { s.chain = append(s.chain[:2:2], s.chain[3:]...) },
		"one is another, intact, and the next does not follow it": func(s *server) {
			s.chain[2].Reason = "outra"
			s.chain[2] = s.chain[2].After(s.chain[1])
		},
		"the first follows something": func(s *server) {
			before := books.ChainEntry{Hash: s.chain[1].Hash}
			s.chain[0] = s.chain[0].After(before)
			reseal(s.chain, 1)
		},
	} {
		s, n := newServer(t), newNet()
		for _, month := range []string{"2025-07", "2025-08", "2025-09", "2025-10"} {
			s.closeMonth(month)
		}
		change(s)
		if r := n.run(t, s.URL, nil, false); r.ExitCode != 4 || r.Error.Code != "chain_broken" || n.state.Head.Seq != 0 {
			t.Errorf("%s: %s", name, r.Summary())
		}
	}
}

// Whoever gets rid of the head that was kept must not get rid of the issue.
func TestIssue_of_a_broken_chain_is_closed_by_a_comparison_only(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	for _, month := range []string{"2025-08", "2025-09", "2025-10"} {
		s.closeMonth(month)
	}
	kept := safetynet.Head{Seq: 3, Hash: hex64(9)}
	none := safetynet.Head{}
	for i, c := range []struct {
		head         safetynet.Head
		fault        func(int, http.ResponseWriter, *http.Request) bool
		issue, state string
		note         bool
	}{
		{kept, nil, "opened", "open", false},
		{none, nil, "unchanged", "open", true},
		{none, answering(1, ever, 401, "{}"), "commented", "open", false},
		{none, nil, "unchanged", "open", true}, // another cause in between tells nothing of the chain
		{safetynet.Head{Seq: 3, Hash: s.chain[2].Hash.String()}, nil, "closed", "closed", false},
		{none, answering(1, ever, 401, "{}"), "reopened", "open", false},
		{none, nil, "closed", "closed", false},
	} {
		s.asked, s.fault, n.state.Head = 0, c.fault, c.head
		r := n.run(t, s.URL, gh, false)
		if r.Issue != c.issue || len(gh.issues) != 1 || gh.issues[0]["state"] != c.state || c.note != strings.Contains(r.Summary(), "stays open") {
			t.Errorf("run %d: issue %s, want %s; it is %v\n%s", i, r.Issue, c.issue, gh.issues[0]["state"], r.Summary())
		}
	}
}

// A server may answer a part of its chain, or a statement that the chain has
// gone on from.
func TestChain_that_is_shown_in_part_is_no_proof(t *testing.T) {
	s, n := newServer(t), newNet()
	for _, month := range []string{"2025-07", "2025-08", "2025-09", "2025-10"} {
		s.closeMonth(month)
	}
	s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/closings") {
			return false
		}
		say(w, 200, map[string]any{"items": []any{shown(s.chain[3]), shown(s.chain[2])}, "next_cursor": nil})
		return true
	}
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 4 || r.Error.Code != "chain_broken" || n.state.Head.Seq != 0 {
		t.Errorf("%s", r.Summary())
	}
}

func TestStatement_that_the_chain_went_on_from_is_no_proof(t *testing.T) {
	for action, exit := range map[books.Action]int{books.Reopened: 4, books.Revised: 4, books.Adopted: 4, books.Restored: 0} {
		s, n := newServer(t), newNet()
		s.closeMonth("2025-10")
		first, next := s.chain[0], s.chain[0]
		next.Action = action
		s.chain = append(s.chain, next.After(first))
		s.fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/statement") {
				return false
			}
			say(w, 200, map[string]any{"month": "2025-10", "revision": 1, "counts": first.Counts, "totals": totals, "fingerprint": first.Fingerprint,
				"backup": map[string]any{"file": "b.csv", "sha256": hex64(5)}, "chain": map[string]any{"seq": first.Seq, "hash": first.Hash}})
			return true
		}
		r := n.run(t, s.URL, nil, false)
		if r.ExitCode != exit || exit == 4 && (r.Error.Code != "statement_not_in_chain" || n.state.Head.Seq != 0) {
			t.Errorf("%s: %s", action, r.Summary())
		}
	}
}

// Between two questions somebody may close, or reopen.
func TestStatement_that_changes_while_it_is_proved_is_asked_for_again(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*server)
		code      string
	}{
		"a revision": {func(s *server) { s.closeMonth("2025-10") }, ""},
		"a reopening": {func(s *server) {
			s.closeMonth("2025-10")
			s.chain[1].Action = books.Reopened
			reseal(s.chain, 1)
			s.months["2025-10"] = "held"
		}, "month_held"},
	} {
		s, n := newServer(t), newNet()
		s.closeMonth("2025-10")
		did := false
		s.fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/closings") && !did {
				did = true
				c.meanwhile(s)
			}
			return false
		}
		r := n.run(t, s.URL, nil, false)
		if c.code == "" && (r.ExitCode != 0 || n.state.Head.Seq != 2) || c.code != "" && (r.Error == nil || r.Error.Code != c.code) {
			t.Errorf("%s: %s", name, r.Summary())
		}
	}
}

// Whatever another copy of the books says of the month, it is neither left nor
// closed there, and no issue ends with it.
func TestServer_with_other_books_than_before_is_asked_for_nothing(t *testing.T) {
	for name, set := range map[string]func(*server){
		"empty, the month before EXTRATO_CLOSE_FROM": func(s *server) { s.months["2025-10"], s.from = "open", "2025-11" },
		"empty, the month not due":                   func(s *server) { s.months["2025-10"], s.due = "open", time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) },
		"empty, the month due":                       func(*server) {},
		"empty, the month held":                      func(s *server) { s.months["2025-10"] = "held" },
		"an old copy, the month due":                 func(s *server) { s.closeMonth("2025-07") },
		"another's, the month closed": func(s *server) {
			for _, month := range []string{"2025-06", "2025-07", "2025-08", "2025-10"} {
				s.closeMonth(month)
			}
		},
		"no longer /api/v1": func(s *server) { s.v4 = true },
	} {
		t.Run(name, func(t *testing.T) {
			s, gh, n := newServer(t), newGitHub(t), newNet()
			kept := safetynet.Head{Seq: 3, Hash: hex64(9)}
			n.state.Head = kept
			s.fault = answering(1, ever, 503, "")
			n.run(t, s.URL, gh, false)
			set(s)
			entries, want, exit := len(s.chain), "chain_broken", 4
			if s.v4 {
				want, exit = "proof_gone", 3
			}
			s.fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodGet {
					t.Errorf("the server was asked for %s %s", r.Method, r.URL.Path)
				}
				return false
			}
			r := n.run(t, s.URL, gh, false)
			if r.ExitCode != exit || r.Error.Code != want || len(s.chain) != entries || n.state.Head != kept || gh.issues[0]["state"] != "open" {
				t.Errorf("%d entries, head %v, issue %s: %s", len(s.chain), n.state.Head, r.Issue, r.Summary())
			}
		})
	}
}
