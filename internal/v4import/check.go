package v4import

import (
	"context"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/store"
)

// refuseForeign refuses a source without the tables common to all v4 versions.
func (im *importing) refuseForeign() error {
	for _, table := range importTables {
		columns, ok := im.tables[table.name]
		if !ok && table.optional {
			continue
		}
		if !ok {
			return books.Refusedf("not_v4", "the source has no table %s: it is not a database of v4's", table.name).
				WithHint("name v4's database: extrato import --from URL")
		}
		for _, c := range table.columns {
			if c.required && !slices.Contains(columns, c.name) {
				return books.Refusedf("not_v4", "the source's table %s has no column %s: it is not a database of v4's", table.name, c.name).
					WithHint("name v4's database: extrato import --from URL")
			}
		}
	}
	return nil
}

// checkKeys checks the source against v4's keys, since it may lack them, and
// finds dangling references.
func (im *importing) checkKeys(ctx context.Context, table importTable) error {
	for _, key := range table.unique {
		if err := im.refuseDuplicates(ctx, table, key); err != nil {
			return err
		}
	}
	for _, ref := range table.references {
		if !im.has(table.name, ref.column) {
			continue
		}
		if err := im.findDangling(ctx, table, ref); err != nil {
			return err
		}
	}
	return nil
}

func (im *importing) has(table, column string) bool { return slices.Contains(im.tables[table], column) }

func (im *importing) refuseDuplicates(ctx context.Context, table importTable, key string) error {
	present := ""
	for _, column := range strings.Split(key, ", ") {
		if !im.has(table.name, column) {
			return nil
		}
		present += " AND " + column + " IS NOT NULL"
	}
	return im.from.List(ctx, "SELECT min(id), max(id) FROM "+table.name+" WHERE TRUE"+present+
		" GROUP BY "+key+" HAVING count(*) > 1 ORDER BY 1 LIMIT 1", nil, func(scan func(...any) error) error {
		var first, last int64
		if err := scan(&first, &last); err != nil {
			return err
		}
		return books.Refusedf("duplicates", "rows %d and %d of %s have the same %s", first, last, table.name, key).
			WithHint("correct one of them in the source, then import again; nothing was copied")
	})
}

// findDangling finds the dangling references of one column: a SQLite file, or
// an older PostgreSQL database, may hold some.
func (im *importing) findDangling(ctx context.Context, table importTable, ref reference) error {
	query := "SELECT r.id, CAST(r." + ref.column + " AS TEXT) FROM " + table.name + " r WHERE r." + ref.column + ` IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM ` + ref.to + " x WHERE x.id = r." + ref.column + ") ORDER BY r.id"
	return im.from.List(ctx, query, nil, func(scan func(...any) error) error {
		change := Change{Table: table.name, Column: ref.column}
		if err := scan(&change.ID, &change.Old); err != nil {
			return err
		}
		switch {
		case ref.onDangling == carried && !im.to.Postgres():
			change.Why = "names a row of " + ref.to + " that does not exist"
			im.done.Doubtful = append(im.done.Doubtful, change)
		case ref.onDangling == cut:
			im.done.Unlinked = append(im.done.Unlinked, change)
			name := table.name + "." + ref.column
			if im.dangling == nil {
				im.dangling = map[string]map[int64]string{}
			}
			if im.dangling[name] == nil {
				im.dangling[name] = map[int64]string{}
			}
			im.dangling[name][change.ID] = change.Old
		default:
			return errNotConvertible(cell{table.name, change.ID, ref.column},
				"names row "+change.Old+" of "+ref.to+", which does not exist, and this database insists on it")
		}
		return nil
	})
}

// refuseRows refuses a database with anything but its own settings.
func refuseRows(ctx context.Context, t *store.Tx) error {
	tables := []string{"closings", "revisions", "backups", "runs"}
	for _, table := range importTables {
		tables = append(tables, table.name)
	}
	for _, table := range tables {
		var rows int64
		if err := t.One(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+table+" LIMIT 1) AS r", nil, &rows); err != nil {
			return err
		}
		if rows > 0 {
			return notEmpty("rows in " + table)
		}
	}
	return nil
}

func notEmpty(what string) error {
	return books.Refusedf("not_empty", "this database holds %s; an import needs a new one", what).
		WithHint("set DATABASE_URL to a database that does not exist yet, such as sqlite:///data/extrato.db; v4's PostgreSQL database is taken over in place with extrato migrate")
}

// refuseFull refuses a database with any data, before it is touched.
func refuseFull(ctx context.Context, s *store.Store) error {
	switch condition, err := s.Condition(ctx); {
	case err != nil:
		return err
	case condition == store.V4:
		return notEmpty("v4's books")
	case condition == store.Current:
		return s.Read(ctx, func(t *store.Tx) error { return refuseRows(ctx, t) })
	}
	return nil
}
