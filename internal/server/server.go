// Package server is the frame around the handlers. A request passes, in this
// order: its true address and scheme (from a trusted proxy), its correlation
// id, the log, the recovery from panics, the headers of every answer, the
// refusal of other sites' forms, and the limits of size and number. The
// handlers see nothing of it.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"extrato/internal/books"
)

// Frame holds the frame's settings.
type Frame struct {
	Log     *slog.Logger
	Proxies []netip.Prefix // trusted for X-Forwarded-*
	Now     func() time.Time
	// Public reports whether anyone may send a request, also one without a
	// route. Its body is smaller than others. nil: no request is public.
	Public func(*http.Request) bool
	// Page shows a browser the page of a refusal with this status, and reports
	// false, having answered nothing, where a program asks. nil: all are programs.
	Page func(http.ResponseWriter, *http.Request, int) bool
}

// The limits. A close of a million rows answers within a minute.
const (
	maxHeader    = 32 << 10
	maxAtOnce    = 256
	headerWait   = 5 * time.Second
	bodyWait     = 20 * time.Second
	answerWait   = 5 * time.Minute
	idleWait     = time.Minute
	retrySeconds = "2"
)

// HTTP returns a server with all time limits set. Requests end when ctx does.
func (f Frame) HTTP(ctx context.Context, handler http.Handler) *http.Server {
	return &http.Server{
		Handler: f.Wrap(handler), MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerWait, ReadTimeout: bodyWait,
		WriteTimeout: answerWait, IdleTimeout: idleWait,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(f.Log.Handler(), slog.LevelDebug), // faults of strangers' connections
	}
}

// Wrap puts the frame around a handler.
func (f Frame) Wrap(handler http.Handler) http.Handler {
	return f.wrap(handler, &bodies{bySender: map[netip.Addr]int{}}, make(chan struct{}, maxAtOnce))
}

func (f Frame) wrap(handler http.Handler, all *bodies, slots chan struct{}) http.Handler {
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.refuse(w, r, http.StatusForbidden, &books.Error{Kind: books.Forbidden, Code: "cross_origin", Message: "this request came from another site",
			Hint: "send it from a page of this server, or from a program that sends neither Origin nor Sec-Fetch-Site"})
	}))
	handler = securityHeaders(sameOrigin.Handler(f.readBody(all, f.limitConcurrency(slots, handler))))
	return f.clientAddress(correlate(f.log(handler)))
}

// refuse answers a browser with a page, and a program as Refuse does.
func (f Frame) refuse(w http.ResponseWriter, r *http.Request, status int, e *books.Error) {
	if f.Page == nil || !f.Page(w, r, status) {
		Refuse(w, r, status, e)
	}
}

// Refuse answers an error of the frame's own, in JSON: below /api/v1 a problem
// document (RFC 9457) with a hint, elsewhere in v4's form.
func Refuse(w http.ResponseWriter, r *http.Request, status int, e *books.Error) {
	contentType, document := "application/json", map[string]any{"success": false, "error": e.Message}
	if strings.HasPrefix(r.URL.Path, "/api/v1/") {
		contentType = "application/problem+json"
		document = map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": e.Message, "hint": e.Hint}
	}
	document["code"], document["kind"], document["correlation_id"] = e.Code, e.Kind, books.CorrelationID(r.Context())
	body, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// clientAddress gives a request the address and scheme seen by a trusted proxy,
// and drops the claims of all others.
func (f Frame) clientAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Scheme = "http"
		if r.TLS != nil {
			r.URL.Scheme = "https"
		}
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && f.trusts(peer.Addr()) {
			if address, ok := f.client(r.Header.Values("X-Forwarded-For")); ok {
				r.RemoteAddr = netip.AddrPortFrom(address, 0).String()
			}
			if strings.EqualFold(firstOf(r.Header.Get("X-Forwarded-Proto")), "https") {
				r.URL.Scheme = "https"
			}
			if host := firstOf(r.Header.Get("X-Forwarded-Host")); host != "" {
				r.Host = host
			}
		}
		for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
			r.Header.Del(name)
		}
		next.ServeHTTP(w, r)
	})
}

// firstOf returns the outermost of several proxies' values.
func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(first)
}

func (f Frame) trusts(address netip.Addr) bool {
	address = address.Unmap()
	for _, p := range f.Proxies {
		if p.Contains(address) {
			return true
		}
	}
	return false
}

// client returns the last address in X-Forwarded-For outside the trusted
// proxies: anybody may have written the ones before it.
func (f Frame) client(values []string) (netip.Addr, bool) {
	hops := strings.Split(strings.Join(values, ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if hop == "" {
			continue // an empty part of a list is none
		}
		address, err := hopAddress(hop)
		if err != nil {
			return netip.Addr{}, false
		}
		if !f.trusts(address) {
			return address, true
		}
	}
	return netip.Addr{}, false
}

// hopAddress reads an address in any form proxies use: alone, in brackets, in
// quotes, with a port or, for IPv6, a zone; it drops both.
func hopAddress(hop string) (netip.Addr, error) {
	if quoted, ok := strings.CutPrefix(hop, `"`); ok {
		hop = strings.TrimSuffix(quoted, `"`)
	}
	bare := hop
	if inside, ok := strings.CutPrefix(hop, "["); ok && strings.HasSuffix(inside, "]") {
		bare = strings.TrimSuffix(inside, "]")
	}
	address, err := netip.ParseAddr(bare)
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(hop)
		address = withPort.Addr()
	}
	return address.Unmap().WithZone(""), err
}

// correlate gives the request its id: the caller's X-Request-ID, if valid, or a
// new one.
func correlate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-ID")
		if !validID(id) {
			id = books.NewCorrelationID()
		}
		w.Header().Set("X-Request-ID", id)
		next.ServeHTTP(w, r.WithContext(books.WithCorrelationID(r.Context(), id)))
	})
}

// validID reports whether an id can go into logs, tables and answers.
func validID(id string) bool {
	for _, c := range id {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return len(id) >= 4 && len(id) <= 64
}

// log writes a line for each request, and turns a panic into an answer.
func (f Frame) log(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := f.Now()
		seen := &statusRecorder{ResponseWriter: w}
		defer func() {
			f.recoverPanic(seen, r, recover())
			level := slog.LevelInfo
			switch {
			case seen.status >= http.StatusInternalServerError:
				level = slog.LevelError
			case r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics":
				level = slog.LevelDebug
			}
			f.Log.Log(r.Context(), level, "request answered", "method", r.Method, "path", withoutKey(r.URL.Path), "status", seen.status,
				"bytes", seen.bytes, "seconds", f.Now().Sub(started).Seconds(), "address", r.RemoteAddr,
				"correlation_id", books.CorrelationID(r.Context()))
		}()
		next.ServeHTTP(seen, r)
	})
}

// withoutKey takes the key of a one-time link out of a path: logs hold no secrets.
func withoutKey(path string) string {
	const invitations = "/convite/"
	if strings.HasPrefix(path, invitations) {
		return invitations + "…"
	}
	return path
}

func (f Frame) recoverPanic(w *statusRecorder, r *http.Request, problem any) {
	if problem == nil {
		return
	}
	if err, ok := problem.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(problem) // the way to break a connection off
	}
	f.Log.Error("handler panicked", "problem", problem, "stack", string(debug.Stack()), "correlation_id", books.CorrelationID(r.Context()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // an answer has begun; half of one must not look whole
	}
	f.refuse(w, r, http.StatusInternalServerError, &books.Error{Kind: books.Internal, Code: "internal", Message: "something went wrong here",
		Hint: "try again; if it stays, look for the correlation id in the server's log"})
}

// statusRecorder records the status and size of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader remembers the status.
func (w *statusRecorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusRecorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController through.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// securityHeaders sets the headers of every answer: nothing is loaded from
// elsewhere, no other site frames a page, nothing is cached on shared machines.
func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.URL.Scheme == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// limitConcurrency bounds the requests in progress, for memory and database;
// the others are asked to come again. /healthz always answers.
func (f Frame) limitConcurrency(slots chan struct{}, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			next.ServeHTTP(w, r)
			return
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			next.ServeHTTP(w, r)
		case <-time.After(time.Second):
			w.Header().Set("Retry-After", retrySeconds)
			f.refuse(w, r, http.StatusServiceUnavailable, errBusy)
		case <-r.Context().Done():
		}
	})
}
