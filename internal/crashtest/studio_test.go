package crashtest

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
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
			s := &studio{program: program, url: db.URL, path: db.Path, dir: t.TempDir()}
			test(t, s)
		})
	}
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
	r := &ran{args: args, cmd: exec.Command(s.program, args...)}
	r.cmd.Dir = s.dir
	r.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "USER=test", "TZ=America/Sao_Paulo", "DATABASE_URL=" + s.url,
		"EXTRATO_BACKUPS=" + s.folder(), "EXTRATO_CLOSE_FROM=" + month, "EXTRATO_SCHEDULE=0 0 1 * *",
	}, env...)
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

// state is everything that a kill could have left half done.
type state struct {
	live, stored map[string]string // rows by table and id
}

// all are the rows wherever they are, links given back to their sessions.
func (st state) all(t *testing.T) map[string]string {
	t.Helper()
	all := maps.Clone(st.live)
	for k, row := range st.stored {
		if strings.HasPrefix(k, "vinculo ") {
			continue
		}
		if _, twice := all[k]; twice {
			t.Fatalf("%s is in two places", k)
		}
		all[k] = row
	}
	for k, row := range st.stored {
		if id, ok := strings.CutPrefix(k, "vinculo "); ok {
			_, payment, _ := strings.Cut(row, "payment_id=")
			all["sessoes "+id] += "payment_id=" + payment
		}
	}
	return all
}

var tables = []struct{ table, columns string }{
	{"pagamentos", "id data valor forma_pagamento observacoes comissao cliente_id artista_id sessao_id google_event_id created_at updated_at"},
	{"sessoes", "id data valor observacoes cliente_id artista_id google_event_id status created_at updated_at payment_id"},
	{"comissoes", "id pagamento_id artista_id percentual valor observacoes created_at"},
	{"gastos", "id data valor descricao forma_pagamento created_by created_at updated_at"},
	{"vinculo", "sessao_id payment_id"},
}

// look reads the live rows and the statements, without any code of the program.
func (s *studio) look(t *testing.T) state {
	t.Helper()
	s.awaitQuiet(t)
	db := s.connect(t)
	defer db.Close()
	st := state{map[string]string{}, map[string]string{}}
	for _, of := range tables[:4] {
		columns := strings.Fields(of.columns)
		var selected []string
		for _, c := range columns {
			if strings.HasSuffix(c, "_at") && s.path == "" {
				c = "to_char(" + c + " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
			}
			selected = append(selected, "CAST("+c+" AS TEXT)")
		}
		each(t, db, "SELECT "+strings.Join(selected, ", ")+" FROM "+of.table, func(values []sql.NullString) {
			st.live[of.table+" "+values[0].String] = line(columns, func(i int) (string, bool) { return values[i].String, values[i].Valid })
		})
	}
	each(t, db, "SELECT CAST(pagamentos AS TEXT), CAST(sessoes AS TEXT), CAST(comissoes AS TEXT), CAST(gastos AS TEXT), CAST(totais AS TEXT) FROM extratos",
		func(values []sql.NullString) {
			for i, of := range tables {
				var list []map[string]any
				if i < 4 {
					decode(t, values[i].String, &list)
				} else {
					var totals struct {
						Own struct {
							Links []map[string]any `json:"vinculos"`
						} `json:"extrato"`
					}
					decode(t, values[i].String, &totals)
					list = totals.Own.Links
				}
				st.keep(t, of.table, strings.Fields(of.columns), list)
			}
		})
	return st
}

func (st state) keep(t *testing.T, table string, columns []string, list []map[string]any) {
	t.Helper()
	for _, row := range list {
		k := table + " " + fmt.Sprint(row[columns[0]])
		if _, twice := st.stored[k]; twice {
			t.Fatalf("%s is in two statements", k)
		}
		st.stored[k] = line(columns, func(i int) (string, bool) { return fmt.Sprint(row[columns[i]]), row[columns[i]] != nil })
	}
}

func decode(t *testing.T, text string, to any) {
	t.Helper()
	var inner string
	err := json.Unmarshal([]byte(text), &inner)
	if err == nil {
		d := json.NewDecoder(strings.NewReader(inner))
		d.UseNumber()
		err = d.Decode(to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, db *sql.DB, query string, read func([]sql.NullString)) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, dest := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		read(values)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// line writes a row's values; NULLs are left out, amounts and instants have one form.
func line(columns []string, value func(int) (string, bool)) string {
	text := ""
	for i, c := range columns {
		v, ok := value(i)
		if !ok {
			continue
		}
		switch c {
		case "valor", "comissao", "percentual":
			whole, part, _ := strings.Cut(v, ".")
			v = whole + "." + (part + "00")[:2]
		case "created_at", "updated_at":
			v = strings.TrimSuffix(strings.Replace(v, "T", " ", 1), "Z")
			v = (v + ".000000")[:len("2025-10-01 12:00:00.000000")]
		case "payment_id":
			text += "payment_id=" + v // without quotes, and last: see all
			continue
		}
		text += c + "=" + strconv.Quote(v) + " "
	}
	return text
}

// files are the backups by name, with their bytes.
func (s *studio) files(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(s.folder(), func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && entry.IsDir() {
			return nil
		}
		text, readErr := os.ReadFile(path)
		name, relErr := filepath.Rel(s.folder(), path)
		found[name] = string(text)
		return errors.Join(err, readErr, relErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// csvs are the files that could be taken for a backup.
func (s *studio) csvs(t *testing.T) map[string]string {
	found := s.files(t)
	maps.DeleteFunc(found, func(name, _ string) bool { return !strings.HasSuffix(name, ".csv") })
	return found
}

// closings counts the chain's entries.
func (s *studio) closings(t *testing.T) int {
	t.Helper()
	db := s.connect(t)
	defer db.Close()
	table := "closings"
	if s.path == "" {
		table = "extrato.closings"
	}
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// sound fails the test unless backups and chain verify.
func (s *studio) sound(t *testing.T) {
	t.Helper()
	s.mustRun(t, []int{0}, "backup", "verify")
	s.mustRun(t, []int{0}, "audit", "verify")
}

// conserved fails the test unless every row is there as it was, live or in a
// statement.
func (s *studio) conserved(t *testing.T, rows map[string]string) {
	t.Helper()
	now := s.look(t).all(t)
	for k, row := range rows {
		if now[k] != row {
			t.Fatalf("%s was %q and is %q", k, row, now[k])
		}
	}
	if len(now) != len(rows) {
		t.Fatalf("there are %d rows, there were %d", len(now), len(rows))
	}
}

func sameState(a, b state) bool { return maps.Equal(a.live, b.live) && maps.Equal(a.stored, b.stored) }
