package crashtest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/store/storetest"
)

// wire is the network between a process and PostgreSQL, which can be cut.
type wire struct {
	proxy *toxiproxy.Proxy
	url   string
}

// through puts a proxy in front of the studio's PostgreSQL.
func through(t *testing.T, address string) *wire {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	log := zerolog.Nop()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), log)
	proxy := toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", u.Host)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	u.Host = proxy.Listen
	return &wire{proxy, u.String()}
}

// add puts a toxic on the wire until it is removed.
func (w *wire) add(t *testing.T, name, kind, stream, attributes string) {
	t.Helper()
	text := fmt.Sprintf(`{"name":%q,"type":%q,"stream":%q,"toxicity":1,"attributes":%s}`, name, kind, stream, attributes)
	if _, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

func (w *wire) remove(t *testing.T, name string) {
	t.Helper()
	if err := w.proxy.Toxics.RemoveToxic(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

// served is a running server.
type served struct {
	*ran
	ended chan struct{}
	log   string // the file it logs to
}

// serve starts a server and returns when it says that it is ready.
func (s *studio) serve(t *testing.T, address string, env ...string) *served {
	t.Helper()
	port := freePort(t)
	r := &served{ended: make(chan struct{}), log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(r.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	r.ran = s.startTo(t, log, append([]string{
		"DATABASE_URL=" + address, "JWT_SECRET_KEY=" + strings.Repeat("k", 40), "PORT=" + port, "LOG_FORMAT=json", "EXTRATO_RATE_LIMIT=off",
	}, env...), "serve", "--stop-timeout", "10s")
	go func() { _ = r.cmd.Wait(); close(r.ended) }()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-r.ended
		logtest.Check(t, "the log of a server", []byte(r.said()))
		if t.Failed() {
			t.Logf("a server said:\n%s", tail(r.said(), 4000))
		}
	})
	r.args = append(r.args, "http://127.0.0.1:"+port)
	await(t, 30*time.Second, "the server is ready", func() bool {
		code, _ := r.get("/readyz")
		return code == http.StatusOK
	})
	return r
}

func (r *served) base() string { return r.args[len(r.args)-1] }

func (r *served) get(path string) (int, string) {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(r.base() + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// said returns what the server has logged so far.
func (r *served) said() string {
	text, _ := os.ReadFile(r.log)
	return string(text)
}

func (r *served) alive() bool {
	select {
	case <-r.ended:
		return false
	default:
		return true
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

func await(t *testing.T, timeout time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain: %s", timeout, what)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	address, err := pgtest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// fallsDueNext returns a schedule by which the month that ended falls due at
// the next full minute that is at least some seconds away.
func fallsDueNext() string {
	at := time.Now().In(storetest.Zone).Add(65 * time.Second).Truncate(time.Minute)
	return fmt.Sprintf("%d %d %d * *", at.Minute(), at.Hour(), at.Day())
}

// clusterStudio is a studio on a PostgreSQL of its own, which can be restarted.
func clusterStudio(t *testing.T, program string, rows int) (*studio, *pgtest.Cluster) {
	t.Helper()
	cluster := pgtest.Start(t)
	s := &studio{program: program, url: strings.Replace(cluster.URL(), "/postgres?", "/studio?", 1), dir: t.TempDir()}
	s.admin(t, "CREATE DATABASE studio")
	db := storetest.OpenPostgres(t, s.url, time.Now)
	fill(t, db, rows)
	db.Store.Close()
	if err := db.SQL.Close(); err != nil {
		t.Fatal(err)
	}
	return s, cluster
}

// pausedAt waits until a process pauses at its step, and returns its number
// and what lets it go on.
func pausedAt(t *testing.T, file string) (pid int, goOn func()) {
	t.Helper()
	await(t, 100*time.Second, "a process reaches its step", func() bool {
		_, err := os.Stat(file)
		return err == nil
	})
	text, err := os.ReadFile(file)
	if err == nil {
		pid, err = strconv.Atoi(string(text))
	}
	if err != nil {
		t.Fatal(err)
	}
	return pid, func() { _ = os.Remove(file) }
}

// awaitClosed waits until the month is closed, and a little longer: for a
// second close, if there were one.
func (s *studio) awaitClosed(t *testing.T, timeout time.Duration) {
	t.Helper()
	db := s.connect(t)
	defer db.Close()
	await(t, timeout, "the month is closed", func() bool {
		var n int
		return db.QueryRowContext(t.Context(), "SELECT count(*) FROM extrato.closings WHERE month = $1", month).Scan(&n) == nil && n > 0
	})
	time.Sleep(2 * time.Second)
}

func TestThree_servers_close_what_falls_due_once_whatever_happens_to_them(t *testing.T) {
	program := build(t, "stoppoints")
	for _, c := range []struct {
		name, step string
		waits      bool // the month falls due while the servers run
		disturb    func(t *testing.T, cluster *pgtest.Cluster, closing *served, line *wire, goOn func())
	}{
		{"the one that closes is killed", "rows deleted", true, func(t *testing.T, _ *pgtest.Cluster, closing *served, _ *wire, _ func()) {
			if err := closing.cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}},
		{"the database is restarted", "rows deleted", false, func(t *testing.T, cluster *pgtest.Cluster, _ *served, _ *wire, goOn func()) {
			cluster.Stop(t)
			goOn()
			time.Sleep(2 * time.Second)
			cluster.Start(t)
		}},
		{"its connection is cut", "statement stored", false, func(t *testing.T, _ *pgtest.Cluster, _ *served, line *wire, goOn func()) {
			line.proxy.Stop()
			goOn()
			time.Sleep(2 * time.Second)
			if err := line.proxy.Start(); err != nil {
				t.Fatal(err)
			}
		}},
		{"its connection is slow", "transaction begun", false, func(t *testing.T, _ *pgtest.Cluster, _ *served, line *wire, goOn func()) {
			line.add(t, "slow", "latency", "downstream", `{"latency":300,"jitter":100}`)
			goOn()
			time.Sleep(5 * time.Second)
			line.remove(t, "slow")
		}},
		{"the answer to its commit is lost", "run recorded", false, func(t *testing.T, _ *pgtest.Cluster, _ *served, line *wire, goOn func()) {
			line.add(t, "lost", "timeout", "downstream", `{"timeout":0}`) // what comes back is dropped
			goOn()
			time.Sleep(2 * time.Second)
			line.proxy.Stop()
			line.remove(t, "lost")
			if err := line.proxy.Start(); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, cluster := clusterStudio(t, program, 300)
			before := s.look(t)
			file := filepath.Join(s.dir, "paused")
			schedule := "0 0 1 * *" // it is due already
			if c.waits {
				schedule = fallsDueNext()
			}
			servers, lines := map[int]*served{}, map[int]*wire{}
			for range 3 {
				line := through(t, s.url)
				r := s.serve(t, line.url, "EXTRATO_SCHEDULE="+schedule, "EXTRATO_PAUSE_AT="+c.step, "EXTRATO_PAUSE_FILE="+file)
				servers[r.cmd.Process.Pid], lines[r.cmd.Process.Pid] = r, line
			}
			pid, goOn := pausedAt(t, file)
			c.disturb(t, cluster, servers[pid], lines[pid], goOn)
			s.awaitClosed(t, 60*time.Second)
			for _, r := range servers {
				if !r.alive() {
					if r.cmd.Process.Pid != pid || c.step != "rows deleted" {
						t.Errorf("a server ended:\n%s", tail(r.said(), 2000))
					}
					continue
				}
				await(t, 30*time.Second, "the server recovers", func() bool {
					code, _ := r.get("/readyz")
					return code == http.StatusOK
				})
				if code, body := r.get("/health/extrato"); code != http.StatusOK || !strings.Contains(body, `"healthy"`) {
					t.Errorf("%d %s", code, body)
				}
				signal(t, r, syscall.SIGTERM)
				<-r.ended
			}
			if n := s.closings(t); n != 1 {
				t.Errorf("%d entries in the chain, want one close", n)
			}
			s.sound(t)
			s.conserved(t, before.all(t))
		})
	}
}

// awaitRollback waits until the transaction that has deleted the month's rows is
// rolled back: until then nobody else can write them.
func (s *studio) awaitRollback(t *testing.T) {
	t.Helper()
	db := s.connect(t)
	defer db.Close()
	await(t, 60*time.Second, "the close rolls back", func() bool {
		_, err := db.ExecContext(t.Context(), "UPDATE pagamentos SET valor = valor")
		return err == nil
	})
}

func TestA_server_that_is_told_to_stop_finishes_the_close_or_rolls_it_back(t *testing.T) {
	program := build(t, "stoppoints")
	for _, c := range []struct {
		name   string
		second bool // a second signal
		closed int
	}{
		{"one signal: the close is finished", false, 1},
		{"two signals: it rolls back at once", true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			both(t, program, 100, func(t *testing.T, s *studio) {
				before := s.look(t)
				file := filepath.Join(s.dir, "paused")
				r := s.serve(t, s.url, "EXTRATO_PAUSE_AT=rows deleted", "EXTRATO_PAUSE_FILE="+file)
				_, goOn := pausedAt(t, file)
				signal(t, r, syscall.SIGTERM)
				if c.second {
					await(t, 10*time.Second, "the first signal to be taken", func() bool { return strings.Contains(r.said(), "stopping") })
					signal(t, r, syscall.SIGTERM)
					s.awaitRollback(t)
				}
				goOn()
				select {
				case <-r.ended:
				case <-time.After(20 * time.Second):
					t.Fatal("the server does not end")
				}
				if code := r.cmd.ProcessState.ExitCode(); code != 0 && !c.second {
					t.Errorf("exit %d", code)
				}
				s.awaitQuiet(t)
				if n := s.closings(t); n != c.closed {
					t.Errorf("%d closings, want %d", n, c.closed)
				}
				s.sound(t)
				s.conserved(t, before.all(t))
			})
		})
	}
}

func signal(t *testing.T, r *served, which syscall.Signal) {
	t.Helper()
	if err := r.cmd.Process.Signal(which); err != nil {
		t.Fatal(err)
	}
}

func TestOne_SQLite_file_is_served_once(t *testing.T) {
	program := build(t, "")
	db := storetest.SQLite(t, time.Now)
	db.Store.Close()
	s := &studio{program: program, url: db.URL, path: db.Path, dir: t.TempDir()}
	s.serve(t, s.url)
	second := s.start(t, []string{"JWT_SECRET_KEY=" + strings.Repeat("k", 40), "PORT=0"}, "serve").wait(t)
	if second.code != 3 || !strings.Contains(second.stderr.String(), "another extrato serves") {
		t.Error(second)
	}
}
