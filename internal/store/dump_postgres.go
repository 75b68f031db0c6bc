package store

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"extrato/internal/books"
)

// ErrNoDump means: this machine lacks the program that copies a PostgreSQL
// database, or has one older than the server.
var ErrNoDump = &books.Error{Kind: books.Refused, Code: "pg_dump_missing", Message: "the database cannot be copied as a whole"}

// dumpPostgres copies v4's schema and ours with pg_dump. The counts are of its
// very snapshot.
func (s *Store) dumpPostgres(ctx context.Context, path string) (found Content, err error) {
	program, err := s.serverProgram(ctx, "pg_dump")
	if err != nil {
		return found, err
	}
	err = s.Read(ctx, func(t *Tx) error {
		if err := t.CheckTables(ctx); err != nil {
			return err
		}
		var snapshot, schema string
		if err := t.one(ctx, "SELECT pg_export_snapshot(), (SELECT CAST(relnamespace::regnamespace AS TEXT) FROM pg_class WHERE oid = to_regclass('pagamentos'))", nil, &snapshot, &schema); err != nil {
			return err
		}
		if found, err = t.Content(ctx); err != nil {
			return err
		}
		return s.runOnServer(ctx, program, "--format=custom", "--no-password", "--lock-wait-timeout=10s", "--snapshot="+snapshot,
			"--schema="+schema, "--schema="+QuoteName(ownSchema), "--file="+path)
	})
	if err != nil {
		return found, err
	}
	_, err = listDump(ctx, program, path)
	return found, err
}

// listDump returns the lines of a dump's table of contents, and fails unless
// it has the books' tables. beside is a program of PostgreSQL's.
func listDump(ctx context.Context, beside, path string) ([]string, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(filepath.Dir(beside), "pg_restore"), "--list", path).Output() //nolint:gosec // PostgreSQL's own program
	if err != nil {
		return nil, copyDamaged("pg_restore cannot read the copy").Because(err)
	}
	lines := strings.Split(string(out), "\n")
	for _, table := range slices.Concat(v4Tables, ownTables) {
		if !slices.ContainsFunc(lines, func(line string) bool {
			fields := strings.Fields(line)
			return len(fields) > 6 && fields[3] == "TABLE" && fields[4] == "DATA" && fields[6] == table
		}) {
			return nil, copyDamaged("the copy lacks the table %s", table)
		}
	}
	return lines, nil
}

// CheckDump fails with ErrNoDump where Dump would for want of PostgreSQL's
// programs.
func (s *Store) CheckDump(ctx context.Context) error {
	if !s.dialect.postgres {
		return nil
	}
	_, err := s.serverProgram(ctx, "pg_dump")
	return err
}

// serverProgram finds one of PostgreSQL's programs, of the server's version or
// a later one.
func (s *Store) serverProgram(ctx context.Context, name string) (string, error) {
	var server int
	if err := s.read.QueryRowContext(ctx, "SELECT CAST(current_setting('server_version_num') AS INTEGER) / 10000").Scan(&server); err != nil {
		return "", s.dialect.explain(err)
	}
	var oldest string
	for _, program := range programsNamed(name, server) {
		out, err := exec.CommandContext(ctx, program, "--version").Output() //nolint:gosec // PostgreSQL's own program
		if err != nil {
			continue
		}
		version := majorVersion(string(out))
		if version >= server {
			return program, nil
		}
		oldest = fmt.Sprintf("%s is of PostgreSQL %d, the server of %d", program, version, server)
	}
	if oldest == "" {
		oldest = "this machine has no " + name
	}
	why := *ErrNoDump
	why.Message += ": " + oldest
	return "", why.WithHint("install the client programs of PostgreSQL %d or later here (Debian: apt-get install postgresql-client), or copy the database in another way", server)
}

// programsNamed returns the places to look: Debian's folder of this version,
// PATH, and Debian's other folders.
func programsNamed(name string, version int) []string {
	places := []string{fmt.Sprintf("/usr/lib/postgresql/%d/bin/%s", version, name)}
	if found, err := exec.LookPath(name); err == nil {
		places = append(places, found)
	}
	others, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // it fails for a bad pattern only
	slices.Reverse(others)
	return append(places, others...)
}

// majorVersion reads "pg_dump (PostgreSQL) 15.4 (Debian …)"; 0: unreadable.
func majorVersion(text string) int {
	_, after, _ := strings.Cut(text, "(PostgreSQL) ")
	digits := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(after)
	}
	n, _ := strconv.Atoi(after[:digits])
	return n
}

// runOnServer runs a program of PostgreSQL's on this database. The password
// travels in the program's environment, never in its arguments.
func (s *Store) runOnServer(ctx context.Context, program string, arguments ...string) error {
	target, environment, err := forPrograms(s.url)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, append(arguments, "--dbname="+target)...) //nolint:gosec // PostgreSQL's own program
	cmd.Env = append(os.Environ(), environment...)
	var said bytes.Buffer
	cmd.Stderr = &said
	err = cmd.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	name := filepath.Base(program)
	return (&books.Error{Kind: books.Internal, Code: "full_copy_failed", Message: name + " failed: " + lastLine(said.String())}).
		WithHint("the database was not changed; see what the line says, then try again").Because(err)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[max(0, len(lines)-1)]
}

// programSettings are the parameters of a URL that PostgreSQL's programs know;
// none holds a secret.
var programSettings = []string{"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "connect_timeout", "host", "port", "user", "target_session_attrs", "krbsrvname", "options"}

// forPrograms returns DATABASE_URL without its password, as PostgreSQL's
// programs take it, and the environment with it.
func forPrograms(databaseURL string) (target string, environment []string, err error) {
	config, err := parsePostgres(databaseURL)
	if err != nil {
		return "", nil, err
	}
	_, rest, _ := strings.Cut(databaseURL, "://")
	u, err := url.Parse("postgresql://" + rest)
	if err != nil {
		return "", nil, errNoURL
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	for name := range query {
		if !slices.Contains(programSettings, name) {
			query.Del(name)
		}
	}
	u.RawQuery = query.Encode()
	return u.String(), passwordOf(config), nil
}

func passwordOf(config *pgxpool.Config) []string {
	if config.ConnConfig.Password == "" {
		return nil
	}
	return []string{"PGPASSWORD=" + config.ConnConfig.Password, "PGAPPNAME=extrato copy"}
}
