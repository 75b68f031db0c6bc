package web_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"extrato/internal/api"
	"extrato/internal/auth"
	"extrato/internal/closing"
	"extrato/internal/logtest"
	"extrato/internal/recording"
	"extrato/internal/server"
	"extrato/internal/store/storetest"
	"extrato/internal/web"
)

// browser is somebody who looks at the pages of a new studio.
type browser struct {
	t      *testing.T
	client *http.Client
	base   string
	setup  string // the set-up link's path
	closer *closing.Closer
	folder string // of the backups
}

func open(t *testing.T) *browser {
	t.Helper()
	return openWith(t, auth.Provider{})
}

// openWith opens a studio whose people may sign in with a provider too.
func openWith(t *testing.T, provider auth.Provider) *browser {
	t.Helper()
	return openOn(t, storetest.SQLite(t, time.Now), provider)
}

// openOn opens a studio in a database.
func openOn(t *testing.T, db *storetest.DB, provider auth.Provider) *browser {
	t.Helper()
	log := logtest.Quiet(t)
	if err := auth.EnsureServiceAccount(t.Context(), db.Store); err != nil {
		t.Fatal(err)
	}
	guard := auth.New(auth.Options{Store: db.Store, Key: strings.Repeat("k", 32), Now: time.Now, Log: log, Tries: 5, Per: time.Hour, Login: provider})
	closer, folder := newCloser(t, db)
	options := web.Options{
		Guard: guard, Store: db.Store, Recording: &recording.Recorder{Store: db.Store, Now: time.Now}, Closer: closer, Log: log, Now: closer.Now,
		Backups: func(context.Context) web.Place {
			return web.Place{Folder: "/srv/backups", Writable: true, SameDisk: true}
		},
	}
	operating(&options, db, closer, folder)
	pages := web.New(options)
	routed := (&api.Server{Guard: guard, Store: db.Store, Now: time.Now, Log: log, Page: pages.Answer}).Handler(pages.Routes()...)
	frame := server.Frame{Log: log, Now: time.Now, Page: pages.Answer, Public: routed.Public}
	s := httptest.NewServer(frame.Wrap(guard.Logins(routed)))
	t.Cleanup(s.Close)
	link, _, err := guard.SetupLink(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &browser{t, client, s.URL, link, closer, folder}
}

func (b *browser) get(path string) (status int, to, text string) {
	b.t.Helper()
	return b.read(b.client.Get(b.base + path))
}

func (b *browser) post(path string, fields ...string) (status int, to, text string) {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.read(b.client.PostForm(b.base+path, form))
}

func (b *browser) read(resp *http.Response, err error) (status int, to, text string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(body)
}

func TestThe_first_person_sets_up_signs_out_and_in(t *testing.T) {
	b := open(t)
	if status, to, _ := b.get("/"); status != http.StatusSeeOther || to != "/login?next=%2F" {
		t.Errorf("a stranger at /: %d %s", status, to)
	}
	key := strings.TrimPrefix(b.setup, "/setup?key=")
	if status, _, text := b.get(b.setup); status != http.StatusOK || !strings.Contains(text, "Primeiros passos") {
		t.Fatalf("%d %s", status, text)
	}
	if status, _, text := b.post("/setup", "key", key, "email", "ana@example.com", "name", `<b>"Ana"`, "password", "short"); status != http.StatusUnprocessableEntity ||
		!strings.Contains(text, "A senha precisa") || strings.Contains(text, "<b>") || !strings.Contains(text, "ana@example.com") {
		t.Errorf("a short password: %d %s", status, text)
	}
	if status, to, text := b.post("/setup", "key", key, "email", "ana@example.com", "name", "Ana", "password", "correct horse battery"); status != http.StatusSeeOther || to != "/comecar" {
		t.Fatalf("%d %s %s", status, to, text)
	}
	if status, _, text := b.get("/"); status != http.StatusOK || !strings.Contains(text, "Olá, Ana") || !strings.Contains(text, "/river/") {
		t.Errorf("%d %s", status, text)
	}
	if status, _, _ := b.get(b.setup); status != http.StatusGone {
		t.Errorf("the link again: %d", status)
	}
	if status, _, _ := b.post("/setup", "key", key, "email", "eva@example.com", "name", "Eva", "password", "correct horse battery"); status != http.StatusGone {
		t.Errorf("the link used again: %d", status)
	}
	if status, to, _ := b.post("/logout"); status != http.StatusSeeOther || to != "/login" {
		t.Errorf("%d %s", status, to)
	}
	if status, _, _ := b.get("/"); status != http.StatusSeeOther {
		t.Errorf("still in: %d", status)
	}
	if status, _, text := b.post("/login", "email", "ana@example.com", "password", "wrong horse battery"); status != http.StatusUnauthorized || !strings.Contains(text, "incorretos") {
		t.Errorf("%d %s", status, text)
	}
	if status, to, _ := b.post("/login", "email", "ana@example.com", "password", "correct horse battery", "next", "/api/docs"); status != http.StatusSeeOther || to != "/api/docs" {
		t.Errorf("%d %s", status, to)
	}
}

func TestA_link_leads_nowhere_else(t *testing.T) {
	b := open(t)
	key := strings.TrimPrefix(b.setup, "/setup?key=")
	b.post("/setup", "key", key, "email", "ana@example.com", "name", "Ana", "password", "correct horse battery")
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "/\t/evil.example", "javascript:alert(1)", "evil", ""} {
		_, to, text := b.post("/login", "email", "ana@example.com", "password", "correct horse battery", "next", next)
		if to != "/" && to != "" {
			t.Errorf("%q leads to %q", next, to)
		}
		if to == "" && !strings.Contains(text, "Muitas tentativas") {
			t.Errorf("%q: %s", next, text)
		}
	}
}

func TestToo_many_tries_are_sent_away(t *testing.T) {
	b := open(t)
	for i := range 7 {
		status, _, text := b.post("/login", "email", "ana@example.com", "password", "wrong horse battery")
		want := http.StatusUnauthorized
		if i >= 5 {
			want = http.StatusTooManyRequests
		}
		if status != want {
			t.Errorf("try %d: %d %s", i+1, status, text)
		}
	}
}

func TestPages_load_nothing_from_elsewhere(t *testing.T) {
	b := open(t)
	for _, path := range []string{"/login", b.setup, "/setup?key=x", "/login/oidc"} {
		_, _, text := b.get(path)
		for _, word := range []string{"style=", "http://", "https://", " on"} {
			if strings.Contains(strings.ReplaceAll(text, "svg xmlns=", ""), word) {
				t.Errorf("%s has %q", path, word)
			}
		}
		for _, tag := range regexp.MustCompile("<script[^>]*>").FindAllString(text, -1) {
			if !regexp.MustCompile(`^<script src="/static/extrato\.[0-9a-f]{12}\.js" defer blocking="render">$`).MatchString(tag) {
				t.Errorf("%s has %s", path, tag)
			}
		}
	}
}

func TestA_program_that_tries_too_often_is_told_when_to_come_back(t *testing.T) {
	b := open(t)
	for i := range 7 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.base+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer nonsense")
		resp, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		want := http.StatusSeeOther
		if i >= 5 {
			want = http.StatusTooManyRequests
		}
		if resp.StatusCode != want || want == http.StatusTooManyRequests && resp.Header.Get("Retry-After") == "" {
			t.Errorf("try %d: %d, Retry-After %q", i+1, resp.StatusCode, resp.Header.Get("Retry-After"))
		}
	}
}

func TestA_silent_provider_is_told_apart_from_none(t *testing.T) {
	b := open(t)
	if status, _, text := b.get("/login/oidc"); status != http.StatusNotFound || !strings.Contains(text, "Nenhum provedor") {
		t.Errorf("%d %s", status, text)
	}
	silent := httptest.NewServer(http.NotFoundHandler())
	silent.Close()
	b = openWith(t, auth.Provider{Issuer: silent.URL, ClientID: "extrato"})
	if status, _, text := b.get("/login/oidc"); status != http.StatusBadGateway || !strings.Contains(text, "não respondeu") || strings.Contains(text, "connect") {
		t.Errorf("%d %s", status, text)
	}
	if status, _, text := b.get("/login/oidc/callback?state=x&code=x"); status != http.StatusUnauthorized {
		t.Errorf("nobody asked, and somebody comes back: %d %s", status, text)
	}
}

func TestBytes_that_are_no_text_break_no_form(t *testing.T) {
	b := open(t)
	key := strings.TrimPrefix(b.setup, "/setup?key=")
	for _, bad := range []string{"\xff", "a\x00@example.com", strings.Repeat("a", 1<<10)} {
		if status, _, _ := b.post("/setup", "key", key, "email", bad, "name", bad, "password", "correct horse battery"); status != http.StatusUnprocessableEntity {
			t.Errorf("set-up with %.20q: %d", bad, status)
		}
		if status, _, _ := b.post("/setup", "key", bad, "email", bad, "name", bad, "password", bad); status != http.StatusGone {
			t.Errorf("set-up key %.20q: %d", bad, status)
		}
		if status, _, _ := b.post("/login", "email", bad, "password", bad, "next", bad); status != http.StatusUnauthorized {
			t.Errorf("sign-in with %.20q: %d", bad, status)
		}
	}
}
