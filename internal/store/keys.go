package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"extrato/internal/books"
)

// checkKeys reports whether the unique keys needed by a close are there. It
// also notes a missing foreign key, so that closes lock the tables in its
// place.
func (s *Store) checkKeys(ctx context.Context) (whole bool, err error) {
	if !s.dialect.postgres {
		return true, nil
	}
	for _, k := range uniqueKeys {
		if found, err := s.hasIndex(ctx, true, k.table, k.columns); err != nil || !found {
			return false, err
		}
	}
	missing, err := s.missingForeignKeys(ctx)
	s.lockBooks = len(missing) > 0
	return true, err
}

// The keys and indexes needed by a close and by lists, most of them v4's own:
// unique and foreign keys for correctness, indexes for speed.
var (
	uniqueKeys = []struct{ table, columns string }{
		{"extratos", "mes,ano"}, {"pagamentos", "google_event_id"}, {"sessoes", "google_event_id"},
	}
	indexes = []struct{ table, columns string }{
		{"pagamentos", "data"}, {"pagamentos", "sessao_id"}, {"sessoes", "data"}, {"sessoes", "payment_id"},
		{"comissoes", "pagamento_id"}, {"gastos", "data"},
	}
	foreignKeys = []struct{ table, column, to string }{
		{"comissoes", "pagamento_id", "pagamentos"}, {"pagamentos", "sessao_id", "sessoes"}, {"sessoes", "payment_id", "pagamentos"},
	}
)

// addKeys adds keys and indexes missing in a v4 database, without blocking v4's
// writers, and notes those left to a person.
func (s *Store) addKeys(ctx context.Context, done *Migration) error {
	if !s.dialect.postgres {
		return nil
	}
	if err := s.addIndexes(ctx, done); err != nil {
		return err
	}
	missing, err := s.missingForeignKeys(ctx)
	for _, m := range missing {
		done.Notes = append(done.Notes, "the foreign key "+m+" is missing: every close will keep writers out of the books while it runs")
	}
	s.lockBooks = len(missing) > 0
	return err
}

func (s *Store) addIndexes(ctx context.Context, done *Migration) error {
	for _, k := range uniqueKeys {
		if err := s.addIndex(ctx, done, true, k.table, k.columns); err != nil {
			return err
		}
	}
	for _, k := range indexes {
		if err := s.addIndex(ctx, done, false, k.table, k.columns); err != nil {
			return err
		}
	}
	return nil
}

// hasIndex reports whether a valid index over all rows begins with the columns;
// a unique one must be over exactly the columns.
func (s *Store) hasIndex(ctx context.Context, unique bool, table, columns string) (bool, error) {
	const find = `SELECT count(*) FROM pg_index i WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indpred IS NULL
		AND (NOT $3 OR i.indisunique AND i.indnkeyatts = cardinality(string_to_array($2, ',')))
		AND (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
			JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
			WHERE k.n <= cardinality(string_to_array($2, ','))) @> string_to_array($2, ',')`
	var found int
	err := s.write.QueryRowContext(ctx, find, table, columns, unique).Scan(&found)
	return found > 0, s.dialect.explain(err)
}

// addIndex builds an index over columns unless there is a usable one, or no
// such table yet.
func (s *Store) addIndex(ctx context.Context, done *Migration, unique bool, table, columns string) error {
	if found, err := s.hasIndex(ctx, unique, table, columns); err != nil || found {
		return err
	}
	var exists bool
	if err := s.write.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", table).Scan(&exists); err != nil || !exists {
		return s.dialect.explain(err)
	}
	name := "extrato_" + table + "_" + strings.ReplaceAll(columns, ",", "_")
	kind := "INDEX"
	if unique {
		kind = "UNIQUE INDEX"
	}
	err := s.buildIndex(ctx, name, fmt.Sprintf("CREATE %s CONCURRENTLY %s ON %s (%s)", kind, name, table, columns))
	switch {
	case sqlState(err) == "23505":
		return books.Refusedf("duplicates", "%s has two rows with the same %s", table, columns).
			WithHint("correct them in the database, then run extrato migrate again").Because(err)
	case sqlState(err) == lockNotAvailable:
		return tablesLocked(err)
	case err != nil:
		return s.dialect.explain(err)
	}
	done.Added = append(done.Added, strings.ToLower(kind)+" "+name)
	return nil
}

// buildIndex creates an index, and retries while v4 holds its table. A failed
// build leaves an invalid index, which would cost every writer and stop the
// next build, so it is dropped.
func (s *Store) buildIndex(ctx context.Context, name, create string) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SET lock_timeout = '2s'"); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "RESET lock_timeout") //nolint:errcheck // the connection goes back as it was, or is broken
	drop := "DROP INDEX CONCURRENTLY IF EXISTS " + name                      //nolint:gosec // the names are this file's own
	for try := 1; ; try++ {
		_, err := conn.ExecContext(ctx, drop)
		if err == nil {
			_, err = conn.ExecContext(ctx, create)
		}
		switch {
		case err == nil:
			return nil
		case sqlState(err) != lockNotAvailable || try == lockTries:
			_, dropErr := conn.ExecContext(context.WithoutCancel(ctx), drop)
			return errors.Join(err, dropErr)
		}
	}
}

// missingForeignKeys names the foreignKeys missing in the database.
func (s *Store) missingForeignKeys(ctx context.Context) ([]string, error) {
	var missing []string
	for _, k := range foreignKeys {
		var name string
		err := s.write.QueryRowContext(ctx, `SELECT c.conname FROM pg_constraint c
			JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
			WHERE c.contype = 'f' AND c.conrelid = to_regclass($1) AND a.attname = $2 AND c.confrelid = to_regclass($3)
			AND c.convalidated LIMIT 1`, k.table, k.column, k.to).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) {
			missing = append(missing, k.table+"."+k.column+" → "+k.to)
		} else if err != nil {
			return nil, s.dialect.explain(err)
		}
	}
	return missing, nil
}

// MissingKeys names the foreign and unique keys needed by a close and missing
// in a PostgreSQL database. SQLite's tables are ours and have them.
func (s *Store) MissingKeys(ctx context.Context) (foreign, unique []string, err error) {
	if !s.dialect.postgres {
		return nil, nil, nil
	}
	if foreign, err = s.missingForeignKeys(ctx); err != nil {
		return nil, nil, err
	}
	err = s.Read(ctx, func(t *Tx) error {
		for _, k := range uniqueKeys {
			var found int
			err := t.one(ctx, `SELECT count(*) FROM pg_index i WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
				AND (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM unnest(i.indkey::int2[]) AS k (attnum)
					JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
				= (SELECT array_agg(c ORDER BY c) FROM unnest(string_to_array($2, ',')) AS c)`, []any{k.table, k.columns}, &found)
			if err != nil {
				return err
			}
			if found == 0 {
				unique = append(unique, k.table+" ("+k.columns+")")
			}
		}
		return nil
	})
	return foreign, unique, err
}
