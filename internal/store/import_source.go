package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"

	"extrato/internal/books"
)

// openSource opens a database to import from. Nothing ever writes to it: a
// SQLite file is opened read-only, PostgreSQL gets read-only transactions.
func (s *Store) openSource(ctx context.Context, fromURL string) (*Store, error) {
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

// withoutSecrets returns a URL without its secrets.
func withoutSecrets(from string) string {
	u, err := url.Parse(from)
	if err != nil {
		scheme, _, _ := strings.Cut(from, "://")
		return scheme + "://…"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	if u.Host == "" {
		return from[:len(u.Scheme)] + "://" + u.Path
	}
	return u.String()
}

// refuseSource refuses a source other than a v4 database.
func (s *Store) refuseSource(ctx context.Context, source *Store) error {
	same, err := s.same(ctx, source)
	if err != nil {
		return err
	}
	if same {
		return books.Refusedf("same_database", "the source is this database itself").
			WithHint("set DATABASE_URL to a new database; v4's PostgreSQL database is taken over in place with extrato migrate")
	}
	condition, err := source.Condition(ctx)
	switch {
	case err != nil:
		return err
	case condition == New:
		return books.NotFoundf("no_books", "the source holds no books of v4's").WithHint("name v4's database: extrato import --from URL")
	case condition == V4:
		return nil
	case !source.dialect.postgres:
		return books.Refusedf("own_database", "the source is a database of this program").
			WithHint("copy the file instead, while nothing runs on it, so that its chain and statements come along")
	}
	return source.refuseOwnStatements(ctx, condition)
}

// refuseOwnStatements refuses a taken-over database with months closed since: a
// copy without their chain would prove nothing about them.
func (s *Store) refuseOwnStatements(ctx context.Context, condition Condition) error {
	move := "move the whole database instead, with pg_dump and psql, so that its chain and statements come along"
	if condition == Newer {
		return books.Refusedf("own_database", "the source was taken over by a later version of extrato").WithHint("%s", move)
	}
	return s.Read(ctx, func(t *Tx) error {
		return t.EachStatement(ctx, func(stored books.Stored) error {
			if !stored.Ours() {
				return nil
			}
			return books.Refusedf("own_database", "the source was taken over by extrato, which closed %s there", stored.Month).WithHint("%s", move)
		})
	})
}

// same reports whether source is this very database.
func (s *Store) same(ctx context.Context, source *Store) (bool, error) {
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

// allTables returns all tables the connection can see, with their columns.
func (t *Tx) allTables(ctx context.Context) (map[string][]string, error) {
	query := `SELECT m.name, i.name FROM sqlite_schema m JOIN pragma_table_info(m.name) i
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, i.cid`
	if t.s.dialect.postgres {
		query = `SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
			JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
			AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum`
	}
	tables := map[string][]string{}
	err := t.list(ctx, query, nil, func(scan func(...any) error) error {
		var table, column string
		err := scan(&table, &column)
		tables[table] = append(tables[table], column)
		return err
	})
	return tables, err
}
