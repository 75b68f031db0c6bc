package safetynet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/safetynet"
)

func zipped(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, text := range files {
		f, err := w.Create(fmt.Sprintf("state%d.json", i))
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var kept = `{"head":{"seq":3,"hash":"` + hex64(3) + `"},"causes":{"2025-10":"timeout"}}`

// artifactOf is an artifact of a run on a branch of a repository; ours is 1.
func artifactOf(id int, branch string, repository int, expired bool) map[string]any {
	return map[string]any{"id": id, "name": safetynet.StateArtifact, "expired": expired,
		"workflow_run": map[string]any{"head_branch": branch, "repository_id": 1, "head_repository_id": repository}}
}

func (g *github) repository() *safetynet.GitHub {
	return &safetynet.GitHub{API: g.URL, Repository: "studio/books", Token: gitToken, Waits: safetynet.Waits{Sleep: safetynet.Sleep}}
}

func TestLastState_is_fetched_and_the_token_stays_behind(t *testing.T) {
	for name, host := range map[string]string{"another port": "127.0.0.1", "another name": "localhost"} {
		t.Run(name, func(t *testing.T) {
			var came []string
			storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				came = append(came, r.Header.Get("Authorization"))
				if r.URL.Path == "/first" { // storage sends on as well
					http.Redirect(w, r, "/second", http.StatusFound)
					return
				}
				_, _ = w.Write(zipped(t, kept))
			}))
			t.Cleanup(storage.Close)
			gh := newGitHub(t)
			gh.kept = []map[string]any{artifactOf(7, "main", 1, false)}
			asked := ""
			gh.zip = func(w http.ResponseWriter, r *http.Request) {
				asked = r.URL.Path + " " + r.Header.Get("Authorization")
				http.Redirect(w, r, strings.Replace(storage.URL, "127.0.0.1", host, 1)+"/first", http.StatusFound)
			}
			state, err := gh.repository().LastState(t.Context(), "main")
			if err != nil || state.Head.Seq != 3 || state.Head.Hash != hex64(3) || state.Causes["2025-10"] != "timeout" {
				t.Errorf("%+v, %v", state, err)
			}
			if asked != "/repos/studio/books/actions/artifacts/7/zip Bearer "+gitToken {
				t.Errorf("GitHub was asked for %q", asked)
			}
			if len(came) != 2 || came[0]+came[1] != "" {
				t.Errorf("the storage got %q", came)
			}
		})
	}
}

func TestLastState_of_others_is_not_taken(t *testing.T) {
	for name, c := range map[string]struct {
		kept []map[string]any
		want int // the artifact that is fetched
	}{
		"none":                        {nil, 0},
		"a fork's":                    {[]map[string]any{artifactOf(1, "main", 2, false)}, 0},
		"another branch's":            {[]map[string]any{artifactOf(1, "attack", 1, false)}, 0},
		"expired":                     {[]map[string]any{artifactOf(1, "main", 1, true)}, 0},
		"ours behind those of others": {[]map[string]any{artifactOf(1, "main", 2, false), artifactOf(2, "x", 1, false), artifactOf(3, "main", 1, false), artifactOf(4, "main", 1, false)}, 3},
	} {
		gh, fetched := newGitHub(t), 0
		gh.kept = c.kept
		gh.zip = func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Sscanf(r.URL.Path, "/repos/studio/books/actions/artifacts/%d/zip", &fetched)
			_, _ = w.Write(zipped(t, kept))
		}
		state, err := gh.repository().LastState(t.Context(), "main")
		if err != nil || fetched != c.want || (state.Head.Seq == 3) != (c.want != 0) || state.Causes == nil {
			t.Errorf("%s: artifact %d, %+v, %v", name, fetched, state, err)
		}
	}
}

// Whoever has a fork can leave as many artifacts of this name as they like.
func TestLastState_is_found_behind_many_of_others(t *testing.T) {
	gh := newGitHub(t)
	for i := range 350 {
		gh.kept = append(gh.kept, artifactOf(i+1, "main", 2, false))
	}
	gh.kept = append(gh.kept, artifactOf(999, "main", 1, false))
	fetched := 0
	gh.zip = func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Sscanf(r.URL.Path, "/repos/studio/books/actions/artifacts/%d/zip", &fetched)
		_, _ = w.Write(zipped(t, kept))
	}
	if state, err := gh.repository().LastState(t.Context(), "main"); err != nil || fetched != 999 || state.Head.Seq != 3 {
		t.Errorf("artifact %d, %+v, %v", fetched, state, err)
	}
	for len(gh.kept) < 12_000 {
		gh.kept = append(gh.kept, gh.kept[0])
	}
	gh.kept[350] = gh.kept[0]
	if state, err := gh.repository().LastState(t.Context(), "main"); books.AsError(err).Code != "state_unknown" || state.Head.Seq != 0 {
		t.Errorf("more than anybody looks through: %+v, %v", state, err)
	}
}

func TestLastState_that_cannot_be_had_is_not_taken_for_none(t *testing.T) {
	answers := func(status int, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}
	}
	whole := zipped(t, kept)
	for name, c := range map[string]struct {
		zip  http.HandlerFunc
		code string // "": an empty state
	}{
		"expired since it was listed": {answers(410, nil), ""},
		"no permission":               {answers(403, nil), "state_unknown"},
		"gone":                        {answers(404, nil), "state_unknown"},
		"GitHub is down":              {answers(500, nil), "state_unknown"},
		"cut off":                     {func(w http.ResponseWriter, _ *http.Request) { cut(w) }, "state_unknown"},
		"half an archive":             {answers(200, whole[:len(whole)/2]), "bad_state"},
		"no archive":                  {answers(200, []byte("<html>")), "bad_state"},
		"two files":                   {answers(200, zipped(t, kept, kept)), "bad_state"},
		"half a state":                {answers(200, zipped(t, kept[:40])), "bad_state"},
		"a head that is none":         {answers(200, zipped(t, `{"head":{"seq":3,"hash":"x"}}`)), "bad_state"},
		"sent round in a circle": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
		}, "state_unknown"},
	} {
		gh := newGitHub(t)
		gh.kept, gh.zip = []map[string]any{artifactOf(1, "main", 1, false)}, c.zip
		state, err := gh.repository().LastState(t.Context(), "main")
		code := ""
		if e := books.AsError(err); e != nil {
			code = e.Code
			if strings.Contains(e.Error()+e.Hint, gh.URL) || strings.Contains(e.Error()+e.Hint, gitToken) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if code != c.code || state.Head.Seq != 0 {
			t.Errorf("%s: %q, want %q; %+v, %v", name, code, c.code, state, err)
		}
	}
	gh := newGitHub(t)
	gh.fail = func(*http.Request) int { return 403 }
	if _, err := gh.repository().LastState(t.Context(), "main"); books.AsError(err).Code != "state_unknown" {
		t.Errorf("a list that may not be seen: %v", err)
	}
}

// The program itself, in a job whose last run left a state: it is fetched,
// compared, and a bad one stops nothing but the silence.
func TestProgram_compares_with_what_the_last_run_left(t *testing.T) {
	program := build(t)
	for name, c := range map[string]struct {
		zip  func(head safetynet.Head) []byte
		exit int
		says string
	}{
		"the chain continues": {func(h safetynet.Head) []byte {
			return zipped(t, fmt.Sprintf(`{"head":{"seq":%d,"hash":%q}}`, h.Seq, h.Hash))
		}, 0, "sim / yes"},
		"the chain is another":   {func(safetynet.Head) []byte { return zipped(t, `{"head":{"seq":3,"hash":"`+hex64(3)+`"}}`) }, 4, "chain_broken"},
		"the state is no state":  {func(safetynet.Head) []byte { return []byte("<html>") }, 4, "bad_state"},
		"there is none any more": {nil, 0, "não / no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, gh := newServer(t), newGitHub(t)
			month := last.String()
			s.lock.Lock()
			s.closeMonth(month)
			head := safetynet.Head{Seq: 1, Hash: s.chain[0].Hash.String()}
			s.lock.Unlock()
			if c.zip != nil {
				gh.lock.Lock()
				gh.kept = []map[string]any{artifactOf(9, "main", 1, false)}
				gh.zip = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(c.zip(head)) }
				gh.lock.Unlock()
			}
			out := inJob(t, program, s.URL, token, gh, "", nil)
			if out.code != c.exit || !strings.Contains(out.texts["stdout"], c.says) {
				t.Errorf("exit %d: %s%s", out.code, out.texts["stdout"], out.texts["stderr"])
			}
			if written := out.texts["state.json"] != ""; written == (c.says == "bad_state") {
				t.Errorf("the state that is kept: %q", out.texts["state.json"])
			}
			if c.exit != 0 && len(gh.issues) != 1 {
				t.Errorf("%d issues", len(gh.issues))
			}
		})
	}
}

// A secret that was removed is a failure that people must hear of; a month that
// somebody mistyped is not.
func TestProgram_that_cannot_begin_tells_people_unless_it_was_asked_for_nonsense(t *testing.T) {
	program := build(t)
	for name, c := range map[string]struct {
		env    []string
		args   []string
		exit   int
		code   string
		issues int
	}{
		"no token":                   {[]string{"EXTRATO_API_TOKEN="}, nil, 2, "no_token", 1},
		"no address":                 {[]string{"EXTRATO_API_BASE_URL=studio.example/" + password}, nil, 2, "invalid_setting", 1},
		"a month that has not ended": {nil, []string{current.String()}, 3, "month_not_ended", 0},
		"one, and no token":          {[]string{"EXTRATO_API_TOKEN="}, []string{current.String()}, 3, "month_not_ended", 0},
		"the form of the workflow":   {[]string{"SAFETYNET_MONTH=" + fmt.Sprint(int(current.Month)), "SAFETYNET_YEAR=" + fmt.Sprint(current.Year), "SAFETYNET_FORCE=true"}, nil, 3, "month_not_ended", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, gh := newServer(t), newGitHub(t)
			out := inJob(t, program, s.URL, token, gh, "", c.env, c.args...)
			if out.code != c.exit || out.result.Error == nil || out.result.Error.Code != c.code || len(gh.issues) != c.issues || s.asked != 0 {
				t.Errorf("exit %d, %d issues, %d requests: %s%s", out.code, len(gh.issues), s.asked, out.texts["stdout"], out.texts["stderr"])
			}
			quiet(t, out.texts, []string{token, password, gitToken})
		})
	}
	for _, env := range [][]string{{"SAFETYNET_MONTH=1"}, {"SAFETYNET_YEAR=2025"}, {"SAFETYNET_MONTH=13", "SAFETYNET_YEAR=2025"}, {"SAFETYNET_MONTH=$(id)", "SAFETYNET_YEAR=2025"}, {"SAFETYNET_FORCE=perhaps"}} {
		cmd := exec.CommandContext(t.Context(), program, "safetynet")
		cmd.Env, cmd.Dir = append([]string{"EXTRATO_API_TOKEN=x", "EXTRATO_API_BASE_URL=http://127.0.0.1:1"}, env...), t.TempDir()
		if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 2 {
			t.Errorf("%v: exit %d\n%s", env, cmd.ProcessState.ExitCode(), out)
		}
	}
}
