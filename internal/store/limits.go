package store

import (
	"bytes"
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"extrato/internal/books"
)

// columnLimits are the limits of a column of PostgreSQL.
type columnLimits struct {
	notNull    bool // NULL is refused
	maxLetters int  // at most so many; 0: any number
	isTime     bool // it is of type TIME
}

// CheckFits refuses rows with a value PostgreSQL cannot hold, and names the
// row: SQLite keeps longer texts, NULL and NUL where PostgreSQL does not.
func (t *Tx) CheckFits(ctx context.Context, rows []books.Row) error {
	if !t.s.dialect.postgres || len(rows) == 0 {
		return nil
	}
	byTable, err := t.columnLimits(ctx)
	if err != nil {
		return err
	}
	var values []books.Value
	for _, row := range rows {
		values = row.AppendValues(values[:0])
		for i, column := range row.Kind().Columns() {
			limits, there := byTable[row.Kind().Table()][column]
			if !there && column == "hora" && !values[i].Null() {
				return noTime(row)
			}
			if why, hint := limits.violation(values[i], row.Kind().Table(), column); why != "" {
				return books.Refusedf("row_does_not_fit", "%s cannot go into this database: its %s %s", books.Describe(row), column, why).
					WithHint("nothing was changed; %s", hint)
			}
		}
	}
	return nil
}

// columnLimits returns the limits of the columns of the books' tables.
func (t *Tx) columnLimits(ctx context.Context) (map[string]map[string]columnLimits, error) {
	byTable := map[string]map[string]columnLimits{}
	for kind := range books.KindCount {
		if kind.Table() == "" {
			continue
		}
		of := map[string]columnLimits{}
		byTable[kind.Table()] = of
		err := t.list(ctx, `SELECT attname, attnotnull, CASE WHEN atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND atttypmod > 4 THEN atttypmod - 4 ELSE 0 END,
				atttypid = 'time'::regtype
			FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`, []any{kind.Table()}, func(scan func(...any) error) error {
			var name string
			var r columnLimits
			err := scan(&name, &r.notNull, &r.maxLetters, &r.isTime)
			of[name] = r
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return byTable, nil
}

// violation explains why a value does not fit, with a hint; "" if it does.
func (r columnLimits) violation(v books.Value, table, column string) (why, hint string) {
	if v.Null() {
		if r.notNull {
			return "is NULL, and the column insists on a value",
				fmt.Sprintf("allow it (ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL), or restore into SQLite", table, column)
		}
		return "", ""
	}
	text := v.AppendText(nil)
	letters := utf8.RuneCount(text)
	switch {
	case bytes.IndexByte(text, 0) >= 0:
		return "holds a NUL character, which PostgreSQL cannot store", "restore into SQLite"
	case r.maxLetters > 0 && letters > r.maxLetters:
		return fmt.Sprintf("is %d letters long, and the column has room for %d", letters, r.maxLetters),
			fmt.Sprintf("make room (ALTER TABLE %s ALTER COLUMN %s TYPE VARCHAR(%d)), or restore into SQLite", table, column, letters)
	case r.isTime && !isClock(string(text)):
		return fmt.Sprintf("is %q, and PostgreSQL keeps a time of day only as 14:30:00", text), "restore into SQLite"
	}
	return "", ""
}

// isClock reports whether PostgreSQL hands out a time of day as it is written.
func isClock(text string) bool {
	clock, err := time.Parse("15:04:05.999999", text)
	return err == nil && clock.Format("15:04:05.999999") == text
}
