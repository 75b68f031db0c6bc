package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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

func TestA_month_that_falls_due_is_closed_once_and_announced(t *testing.T) {
	for _, c := range []struct {
		name      string
		open      func(testing.TB, func() time.Time) *storetest.DB
		processes int
	}{{"sqlite", storetest.SQLite, 1}, {"three on one postgres", storetest.Postgres, 3}} {
		t.Run(c.name, func(t *testing.T) {
			var now clock
			now.set("2025-11-01 01:59")
			db := c.open(t, now.now)
			fill(t, db)
			folder, who := t.TempDir(), listen(t)
			for range c.processes {
				run(t, db, &now, folder, []string{who.url})
			}
			time.Sleep(300 * time.Millisecond)
			if n := closings(t, db); n != 0 {
				t.Fatalf("%d closings before the time", n)
			}
			now.set("2025-11-01 02:00")
			await(t, "October to be closed", func() bool { return closings(t, db) == 1 })
			who.await(t, "2025-10", 1)
			now.set("2026-01-15 12:00") // two months later: nobody was there
			await(t, "November and December to be closed", func() bool { return closings(t, db) == 3 })
			who.await(t, "2025-11", 1)
			who.await(t, "2025-12", 1)
			time.Sleep(300 * time.Millisecond)
			if n := closings(t, db); n != 3 {
				t.Errorf("%d closings", n)
			}
		})
	}
}

func TestA_month_that_fails_is_told_once_and_so_is_its_recovery(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-12-02 12:00")
		fill(t, db)
		parent := t.TempDir()
		folder, who := filepath.Join(parent, "backups"), listen(t)
		if err := os.WriteFile(folder, []byte("no folder"), 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, db, &now, folder, []string{who.url})
		who.await(t, "NÃO FECHADO", 1)
		if who.count("Waiting behind it: 2025-11") != 1 {
			t.Errorf("told %q", who.all())
		}
		time.Sleep(400 * time.Millisecond) // it was tried again some times
		if n := who.count("NÃO FECHADO"); n != 1 || closings(t, db) != 0 {
			t.Errorf("told %d times, %d closings", n, closings(t, db))
		}
		if err := os.Remove(folder); err != nil {
			t.Fatal(err)
		}
		await(t, "both months", func() bool { return closings(t, db) == 2 })
		who.await(t, "resolvido", 1)
	})
}

func TestAn_announcement_is_sent_only_if_its_fact_is(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-10-15 12:00")
		who := listen(t)
		s := run(t, db, &now, t.TempDir(), []string{who.url})
		closing := func(month time.Month) books.ChainEntry {
			return books.ChainEntry{Action: books.Closed, Month: books.Month{Year: 2024, Month: month}, Revision: 1}
		}
		lost := errors.New("rolled back")
		err := s.closer.Store.Write(t.Context(), func(tx *store.Tx) error {
			return errors.Join(s.Announce(t.Context(), tx, closing(time.May)), lost)
		})
		if !errors.Is(err, lost) {
			t.Fatal(err)
		}
		err = s.closer.Store.Write(t.Context(), func(tx *store.Tx) error { return s.Announce(t.Context(), tx, closing(time.June)) })
		if err != nil {
			t.Fatal(err)
		}
		who.await(t, "2024-06", 1)
		if n := who.count("2024-05"); n != 0 {
			t.Errorf("%d messages about what never happened", n)
		}
	})
}

func TestA_message_is_tried_again_and_given_up_loudly(t *testing.T) {
	defer jobs.TellSoon(3)()
	var now clock
	now.set("2025-10-15 12:00")
	db := storetest.SQLite(t, now.now)
	slow, well := listen(t), listen(t)
	var log syncBuilder
	s := run(t, db, &now, t.TempDir(), []string{slow.url, well.url}, func(o *jobs.Options) { o.Log = logtest.New(t, &log) })
	tell := func(month time.Month) {
		t.Helper()
		c := books.ChainEntry{Action: books.Closed, Month: books.Month{Year: 2024, Month: month}}
		if err := s.closer.Store.Write(t.Context(), func(tx *store.Tx) error { return s.Announce(t.Context(), tx, c) }); err != nil {
			t.Fatal(err)
		}
	}
	slow.refuse.Store(2)
	tell(time.May)
	slow.await(t, "2024-05", 1)
	well.await(t, "2024-05", 1)
	if n := slow.tries.Load(); n != 3 {
		t.Errorf("%d tries", n)
	}
	slow.refuse.Store(100)
	tell(time.June)
	await(t, "the end of the timeout", func() bool { return strings.Contains(log.String(), "level=ERROR") })
	if text := log.String(); strings.Contains(text, "127.0.0.1") || strings.Contains(text, "/hook") {
		t.Errorf("the log holds the URL:\n%s", text)
	}
	well.await(t, "2024-06", 1)
}

type syncBuilder struct {
	lock sync.Mutex
	b    strings.Builder
}

func (s *syncBuilder) Write(b []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.b.Write(b)
}

func (s *syncBuilder) String() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.b.String()
}

func TestA_clock_that_is_set_back_closes_nothing_twice(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-11-02 12:00")
		fill(t, db)
		run(t, db, &now, t.TempDir(), nil)
		await(t, "October to be closed", func() bool { return closings(t, db) == 1 })
		for _, at := range []string{"2025-10-31 23:59", "2025-11-01 01:59", "2025-11-01 02:00"} {
			now.set(at)
			time.Sleep(200 * time.Millisecond)
		}
		if n := closings(t, db); n != 1 {
			t.Errorf("%d closings", n)
		}
	})
}

func TestLate_rows_and_a_silent_safety_net_are_told_once(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-11-02 12:00")
		fill(t, db)
		folder, who := t.TempDir(), listen(t)
		first := run(t, db, &now, folder, []string{who.url})
		await(t, "October to be closed", func() bool { return closings(t, db) == 1 })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := first.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		db.Exec(t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at) VALUES (77, '2025-10-20', 5, 'Pix', 1, '2025-10-20 12:00:00.000000')")
		err := first.closer.Store.Write(t.Context(), func(tx *store.Tx) error {
			return tx.SetSetting(t.Context(), store.SafetyNetSeen, books.InstantOf(now.now().AddDate(0, 0, -40)).String())
		})
		if err != nil {
			t.Fatal(err)
		}
		table := "river_job"
		if db.Path == "" {
			table = "extrato.river_job"
		}
		for range 2 {
			db.Exec(t, "DELETE FROM "+table+" WHERE kind = 'watch'") // the hour in which it was looked is over
			s := run(t, db, &now, folder, []string{who.url})
			await(t, "a look", func() bool {
				return db.Int(t, "SELECT count(*) FROM "+table+" WHERE kind = 'watch' AND state = 'completed'") == 1
			})
			who.await(t, "atrasados", 1)
			who.await(t, "em silêncio", 1)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if err := s.Stop(ctx); err != nil {
				t.Error(err)
			}
			cancel()
		}
		err = first.closer.Store.Write(t.Context(), func(tx *store.Tx) error {
			return tx.SetSetting(t.Context(), store.SafetyNetSeen, books.InstantOf(now.now()).String())
		})
		if err != nil {
			t.Fatal(err)
		}
		db.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (9, 2025, '"[]"', '"[]"', '"[]"', '"{}"')`)
		db.Exec(t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at) VALUES (78, '2025-09-20', 5, 'Pix', 1, '2025-09-20 12:00:00.000000')")
		db.Exec(t, "DELETE FROM "+table+" WHERE kind = 'watch'")
		run(t, db, &now, folder, []string{who.url})
		who.await(t, "de volta", 1)
		who.await(t, "2025-09 stand beside the statement that v4 made", 1)
	})
}

func TestNothing_closes_by_itself_where_that_is_switched_off(t *testing.T) {
	var now clock
	now.set("2025-12-02 12:00")
	db := storetest.SQLite(t, now.now)
	fill(t, db)
	var log syncBuilder
	run(t, db, &now, t.TempDir(), nil, func(o *jobs.Options) { o.Enabled, o.Log = false, logtest.New(t, &log) })
	// Another process, which may, has asked for it and has died.
	db.Exec(t, `INSERT INTO river_job (args, kind, max_attempts, metadata, priority, queue, state, tags) VALUES ('{}', 'close_due_months', 1, '{}', 1, 'close', 'available', '[]')`)
	time.Sleep(400 * time.Millisecond)
	if closings(t, db) != 0 || !strings.Contains(log.String(), "ENABLE_MONTHLY_EXTRATO_JOB=false") {
		t.Errorf("%d closings; the log:\n%s", closings(t, db), log.String())
	}
}

func TestStopping_waits_for_the_close_or_rolls_it_back(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		folder := t.TempDir()
		for _, c := range []struct {
			name    string
			timeout time.Duration
			closed  int64
		}{{"rolled back", 100 * time.Millisecond, 0}, {"finished", 10 * time.Second, 1}} {
			t.Run(c.name, func(t *testing.T) {
				var now clock
				now.set("2025-11-02 12:00")
				if c.closed == 0 {
					fill(t, db)
				}
				reached, goOn := make(chan struct{}), make(chan struct{})
				var once sync.Once
				s := run(t, db, &now, folder, nil, func(o *jobs.Options) {
					o.Closer.Step = func(step string) {
						if step == "rows deleted" {
							once.Do(func() { close(reached); <-goOn })
						}
					}
				})
				<-reached
				ended := make(chan error, 1)
				ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
				defer cancel()
				go func() { ended <- s.Stop(ctx) }()
				time.Sleep(400 * time.Millisecond)
				close(goOn)
				if err := <-ended; (err == nil) != (c.closed == 1) {
					t.Errorf("Stop: %v", err)
				}
				await(t, "the transaction to end", func() bool { return closings(t, db) == c.closed })
			})
		}
	})
}

func TestThe_job_page_answers(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-10-15 12:00")
		s := run(t, db, &now, t.TempDir(), nil)
		for _, path := range []string{jobs.Prefix + "/", jobs.Prefix + "/api/states", jobs.Prefix + "/api/jobs"} {
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if w.Code != http.StatusOK {
				t.Errorf("%s: %d %.200s", path, w.Code, w.Body)
			}
		}
		if queued, err := s.Queued(t.Context()); err != nil || len(queued) != 3 {
			t.Errorf("%v %v", queued, err)
		}
	})
}

// A pause on River's page would stop the monthly close without a word, and
// outlive a restart.
func TestA_paused_queue_is_resumed(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-10-15 12:00")
		fill(t, db)
		var log syncBuilder
		change := func(o *jobs.Options) { o.Log = logtest.New(t, &log) }
		first := run(t, db, &now, t.TempDir(), nil, change)
		pause := func(s *service, queue string) {
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, httptest.NewRequest("PUT", jobs.Prefix+"/api/queues/"+queue+"/pause", strings.NewReader("{}")))
			if w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
		var queues []string
		await(t, "the queues", func() bool {
			w := httptest.NewRecorder()
			first.Handler().ServeHTTP(w, httptest.NewRequest("GET", jobs.Prefix+"/api/queues", nil))
			queues = nil
			for _, name := range []string{"close", "notify"} {
				if strings.Contains(w.Body.String(), `"name":"`+name+`"`) {
					queues = append(queues, name)
				}
			}
			return len(queues) == 2
		})
		resumed := func() bool {
			paused, err := first.PausedQueues(t.Context())
			return err == nil && len(paused) == 0
		}
		for i, queue := range queues {
			pause(first, queue)
			await(t, queue+" to go on", func() bool { return resumed() && strings.Count(log.String(), "paused queue resumed") == i+1 })
		}
		stopped(t, first)
		pause(first, "close")
		if paused, err := first.PausedQueues(t.Context()); err != nil || !slices.Equal(paused, []string{"close"}) {
			t.Fatalf("paused are %v, %v", paused, err)
		}
		now.set("2025-11-01 02:00")
		run(t, db, &now, t.TempDir(), nil, change)
		await(t, "October's close", func() bool { return closings(t, db) == 1 })
	})
}
