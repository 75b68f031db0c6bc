package api_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"extrato/internal/api"
	"extrato/internal/auth"
	"extrato/internal/closing"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// beside returns another server on the same database, as another process has
// it: its own connections, its own memory.
func (s *v1Studio) beside(t *testing.T) *v1Studio {
	t.Helper()
	return s.besideBy(t, s.URL)
}

func (s *v1Studio) besideBy(t *testing.T, url string) *v1Studio {
	t.Helper()
	now := func() time.Time { return s.clock }
	other, err := store.Open(t.Context(), store.Options{URL: url, Zone: storetest.Zone, Now: now}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	if err := other.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	mine, recorder := s.server.Closer, *s.server.Recorder
	recorder.Store = other
	closer := closing.Closer{
		Store: other, Backups: mine.Backups, Schedule: mine.Schedule, CloseFrom: mine.CloseFrom, RequireBackup: mine.RequireBackup,
		Now: mine.Now, Log: mine.Log, SpoolDir: mine.SpoolDir, IgnoreServerClock: mine.IgnoreServerClock, Announce: mine.Announce,
	}
	server := &api.Server{
		Store: other, Log: s.server.Log, Now: now, Version: "test", Recorder: &recorder, Closer: &closer,
		Guard: auth.New(auth.Options{Store: other, Key: v1Key, Now: now, Log: s.server.Log}),
	}
	return &v1Studio{DB: s.DB, server: server, handler: server.Guard.Logins(server.Handler()), admin: s.admin, artist: s.artist, ana: s.ana, rui: s.rui, bia: s.bia}
}

// pausesAt makes the next close of this server wait at a step until goOn is
// called; reached tells that it is there.
func (s *v1Studio) pausesAt(step string) (reached <-chan struct{}, goOn func()) {
	there, leave := make(chan struct{}), make(chan struct{})
	var once, left sync.Once
	s.server.Closer.Step = func(now string) {
		if now == step {
			once.Do(func() { close(there); <-leave })
		}
	}
	return there, func() { left.Do(func() { close(leave) }) }
}

func TestOneKeySentToTwoServersTakesEffectOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-10-10", "450.00", `,"commission_percent":"60"`)
		other := s.beside(t)
		closer := s.token(t, auth.ScopeClose)
		for i, c := range []struct {
			path, body, count string
			who               caller
			status            int
		}{
			{"/tokens", `{"name":"fluxo","scopes":["read"]}`, "SELECT count(*) - 1 FROM " + own(s, "service_tokens"), s.admin, 201},
			{"/months/2025-10/close", `{}`, "SELECT count(*) FROM " + own(s, "closings"), closer, 200},
			{"/months/2025-10/reopen", `{"reason":"faltou um"}`, "SELECT count(*) - 1 FROM " + own(s, "closings"), s.admin, 200},
			{"/expenses", `{"date":"2025-11-01","amount":"1","method":"Pix"}`, "SELECT count(*) FROM gastos", s.admin, 201},
		} {
			answers, key := make([]answer, 8), fmt.Sprint("k", i)
			var wait sync.WaitGroup
			start := make(chan struct{})
			for i := range answers {
				wait.Go(func() {
					<-start
					answers[i] = []*v1Studio{s, other}[i%2].send(t, c.who, "POST", c.path, c.body, "Idempotency-Key", key)
				})
			}
			close(start)
			wait.Wait()
			fresh := 0
			for _, a := range answers {
				if a.status != c.status || a.text != answers[0].text {
					t.Errorf("%s: %d %s, want %d %s", c.path, a.status, a.text, c.status, answers[0].text)
				}
				if a.header.Get("Idempotency-Replayed") == "" {
					fresh++
				}
			}
			if n := s.Int(t, c.count); n != 1 || fresh != 1 {
				t.Errorf("%s: took effect %d times, %d first answers", c.path, n, fresh)
			}
		}
	})
}

func TestAKeyThatIsAtWorkElsewhereIsToldToComeAgain(t *testing.T) {
	defer api.KeyWaits(300*time.Millisecond, time.Hour)()
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-10-10", "450.00", "")
		other := s.beside(t)
		reached, goOn := s.pausesAt("locked")
		defer goOn()
		first := make(chan answer, 1)
		go func() {
			first <- s.send(t, s.admin, "POST", "/months/2025-10/close", `{}`, "Idempotency-Key", "k")
		}()
		<-reached
		a := other.refuses(t, s.admin, "POST", "/months/2025-10/close", `{}`, 409, "in_flight", "Idempotency-Key", "k")
		if a.header.Get("Retry-After") == "" {
			t.Error("it is not told when to come again")
		}
		for _, c := range [][2]string{{"/months/2025-10/close", `{"force":true}`}, {"/months/2025-09/close", `{}`}, {"/months/2025-10/reopen", `{"reason":"x"}`}, {"/tokens", `{"name":"x","scopes":["read"]}`}} {
			other.refuses(t, s.admin, "POST", c[0], c[1], 422, "idempotency_key_reused", "Idempotency-Key", "k")
		}
		goOn()
		closed := <-first
		if again := other.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200, "Idempotency-Key", "k"); closed.status != http.StatusOK || again.text != closed.text {
			t.Errorf("%d %s, then %s", closed.status, closed.text, again.text)
		}
		if n := s.Int(t, "SELECT count(*) FROM "+own(s, "closings")); n != 1 {
			t.Errorf("%d closings", n)
		}
	})
}

// A process that stands still is to the others like one that was killed.
func TestAKeyWhoseProcessDiesIsNotBlocked(t *testing.T) {
	defer api.KeyWaits(300*time.Millisecond, time.Hour)()
	for _, c := range []struct {
		name, step string
		replayed   string
	}{
		{"after the commit", "committed", "true"}, // the chain knows what it did
		{"before the transaction", "backed up", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *v1Studio) {
				s.pay(t, "2025-10-10", "450.00", "")
				other := s.beside(t)
				reached, goOn := s.pausesAt(c.step)
				defer goOn()
				first := make(chan answer, 1)
				go func() {
					first <- s.send(t, s.admin, "POST", "/months/2025-10/close", `{}`, "Idempotency-Key", "k")
				}()
				<-reached
				s.clock = s.clock.Add(store.ReservedFor + time.Second)
				// It still has the month's lock, which a killed process has not.
				patience := 5 * time.Second
				if c.replayed == "" {
					patience = 200 * time.Millisecond
				}
				defer time.AfterFunc(patience, goOn).Stop()
				second := other.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200, "Idempotency-Key", "k")
				wantFields(t, "the second answer", second, map[string]any{"result": "closed", "month": "2025-10"})
				goOn()
				if a := <-first; a.status != http.StatusOK || a.body["fingerprint"] != second.body["fingerprint"] {
					t.Errorf("the first, which was only slow: %d %s", a.status, a.text)
				}
				third := other.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200, "Idempotency-Key", "k")
				if third.text != second.text || c.replayed != "" && second.header.Get("Idempotency-Replayed") != c.replayed {
					t.Errorf("%s, then %s", second.text, third.text)
				}
				if n := s.Int(t, "SELECT count(*) FROM "+own(s, "closings")); n != 1 {
					t.Errorf("%d closings", n)
				}
			})
		})
	}
}

// What was reserved by a process that died before it did anything is done by
// the next that comes; and a refusal gives the key back at once.
func TestAKeyThatTookNoEffectIsGivenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-11-01", "450.00", "")
		for _, force := range []string{`{}`, `{"force":true}`} { // another body: nothing is kept of what was refused
			s.refuses(t, s.admin, "POST", "/months/2025-11/close", force, 409, "month_not_ended", "Idempotency-Key", "k")
		}
		if n := s.Int(t, "SELECT count(*) FROM "+own(s, "answers")); n != 0 {
			t.Errorf("%d answers are kept", n)
		}
		s.clock = s.clock.AddDate(0, 1, 0)
		s.do(t, s.admin, "POST", "/months/2025-11/close", `{}`, 200, "Idempotency-Key", "k")
	})
}
