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
