package jobs_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/jobs"
	"extrato/internal/logtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

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
		who.await(t, "2025-09 are live beside v4's statement", 1)
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
	// v4 closes them, and its statements enter the chain.
	db.Exec(t, `INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (9, 2025, '"[]"', '"[]"', '"[]"', '"{}"')`)
	await(t, "v4's statement to enter the chain", func() bool {
		return db.Int(t, "SELECT count(*) FROM closings WHERE action = 'adopted' AND month = '2025-09'") == 1
	})
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
				if c.closed == 0 {
					await(t, "the transaction to be rolled back", func() bool {
						_, err := db.SQL.ExecContext(t.Context(), "UPDATE pagamentos SET valor = valor")
						return err == nil
					})
				}
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
		if queued, err := s.Queued(t.Context()); err != nil || len(queued) != 5 {
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
