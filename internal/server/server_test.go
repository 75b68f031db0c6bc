package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/server"
)

type logged struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}

func frame(t testing.TB, log io.Writer, proxies ...string) server.Frame {
	f := server.Frame{Log: logtest.New(t, log), Now: time.Now}
	for _, p := range proxies {
		f.Proxies = append(f.Proxies, netip.MustParsePrefix(p))
	}
	return f
}

func TestOnly_a_trusted_proxy_says_where_a_request_comes_from(t *testing.T) {
	for _, c := range []struct {
		name, peer, forwarded, proto string
		address, scheme              string
	}{
		{"nobody claims anything", "203.0.113.9:999", "", "", "203.0.113.9:999", "http"},
		{"a stranger claims to be somebody", "203.0.113.9:999", "10.1.1.1", "https", "203.0.113.9:999", "http"},
		{"the proxy tells", "10.0.0.1:999", "203.0.113.9", "https", "203.0.113.9:0", "https"},
		{"the proxy tells, IPv4 in IPv6", "[::ffff:10.0.0.1]:999", "203.0.113.9", "http", "203.0.113.9:0", "http"},
		{"a stranger writes in front of what the proxy tells", "10.0.0.1:999", "1.2.3.4, 203.0.113.9", "", "203.0.113.9:0", "http"},
		{"two proxies tell the scheme", "10.0.0.1:999", "203.0.113.9, 10.0.0.2", "HTTPS, http", "203.0.113.9:0", "https"},
		{"two proxies", "10.0.0.1:999", "203.0.113.9, 10.0.0.2", "", "203.0.113.9:0", "http"},
		{"the proxy tells nonsense", "10.0.0.1:999", "unknown", "", "10.0.0.1:999", "http"},
		{"the proxy tells a port", "10.0.0.1:999", "1.2.3.4:5555", "", "1.2.3.4:0", "http"},
		{"the proxy tells brackets and a port", "10.0.0.1:999", "[2001:db8::5]:5", "", "[2001:db8::5]:0", "http"},
		{"the proxy tells brackets", "10.0.0.1:999", "[::1]", "", "[::1]:0", "http"},
		{"the proxy tells IPv6", "10.0.0.1:999", "2001:db8::5", "", "[2001:db8::5]:0", "http"},
		{"the proxy tells a zone", "10.0.0.1:999", "fe80::1%eth0", "", "[fe80::1]:0", "http"},
		{"the proxy tells IPv4 in IPv6 with a port", "10.0.0.1:999", "[::ffff:1.2.3.4]:80", "", "1.2.3.4:0", "http"},
		{"the proxy quotes", "10.0.0.1:999", `"[2001:db8::5]:4711"`, "", "[2001:db8::5]:0", "http"},
		{"blanks and tabs", "10.0.0.1:999", " 9.9.9.9 ,\t1.2.3.4:1 \t, 10.0.0.2:80 ", "", "1.2.3.4:0", "http"},
		{"empty parts", "10.0.0.1:999", "1.2.3.4,, ,", "", "1.2.3.4:0", "http"},
		{"a stranger writes nonsense in front", "10.0.0.1:999", "evil, 1.2.3.4:5", "", "1.2.3.4:0", "http"},
		{"nonsense is nearest", "10.0.0.1:999", "1.2.3.4, evil", "", "10.0.0.1:999", "http"},
		{"a host name", "10.0.0.1:999", "localhost", "", "10.0.0.1:999", "http"},
		{"a hidden name", "10.0.0.1:999", "_hidden", "", "10.0.0.1:999", "http"},
		{"half brackets and a port", "10.0.0.1:999", "[::1:5", "", "10.0.0.1:999", "http"},
		{"a port alone", "10.0.0.1:999", ":5555", "", "10.0.0.1:999", "http"},
		{"four numbers and more", "10.0.0.1:999", "1.2.3.4.5", "", "10.0.0.1:999", "http"},
		{"a form of RFC 7239", "10.0.0.1:999", "for=1.2.3.4", "", "10.0.0.1:999", "http"},
		{"only commas", "10.0.0.1:999", ",,", "", "10.0.0.1:999", "http"},
		{"only proxies", "10.0.0.1:999", "10.0.0.2", "", "10.0.0.1:999", "http"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var address, scheme string
			handler := frame(t, io.Discard, "10.0.0.0/8").Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				address, scheme = r.RemoteAddr, r.URL.Scheme
				if r.Header.Get("X-Forwarded-For") != "" {
					t.Error("a handler sees X-Forwarded-For")
				}
			}))
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			if c.proto != "" {
				r.Header.Set("X-Forwarded-Proto", c.proto)
			}
			handler.ServeHTTP(httptest.NewRecorder(), r)
			if address != c.address || scheme != c.scheme {
				t.Errorf("%s %s, want %s %s", address, scheme, c.address, c.scheme)
			}
		})
	}
}

func TestThe_callers_ID_is_kept_if_it_is_harmless(t *testing.T) {
	for _, id := range []string{"run-4711_a.b", "", "abc", strings.Repeat("a", 65), "a\"b<script>", "aa bb", "ação-1"} {
		var seen string
		handler := frame(t, io.Discard).Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			seen = books.CorrelationID(r.Context())
		}))
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["X-Request-Id"] = []string{id}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if kept := seen == id; kept != (id == "run-4711_a.b") {
			t.Errorf("%q became %q", id, seen)
		}
		if w.Header().Get("X-Request-ID") != seen || len(seen) < 4 {
			t.Errorf("answered %q, used %q", w.Header().Get("X-Request-ID"), seen)
		}
	}
}

func TestA_panic_becomes_an_answer_without_its_words(t *testing.T) {
	var log logged
	handler := frame(t, &log).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("SELECT secret") }))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
	var body struct {
		CorrelationID string `json:"correlation_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 500 || body.CorrelationID == "" {
		t.Errorf("%d %s %v", w.Code, w.Body, err)
	}
	if strings.Contains(w.Body.String(), "SELECT") {
		t.Error("the answer tells what panicked")
	}
	if !strings.Contains(log.String(), body.CorrelationID) || !strings.Contains(log.String(), "SELECT secret") {
		t.Errorf("the log does not tell:\n%s", log.String())
	}
}

// A one-time link's key lets somebody in: it stands in no log.
func TestThe_log_holds_no_key_of_a_link(t *testing.T) {
	var log logged
	handler := frame(t, &log).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, path := range []string{"/convite/SECRETKEY", "/convite/SECRETKEY/x", "/setup?key=SECRETKEY"} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	if strings.Contains(log.String(), "SECRET") || !strings.Contains(log.String(), "/convite/") {
		t.Error(log.String())
	}
}

// A browser gets a page where there is one, a program JSON.
func TestA_browser_gets_the_page_of_a_refusal(t *testing.T) {
	f := frame(t, io.Discard)
	f.Page = func(w http.ResponseWriter, r *http.Request, status int) bool {
		if r.Header.Get("Accept") != "text/html" {
			return false
		}
		w.WriteHeader(status)
		fmt.Fprint(w, "page")
		return true
	}
	handler := f.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("x")
		}
	}))
	for accept, page := range map[string]bool{"text/html": true, "*/*": false} {
		for _, r := range []*http.Request{
			httptest.NewRequest("GET", "/panic", nil), httptest.NewRequest("POST", "/large", strings.NewReader(strings.Repeat("x", 1<<20))),
			httptest.NewRequest("POST", "/foreign", strings.NewReader("x")),
		} {
			r.Header.Set("Accept", accept)
			if r.URL.Path == "/foreign" {
				r.Header.Set("Sec-Fetch-Site", "cross-site")
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if got := w.Body.String() == "page"; got != page || w.Code < 400 {
				t.Errorf("%s for %s: %d %s", r.URL.Path, accept, w.Code, w.Body)
			}
		}
	}
}

func TestHalf_an_answer_is_broken_off(t *testing.T) {
	s := httptest.NewServer(frame(t, io.Discard).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"half":`)
		_ = http.NewResponseController(w).Flush()
		panic("broken")
	})))
	defer s.Close()
	resp, err := http.Get(s.URL)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("half an answer looks whole")
	}
}

func TestAnother_sites_form_is_refused(t *testing.T) {
	called := false
	handler := frame(t, io.Discard).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	r := httptest.NewRequest("POST", "/login", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || called {
		t.Errorf("%d, handler called: %v", w.Code, called)
	}
}

// broken is a body that does not arrive whole.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestA_large_body_is_refused_before_it_is_read_whole(t *testing.T) {
	called := false
	s := httptest.NewServer(frame(t, io.Discard).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true })))
	defer s.Close()
	for _, length := range []int64{1 << 30, -1} {
		sent := &zeros{}
		sent.left.Store(1 << 30)
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL, sent)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = length
		resp, err := http.DefaultClient.Do(r)
		if err == nil { // else the server broke off while we were sending
			resp.Body.Close()
			if resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("status %d", resp.StatusCode)
			}
		}
		if sentBytes := 1<<30 - sent.left.Load(); sentBytes > 64<<20 {
			t.Errorf("%d bytes were taken", sentBytes)
		}
	}
	if called {
		t.Error("the handler was called")
	}
}

// Of a request with both lengths a proxy in front may see another end than we
// do. What stands behind it is not taken for a request.
func TestNothing_is_read_behind_a_body_in_chunks(t *testing.T) {
	var called atomic.Int64
	s := httptest.NewServer(frame(t, io.Discard).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Add(1) })))
	defer s.Close()
	for _, length := range []string{"Content-Length: 6\r\n", ""} {
		called.Store(0)
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "POST /login HTTP/1.1\r\nHost: x\r\n"+length+"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		text, err := io.ReadAll(conn) // to the end: it is closed
		if n := strings.Count(string(text), "HTTP/1.1 "); err != nil || n != 1 || called.Load() != 1 {
			t.Errorf("%d answers, %d requests, %v", n, called.Load(), err)
		}
	}
}

type zeros struct{ left atomic.Int64 }

func (z *zeros) Read(b []byte) (int, error) {
	left := z.left.Load()
	if left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), left)
	z.left.Add(-n)
	return int(n), nil
}

func TestSlow_senders_keep_nobody_out(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := frame(t, io.Discard).HTTP(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") }))
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Error("a limit is missing")
	}
	s.ReadHeaderTimeout, s.ReadTimeout = 8*time.Second, 8*time.Second
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	var slow []net.Conn
	for i := range connections(t) {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 {
			fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		} else {
			fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		}
		slow = append(slow, conn)
	}
	resp, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d beside slow senders", resp.StatusCode)
	}
	for _, conn := range slow { // each ends: with an error answer, or closed
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
			var timeout net.Error
			if ok := asTimeout(err, &timeout); ok {
				t.Fatal("a slow sender was never sent away")
			}
		}
	}
}

// connections returns how many slow senders this machine lets come: 10,000, if
// it allows as many open files.
func connections(t *testing.T) int {
	t.Helper()
	const want = 10_000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if have := int(min(limit.Cur, 1<<20)) / 2; have < want+200 { // each takes one at both ends
		t.Logf("ONLY %d CONNECTIONS: this machine allows %d open files", have-200, limit.Cur)
		return have - 200
	}
	return want
}

func asTimeout(err error, to *net.Error) bool {
	e, ok := err.(net.Error) //nolint:errorlint // the connection's own error
	*to = e
	return ok && e.Timeout()
}

func TestEvery_answer_carries_the_security_headers(t *testing.T) {
	handler := frame(t, io.Discard).Wrap(http.NotFoundHandler())
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/nothing", nil))
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "X-Request-ID"} {
		if w.Header().Get(name) == "" {
			t.Errorf("%s is missing", name)
		}
	}
}
