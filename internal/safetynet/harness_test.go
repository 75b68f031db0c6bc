package safetynet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/proof"
	"extrato/internal/safetynet"
)

// What must not appear in anything that a run sends elsewhere or leaves.
const (
	token      = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LXRva2Vu.c2lnbmF0dXJl"
	password   = "p4ssw0rd-in-the-url"
	clientName = "Maria Aparecida Gonçalves"
)

var zone = func() *time.Location {
	z, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		panic(err)
	}
	return z
}()

var october = books.Month{Year: 2025, Month: time.October}

// server is a stand-in for extrato serve, or for v4. fault, if set, may answer
// a request itself.
type server struct {
	t      *testing.T
	v4     bool
	lock   sync.Mutex
	months map[string]string // state by month
	chain  []books.ChainEntry
	backup string // state of the copy that the statement rests on
	places []any  // its copies elsewhere
	drills []any  // nil: one of today's, equal
	hash   string // of that copy
	late   int
	from   string // EXTRATO_CLOSE_FROM
	due    time.Time
	fault  func(n int, w http.ResponseWriter, r *http.Request) bool
	asked  int
	agents map[string]bool
	keys   []proof.Key               // that sign heads, the newest first
	head   func(map[string]any)      // may change the signed head
	signs  func() []books.ChainEntry // the entries under it, if not those of the chain
	took   []string                  // cosigned heads
	*httptest.Server
}

func newServer(t *testing.T) *server {
	s := &server{t: t, months: map[string]string{}, backup: "ok", hash: hex64(5), agents: map[string]bool{}, from: "2020-01", due: time.Date(2025, 11, 1, 5, 0, 0, 0, time.UTC), keys: []proof.Key{proof.NewKey(logOrigin)}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func hex64(n int) string { return fmt.Sprintf("%064x", n) }

// closeMonth adds a statement to the chain.
func (s *server) closeMonth(month string) {
	m, err := books.ParseMonth(month)
	if err != nil {
		panic(err)
	}
	var head books.ChainEntry
	if n := len(s.chain); n > 0 {
		head = s.chain[n-1]
	}
	c := books.ChainEntry{
		Action: books.Closed, Month: m, Revision: 1, At: books.InstantOf(time.Date(2025, 11, 1, 5, 0, 1, 123_000, time.UTC)), By: "schedule",
		Reason: clientName, CorrelationID: "0123456789abcdef", Counts: books.Counts{Payments: 3, Links: 2},
		Totals: `{"receita_total":910.00,"saldo":910.00,"receita_liquida":910.00}`, BackupFile: "b.csv", BackupSHA256: s.hash, Notes: []string{"nota"},
	}
	c.Fingerprint[31] = byte(len(s.chain) + 1)
	c.Core[0], c.Seal[0], c.Salt[0] = 1, 2, 3
	s.chain = append(s.chain, c.After(head))
	s.months[month] = "closed"
}

var totals = map[string]any{"revenue": "910.00", "commissions": "0.00", "expenses": "0.00", "balance": "910.00", "net_revenue": "910.00"}

// shown is an entry as /api/v1 shows it.
func shown(c books.ChainEntry) map[string]any {
	return map[string]any{
		"seq": c.Seq, "action": c.Action, "month": c.Month.OrNone(), "revision": c.Revision, "at": c.At.String(), "by": c.By, "reason": c.Reason,
		"correlation_id": c.CorrelationID, "fingerprint": c.Fingerprint, "core": c.Core, "seal": c.Seal, "detail": c.Detail, "counts": c.Counts, "totals": totals, "notes": c.Notes,
		"backup": map[string]any{"file": c.BackupFile, "sha256": c.BackupSHA256}, "sealed": map[string]any{"totals": c.Totals, "links": c.Counts.Links, "salt": c.Salt},
		"previous_hash": c.Previous, "hash": c.Hash,
	}
}

func counts(n int) map[string]int {
	return map[string]int{"payments": n, "sessions": 0, "commissions": 0, "expenses": 0}
}

func say(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(document); err != nil {
		panic(err)
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.asked++
	s.agents[r.UserAgent()] = true
	if s.fault != nil && s.fault(s.asked, w, r) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		say(w, 401, map[string]any{"error": "Invalid or expired token"})
		return
	}
	switch path := strings.TrimPrefix(r.URL.Path, "/api/"); {
	case s.v4 && strings.HasPrefix(path, "v1/"):
		say(w, 404, map[string]any{"error": "Not found"})
	case path == "v1/checkpoint":
		s.checkpoint(w, r)
	case path == "v1/checkpoint/cosignatures":
		var in struct{ Checkpoint string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		s.took = append(s.took, in.Checkpoint)
		say(w, 200, map[string]any{})
	case strings.HasSuffix(path, "/verify"):
		say(w, 200, map[string]any{"statement": "ok", "problems": []string{}, "backups": []any{}})
	case r.Method == "POST":
		s.service(w, r, path)
	default:
		s.v1(w, r, strings.Split(strings.TrimPrefix(path, "v1/"), "/"))
	}
}

func (s *server) service(w http.ResponseWriter, r *http.Request, path string) {
	var in struct {
		Month, Year int
		Force       bool
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	month, data := fmt.Sprintf("%04d-%02d", in.Year, in.Month), map[string]any{"month": in.Month, "year": in.Year}
	closed := s.months[month] == "closed"
	switch {
	case path == "backup/create_service" && closed:
		data["reason"] = "backup_already_exists"
		say(w, 409, map[string]any{"success": false, "error": fmt.Sprintf("Backup already exists for %d/%d", in.Month, in.Year), "details": data})
	case path == "backup/create_service":
		say(w, 200, map[string]any{"success": true, "message": fmt.Sprintf("Backup created successfully for %d/%d", in.Month, in.Year), "data": data})
	case closed:
		say(w, 500, map[string]any{"success": false, "error": "Extrato generation failed.", "stage": "already_exists", "details": "Extrato already exists for month/year", "correlation_id": "b17cee4a"})
	default:
		s.closeMonth(month)
		data["force"] = in.Force
		say(w, 200, map[string]any{"success": true, "message": fmt.Sprintf("Extrato generated successfully for %d/%d", in.Month, in.Year), "data": data})
	}
}

func (s *server) v1(w http.ResponseWriter, r *http.Request, path []string) {
	list := func(next any, items ...any) map[string]any {
		return map[string]any{"items": items, "next_cursor": next}
	}
	if path[0] == "closings" { // two at a time, so that there are pages
		from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
		var items []any
		var next any
		for i := len(s.chain) - 1 - from; i >= 0; i-- {
			if len(items) == 2 {
				next = strconv.Itoa(from + 2)
				break
			}
			items = append(items, shown(s.chain[i]))
		}
		say(w, 200, list(next, items...))
		return
	}
	if path[0] == "drills" {
		drills := s.drills
		if drills == nil {
			drills = []any{map[string]any{"month": "2025-10", "place": "/" + clientName, "result": "equal", "reason": clientName, "at": books.InstantOf(time.Date(2025, 11, 1, 6, 0, 0, 0, time.UTC)).String()}}
		}
		say(w, 200, list(nil, drills...))
		return
	}
	month := path[1]
	var last books.ChainEntry
	for _, e := range s.chain {
		if e.Month.String() == month {
			last = e
		}
	}
	file := map[string]any{"file": "b.csv", "sha256": s.hash, "state": s.backup, "statement": true, "places": s.places}
	switch {
	case len(path) == 2:
		state := s.months[month]
		if state == "" {
			state = "due"
		}
		if s.late > 0 && state == "closed" {
			state = "late"
		}
		say(w, 200, map[string]any{"month": month, "state": state, "revision": last.Revision, "counts": last.Counts, "totals": totals, "late": counts(s.late),
			"late_rows": []any{map[string]any{"client": clientName}}, "backup": "verified", "due_at": books.InstantOf(s.due).String(), "close_from": s.from})
	case path[2] == "statement":
		say(w, 200, map[string]any{"month": month, "revision": 1, "counts": last.Counts, "totals": totals, "fingerprint": last.Fingerprint,
			"backup": file, "chain": map[string]any{"seq": last.Seq, "hash": last.Hash}, "items": []any{map[string]any{"client": clientName}}})
	default:
		say(w, 200, list(nil, file))
	}
}

// github is a stand-in for GitHub's API that records every call.
type github struct {
	lock   sync.Mutex
	issues []map[string]any
	calls  []string
	fail   func(r *http.Request) int
	meet   func(r *http.Request) // waits, without the lock
	kept   []map[string]any      // artifacts, newest first
	zip    http.HandlerFunc      // what the address of an artifact answers
	person string                // whose token it is; "": an app's
	*httptest.Server
}

func newGitHub(t *testing.T) *github {
	g := &github{}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *github) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.lock.Lock()
	defer g.lock.Unlock()
	body, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, "/repos/studio/books/")
	g.calls = append(g.calls, r.Method+" "+path+" "+string(body))
	if g.meet != nil {
		g.lock.Unlock()
		g.meet(r)
		g.lock.Lock()
	}
	if g.fail != nil {
		if status := g.fail(r); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	var in map[string]any
	_ = json.Unmarshal(body, &in)
	parts := strings.Split(path, "/")
	switch {
	case path == "/user" && g.person == "":
		w.WriteHeader(403)
	case path == "/user":
		say(w, 200, map[string]any{"login": g.person, "type": "User"})
	case path == "actions/artifacts":
		say(w, 200, map[string]any{"artifacts": page(r, g.kept)})
	case strings.HasPrefix(path, "actions/artifacts/") && g.zip != nil:
		g.zip(w, r)
	case parts[0] != "issues":
		w.WriteHeader(204)
	case r.Method == "GET" && len(parts) == 3:
		n, _ := strconv.Atoi(parts[1])
		var comments []map[string]any
		for _, text := range g.issues[n-1]["comments"].([]string) {
			comment := map[string]any{"body": text, "user": g.issues[n-1]["user"]}
			if text, ok := strings.CutPrefix(text, "eva: "); ok { // a stranger's
				comment = map[string]any{"body": text, "user": map[string]any{"type": "User", "login": "eva"}}
			}
			comments = append(comments, comment)
		}
		say(w, 200, page(r, comments))
	case r.Method == "GET":
		say(w, 200, page(r, g.issues))
	case len(parts) == 1:
		g.add(in)
		say(w, 201, in)
	default:
		n, _ := strconv.Atoi(parts[1])
		i := g.issues[n-1]
		if len(parts) == 3 {
			i["comments"] = append(i["comments"].([]string), in["body"].(string))
		} else {
			for k, v := range in {
				i[k] = v
			}
		}
		say(w, 200, i)
	}
}

// page is the part of a list that is asked for, 30 long where nobody says.
func page(r *http.Request, all []map[string]any) []map[string]any {
	number, size := 1, 30
	for name, into := range map[string]*int{"page": &number, "per_page": &size} {
		if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil {
			*into = n
		}
	}
	from := min((number-1)*size, len(all))
	return append([]map[string]any{}, all[from:min(from+size, len(all))]...)
}

func (g *github) add(in map[string]any) {
	in["number"], in["state"], in["comments"], in["user"] = len(g.issues)+1, "open", []string{}, map[string]any{"type": "Bot", "login": "github-actions[bot]"}
	if g.person != "" {
		in["user"], in["author_association"] = map[string]any{"type": "User", "login": g.person}, "NONE"
	}
	g.issues = append(g.issues, in)
}

// net is one run's equipment; waited collects its pauses.
type equipment struct {
	now    time.Time
	month  books.Month // the one to look after, if it is not the last
	limit  time.Duration
	state  safetynet.State
	who    safetynet.Identity
	teller safetynet.Notifier
	waited []time.Duration
	left   string            // the last run's result.json
	key    *proof.Key        // that cosigns
	trust  []proof.PublicKey // that a person vouches for
}

func newNet() *equipment {
	return &equipment{now: time.Date(2025, 11, 2, 6, 37, 0, 0, zone), limit: time.Second, state: safetynet.State{Causes: map[string]string{}}, who: safetynet.Token(token)}
}

func (n *equipment) run(t *testing.T, base string, gh *github, force bool) safetynet.Result {
	t.Helper()
	if gh == nil {
		return n.with(t, base, nil, nil, force)
	}
	return n.with(t, base, &safetynet.GitHub{API: gh.URL, Repository: "studio/books", Token: gitToken, Waits: n.waits()}, gh, force)
}

func (n *equipment) waits() safetynet.Waits {
	return safetynet.Waits{First: 5 * time.Second, Sleep: func(_ context.Context, d time.Duration) error {
		n.waited = append(n.waited, d)
		n.now = n.now.Add(d)
		return nil
	}}
}

// with runs the net; g is the way to gh, which records what is called.
func (n *equipment) with(t *testing.T, base string, g *safetynet.GitHub, gh *github, force bool) safetynet.Result {
	t.Helper()
	now := func() time.Time { return n.now }
	client, err := safetynet.NewClient(strings.Replace(base, "://", "://net:"+password+"@", 1), n.who, "test", n.limit, n.waits(), now)
	if err != nil {
		t.Fatal(err)
	}
	run := &safetynet.Net{Server: client, Now: now, State: n.state, CloseTimeout: 6 * time.Minute, Cosigner: n.key, Trust: n.trust}
	month := n.month
	if month.IsZero() {
		month = safetynet.Month(n.now)
	}
	r := run.Run(t.Context(), month, force)
	run.Notify(t.Context(), &r, g, n.teller)
	n.state = run.State
	dir := t.TempDir()
	if err := r.Leave(dir); err != nil {
		t.Fatal(err)
	}
	n.left = text(t, filepath.Join(dir, "result.json"))
	keepsQuiet(t, dir, r, gh)
	return r
}

// asksFor says which month is asked for, and whether with force.
func asksFor(r *http.Request) string {
	var in struct {
		Month, Year int
		Force       bool
	}
	text, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(text, &in)
	r.Body = io.NopCloser(bytes.NewReader(text))
	return fmt.Sprintf("%04d-%02d %t", in.Year, in.Month, in.Force)
}

func jobIdentity(address, secret string, n *equipment) safetynet.Identity {
	return safetynet.Job(address, secret, "studio", func() time.Time { return n.now })
}
