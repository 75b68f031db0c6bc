package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"extrato/internal/books"
)

// What belongs to a month. These texts are the only definition: backup,
// close, preview, deletion and late rows all go through them.
//
//   - payments and expenses by their date;
//   - the sessions that such a payment is linked to in either direction,
//     whatever their own date, except those that a live payment outside the
//     month is linked to as well: they leave with their last payment;
//   - the commissions of those payments, and those without a payment by the
//     instant they were made in the studio's zone; what SQL cannot tell of a
//     commission's month, strays does;
//   - the links that sessions which stay lose when their payment leaves.
//
// Each direction has a NOT EXISTS of its own and ids meet by UNION ALL: one
// condition with OR goes quadratic on PostgreSQL.

// monthArgs are the arguments $1 to $5: the month's first and last day, its
// first instant and the first after it, and a JSON array with the ids of the
// strays that belong to it.
type monthArgs [5]any

// In a transaction of ReadRemembered the ids may come from memory.
func (t *Tx) monthArgs(ctx context.Context, month books.Month) (monthArgs, error) {
	strays, err := t.straysOf(ctx, month)
	if err != nil {
		return monthArgs{}, err
	}
	ids, err := json.Marshal(strays)
	return monthArgs{month.First().String(), month.Last().String(),
		edge(month.Start(t.s.zone)), edge(month.End(t.s.zone)), string(ids)}, err
}

// edge returns the instant as whole seconds: as text in SQLite it sorts before
// every plain instant of the same second.
func edge(at time.Time) string { return at.UTC().Format(time.DateTime) }

// in is the condition that a column's day lies in the month.
func (d dialect) in(column string) string {
	return "(" + column + " BETWEEN $1 AND $2" + d.validDay(column) + ")"
}

// loose is the condition that a commission has no payment and was made in the
// month. What was made at no instant that can be read is in none.
func (d dialect) loose(row string) string {
	made := row + ".created_at"
	return "(" + row + ".pagamento_id IS NULL AND " + made + " >= $3 AND " + made + " < $4 AND " + d.plainInstant(made) + ")"
}

// belongs returns the condition that row r of a kind's table belongs to the
// month, and how many of monthArgs it takes; for links, r is the session.
func (d dialect) belongs(kind books.Kind) (condition string, args int) {
	payments := "SELECT id FROM pagamentos WHERE " + d.in("data")
	outside := "NOT " + d.in("q.data")
	switch kind {
	case books.PaymentKind, books.ExpenseKind:
		return d.in("r.data"), 2
	case books.SessionKind:
		return `r.id IN (SELECT x.id FROM sessoes x WHERE x.payment_id IN (` + payments + `)
				UNION ALL SELECT p.sessao_id FROM pagamentos p WHERE ` + d.in("p.data") + `)
			AND NOT EXISTS (SELECT 1 FROM pagamentos q WHERE q.sessao_id = r.id AND ` + outside + `)
			AND NOT EXISTS (SELECT 1 FROM pagamentos q WHERE q.id = r.payment_id AND ` + outside + `)`, 2
	case books.CommissionKind:
		return `r.id IN (SELECT c.id FROM comissoes c WHERE c.pagamento_id IN (` + payments + `)
			UNION ALL SELECT c.id FROM comissoes c WHERE ` + d.loose("c") + `
			UNION ALL SELECT c.id FROM comissoes c WHERE c.id IN (` + d.idList("$5") + `))`, 5
	case books.LinkKind:
		return `r.payment_id IN (` + payments + `)
			AND EXISTS (SELECT 1 FROM pagamentos q WHERE q.sessao_id = r.id AND ` + outside + `)`, 2
	}
	panic("nothing says which rows of " + kind.String() + " belong to a month")
}

// ofPayment joins a commission's payment, or NULLs.
const ofPayment = " LEFT JOIN pagamentos p ON p.id = r.pagamento_id"

// walk returns what to select a month's rows r of one kind from, with the
// condition that they belong to it and how many of monthArgs that takes. Most
// live rows belong to the month that closes, so SQLite walks the table in the
// order that is wanted (by the index on days it would sort them first) and
// looks for each row's payment p: twice as fast as belongs there, and slower
// where few rows belong. PostgreSQL would go quadratic on the OR.
func (d dialect) walk(kind books.Kind) (from, condition string, args int) {
	from = tableOf(kind) + " r" + d.inOrder
	condition, args = d.belongs(kind)
	if d.inOrder == "" {
		return from, condition, args
	}
	paying := func(in string) string {
		return "EXISTS (SELECT 1 FROM pagamentos q WHERE q.sessao_id = r.id AND " + in + ")"
	}
	inside, outside := d.in("q.data"), "NOT "+d.in("q.data")
	switch kind {
	case books.SessionKind:
		from += " LEFT JOIN pagamentos p ON p.id = r.payment_id"
		condition = "(p.id IS NULL OR " + d.in("p.data") + ") AND NOT " + paying(outside) + `
			AND (p.id IS NOT NULL OR ` + paying(inside) + ")"
	case books.CommissionKind:
		from += ofPayment
		condition = "(" + d.in("p.data") + " OR " + d.loose("r") + " OR r.id IN (" + d.idList("$5") + "))"
	case books.LinkKind:
		from += " JOIN pagamentos p ON p.id = r.payment_id"
		condition = d.in("p.data") + " AND " + paying(outside)
	}
	return from, condition, args
}

// monthIDs returns the query for the ids of one kind's rows that belong to
// the month, and how many of monthArgs it takes. For links it is the sessions'.
func (d dialect) monthIDs(kind books.Kind) (query string, args int) {
	condition, args := d.belongs(kind)
	return "SELECT r.id FROM " + tableOf(kind) + " r WHERE " + condition, args
}

func tableOf(kind books.Kind) string {
	if kind == books.LinkKind {
		return books.SessionKind.Table()
	}
	return kind.Table()
}

// monthRows returns the query for one kind's whole rows of the month: the
// table's own columns, then what the copies need.
func (t *Tx) monthRows(kind books.Kind, hasTime bool) (query string, args int) {
	text := t.s.dialect.text
	columns := "r.id, r.payment_id"
	if kind != books.LinkKind {
		columns = strings.Join(t.s.selectColumns(kind, hasTime), ", ")
	}
	from, condition, args := t.s.dialect.walk(kind)
	switch kind {
	case books.PaymentKind:
		columns += ", " + text("s.data")
		from += " LEFT JOIN sessoes s ON s.id = r.sessao_id"
	case books.CommissionKind:
		columns += ", p.cliente_id, " + text("p.valor") + ", " + text("p.data")
		if !strings.HasSuffix(from, ofPayment) {
			from += ofPayment
		}
	}
	return "SELECT " + columns + " FROM " + from + " WHERE " + condition + " ORDER BY r.id", args
}

// textColumns are the columns that PostgreSQL must hand out as text, the one
// form that both databases and CSV share.
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

// MonthRows returns the live rows that belong to month, in order, with the
// clients and artists that they refer to at the end. Rows that cannot be read
// exactly (parts of a cent, text that is not UTF-8) end it with an Error of
// kind Integrity that names the row.
func (t *Tx) MonthRows(ctx context.Context, month books.Month) books.Rows {
	return func(yield func(books.Row, error) bool) {
		args, err := t.monthArgs(ctx, month)
		if err != nil {
			yield(nil, err)
			return
		}
		hasTime, err := t.hasColumn(ctx, "sessoes", "hora")
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
			query, n := t.monthRows(kind, hasTime)
			for row, err := range t.scanRows(ctx, kind, people, query, args[:n]...) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
		for _, row := range people.used() {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// paymentsAtRest returns in which month's statement each payment rests.
func (t *Tx) paymentsAtRest(ctx context.Context) (map[books.ID]books.Month, error) {
	resting := map[books.ID]books.Month{}
	err := t.EachStatement(ctx, func(s books.Stored) error {
		for row, err := range s.List(books.PaymentKind) {
			if err != nil {
				return err
			}
			resting[row.Key()] = s.Month
		}
		return nil
	})
	return resting, err
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

func (t *Tx) hasColumn(ctx context.Context, table, column string) (bool, error) {
	columns, err := t.columnsOf(ctx, table)
	return slices.Contains(columns, column), err
}

// CheckColumns refuses a month of which a row holds something in a column
// that this program does not know: no backup would hold it, and it would
// disappear. The Error names table and column.
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
			ids, n := t.s.dialect.monthIDs(kind)
			var id int64
			query := fmt.Sprintf("SELECT id FROM %s WHERE %s IS NOT NULL AND id IN (%s) LIMIT 1", kind.Table(), quoteName(c), ids)
			switch err := t.one(ctx, query, args[:n], &id); {
			case err == nil:
				return books.Refusedf("unknown_column", "%s %d holds something in column %s.%s, which this program does not know", kind, id, kind.Table(), c).
					WithHint("nothing was changed; empty or drop the column, or ask for a version of extrato that carries it")
			case !errors.Is(err, sql.ErrNoRows):
				return err
			}
		}
	}
	return nil
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// CountMonth counts the live rows that belong to month.
func (t *Tx) CountMonth(ctx context.Context, month books.Month) (books.Counts, error) {
	args, err := t.monthArgs(ctx, month)
	if err != nil {
		return books.Counts{}, err
	}
	var c books.Counts
	counts := []*int64{&c.Payments, &c.Sessions, &c.Commissions, &c.Expenses}
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		ids, n := t.s.dialect.monthIDs(kind)
		if err := t.one(ctx, "SELECT count(*) FROM ("+ids+") AS ids", args[:n], counts[kind]); err != nil {
			return c, err
		}
	}
	return c, nil
}

// MonthsWithRows returns the months to which live rows belong, oldest first.
func (t *Tx) MonthsWithRows(ctx context.Context) ([]books.Month, error) {
	seen := map[books.Month]bool{}
	text := t.s.dialect.text
	days := func(table string) string { return "SELECT DISTINCT " + text("data") + " FROM " + table }
	err := t.list(ctx, days("pagamentos")+" UNION "+days("gastos"), nil, func(scan func(...any) error) error {
		var day storedDay
		err := scan(&day)
		seen[day.month()] = true
		return err
	})
	if err != nil {
		return nil, err
	}
	loose, err := t.looseMonths(ctx)
	if err != nil {
		return nil, err
	}
	for m := range loose {
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

// FutureRow returns a live payment, session or expense that was made after
// limit, or "": a sign that a clock was or is wrong. What was made at no instant
// is no such sign.
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
