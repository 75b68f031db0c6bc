package api_test

import (
	"fmt"
	"net/http"
	"strings"
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

func TestOne_key_sent_to_three_servers_takes_effect_once(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-10-10", "450.00", `,"commission_percent":"60"`)
		servers := []*v1Studio{s, s.beside(t), s.beside(t)}
		closer := s.token(t, auth.ScopeClose)
		for i, c := range []struct {
			path, body, count string
			who               caller
			status            int
		}{
			{"/tokens", `{"name":"fluxo","scopes":["read"]}`, "SELECT count(*) - 1 FROM " + own(s, "service_tokens"), s.admin, 201},
			{"/months/2025-10/close", `{}`, "SELECT count(*) FROM " + own(s, "closings"), closer, 200},
			{"/months/2025-10/reopen", `{"reason":"faltou um"}`, "SELECT count(*) - 1 FROM " + own(s, "closings"), s.admin, 200},
			{"/expenses", `{"date":"2025-11-01","amount":"1","method":"Pix","description":"Tinta"}`, "SELECT count(*) FROM gastos", s.admin, 201},
		} {
			answers, key := make([]answer, 9), fmt.Sprint("k", i)
			var wait sync.WaitGroup
			start := make(chan struct{})
			for i := range answers {
				wait.Go(func() {
					<-start
					answers[i] = servers[i%3].send(t, c.who, "POST", c.path, c.body, "Idempotency-Key", key)
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

// Whoever comes while the request is being done waits, and gets the same answer.
func TestA_key_that_is_at_work_elsewhere_is_waited_for(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-10-10", "450.00", "")
		other := s.beside(t)
		for i, c := range []struct{ path, body, step string }{
			{"/months/2025-10/close", `{}`, "locked"},
			{"/months/2025-10/reopen", `{"reason":"faltou um"}`, "locked"},
			{"/months/2025-10/close", `{}`, "committed"},
		} {
			key := fmt.Sprint("k", i)
			reached, goOn := s.pausesAt(c.step)
			defer goOn()
			first, second := make(chan answer, 1), make(chan answer, 1)
			go func() { first <- s.send(t, s.admin, "POST", c.path, c.body, "Idempotency-Key", key) }()
			<-reached
			waits := make(chan struct{})
			var once sync.Once
			other.server.Closer.Step = func(step string) {
				if strings.HasPrefix(step, "waiting for") {
					once.Do(func() { close(waits) })
				}
			}
			go func() { second <- other.send(t, s.admin, "POST", c.path, c.body, "Idempotency-Key", key) }()
			if c.step == "locked" { // after the commit there is nothing to wait for
				<-waits
				goOn()
			}
			again := <-second
			goOn()
			done := <-first
			if done.status != http.StatusOK || again.status != http.StatusOK || again.text != done.text || again.header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("%s: %d %s, then %d %s", c.path, done.status, done.text, again.status, again.text)
			}
			if n := s.Int(t, "SELECT count(*) FROM "+own(s, "closings")); n != int64(i)+1 {
				t.Errorf("%d closings after %d requests", n, i+1)
			}
			if n := s.Int(t, "SELECT count(*) FROM "+own(s, "runs")); n != int64(i)+1 {
				t.Errorf("%d runs are recorded of %d requests", n, i+1)
			}
			for _, c := range [][2]string{{"/months/2025-10/close", `{"force":true}`}, {"/months/2025-09/close", `{}`}, {"/months/2025-10/reopen", `{"reason":"x"}`}, {"/tokens", `{"name":"x","scopes":["read"]}`}} {
				other.refuses(t, s.admin, "POST", c[0], c[1], 422, "idempotency_key_reused", "Idempotency-Key", key)
			}
		}
	})
}

// An act that is done again by others is not done twice for one key.
func TestA_key_whose_act_was_undone_meanwhile_is_not_done_again(t *testing.T) {
	onBoth(t, func(t *testing.T, s *v1Studio) {
		s.pay(t, "2025-10-10", "450.00", "")
		first := s.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200, "Idempotency-Key", "k")
		s.do(t, s.admin, "POST", "/months/2025-10/reopen", `{"reason":"x"}`, 200)
		again := s.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200, "Idempotency-Key", "k")
		if first.text != again.text || s.Int(t, "SELECT count(*) FROM extratos") != 0 {
			t.Errorf("%s, then %s", first.text, again.text)
		}
		// With force and nothing late nothing is done, and that is the answer, too.
		s.do(t, s.admin, "POST", "/months/2025-10/close", `{}`, 200)
		nothing := s.do(t, s.admin, "POST", "/months/2025-10/close", `{"force":true}`, 200, "Idempotency-Key", "f")
		s.Exec(t, "INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, created_at) VALUES ('2025-10-10', 7, 'Pix', $1, '2025-10-10 12:00:00.000000')", s.ana)
		if again := s.do(t, s.admin, "POST", "/months/2025-10/close", `{"force":true}`, 200, "Idempotency-Key", "f"); again.text != nothing.text {
			t.Errorf("%s, then %s", nothing.text, again.text)
		}
		if n := s.Int(t, "SELECT count(*) FROM pagamentos"); n != 1 {
			t.Errorf("%d payments are late", n)
		}
	})
}

// What was refused is not kept.
func TestA_key_that_took_no_effect_is_given_back(t *testing.T) {
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
