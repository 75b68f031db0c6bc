package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/api"
	"extrato/internal/auth"
	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/logtest"
	"extrato/internal/recording"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

const v1Key = "0123456789abcdef0123456789abcdef"

// v1Studio is a server of /api/v1 with an admin, an artist (both with logins),
// another artist, and a client.
type v1Studio struct {
	*storetest.DB
	server  *api.Server
	handler http.Handler
	clock   time.Time
	log     bytes.Buffer

	admin, artist caller
	ana, rui      int64 // artists
	bia           int64 // client
}

// caller is what a request carries to say who it comes from.
type caller struct{ header, value string }

// onBoth runs a test in a new studio on each database, on 2 November 2025.
func onBoth(t *testing.T, test func(*testing.T, *v1Studio)) {
	t.Helper()
	var current *v1Studio
	clock := func() time.Time {
		if current == nil {
			return time.Date(2025, 11, 2, 12, 0, 0, 0, storetest.Zone)
		}
		return current.clock
	}
	storetest.Both(t, clock, func(t *testing.T, db *storetest.DB) {
		s := newV1Studio(t, db, clock)
		current = s
		defer func() { current = nil }()
		test(t, s)
	})
}

func newV1Studio(t testing.TB, db *storetest.DB, clock func() time.Time) *v1Studio {
	t.Helper()
	s := &v1Studio{DB: db, clock: clock()}
	now := func() time.Time { return s.clock }
	schedule, err := books.ParseSchedule("0 2 1 * *")
	if err != nil {
		t.Fatal(err)
	}
	log := logtest.New(t, &s.log)
	if err := auth.EnsureServiceAccount(t.Context(), db.Store); err != nil {
		t.Fatal(err)
	}
	s.server = &api.Server{
		Store: db.Store, Log: log, Now: now, Version: "test", Recorder: &recording.Recorder{Store: db.Store, Now: now},
		Guard: auth.New(auth.Options{Store: db.Store, Key: v1Key, Now: now, Log: log}),
		Closer: &closing.Closer{
			Store: db.Store, Schedule: schedule, RequireBackup: true, Now: now, SpoolDir: t.TempDir(), Log: log, IgnoreServerClock: true,
			Backups: &backup.Backups{Bucket: bucket.NewFolder(filepath.Join(t.TempDir(), "backups"), nil), Now: now, Zone: storetest.Zone, Program: "test"},
		},
	}
	s.handler = s.server.Guard.Logins(s.server.Handler())
	t.Cleanup(func() { tellsNothing(t, "the log of the whole test", s.log.String()) })
	s.admin = s.login(t, "eva@studio.test", "admin")
	s.artist = s.login(t, "ana@studio.test", "artist")
	s.ana = s.user(t, "ana@studio.test")
	s.rui = s.id(t, s.do(t, s.admin, "POST", "/artists", `{"name":"Rui"}`, 201))
	s.bia = s.id(t, s.do(t, s.admin, "POST", "/clients", `{"name":"Bia"}`, 201))
	return s
}

// tellsNothing asserts that a text holds no secret and no client's name.
func tellsNothing(t testing.TB, what, text string) {
	t.Helper()
	for _, secret := range []string{v1Key, "eyJ", "correct horse", "argon2id", "Bia", "Bearer "} {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%s holds %q: %s", what, secret, text[max(0, i-200):min(len(text), i+100)])
		}
	}
}

// login adds a user and signs in.
func (s *v1Studio) login(t testing.TB, email, role string) caller {
	t.Helper()
	const password = "correct horse battery"
	_, err := auth.AddUser(t.Context(), s.Store, store.User{Email: email, Name: strings.ToUpper(email[:1]) + email[1:3], Role: role, Active: true}, password)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.server.Guard.Logins(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { err = s.server.Guard.SignIn(r, email, password) })).
		ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
	if err != nil || len(w.Result().Cookies()) == 0 {
		t.Fatalf("%v, %v", err, w.Result().Cookies())
	}
	c := w.Result().Cookies()[0]
	return caller{"Cookie", c.Name + "=" + c.Value}
}

func (s *v1Studio) user(t testing.TB, email string) int64 {
	t.Helper()
	return s.Int(t, "SELECT id FROM users WHERE email = $1", email)
}

// token makes a service token.
func (s *v1Studio) token(t testing.TB, scopes ...auth.Scope) caller {
	t.Helper()
	text, _, err := s.server.Guard.Issue(t.Context(), "teste", scopes, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	return caller{"Authorization", "Bearer " + text}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// send sends a request below /api/v1; more are headers, name and value in turn.
func (s *v1Studio) send(t testing.TB, who caller, method, path, body string, more ...string) answer {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(books.WithCorrelationID(t.Context(), "teste-1234"), method, "/api/v1"+path, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if who.header != "" {
		r.Header.Set(who.header, who.value)
	}
	for i := 0; i+1 < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), text: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.body)
	if a.status >= 400 {
		wantProblem(t, method+" "+path, a)
	}
	return a
}

// do sends a request and fails the test if the status is another.
func (s *v1Studio) do(t testing.TB, who caller, method, path, body string, status int, more ...string) answer {
	t.Helper()
	a := s.send(t, who, method, path, body, more...)
	if a.status != status {
		t.Fatalf("%s %s %s: %d, want %d: %s", method, path, body, a.status, status, a.text)
	}
	return a
}

// refuses sends a request that is answered with this status and code.
func (s *v1Studio) refuses(t testing.TB, who caller, method, path, body string, status int, code string, more ...string) answer {
	t.Helper()
	a := s.do(t, who, method, path, body, status, more...)
	if a.body["code"] != code {
		t.Errorf("%s %s: code %v, want %s: %s", method, path, a.body["code"], code, a.text)
	}
	return a
}

// wantProblem asserts that an answer is a problem document that tells nothing
// of what is below.
func wantProblem(t testing.TB, what string, a answer) {
	t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s: %d comes as %q: %s", what, a.status, got, a.text)
	}
	for _, key := range []string{"type", "title", "detail", "code", "kind", "hint", "correlation_id"} {
		if text, _ := a.body[key].(string); text == "" {
			t.Errorf("%s: the problem has no %s: %s", what, key, a.text)
		}
	}
	if fmt.Sprint(a.body["status"]) != fmt.Sprint(a.status) {
		t.Errorf("%s: the problem says %v, the answer %d", what, a.body["status"], a.status)
	}
	tellsNothing(t, what, a.text)
	for _, word := range []string{"SELECT", "INSERT", "SQLSTATE", "constraint", "goroutine", "eyJ"} {
		if strings.Contains(a.text, word) {
			t.Errorf("%s: the problem tells too much: %s", what, a.text)
		}
	}
}

func (s *v1Studio) id(t testing.TB, a answer) int64 {
	t.Helper()
	id, ok := a.body["id"].(float64)
	if !ok {
		t.Fatalf("no id in %s", a.text)
	}
	return int64(id)
}

// sure answers every question about a payment with yes.
const sure = `,"confirm":["equal_payment","far_day","unusual_amount"]`

// pay writes a payment of Ana's down and returns its path and the answer.
func (s *v1Studio) pay(t testing.TB, day, amount string, more string) (string, answer) {
	t.Helper()
	a := s.do(t, s.admin, "POST", "/payments", fmt.Sprintf(`{"date":%q,"amount":%q,"method":"Pix","artist_id":%d,"client_id":%d%s}`, day, amount, s.ana, s.bia, more+sure), 201)
	return fmt.Sprintf("/payments/%d", s.id(t, a)), a
}

// items returns the items of a list.
func items(a answer) []map[string]any {
	list, _ := a.body["items"].([]any)
	var all []map[string]any
	for _, item := range list {
		all = append(all, item.(map[string]any))
	}
	return all
}

// dump returns all live rows and statements.
func (s *v1Studio) dump(t testing.TB) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"pagamentos", "sessoes", "comissoes", "gastos", "clients", "users", "extratos"} {
		rows, err := s.SQL.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, dest := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&all, "%s %v\n", table, values)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	return all.String()
}

// raw sends a request without anything.
func (s *v1Studio) raw(t testing.TB, method, path string) answer {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return answer{status: w.Code, header: w.Header(), text: w.Body.String()}
}
