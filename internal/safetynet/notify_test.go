package safetynet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/notify"
	"extrato/internal/safetynet"
)

// webhook is a place that people are told at, and what it was told.
type webhook struct {
	lock   sync.Mutex
	told   []string
	answer int
	*httptest.Server
}

func newWebhook(t *testing.T) (*webhook, *notify.Notifier) {
	t.Helper()
	w := &webhook{answer: http.StatusOK}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.lock.Lock()
		defer w.lock.Unlock()
		w.told = append(w.told, string(body))
		rw.WriteHeader(w.answer)
	}))
	t.Cleanup(w.Close)
	notifier, err := notify.NewNotifier([]string{"generic://" + w.Listener.Addr().String() + "/" + hook + "?disabletls=yes"})
	if err != nil {
		t.Fatal(err)
	}
	return w, notifier
}

func TestPeople_are_told_once_of_each_cause_and_of_its_end(t *testing.T) {
	s, n := newServer(t), newNet()
	place, notifier := newWebhook(t)
	n.teller = notifier
	s.v4 = true
	for i, c := range []struct {
		name   string
		fault  func(int, http.ResponseWriter, *http.Request) bool
		answer int
		told   string // "": nothing
		note   string
	}{
		{"well from the start", nil, 200, "", ""},
		{"a failure", answering(1, ever, 500, html), 200, "server_error", ""},
		{"the same", answering(1, ever, 500, html), 200, "", ""},
		{"another cause", answering(1, ever, 401, html), 200, "bad_token", ""},
		{"a third, and the place is out of order", answering(1, ever, 403, html), 503, "forbidden", "notify_failed"},
		{"the same, and the place works again", answering(1, ever, 403, html), 200, "forbidden", ""},
		{"well again", nil, 200, "closed, says the server", ""},
		{"well", nil, 200, "", ""},
	} {
		place.told, place.answer, s.asked, s.fault = nil, c.answer, 0, c.fault
		r := n.run(t, s.URL, nil, false)
		text := strings.Join(place.told, "\n")
		quiet(t, map[string]string{"the message": text, "the summary": r.Summary()}, []string{token, password, clientName, hook, gitToken})
		if (len(place.told) > 0) != (c.told != "") || !strings.Contains(text, c.told) || c.told != "" && !strings.Contains(text, "Extrato 2025-10: ") {
			t.Errorf("%d, %s: told %q", i, c.name, text)
		}
		if c.note != "" && !strings.Contains(fmt.Sprint(r.Notes), c.note) {
			t.Errorf("%d, %s: notes %v", i, c.name, r.Notes)
		}
	}
	if len(n.state.Causes) != 0 {
		t.Errorf("the state still tells of %v", n.state.Causes)
	}
}

// places are places that people are told at; bad are those that take nothing.
type places struct {
	all, told []string
	bad       map[string]bool
	limit     time.Duration // what was left of the time
}

func (p *places) Places() []string { return p.all }

func (p *places) Notify(ctx context.Context, place string, m notify.Message) error {
	until, _ := ctx.Deadline()
	p.limit = time.Until(until)
	if p.bad[place] || ctx.Err() != nil {
		return errors.New("502")
	}
	p.told = append(p.told, place+" "+m.Title)
	return nil
}

func TestPeople_are_told_once_at_each_place_though_another_takes_nothing(t *testing.T) {
	s, n := newServer(t), newNet()
	p := &places{all: []string{"good-1", "bad-2"}, bad: map[string]bool{"bad-2": true}}
	n.teller = p
	failed, over := " Extrato 2025-10: FALHOU", " Extrato 2025-10: fechado e comprovado"
	for i, c := range []struct {
		status int // 0: all is well
		bad    bool
		told   []string
	}{
		{503, true, []string{"good-1" + failed}},
		{503, true, nil},
		{503, false, []string{"bad-2" + failed}},
		{503, false, nil},
		{401, true, []string{"good-1" + failed}},
		{0, true, []string{"good-1" + over}},
		{0, true, nil},
		{0, false, []string{"bad-2" + over}},
		{0, false, nil},
	} {
		p.told, p.bad["bad-2"], s.fault = nil, c.bad, nil
		if c.status != 0 {
			s.fault = answering(1, ever, c.status, "")
		}
		file := filepath.Join(t.TempDir(), "state.json")
		if err := n.state.Write(file); err != nil {
			t.Fatal(err)
		}
		var err error
		if n.state, err = safetynet.ReadState(file); err != nil {
			t.Fatal(err)
		}
		r := n.run(t, s.URL, nil, false)
		missed := c.bad && !slices.Contains([]int{3, 8}, i)
		if !slices.Equal(p.told, c.told) || missed != strings.Contains(fmt.Sprint(r.Notes), "notify_failed") {
			t.Errorf("run %d: told %q, want %q; notes %v", i, p.told, c.told, r.Notes)
		}
	}
	if len(n.state.Owed)+len(n.state.Causes) != 0 {
		t.Errorf("the state still holds %+v", n.state)
	}
}

func TestPeople_are_told_though_GitHub_asks_to_wait(t *testing.T) {
	s, gh, n := newServer(t), newGitHub(t), newNet()
	p := &places{all: []string{"good-1"}}
	n.teller = p
	s.fault = answering(1, ever, 401, "{}")
	waits := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if len(p.told) == 0 {
			t.Error("GitHub was called first")
		}
		w.Header().Set("Retry-After", "290")
		w.WriteHeader(429)
	}))
	t.Cleanup(waits.Close)
	asked, left := time.Duration(0), time.Duration(0)
	g := &safetynet.GitHub{API: waits.URL, Repository: "studio/books", Token: gitToken, Waits: safetynet.Waits{Sleep: func(ctx context.Context, d time.Duration) error {
		until, _ := ctx.Deadline()
		asked, left = d, time.Until(until)
		return context.DeadlineExceeded // all the time is over
	}}}
	r := n.with(t, s.URL, g, gh, false)
	if len(p.told) != 1 || p.limit <= 0 || p.limit > 2*time.Minute {
		t.Errorf("told %q, with %s to go", p.told, p.limit)
	}
	if r.Issue != "unknown" || asked < 290*time.Second || left <= 0 || left > 3*time.Minute || !strings.Contains(r.Summary(), "GitHub answered 429") {
		t.Errorf("asked to wait %s, with %s to go: %s", asked, left, r.Summary())
	}
}

// codesInSource returns the codes of failures and of notes in the source files.
func codesInSource(t *testing.T) (codes, notes map[string]bool) {
	t.Helper()
	codes, notes = map[string]bool{}, map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	spelled := regexp.MustCompile(`(?:Code: |Refusedf\(|Integrityf\(|Invalidf\()"([a-z_0-9]+)"`)
	noted := regexp.MustCompile(`r\.note\("([a-z_0-9]+)"`)
	for _, file := range append(files, "../../cmd/extrato/safetynet.go") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range spelled.FindAllStringSubmatch(string(text), -1) {
			codes[m[1]] = true
		}
		for _, m := range noted.FindAllStringSubmatch(string(text), -1) {
			notes[m[1]] = true
		}
	}
	for _, state := range []string{"stale", "incomplete", "corrupt", "missing", "legacy", "differs"} {
		codes["backup_"+state] = true
	}
	delete(codes, "backup_") // a state follows
	codes["internal"] = true // what nobody foresaw
	for _, m := range regexp.MustCompile(`\n\t"([a-z_0-9]+)": +\{`).FindAllStringSubmatch(text(t, "summary.go"), -1) {
		if r := (safetynet.Result{Outcome: safetynet.Failed, Error: &safetynet.Cause{Code: m[1]}}); strings.Contains(r.Summary(), "Veja a causa em inglês") {
			notes[m[1]] = true
		} else {
			codes[m[1]] = true
		}
	}
	if len(codes) < 35 || len(notes) < 15 {
		t.Fatalf("only %d codes and %d notes were found", len(codes), len(notes))
	}
	return codes, notes
}

// Whatever code an error has, people can read of it in Portuguese, and in the
// guide in both languages.
func TestEveryCode_has_its_words(t *testing.T) {
	guide, err := os.ReadFile("../../docs/MONTHLY_EXTRATO_BACKUP_GUIDE.md")
	if err != nil {
		t.Fatal(err)
	}
	portuguese, english, ok := strings.Cut(string(guide), "\n## English\n")
	if !ok {
		t.Fatal("the guide has no English part")
	}
	codes, notes := codesInSource(t)
	silent := []string{"usage", "invalid_month", "schedule_not_kept"} // they end before there is a summary, or in the job that makes none
	codes["invalid_month"] = true
	for code := range codes {
		words := safetynet.Result{Month: october, Outcome: safetynet.Failed, Error: &safetynet.Cause{Code: code, Hint: "extrato close MONTH"}}.Summary()
		said := regexp.MustCompile(`\*\*Causa:\*\* \S(.|\n)*\*\*O que fazer:\*\* \S`).MatchString(words)
		if !slices.Contains(silent, code) && (!said || strings.Contains(words, "em inglês")) {
			t.Errorf("%s has no Portuguese words, or no advice: %s", code, words)
		}
		if strings.Contains(words, "MONTH") || strings.Contains(words, "MÊS") {
			t.Errorf("%s does not name the month: %s", code, words)
		}
		for language, part := range map[string]string{"Portuguese": portuguese, "English": english} {
			if !strings.Contains(part, "`"+code+"`") {
				t.Errorf("the guide does not explain %s in %s", code, language)
			}
		}
	}
	for note := range notes {
		words := safetynet.Result{Month: october, Outcome: safetynet.Proved, Notes: []safetynet.Note{{Code: note, More: "X"}}}.Summary()
		if strings.Contains(words, "-  X\n") || strings.Contains(words, "%s") || strings.Contains(words, "MONTH") {
			t.Errorf("%s has no words: %s", note, words)
		}
		for language, part := range map[string]string{"Portuguese": portuguese, "English": english} {
			if !strings.Contains(part, "`"+note+"`") {
				t.Errorf("the guide does not explain %s in %s", note, language)
			}
		}
	}
}

// What people can do stands with every error, as a hint.
func TestEveryError_says_what_to_do(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	made := regexp.MustCompile(`(?:Code: |Refusedf\(|Integrityf\(|Invalidf\()"([a-z_0-9]+)"`)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code := text(t, file)
		all := made.FindAllStringSubmatchIndex(code, -1)
		for i, m := range all {
			end := min(m[0]+500, len(code))
			if i+1 < len(all) {
				end = min(end, all[i+1][0])
			}
			if found++; !strings.Contains(code[m[0]:end], "Hint") {
				t.Errorf("%s in %s has no hint", code[m[2]:m[3]], file)
			}
		}
	}
	if found < 25 {
		t.Errorf("only %d errors were found", found)
	}
}

func TestSummary_says_what_to_do_in_both_languages(t *testing.T) {
	for name, c := range map[string]struct {
		set    func(*server)
		pt, en string
	}{
		"held": {func(s *server) { s.months["2025-10"] = "held" }, "Uma pessoa deve fechá-lo: extrato close 2025-10", "a person closes it: extrato close 2025-10"},
		"held, says the close": {func(s *server) {
			s.fault = answering(3, ever, 400, `{"details":{"reason":"month_held"}}`)
		}, "Uma pessoa deve fechá-lo: extrato close 2025-10", "a person closes it: extrato close 2025-10"},
		"corrupt": {func(s *server) { s.backup = "corrupt"; s.closeMonth("2025-10") }, "extrato backup verify 2025-10; não apague nada", "extrato backup verify 2025-10"},
		"no backup": {func(s *server) {
			s.fault = answering(2, ever, 400, `{"details":{"backup_required":true}}`)
		}, "Veja a pasta de backups dele: extrato doctor", "look at its folder of backups: extrato doctor"},
		"no backup, on v4": {func(s *server) {
			s.v4, s.fault = true, answering(2, ever, 400, `{"details":{"backup_required":true}}`)
		}, "Veja o log e a pasta de backups da v4. Um mês sem lançamentos nunca ganha backup na v4", "A month without rows never gets a backup on v4"},
	} {
		s, gh, n := newServer(t), newGitHub(t), newNet()
		c.set(s)
		words := n.run(t, s.URL, gh, false).Summary()
		if len(gh.issues) != 1 {
			t.Fatalf("%s: %d issues", name, len(gh.issues))
		}
		for where, text := range map[string]string{"summary": words, "issue": gh.issues[0]["body"].(string)} {
			if !strings.Contains(text, "- **O que fazer:** "+c.pt) || !strings.Contains(text, "- **What to do:** ") || !strings.Contains(text, c.en) {
				t.Errorf("%s, %s: %s", name, where, text)
			}
			if s.v4 && strings.Contains(text, "doctor") {
				t.Errorf("v4 has no doctor: %s", text)
			}
		}
	}
}

func TestGuide_says_the_same_in_both_languages(t *testing.T) {
	guide, err := os.ReadFile("../../docs/MONTHLY_EXTRATO_BACKUP_GUIDE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, whole, _ := strings.Cut(string(guide), "\n## Português\n")
	portuguese, rest, _ := strings.Cut(whole, "\n## English\n")
	english, _, ok := strings.Cut(rest, "\n## Situações")
	if !ok {
		t.Fatal("the guide has other parts than it had")
	}
	// What is the same in both languages: headings, steps and boxes by number,
	// code by its text, but for the words that it holds for people.
	people := strings.NewReplacer("[MÊS]", "[MONTH]", " MÊS", " MONTH", "ARQUIVO", "FILE", "PASTA", "DIR", "MOTIVO", "TEXT", "CHAVE", "KEY", "NOME", "NAME")
	shape := func(part string) (found []string) {
		for line := range strings.Lines(part) {
			switch {
			case strings.HasPrefix(line, "#"), strings.HasPrefix(line, "- [ ]"), strings.HasPrefix(line, "|"), regexp.MustCompile(`^\d\.`).MatchString(line):
				found = append(found, strings.Fields(line)[0])
			}
		}
		var codes []string
		for _, code := range regexp.MustCompile("`[^`]+`").FindAllString(part, -1) {
			codes = append(codes, people.Replace(code))
		}
		slices.Sort(codes)
		return append(found, codes...)
	}
	pt, en := shape(portuguese), shape(english)
	for i := range min(len(pt), len(en)) {
		if pt[i] != en[i] {
			t.Fatalf("place %d: Portuguese has %s, English %s", i, pt[i], en[i])
		}
	}
	if len(pt) != len(en) || len(pt) < 150 {
		t.Errorf("%d places in Portuguese, %d in English", len(pt), len(en))
	}
}
