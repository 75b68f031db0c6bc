package jobs_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/jobs"
	"extrato/internal/logtest"
	"extrato/internal/notify"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// clock is a clock that stands still until it is moved.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMicro(c.at.Load()).In(storetest.Zone) }

func (c *clock) set(text string) {
	at, err := time.ParseInLocation("2006-01-02 15:04", text, storetest.Zone)
	if err != nil {
		panic(err)
	}
	c.at.Store(at.UnixMicro())
}

// people is a webhook that keeps what it was told.
type people struct {
	lock   sync.Mutex
	told   []string
	refuse atomic.Int64 // so many messages are answered with 500
	tries  atomic.Int64
	url    string
}

func listen(t *testing.T) *people {
	p := &people{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.tries.Add(1)
		if p.refuse.Add(-1) >= 0 {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		body, _ := io.ReadAll(r.Body)
		p.lock.Lock()
		defer p.lock.Unlock()
		p.told = append(p.told, string(body))
	}))
	t.Cleanup(s.Close)
	p.url = "generic://" + strings.TrimPrefix(s.URL, "http://") + "/hook?disabletls=yes"
	return p
}

// all is what it was told until now.
func (p *people) all() []string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return slices.Clone(p.told)
}

func (p *people) count(part string) int {
	n := 0
	for _, m := range p.all() {
		if strings.Contains(m, part) {
			n++
		}
	}
	return n
}

func (p *people) await(t *testing.T, part string, n int) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("told %q", p.all())
		}
	}()
	await(t, fmt.Sprintf("%d messages with %q", n, part), func() bool { return p.count(part) >= n })
	if got := p.count(part); got != n {
		t.Errorf("%d messages with %q, want %d", got, part, n)
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

type service struct {
	*jobs.Runner
	closer *closing.Closer
}

// run starts a Runner on a database, as a process of its own would.
func run(t *testing.T, db *storetest.DB, c *clock, folder string, urls []string, change ...func(*jobs.Options)) *service {
	t.Helper()
	r := prepare(t, db, c, folder, urls, change...)
	working, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	if err := r.Start(working); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = r.Stop(ctx)
		stop()
	})
	return r
}

// stopped stops a Runner.
func stopped(t *testing.T, s *service) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

// prepare makes a Runner that does not run yet: it enqueues, and does nothing.
func prepare(t *testing.T, db *storetest.DB, c *clock, folder string, urls []string, change ...func(*jobs.Options)) *service {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: db.URL, Zone: storetest.Zone, Now: c.now, Log: logtest.Quiet(t)}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	schedule, err := books.ParseSchedule("0 2 1 * *")
	if err != nil {
		t.Fatal(err)
	}
	discard := logtest.Quiet(t)
	closer := &closing.Closer{
		Store: s, Schedule: schedule, CloseFrom: books.Month{Year: 2025, Month: 10}, RequireBackup: true, Now: c.now, Log: discard,
		SpoolDir: t.TempDir(), IgnoreServerClock: true,
		Backups: &backup.Backups{Bucket: bucket.NewFolder(folder, func(string) {}), Now: c.now, Zone: storetest.Zone, Program: "test"},
	}
	teller, err := notify.NewNotifier(urls)
	if err != nil {
		t.Fatal(err)
	}
	o := jobs.Options{
		Store: s, Closer: closer, Notifier: teller, Heartbeat: notify.NewHeartbeat("", discard), Enabled: true, Log: discard, Now: c.now,
		CheckEvery: 50 * time.Millisecond, PollEvery: 50 * time.Millisecond,
	}
	for _, f := range change {
		f(&o)
	}
	r, err := jobs.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	closer.Announce = r.Announce
	return &service{Runner: r, closer: closer}
}

func fill(t *testing.T, db *storetest.DB) {
	t.Helper()
	db.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (1, 'Ana', 'artist', TRUE, FALSE)")
	for i, day := range []string{"2025-10-03", "2025-10-31", "2025-11-05", "2025-12-06"} {
		db.Exec(t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at) VALUES ($1, $2, 100, 'Pix', 1, '2025-10-01 12:00:00.000000')", i+1, day)
	}
}

func closings(t *testing.T, db *storetest.DB) int64 {
	t.Helper()
	if db.Path == "" {
		return db.Int(t, "SELECT count(*) FROM extrato.closings")
	}
	return db.Int(t, "SELECT count(*) FROM closings")
}
