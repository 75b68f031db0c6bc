package s3test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Front stands between a client and a Server and makes faults of the network.
// Signatures stay valid: the server sees the client's own Host.
type Front struct {
	Endpoint string // for the client, instead of the server's
	t        testing.TB
	wire     *toxiproxy.Proxy
	server   *httputil.ReverseProxy

	mu     sync.Mutex
	faults map[string]int // by kind, how many requests are still to be spoiled
	puts   int
}

// Proxy starts a Front without faults before a server.
func Proxy(t testing.TB, s *Server) *Front {
	t.Helper()
	target, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	f := &Front{t: t, faults: map[string]int{}}
	f.server = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = p.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { hangUp(w) },
	}
	inner := httptest.NewServer(f)
	t.Cleanup(inner.Close)
	f.wire = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), t.Name(), "127.0.0.1:0", inner.Listener.Addr().String())
	if err := f.wire.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.wire.Stop)
	f.Endpoint = "http://" + f.wire.Listen
	return f
}

// Setting returns an entry of EXTRATO_BACKUPS_COPY by way of this Front.
func (f *Front) Setting(bucket, prefix string) string {
	return "s3://" + bucket + "/" + prefix + "?endpoint=" + f.Endpoint + "&region=us-east-1"
}

// LoseAnswers makes the server do the next n PUTs and cuts the connection
// instead of answering.
func (f *Front) LoseAnswers(n int) { f.set("lose", n) }

// Repeat sends each of the next n PUTs to the server twice, and brings back the
// second answer.
func (f *Front) Repeat(n int) { f.set("repeat", n) }

// Refuse answers the next n PUTs with 500, without asking the server.
func (f *Front) Refuse(n int) { f.set("refuse", n) }

func (f *Front) set(kind string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[kind] = n
}

// Puts returns the number of PUTs that came in.
func (f *Front) Puts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.puts
}

// Cut refuses connections and ends those there are, until Mend.
func (f *Front) Cut() { f.wire.Stop() }

// Slow delays answers by this many milliseconds until Mend.
func (f *Front) Slow(milliseconds string) {
	f.toxic("latency", "downstream", `{"latency":`+milliseconds+`}`)
}

// Hang lets nothing through in either direction, without an error, until Mend.
func (f *Front) Hang() {
	f.toxic("timeout", "upstream", `{"timeout":0}`)
	f.toxic("timeout", "downstream", `{"timeout":0}`)
}

// Narrow lets through this many kilobytes a second until Mend.
func (f *Front) Narrow(kilobytes string) {
	f.toxic("bandwidth", "upstream", `{"rate":`+kilobytes+`}`)
}

// Mend ends Cut, Slow, Hang and Narrow. It does not wait for requests under way.
func (f *Front) Mend() {
	f.t.Helper()
	if !f.wire.Enabled {
		if err := f.wire.Start(); err != nil {
			f.t.Fatal(err)
		}
	}
	f.wire.Toxics.ResetToxics(f.t.Context())
}

func (f *Front) toxic(kind, stream, attributes string) {
	f.t.Helper()
	text := `{"name":"` + kind + " " + stream + `","type":"` + kind + `","stream":"` + stream + `","toxicity":1,"attributes":` + attributes + `}`
	if _, err := f.wire.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
		f.t.Fatal(err)
	}
}

// ServeHTTP is for the Front's own server.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut {
		f.server.ServeHTTP(w, r)
		return
	}
	switch f.fault() {
	case "lose":
		f.server.ServeHTTP(httptest.NewRecorder(), r)
		hangUp(w)
	case "repeat":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			hangUp(w)
			return
		}
		for _, to := range []http.ResponseWriter{httptest.NewRecorder(), w} {
			again := r.Clone(r.Context())
			again.Body = io.NopCloser(bytes.NewReader(body))
			f.server.ServeHTTP(to, again)
		}
	case "refuse":
		w.WriteHeader(http.StatusInternalServerError)
	default:
		f.server.ServeHTTP(w, r)
	}
}

// fault takes the fault of one more PUT.
func (f *Front) fault() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.puts++
	for kind, n := range f.faults {
		if n > 0 {
			f.faults[kind] = n - 1
			return kind
		}
	}
	return ""
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if connection, _, err := hijacker.Hijack(); err == nil {
			connection.Close()
		}
	}
}
