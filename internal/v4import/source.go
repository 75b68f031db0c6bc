package v4import

import (
	"context"
	"net/url"
	"strings"

	"extrato/internal/books"
	"extrato/internal/store"
)

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
func refuseSource(ctx context.Context, s, source *store.Store) error {
	same, err := s.Same(ctx, source)
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
	case condition == store.New:
		return books.NotFoundf("no_books", "the source holds no books of v4's").WithHint("name v4's database: extrato import --from URL")
	case condition == store.V4:
		return nil
	case !source.Postgres():
		return books.Refusedf("own_database", "the source is a database of this program").
			WithHint("copy the file instead, while nothing runs on it, so that its chain and statements come along")
	}
	return refuseOwnStatements(ctx, source, condition)
}

// refuseOwnStatements refuses a taken-over database with months closed since: a
// copy without their chain would prove nothing about them.
func refuseOwnStatements(ctx context.Context, source *store.Store, condition store.Condition) error {
	move := "move the whole database instead, with pg_dump and psql, so that its chain and statements come along"
	if condition == store.Newer {
		return books.Refusedf("own_database", "the source was taken over by a later version of extrato").WithHint("%s", move)
	}
	return source.Read(ctx, func(t *store.Tx) error {
		return t.EachStatement(ctx, func(stored books.Stored) error {
			if !stored.Ours() {
				return nil
			}
			return books.Refusedf("own_database", "the source was taken over by extrato, which closed %s there", stored.Month).WithHint("%s", move)
		})
	})
}

// allTables returns all tables the connection can see, with their columns.
func allTables(ctx context.Context, t *store.Tx) (map[string][]string, error) {
	query := `SELECT m.name, i.name FROM sqlite_schema m JOIN pragma_table_info(m.name) i
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, i.cid`
	if t.Postgres() {
		query = `SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
			JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
			AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum`
	}
	tables := map[string][]string{}
	err := t.List(ctx, query, nil, func(scan func(...any) error) error {
		var table, column string
		err := scan(&table, &column)
		tables[table] = append(tables[table], column)
		return err
	})
	return tables, err
}
