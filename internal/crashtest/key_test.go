package crashtest

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Of three servers that get the same key, the one that closes the month is
// killed between its commit and its answer. Whoever asks again gets one answer.
func TestA_key_whose_server_is_killed_before_it_answers_is_answered_by_the_others(t *testing.T) {
	program := build(t, "stoppoints")
	s, _ := clusterStudio(t, program, 100)
	before, bearer := s.look(t), s.token(t)
	file := filepath.Join(s.dir, "paused")
	servers := map[int]*served{}
	for range 3 {
		r := s.serve(t, s.url, "ENABLE_MONTHLY_EXTRATO_JOB=false", "EXTRATO_PAUSE_AT=committed", "EXTRATO_PAUSE_FILE="+file)
		servers[r.cmd.Process.Pid] = r
	}
	var lock sync.Mutex
	bodies, replayed := map[string]int{}, 0
	ask := func(r *served) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base()+"/api/v1/months/"+month+"/close", strings.NewReader("{}"))
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "one")
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			return // it was killed
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		lock.Lock()
		defer lock.Unlock()
		if answer.StatusCode != http.StatusOK || err != nil {
			t.Errorf("%d %s, %v", answer.StatusCode, body, err)
		}
		bodies[string(body)]++
		if answer.Header.Get("Idempotency-Replayed") == "true" {
			replayed++
		}
	}
	var asked sync.WaitGroup
	for _, r := range servers {
		asked.Go(func() { ask(r) })
	}
	pid, goOn := pausedAt(t, file)
	signal(t, servers[pid], syscall.SIGKILL)
	<-servers[pid].ended
	goOn()
	asked.Wait()
	for of, r := range servers {
		if of != pid {
			ask(r)
		}
	}
	if len(bodies) != 1 || replayed != 4 {
		t.Errorf("%d of 4 answers were replayed, and they are %d: %v", replayed, len(bodies), bodies)
	}
	for of, r := range servers {
		if of != pid {
			signal(t, r, syscall.SIGTERM)
			<-r.ended
		}
	}
	if n := s.closings(t); n != 1 {
		t.Errorf("%d entries in the chain, want one close", n)
	}
	s.sound(t)
	s.conserved(t, before.all(t))
}
