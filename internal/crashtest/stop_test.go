package crashtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// token makes a service token with the key that served servers have.
func (s *studio) token(t *testing.T) string {
	t.Helper()
	r := s.start(t, []string{"JWT_SECRET_KEY=" + strings.Repeat("k", 40)}, "token", "create", "stop", "--scope", "close", "--scope", "read").wait(t)
	for _, word := range strings.Fields(r.stdout.String()) {
		if strings.HasPrefix(word, "eyJ") {
			return word
		}
	}
	t.Fatal(r)
	return ""
}

func TestA_request_in_flight_gets_its_answer_from_a_server_that_stops(t *testing.T) {
	program := build(t, "stoppoints")
	for _, c := range []struct {
		name   string
		second bool // a second signal
		hangs  bool
		closed int
	}{
		{"one signal: it is answered", false, false, 1},
		{"two signals: its close rolls back", true, false, 0},
		{"two signals, and it hangs", true, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			both(t, program, 100, func(t *testing.T, s *studio) {
				before, bearer := s.look(t), s.token(t)
				file := filepath.Join(s.dir, "paused")
				r := s.serve(t, s.url, "ENABLE_MONTHLY_EXTRATO_JOB=false", "EXTRATO_PAUSE_AT=rows deleted", "EXTRATO_PAUSE_FILE="+file)
				type answer struct {
					status int
					body   string
				}
				answered := make(chan answer, 1)
				go func() {
					req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base()+"/api/v1/months/"+month+"/close", strings.NewReader("{}"))
					if err != nil {
						t.Error(err)
					}
					req.Header.Set("Authorization", "Bearer "+bearer)
					req.Header.Set("Content-Type", "application/json")
					resp, err := http.DefaultClient.Do(req)
					if err != nil {
						answered <- answer{}
						return
					}
					defer resp.Body.Close()
					body, err := io.ReadAll(resp.Body)
					if err != nil {
						t.Error(err)
					}
					answered <- answer{resp.StatusCode, string(body)}
				}()
				_, goOn := pausedAt(t, file)
				signal(t, r, syscall.SIGTERM)
				await(t, 10*time.Second, "the first signal to be taken", func() bool { return strings.Contains(r.said(), "stopping") })
				await(t, 10*time.Second, "nobody else to be let in", func() bool { code, _ := r.get("/healthz"); return code == 0 })
				if c.second {
					signal(t, r, syscall.SIGTERM)
					s.awaitRollback(t)
				}
				if !c.hangs {
					goOn()
				}
				a := <-answered
				select {
				case <-r.ended:
				case <-time.After(20 * time.Second):
					t.Fatal("the server does not end")
				}
				if !c.second && (a.status != http.StatusOK || !strings.Contains(a.body, `"result":"closed"`) || r.cmd.ProcessState.ExitCode() != 0) {
					t.Errorf("answered %d %s, exit %d", a.status, a.body, r.cmd.ProcessState.ExitCode())
				}
				if c.second && a.status == http.StatusOK {
					t.Errorf("what rolled back is answered as done: %s", a.body)
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

// A job that runs when its process stops at once is not left "running", where
// River would find it much later: the next process takes it up.
func TestA_job_of_a_server_that_stops_at_once_is_taken_up_by_the_next(t *testing.T) {
	program := build(t, "")
	both(t, program, 40, func(t *testing.T, s *studio) {
		var hangs atomic.Bool
		hangs.Store(true)
		asked, told, over := make(chan struct{}, 9), make(chan string, 9), make(chan struct{})
		hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if hangs.Load() {
				asked <- struct{}{}
				<-over
				return
			}
			body, _ := io.ReadAll(r.Body)
			told <- string(body)
		}))
		t.Cleanup(hook.Close)
		t.Cleanup(func() { close(over) })
		notify := "EXTRATO_NOTIFY=generic://" + strings.TrimPrefix(hook.URL, "http://") + "/x?disabletls=yes"
		first := s.serve(t, s.url, notify)
		<-asked
		signal(t, first, syscall.SIGTERM)
		await(t, 10*time.Second, "the first signal to be taken", func() bool { return strings.Contains(first.said(), "stopping") })
		if !first.alive() {
			t.Error("it did not wait for its message")
		}
		signal(t, first, syscall.SIGTERM)
		select {
		case <-first.ended:
		case <-time.After(10 * time.Second):
			t.Fatal("the server does not end")
		}
		hangs.Store(false)
		s.serve(t, s.url, notify)
		select {
		case message := <-told:
			if !strings.Contains(message, month) {
				t.Errorf("told %q", message)
			}
		case <-time.After(40 * time.Second):
			t.Error("the message is not sent")
		}
	})
}
