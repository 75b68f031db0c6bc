//go:build linux

package crashtest

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"extrato/internal/store/storetest"
)

const (
	admin    = "eva@example.com"
	password = "correct horse battery"
	recorded = 6
)

// recording is a server at which payments are recorded, each with a key.
var recording = act{
	deed: deed{name: "record", prepare: withAdmin}, perform: record, check: checkRecorded, on: sqliteOnly,
}

// withAdmin gives somebody a login.
func withAdmin(t *testing.T, s *studio) {
	cmd := exec.Command(s.program, "user", "add", admin, "--name", "Eva", "--password-stdin")
	cmd.Dir, cmd.Env = s.dir, []string{"HOME=" + s.dir, "DATABASE_URL=" + s.url, "EXTRATO_BACKUPS=" + s.folder()}
	cmd.Stdin = strings.NewReader(password + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// record starts a server, sends payments until they are all answered or it is
// gone, and kills it. tr.acked are the ones answered as recorded.
func record(tr *trial, s *studio) *ran {
	tr.acked = nil
	port := freePort(tr.T)
	r := tr.start(s, []string{
		"JWT_SECRET_KEY=" + strings.Repeat("k", 40), "PORT=" + port, "LOG_FORMAT=json", "EXTRATO_RATE_LIMIT=off", "ENABLE_MONTHLY_EXTRATO_JOB=false",
	}, "serve")
	ended := make(chan struct{})
	go func() { _ = r.cmd.Wait(); close(ended) }()
	base := "http://127.0.0.1:" + port
	if client := signIn(base, ended); client != nil {
		for n := range recorded {
			if status, _ := pay(client, base, n); status == http.StatusCreated {
				tr.acked = append(tr.acked, n)
			}
		}
	}
	select {
	case <-ended:
		r.code = r.cmd.ProcessState.ExitCode()
		return r
	default:
	}
	_ = r.cmd.Process.Signal(syscall.SIGKILL)
	<-ended
	if len(tr.acked) < recorded {
		r.code = 1
	}
	return r
}

// signIn logs in once the server answers; nil if it ends before, or refuses.
func signIn(base string, ended <-chan struct{}) *http.Client {
	jar, _ := cookiejar.New(nil) // never fails
	client := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		answer, err := client.PostForm(base+"/login", url.Values{"email": {admin}, "password": {password}})
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return client
			}
			return nil
		}
		select {
		case <-ended:
			return nil
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// pay records the n-th payment, and returns status and body of the answer.
func pay(client *http.Client, base string, n int) (int, string) {
	body := fmt.Sprintf(`{"date":%q,"amount":"%d.05","confirm":["unusual_amount"],"method":"Pix","artist_id":1,"note":"trial %d"}`,
		time.Now().In(storetest.Zone).Format(time.DateOnly), 7+n, n)
	req, err := http.NewRequest(http.MethodPost, base+"/api/v1/payments", strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", fmt.Sprintf("trial-%d", n))
	answer, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}

// checkRecorded: what was acknowledged is there, once. The others are there once
// when they are sent again with their keys.
func checkRecorded(tr *trial, s *studio, r *ran, _ bool) {
	t := tr.T
	t.Helper()
	s.sound(t)
	found := s.payments(t)
	for _, n := range tr.acked {
		if found[n] != 1 {
			t.Fatalf("payment %d was acknowledged and is there %d times\n%v", n, found[n], r)
		}
	}
	for n, times := range found {
		if times > 1 {
			t.Fatalf("payment %d is there %d times", n, times)
		}
	}
	next := s.serve(t, s.url, "ENABLE_MONTHLY_EXTRATO_JOB=false")
	client := signIn(next.base(), next.ended)
	if client == nil {
		t.Fatal("nobody can sign in")
	}
	for n := range recorded {
		if status, body := pay(client, next.base(), n); status != http.StatusCreated {
			t.Fatalf("payment %d, sent again: %d %s", n, status, body)
		}
	}
	found = s.payments(t)
	for n := range recorded {
		if found[n] != 1 {
			t.Fatalf("payment %d was sent again and is there %d times", n, found[n])
		}
	}
	signal(t, next, syscall.SIGTERM)
	<-next.ended
	for k, row := range tr.ready.prepared.look(t).live {
		if s.look(t).live[k] != row {
			t.Fatalf("%s has changed", k)
		}
	}
}

// payments counts the recorded ones.
func (s *studio) payments(t *testing.T) map[int]int {
	t.Helper()
	db := s.connect(t)
	defer db.Close()
	found := map[int]int{}
	each(t, db, "SELECT observacoes FROM pagamentos WHERE observacoes LIKE 'trial %'", func(values []sql.NullString) {
		var n int
		if _, err := fmt.Sscanf(values[0].String, "trial %d", &n); err != nil {
			t.Fatal(err)
		}
		found[n]++
	})
	return found
}
