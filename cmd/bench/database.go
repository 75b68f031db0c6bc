package main

import (
	"context"
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// database is SQLite or PostgreSQL: its tables, its shell.
type database interface {
	name() string
	// versions returns the versions for the line about the machine.
	versions(ctx context.Context) (string, error)
	// prepare makes the original of a month.
	prepare(ctx context.Context, m month) error
	// fresh makes a copy of the original, on disk and settled, in place of the
	// last copy. It returns the copy's URL.
	fresh(ctx context.Context) (url string, err error)
	// open connects to the copy.
	open() (*sql.DB, error)
	// serverCPU returns a server's CPU seconds for closed connections, 0 without
	// a server or where it cannot be measured.
	serverCPU() float64
	// plain is the shell with the plain SQL for the copy.
	plain() []string
	// empty returns the URL of a new database, to restore into.
	empty(ctx context.Context) (url string, err error)
	// bytes returns the size of the copy.
	bytes(ctx context.Context) (int64, error)
	// close removes everything outside the folder.
	close() error
}

// withDB runs fn on the database's copy.
func withDB(d database, fn func(*sql.DB) error) error {
	db, err := d.open()
	if err != nil {
		return err
	}
	if err := fn(db); err != nil {
		_ = db.Close()
		return err
	}
	return db.Close()
}

// statementColumns are the JSON columns of extratos.
var statementColumns = []string{"pagamentos", "sessoes", "comissoes", "gastos", "totais"}

// check verifies a close by either contestant: the month's rows are gone, the
// neighbours' are there, and the statement is complete in v4's encoding, a JSON
// string holding JSON.
func check(ctx context.Context, d database, m month) error {
	list := "json_array_length(json_extract(%s, '$'))"
	field := "json_extract(json_extract(%s, '$'), '$.receita_total')"
	isString := "json_type(%s) = 'text'"
	if d.name() == postgresName {
		list, field = "json_array_length((%s #>> '{}')::json)", "((%s #>> '{}')::json ->> 'receita_total')::numeric"
		isString = "json_typeof(%s) = 'string'"
	}
	const statement = " FROM extratos WHERE mes = 10 AND ano = 2025"
	encoded := "SELECT count(*)" + statement
	for _, column := range statementColumns {
		encoded += " AND " + fmt.Sprintf(isString, column)
	}
	length := func(column string) string { return "SELECT " + fmt.Sprintf(list, column) + statement }
	sum := func(first, n int) int64 { return int64(n) * int64(2*first+n-1) / 2 }
	wants := []struct {
		query string
		want  int64
	}{
		{encoded, 1},
		{"SELECT count(*) FROM pagamentos", 2 * neighbours},
		{"SELECT sum(id) FROM pagamentos", sum(m.payments+1, 2*neighbours)},
		{"SELECT count(*) FROM sessoes", 0},
		{"SELECT count(*) FROM comissoes", 0},
		{"SELECT count(*) FROM gastos", 2 * neighbours},
		{"SELECT sum(id) FROM gastos", sum(m.expenses+1, 2*neighbours)},
		{length("pagamentos"), int64(m.payments)},
		{length("sessoes"), int64(m.sessions)},
		{length("comissoes"), int64(m.commissions)},
		{length("gastos"), int64(m.expenses)},
		{"SELECT CAST(round(100 * " + fmt.Sprintf(field, "totais") + ") AS BIGINT)" + statement, m.revenue()},
	}
	return withDB(d, func(db *sql.DB) error {
		for _, w := range wants {
			var got sql.NullInt64
			if err := db.QueryRowContext(ctx, w.query).Scan(&got); err != nil {
				return fmt.Errorf("%s: %w", w.query, err)
			}
			if got.Int64 != w.want {
				return fmt.Errorf("%s: got %d, want %d", w.query, got.Int64, w.want)
			}
		}
		return nil
	})
}

// statementSize is the length of the statement's JSON in bytes.
func statementSize(ctx context.Context, d database) (size int64, err error) {
	columns := slices.Clone(statementColumns)
	for i, c := range columns {
		columns[i] = "octet_length(" + c + "::text)"
		if d.name() == sqliteName {
			columns[i] = "length(CAST(" + c + " AS BLOB))"
		}
	}
	err = withDB(d, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, "SELECT "+strings.Join(columns, " + ")+" FROM extratos").Scan(&size)
	})
	return size, err
}

// run runs a preparing program in a folder.
func run(ctx context.Context, dir string, env []string, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // this program's own choice of programs
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
