package store

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5/pgxpool"
)

// DB exposes the write connections to a library with tables of its own in this
// database: on SQLite one connection, shared with Write.
func (s *Store) DB() *sql.DB { return s.write }

// Pool exposes PostgreSQL's connections to a library that listens; nil on
// SQLite.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// OwnSchema is the PostgreSQL schema of our own tables, or "" on SQLite.
func (s *Store) OwnSchema() string {
	if s.dialect.postgres {
		return ownSchema
	}
	return ""
}

// SQL exposes the transaction to a library that writes in it.
func (t *Tx) SQL() *sql.Tx { return t.tx }

// Alone runs fn while no other process runs Alone, to prepare a library's
// tables in this database.
func (s *Store) Alone(ctx context.Context, fn func() error) error { return s.alone(ctx, fn) }

// One reads the one row of a query into dest, for package v4import.
func (t *Tx) One(ctx context.Context, query string, args []any, dest ...any) error {
	return t.one(ctx, query, args, dest...)
}

// List calls read for each row of a query, for package v4import.
func (t *Tx) List(ctx context.Context, query string, args []any, read func(scan func(...any) error) error) error {
	return t.list(ctx, query, args, read)
}

// Exec runs a statement and returns the number of rows it changed, for package
// v4import.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return t.exec(ctx, query, args...)
}

// ForgetColumns makes the transaction read the tables' columns again, after they
// were altered in it.
func (t *Tx) ForgetColumns() { t.cols = nil }
