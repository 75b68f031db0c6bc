package closing_test

import (
	"bytes"
	"net"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store/storetest"
)

// deafTo returns the URL of a line to PostgreSQL, and arms it: the answer to
// the next COMMIT is not heard. forward decides whether the server hears it.
func deafTo(t *testing.T, target string, forward *atomic.Bool) (line string, armed *atomic.Bool) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	armed = &atomic.Bool{}
	host := u.Host
	carry := func(client net.Conn) {
		defer client.Close()
		server, err := net.Dial("tcp", host)
		if err != nil {
			return
		}
		defer server.Close()
		var muted atomic.Bool
		go func() {
			defer client.Close()
			buf := make([]byte, 64<<10)
			for {
				n, err := server.Read(buf)
				if err != nil || muted.Load() { // it has committed and says so, to nobody
					return
				}
				if _, err := client.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
		buf := make([]byte, 64<<10)
		for {
			n, err := client.Read(buf)
			if err != nil {
				return
			}
			lost := bytes.Contains(bytes.ToLower(buf[:n]), []byte("commit")) && armed.CompareAndSwap(true, false)
			if lost && !forward.Load() {
				return
			}
			if lost {
				muted.Store(true)
			}
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go carry(client)
		}
	}()
	u.Host = listener.Addr().String()
	return u.String(), armed
}

func TestClose_whose_commit_is_not_answered_looks_whether_it_happened(t *testing.T) {
	t.Parallel()
	clock := noon(2025, time.November, 2)
	now := func() time.Time { return clock }
	s := &studio{DB: storetest.Postgres(t, now), Folder: filepath.Join(t.TempDir(), "backups"), Clock: clock}
	var forward atomic.Bool
	line, armed := deafTo(t, s.URL, &forward)
	far := storetest.OpenPostgres(t, line, now)
	s.Closer = newCloser(t, far.Store, s.Folder, now)
	s.fullOctober(t)
	before := s.dump(t)
	s.Step = func(step string) {
		if step == "run recorded" {
			armed.Store(true)
		}
	}

	_, err := s.Close(t.Context(), october, closing.Options{}, "test")
	if e := books.AsError(err); err == nil || e.Code != "outcome_unknown" || e.Kind != books.Internal {
		t.Errorf("a commit that the server never heard: %v", err)
	}
	wantSame(t, "the close that did not happen changed something", before, s.dump(t))

	forward.Store(true)
	r, err := s.Close(t.Context(), october, closing.Options{}, "test")
	if err != nil || r.Outcome != closing.Closed || r.Counts != fullCounts || r.Chain.Seq != 1 {
		t.Errorf("a commit whose answer was lost: %+v, %v", r, err)
	}
	s.Step = nil
	s.wantWhole(t)
}
