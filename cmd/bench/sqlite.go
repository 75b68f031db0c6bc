package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

const sqliteName = "SQLite"

//go:embed sqlite.sql
var sqliteSQL []byte

// sqliteFiles is SQLite, beside its own shell.
type sqliteFiles struct {
	extrato, shell, script string
	original, file         string
}

func newSQLite(dir, extrato string) (database, error) {
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		return nil, fmt.Errorf("SQLite's shell sqlite3 %w: apt-get install sqlite3", errLacking)
	}
	s := &sqliteFiles{
		extrato: extrato, shell: shell, script: filepath.Join(dir, "sqlite.sql"),
		original: filepath.Join(dir, "original.db"), file: filepath.Join(dir, "copy.db"),
	}
	return s, os.WriteFile(s.script, sqliteSQL, 0o600)
}

func (s *sqliteFiles) name() string { return sqliteName }

func (s *sqliteFiles) versions(ctx context.Context) (string, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return "", err
	}
	defer db.Close() // it was only asked for its version
	var ours string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&ours); err != nil {
		return "", err
	}
	theirs, err := run(ctx, "", os.Environ(), s.shell, "--version")
	theirs, _, _ = strings.Cut(theirs, " ")
	return fmt.Sprintf("SQLite %s in extrato, %s in its shell", ours, theirs), err
}

func (s *sqliteFiles) prepare(ctx context.Context, m month) error {
	if err := remove(s.original); err != nil {
		return err
	}
	dir := filepath.Dir(s.original)
	if _, err := run(ctx, dir, environment(dir, "sqlite:///"+s.original), s.extrato, "migrate"); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+s.original+"?_pragma=synchronous(0)")
	if err != nil {
		return err
	}
	err = loadSQLite(ctx, db, m)
	if err == nil {
		_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return errors.Join(err, db.Close())
}

func loadSQLite(ctx context.Context, db *sql.DB, m month) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, t := range m.tables() {
		if err := insertRows(ctx, tx, t); err != nil {
			return fmt.Errorf("load %s: %w", t.name, err)
		}
	}
	return tx.Commit()
}

func insertRows(ctx context.Context, tx *sql.Tx, t table) error {
	//nolint:gosec // this program's own names
	query := fmt.Sprintf("INSERT INTO %s (%s) VALUES (?%s)", t.name, strings.Join(t.columns, ", "), strings.Repeat(", ?", len(t.columns)-1))
	insert, err := tx.PrepareContext(ctx, query) //nolint:sqlclosecheck // it is closed below, unseen by the linter
	if err != nil {
		return err
	}
	defer insert.Close() // the commit tells whether its rows are there
	for row := range t.rows {
		if _, err := insert.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqliteFiles) fresh(context.Context) (string, error) {
	if err := remove(s.file); err != nil {
		return "", err
	}
	from, err := os.Open(s.original)
	if err != nil {
		return "", err
	}
	defer from.Close() // it was only read
	to, err := os.Create(s.file)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(to, from); err != nil {
		return "", errors.Join(err, to.Close())
	}
	return "sqlite:///" + s.file, errors.Join(to.Sync(), to.Close())
}

func (s *sqliteFiles) open() (*sql.DB, error) { return sql.Open("sqlite", "file:"+s.file) }

func (s *sqliteFiles) serverCPU() float64 { return 0 }

func (s *sqliteFiles) plain() []string {
	return []string{s.shell, "-batch", "-bail", "-init", os.DevNull, s.file, ".read " + s.script}
}

func (s *sqliteFiles) close() error { return nil } // its files go with the folder

// remove deletes a database and the files SQLite and extrato keep beside it.
func remove(file string) error {
	files, err := filepath.Glob(file + "*")
	for _, f := range files {
		err = errors.Join(err, os.Remove(f))
	}
	return err
}
