package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"extrato/internal/books"
)

// monthRows returns the query for a month's whole rows of one kind: the table's
// own columns, then those for the copies.
func (t *Tx) monthRows(kind books.Kind, hasTime bool, args monthArgs) string {
	text := t.s.dialect.text
	columns := "r.id, r.payment_id"
	if kind != books.LinkKind {
		columns = strings.Join(t.s.selectColumns(kind, hasTime), ", ")
	}
	from, condition := args.rows(t.s.dialect, kind)
	switch kind {
	case books.PaymentKind:
		columns += ", " + text("s.data") + ", " + isMarked
		from += " LEFT JOIN sessoes s ON s.id = r.sessao_id LEFT JOIN deposits e ON e.payment = r.id"
	case books.ExpenseKind:
		columns += ", k.category"
		from += ofCategory
	case books.CommissionKind:
		columns += ", " + clientOfPayment + ", " + text("p.valor") + ", " + text("p.data")
		if !strings.HasSuffix(from, ofPayment) {
			from += ofPayment
		}
	}
	return "SELECT " + columns + " FROM " + from + " WHERE " + condition + " ORDER BY r.id"
}

// textColumns are the columns read as text from PostgreSQL: the one form common
// to both databases and CSV.
var textColumns = []string{"data", "hora", "valor", "comissao", "percentual", "created_at", "updated_at"}

func (s *Store) selectColumns(kind books.Kind, hasTime bool) []string {
	var columns []string
	for _, c := range kind.Columns() {
		name := "r." + c
		switch {
		case c == "hora" && !hasTime:
			name = "NULL"
		case slices.Contains(textColumns, c):
			name = s.dialect.text(name)
		}
		columns = append(columns, name)
	}
	return columns
}

// MonthRows returns the live rows of month in order, and at the end the clients
// and artists they refer to. A row that cannot be read exactly (parts of a
// cent, text that is not UTF-8) ends it with an Error of kind Integrity naming
// the row.
func (t *Tx) MonthRows(ctx context.Context, month books.Month) books.Rows {
	return func(yield func(books.Row, error) bool) {
		args, err := t.monthArgs(ctx, month)
		if err != nil {
			yield(nil, err)
			return
		}
		hasTime, err := t.HasColumn(ctx, "sessoes", "hora")
		if err != nil {
			yield(nil, err)
			return
		}
		people, err := t.readPeople(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		for kind := books.PaymentKind; kind <= books.LinkKind; kind++ {
			for row, err := range t.scanRows(ctx, kind, people, t.monthRows(kind, hasTime, args), args.of(kind)...) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
		used, err := t.used(ctx, people)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, row := range used {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// columnsOf returns the names of a table's columns.
func (t *Tx) columnsOf(ctx context.Context, table string) ([]string, error) {
	if t.cols == nil {
		query := `SELECT m.name, i.name FROM sqlite_schema m JOIN pragma_table_info(m.name) i
			WHERE m.type = 'table' AND m.name IN ('pagamentos', 'sessoes', 'comissoes', 'gastos', 'extratos', 'users', 'clients')`
		if t.s.dialect.postgres {
			query = `SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
				WHERE c.oid IN (to_regclass('pagamentos'), to_regclass('sessoes'), to_regclass('comissoes'), to_regclass('gastos'),
					to_regclass('extratos'), to_regclass('users'), to_regclass('clients')) AND a.attnum > 0 AND NOT a.attisdropped
				ORDER BY c.relname, a.attnum`
		}
		cols := map[string][]string{}
		err := t.list(ctx, query, nil, func(scan func(...any) error) error {
			var table, column string
			if err := scan(&table, &column); err != nil {
				return err
			}
			cols[table] = append(cols[table], column)
			return nil
		})
		if err != nil {
			return nil, err
		}
		t.cols = cols
	}
	return t.cols[table], nil
}

// HasColumn reports whether a table of the books has a column.
func (t *Tx) HasColumn(ctx context.Context, table, column string) (bool, error) {
	columns, err := t.columnsOf(ctx, table)
	return slices.Contains(columns, column), err
}

// CheckColumns refuses a month with data in an unknown column: no backup would
// hold it, and it would disappear. The Error names table and column.
func (t *Tx) CheckColumns(ctx context.Context, month books.Month) error {
	if err := t.CheckTables(ctx); err != nil {
		return err
	}
	var args monthArgs
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		columns, err := t.columnsOf(ctx, kind.Table())
		if err != nil {
			return err
		}
		for _, c := range columns {
			if slices.Contains(kind.Columns(), c) {
				continue
			}
			if args == (monthArgs{}) {
				if args, err = t.monthArgs(ctx, month); err != nil {
					return err
				}
			}
			ids := t.s.dialect.monthIDs(kind)
			var id int64
			query := fmt.Sprintf("SELECT id FROM %s WHERE %s IS NOT NULL AND id IN (%s) LIMIT 1", kind.Table(), QuoteName(c), ids)
			switch err := t.one(ctx, query, args.of(kind), &id); {
			case err == nil:
				return books.Refusedf("unknown_column", "%s %d has data in column %s.%s, which this program does not know", kind, id, kind.Table(), c).
					WithHint("nothing was changed; empty or drop the column, or ask for a version of extrato that carries it")
			case !errors.Is(err, sql.ErrNoRows):
				return err
			}
		}
	}
	return nil
}

// QuoteName returns a name as an SQL identifier.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// CountMonth counts the live rows of month.
func (t *Tx) CountMonth(ctx context.Context, month books.Month) (books.Counts, error) {
	counts, _, err := t.CountAndPrice(ctx, month)
	return counts, err
}

// CountAndPrice counts the live rows of month, and adds up the prices of the
// sessions leaving with it.
func (t *Tx) CountAndPrice(ctx context.Context, month books.Month) (c books.Counts, price books.Money, err error) {
	args, err := t.monthArgs(ctx, month)
	if err != nil {
		return c, 0, err
	}
	counts := []*int64{&c.Payments, &c.Sessions, &c.Commissions, &c.Expenses}
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		sum, dest := "", []any{counts[kind]}
		if kind == books.SessionKind {
			sum, dest = ", CAST(coalesce(sum("+centavos("r.valor")+"), 0) AS BIGINT)", append(dest, (*int64)(&price))
		}
		if err := t.one(ctx, "SELECT count(*)"+sum+" FROM "+tableOf(kind)+" r WHERE "+t.s.dialect.belongs(kind), args.of(kind), dest...); err != nil {
			return c, 0, err
		}
	}
	return c, price, nil
}

// MonthsWithRows returns the months with live rows, oldest first.
func (t *Tx) MonthsWithRows(ctx context.Context) ([]books.Month, error) {
	seen := map[books.Month]bool{}
	// From each day to the next by the index: most rows share theirs with many.
	days := func(table string) string {
		return "SELECT min(data) FROM " + table + " UNION ALL SELECT (SELECT min(r.data) FROM " + table + " r WHERE r.data > d.data) FROM d WHERE d.data IS NOT NULL"
	}
	text := t.s.dialect.text("d.data")
	all := func(table string) string {
		return "SELECT " + text + " FROM (WITH RECURSIVE d (data) AS (" + days(table) + ") SELECT data FROM d) AS d"
	}
	err := t.list(ctx, all("pagamentos")+" UNION ALL "+all("gastos"), nil, func(scan func(...any) error) error {
		var day storedDay
		err := scan(&day)
		seen[day.month()] = true
		return err
	})
	if err != nil {
		return nil, err
	}
	unpaired, err := t.unpairedMonths(ctx)
	if err != nil {
		return nil, err
	}
	for m := range unpaired {
		seen[m] = true
	}
	var months []books.Month
	for m := range seen {
		if m.Valid() {
			months = append(months, m)
		}
	}
	slices.SortFunc(months, func(a, b books.Month) int {
		if a.Before(b) {
			return -1
		}
		return 1
	})
	return months, nil
}

// FutureRow returns a live payment, session or expense made after limit, or "".
// Such a row means a wrong clock, now or then; a row without an instant means
// nothing.
func (t *Tx) FutureRow(ctx context.Context, limit books.Instant) (string, error) {
	var parts []string
	for _, kind := range []books.Kind{books.PaymentKind, books.SessionKind, books.ExpenseKind} {
		parts = append(parts, fmt.Sprintf("SELECT '%s', id, %s FROM %s WHERE created_at > $1", kind, t.s.dialect.text("created_at"), kind.Table()))
	}
	name := ""
	err := t.list(ctx, strings.Join(parts, " UNION ALL "), []any{limit.SQL()}, func(scan func(...any) error) error {
		var kind, made string
		var id int64
		var at books.Instant
		err := scan(&kind, &id, &made)
		if err == nil && name == "" && at.Parse([]byte(made)) == nil {
			name = fmt.Sprintf("%s %d", kind, id)
		}
		return err
	})
	return name, err
}
