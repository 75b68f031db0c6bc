package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/books"
)

// Portable tables are those that a studio needs back beside its live rows and
// its statements. Their rows are lists of texts, NULL or not, equal on both
// databases.

// PortableTable is such a table. Its name and its columns are the program's own.
type PortableTable struct {
	Name    string
	Columns []PortableColumn
	where   string // the rows to keep
	order   string
}

// PortableColumn is a column and the kind of its values.
type PortableColumn struct {
	Name string
	kind portableKind
}

type portableKind int

const (
	portableText portableKind = iota
	portableNumber
	portableFlag
	portableDay
	portableInstant // of v4's tables; ours keep instants as text
	portableAmount
	portableBytes // base64
)

// text reads a value as both databases write it alike.
func (k portableKind) value() books.Value {
	switch k {
	case portableDay:
		return &books.NullDay{}
	case portableInstant:
		return &books.NullInstant{}
	case portableAmount:
		return &books.NullMoney{}
	}
	return &books.Text{}
}

func columns(kind portableKind, names ...string) []PortableColumn {
	var list []PortableColumn
	for _, name := range names {
		list = append(list, PortableColumn{name, kind})
	}
	return list
}

// volatileSettings say what happened on this server lately, or let somebody in.
const volatileSettings = "'" + SafetyNetSeen + "', '" + HeartbeatAt + "', 'setup_link'"

// keptChanges are the changes to keep: of live rows, of people, and all of the
// last weeks. Those of closed months would make each copy grow with the years.
const keptChanges = `(h.at >= $1 OR h.action = '` + MergeAction + `' OR h.kind IN ('cliente', 'artista') OR h.id IN (SELECT change FROM merged_clients)
	OR EXISTS (SELECT 1 FROM changed_rows r WHERE r.change = h.id AND (
		r.kind = 'pagamento' AND EXISTS (SELECT 1 FROM pagamentos l WHERE l.id = r.row_id) OR r.kind = 'sessao' AND EXISTS (SELECT 1 FROM sessoes l WHERE l.id = r.row_id)
		OR r.kind = 'comissao' AND EXISTS (SELECT 1 FROM comissoes l WHERE l.id = r.row_id) OR r.kind = 'gasto' AND EXISTS (SELECT 1 FROM gastos l WHERE l.id = r.row_id))))`

// PortableTables returns these tables, each after those that it refers to.
// Passwords, logins, tokens and invitations are none of them: a copy of the
// studio lets nobody in.
func PortableTables() []PortableTable {
	return []PortableTable{
		{Name: "users", order: "id", Columns: slices.Concat(
			columns(portableNumber, "id"), columns(portableText, "email", "name", "avatar_url", "google_id", "role"),
			columns(portableFlag, "active_flag", "unified_flow_enabled"), columns(portableInstant, "created_at", "updated_at"))},
		{Name: "clients", order: "id", Columns: slices.Concat(
			columns(portableNumber, "id"), columns(portableText, "name", "jotform_submission_id"), columns(portableInstant, "created_at", "updated_at"))},
		{Name: "staff", order: "user_id", Columns: slices.Concat(columns(portableNumber, "user_id"), columns(portableFlag, "reception", "tattoos"))},
		{Name: "settings", order: "name", where: "name NOT IN (" + volatileSettings + ")", Columns: columns(portableText, "name", "value")},
		{Name: "signing_keys", order: "id", Columns: slices.Concat(columns(portableNumber, "id"), columns(portableText, "vkey", "made_at"))},
		{Name: "anchors", order: "size, witness", Columns: slices.Concat(columns(portableNumber, "size"), columns(portableText, "witness", "note", "token", "at"))},
		{Name: "artist_terms", order: "artist, from_day", Columns: slices.Concat(
			columns(portableNumber, "artist"), columns(portableText, "from_day"), columns(portableAmount, "percent"))},
		{Name: "method_terms", order: "method, from_day", Columns: slices.Concat(
			columns(portableText, "method", "from_day"), columns(portableAmount, "percent"), columns(portableNumber, "days"))},
		{Name: "merged_clients", order: "client", Columns: columns(portableNumber, "client", "into_client", "merged_into", "change")},
		{Name: "changes", order: "id", where: keptChanges, Columns: slices.Concat(columns(portableNumber, "id"), columns(portableText, "action", "kind"),
			columns(portableNumber, "row_id"), columns(portableText, "actor", "at"), columns(portableNumber, "undoes"))},
		{Name: "changed_rows", order: "change, kind, row_id", where: "EXISTS (SELECT 1 FROM changes h WHERE h.id = t.change AND " + keptChanges + ")",
			Columns: slices.Concat(columns(portableNumber, "change"), columns(portableText, "kind"), columns(portableNumber, "row_id", "payment"), columns(portableText, "before", "after"))},
		{Name: "deposits", order: "payment", where: "month IS NOT NULL", Columns: slices.Concat(columns(portableNumber, "payment", "session"),
			columns(portableDay, "day"), columns(portableAmount, "amount"), columns(portableFlag, "marked"), columns(portableText, "month"))},
		{Name: "answers", order: "actor, key", where: "at >= $2", Columns: slices.Concat(columns(portableText, "actor", "key", "request"),
			columns(portableNumber, "status"), columns(portableText, "headers"), columns(portableBytes, "body"), columns(portableText, "at"))},
	}
}

// changesKept is how long the changes of closed rows are kept in copies.
const changesKept = 62 * 24 * 3600 * 1_000_000 // microseconds

// EachPortable calls fn with each row of a table, in order. fn may keep it.
func (t *Tx) EachPortable(ctx context.Context, table PortableTable, fn func([]*string) error) error {
	var names []string
	for _, c := range table.Columns {
		name := "t." + c.Name
		switch c.kind {
		case portableFlag:
			name = "CASE WHEN " + name + " THEN 'true' WHEN NOT " + name + " THEN 'false' END"
		case portableBytes: // as it is
		default:
			if t.s.dialect.postgres {
				name = "CAST(" + name + " AS TEXT)"
			} else {
				name = "+" + name // as an expression, the driver makes no times of it
			}
		}
		names = append(names, name)
	}
	query, args := "SELECT "+strings.Join(names, ", ")+" FROM "+table.Name+" t", []any(nil)
	if table.where != "" {
		where := table.where
		if table.Name == "changes" {
			where = strings.ReplaceAll(where, "h.", "t.")
		}
		since := books.InstantOf(t.s.now())
		switch {
		case strings.Contains(where, "$1"):
			args = []any{(since - changesKept).String()}
		case strings.Contains(where, "$2"):
			where, args = strings.ReplaceAll(where, "$2", "$1"), []any{t.answersFrom()}
		}
		query += " WHERE " + where
	}
	return t.list(ctx, query+" ORDER BY "+orderOf(table), args, func(scan func(...any) error) error {
		row, dest := make([]*string, len(table.Columns)), make([]any, len(table.Columns))
		cells := make([]portableCell, len(row))
		for i, c := range table.Columns {
			cells[i].kind = c.kind
			dest[i] = &cells[i]
		}
		if err := scan(dest...); err != nil {
			return books.Integrityf("broken_row", "a row of %s has a value that cannot be kept exactly: %s", table.Name, err).
				WithHint("correct that row in the database; nothing was changed")
		}
		for i := range cells {
			row[i] = cells[i].text
		}
		return fn(row)
	})
}

func orderOf(table PortableTable) string {
	return "t." + strings.ReplaceAll(table.order, ", ", ", t.")
}

// portableCell reads one value.
type portableCell struct {
	kind portableKind
	text *string
}

// Scan makes portableCell a sql.Scanner.
func (c *portableCell) Scan(src any) error {
	c.text = nil
	if c.kind == portableBytes {
		var bytes []byte
		switch v := src.(type) {
		case []byte:
			bytes = v
		case string:
			bytes = []byte(v)
		default:
			return fmt.Errorf("cannot read a %T", src)
		}
		c.text = new(base64.StdEncoding.EncodeToString(bytes))
		return nil
	}
	value := c.kind.value()
	reader := column{value: value}
	if err := reader.Scan(src); err != nil || value.Null() {
		return err
	}
	c.text = new(string(value.AppendText(nil)))
	return nil
}

// InsertPortable inserts rows of a table as EachPortable returned them.
func (t *Tx) InsertPortable(ctx context.Context, table PortableTable, rows [][]*string) error {
	var names []string
	for _, c := range table.Columns {
		names = append(names, c.Name)
	}
	head := "INSERT INTO " + table.Name + " (" + strings.Join(names, ", ") + ")" + t.withIDs(table) + " VALUES "
	for batch := range slices.Chunk(rows, insertBatch) {
		var query strings.Builder
		query.WriteString(head)
		var args []any
		for i, row := range batch {
			query.WriteString(separator(i) + "(")
			for j, c := range table.Columns {
				arg, err := c.argument(row[j])
				if err != nil {
					return fmt.Errorf("%s.%s: %w", table.Name, c.Name, err)
				}
				args = append(args, arg)
				query.WriteString(separator(j) + "$" + strconv.Itoa(len(args)))
			}
			query.WriteString(")")
		}
		if _, err := t.exec(ctx, query.String(), args...); err != nil {
			return fmt.Errorf("insert into %s: %w", table.Name, err)
		}
	}
	return nil
}

// withIDs is for tables whose ids an older v4 database may generate always.
func (t *Tx) withIDs(table PortableTable) string {
	if table.Columns[0].Name == "id" && slices.Contains(v4Tables, table.Name) {
		return t.s.dialect.withIDs
	}
	return ""
}

// argument turns a value's text into an argument for the database.
func (c PortableColumn) argument(text *string) (any, error) {
	if text == nil {
		return nil, nil
	}
	switch c.kind {
	case portableNumber:
		return strconv.ParseInt(*text, 10, 64)
	case portableFlag:
		return strconv.ParseBool(*text)
	case portableBytes:
		return base64.StdEncoding.DecodeString(*text)
	}
	value := c.kind.value()
	if err := value.Parse([]byte(*text)); err != nil {
		return nil, err
	}
	return value.SQL(), nil
}

// Sequenced are the tables with ids that are never given out twice.
var sequenced = []string{"users", "clients", "sessoes", "pagamentos", "comissoes", "gastos", "extratos", "extrato_run_logs", "runs", "changes"}

// Sequences returns the last id given out in each table that numbers its rows.
func (t *Tx) Sequences(ctx context.Context) (map[string]int64, error) {
	query := `SELECT coalesce((SELECT max(last_value) FROM pg_sequences
		WHERE to_regclass(format('%I.%I', schemaname, sequencename)) = to_regclass(pg_get_serial_sequence(CAST(to_regclass($1) AS TEXT), 'id'))), 0)`
	if !t.s.dialect.postgres {
		query = "SELECT coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = $1), 0)"
	}
	all := map[string]int64{}
	for _, table := range sequenced {
		var last, highest int64
		if err := t.one(ctx, query, []any{table}, &last); err != nil {
			return nil, err
		}
		var used sql.NullInt64
		if err := t.one(ctx, "SELECT max(id) FROM "+table, nil, &used); err != nil {
			return nil, err
		}
		highest = used.Int64
		all[table] = max(last, highest)
	}
	return all, nil
}

// AllRecords returns the live rows of a kind with their copies, by id.
func (t *Tx) AllRecords(ctx context.Context, kind books.Kind) books.Rows {
	query, err := t.recordQuery(ctx, kind)
	if err != nil {
		return func(yield func(books.Row, error) bool) { yield(nil, err) }
	}
	var made books.Text
	return t.records(ctx, kind, &made, query+" ORDER BY r.id")
}

// RaiseOwnSequence puts the next id of one of the tables of Sequences above
// last. A table that does not number its rows here is left alone.
func (t *Tx) RaiseOwnSequence(ctx context.Context, table string, last int64) error {
	if last == 0 || !slices.Contains(sequenced, table) {
		return nil
	}
	return t.RaiseSequence(ctx, table, last)
}

// AnyRow reports whether a table, the program's own, has any row.
func (t *Tx) AnyRow(ctx context.Context, table string) (bool, error) {
	var rows int64
	err := t.one(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+table+" LIMIT 1) AS r", nil, &rows)
	return rows > 0, err
}

// ClearFirst deletes the settings and the key that a new database begins with.
func (t *Tx) ClearFirst(ctx context.Context) error {
	_, err := t.exec(ctx, "DELETE FROM settings")
	if err == nil {
		_, err = t.exec(ctx, "DELETE FROM signing_keys")
	}
	return err
}

// Widen gives a new PostgreSQL database the columns of older v4 versions, if
// live rows have values for them. It fails with an Error of kind Refused on a
// row that PostgreSQL's keys refuse: v4's SQLite files have commissions of
// payments that are not there.
func (t *Tx) Widen(ctx context.Context, rows []books.Row) error {
	if !t.s.dialect.postgres {
		return nil
	}
	payments, hasTime, noStatus := map[books.ID]bool{}, false, false
	for _, row := range rows {
		switch r := row.(type) {
		case *books.Payment:
			payments[r.ID] = true
		case *books.Session:
			hasTime, noStatus = hasTime || r.Time.Valid, noStatus || !r.Status.Valid
		}
	}
	for _, row := range rows {
		if c, ok := row.(*books.Commission); ok && c.PaymentID.Valid && !payments[c.PaymentID.V] {
			return books.Refusedf("cannot_carry", "comissao %d names the payment %d, which is not live, and PostgreSQL insists on it", c.ID, c.PaymentID.V).
				WithHint("nothing was changed; take a SQLite database: DATABASE_URL=sqlite:///data/extrato.db")
		}
	}
	var statements []string
	if hasTime {
		statements = append(statements, "ALTER TABLE sessoes ADD COLUMN IF NOT EXISTS hora TIME")
	}
	if noStatus {
		statements = append(statements, "ALTER TABLE sessoes ALTER COLUMN status DROP NOT NULL")
	}
	for _, statement := range statements {
		if _, err := t.exec(ctx, statement); err != nil {
			return err
		}
	}
	t.ForgetColumns()
	return nil
}

// Now returns the store's clock.
func (s *Store) Now() books.Instant { return books.InstantOf(s.now()) }
