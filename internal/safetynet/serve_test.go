package safetynet_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"extrato/internal/safetynet"
)

// TestServe_is_closed_and_proved_behind_a_bad_network runs the program itself
// against extrato serve, with a proxy between them.
func TestServe_is_closed_and_proved_behind_a_bad_network(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "extrato")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "extrato/cmd/extrato").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	port := freePort(t)
	env := append(os.Environ(), "DATABASE_URL=sqlite:///"+dir+"/extrato.db", "EXTRATO_BACKUPS="+dir+"/backups", "PORT="+port, "EXTRATO_RATE_LIMIT=off",
		"JWT_SECRET_KEY="+strings.Repeat("k", 40), "ENABLE_MONTHLY_EXTRATO_JOB=false", "EXTRATO_CLOSE_FROM=2020-01", "EXTRATO_SAFETYNET_PAUSE=10ms", "GITHUB_REPOSITORY=")
	run := func(more ...string) (int, string) {
		cmd := exec.CommandContext(t.Context(), program, more...)
		cmd.Env, cmd.Dir = env, dir
		out, _ := cmd.Output()
		return cmd.ProcessState.ExitCode(), strings.TrimSpace(string(out))
	}
	code, secret := run("token", "create", "net", "--scope", "backup", "--scope", "close", "--scope", "read")
	if code != 0 {
		t.Fatal("no token was made")
	}
	serve := exec.CommandContext(t.Context(), program, "serve")
	serve.Env, serve.Dir, serve.Stderr = env, dir, io.Discard
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = serve.Process.Kill(); _ = serve.Wait() })
	proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "net", "127.0.0.1:0", "127.0.0.1:"+port)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	for range 200 {
		if resp, err := http.Get("http://127.0.0.1:" + port + "/readyz"); err == nil {
			resp.Body.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	env = append(env, "EXTRATO_API_BASE_URL=http://"+proxy.Listen, "EXTRATO_API_TOKEN="+secret)
	toxic := func(text string) {
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	clean := func() { proxy.Toxics.ResetToxics(t.Context()) }
	state := filepath.Join(dir, "state.json")
	for _, c := range []struct {
		name string
		set  func()
		exit int
		want string
	}{
		{"cut in the middle of each answer", func() {
			toxic(`{"name":"a","type":"limit_data","stream":"downstream","toxicity":1,"attributes":{"bytes":40}}`)
		}, 1, "unreachable"},
		{"slow", func() {
			clean()
			toxic(`{"name":"a","type":"latency","stream":"downstream","toxicity":1,"attributes":{"latency":60000}}`)
		}, 1, "timeout"},
		{"healthy, due", clean, 0, "closed and proved"},
		{"already closed", func() {}, 0, "closed and proved"},
		{"another chain than before", func() {
			if err := (safetynet.State{Head: safetynet.Head{Seq: 1, Hash: hex64(9)}}).Write(state); err != nil {
				t.Fatal(err)
			}
		}, 4, "chain_broken"},
	} {
		c.set()
		code, out := run("safetynet", "--state", state, "--timeout", "2s")
		if code != c.exit || !strings.Contains(out, c.want) || strings.Contains(out, secret) {
			t.Errorf("%s: exit %d, want %d: %s", c.name, code, c.exit, out)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	return port
}
