package crashtest

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// build builds the program that people use or, with the tag stoppoints, the
// one that can be told where to die.
func build(t *testing.T, tags string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "extrato")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-tags", tags, "-o", program, "./cmd/extrato")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// both runs a test on both databases at once. make returns the studio that the
// test begins with, its month open and full.
func both(t *testing.T, program string, rows int, test func(*testing.T, *studio)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB, func() time.Time) *storetest.DB{
		"sqlite": storetest.SQLite, "postgres": storetest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newStudio(t, program, rows, open))
		})
	}
}

// newStudio makes a studio, its month open and full, on a database of its own.
func newStudio(t *testing.T, program string, rows int, open func(testing.TB, func() time.Time) *storetest.DB) *studio {
	t.Helper()
	db := open(t, time.Now)
	if db.Path == "" {
		// It is the program that dies, not the server: what the server wrote stays.
		db.Exec(t, "ALTER SYSTEM SET fsync = off")
		db.Exec(t, "SELECT pg_reload_conf()")
	}
	fill(t, db, rows)
	db.Store.Close()
	if err := db.SQL.Close(); err != nil {
		t.Fatal(err)
	}
	return &studio{program: program, url: db.URL, path: db.Path, dir: t.TempDir()}
}

// month is the one that ended last, so that it is due; before and after are its
// neighbours.
var month, before, after = func() (string, string, string) {
	now := time.Now().In(storetest.Zone)
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	form := func(n int) string { return first.AddDate(0, n, 0).Format("2006-01") }
	return form(-1), form(-2), form(0)
}()

// fill records a month of about so many rows: payments, sessions linked in one
// direction or both, deposits whose balance is in a neighbouring month,
// commissions with and without a payment, expenses; and some in each neighbour.
func fill(t *testing.T, db *storetest.DB, rows int) {
	t.Helper()
	tx, err := db.SQL.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	exec := func(query string, args ...any) {
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	exec("INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (1, 'Ana', 'artist', TRUE, FALSE)")
	exec("INSERT INTO clients (id, name) VALUES (1, '=Bia; \"x\"')")
	n := rows / 4
	for i := 1; i <= n; i++ {
		day := fmt.Sprintf("%s-%02d", month, 1+i%28)
		if i%10 == 0 {
			day = []string{before, after}[i/10%2] + "-15"
		}
		exec(`INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, observacoes, created_at)
			VALUES ($1, $2, '450.00', 1, 1, 'paid', $3, '2020-01-01 12:00:00')`, i, before+"-20", "linha\r\n\"✂️\"")
		exec(`INSERT INTO pagamentos (id, data, valor, forma_pagamento, cliente_id, artista_id, sessao_id, observacoes, created_at)
			VALUES ($1, $2, $3, 'Pix', 1, 1, $4, $5, '2020-01-01 12:00:00.123456')`, i, day, fmt.Sprintf("%d.%02d", i, i%100), sessionOf(i), "")
		exec(`INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES ($1, $2, 1, '60.00', $3, $4)`,
			i, nullable(i, i%3 != 0), fmt.Sprintf("0.%02d", i%100), month+[]string{"-01 02:59:59.999999", "-01 03:00:00", "-20 12:00:00"}[i%3]+zone(db))
		exec(`INSERT INTO gastos (id, data, valor, descricao, forma_pagamento, created_by, created_at)
			VALUES ($1, $2, '0.10', NULL, 'Dinheiro', 1, '2020-01-01 12:00:00')`, i, day)
	}
	exec("UPDATE sessoes SET payment_id = id WHERE id % 4 <> 1")
	if db.Path == "" {
		for _, table := range []string{"sessoes", "pagamentos", "comissoes", "gastos", "users", "clients"} {
			exec("SELECT setval(pg_get_serial_sequence('" + table + "', 'id'), 100000)")
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// sessionOf links a payment to its own session, to the one before it (a deposit
// and its balance), or to none.
func sessionOf(i int) any {
	switch {
	case i%5 == 0:
		return nullable(i-1, true)
	case i%7 == 0:
		return nil
	}
	return i
}

func nullable(i int, ok bool) any {
	if !ok {
		return nil
	}
	return i
}

func zone(db *storetest.DB) string {
	if db.Path == "" {
		return "+00"
	}
	return ""
}

// studio is a database and a folder of backups.
type studio struct {
	program, url, path, dir string
	home                    string   // where the program is started; "": dir
	env                     []string // of every program started
	wrapped                 []string // a command that starts the program, such as strace
}

// own returns the name of one of the program's own tables.
func (s *studio) own(table string) string {
	if s.path == "" {
		return "extrato." + table
	}
	return table
}

func (s *studio) folder() string { return filepath.Join(s.dir, "backups") }

var copies atomic.Int64

// clone returns a copy of a studio at which nobody works.
func (s *studio) clone(t *testing.T) *studio {
	t.Helper()
	c := &studio{program: s.program, dir: t.TempDir()}
	if _, err := os.Stat(s.folder()); err == nil {
		if err := os.CopyFS(c.folder(), os.DirFS(s.folder())); err != nil {
			t.Fatal(err)
		}
	}
	if s.path != "" {
		c.path = filepath.Join(c.dir, "extrato.db")
		c.url = "sqlite:///" + c.path
		if _, err := os.Stat(s.path + "-wal"); err == nil {
			t.Fatal("somebody still works at the database that is copied")
		}
		text, err := os.ReadFile(s.path)
		if errors.Is(err, fs.ErrNotExist) {
			return s.moved(t, c.dir) // it has no database yet
		}
		if err == nil {
			err = os.WriteFile(c.path, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	s.awaitQuiet(t)
	name := fmt.Sprintf("crash_%d", copies.Add(1))
	c.url = withDatabase(t, s.url, name)
	s.admin(t, "CREATE DATABASE "+name+" TEMPLATE "+databaseOf(t, s.url))
	t.Cleanup(func() { s.admin(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return c
}

// moved returns the studio as it is when its files are somewhere else.
func (s *studio) moved(t *testing.T, dir string) *studio {
	t.Helper()
	m := *s
	m.dir = dir
	if s.path != "" {
		within, err := filepath.Rel(s.dir, s.path)
		if err != nil {
			t.Fatal(err)
		}
		m.path = filepath.Join(dir, within)
		m.url = "sqlite:///" + m.path
	}
	return &m
}

func databaseOf(t *testing.T, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

func withDatabase(t *testing.T, address, name string) string {
	return strings.Replace(address, "/"+databaseOf(t, address)+"?", "/"+name+"?", 1)
}

// admin runs a statement on PostgreSQL beside the studios.
func (s *studio) admin(t *testing.T, query string) {
	t.Helper()
	db := open(t, "pgx", withDatabase(t, s.url, "postgres"))
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), query); err != nil {
		t.Errorf("%s: %v", query, err)
	}
}

// awaitQuiet waits until PostgreSQL has noticed that a killed program is gone:
// until then its last statement may still run.
func (s *studio) awaitQuiet(t *testing.T) {
	t.Helper()
	if s.path != "" {
		return
	}
	db := open(t, "pgx", withDatabase(t, s.url, "postgres"))
	defer db.Close()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		var n int
		err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = $1", databaseOf(t, s.url)).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	t.Fatal("PostgreSQL still works for a program that is gone")
}

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// connect opens a connection beside the program's.
func (s *studio) connect(t *testing.T) *sql.DB {
	t.Helper()
	if s.path == "" {
		return open(t, "pgx", s.url)
	}
	return open(t, "sqlite", "file:"+s.path+"?_pragma=busy_timeout(15000)&_pragma=foreign_keys(1)")
}

func (s *studio) exec(t *testing.T, query string) {
	t.Helper()
	db := s.connect(t)
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// ran is what a process came to.
type ran struct {
	args           []string
	code           int // -1: killed by a signal
	stdout, stderr bytes.Buffer
	cmd            *exec.Cmd
}

func (r *ran) String() string {
	return fmt.Sprintf("extrato %s: exit %d\n%s%s", strings.Join(r.args, " "), r.code, &r.stdout, &r.stderr)
}

// start starts the program.
func (s *studio) start(t *testing.T, env []string, args ...string) *ran {
	t.Helper()
	return s.startTo(t, nil, env, args...)
}

// startTo starts the program, whose stderr goes to a file if one is given.
func (s *studio) startTo(t *testing.T, log *os.File, env []string, args ...string) *ran {
	t.Helper()
	command := slices.Concat(s.wrapped, []string{s.program}, args)
	r := &ran{args: args, cmd: exec.Command(command[0], command[1:]...)}
	r.cmd.Dir = cmp.Or(s.home, s.dir)
	r.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.cmd.Dir, "USER=test", "TZ=America/Sao_Paulo", "DATABASE_URL=" + s.url,
		"EXTRATO_BACKUPS=" + s.folder(), "EXTRATO_CLOSE_FROM=" + month, "EXTRATO_SCHEDULE=0 0 1 * *",
	}, slices.Concat(s.env, env)...)
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, logtest.NewWriter(t, &r.stderr)
	if log != nil {
		r.cmd.Stderr = log
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *ran) wait(t *testing.T) *ran {
	t.Helper()
	var exit *exec.ExitError
	if err := r.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r.code = r.cmd.ProcessState.ExitCode()
	return r
}

func (s *studio) run(t *testing.T, args ...string) *ran {
	t.Helper()
	return s.start(t, nil, args...).wait(t)
}

// mustRun runs the program and fails the test unless it exits with one of codes.
func (s *studio) mustRun(t *testing.T, codes []int, args ...string) *ran {
	t.Helper()
	r := s.run(t, args...)
	if !slices.Contains(codes, r.code) {
		t.Fatalf("%v\nwant exit %v", r, codes)
	}
	return r
}
