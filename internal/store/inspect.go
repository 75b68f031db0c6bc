package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"extrato/internal/books"
)

// Questions of doctor to a database. Nothing in this file changes anything.

// OpenUntouched opens an existing database without changing it: Open turns a
// SQLite file's log to WAL, this does not. Only Read, Condition and the methods
// of this file may be used. It fails as Open does.
func OpenUntouched(ctx context.Context, o Options) (*Store, error) {
	rest, isSQLite := strings.CutPrefix(o.URL, "sqlite:///")
	if !isSQLite {
		return Open(ctx, o, false)
	}
	path, err := sqlitePath(rest)
	if err != nil {
		return nil, err
	}
	if !fileExists(path) {
		return nil, missingDatabase(path)
	}
	path = newOpenFile(path).real
	if err := checkNames(path); err != nil {
		return nil, err
	}
	s := &Store{zone: o.Zone, now: o.Now, log: o.Log, dialect: sqliteDialect(path)}
	if !fileExists(path + "-wal") {
		s.closeFuncs = append(s.closeFuncs, func() { s.removeLog(context.WithoutCancel(ctx)) })
	}
	if s.read, err = sql.Open("sqlite", sqliteDSN(path, "ro", "_pragma=query_only(1)")); err != nil {
		return nil, err
	}
	s.write = s.read
	s.closeFuncs = append(s.closeFuncs, func() { s.read.Close() })
	if _, err := s.tables(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// removeLog removes the empty log made by a reader of a WAL file: only the last
// writer to leave can.
func (s *Store) removeLog(ctx context.Context) {
	db, err := sql.Open("sqlite", s.plainDSN())
	if err != nil {
		return
	}
	defer db.Close()
	var n int
	_ = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n) // where it cannot be opened for writing, the log stays
}

// plainDSN opens the file for writing and sets nothing in it.
func (s *Store) plainDSN() string {
	u := url.URL{Scheme: "file", Path: s.dialect.path}
	return u.String() + "?mode=rw&_txlock=immediate&_pragma=busy_timeout(5000)"
}

// Absent reports whether DATABASE_URL names a missing SQLite file.
func Absent(databaseURL string) bool {
	rest, ok := strings.CutPrefix(databaseURL, "sqlite:///")
	path, err := sqlitePath(rest)
	return ok && err == nil && !fileExists(path)
}

// CheckURL fails with an Error of kind Invalid if Open would refuse the URL.
// The error repeats nothing of the URL.
func CheckURL(databaseURL string) error {
	if rest, ok := strings.CutPrefix(databaseURL, "sqlite:///"); ok {
		_, err := sqlitePath(rest)
		return err
	}
	if !isPostgres(databaseURL) {
		return errNoURL
	}
	_, err := parsePostgres(databaseURL)
	return err
}

// errNoURL refuses a URL of no database.
var errNoURL = books.Invalidf("invalid_database_url", "the database URL is neither SQLite nor PostgreSQL").
	WithHint("set DATABASE_URL to sqlite:///data/extrato.db or postgres://user:password@host/database")

// Place names the database of DATABASE_URL for people: the scheme, host and
// database, or the file; never a user or a password. It is "" if Open would
// refuse it.
func Place(databaseURL string) string {
	if CheckURL(databaseURL) != nil {
		return ""
	}
	if strings.HasPrefix(databaseURL, "sqlite:///") {
		return databaseURL
	}
	config, err := parsePostgres(databaseURL)
	if err != nil {
		return ""
	}
	scheme, _, _ := strings.Cut(databaseURL, "://")
	scheme, _, _ = strings.Cut(scheme, "+")
	c := config.ConnConfig
	if strings.HasPrefix(c.Host, "/") {
		return fmt.Sprintf("%s:///%s (socket in %s)", scheme, c.Database, c.Host)
	}
	return fmt.Sprintf("%s://%s:%d/%s", scheme, c.Host, c.Port, c.Database)
}

// Path returns SQLite's file, or "" on PostgreSQL.
func (s *Store) Path() string { return s.dialect.path }

// CheckWritable fails with an explaining Error if the program cannot write
// here. On SQLite it takes the writer's lock and releases it.
func (s *Store) CheckWritable(ctx context.Context) error {
	if s.dialect.postgres {
		return s.Read(ctx, func(t *Tx) error { return t.checkPrivileges(ctx) })
	}
	db, err := sql.Open("sqlite", s.plainDSN())
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return s.dialect.explain(err)
	}
	return tx.Rollback()
}

func (t *Tx) checkPrivileges(ctx context.Context) error {
	var standby bool
	if err := t.one(ctx, "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'", nil, &standby); err != nil {
		return err
	}
	if standby {
		return books.Refusedf("database_unwritable", "the server takes no writes: it is a standby, or set to read only").
			WithHint("name the primary server in DATABASE_URL")
	}
	var lacking []string
	err := t.list(ctx, `SELECT t.name FROM (VALUES ('pagamentos'), ('sessoes'), ('comissoes'), ('gastos'), ('extratos')) AS t (name)
		WHERE to_regclass(t.name) IS NOT NULL AND NOT (has_table_privilege(to_regclass(t.name), 'SELECT')
			AND has_table_privilege(to_regclass(t.name), 'INSERT') AND has_table_privilege(to_regclass(t.name), 'UPDATE')
			AND has_table_privilege(to_regclass(t.name), 'DELETE'))
		ORDER BY t.name`, nil, func(scan func(...any) error) error {
		lacking = append(lacking, "")
		return scan(&lacking[len(lacking)-1])
	})
	if err == nil && len(lacking) > 0 {
		err = books.Refusedf("database_unwritable", "the database user may not write %s", strings.Join(lacking, ", ")).
			WithHint("GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO that user", strings.Join(lacking, ", "))
	}
	return err
}

// Damage returns the findings of SQLite's own check of its file, and rows with
// dangling references; nothing on PostgreSQL.
func (t *Tx) Damage(ctx context.Context) ([]string, error) {
	if t.s.dialect.postgres {
		return nil, nil
	}
	var found []string
	err := t.list(ctx, "PRAGMA integrity_check(5)", nil, func(scan func(...any) error) error {
		var text string
		err := scan(&text)
		if text != "ok" {
			found = append(found, text)
		}
		return err
	})
	if err != nil || len(found) > 0 {
		return found, err
	}
	err = t.list(ctx, `SELECT "table", rowid, parent FROM pragma_foreign_key_check LIMIT 5`, nil, func(scan func(...any) error) error {
		var table, parent string
		var id sql.NullInt64
		err := scan(&table, &id, &parent)
		// v4's files have such commissions, and every close handles them.
		if table != "comissoes" || parent != "pagamentos" {
			found = append(found, fmt.Sprintf("%s %d refers to a row of %s that is not there", table, id.Int64, parent))
		}
		return err
	})
	return found, err
}

// UnknownColumns names the unknown columns with data in some live row: no month
// with such a row can be closed.
func (t *Tx) UnknownColumns(ctx context.Context) ([]string, error) {
	var found []string
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		columns, err := t.columnsOf(ctx, kind.Table())
		if err != nil {
			return nil, err
		}
		for _, c := range columns {
			if slices.Contains(kind.Columns(), c) {
				continue
			}
			var n int64
			if err := t.one(ctx, "SELECT count("+QuoteName(c)+") FROM "+kind.Table(), nil, &n); err != nil {
				return nil, err
			}
			if n > 0 {
				found = append(found, fmt.Sprintf("%s.%s (%d rows)", kind.Table(), c, n))
			}
		}
	}
	return found, nil
}

// BadRow is a row and its fault.
type BadRow struct {
	Row string // "pagamento 17"
	Why string
}

// MonthlessRows returns live rows that belong to no month and so are never
// closed, at most limit of them: payments and expenses with a date outside 2000
// to 2100, commissions without a payment made at no instant of those years.
func (t *Tx) MonthlessRows(ctx context.Context, limit int) ([]BadRow, error) {
	var found []BadRow
	for _, kind := range []books.Kind{books.PaymentKind, books.ExpenseKind} {
		// In two steps an index on days is enough to find out that there are none.
		lost := "data IS NULL OR data < '2000-01-01' OR data > '2100-12-31'"
		if valid := t.s.dialect.validDay("data"); valid != "" {
			lost += " OR NOT (TRUE" + valid + ")"
		}
		query := fmt.Sprintf("SELECT id, %s FROM %s WHERE id IN (SELECT id FROM %[2]s WHERE %s) ORDER BY id LIMIT %d", t.s.dialect.shown("data"), kind.Table(), lost, limit)
		if err := t.badRows(ctx, kind, "its date is %s", query, nil, &found); err != nil {
			return nil, err
		}
	}
	ids, err := t.monthlessCommissions(ctx)
	if err != nil {
		return nil, err
	}
	query := fmt.Sprintf("SELECT id, %s FROM comissoes WHERE id IN (%s) ORDER BY id LIMIT %d", t.s.dialect.shown("created_at"), t.s.dialect.idList("$1"), limit)
	err = t.badRows(ctx, books.CommissionKind, "it has no payment, and its created_at is %s", query, []any{jsonIDs(ids)}, &found)
	return found[:min(len(found), limit)], err
}

// EachMonthlessCommission calls fn with the id and created_at, as stored, of each
// commission of no month, in order.
func (t *Tx) EachMonthlessCommission(ctx context.Context, fn func(id int64, createdAt string)) error {
	ids, err := t.monthlessCommissions(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	query := "SELECT id, coalesce(" + t.s.dialect.text("created_at") + ", 'NULL') FROM comissoes WHERE id IN (" + t.s.dialect.idList("$1") + ") ORDER BY id"
	return t.list(ctx, query, []any{jsonIDs(ids)}, func(scan func(...any) error) error {
		var id int64
		var createdAt string
		err := scan(&id, &createdAt)
		fn(id, createdAt)
		return err
	})
}

// monthlessCommissions returns the ids of the commissions of no month.
func (t *Tx) monthlessCommissions(ctx context.Context) (ids []books.ID, err error) {
	unpaired, err := t.unpaired(ctx)
	for _, u := range unpaired {
		if !u.month.Valid() {
			ids = append(ids, books.ID(u.id))
		}
	}
	return ids, err
}

func (t *Tx) badRows(ctx context.Context, kind books.Kind, why, query string, args []any, found *[]BadRow) error {
	return t.list(ctx, query, args, func(scan func(...any) error) error {
		var id int64
		var text string
		err := scan(&id, &text)
		*found = append(*found, BadRow{fmt.Sprintf("%s %d", kind, id), fmt.Sprintf(why, strings.ToValidUTF8(text, "�"))})
		return err
	})
}

// UnreadableRows reads every live row as a close does, with copies of its
// clients and artists, and returns those with a value that cannot be kept
// exactly, such as NaN or parts of a cent, at most limit of them.
func (t *Tx) UnreadableRows(ctx context.Context, limit int) ([]BadRow, error) {
	hasTime, err := t.HasColumn(ctx, "sessoes", "hora")
	if err != nil {
		return nil, err
	}
	var found []BadRow
	for kind := range books.KindCount {
		if kind.Table() == "" {
			continue
		}
		query := "SELECT " + strings.Join(t.s.selectColumns(kind, hasTime), ", ") + " FROM " + kind.Table() + " r" + copied[kind] + " ORDER BY r.id"
		for row, err := range t.scanPlain(ctx, kind, query) {
			if err != nil && !isBroken(err) {
				return found, err
			}
			if err != nil {
				found = append(found, BadRow{books.Describe(row), books.AsError(err).Message})
			}
			if len(found) == limit {
				return found, nil
			}
		}
	}
	return found, nil
}

// copied are the conditions "a live row names this client or artist": a close
// copies their names.
var copied = map[books.Kind]string{
	books.ClientKind: " WHERE r.id IN (SELECT cliente_id FROM pagamentos UNION ALL SELECT cliente_id FROM sessoes)",
	books.ArtistKind: ` WHERE r.id IN (SELECT artista_id FROM pagamentos UNION ALL SELECT artista_id FROM sessoes
		UNION ALL SELECT artista_id FROM comissoes UNION ALL SELECT created_by FROM gastos)`,
}

// LargestStatement returns the size in bytes of the largest statement's JSON
// in a SQLite file; 0 if there is none, and on PostgreSQL.
func (t *Tx) LargestStatement(ctx context.Context) (int64, error) {
	if t.s.dialect.postgres {
		return 0, nil
	}
	var sizes []string
	for p := range books.PartCount {
		sizes = append(sizes, "coalesce(length(CAST("+p.Column()+" AS BLOB)), 0)")
	}
	var largest int64
	err := t.one(ctx, "SELECT coalesce(max("+strings.Join(sizes, " + ")+"), 0) FROM extratos", nil, &largest)
	return largest, err
}

// BadTexts returns live rows with a text that is not UTF-8, at most limit of
// them: PostgreSQL accepts any bytes in a database of encoding SQL_ASCII, and
// returns none of them. On SQLite UnreadableRows has them.
func (t *Tx) BadTexts(ctx context.Context, limit int) ([]BadRow, error) {
	var found []BadRow
	if !t.s.dialect.postgres {
		return nil, nil
	}
	for kind := range books.KindCount {
		if kind.Table() == "" {
			continue
		}
		columns, err := t.columnsOf(ctx, kind.Table())
		if err != nil {
			return nil, err
		}
		for _, c := range columns {
			if !slices.Contains(kind.Columns(), c) {
				continue
			}
			// As bytes no text is checked on its way out.
			query := fmt.Sprintf("SELECT id, convert_to(CAST(%s AS TEXT), 'SQL_ASCII') FROM %s WHERE %[1]s IS NOT NULL ORDER BY id", QuoteName(c), kind.Table())
			err := t.list(ctx, query, nil, func(scan func(...any) error) error {
				var id int64
				var text []byte
				err := scan(&id, &text)
				if err == nil && !utf8.Valid(text) && len(found) < limit {
					found = append(found, BadRow{fmt.Sprintf("%s %d", kind, id), fmt.Sprintf("its %s is not UTF-8: %q", c, text)})
				}
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}
