package store

import (
	"context"
	"slices"
	"strings"

	"extrato/internal/books"
)

// v4Tables are the tables of the books, v4's on PostgreSQL; ownTables are all
// others of a database of this version.
var (
	v4Tables  = []string{"users", "clients", "sessoes", "pagamentos", "comissoes", "gastos", "extratos", "extrato_run_logs"}
	ownTables = []string{
		"closings", "closing_details", "revisions", "deposits", "expense_categories", "payments_at_rest", "backups", "copies", "drills", "runs", "settings", "changes", "changed_rows", "artist_terms", "method_terms",
		"merged_clients", "month_sums", "alarms", "answers", "logins", "passwords", "service_tokens", "staff", "invitations", "signing_keys", "anchors",
	}
)

// tellingTables are those whose changes call for a copy of the database. The
// records of copies are none: each copy would call for the next.
func tellingTables() []string {
	return slices.DeleteFunc(slices.Concat(v4Tables, ownTables), func(name string) bool { return name == "copies" })
}

// table describes the object with a table's name in a database.
type table struct {
	name, schema string
	kind         string // table, view, materialized view, foreign table, partitioned table, virtual table
	columns      []string
	hidden       bool   // a policy filters its rows for this user
	family       string // a table it inherits from, is a partition of, or has as a child
	rule         string // a DO INSTEAD rule
}

// findTables returns the visible tables with these names, in their order.
func (t *Tx) findTables(ctx context.Context, names []string) ([]table, error) {
	query := `SELECT m.name, '', CASE WHEN m.type <> 'table' THEN m.type WHEN m.rootpage = 0 THEN 'virtual table' ELSE 'table' END,
			(SELECT coalesce(group_concat(name, ','), '') FROM pragma_table_info(m.name)), FALSE, '', ''
		FROM json_each($1) wanted JOIN sqlite_schema m ON m.name = wanted.value AND m.type IN ('table', 'view') ORDER BY wanted.key`
	if t.s.dialect.postgres {
		query = `SELECT c.relname, CAST(c.relnamespace::regnamespace AS TEXT),
			CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE CAST(c.relkind AS TEXT) END,
			coalesce((SELECT string_agg(attname, ',') FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), ''),
			row_security_active(c.oid),
			coalesce((SELECT CAST(CASE c.oid WHEN inhrelid THEN inhparent ELSE inhrelid END::regclass AS TEXT) FROM pg_inherits
				WHERE c.oid IN (inhrelid, inhparent) ORDER BY 1 LIMIT 1), ''),
			coalesce((SELECT min(rulename) FROM pg_rewrite WHERE ev_class = c.oid AND rulename <> '_RETURN' AND ev_enabled <> 'D'), '')
		FROM json_array_elements_text(CAST($1 AS JSON)) WITH ORDINALITY AS wanted (name, n)
		JOIN pg_class c ON c.oid = to_regclass(wanted.name) ORDER BY wanted.n`
	}
	var found []table
	err := t.list(ctx, query, []any{jsonTexts(names)}, func(scan func(...any) error) error {
		var one table
		var columns string
		err := scan(&one.name, &one.schema, &one.kind, &columns, &one.hidden, &one.family, &one.rule)
		one.columns = strings.Split(columns, ",")
		found = append(found, one)
		return err
	})
	return found, err
}

func errIncompatible(format string, args ...any) *books.Error {
	return books.Refusedf("table_unfit", format, args...)
}

// errHiddenRows refuses a table if PostgreSQL would show only a part of it.
func errHiddenRows(table string) *books.Error {
	return errIncompatible("row-level security hides rows of %s from this database user", table).
		WithHint("name the tables' owner in DATABASE_URL, or: ALTER ROLE … BYPASSRLS, or: ALTER TABLE … DISABLE ROW LEVEL SECURITY (and NO FORCE, for the owner)")
}

// check refuses a table that may hide rows, or keep deleted ones.
func (one table) check() error {
	const plain = "nothing was changed; extrato needs a plain table with all rows: "
	switch {
	case one.hidden:
		return errHiddenRows(one.name)
	case one.kind == "partitioned table":
		return errIncompatible("%s is partitioned: a month may lie in a partition that is detached, and no unique key covers all of them", one.name).
			WithHint(plain+"copy the rows into one, give it the keys and the name %s, then run extrato doctor", one.name)
	case one.kind != "table":
		return errIncompatible("%s is a %s, which may show less than there is", one.name, one.kind).
			WithHint(plain+"give the table behind it the name %s, and the %s another", one.name, one.kind)
	case one.family != "":
		return errIncompatible("%s shares its rows with %s, by inheritance or as a partition", one.name, one.family).
			WithHint(plain+"part them (ALTER TABLE … NO INHERIT … or DETACH PARTITION …), with the rows in %s", one.name)
	case one.rule != "":
		return errIncompatible("the rule %s does something else with what is written to %s", one.rule, one.name).
			WithHint("nothing was changed; drop it: DROP RULE %s ON %s", QuoteName(one.rule), one.name)
	}
	return nil
}

// CheckTables refuses (kind Refused) a database with a table missing, hiding
// rows, or in another schema than the others: a close would silently leave rows
// behind.
func (t *Tx) CheckTables(ctx context.Context) error {
	wanted := slices.Concat(v4Tables, ownTables)
	found, err := t.findTables(ctx, wanted)
	if err != nil {
		return err
	}
	if missing := missingOf(wanted, found); len(missing) > 0 {
		return tablesMissing(missing)
	}
	return t.checkFound(found)
}

// checkFound checks the tables found.
func (t *Tx) checkFound(found []table) error {
	schema := ""
	for _, one := range found {
		if err := one.check(); err != nil {
			return err
		}
		if !t.s.dialect.postgres {
			continue
		}
		if slices.Contains(ownTables, one.name) {
			if one.schema != ownSchema {
				return errIncompatible("%s.%s hides extrato's own table of that name", one.schema, one.name).
					WithHint("nothing was changed; rename it, or move v4's tables into a schema of their own and name that in search_path")
			}
			continue
		}
		if schema == "" {
			schema = one.schema
		}
		if one.schema != schema || schema == ownSchema {
			return errIncompatible("v4's tables are in several schemas: %s is in %s, the others in %s", one.name, one.schema, schema).
				WithHint("nothing was changed; put them into one, and let search_path name that first")
		}
	}
	return nil
}

func missingOf(wanted []string, found []table) []string {
	return slices.DeleteFunc(slices.Clone(wanted), func(name string) bool {
		return slices.ContainsFunc(found, func(one table) bool { return one.name == name })
	})
}

func tablesMissing(missing []string) error {
	return books.Refusedf("table_missing", "the database lacks %s", strings.Join(missing, ", ")).
		WithHint("nothing was changed; restore it from a copy of the database")
}

// CheckTables is Tx.CheckTables in a transaction of its own.
func (s *Store) CheckTables(ctx context.Context) error {
	return s.Read(ctx, func(t *Tx) error { return t.CheckTables(ctx) })
}
