package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"extrato/internal/books"
)

// insertBatch is how many rows one INSERT carries. SQLite's driver looks each
// parameter up among all of them, so larger batches are slower there.
const insertBatch = 50

// InsertRows inserts rows into the live tables with their ids, and then the
// links of sessions and payments. Rows are in order. A link to restore on a
// session that is live already comes as a Link row, and is set only where the
// session has none. InsertRows returns the links left alone because the session
// has a newer one or is gone.
func (t *Tx) InsertRows(ctx context.Context, rows []books.Row) (kept []*books.Link, err error) {
	byKind := map[books.Kind][]books.Row{}
	for _, row := range rows {
		byKind[row.Kind()] = append(byKind[row.Kind()], row)
	}
	hasTime, err := t.HasColumn(ctx, "sessoes", "hora")
	if err != nil {
		return nil, err
	}
	// Sessions and payments refer to each other, so a session's link comes last.
	var links []*books.Link
	for _, row := range byKind[books.SessionKind] {
		if s := row.(*books.Session); s.PaymentID.Valid {
			links = append(links, &books.Link{SessionID: s.ID, PaymentID: s.PaymentID.V})
		}
	}
	for _, kind := range []books.Kind{books.ClientKind, books.ArtistKind, books.SessionKind, books.PaymentKind, books.CommissionKind, books.ExpenseKind} {
		if err := t.insertKind(ctx, kind, byKind[kind], hasTime); err != nil {
			return nil, err
		}
	}
	if err := t.ReopenDeposits(ctx, byKind[books.PaymentKind]); err != nil {
		return nil, err
	}
	if err := t.SetCategories(ctx, byKind[books.ExpenseKind]); err != nil {
		return nil, err
	}
	if err := t.SetLinks(ctx, links); err != nil {
		return nil, err
	}
	return t.restoreLinks(ctx, byKind[books.LinkKind])
}

func (t *Tx) insertKind(ctx context.Context, kind books.Kind, rows []books.Row, hasTime bool) error {
	columns := slices.Clone(kind.Columns())
	extra := ""
	if kind == books.ArtistKind {
		columns = append(columns, "active_flag", "unified_flow_enabled") // a restored user cannot log in
		extra = ", FALSE, FALSE"
	}
	timeAt := slices.Index(columns, "hora")
	skip := timeAt >= 0 && !hasTime
	if skip {
		columns = slices.Delete(columns, timeAt, timeAt+1)
	}
	head := "INSERT INTO " + kind.Table() + " (" + strings.Join(columns, ", ") + ")" + t.s.dialect.withIDs + " VALUES "
	for batch := range slices.Chunk(rows, insertBatch) {
		var args []any
		var query strings.Builder
		query.WriteString(head)
		for i, row := range batch {
			values := row.AppendValues(nil)
			if s, ok := row.(*books.Session); ok {
				values[slices.Index(kind.Columns(), "payment_id")] = &books.Ref{}
				if skip && s.Time.Valid {
					return noTime(row)
				}
			}
			if skip {
				values = slices.Delete(values, timeAt, timeAt+1)
			}
			query.WriteString(separator(i) + "(")
			for j, v := range values {
				args = append(args, v.SQL())
				query.WriteString(separator(j) + "$" + strconv.Itoa(len(args)))
			}
			query.WriteString(extra + ")")
		}
		if _, err := t.exec(ctx, query.String(), args...); err != nil {
			return fmt.Errorf("insert into %s: %w", kind.Table(), err)
		}
	}
	return nil
}

func noTime(row books.Row) error {
	return books.Refusedf("unknown_column", "%s has a time, but this database has no column sessoes.hora", books.Describe(row)).
		WithHint("add the column: ALTER TABLE sessoes ADD COLUMN hora TIME")
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// SetLinks sets sessoes.payment_id where it is NULL.
func (t *Tx) SetLinks(ctx context.Context, links []*books.Link) error {
	return t.setNull(ctx, "sessoes", "payment_id", links, func(l *books.Link) (at, to books.ID) { return l.SessionID, l.PaymentID })
}

// setNull sets column where it is NULL; ids returns the row and its new value.
func (t *Tx) setNull(ctx context.Context, table, column string, links []*books.Link, ids func(*books.Link) (at, to books.ID)) error {
	for batch := range slices.Chunk(links, insertBatch) {
		var args []any
		values := ""
		for i, l := range batch {
			at, to := ids(l)
			args = append(args, int64(at), int64(to))
			values += separator(i) + fmt.Sprintf("(CAST($%d AS INTEGER), CAST($%d AS INTEGER))", len(args)-1, len(args))
		}
		_, err := t.exec(ctx, "UPDATE "+table+" SET "+column+" = l.column2 FROM (VALUES "+values+
			") AS l WHERE "+table+".id = l.column1 AND "+table+"."+column+" IS NULL", args...)
		if err != nil {
			return fmt.Errorf("set %s.%s: %w", table, column, err)
		}
	}
	return nil
}

// LinkPayments sets pagamentos.sessao_id where it is NULL.
func (t *Tx) LinkPayments(ctx context.Context, links []*books.Link) error {
	return t.setNull(ctx, "pagamentos", "sessao_id", links, func(l *books.Link) (at, to books.ID) { return l.PaymentID, l.SessionID })
}

func (t *Tx) restoreLinks(ctx context.Context, rows []books.Row) (kept []*books.Link, err error) {
	var links []*books.Link
	for _, row := range rows {
		links = append(links, row.(*books.Link))
	}
	if err := t.SetLinks(ctx, links); err != nil {
		return nil, err
	}
	for batch := range slices.Chunk(links, insertBatch) {
		ids := make([]books.ID, len(batch))
		for i, l := range batch {
			ids[i] = l.SessionID
		}
		live, err := t.LiveByID(ctx, books.SessionKind, ids)
		if err != nil {
			return nil, err
		}
		for _, l := range batch {
			if s, ok := live[l.SessionID].(*books.Session); !ok || s.PaymentID != books.RefTo(l.PaymentID) {
				kept = append(kept, l)
			}
		}
	}
	return kept, nil
}

// jsonTexts returns the texts as a JSON array.
func jsonTexts(texts []string) string {
	b, err := json.Marshal(texts)
	if err != nil {
		panic(err) // a list of texts can always be encoded
	}
	return string(b)
}

func jsonIDs[ID ~int64](ids []ID) string {
	b := []byte{'['}
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(id), 10)
	}
	return string(append(b, ']'))
}

// RaiseSequences keeps new rows from getting an id up to highest (ids in
// statements and backups), or one held or named by a live row.
func (t *Tx) RaiseSequences(ctx context.Context, highest books.Highest) error {
	named, err := t.namedPayment(ctx)
	if err != nil {
		return err
	}
	for kind := range books.KindCount {
		if kind.Table() == "" {
			continue
		}
		last := highest[kind]
		if kind == books.PaymentKind {
			last = max(last, named)
		}
		if err := t.RaiseSequence(ctx, kind.Table(), int64(last)); err != nil {
			return fmt.Errorf("raise the sequence of %s: %w", kind.Table(), err)
		}
	}
	return nil
}

// namedPayment returns the highest payment id named by a live commission: no
// other reference can name a missing payment.
func (t *Tx) namedPayment(ctx context.Context) (id books.ID, err error) {
	err = t.one(ctx, "SELECT coalesce(max(CAST(pagamento_id AS BIGINT)), 0) FROM comissoes WHERE CAST(pagamento_id AS BIGINT) < 2147483647", nil, (*int64)(&id))
	return id, err
}

// RaiseSequence puts the table's next id above last and above its own ids.
func (t *Tx) RaiseSequence(ctx context.Context, table string, last int64) error {
	if t.s.dialect.postgres {
		query := `SELECT setval(s.name, greatest(s.used, s.last)) FROM (
			SELECT q.name, greatest($1, (SELECT max(id) FROM ` + table + `), 1) AS used,
				(SELECT last_value FROM pg_sequences WHERE format('%I.%I', schemaname, sequencename)::regclass = q.name::regclass) AS last
			FROM (SELECT pg_get_serial_sequence('` + table + `', 'id') AS name) AS q) AS s
			WHERE s.name IS NOT NULL AND s.used > coalesce(s.last, 0)`
		return t.list(ctx, query, []any{last}, func(scan func(...any) error) error {
			var n int64
			return scan(&n)
		})
	}
	query := `INSERT INTO sqlite_sequence (name, seq) SELECT '` + table + `', 0
		WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '` + table + `')`
	if _, err := t.exec(ctx, query); err != nil {
		return err
	}
	query = "UPDATE sqlite_sequence SET seq = max(seq, $1, (SELECT coalesce(max(id), 0) FROM " + table + ")) WHERE name = '" + table + "'"
	_, err := t.exec(ctx, query, last)
	return err
}

// Taken returns the values already present in column of table; both names are
// the program's own.
func (t *Tx) Taken(ctx context.Context, table, column string, values []string) (map[string]bool, error) {
	taken := map[string]bool{}
	if len(values) == 0 {
		return taken, nil
	}
	list, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	err = t.list(ctx, "SELECT "+column+" FROM "+table+" WHERE "+column+" IN ("+t.s.dialect.textList("$1")+")",
		[]any{string(list)}, func(scan func(...any) error) error {
			var value string
			err := scan(&value)
			taken[value] = true
			return err
		})
	return taken, err
}

// Postgres reports whether the database is PostgreSQL.
func (t *Tx) Postgres() bool { return t.s.dialect.postgres }

// Zone returns the studio's zone.
func (t *Tx) Zone() *time.Location { return t.s.zone }
