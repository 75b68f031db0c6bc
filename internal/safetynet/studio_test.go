package safetynet_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/books"
	"extrato/internal/safetynet"
	"extrato/internal/store/storetest"
)

// Names and secrets that the studios of these tests hold.
const (
	client   = "Zoraide Quaresma"
	jwtKey   = "chave-de-assinatura-0123456789abcdef"
	user     = "rede"
	gitToken = "ghs_token_of_github"
	hook     = "gancho-secreto"
)

// last is the month that ended last, and running the one that runs.
var last, current = safetynet.Month(time.Now().In(zone)), books.MonthOf(time.Now().In(zone))

// build builds the program that people use.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "extrato")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "extrato/cmd/extrato").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// studio is a database with a month that is due, and a folder of backups.
type studio struct {
	program, url, path, dir, backups string
	all, readOnly, revoked, expired  string // tokens
}

// newStudio returns a studio that is only cloned.
func newStudio(t *testing.T, program string, db *storetest.DB) *studio {
	t.Helper()
	s := &studio{program: program, url: db.URL, path: db.Path, dir: t.TempDir()}
	s.backups = filepath.Join(s.dir, "backups")
	stamp := last.String() + "-02 12:00:00.000000"
	for _, query := range []string{
		"INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (1, 'Ana', 'artist', TRUE, FALSE)",
		"INSERT INTO clients (id, name) VALUES (1, '" + client + "')",
		"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, observacoes, created_at) VALUES (1, 'MONTH-02', 450, 1, 1, 'paid', '" + client + " ligou', 'STAMP')",
		"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, created_at) VALUES (2, 'MONTH-03', 80, 1, 1, 'active', 'STAMP')",
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, cliente_id, artista_id, sessao_id, created_at) VALUES (1, 'MONTH-02', 450, 'Pix', 1, 1, 1, 'STAMP')",
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, cliente_id, artista_id, sessao_id, created_at) VALUES (2, 'MONTH-03', 40, 'Pix', 1, 1, 2, 'STAMP')",
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, cliente_id, artista_id, sessao_id, created_at) VALUES (3, 'NEXT-01', 40, 'Pix', 1, 1, 2, 'STAMP')",
		"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (1, 1, 1, 50, 225, 'STAMP')",
		"INSERT INTO gastos (id, data, valor, descricao, forma_pagamento, created_by, created_at) VALUES (1, 'MONTH-05', 12.30, 'Tinta', 'Pix', 1, 'STAMP')",
	} {
		db.Exec(t, strings.NewReplacer("MONTH", last.String(), "NEXT", current.String(), "STAMP", stamp).Replace(query))
	}
	db.Store.Close()
	if err := db.SQL.Close(); err != nil {
		t.Fatal(err)
	}
	var id string
	s.all, _ = s.token(t, "backup", "close", "read")
	s.readOnly, _ = s.token(t, "read")
	s.revoked, id = s.token(t, "backup", "close", "read")
	s.must(t, 0, "token", "revoke", id)
	_, id = s.token(t, "backup", "close", "read")
	s.expired = expiredToken(t, id)
	return s
}

// token makes a token and returns it and its id.
func (s *studio) token(t *testing.T, scopes ...string) (text, id string) {
	t.Helper()
	args := []string{"token", "create", "rede", "--json"}
	for _, scope := range scopes {
		args = append(args, "--scope", scope)
	}
	var made struct{ Token, ID string }
	if err := json.Unmarshal([]byte(s.must(t, 0, args...)), &made); err != nil {
		t.Fatal(err)
	}
	return made.Token, made.ID
}

// expiredToken is the token with this id as it would be if it had been made
// long ago.
func expiredToken(t *testing.T, id string) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "extrato", "jti": id, "sub": "999", "email": "github-actions@tattoo-studio.local", "scopes": []string{"backup", "close", "read"},
		"iat": time.Now().AddDate(0, -4, 0).Unix(), "exp": time.Now().AddDate(0, -1, 0).Unix(),
	}).SignedString([]byte(jwtKey))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (s *studio) env() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "USER=test", "TZ=America/Sao_Paulo", "DATABASE_URL=" + s.url, "EXTRATO_BACKUPS=" + s.backups,
		"JWT_SECRET_KEY=" + jwtKey, "EXTRATO_CLOSE_FROM=" + last.String(), "EXTRATO_SCHEDULE=0 0 1 * *", "ENABLE_MONTHLY_EXTRATO_JOB=false",
		"LOG_FORMAT=json", "PORT=0", "EXTRATO_RATE_LIMIT=off",
	}
}

// must runs the program on the server's machine and returns what it prints.
func (s *studio) must(t *testing.T, code int, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), s.program, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.env(), &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("extrato %s: %v, want exit %d\n%s%s", args[0], err, code, &stdout, &stderr)
	}
	return stdout.String()
}

var clones atomic.Int64

// clone returns a studio as this one was made.
func (s *studio) clone(t *testing.T) *studio {
	t.Helper()
	c := *s
	c.dir = t.TempDir()
	c.backups = filepath.Join(c.dir, "backups")
	if s.path != "" {
		c.path = filepath.Join(c.dir, "extrato.db")
		c.url = "sqlite:///" + c.path
		text, err := os.ReadFile(s.path)
		if err == nil {
			err = os.WriteFile(c.path, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return &c
	}
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	from, name := strings.TrimPrefix(u.Path, "/"), fmt.Sprintf("net_%d", clones.Add(1))
	u.Path = "/postgres"
	admin := connect(t, "pgx", u.String())
	for try := 0; ; try++ { // somebody else may be copying, and one who has gone may not be gone yet
		_, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+from)
		if err == nil {
			break
		}
		if try == 200 {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		admin.Close()
	})
	u.Path = "/" + name
	c.url = u.String()
	return &c
}

func connect(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// beside opens a connection as somebody has it who works on the database
// itself.
func (s *studio) beside(t *testing.T) *sql.DB {
	t.Helper()
	driver, dsn := "pgx", s.url
	if s.path != "" {
		driver, dsn = "sqlite", "file:"+s.path+"?_pragma=busy_timeout(15000)"
	}
	return connect(t, driver, dsn)
}

func (s *studio) exec(t *testing.T, queries ...string) {
	t.Helper()
	db := s.beside(t)
	defer db.Close()
	for _, query := range queries {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
}

// closings is the table of the chain.
func (s *studio) closings() string {
	if s.path == "" {
		return "extrato.closings"
	}
	return "closings"
}

// head returns how many entries the chain has, and the last one's hash.
func (s *studio) head(t *testing.T) (entries int64, hash string) {
	t.Helper()
	db := s.beside(t)
	defer db.Close()
	err := db.QueryRowContext(t.Context(), "SELECT seq, hash FROM "+s.closings()+" ORDER BY seq DESC LIMIT 1").Scan(&entries, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	return entries, hash
}

// tamper runs statements as somebody can who owns the database.
func (s *studio) tamper(t *testing.T, queries ...string) {
	t.Helper()
	db := storetest.DB{Path: s.path, SQL: s.beside(t)}
	defer db.SQL.Close()
	db.Tamper(t, queries...)
}

// csv is the file of the month's first backup.
func (s *studio) csv() string {
	name := strings.Replace(last.String(), "-", "_", 1)
	return filepath.Join(s.backups, name, "backup_"+name+".csv")
}

// flip flips one bit in the middle of the backup.
func (s *studio) flip(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(s.csv())
	if err == nil {
		text[len(text)/2] ^= 1
		err = os.WriteFile(s.csv(), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
