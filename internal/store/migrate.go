package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"extrato/internal/books"
)

//go:embed migrations
var migrations embed.FS

// Condition is the state of a database, as seen by this program.
type Condition int

// The conditions of a database.
const (
	New     Condition = iota // no books in it
	V4                       // v4's books, not taken over yet
	Older                    // ours, of an earlier version
	Current                  // ours, of this version
	Newer                    // ours, of a later version
)

// Condition inspects the database and changes nothing. It fails with an Error
// of kind Refused on another application's database, and on books in a schema
// outside search_path.
func (s *Store) Condition(ctx context.Context) (Condition, error) {
	if err := s.checkFile(); err != nil {
		return New, err
	}
	have, err := s.tables(ctx)
	if err != nil {
		return New, err
	}
	theirs := slices.ContainsFunc(onlyV4, func(name string) bool { return have[name] })
	switch {
	case !have["goose"] && !theirs:
		return New, s.Read(ctx, func(t *Tx) error { return t.checkEmpty(ctx) })
	case !have["goose"]:
		return V4, nil
	case !theirs && s.dialect.postgres:
		if err := s.Read(ctx, func(t *Tx) error { return t.checkSchemas(ctx) }); err != nil {
			return New, err
		}
	}
	var version int64
	if err := s.read.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM "+s.versionTable()).Scan(&version); err != nil {
		return New, s.dialect.explain(err)
	}
	latest, err := s.latestVersion()
	switch {
	case err != nil:
		return New, err
	case version > latest:
		return Newer, nil
	case version < latest || !have["settings"]:
		return Older, nil
	}
	return Current, nil
}

// tables returns the existing tables that matter; "goose" is our own record.
func (s *Store) tables(ctx context.Context) (map[string]bool, error) {
	query := `SELECT CASE name WHEN 'goose_db_version' THEN 'goose' ELSE name END FROM sqlite_schema WHERE type IN ('table', 'view')`
	if s.dialect.postgres {
		query = `SELECT name FROM unnest(ARRAY['` + strings.Join(onlyV4, "', '") + `']) AS name WHERE to_regclass(name) IS NOT NULL
			UNION ALL SELECT CASE relname WHEN 'goose_db_version' THEN 'goose' ELSE relname END FROM pg_class
			WHERE relnamespace = to_regnamespace('` + ownSchema + `') AND relname IN ('settings', 'goose_db_version')`
	}
	rows, err := s.read.QueryContext(ctx, query) // the writer may be busy
	if err != nil {
		return nil, s.dialect.explain(err)
	}
	defer rows.Close()
	have := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		have[name] = true
	}
	return have, s.dialect.explain(rows.Err())
}

func (s *Store) versionTable() string {
	if s.dialect.postgres {
		return ownSchema + ".goose_db_version"
	}
	return "goose_db_version"
}

func (s *Store) latestVersion() (int64, error) {
	p, err := s.provider()
	if err != nil {
		return 0, err
	}
	sources := p.ListSources()
	return sources[len(sources)-1].Version, nil
}

func (s *Store) provider() (*goose.Provider, error) {
	dialect, folder := goose.DialectSQLite3, "migrations/sqlite"
	options := []goose.ProviderOption{goose.WithTableName(s.versionTable()), goose.WithDisableGlobalRegistry(true)}
	if s.dialect.postgres {
		dialect, folder = goose.DialectPostgres, "migrations/postgres"
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, s.write, files, options...)
}

// Ready brings a new database, or an older one of ours, to this version. It
// fails with an Error of kind Refused on a v4 database (a person takes it over
// with extrato migrate) and on one of a later version.
func (s *Store) Ready(ctx context.Context) error {
	condition, err := s.Condition(ctx)
	if err != nil {
		return err
	}
	switch condition {
	case Current:
		if err := s.CheckTables(ctx); err != nil {
			return err
		}
		if whole, err := s.checkKeys(ctx); err != nil || whole {
			return err
		}
	case V4:
		if s.dialect.postgres {
			return books.Refusedf("v4_database", "this is a v4 database that extrato has not taken over").
				WithHint("make a dump of it, then run: extrato migrate")
		}
		return s.refuseV4File()
	}
	_, err = s.Migrate(ctx)
	return err
}

func (s *Store) refuseV4File() error {
	return books.Refusedf("v4_database", "this SQLite file is v4's").
		WithHint("copy it into a new database: DATABASE_URL=sqlite:///data/extrato.db extrato import --from sqlite:///%s", s.dialect.path)
}

// Migration is the report of Migrate.
type Migration struct {
	Applied []string      `json:"applied"` // migrations
	Added   []string      `json:"added"`   // keys, indexes and guards
	Adopted []books.Month `json:"adopted"` // v4's statements, in the chain from now on
	Notes   []string      `json:"notes"`   // notes for a person
}

// Migrate brings the database to this version: a new one, an older one of
// ours, or v4's on PostgreSQL, in place and while v4 runs. It only ever adds.
// It fails with an Error of kind Refused on v4's SQLite file and on a database
// of a later version, and Conflict if v4 held its tables all the time.
func (s *Store) Migrate(ctx context.Context) (Migration, error) {
	done := Migration{Applied: []string{}, Added: []string{}, Adopted: []books.Month{}, Notes: []string{}}
	condition, err := s.Condition(ctx)
	if err != nil {
		return done, err
	}
	if condition == Newer {
		return done, books.Refusedf("newer_database", "the database is of a later version of extrato").
			WithHint("install the newer extrato; this one would not understand everything in it")
	}
	if condition == V4 && !s.dialect.postgres {
		return done, s.refuseV4File()
	}
	if condition == V4 {
		if err := s.CheckV4(ctx); err != nil {
			return done, err
		}
	}
	err = s.alone(ctx, func() error {
		// V4's tables count as taken over once they have the keys.
		if condition == V4 {
			if err := s.addIndexes(ctx, &done); err != nil {
				return err
			}
		}
		applied, err := s.applyWithRetries(ctx)
		done.Applied = append(done.Applied, applied...)
		if err != nil {
			return err
		}
		if err := s.CheckTables(ctx); err != nil {
			return err
		}
		return s.addKeys(ctx, &done)
	})
	if err == nil {
		err = s.addGuards(ctx, &done)
	}
	if err != nil {
		return done, err
	}
	err = s.Write(ctx, func(t *Tx) error {
		if condition == V4 {
			if err := t.SetSetting(ctx, TakenOver, books.InstantOf(s.now()).String()); err != nil {
				return err
			}
		}
		from, err := t.Setting(ctx, CloseFrom)
		if err != nil || from != "" {
			return err
		}
		return t.SetSetting(ctx, CloseFrom, books.MonthOf(s.now().In(s.zone)).String())
	})
	if err != nil {
		return done, err
	}
	adopted, err := s.AdoptStatements(ctx, "migrate")
	done.Adopted = append(done.Adopted, adopted...)
	return done, err
}

// lockNotAvailable is PostgreSQL's code for a lock not obtained within two
// seconds; lockTries is the number of tries.
const (
	lockNotAvailable = "55P03"
	lockTries        = 10
)

func tablesLocked(err error) error {
	return books.Conflictf("tables_locked", "somebody held the tables for %d tries of two seconds", lockTries).
		WithHint("nothing was lost; run extrato migrate again when v4 is quiet").Because(err)
}

// alone runs fn while no other process migrates this database. SQLite's file
// has one writer anyway.
func (s *Store) alone(ctx context.Context, fn func() error) error {
	if !s.dialect.postgres {
		return fn()
	}
	// A connection of its own, as for a month's lock. It takes the lock along
	// when it goes, even if the caller was interrupted.
	s.statements.Add(1)
	conn, err := pgx.ConnectConfig(ctx, s.lockConfig)
	if err != nil {
		return s.dialect.explain(err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) // the connection is closed even on an error
	for {
		// Waiting inside PostgreSQL would hold a snapshot, and the other
		// process's CREATE INDEX CONCURRENTLY would wait for it.
		var mine bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1, 0)", advisoryNamespace).Scan(&mine)
		if err != nil {
			return s.dialect.explain(err)
		}
		if mine {
			return fn()
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// applyWithRetries runs the migrations. On PostgreSQL it waits for locks of v4
// two seconds at a time, so v4 never queues behind us for longer.
func (s *Store) applyWithRetries(ctx context.Context) ([]string, error) {
	for try := 1; ; try++ {
		applied, err := s.apply(ctx)
		if err == nil || sqlState(err) != lockNotAvailable {
			return applied, s.dialect.explain(err)
		}
		if try == lockTries {
			return applied, tablesLocked(err)
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return applied, ctx.Err()
		}
	}
}

func (s *Store) apply(ctx context.Context) ([]string, error) {
	if s.dialect.postgres {
		if _, err := s.write.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+ownSchema); err != nil && sqlState(err) != "23505" {
			return nil, err
		}
	}
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		err = partial.Err
	}
	var applied []string
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	return applied, err
}

// AdoptStatements adds v4's new statements to the chain: all those without an
// entry. It returns their months.
func (s *Store) AdoptStatements(ctx context.Context, by books.Actor) ([]books.Month, error) {
	var unknown []books.Month
	err := s.Read(ctx, func(t *Tx) error {
		var err error
		unknown, err = t.unknownStatements(ctx)
		return err
	})
	if err != nil || len(unknown) == 0 {
		return nil, err
	}
	var adopted []books.Month
	err = s.Write(ctx, func(t *Tx) error {
		var err error
		adopted, err = t.adoptUnknown(ctx, by)
		return err
	})
	return adopted, err
}

// adoptUnknown is AdoptStatements inside a transaction.
func (t *Tx) adoptUnknown(ctx context.Context, by books.Actor) ([]books.Month, error) {
	unknown, err := t.unknownStatements(ctx)
	for _, m := range unknown {
		if err := t.adopt(ctx, m, by); err != nil {
			return nil, err
		}
	}
	return unknown, err
}

// unknownStatements returns the months with a statement, but without one in the
// chain.
func (t *Tx) unknownStatements(ctx context.Context) ([]books.Month, error) {
	months, err := t.ClosedMonths(ctx)
	if err != nil {
		return nil, err
	}
	latest, err := t.latestActions(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(months, func(m books.Month) bool {
		known := books.ChainEntry{Action: latest[m.String()]}.HasStatement()
		return known || !m.Valid() // v4 never offered other months than these, and the chain could not name one
	}), nil
}

func (t *Tx) adopt(ctx context.Context, month books.Month, by books.Actor) error {
	entry, err := t.Adoption(ctx, month, by)
	if err == nil {
		_, err = t.AppendEntry(ctx, entry)
	}
	if err != nil {
		return err
	}
	stored, err := t.Statement(ctx, month)
	if err != nil {
		return err
	}
	if err := t.savePaymentsAtRest(ctx, month, PaymentsOf(stored)); err != nil {
		return err
	}
	return t.SaveMonthSums(ctx, month, entry.Revision, stored.DaySums())
}

// PaymentsOf returns the payments in a statement of v4's, up to the first
// unreadable one.
func PaymentsOf(stored books.Stored) (payments books.IDs) {
	seen := map[books.ID]bool{}
	for row, err := range stored.List(books.PaymentKind) {
		if err != nil {
			break
		}
		seen[row.Key()] = true
	}
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		payments.Add(id)
	}
	return payments
}

// Adoption returns the entry to adopt a month's new statement, without adopting
// it.
func (t *Tx) Adoption(ctx context.Context, month books.Month, by books.Actor) (books.ChainEntry, error) {
	stored, err := t.Statement(ctx, month)
	if err != nil {
		return books.ChainEntry{}, err
	}
	last, err := t.LastEntry(ctx, month)
	if err != nil {
		return books.ChainEntry{}, err
	}
	entry := books.ChainEntry{
		Action: books.Adopted, Month: month, Revision: last.Revision + 1, At: books.InstantOf(t.s.now()), By: by,
		CorrelationID: books.NewCorrelationID(), Seal: stored.Seal(), Totals: "{}",
	}
	at, err := t.StatementStored(ctx, month)
	if err != nil {
		return books.ChainEntry{}, err
	}
	entry.Notes = []string{StoredNote(at)}
	if header, err := stored.Header(); err == nil {
		entry.Totals = string(header.Totals.JSON())
	} else {
		entry.Notes = append(entry.Notes, "the totals cannot be read")
	}
	if stored.Ours() {
		// Adopting must not hide a chain whose end was cut off.
		entry.Notes = append(entry.Notes, "extrato wrote this statement, but the chain had no entry of it")
	}
	counts, err := stored.Count()
	if err != nil {
		entry.Notes = append(entry.Notes, "the rows cannot be read")
	}
	entry.Counts = counts
	return entry, nil
}

// checkKeys reports whether the unique keys needed by a close are there. It
// also notes a missing foreign key, so that closes lock the tables in its
// place.
func (s *Store) checkKeys(ctx context.Context) (whole bool, err error) {
	if !s.dialect.postgres {
		return true, nil
	}
	for _, k := range uniqueKeys {
		if found, err := s.hasIndex(ctx, true, k.table, k.columns); err != nil || !found {
			return false, err
		}
	}
	missing, err := s.missingForeignKeys(ctx)
	s.lockBooks = len(missing) > 0
	return true, err
}

// sqlState returns PostgreSQL's code of an error, or "".
func sqlState(err error) string {
	var pg interface{ SQLState() string }
	if errors.As(err, &pg) {
		return pg.SQLState()
	}
	return ""
}

// The keys and indexes needed by a close, as v4 has them: unique and foreign
// keys for correctness, indexes for speed.
var (
	uniqueKeys = []struct{ table, columns string }{
		{"extratos", "mes,ano"}, {"pagamentos", "google_event_id"}, {"sessoes", "google_event_id"},
	}
	indexes = []struct{ table, columns string }{
		{"pagamentos", "data"}, {"pagamentos", "sessao_id"}, {"sessoes", "payment_id"},
		{"comissoes", "pagamento_id"}, {"gastos", "data"},
	}
	foreignKeys = []struct{ table, column, to string }{
		{"comissoes", "pagamento_id", "pagamentos"}, {"pagamentos", "sessao_id", "sessoes"}, {"sessoes", "payment_id", "pagamentos"},
	}
)

// addKeys adds keys and indexes missing in a v4 database, without blocking v4's
// writers, and notes those left to a person.
func (s *Store) addKeys(ctx context.Context, done *Migration) error {
	if !s.dialect.postgres {
		return nil
	}
	if err := s.addIndexes(ctx, done); err != nil {
		return err
	}
	missing, err := s.missingForeignKeys(ctx)
	for _, m := range missing {
		done.Notes = append(done.Notes, "the foreign key "+m+" is missing: every close will keep writers out of the books while it runs")
	}
	s.lockBooks = len(missing) > 0
	return err
}

func (s *Store) addIndexes(ctx context.Context, done *Migration) error {
	for _, k := range uniqueKeys {
		if err := s.addIndex(ctx, done, true, k.table, k.columns); err != nil {
			return err
		}
	}
	for _, k := range indexes {
		if err := s.addIndex(ctx, done, false, k.table, k.columns); err != nil {
			return err
		}
	}
	return nil
}

// hasIndex reports whether a valid index over all rows begins with the columns;
// a unique one must be over exactly the columns.
func (s *Store) hasIndex(ctx context.Context, unique bool, table, columns string) (bool, error) {
	const find = `SELECT count(*) FROM pg_index i WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND i.indpred IS NULL
		AND (NOT $3 OR i.indisunique AND i.indnkeyatts = cardinality(string_to_array($2, ',')))
		AND (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
			JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
			WHERE k.n <= cardinality(string_to_array($2, ','))) @> string_to_array($2, ',')`
	var found int
	err := s.write.QueryRowContext(ctx, find, table, columns, unique).Scan(&found)
	return found > 0, s.dialect.explain(err)
}

// addIndex builds an index over columns unless there is a usable one, or no
// such table yet.
func (s *Store) addIndex(ctx context.Context, done *Migration, unique bool, table, columns string) error {
	if found, err := s.hasIndex(ctx, unique, table, columns); err != nil || found {
		return err
	}
	var exists bool
	if err := s.write.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", table).Scan(&exists); err != nil || !exists {
		return s.dialect.explain(err)
	}
	name := "extrato_" + table + "_" + strings.ReplaceAll(columns, ",", "_")
	kind := "INDEX"
	if unique {
		kind = "UNIQUE INDEX"
	}
	err := s.buildIndex(ctx, name, fmt.Sprintf("CREATE %s CONCURRENTLY %s ON %s (%s)", kind, name, table, columns))
	switch {
	case sqlState(err) == "23505":
		return books.Refusedf("duplicates", "%s has two rows with the same %s", table, columns).
			WithHint("correct them in the database, then run extrato migrate again").Because(err)
	case sqlState(err) == lockNotAvailable:
		return tablesLocked(err)
	case err != nil:
		return s.dialect.explain(err)
	}
	done.Added = append(done.Added, strings.ToLower(kind)+" "+name)
	return nil
}

// buildIndex creates an index, and retries while v4 holds its table. A failed
// build leaves an invalid index, which would cost every writer and stop the
// next build, so it is dropped.
func (s *Store) buildIndex(ctx context.Context, name, create string) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SET lock_timeout = '2s'"); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "RESET lock_timeout") //nolint:errcheck // the connection goes back as it was, or is broken
	drop := "DROP INDEX CONCURRENTLY IF EXISTS " + name                      //nolint:gosec // the names are this file's own
	for try := 1; ; try++ {
		_, err := conn.ExecContext(ctx, drop)
		if err == nil {
			_, err = conn.ExecContext(ctx, create)
		}
		switch {
		case err == nil:
			return nil
		case sqlState(err) != lockNotAvailable || try == lockTries:
			_, dropErr := conn.ExecContext(context.WithoutCancel(ctx), drop)
			return errors.Join(err, dropErr)
		}
	}
}

// missingForeignKeys names the foreignKeys missing in the database.
func (s *Store) missingForeignKeys(ctx context.Context) ([]string, error) {
	var missing []string
	for _, k := range foreignKeys {
		var name string
		err := s.write.QueryRowContext(ctx, `SELECT c.conname FROM pg_constraint c
			JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
			WHERE c.contype = 'f' AND c.conrelid = to_regclass($1) AND a.attname = $2 AND c.confrelid = to_regclass($3)
			AND c.convalidated LIMIT 1`, k.table, k.column, k.to).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) {
			missing = append(missing, k.table+"."+k.column+" → "+k.to)
		} else if err != nil {
			return nil, s.dialect.explain(err)
		}
	}
	return missing, nil
}
