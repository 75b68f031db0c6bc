package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"strings"

	"extrato/internal/books"
)

// OpenSource opens a database to import from. Nothing ever writes to it: a
// SQLite file is opened read-only, PostgreSQL gets read-only transactions.
func (s *Store) OpenSource(ctx context.Context, fromURL string) (*Store, error) {
	rest, isFile := strings.CutPrefix(fromURL, "sqlite:///")
	if !isFile {
		source, err := Open(ctx, Options{URL: fromURL, Zone: s.zone, Now: s.now, Log: s.log}, false)
		if errors.Is(err, ErrUnreachable) {
			return nil, books.AsError(err).WithHint("check --from, and that the PostgreSQL it names runs")
		}
		if err != nil && books.AsError(err).Code == "invalid_database_url" {
			return nil, books.Invalidf("invalid_source", "--from is neither the URL of a SQLite file nor of a PostgreSQL database").
				WithHint("write sqlite:////absolute/path/of/v4.db or postgres://user:password@host/database")
		}
		return source, err
	}
	path, err := sqlitePath(rest)
	if err != nil {
		return nil, err
	}
	if !fileExists(path) {
		return nil, books.NotFoundf("no_source", "there is no database at %s", path).
			WithHint("name v4's file; four slashes begin an absolute path: sqlite:////srv/v4/tattoo_studio.db")
	}
	source := &Store{dialect: sqliteDialect(path), zone: s.zone, now: s.now, log: s.log}
	source.read, err = sql.Open("sqlite", sqliteDSN(path, "ro", "_pragma=query_only(1)"))
	if err != nil {
		return nil, err
	}
	source.write = source.read
	source.closeFuncs = append(source.closeFuncs, func() { _ = source.read.Close() }) // it was only read
	return source, nil
}

// Same reports whether source is this very database.
func (s *Store) Same(ctx context.Context, source *Store) (bool, error) {
	if s.dialect.postgres != source.dialect.postgres {
		return false, nil
	}
	if !s.dialect.postgres {
		here, err := os.Stat(s.dialect.path)
		if err != nil {
			return false, err
		}
		there, err := os.Stat(source.dialect.path)
		return err == nil && os.SameFile(here, there), err
	}
	// One server may have many names, but an advisory lock is one database's.
	conn, err := source.write.Conn(ctx)
	if err != nil {
		return false, source.dialect.explain(err)
	}
	defer conn.Close()
	const try, release = "SELECT pg_try_advisory_lock($1)", "SELECT pg_advisory_unlock($1)"
	key := rand.Int64() //nolint:gosec // nobody has to be unable to guess it
	var held, free bool
	if err := conn.QueryRowContext(ctx, try, key).Scan(&held); err != nil {
		return false, source.dialect.explain(err)
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), release, key) //nolint:errcheck // it ends with the connection, a moment later
	mine, err := s.write.Conn(ctx)
	if err != nil {
		return false, s.dialect.explain(err)
	}
	defer mine.Close()
	if err := mine.QueryRowContext(ctx, try, key).Scan(&free); err != nil {
		return false, s.dialect.explain(err)
	}
	if free {
		_, err = mine.ExecContext(ctx, release, key)
	}
	return held && !free, s.dialect.explain(err)
}
