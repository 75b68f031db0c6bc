package store

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5/pgxpool"
)

// DB lends the connections that write, to a library that keeps tables of its
// own in this database: on SQLite one connection, which Write needs too.
func (s *Store) DB() *sql.DB { return s.write }

// Pool lends PostgreSQL's connections, to a library that listens; nil on SQLite.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// OwnSchema is PostgreSQL's schema of everything that v4 does not have, or ""
// on SQLite.
func (s *Store) OwnSchema() string {
	if s.dialect.postgres {
		return ownSchema
	}
	return ""
}

// SQL lends the transaction, to a library that writes with it.
func (t *Tx) SQL() *sql.Tx { return t.tx }

// Alone runs fn while no other process runs one so: to prepare what a library
// keeps in this database.
func (s *Store) Alone(ctx context.Context, fn func() error) error { return s.alone(ctx, fn) }
