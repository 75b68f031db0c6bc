package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The load: a studio with ten years of statements, a close in the middle,
// readers and writers, all as fast as they can.
const (
	loadReaders = 6
	loadWriters = 2
	loadYears   = 10
	loadMonth   = "2025-10"
	idleFor     = 20 * time.Second
)

// load measures a server of each database under load, and an idle one.
func load(ctx context.Context, o options, lasts time.Duration, dir, extrato string) error {
	var text strings.Builder
	text.WriteString("# A server under load\n\nWritten by `go run ./cmd/bench -load " + lasts.String() + "`.\n\n" +
		"| Database, rows of the month | Requests/s | Reads p50 | p99 | Writes p50 | p99 | Failed | Close | Peak memory | Start to ready | Idle memory | Idle CPU |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for i := range o.sizes {
		if err := loadSize(ctx, o, o.sizes[len(o.sizes)-1-i], lasts, dir, extrato, &text); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(o.out, "load.md"), []byte(text.String()), 0o644) //nolint:gosec // for everybody to read
}

// loadSize measures with a month of so many rows.
func loadSize(ctx context.Context, o options, rows int, lasts time.Duration, dir, extrato string, text *strings.Builder) error {
	for _, name := range o.databases {
		own, err := studioFolder(dir, name, rows)
		if err != nil {
			return err
		}
		d, err := newDatabase(o, name, own, extrato)
		if err != nil {
			return err
		}
		line, err := loadDatabase(ctx, o, d, rows, lasts, own, extrato)
		if err := errors.Join(err, d.close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintln(os.Stderr, line)
		text.WriteString(line + "\n")
	}
	return nil
}

func loadDatabase(ctx context.Context, o options, d database, rows int, lasts time.Duration, dir, extrato string) (string, error) {
	if err := d.prepare(ctx, monthOf(rows)); err != nil {
		return "", err
	}
	address, err := d.fresh(ctx)
	if err != nil {
		return "", err
	}
	if err := withDB(d, func(db *sql.DB) error { return fillYears(ctx, db, strings.HasPrefix(address, "postgres")) }); err != nil {
		return "", err
	}
	s, err := startServer(ctx, dir, extrato, address)
	if err != nil {
		return "", err
	}
	defer s.stop()
	if err := s.signIn(); err != nil {
		return "", err
	}
	if err := closeYears(s); err != nil {
		return "", err
	}
	if err := o.wait(); err != nil {
		return "", err
	}
	var reads, writes times64
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	var all sync.WaitGroup
	for range loadReaders {
		all.Go(func() { reads.during(ctx, s.read) })
	}
	for range loadWriters {
		all.Go(func() { writes.during(ctx, s.write) })
	}
	time.Sleep(lasts / 2)
	began := time.Now()
	status, err := s.post("/api/v1/months/"+loadMonth+"/close", "{}")
	closed := time.Since(began)
	if err != nil || status != http.StatusOK {
		return "", fmt.Errorf("close %s under load: %d %w", loadMonth, status, err)
	}
	all.Wait()
	peak := s.memory("VmHWM")
	reads.printPaths()
	fails := slices.Concat(reads.failed, writes.failed)
	for _, f := range fails[:min(len(fails), 5)] {
		fmt.Fprintln(os.Stderr, "failed:", f)
	}
	idle, err := measureIdle(dir, extrato)
	if err != nil {
		return "", err
	}
	n := len(reads.took) + len(writes.took)
	return fmt.Sprintf("| %s, %s | %.0f | %s | %s | %s | %s | %d of %d | %.1f s | %d MiB | %s |", d.name(), thousands(rows), float64(n)/lasts.Seconds(),
		reads.at(.5), reads.at(.99), writes.at(.5), writes.at(.99), len(fails), n+len(fails), closed.Seconds(), peak>>20, idle), nil
}

// printPaths prints the times of each path, if BENCH_PATHS asks for them.
func (t *times64) printPaths() {
	if os.Getenv("BENCH_PATHS") == "" {
		return
	}
	for path, took := range t.byPath {
		slices.Sort(took)
		fmt.Fprintf(os.Stderr, "%-30s %6d  p50 %8s  p99 %8s max %s\n", path, len(took), took[len(took)/2].Round(100*time.Microsecond), took[len(took)*99/100].Round(100*time.Microsecond), took[len(took)-1].Round(time.Millisecond))
	}
}

// closeYears closes the months of loadYears before the one closed under load.
func closeYears(s *serving) error {
	last := time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC)
	for m := last.AddDate(-loadYears, 0, 0); m.Before(last); m = m.AddDate(0, 1, 0) {
		if status, err := s.post("/api/v1/months/"+m.Format("2006-01")+"/close", "{}"); err != nil || status != http.StatusOK {
			return fmt.Errorf("close %s: %d %w", m.Format("2006-01"), status, err)
		}
	}
	return nil
}

// fillYears adds a hundred payments to each month of the ten years before.
func fillYears(ctx context.Context, db *sql.DB, postgres bool) error {
	id := 50_000_000
	for m := time.Date(2025-loadYears, 10, 1, 0, 0, 0, 0, time.UTC); m.Year() < 2025 || m.Month() < 9; m = m.AddDate(0, 1, 0) {
		var rows []string
		for i := range 100 {
			id++
			day := m.AddDate(0, 0, i%28).Format(time.DateOnly)
			rows = append(rows, fmt.Sprintf("(%d, '%s', %d.50, 'Pix', 1, 1, '%s 12:00:00.000000')", id, day, 100+i, day))
		}
		if _, err := db.ExecContext(ctx, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, cliente_id, created_at) VALUES "+strings.Join(rows, ", ")); err != nil { //nolint:gosec // our own values
			return err
		}
	}
	if !postgres {
		return nil
	}
	return raiseSequences(ctx, db)
}

// raiseSequences raises PostgreSQL's sequences above the loaded ids.
func raiseSequences(ctx context.Context, db *sql.DB) error {
	for _, table := range []string{"users", "clients", "pagamentos", "sessoes", "comissoes", "gastos"} {
		if _, err := db.ExecContext(ctx, "SELECT setval(pg_get_serial_sequence('"+table+"', 'id'), (SELECT max(id) FROM "+table+"))"); err != nil { //nolint:gosec // names of our own
			return err
		}
	}
	return nil
}

// times64 keeps how long requests took.
type times64 struct {
	lock   sync.Mutex
	took   []time.Duration
	byPath map[string][]time.Duration
	first  map[string]time.Duration // with -reads
	failed []string
}

// during sends requests until ctx ends.
func (t *times64) during(ctx context.Context, request func() (string, int, error)) {
	for ctx.Err() == nil {
		began := time.Now()
		path, status, err := request()
		took := time.Since(began)
		t.add(path, status, err, took)
	}
}

func (t *times64) add(path string, status int, err error, took time.Duration) {
	t.lock.Lock()
	defer t.lock.Unlock()
	if err != nil || status >= http.StatusBadRequest {
		t.failed = append(t.failed, fmt.Sprintf("%s: %d %v", path, status, err))
		return
	}
	t.took = append(t.took, took)
	if t.byPath == nil {
		t.byPath = map[string][]time.Duration{}
	}
	t.byPath[path] = append(t.byPath[path], took)
}

func (t *times64) at(part float64) string {
	if len(t.took) == 0 {
		return "–"
	}
	slices.Sort(t.took)
	return fmt.Sprintf("%.1f ms", t.took[int(float64(len(t.took)-1)*part)].Seconds()*1000)
}

// serving is a running server with an admin's login.
type serving struct {
	cmd    *exec.Cmd
	base   string
	url    string // of the database
	client *http.Client
	ready  time.Duration
}

// startServer starts a server without the monthly job.
func startServer(ctx context.Context, dir, extrato, address string) (*serving, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	_ = listener.Close()
	env := append(environment(dir, address), "JWT_SECRET_KEY="+strings.Repeat("k", 40), "PORT="+port, "ENABLE_MONTHLY_EXTRATO_JOB=false", "LOG_LEVEL=warn")
	add := exec.CommandContext(ctx, extrato, "user", "add", "eva@example.com", "--name", "Eva", "--password-stdin")
	add.Env, add.Dir, add.Stdin = env, dir, strings.NewReader("correct horse battery\n")
	if out, err := add.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("user add: %w\n%s", err, out)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	s := &serving{base: "http://127.0.0.1:" + port, url: address, client: &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), extrato, "serve")
	s.cmd.Env, s.cmd.Dir, s.cmd.Stderr = env, dir, os.Stderr
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for {
		if status, err := s.get("/readyz"); err == nil && status == http.StatusOK {
			break
		}
		if time.Since(began) > time.Minute {
			s.stop()
			return nil, errors.New("the server does not become ready")
		}
		time.Sleep(time.Millisecond)
	}
	s.ready = time.Since(began)
	return s, nil
}

// signIn gives the client a login.
func (s *serving) signIn() error {
	resp, err := s.client.PostForm(s.base+"/login", url.Values{"email": {"eva@example.com"}, "password": {"correct horse battery"}}) //nolint:noctx // the client has a time limit
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func (s *serving) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	_ = s.cmd.Wait()
}

func (s *serving) get(path string) (int, error) { return s.answer(s.client.Get(s.base + path)) } //nolint:noctx,gosec // our own server; the client has a time limit, answer closes

func (s *serving) post(path, body string) (int, error) {
	return s.answer(s.client.Post(s.base+path, "application/json", strings.NewReader(body))) //nolint:noctx,gosec,nolintlint // as above; gosec sees it in some runs only
}

func (s *serving) answer(resp *http.Response, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// read sends a typical read of pages and programs.
func (s *serving) read() (path string, status int, err error) {
	month := time.Date(2025-loadYears, 10, 1, 0, 0, 0, 0, time.UTC).AddDate(0, rand.IntN(12*loadYears-1), 0).Format("2006-01") //nolint:gosec // any month will do
	paths := []string{
		"/api/v1/months", "/api/v1/months/" + month, "/api/v1/months/" + month + "/statement", "/api/v1/payments", "/api/v1/sessions",
		"/api/v1/clients", "/api/v1/closings", "/health/extrato", "/readyz",
	}
	path = paths[rand.IntN(len(paths))] //nolint:gosec // any path will do
	status, err = s.get(path)
	return strings.Replace(path, month, "{month}", 1), status, err
}

// write records a payment in the running month.
func (s *serving) write() (path string, status int, err error) {
	body, err := json.Marshal(map[string]any{
		"date": time.Now().Format(time.DateOnly), "amount": "450.00", "method": "Pix", "artist_id": 1, "client_id": 1, "commission_percent": "50",
	})
	if err != nil {
		return "", 0, err
	}
	status, err = s.answer(s.client.Post(s.base+"/api/v1/payments", "application/json", bytes.NewReader(body))) //nolint:noctx // as above
	return "POST /api/v1/payments", status, err
}

// memory returns a figure of the process in bytes, where the system tells.
func (s *serving) memory(name string) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid)) //nolint:gosec,nolintlint // our own process; gosec sees it in some runs only
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// measureIdle starts a server on a new SQLite file and leaves it alone.
func measureIdle(dir, extrato string) (string, error) {
	folder, err := os.MkdirTemp(dir, "idle-")
	if err != nil {
		return "", err
	}
	s, err := startServer(context.Background(), folder, extrato, "sqlite:///"+folder+"/extrato.db")
	if err != nil {
		return "", err
	}
	time.Sleep(5 * time.Second)
	before := s.processor()
	time.Sleep(idleFor)
	used := s.processor() - before
	resting := s.memory("VmRSS")
	s.stop()
	return fmt.Sprintf("%d ms | %d MiB | %.2f %%", s.ready.Milliseconds(), resting>>20, 100*used.Seconds()/idleFor.Seconds()), nil
}

// processor returns the process's CPU time so far.
func (s *serving) processor() time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // a hundredth of a second each
}
