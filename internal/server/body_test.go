package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/server"
)

// The keys that /api/v1/openapi.json requires of a problem.
var problemKeys = []string{"type", "title", "status", "detail", "code", "kind", "correlation_id"}

func TestThe_frames_own_problems_are_what_the_description_says(t *testing.T) {
	handler := frame(t, io.Discard).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") }))
	busy := server.BusyFrame(frame(t, io.Discard))
	for _, c := range []struct {
		code, kind string
		status     int
		handler    http.Handler
		request    *http.Request
	}{
		{"cross_origin", "forbidden", 403, handler, httptest.NewRequest("POST", "/api/v1/payments", nil)},
		{"too_large", "invalid", 413, handler, httptest.NewRequest("POST", "/api/v1/payments", strings.NewReader(strings.Repeat("x", 2<<20)))},
		{"too_large", "invalid", 413, handler, httptest.NewRequest("POST", "/api/v1/payments", io.MultiReader(strings.NewReader(strings.Repeat("x", 2<<20))))},
		{"body_unread", "invalid", 400, handler, httptest.NewRequest("POST", "/api/v1/payments", broken{})},
		{"internal", "internal", 500, handler, httptest.NewRequest("POST", "/api/v1/payments", nil)},
		{"busy", "internal", 503, busy, httptest.NewRequest("GET", "/api/v1/payments", nil)},
		{"busy", "internal", 503, server.FullFrame(frame(t, io.Discard)), httptest.NewRequest("POST", "/api/v1/payments", strings.NewReader("{}"))},
	} {
		if c.code == "cross_origin" {
			c.request.Header.Set("Sec-Fetch-Site", "cross-site")
		}
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, c.request)
		var said map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != c.status || said["code"] != c.code || said["kind"] != c.kind || said["hint"] == "" {
			t.Errorf("%s: %d %s", c.code, w.Code, w.Body)
		}
		for _, key := range problemKeys {
			if said[key] == nil {
				t.Errorf("%s: no %s: %s", c.code, key, w.Body)
			}
		}
		if c.status == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", c.code)
		}
	}
}

func TestPublic_requests_have_small_bodies(t *testing.T) {
	f := frame(t, io.Discard)
	f.Public = func(r *http.Request) bool { return r.URL.Path == "/login" }
	handler := f.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	for _, c := range []struct {
		path   string
		bytes  int
		status int
	}{
		{"/login", server.MaxPublicBody, 200}, {"/login", server.MaxPublicBody + 1, 413},
		{"/x", server.MaxBody, 200}, {"/x", server.MaxBody + 1, 413}, {"/x", 0, 200}, {"/x", 1, 200}, {"/x", 512, 200}, {"/x", 513, 200},
	} {
		body := strings.Repeat("x", c.bytes)
		for _, reader := range []io.Reader{strings.NewReader(body), io.MultiReader(strings.NewReader(body))} { // with a length, and without
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest("POST", c.path, reader))
			if w.Code != c.status || c.status == 200 && w.Body.String() != body {
				t.Errorf("%d bytes to %s: %d, %d bytes back", c.bytes, c.path, w.Code, w.Body.Len())
			}
		}
	}
}

// Half bodies from 600 sockets: only so many bytes are admitted, others are
// still served, and the bytes are free again when the senders are gone.
func TestHalf_bodies_from_many_sockets_are_bounded(t *testing.T) {
	f := frame(t, io.Discard, "127.0.0.1/32")
	handler, inFlight := server.Watched(f, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	s := httptest.NewServer(handler)
	defer s.Close()
	const sockets = 600
	var senders []net.Conn
	for i := range sockets {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /x HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.%d\r\nContent-Length: %d\r\n\r\n", i%100, server.MaxBody)
		senders = append(senders, conn)
	}
	refused := make(chan bool, sockets)
	for _, conn := range senders {
		go func() {
			_, _ = conn.Write(make([]byte, server.MaxBody-1))
			answer := make([]byte, 12)
			_, err := io.ReadFull(conn, answer)
			refused <- err == nil && string(answer) == "HTTP/1.1 503"
		}()
	}
	most := 0
	for admitted := server.MaxInFlight / server.MaxBody; len(refused) < sockets-admitted; time.Sleep(time.Millisecond) { // the test's own limit ends this
		most = max(most, inFlight())
	}
	if most = max(most, inFlight()); most > server.MaxInFlight || most < server.MaxInFlight/2 {
		t.Errorf("%d bytes in flight, want at most %d", most, server.MaxInFlight)
	}
	if resp, err := http.Get(s.URL); err != nil || resp.StatusCode != 200 {
		t.Errorf("a request without a body: %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
	for _, conn := range senders {
		conn.Close()
	}
	for inFlight() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// One address takes a part of the bytes, so others still come in.
func TestOne_sender_does_not_take_all_bytes_in_flight(t *testing.T) {
	b := server.NewBodies()
	taken := 0
	for b.Take("192.0.2.1:1", server.MaxBody) {
		taken += server.MaxBody
	}
	if taken == 0 || taken > server.MaxInFlight/2 || !b.Take("192.0.2.2:1", server.MaxBody) {
		t.Errorf("one sender took %d of %d bytes", taken, server.MaxInFlight)
	}
	for b.Take("[2001:db8::1]:1", server.MaxBody) {
	}
	if b.Take("[2001:db8::2]:1", server.MaxBody) || !b.Take("[2001:db8:0:1::1]:1", server.MaxBody) {
		t.Error("an IPv6 network of one machine counts as several senders")
	}
}

func TestSenders_of_all_kinds_are_told_apart(t *testing.T) {
	var seen []string
	for _, address := range []string{"192.0.2.1:1", "[::ffff:192.0.2.1]:9", "[2001:db8::1]:1", "[2001:db8::2]:1", "[fe80::1%eth0]:1", "nonsense"} {
		seen = append(seen, server.Sender(address))
	}
	if want := []string{"192.0.2.1", "192.0.2.1", "2001:db8::", "2001:db8::", "fe80::", "invalid IP"}; !slices.Equal(seen, want) {
		t.Errorf("%q, want %q", seen, want)
	}
}
