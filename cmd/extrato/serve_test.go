package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/logtest"
)

// serveHere runs serve in this process until the test ends, and returns its
// address.
func serveHere(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("DATABASE_URL", "sqlite:///"+filepath.Join(dir, "extrato.db"))
	t.Setenv("EXTRATO_BACKUPS", filepath.Join(dir, "backups"))
	t.Setenv("JWT_SECRET_KEY", strings.Repeat("k", 32))
	for _, add := range []string{"eva@example.com --name Eva", "ana@example.com --name Ana --role artist"} {
		var out bytes.Buffer
		if code := run(t.Context(), append([]string{"user", "add"}, strings.Fields(add)...), &out, &out); code != 0 {
			t.Fatal(out.String())
		}
	}
	settings, ctx := make(chan string, 1), t.Context()
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	a := &app{Globals: &Globals{}, ctx: ctx, stdout: io.Discard, stderr: logtest.NewWriter(t, io.Discard)}
	c, err := a.config()
	if err != nil {
		t.Fatal(err)
	}
	c.Port = "0"
	s, err := a.openStore(c, existing)
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- a.serve(c, s, 5*time.Second, func(address string) { settings <- address }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		a.close()
	})
	select {
	case address := <-settings:
		return address
	case err := <-ended:
		t.Fatal(err)
		return ""
	}
}

func TestThe_job_page_is_for_admins_only(t *testing.T) {
	base := serveHere(t)
	for _, c := range []struct {
		email  string
		status int
		shows  string
	}{{"", http.StatusOK, "Senha"}, {"ana@example.com", http.StatusForbidden, "acesso"}, {"eva@example.com", http.StatusOK, "River"}} {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Jar: jar, Transport: &http.Transport{}} // the default one is for messages, and follows no form
		if c.email != "" {
			password := newPassword(t, c.email)
			resp, err := client.PostForm(base+"/login", url.Values{"email": {c.email}, "password": {password}})
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("%s cannot sign in: %d", c.email, resp.StatusCode)
			}
		}
		resp, err := client.Get(base + "/river/")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || !strings.Contains(string(body), c.shows) {
			t.Errorf("%q: %d, want %d with %q\n%.300s", c.email, resp.StatusCode, c.status, c.shows, body)
		}
	}
}

// newPassword gives somebody a new password, which is printed once.
func newPassword(t *testing.T, email string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	if code := run(t.Context(), []string{"user", "password", email}, &out, &complaints); code != 0 {
		t.Fatal(complaints.String())
	}
	_, password, ok := strings.Cut(strings.TrimSpace(out.String()), "shown only now: ")
	if !ok {
		t.Fatal(out.String())
	}
	return password
}

func TestA_check_asks_the_server_that_runs(t *testing.T) {
	address := serveHere(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(address, "http://"), ":")
	for _, host := range []string{"127.0.0.1", "0.0.0.0", "::"} {
		if code, out, problems := answer(t, "serve", "--check", "--host", host, "--port", port); code != 0 || out+problems != "" {
			t.Errorf("%s: exit %d, %q %q", host, code, out, problems)
		}
	}
	// Nobody is there; and somebody is, who is not ready.
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	_, notReady, _ := strings.Cut(strings.TrimPrefix(busy.URL, "http://"), ":")
	if code, _, problems := answer(t, "serve", "--check", "--port", notReady); code != 1 || !strings.Contains(problems, "is ready") {
		t.Errorf("not ready: exit %d, %q", code, problems)
	}
	// Another program, which leads to one that is ready.
	leads := httptest.NewServer(http.RedirectHandler(address+"/readyz", http.StatusFound))
	defer leads.Close()
	_, elsewhere, _ := strings.Cut(strings.TrimPrefix(leads.URL, "http://"), ":")
	if code, _, problems := answer(t, "serve", "--check", "--port", elsewhere); code != 1 || !strings.Contains(problems, "is ready") {
		t.Errorf("a redirect: exit %d, %q", code, problems)
	}
	busy.Close()
	if code, _, problems := answer(t, "serve", "--check", "--port", notReady); code != 1 || !strings.Contains(problems, "hint: ") {
		t.Errorf("nobody there: exit %d, %q", code, problems)
	}
}
