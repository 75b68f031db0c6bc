package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"extrato/internal/books"
)

// CheckV4 refuses incomplete tables of v4's, before anything is made beside
// them.
func (s *Store) CheckV4(ctx context.Context) error {
	return s.Read(ctx, func(t *Tx) error {
		found, err := t.findTables(ctx, v4Tables)
		if err != nil {
			return err
		}
		lacking := missingOf(v4Tables[:len(v4Tables)-1], found) // older ones have no extrato_run_logs
		for _, one := range found {
			for _, column := range v4Columns[one.name] {
				if !slices.Contains(one.columns, column) {
					lacking = append(lacking, one.name+"."+column)
				}
			}
		}
		if len(lacking) > 0 {
			return books.Refusedf("not_v4", "v4's tables are not whole: no %s", strings.Join(lacking, ", ")).
				WithHint("nothing was changed; let v4 make what is missing, or load a dump of it; if these are another application's tables, give extrato a database of its own")
		}
		if shadow, err := t.findTables(ctx, ownTables); err != nil || len(shadow) > 0 {
			found = append(found, shadow...)
		}
		return t.checkFound(found)
	})
}

// checkEmpty refuses a database without books in which none may be made:
// another application's, or one with its books outside search_path.
func (t *Tx) checkEmpty(ctx context.Context) error {
	found, err := t.findTables(ctx, slices.Concat(v4Tables, ownTables))
	if err != nil {
		return err
	}
	var names []string
	for _, one := range found {
		names = append(names, one.name)
	}
	if len(names) > 0 {
		return books.Refusedf("not_v4", "the database holds another application's tables: %s", strings.Join(names, ", ")).
			WithHint("nothing was changed; give extrato a database of its own")
	}
	if !t.s.dialect.postgres {
		return nil
	}
	return t.checkSchemas(ctx)
}

// checkSchemas looks for books where search_path does not lead.
func (t *Tx) checkSchemas(ctx context.Context) error {
	var path, first, elsewhere string
	err := t.one(ctx, `SELECT current_setting('search_path'), coalesce(CAST(current_schema() AS TEXT), ''),
		coalesce((SELECT string_agg(name, ', ' ORDER BY name) FROM (
			SELECT CAST(relnamespace::regnamespace AS TEXT) FROM pg_class WHERE relname IN ('`+strings.Join(onlyV4, "', '")+`') AND relkind IN ('r', 'p', 'v', 'f')
			GROUP BY relnamespace HAVING count(*) = `+fmt.Sprint(len(onlyV4))+`) AS s (name)), '')`, nil, &path, &first, &elsewhere)
	path = strings.TrimSuffix(path, ", "+ownSchema)
	switch {
	case err != nil:
		return err
	case elsewhere != "":
		return books.Refusedf("books_elsewhere", "v4's tables are in the schema %s, and search_path is %s", elsewhere, path).
			WithHint("nothing was changed; write it into DATABASE_URL: ?search_path=%s; for a new studio make another database", strings.Split(elsewhere, ", ")[0])
	case first == "" || first == ownSchema:
		return books.Refusedf("no_schema", "search_path is %s, and there is no such schema", path).
			WithHint("nothing was changed; make the schema, or correct search_path in DATABASE_URL, ALTER ROLE or ALTER DATABASE")
	}
	return nil
}

// onlyV4 are tables no other application is likely to have.
var onlyV4 = []string{"pagamentos", "sessoes", "comissoes", "extratos"}

// v4Columns are the columns without which a table is not v4's.
var v4Columns = map[string][]string{
	"users":      {"id", "name", "role", "active_flag"},
	"clients":    {"id", "name"},
	"sessoes":    {"id", "data", "valor", "cliente_id", "artista_id", "payment_id"},
	"pagamentos": {"id", "data", "valor", "forma_pagamento", "artista_id", "sessao_id"},
	"comissoes":  {"id", "pagamento_id", "artista_id", "percentual", "valor"},
	"gastos":     {"id", "data", "valor", "forma_pagamento", "created_by"},
	"extratos":   {"id", "mes", "ano", "pagamentos", "totais"},
}

func (s *Store) refuseV4File() error {
	return books.Refusedf("v4_database", "this SQLite file is v4's").
		WithHint("copy it into a new database: DATABASE_URL=sqlite:///data/extrato.db extrato import --from sqlite:///%s", s.dialect.path)
}
