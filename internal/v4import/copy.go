package v4import

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"extrato/internal/store"
)

// copyTable streams one table over, a batch of rows at a time.
func (im *importing) copyTable(ctx context.Context, table importTable) error {
	if im.tables[table.name] == nil {
		return nil
	}
	columns, err := im.columnsOf(ctx, table)
	if err != nil {
		return err
	}
	w := &rowWriter{t: im.to, table: table.name, columns: columns, batch: batchRows}
	if table.name == "extratos" {
		w.batch = 1 // a month of a hundred thousand rows is one row here
	}
	var values []any
	var dest []any
	for range columns {
		values = append(values, nil)
	}
	for i := range values {
		dest = append(dest, &values[i])
	}
	err = im.from.List(ctx, selectAll(im.from, table.name, columns), nil, func(scan func(...any) error) error {
		if err := scan(dest...); err != nil {
			return err
		}
		at := cell{table: table.name}
		for i, c := range columns {
			at.column = c.name
			arg, err := im.convert(at, c, values[i])
			if err != nil {
				return err
			}
			if i == 0 {
				at.id = arg.(int64)
			}
			w.args = append(w.args, arg)
		}
		return w.rowDone(ctx)
	})
	if err == nil {
		err = w.flush(ctx)
	}
	im.done.Tables = append(im.done.Tables, TableRows{Table: table.name, Rows: w.rows})
	return err
}

// columnsOf returns the columns common to both databases; the id comes first.
func (im *importing) columnsOf(ctx context.Context, table importTable) ([]importColumn, error) {
	var columns []importColumn
	for _, c := range table.columns {
		if !im.has(table.name, c.name) {
			continue
		}
		if c.name == "hora" { // widenColumns has added it if needed
			if has, err := im.to.HasColumn(ctx, table.name, c.name); err != nil {
				return nil, err
			} else if !has {
				continue
			}
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// selectAll returns the query for a table's rows, every value as the file
// holds it or, from PostgreSQL, as text.
func selectAll(t *store.Tx, table string, columns []importColumn) string {
	var names []string
	for _, c := range columns {
		if t.Postgres() {
			names = append(names, "CAST("+c.name+" AS TEXT)")
		} else {
			names = append(names, "+"+c.name) // as an expression, the driver does not make times and flags of it
		}
	}
	return "SELECT " + strings.Join(names, ", ") + " FROM " + table + " ORDER BY id"
}

// batchRows is the number of rows in one INSERT. SQLite's driver looks each
// parameter up among all of them, so larger batches are slower there.
const batchRows = 50

// rowWriter inserts rows in batches.
type rowWriter struct {
	t       *store.Tx
	table   string
	columns []importColumn
	batch   int
	args    []any
	rows    int64
}

func (w *rowWriter) rowDone(ctx context.Context) error {
	w.rows++
	if len(w.args) < w.batch*len(w.columns) {
		return nil
	}
	return w.flush(ctx)
}

func (w *rowWriter) flush(ctx context.Context) error {
	if len(w.args) == 0 {
		return nil
	}
	var names []string
	for _, c := range w.columns {
		names = append(names, c.name)
	}
	var query strings.Builder
	query.WriteString("INSERT INTO " + w.table + " (" + strings.Join(names, ", ") + ") VALUES ")
	for i := range w.args {
		switch {
		case i == 0:
			query.WriteString("(")
		case i%len(w.columns) == 0:
			query.WriteString("), (")
		default:
			query.WriteString(", ")
		}
		query.WriteString("$" + strconv.Itoa(i+1))
	}
	query.WriteString(")")
	_, err := w.t.Exec(ctx, query.String(), w.args...)
	w.args = w.args[:0]
	if err != nil {
		return fmt.Errorf("insert into %s: %w", w.table, err)
	}
	return nil
}
