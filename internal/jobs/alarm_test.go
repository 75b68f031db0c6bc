package jobs_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/jobs"
	"extrato/internal/logtest"
	"extrato/internal/notify"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// own names a table of ours.
func own(db *storetest.DB, table string) string {
	if db.Path == "" {
		return "extrato." + table
	}
	return table
}

// awaitTries waits until some more attempts failed of this cause.
func awaitTries(t *testing.T, db *storetest.DB, code string, more int64) {
	t.Helper()
	count := func() int64 {
		return db.Int(t, "SELECT count(*) FROM "+own(db, "runs")+" WHERE code = $1", code)
	}
	from := count()
	await(t, "more attempts that fail of "+code, func() bool { return count() >= from+more })
}

func TestCauses_that_take_turns_are_told_once_each(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-12-02 12:00")
		fill(t, db)
		folder, who := filepath.Join(t.TempDir(), "backups"), listen(t)
		if err := os.WriteFile(folder, []byte("no folder"), 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, db, &now, folder, []string{who.url})
		who.await(t, "NÃO FECHADO", 1)
		var folderIsNone string
		if err := db.SQL.QueryRowContext(t.Context(), "SELECT code FROM "+own(db, "runs")).Scan(&folderIsNone); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			db.Exec(t, `INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, created_at) VALUES (99, '2025-11-30', 1, 'Pix', 1, '2030-01-01 12:00:00.000000')`)
			awaitTries(t, db, "clock_doubtful", 1)
			db.Exec(t, "DELETE FROM pagamentos WHERE id = 99")
			awaitTries(t, db, folderIsNone, 1)
		}
		if who.count("NÃO FECHADO") != 2 || who.count("clock_doubtful") != 1 || who.count(folderIsNone) != 1 {
			t.Errorf("told %q", who.all())
		}
		if err := os.Remove(folder); err != nil {
			t.Fatal(err)
		}
		await(t, "both months", func() bool { return closings(t, db) == 2 })
		who.await(t, "resolvido", 1)
		await(t, "no alarm is left", func() bool { return db.Int(t, "SELECT count(*) FROM "+own(db, "alarms")) == 0 })
	})
}

func TestA_close_that_reaches_its_time_limit_is_told_like_any_failure(t *testing.T) {
	defer jobs.CloseWithin(time.Second)()
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-12-02 12:00")
		fill(t, db)
		var slow atomic.Bool
		slow.Store(true)
		who := listen(t)
		run(t, db, &now, t.TempDir(), []string{who.url}, func(o *jobs.Options) {
			o.Closer.Step = func(step string) {
				if step == "rows deleted" && slow.Load() {
					time.Sleep(1200 * time.Millisecond)
				}
			}
		})
		who.await(t, "NÃO FECHADO", 1)
		for _, word := range []string{"2025-10 could not be closed", "close_too_long", "Waiting behind it: 2025-11"} {
			if who.count(word) != 1 {
				t.Errorf("%q is not in %q", word, who.all())
			}
		}
		if n := closings(t, db); n != 0 {
			t.Errorf("%d closings", n)
		}
		slow.Store(false)
		await(t, "both months", func() bool { return closings(t, db) == 2 })
		who.await(t, "resolvido", 1)
		if n := who.count("NÃO FECHADO"); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

func TestA_failure_is_told_under_the_ID_of_its_run(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-12-02 12:00")
		fill(t, db)
		folder, who := filepath.Join(t.TempDir(), "backups"), listen(t)
		if err := os.WriteFile(folder, []byte("no folder"), 0o600); err != nil {
			t.Fatal(err)
		}
		var log syncBuilder
		run(t, db, &now, folder, []string{who.url}, func(o *jobs.Options) { o.Log = logtest.New(t, &log) })
		who.await(t, "NÃO FECHADO", 1)
		var id string
		if err := db.SQL.QueryRowContext(t.Context(), "SELECT correlation_id FROM "+own(db, "runs")+" ORDER BY id").Scan(&id); err != nil {
			t.Fatal(err)
		}
		if id == "" || who.count("id: "+id) != 1 || !strings.Contains(log.String(), "correlation_id="+id) {
			t.Errorf("the run is %q, told %q, logged %s", id, who.all(), log.String())
		}
	})
}

// announced enqueues the announcement of a closing of May 2024.
func announced(t *testing.T, s *service) {
	t.Helper()
	c := books.ChainEntry{Action: books.Closed, Month: books.Month{Year: 2024, Month: time.May}}
	if err := s.closer.Store.Write(t.Context(), func(tx *store.Tx) error { return s.Announce(t.Context(), tx, c) }); err != nil {
		t.Fatal(err)
	}
}

func TestA_message_waits_for_a_process_that_knows_its_place(t *testing.T) {
	defer jobs.WaitForPlaces(time.Hour, 50*time.Millisecond)()
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-10-02 12:00")
		folder, who, other := t.TempDir(), listen(t), listen(t)
		var log syncBuilder
		announced(t, prepare(t, db, &now, folder, []string{who.url}))
		stranger := run(t, db, &now, folder, []string{other.url}, func(o *jobs.Options) { o.Log = logtest.New(t, &log) })
		await(t, "the stranger to leave it", func() bool { return strings.Contains(log.String(), "left to another process") })
		await(t, "more looks", func() bool {
			return db.Int(t, "SELECT count(*) FROM "+own(db, "river_job")+" WHERE kind = 'notify' AND attempt = 0 AND state IN ('scheduled', 'available')") == 1
		})
		if other.count("2024-05") != 0 || who.count("2024-05") != 0 {
			t.Errorf("told %q and %q", who.all(), other.all())
		}
		stopped(t, stranger)
		run(t, db, &now, folder, []string{who.url})
		who.await(t, "2024-05", 1)
	})
}

func TestA_message_of_a_process_that_was_killed_is_sent_by_another(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-10-02 12:00")
		folder, who := t.TempDir(), listen(t)
		announced(t, prepare(t, db, &now, folder, []string{who.url}))
		at := time.Now().UTC().Add(-4 * time.Minute).Format("2006-01-02 15:04:05.000")
		by := map[bool]string{true: "'{killed}'", false: `'["killed"]'`}[db.Path == ""]
		db.Exec(t, "UPDATE "+own(db, "river_job")+" SET state = 'running', attempt = 1, attempted_at = '"+at+"', attempted_by = "+by+" WHERE kind = 'notify'")
		run(t, db, &now, folder, []string{who.url})
		await(t, "the message to be taken for one of a process that died", func() bool {
			return db.Int(t, "SELECT count(*) FROM "+own(db, "river_job")+" WHERE kind = 'notify' AND state <> 'running'") == 1
		})
		db.Exec(t, "UPDATE "+own(db, "river_job")+" SET scheduled_at = '"+at+"' WHERE kind = 'notify'") // the pause before the next try
		who.await(t, "2024-05", 1)
	})
}

func TestA_close_has_its_own_time_before_it_counts_as_one_that_died(t *testing.T) {
	closing, closeDied, died := jobs.Limits()
	if closing < 10*time.Minute || closeDied < closing+time.Minute || died > 5*time.Minute {
		t.Errorf("a close may take %s, and counts as dead after %s; anything else after %s", closing, closeDied, died)
	}
}

func TestA_message_that_nobody_can_send_is_given_up_loudly(t *testing.T) {
	defer jobs.WaitForPlaces(300*time.Millisecond, 50*time.Millisecond)()
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-10-02 12:00")
		folder, who := t.TempDir(), listen(t)
		var log syncBuilder
		announced(t, prepare(t, db, &now, folder, []string{who.url}))
		run(t, db, &now, folder, nil, func(o *jobs.Options) { o.Log = logtest.New(t, &log) })
		await(t, "the end of the timeout", func() bool { return strings.Contains(log.String(), "level=ERROR") })
		if text := log.String(); !strings.Contains(text, "EXTRATO_NOTIFY") || strings.Contains(text, "127.0.0.1") {
			t.Errorf("the log:\n%s", text)
		}
		await(t, "the job to end", func() bool {
			return db.Int(t, "SELECT count(*) FROM "+own(db, "river_job")+" WHERE kind = 'notify' AND state = 'cancelled'") == 1
		})
	})
}

// monitor is what EXTRATO_HEARTBEAT_URL points at.
type monitor struct {
	lock    sync.Mutex
	pings   []string
	refuses atomic.Bool
	url     string
}

func watchedBy(t *testing.T) *monitor {
	m := &monitor{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.lock.Lock()
		defer m.lock.Unlock()
		m.pings = append(m.pings, cmp.Or(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/ping"), "/"), "•"))
		if m.refuses.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)
	m.url = s.URL + "/ping"
	return m
}

// said returns the pings: start, fail, and • for all is well.
func (m *monitor) said() string {
	m.lock.Lock()
	defer m.lock.Unlock()
	return strings.Join(m.pings, " ")
}

func TestThe_monitor_hears_once_a_day_that_all_is_well(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-10-02 12:00")
		parent := t.TempDir()
		folder, m := filepath.Join(parent, "backups"), watchedBy(t)
		processes := 1
		if db.Path == "" {
			processes = 3
		}
		for range processes {
			run(t, db, &now, folder, nil, func(o *jobs.Options) { o.Heartbeat = notify.NewHeartbeat(m.url, o.Log) })
		}
		says := func(want string) {
			t.Helper()
			await(t, want, func() bool { return m.said() == want })
			time.Sleep(250 * time.Millisecond) // some more looks of each
			if got := m.said(); got != want {
				t.Fatalf("the monitor heard %q, want %q", got, want)
			}
		}
		says("•")
		now.set("2025-10-03 11:59")
		says("•")
		now.set("2025-10-03 12:00")
		says("• •")
		m.refuses.Store(true)
		now.set("2025-10-04 12:00")
		says("• • •")
		m.refuses.Store(false)
		now.set("2025-10-04 12:05") // it was not taken
		says("• • • •")
		if err := os.WriteFile(folder, []byte("no folder"), 0o600); err != nil {
			t.Fatal(err)
		}
		now.set("2025-11-01 01:59")
		says("• • • • •")
		now.set("2025-11-01 02:00") // October falls due, and cannot be closed
		await(t, "the failure", func() bool {
			return strings.HasPrefix(m.said(), "• • • • • start") && strings.Contains(m.said(), "fail")
		})
		if err := os.Remove(folder); err != nil {
			t.Fatal(err)
		}
		await(t, "the recovery", func() bool { return closings(t, db) == 1 && strings.HasSuffix(m.said(), " •") })
		n := len(m.said())
		now.set("2025-11-01 23:00")
		time.Sleep(250 * time.Millisecond)
		// Each other process that saw the failure may say once that it is over.
		if more := m.said()[n:]; strings.Count(more, "•") >= processes || strings.ContainsAny(more, "sf") {
			t.Errorf("the monitor heard %q", more)
		}
	})
}

// A person who closes what failed ends the failure for the monitor as well.
func TestThe_monitor_hears_at_once_that_a_failure_is_over(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		var now clock
		now.set("2025-11-01 01:00")
		fill(t, db)
		m, broken := watchedBy(t), filepath.Join(t.TempDir(), "backups")
		if err := os.WriteFile(broken, []byte("no folder"), 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, db, &now, broken, nil, func(o *jobs.Options) { o.Heartbeat = notify.NewHeartbeat(m.url, o.Log) })
		await(t, "the day's ping", func() bool { return m.said() == "•" })
		now.set("2025-11-01 02:00")
		await(t, "the failure", func() bool { return strings.HasPrefix(m.said(), "• start fail") })
		person := prepare(t, db, &now, t.TempDir(), nil)
		if _, err := person.closer.Close(t.Context(), books.Month{Year: 2025, Month: time.October}, closing.Options{}, "test"); err != nil {
			t.Fatal(err)
		}
		await(t, "the end of it", func() bool { return strings.HasSuffix(m.said(), " •") })
	})
}

func TestThe_monitor_hears_that_the_database_is_gone(t *testing.T) {
	var now clock
	now.set("2025-10-02 12:00")
	db, m := storetest.SQLite(t, now.now), watchedBy(t)
	var log syncBuilder
	run(t, db, &now, t.TempDir(), nil, func(o *jobs.Options) {
		o.Log = logtest.New(t, &log)
		o.Heartbeat = notify.NewHeartbeat(m.url, o.Log)
	})
	await(t, "the first ping", func() bool { return m.said() == "•" })
	db.Exec(t, "ALTER TABLE alarms RENAME TO away")
	// Not before it has seen so may the clock go on: what it saw last begins the ten minutes.
	await(t, "two looks that fail", func() bool { return strings.Count(log.String(), "cannot tell what is due") >= 2 })
	if m.said() != "•" {
		t.Errorf("the monitor heard %q of what may heal", m.said())
	}
	now.set("2025-10-02 12:11")
	await(t, "the failure", func() bool { return m.said() == "• fail" })
	db.Exec(t, "ALTER TABLE away RENAME TO alarms")
	await(t, "the recovery", func() bool { return m.said() == "• fail •" })
}
