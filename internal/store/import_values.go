package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"extrato/internal/books"
)

// importTable is one of v4's tables, as every version of v4 has had it.
type importTable struct {
	name       string
	optional   bool // the oldest databases lack it
	columns    []importColumn
	unique     []string
	references []reference
}

type importColumn struct {
	name     string
	carry    converter
	required bool
	letters  int // PostgreSQL's limit; 0: none
}

// reference is a column with the id of a row of another table.
type reference struct {
	column, to string
	onDangling danglingPolicy
}

// danglingPolicy is the treatment of a dangling reference.
type danglingPolicy int

const (
	refused danglingPolicy = iota
	cut                    // NULL takes its place
	carried                // SQLite keeps it; PostgreSQL cannot
)

// place names one value.
type cell struct {
	table  string
	id     int64
	column string
}

// converter turns a source's value, as text, into an argument for this
// database. raw is nil for NULL; a NULL in a NOT NULL column was refused
// before.
type converter func(im *importing, at cell, raw []byte) (any, error)

// importTables are v4's tables, each after the tables it refers to.
var importTables = []importTable{
	{
		name: "users", unique: []string{"email", "google_id"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"email", convertText, false, 100}, {"name", convertText, true, 100},
			{"avatar_url", convertText, false, 255}, {"google_id", convertText, false, 50}, {"password_hash", convertText, false, 255},
			{"role", convertText, true, 20}, {"active_flag", convertFlag, true, 0}, {"unified_flow_enabled", convertFlag, true, 0},
			{"created_at", convertInstant, false, 0}, {"updated_at", convertInstant, false, 0},
		},
	},
	{
		name: "clients", unique: []string{"jotform_submission_id"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"name", convertText, true, 255}, {"jotform_submission_id", convertText, false, 100},
			{"created_at", convertInstant, false, 0}, {"updated_at", convertInstant, false, 0},
		},
	},
	{
		name: "sessoes", unique: []string{"google_event_id"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"data", convertDay, true, 0}, {"hora", convertTime, false, 0}, {"valor", convertMoney, true, 0},
			{"observacoes", convertText, false, 255}, {"cliente_id", convertID, true, 0}, {"artista_id", convertID, true, 0},
			{"google_event_id", convertText, false, 100}, {"status", convertText, false, 20}, {"payment_id", convertLink, false, 0},
			{"created_at", convertInstant, false, 0}, {"updated_at", convertInstant, false, 0},
		},
		references: []reference{{"cliente_id", "clients", refused}, {"artista_id", "users", refused}, {"payment_id", "pagamentos", cut}},
	},
	{
		name: "pagamentos", unique: []string{"google_event_id"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"data", convertDay, true, 0}, {"valor", convertMoney, true, 0},
			{"forma_pagamento", convertText, true, 50}, {"observacoes", convertText, false, 255}, {"comissao", convertMoney, false, 0},
			{"cliente_id", convertID, false, 0}, {"artista_id", convertID, true, 0}, {"sessao_id", convertID, false, 0},
			{"google_event_id", convertText, false, 100}, {"created_at", convertInstant, false, 0}, {"updated_at", convertInstant, false, 0},
		},
		references: []reference{{"cliente_id", "clients", cut}, {"artista_id", "users", refused}, {"sessao_id", "sessoes", cut}},
	},
	{
		name: "comissoes",
		columns: []importColumn{
			{"id", convertID, true, 0}, {"pagamento_id", convertID, false, 0}, {"artista_id", convertID, true, 0},
			{"percentual", convertPercent, true, 0}, {"valor", convertMoney, true, 0}, {"observacoes", convertText, false, 255},
			{"created_at", convertLocalInstant, false, 0},
		},
		references: []reference{{"pagamento_id", "pagamentos", carried}, {"artista_id", "users", refused}},
	},
	{
		name: "gastos",
		columns: []importColumn{
			{"id", convertID, true, 0}, {"data", convertDay, true, 0}, {"valor", convertMoney, true, 0}, {"descricao", convertText, false, 255},
			{"forma_pagamento", convertText, true, 50}, {"created_by", convertID, true, 0},
			{"created_at", convertInstant, false, 0}, {"updated_at", convertInstant, false, 0},
		},
		references: []reference{{"created_by", "users", refused}},
	},
	{
		name: "extratos", optional: true, unique: []string{"mes, ano"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"mes", convertID, true, 0}, {"ano", convertID, true, 0}, {"pagamentos", convertJSON, true, 0},
			{"sessoes", convertJSON, true, 0}, {"comissoes", convertJSON, true, 0}, {"gastos", convertJSON, false, 0},
			{"totais", convertJSON, true, 0}, {"created_at", convertInstant, false, 0},
		},
	},
	{
		name: "extrato_run_logs", optional: true, unique: []string{"mes, ano, status"},
		columns: []importColumn{
			{"id", convertID, true, 0}, {"mes", convertID, true, 0}, {"ano", convertID, true, 0}, {"run_at", convertInstant, false, 0},
			{"status", convertText, true, 50}, {"message", convertText, false, 500},
		},
	},
}

// unknown returns the columns that the table has had in no version.
func (t importTable) unknown(columns []string) []string {
	return slices.DeleteFunc(slices.Clone(columns), func(name string) bool {
		return slices.ContainsFunc(t.columns, func(c importColumn) bool { return c.name == name })
	})
}

// copyTable streams one table over, a batch of rows at a time.
func (im *importing) copyTable(ctx context.Context, table importTable) error {
	if im.tables[table.name] == nil {
		return nil
	}
	columns, err := im.columnsOf(ctx, table)
	if err != nil {
		return err
	}
	w := &rowWriter{t: im.to, table: table.name, columns: columns, batch: insertBatch}
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
	err = im.from.list(ctx, im.from.selectAll(table.name, columns), nil, func(scan func(...any) error) error {
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
			if has, err := im.to.hasColumn(ctx, table.name, c.name); err != nil {
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
func (t *Tx) selectAll(table string, columns []importColumn) string {
	var names []string
	for _, c := range columns {
		if t.s.dialect.postgres {
			names = append(names, "CAST("+c.name+" AS TEXT)")
		} else {
			names = append(names, "+"+c.name) // as an expression, the driver does not make times and flags of it
		}
	}
	return "SELECT " + strings.Join(names, ", ") + " FROM " + table + " ORDER BY id"
}

func (im *importing) convert(at cell, c importColumn, value any) (any, error) {
	raw, err := rawText(value)
	if err != nil {
		return nil, unreadable(at, err)
	}
	if _, gone := im.dangling[at.table+"."+at.column][at.id]; gone {
		raw = nil
	}
	if raw == nil {
		if c.required {
			return nil, errNotConvertible(at, "is NULL, and this database insists on a value")
		}
		return nil, nil
	}
	if !utf8.Valid(raw) {
		return nil, unreadable(at, errors.New("is not valid UTF-8"))
	}
	if im.to.s.dialect.postgres {
		if bytes.IndexByte(raw, 0) >= 0 {
			return nil, errNotConvertible(at, "holds a NUL character, which PostgreSQL cannot store")
		}
		if n := utf8.RuneCount(raw); c.letters > 0 && n > c.letters {
			return nil, errNotConvertible(at, fmt.Sprintf("is %d letters long, and PostgreSQL has room for %d", n, c.letters))
		}
	}
	return c.carry(im, at, raw)
}

// rawText returns a value as text; a binary fraction in its shortest exact
// form.
func rawText(value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case int64:
		return strconv.AppendInt(nil, v, 10), nil
	case float64:
		return strconv.AppendFloat(nil, v, 'f', -1, 64), nil
	case string:
		return []byte(v), nil
	case []byte:
		return append([]byte{}, v...), nil
	}
	return nil, fmt.Errorf("is a %T", value)
}

func errNotConvertible(at cell, why string) error {
	return books.Refusedf("cannot_carry", "row %d of %s cannot come in: %s %s", at.id, at.table, at.column, why).
		WithHint("correct that row in the source, then import again; nothing was copied")
}

func unreadable(at cell, err error) error {
	return books.Integrityf("broken_row", "row %d of %s has a value that cannot be read in %s", at.id, at.table, at.column).
		WithHint("correct that row in the source, then import again; nothing was copied").Because(err)
}

func convertID(_ *importing, at cell, raw []byte) (any, error) {
	var id books.ID
	if err := id.Parse(raw); err != nil {
		return nil, unreadable(at, err)
	}
	return int64(id), nil
}

// convertLink keeps a session's link for later: its payment comes after it.
func convertLink(im *importing, at cell, raw []byte) (any, error) {
	var id books.ID
	if err := id.Parse(raw); err != nil {
		return nil, unreadable(at, err)
	}
	im.links = append(im.links, &books.Link{SessionID: books.ID(at.id), PaymentID: id})
	return nil, nil
}

func convertText(_ *importing, _ cell, raw []byte) (any, error) { return string(raw), nil }

func convertFlag(_ *importing, at cell, raw []byte) (any, error) {
	flag, err := strconv.ParseBool(string(raw))
	if err != nil {
		return nil, unreadable(at, err)
	}
	return flag, nil
}

// convertDay keeps a malformed date as it is where the column is text: it
// belongs to no month, and is reported.
func convertDay(im *importing, at cell, raw []byte) (any, error) {
	day := string(raw)
	if _, err := books.ParseDay(day); err == nil {
		return day, nil
	}
	if im.to.s.dialect.postgres {
		return nil, errNotConvertible(at, strconv.Quote(day)+" is not a day, and PostgreSQL stores only days")
	}
	im.done.Doubtful = append(im.done.Doubtful, Change{Table: at.table, ID: at.id, Column: at.column, Old: day,
		Why: "is not a day, so the row belongs to no month"})
	return day, nil
}

// convertTime writes a time of day as PostgreSQL does, so a session has the
// same fingerprint from either source.
func convertTime(im *importing, at cell, raw []byte) (any, error) {
	text := string(raw)
	for _, layout := range []string{"15:04:05.999999", "15:04"} {
		if clock, err := time.Parse(layout, text); err == nil {
			return clock.Format("15:04:05.999999"), nil
		}
	}
	if im.to.s.dialect.postgres {
		return nil, errNotConvertible(at, strconv.Quote(text)+" is not a time of day")
	}
	return text, nil
}

func convertMoney(im *importing, at cell, raw []byte) (any, error) {
	return im.round(at, raw)
}

// percentLimit is the first value too large for NUMERIC(5,2).
const percentLimit = books.Money(1000_00)

func convertPercent(im *importing, at cell, raw []byte) (any, error) {
	percent, err := im.round(at, raw) // hundredths of a percent are rounded as hundredths of a real
	if err == nil {
		if m, _ := books.ParseMoney(percent); m <= -percentLimit || m >= percentLimit {
			return nil, errNotConvertible(at, percent+" is too large a percentage")
		}
	}
	return percent, err
}

// round returns the number with two decimals, and reports it if any are cut.
func (im *importing) round(at cell, raw []byte) (string, error) {
	amount, rounded, err := books.RoundMoney(string(raw))
	if e := books.AsError(err); e != nil && e.Code == "amount_too_large" {
		return "", errNotConvertible(at, string(raw)+" is too large an amount")
	}
	if err != nil {
		return "", unreadable(at, err)
	}
	if rounded {
		im.done.Rounded = append(im.done.Rounded,
			Change{Table: at.table, ID: at.id, Column: at.column, Old: string(raw), New: amount.String()})
	}
	return amount.String(), nil
}

func convertInstant(_ *importing, at cell, raw []byte) (any, error) {
	var instant books.Instant
	if err := instant.Parse(raw); err != nil {
		return nil, unreadable(at, err)
	}
	return instant.SQL(), nil
}

// convertLocalInstant reads comissoes.created_at: in v4's SQLite files alone of
// all times it is the studio's own, mostly the midnight of the payment's day.
func convertLocalInstant(im *importing, at cell, raw []byte) (any, error) {
	var instant books.Instant
	if err := instant.Parse(raw); err != nil {
		return nil, unreadable(at, err)
	}
	// PostgreSQL always writes an offset.
	if naive := !bytes.ContainsAny(raw[len("2025-10-28 14:52"):], "+-Z"); naive {
		t := instant.Time()
		midnight := books.DayOf(t).In(im.to.s.zone)
		local := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), im.to.s.zone)
		if local.Before(midnight) || t.Equal(t.Truncate(24*time.Hour)) {
			local = midnight // clocks may skip it
		}
		instant = books.InstantOf(local)
	}
	return instant.SQL(), nil
}

func convertJSON(im *importing, at cell, raw []byte) (any, error) {
	if im.to.s.dialect.postgres && !json.Valid(raw) {
		return nil, errNotConvertible(at, "is not JSON, and PostgreSQL stores nothing else there")
	}
	return string(raw), nil
}

// rowWriter inserts rows in batches.
type rowWriter struct {
	t       *Tx
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
	_, err := w.t.exec(ctx, query.String(), w.args...)
	w.args = w.args[:0]
	if err != nil {
		return fmt.Errorf("insert into %s: %w", w.table, err)
	}
	return nil
}
