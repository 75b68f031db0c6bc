package safetynet_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"extrato/internal/safetynet"
)

// rig is a studio's real server, and what stands between it and the net: a
// proxy that can be slow or cut, and behind it one that can spoil answers.
type rig struct {
	*studio
	t       *testing.T
	more    []string // settings of the server
	args    []string // of the net
	token   string
	timeout string // of one request

	job      []string // settings of a net that comes with its job's identity
	identity string

	server *exec.Cmd
	log    string // the file it logs to
	wire   *toxiproxy.Proxy
	gh     *github
	told   []string // messages that EXTRATO_NOTIFY brought
	hook   *httptest.Server
	box    string // where the net's run leaves things

	lock   sync.Mutex
	target *url.URL // the server; nil: it does not run
	asked  int
	before func(n int, r *http.Request) (cut bool)
	answer func(n int, resp *http.Response) error
}

func newRig(t *testing.T, s *studio) *rig {
	t.Helper()
	r := &rig{studio: s.clone(t), t: t, token: s.all, timeout: "20s", gh: newGitHub(t), box: t.TempDir()}
	front := httptest.NewServer(r)
	t.Cleanup(front.Close)
	r.hook = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.lock.Lock()
		defer r.lock.Unlock()
		r.told = append(r.told, q.URL.Path+" "+string(body))
	}))
	t.Cleanup(r.hook.Close)
	r.wire = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), t.Name(), "127.0.0.1:0", front.Listener.Addr().String())
	if err := r.wire.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.wire.Stop)
	return r
}

// ServeHTTP is the proxy that can spoil answers, next to the server.
func (r *rig) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.lock.Lock()
	r.asked++
	n, before, answer := r.asked, r.before, r.answer
	r.lock.Unlock()
	if before != nil && before(n, q) {
		cut(w)
		return
	}
	r.lock.Lock()
	target := r.target
	r.lock.Unlock()
	if target == nil {
		cut(w)
		return
	}
	(&httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target) },
		ModifyResponse: func(resp *http.Response) error {
			if answer == nil {
				return nil
			}
			return answer(n, resp)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { cut(w) },
	}).ServeHTTP(w, q)
}

func (r *rig) toxic(kind, attributes string) {
	text := `{"name":"` + kind + `","type":"` + kind + `","stream":"downstream","toxicity":1,"attributes":` + attributes + `}`
	if _, err := r.wire.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
		r.t.Error(err)
	}
}

var serving = regexp.MustCompile(`"address":"(http://[0-9.:]+)"`)

// start starts the server and returns when people can come in.
func (r *rig) start() {
	r.log = filepath.Join(r.dir, "log")
	log, err := os.OpenFile(r.log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Error(err)
		return
	}
	defer log.Close()
	r.server = exec.Command(r.program, "serve", "--stop-timeout", "2s")
	r.server.Dir, r.server.Env, r.server.Stderr = r.dir, append(r.env(), r.more...), log
	if err := r.server.Start(); err != nil {
		r.t.Error(err)
		return
	}
	for range 1500 {
		text, _ := os.ReadFile(r.log)
		if m := serving.FindSubmatch(text); m != nil {
			r.lock.Lock()
			r.target, _ = url.Parse(string(m[1]))
			r.lock.Unlock()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := os.ReadFile(r.log)
	r.t.Errorf("the server does not start\n%s", text)
}

// stop ends the server, and looks through what it logged.
func (r *rig) stop() {
	if r.server == nil {
		return
	}
	_ = r.server.Process.Kill()
	_ = r.server.Wait()
	r.server, r.target = nil, nil
	text, _ := os.ReadFile(r.log)
	quiet(r.t, map[string]string{"the server's log": string(text)}, r.secrets())
	if r.t.Failed() {
		r.t.Logf("the server said:\n%s", text)
	}
}

// secrets are what must not be in anything that the net leaves or sends.
func (r *rig) secrets() []string {
	return []string{
		r.all, r.readOnly, r.revoked, r.expired, r.token, signature(r.token), r.identity, signature(r.identity), runner, password, user + ":" + password,
		base64.StdEncoding.EncodeToString([]byte(user + ":" + password)), gitToken, hook, jwtKey, client, "Zoraide", "Quaresma", "Bearer ", r.wire.Listen,
	}
}

// signature is the last part of a token.
func signature(token string) string { return token[strings.LastIndex(token, ".")+1:] }

// quiet fails the test if one of the texts holds one of the secrets.
func quiet(t testing.TB, texts map[string]string, secrets []string) {
	t.Helper()
	for where, text := range texts {
		for _, secret := range secrets {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("%s holds %q: %s", where, secret, text)
			}
		}
	}
}

// ran is what a run of the net came to.
type ran struct {
	code   int
	result safetynet.Result
	texts  map[string]string // all that it left, printed and sent
}

// inJob runs the net as a job of GitHub Actions does, in a folder of its own
// or in box, where an earlier run left its state.
func inJob(t *testing.T, program, base, token string, gh *github, box string, env []string, args ...string) ran {
	t.Helper()
	if box == "" {
		box = t.TempDir()
	}
	file := func(name string) string { return filepath.Join(box, name) }
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, append([]string{"safetynet", "--state", file("state.json"), "--out", file("out"), "--close-timeout", "60s"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = box, &stdout, &stderr
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + box, "TZ=America/Sao_Paulo", "EXTRATO_SAFETYNET_PAUSE=20ms",
		"EXTRATO_API_BASE_URL=" + strings.Replace(base, "://", "://"+user+":"+password+"@", 1), "EXTRATO_API_TOKEN=" + token,
		"GITHUB_API_URL=" + gh.URL, "GITHUB_REPOSITORY=studio/books", "GITHUB_TOKEN=" + gitToken, "GITHUB_REF_NAME=main",
		"GITHUB_STEP_SUMMARY=" + file("step_summary"), "GITHUB_OUTPUT=" + file("output"),
	}, env...)
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	out := ran{code: cmd.ProcessState.ExitCode(), texts: map[string]string{"stdout": stdout.String(), "stderr": stderr.String()}}
	for _, name := range []string{"state.json", "out/result.json", "out/summary.md", "step_summary", "output"} {
		text, err := os.ReadFile(file(name))
		if err != nil && name != "state.json" { // which is not replaced where it cannot be read
			t.Errorf("%v\n%s%s", err, &stdout, &stderr)
		}
		out.texts[name] = string(text)
	}
	if err := json.Unmarshal([]byte(out.texts["out/result.json"]), &out.result); err != nil {
		t.Fatal(err)
	}
	gh.lock.Lock()
	out.texts["calls of GitHub's API"] = strings.Join(gh.calls, "\n")
	gh.lock.Unlock()
	_ = os.Remove(file("step_summary")) // a runner gives each step its own
	_ = os.Remove(file("output"))
	return out
}

// run runs the net, and looks through all that it leaves.
func (r *rig) run() ran {
	r.t.Helper()
	r.lock.Lock()
	r.asked, r.told = 0, nil
	r.lock.Unlock()
	r.gh.lock.Lock()
	r.gh.calls = nil
	r.gh.lock.Unlock()
	place := "EXTRATO_NOTIFY=generic://" + r.hook.Listener.Addr().String() + "/" + hook + "?disabletls=yes"
	out := inJob(r.t, r.program, "http://"+r.wire.Listen, r.token, r.gh, r.box, append([]string{place}, r.job...), append([]string{"--timeout", r.timeout}, r.args...)...)
	r.lock.Lock()
	out.texts["messages"] = strings.ReplaceAll(strings.Join(r.told, "\n"), "/"+hook+" ", "")
	r.lock.Unlock()
	quiet(r.t, out.texts, r.secrets())
	return out
}

// closedBeside waits until a month is closed by somebody else's request.
func (r *rig) closedBeside() {
	db := r.beside(r.t)
	defer db.Close()
	for range 1000 {
		var n int
		if db.QueryRowContext(context.Background(), "SELECT count(*) FROM "+r.closings()).Scan(&n) == nil && n > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.t.Error("the close never ends")
}
