package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

// v4File returns a SQLite file of v4's with these rows.
func v4File(t testing.TB, queries ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "tattoo_studio.db")
	text, err := os.ReadFile(filepath.Join("testdata", "v4_sqlite.sql"))
	if err != nil {
		t.Fatal(err)
	}
	db := connect(t, "sqlite", "file:"+path) // as v4: foreign keys are not looked at
	run(t, db, string(text))
	run(t, db, queries...)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// someRows are an artist, a client, a session, its payment and a commission.
var someRows = []string{
	"INSERT INTO users (id, email, name, role, active_flag, unified_flow_enabled, password_hash, created_at) VALUES (1, 'ana@estudio.test', 'Ana', 'admin', 1, 0, 'scrypt$1', '2025-01-01 08:00:00')",
	"INSERT INTO clients (id, name, created_at) VALUES (1, 'Bia', '2025-01-02 08:00:00.000001')",
	"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, payment_id, created_at) VALUES (1, '2025-10-03', 450, 1, 1, 'paid', 1, '2025-10-01 08:00:00.5')",
	"INSERT INTO pagamentos (id, data, valor, forma_pagamento, cliente_id, artista_id, sessao_id, created_at) VALUES (1, '2025-10-03', 450.1, 'Pix', 1, 1, 1, '2025-10-03 23:59:59.999999')",
	"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (1, 1, 1, 60, 270.06, '2025-10-03 00:00:00.000000')",
	"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, created_at) VALUES (1, '2025-10-04', 0.3, 'Pix', 1, '2025-10-04 08:00:00')",
}

// target is an empty database to import into.
type target struct {
	store *store.Store
	db    *sql.DB
}

// targets runs a test for an import into each database.
func targets(t *testing.T, test func(t *testing.T, to target)) {
	t.Helper()
	t.Run("into sqlite", func(t *testing.T) { test(t, intoSQLite(t)) })
	t.Run("into postgres", func(t *testing.T) { test(t, intoPostgres(t)) })
}

func intoSQLite(t testing.TB) target {
	t.Helper()
	to := newSQLite(t)
	s := openAt(t, to.url)
	return target{s, connect(t, to.driver, to.dsn)}
}

func intoPostgres(t testing.TB) target {
	t.Helper()
	url := pgtest.New(t)
	return target{openAt(t, url), connect(t, "pgx", url)}
}

// isEmpty fails the test if anything came in.
func (to target) isEmpty(t testing.TB) {
	t.Helper()
	if condition, err := to.store.Condition(t.Context()); err != nil || condition == store.New {
		return
	}
	for _, table := range append([]string{"closings", "revisions", "backups", "runs"}, carried...) {
		if to.store.Postgres() && !slices.Contains(carried, table) {
			table = "extrato." + table
		}
		if n := number(t, to.db, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%d rows of %s came in", n, table)
		}
	}
}

func mustImport(t testing.TB, to target, from string) store.Imported {
	t.Helper()
	done, err := to.store.Import(t.Context(), from, nil)
	if err != nil {
		t.Fatalf("import %s: %v", from, err)
	}
	return done
}

func TestAn_import_carries_everything_that_v4_knows(t *testing.T) {
	url, v4 := v4Postgres(t)
	before, layout := dump(t, v4), schema(t, v4)
	targets(t, func(t *testing.T, to target) {
		done := mustImport(t, to, url)
		want := []store.TableRows{{Table: "users", Rows: 10}, {Table: "clients", Rows: 40}, {Table: "sessoes", Rows: 332}, {Table: "pagamentos", Rows: 396},
			{Table: "comissoes", Rows: 245}, {Table: "gastos", Rows: 69}, {Table: "extratos", Rows: 1}, {Table: "extrato_run_logs", Rows: 1}}
		if !slices.Equal(done.Tables, want) || len(done.Rounded)+len(done.Unlinked)+len(done.Doubtful)+len(done.Notes) != 0 {
			t.Errorf("import says %+v", done)
		}
		if !slices.Equal(done.Left, []store.TableRows{{Table: "extrato_snapshots", Rows: 1}}) || !slices.Equal(done.Adopted, []books.Month{august}) {
			t.Errorf("import says %+v", done)
		}
		if to.store.Postgres() {
			same(t, "the rows", dump(t, v4, carried...), dump(t, to.db, carried...))
		}
		readIn(t, to.store, func(tx *store.Tx) error {
			from, err := tx.Setting(t.Context(), store.CloseFrom)
			if from != "2025-12" {
				t.Errorf("the schedule closes from %q", from)
			}
			return err
		})
	})
	same(t, "the source's schema", layout, schema(t, v4))
	same(t, "the source's rows", before, dump(t, v4))
}

func TestA_v4_file_comes_in_as_the_same_rows_in_PostgreSQL_do(t *testing.T) {
	url, v4 := v4Postgres(t)
	path := v4File(t)
	copyAsV4Would(t, v4, path)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fromPostgres, fromFile, across := intoSQLite(t), intoSQLite(t), intoPostgres(t)
	mustImport(t, fromPostgres, url)
	done := mustImport(t, fromFile, "sqlite:///"+path)
	mustImport(t, across, "sqlite:///"+path)
	if len(done.Rounded)+len(done.Unlinked)+len(done.Doubtful)+len(done.Left) != 0 {
		t.Errorf("import says %+v", done)
	}
	same(t, "from the file", dump(t, fromPostgres.db, carried...), dump(t, fromFile.db, carried...))
	same(t, "from the file into PostgreSQL", dump(t, v4, carried...), dump(t, across.db, carried...))

	again, err := os.ReadFile(path)
	if err != nil || string(again) != string(file) {
		t.Errorf("the source was changed: %v", err)
	}
	if beside, err := filepath.Glob(path + "-*"); err != nil || len(beside) != 0 {
		t.Errorf("beside the source lie %q", beside)
	}
}

// copyAsV4Would copies the carried tables into a file as SQLAlchemy writes them.
func copyAsV4Would(t testing.TB, v4 *sql.DB, path string) {
	t.Helper()
	file := connect(t, "sqlite", "file:"+path)
	tx, err := file.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range carried {
		for row := range strings.Lines(lines(t, v4, "SELECT to_jsonb(r)::text FROM (SELECT * FROM "+table+") AS r ORDER BY id")) {
			insertAsV4Would(t, tx, table, row)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

func insertAsV4Would(t testing.TB, tx *sql.Tx, table, row string) {
	t.Helper()
	var values map[string]any
	if err := json.Unmarshal([]byte(row), &values); err != nil {
		t.Fatal(err)
	}
	var columns, holes []string
	var args []any
	for column, value := range values {
		text, isText := value.(string)
		switch {
		case isText && strings.HasSuffix(column, "_at"):
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				t.Fatal(err)
			}
			if at = at.UTC(); table == "comissoes" {
				at = at.In(storetest.Zone)
			}
			value = at.Format("2006-01-02 15:04:05.000000")
		case isText && table == "extratos":
			encoded, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			value = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(encoded))
		}
		columns, args, holes = append(columns, column), append(args, value), append(holes, fmt.Sprintf("$%d", len(args)+1))
	}
	query := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(holes, ", ") + ")"
	if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func TestAn_import_reports_what_it_rounded_cut_and_doubts(t *testing.T) {
	path := v4File(t, append(slices.Clone(someRows),
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, comissao) VALUES (2, '2025-10-05', 16.665, 'Pix', 1, 0.125), (3, '2025-10-05', -16.665, 'Pix', 1, 1.005), (4, '2025-10-05', 0.30000000000000004, 'Pix', 1, 2)",
		"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor) VALUES (2, 1, 1, 33.335, 1.004999)",
		"INSERT INTO gastos (id, data, valor, forma_pagamento, created_by) VALUES (2, '2025-1-4', 5, 'Pix', 1), (3, '', 5, 'Pix', 1)",
		"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (3, 777, 1, 50, 5, '2025-10-31 00:00:00')",
		"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (4, 1, 50, 5, NULL), (5, 1, 50, 5, '1999-12-31 00:00:00')",
		"INSERT INTO comissoes (id, pagamento_id, artista_id, percentual, valor, created_at) VALUES (6, 1, 1, 50, 5, NULL)",
		"INSERT INTO sessoes (id, data, valor, cliente_id, artista_id, status, payment_id) VALUES (2, '2025-10-31', 1, 1, 1, 'paid', 888)",
		"INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id, sessao_id, cliente_id) VALUES (5, '2025-10-31', 1, 'Pix', 1, 999, 55)",
		"ALTER TABLE gastos ADD categoria VARCHAR(50)", "UPDATE gastos SET categoria = 'tinta' WHERE id > 1", "ALTER TABLE clients ADD telefone TEXT",
		"UPDATE sessoes SET created_at = '2025-10-31 00:00:00'", "UPDATE pagamentos SET created_at = '2025-10-31 00:00:00'", "UPDATE gastos SET created_at = '2025-10-31 00:00:00'",
		"INSERT INTO inventory (id, name) VALUES (1, 'agulhas')", "CREATE TABLE \"odd \"\"name\" (id INTEGER)", "INSERT INTO \"odd \"\"name\" VALUES (1), (2)")...)
	to := intoSQLite(t)
	done := mustImport(t, to, "sqlite:///"+path)

	wantChanges(t, "rounded", done.Rounded, []store.Change{
		{Table: "pagamentos", ID: 2, Column: "valor", Old: "16.665", New: "16.67"}, {Table: "pagamentos", ID: 2, Column: "comissao", Old: "0.125", New: "0.13"},
		{Table: "pagamentos", ID: 3, Column: "valor", Old: "-16.665", New: "-16.67"}, {Table: "pagamentos", ID: 3, Column: "comissao", Old: "1.005", New: "1.01"},
		{Table: "comissoes", ID: 2, Column: "percentual", Old: "33.335", New: "33.34"}, {Table: "comissoes", ID: 2, Column: "valor", Old: "1.004999", New: "1.00"},
	})
	wantChanges(t, "unlinked", done.Unlinked, []store.Change{
		{Table: "sessoes", ID: 2, Column: "payment_id", Old: "888"},
		{Table: "pagamentos", ID: 5, Column: "cliente_id", Old: "55"}, {Table: "pagamentos", ID: 5, Column: "sessao_id", Old: "999"},
	})
	wantChanges(t, "doubtful", done.Doubtful, []store.Change{
		{Table: "comissoes", ID: 3, Column: "pagamento_id", Old: "777", Why: "names a row of pagamentos that does not exist"},
		{Table: "gastos", ID: 2, Column: "data", Old: "2025-1-4", Why: "is not a day, so the row belongs to no month"},
		{Table: "gastos", ID: 3, Column: "data", Old: "", Why: "is not a day, so the row belongs to no month"},
		{Table: "comissoes", ID: 4, Column: "created_at", Old: "NULL", Why: "and the row has no payment, so it belongs to no month"},
		{Table: "comissoes", ID: 5, Column: "created_at", Old: "1999-12-31 02:00:00.000000", Why: "and the row has no payment, so it belongs to no month"},
	})
	if want := []store.TableRows{{Table: "gastos", Column: "categoria", Rows: 2}, {Table: "inventory", Rows: 1}, {Table: `odd "name`, Rows: 2}}; !slices.Equal(done.Left, want) {
		t.Errorf("left behind are %+v, want %+v", done.Left, want)
	}
	if n := number(t, to.db, "SELECT count(*) FROM gastos WHERE data IN ('', '2025-1-4')"); n != 2 {
		t.Error("the malformed dates were not carried")
	}
	if n := number(t, to.db, "SELECT count(*) FROM comissoes WHERE pagamento_id = 777"); n != 1 {
		t.Error("the commission of a payment that does not exist was not carried")
	}
	c := closer(t, to.store)
	r := closeMonth(t, c, october)
	if want := (books.Counts{Payments: 5, Sessions: 1, Commissions: 4, Expenses: 1}); r.Counts != want {
		t.Errorf("closed %+v, want %+v", r.Counts, want)
	}
	reopen(t, c, october)
	if again := closeMonth(t, c, october); again.Fingerprint != r.Fingerprint {
		t.Error("closing again gives another fingerprint")
	}
}

func wantChanges(t *testing.T, what string, got, want []store.Change) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s are\n%+v\nwant\n%+v", what, got, want)
	}
}

func TestA_v4_files_times_are_UTC_but_a_commissions_is_the_studios(t *testing.T) {
	path := v4File(t, append(slices.Clone(someRows),
		"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (2, 1, 50, 1, '2018-11-04 00:00:00.000000')", // this midnight did not exist
		"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (3, 1, 50, 1, '2025-10-31 23:59:59.999999')",
		"INSERT INTO comissoes (id, artista_id, percentual, valor, created_at) VALUES (4, 1, 50, 1, '2025-10-31 12:00:00+00:00')")...)
	to := intoSQLite(t)
	mustImport(t, to, "sqlite:///"+path)
	for query, want := range map[string]string{
		"SELECT created_at FROM sessoes WHERE id = 1":    "2025-10-01 08:00:00.500000\n",
		"SELECT created_at FROM pagamentos WHERE id = 1": "2025-10-03 23:59:59.999999\n",
		"SELECT created_at FROM users":                   "2025-01-01 08:00:00.000000\n",
		"SELECT CAST(created_at AS TEXT) FROM comissoes ORDER BY id": "2025-10-03 03:00:00.000000\n2018-11-04 03:00:00.000000\n" +
			"2025-11-01 02:59:59.999999\n2025-10-31 12:00:00.000000\n",
	} {
		if got := lines(t, to.db, query); got != want {
			t.Errorf("%s gives %q, want %q", query, got, want)
		}
	}
}

func TestAn_import_refuses_what_it_cannot_keep_and_copies_nothing(t *testing.T) {
	both, postgres := []bool{false, true}, []bool{true}
	long := strings.Repeat("ç", 256)
	for _, bad := range []struct {
		name, query string
		into        []bool // PostgreSQL?
		kind        books.ErrorKind
		code        string
		words       []string
	}{
		{"text that is not UTF-8", "UPDATE clients SET name = CAST(x'41ff' AS TEXT)", both, books.Integrity, "broken_row", []string{"row 1 of clients", "name", "UTF-8"}},
		{"an amount of nine digits", "UPDATE pagamentos SET valor = 100000000", both, books.Refused, "cannot_carry", []string{"row 1 of pagamentos", "valor", "too large"}},
		{"an amount that rounding makes too large", "UPDATE gastos SET valor = 99999999.996", both, books.Refused, "cannot_carry", []string{"row 1 of gastos"}},
		{"an amount that is a word", "UPDATE pagamentos SET valor = 'dez'", both, books.Integrity, "broken_row", []string{"row 1 of pagamentos", "valor"}},
		{"an infinite amount", "UPDATE pagamentos SET valor = 9e999", both, books.Integrity, "broken_row", []string{"row 1 of pagamentos", "valor"}},
		{"a percentage of four digits", "UPDATE comissoes SET percentual = 999.995", both, books.Refused, "cannot_carry", []string{"row 1 of comissoes", "percentual"}},
		{"a time that is none", "UPDATE sessoes SET created_at = '2025-10-03'", both, books.Integrity, "broken_row", []string{"row 1 of sessoes", "created_at"}},
		{"a commission's time that is none", "UPDATE comissoes SET created_at = 'ontem'", both, books.Integrity, "broken_row", []string{"row 1 of comissoes", "created_at"}},
		{"an id beyond 32 bits", "UPDATE gastos SET id = 2147483648", both, books.Integrity, "broken_row", []string{"gastos", "id"}},
		{"an artist who does not exist", "UPDATE pagamentos SET artista_id = 5", both, books.Refused, "cannot_carry", []string{"row 1 of pagamentos", "artista_id", "row 5 of users"}},
		{"a session's client who does not exist", "UPDATE sessoes SET cliente_id = 6", both, books.Refused, "cannot_carry", []string{"row 1 of sessoes", "row 6 of clients"}},
		{"two rows with one event", "DROP INDEX ix_pagamentos_google_event_id; UPDATE pagamentos SET google_event_id = 'e'; INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, google_event_id) VALUES ('2025-10-03', 1, 'Pix', 1, 'e')",
			both, books.Refused, "duplicates", []string{"rows 1 and 2 of pagamentos", "google_event_id"}},
		{"a flag that is none", "UPDATE users SET active_flag = 7", both, books.Integrity, "broken_row", []string{"row 1 of users", "active_flag"}},
		{"no payments at all", "DROP TABLE pagamentos; CREATE TABLE pagamentos (id INTEGER)", both, books.Refused, "not_v4", []string{"pagamentos", "data"}},
		{"no table of users", "DROP TABLE users", both, books.Refused, "not_v4", []string{"users"}},
		{"a malformed date", "UPDATE pagamentos SET data = '2025-1-4'", postgres, books.Refused, "cannot_carry", []string{"row 1 of pagamentos", "data", `"2025-1-4"`, "in the source"}},
		{"a commission of no payment", "UPDATE comissoes SET pagamento_id = 7", postgres, books.Refused, "cannot_carry", []string{"row 1 of comissoes", "row 7 of pagamentos"}},
		{"a text that is too long", "UPDATE gastos SET descricao = '" + long + "'", postgres, books.Refused, "cannot_carry", []string{"row 1 of gastos", "256", "255"}},
		{"a NUL", "UPDATE gastos SET descricao = 'a' || char(0) || 'b'", postgres, books.Refused, "cannot_carry", []string{"row 1 of gastos", "descricao", "NUL"}},
		{"a statement that is not JSON", "INSERT INTO extratos (id, mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (9, 1, 2025, '[', '[]', '[]', '{\"a\": NaN}')",
			postgres, books.Refused, "cannot_carry", []string{"row 9 of extratos", "pagamentos", "JSON"}},
	} {
		for _, isPostgres := range bad.into {
			t.Run(fmt.Sprintf("%s, into PostgreSQL %t", bad.name, isPostgres), func(t *testing.T) {
				to := intoSQLite(t)
				if isPostgres {
					to = intoPostgres(t)
				}
				path := v4File(t, append(slices.Clone(someRows), bad.query)...)
				before, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				_, err = to.store.Import(t.Context(), "sqlite:///"+path, nil)
				wantError(t, err, bad.kind, bad.code, bad.words...)
				to.isEmpty(t)
				if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
					t.Errorf("the source was changed: %v", err)
				}
			})
		}
	}
}

func TestAn_import_into_anything_but_a_new_database_is_refused(t *testing.T) {
	path := v4File(t, someRows...)
	rows := []struct{ table, columns, values string }{
		{"users", "id, name, role, active_flag, unified_flow_enabled", "7, 'Cid', 'artist', TRUE, FALSE"},
		{"clients", "id, name", "7, 'Cid'"},
		{"extratos", "mes, ano, pagamentos, sessoes, comissoes, totais", "1, 2025, '[]', '[]', '[]', '{}'"},
		{"extrato_run_logs", "mes, ano, status", "1, 2025, 'success'"},
		{"revisions", "month, revision, pagamentos, sessoes, comissoes, totais, replaced_at", "'2025-01', 1, '[]', '[]', '[]', '{}', ''"},
		{"backups", "file, month, copy, sha256, size, fingerprint, manifest, state, reason, created_at, verified_at", "'f', '2025-01', 1, '', 1, '', '', '', '', '', ''"},
		{"runs", "action, month, actor, started_at, finished_at, result, code, message, correlation_id", "'', '', '', '', '', '', '', '', ''"},
	}
	targets(t, func(t *testing.T, to target) {
		migrate(t, to.store)
		for i, row := range rows {
			table := row.table
			if to.store.Postgres() && i > 3 {
				table = "extrato." + table
			}
			run(t, to.db, "INSERT INTO "+table+" ("+row.columns+") VALUES ("+row.values+")")
			_, err := to.store.Import(t.Context(), "sqlite:///"+path, nil)
			wantError(t, err, books.Refused, "not_empty", "rows in "+row.table, "DATABASE_URL")
			(&storetest.DB{Path: to.store.Path(), SQL: to.db}).Tamper(t, "DELETE FROM "+table)
			to.isEmpty(t)
		}
		mustImport(t, to, "sqlite:///"+path)
		before := dump(t, to.db, carried...)
		_, err := to.store.Import(t.Context(), "sqlite:///"+path, nil)
		wantError(t, err, books.Refused, "not_empty")
		same(t, "after a second import", before, dump(t, to.db, carried...))
	})
	t.Run("into v4's own", func(t *testing.T) {
		url, v4 := v4Postgres(t)
		before := schema(t, v4)
		_, err := openAt(t, url).Import(t.Context(), "sqlite:///"+path, nil)
		wantError(t, err, books.Refused, "not_empty", "extrato migrate")
		same(t, "v4's schema", before, schema(t, v4))
	})
}

func TestAn_import_from_itself_is_refused(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		path := v4File(t, someRows...)
		link := filepath.Join(t.TempDir(), "link.db")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		_, err := openAt(t, "sqlite:///"+path).Import(t.Context(), "sqlite:///"+link, nil)
		wantError(t, err, books.Refused, "same_database", "new database")
	})
	t.Run("postgres", func(t *testing.T) {
		url, v4 := v4Postgres(t)
		before := schema(t, v4)
		_, err := openAt(t, url).Import(t.Context(), strings.Replace(url, "postgres://", "postgresql+psycopg2://", 1), nil)
		wantError(t, err, books.Refused, "same_database", "extrato migrate")
		same(t, "v4's schema", before, schema(t, v4))
		if n := number(t, v4, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"); n != 0 {
			t.Errorf("%d locks were left", n)
		}
	})
}

func TestA_database_that_we_took_over_is_imported_only_while_it_holds_no_statement_of_ours(t *testing.T) {
	url, v4 := v4Postgres(t)
	s := openAt(t, url)
	migrate(t, s)
	c := closer(t, s)
	first := closeMonth(t, c, october)
	before := dump(t, v4)
	targets(t, func(t *testing.T, to target) {
		_, err := to.store.Import(t.Context(), url, nil)
		wantError(t, err, books.Refused, "own_database", "2025-10", "pg_dump")
		to.isEmpty(t)
	})
	same(t, "the source", before, dump(t, v4))

	reopen(t, c, october)
	targets(t, func(t *testing.T, to target) {
		done := mustImport(t, to, url)
		if len(done.Notes) != 1 || !slices.Contains(done.Left, store.TableRows{Table: "closings", Rows: 3}) {
			t.Errorf("import says %+v, and not that the chain stays behind", done)
		}
		if r := closeMonth(t, closer(t, to.store), october); r.Fingerprint != first.Fingerprint {
			t.Error("the fingerprint is another one")
		}
	})

	own := intoSQLite(t)
	migrate(t, own.store)
	path := lines(t, own.db, "SELECT file FROM pragma_database_list WHERE name = 'main'")
	to := intoSQLite(t)
	_, err := to.store.Import(t.Context(), "sqlite:///"+strings.TrimSpace(path), nil)
	wantError(t, err, books.Refused, "own_database", "copy the file")
	to.isEmpty(t)
}

func TestIds_that_ever_were_do_not_come_back_after_an_import(t *testing.T) {
	url, _ := v4Postgres(t)
	targets(t, func(t *testing.T, to target) {
		mustImport(t, to, url)
		for _, next := range []struct {
			insert string
			above  int64
		}{
			{"INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id) VALUES ('2025-12-01', 1, 'Pix', 1)", 5000},          // v4's statement holds it
			{"INSERT INTO sessoes (data, valor, cliente_id, artista_id, status) VALUES ('2025-12-01', 1, 1, 1, 'paid')", 6000},      // the same
			{"INSERT INTO comissoes (artista_id, percentual, valor) VALUES (1, 1, 1)", 7001},                                        // only the sequence remembers
			{"INSERT INTO clients (name) VALUES ('Nova')", 40},                                                                      // a row has it
			{"INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, totais) VALUES (1, 2024, '[]', '[]', '[]', '{}')", 3}, // the same
			{"INSERT INTO extrato_run_logs (mes, ano, status) VALUES (1, 2024, 'success')", 7},                                      // the same
			{"INSERT INTO users (name, role, active_flag, unified_flow_enabled) VALUES ('Eva', 'artist', TRUE, FALSE)", 999},        // the same
			{"INSERT INTO gastos (data, valor, forma_pagamento, created_by) VALUES ('2025-12-01', 1, 'Pix', 1)", 69},                // the same
		} {
			var id int64
			if err := to.db.QueryRowContext(t.Context(), next.insert+" RETURNING id").Scan(&id); err != nil {
				t.Fatal(err)
			}
			if id <= next.above {
				t.Errorf("%s gives id %d, want one above %d", next.insert, id, next.above)
			}
		}
	})
}

func TestAn_import_reads_one_snapshot(t *testing.T) {
	url, v4 := v4Postgres(t)
	want := dump(t, v4, carried...)
	to := intoPostgres(t)
	_, err := to.store.Import(t.Context(), url, func(table string) {
		if table == "users" { // a row that refers to one which is copied already
			run(t, v4, "WITH u AS (INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (500, 'Nova', 'artist', TRUE, TRUE) RETURNING id) SELECT 1 FROM u",
				"INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (9999, '2025-10-01', 1, 'Pix', 500)", "DELETE FROM comissoes WHERE id = 1")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the rows", want, dump(t, to.db, carried...))
}

func TestOf_many_imports_at_once_one_comes_in(t *testing.T) {
	storetest.Concurrent(t)
	path := v4File(t, someRows...)
	targets(t, func(t *testing.T, to target) {
		migrate(t, to.store)
		errs := make(chan error)
		for range 8 {
			go func() {
				_, err := to.store.Import(t.Context(), "sqlite:///"+path, nil)
				errs <- err
			}()
		}
		done := 0
		for range 8 {
			if err := <-errs; err == nil {
				done++
			} else {
				wantError(t, err, books.Refused, "not_empty")
			}
		}
		if n := number(t, to.db, "SELECT count(*) FROM pagamentos"); done != 1 || n != 1 {
			t.Errorf("%d imports came in, and %d payments", done, n)
		}
	})
}

func TestAn_interrupted_import_leaves_nothing(t *testing.T) {
	storetest.Concurrent(t)
	url, _ := v4Postgres(t)
	targets(t, func(t *testing.T, to target) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := to.store.Import(ctx, url, func(table string) {
			if table == "gastos" {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		to.isEmpty(t)
		mustImport(t, to, url) // and is no obstacle
	})
}

func TestOlder_v4_databases_are_imported_with_the_same_fingerprint(t *testing.T) {
	url, _ := v4Postgres(t, "ALTER TABLE sessoes ADD hora TIME", "UPDATE sessoes SET hora = '14:30' WHERE id % 2 = 0", "UPDATE sessoes SET hora = '09:05:01.25' WHERE id = 1003",
		"ALTER TABLE sessoes ALTER status DROP NOT NULL", "UPDATE sessoes SET status = NULL WHERE id % 3 = 0", "DROP TABLE extrato_run_logs",
		"ALTER TABLE extratos ALTER pagamentos TYPE jsonb, ALTER totais TYPE jsonb")
	var prints []books.Fingerprint
	targets(t, func(t *testing.T, to target) {
		mustImport(t, to, url)
		if n := number(t, to.db, "SELECT count(*) FROM sessoes WHERE hora IS NOT NULL"); n != 167 {
			t.Errorf("%d sessions have a time, want 167", n)
		}
		prints = append(prints, closeMonth(t, closer(t, to.store), october).Fingerprint)
	})
	s := openAt(t, url)
	migrate(t, s)
	prints = append(prints, closeMonth(t, closer(t, s), october).Fingerprint)
	if prints[0] != prints[1] || prints[0] != prints[2] {
		t.Errorf("the fingerprints are %s", prints)
	}
}

func TestA_sessions_time_of_a_v4_file_is_written_as_PostgreSQL_writes_it(t *testing.T) {
	storetest.Concurrent(t)
	path := v4File(t, append(slices.Clone(someRows), "ALTER TABLE sessoes ADD hora TIME", "UPDATE sessoes SET hora = '14:30:00.000000'")...)
	targets(t, func(t *testing.T, to target) {
		mustImport(t, to, "sqlite:///"+path)
		if got := lines(t, to.db, "SELECT CAST(hora AS TEXT) FROM sessoes"); got != "14:30:00\n" {
			t.Errorf("the time is %q", got)
		}
	})
}

func TestNothing_that_an_import_says_holds_a_password(t *testing.T) {
	url, _ := v4Postgres(t)
	secret := "s3gr3do"
	with := strings.Replace(url, "@", ":"+secret+"@", 1)
	if !strings.Contains(with, secret) {
		t.Fatalf("%s has no user", url)
	}
	done := mustImport(t, intoSQLite(t), with+"&password="+secret)
	if strings.Contains(fmt.Sprintf("%+v", done), secret) {
		t.Errorf("the report %+v holds the password", done)
	}
	for _, from := range []string{
		"postgres://ana:" + secret + "@127.0.0.1:1/studio", "postgres://ana:" + secret + "@:not a port/studio", "mysql://ana:" + secret + "@host/studio",
		"postgres://ana:" + secret + "%zz@host/studio", strings.Replace(with, "/test_", "/none_", 1), secret,
	} {
		to := intoSQLite(t)
		_, err := to.store.Import(t.Context(), from, nil)
		e := books.AsError(err)
		if e == nil || strings.Contains(fmt.Sprintf("%+v %s %s", err, e.Error(), e.Hint), secret) {
			t.Errorf("import says %v, hint %q", err, e.Hint)
		}
		to.isEmpty(t)
	}
}

func TestAn_import_says_when_there_is_nothing_to_import(t *testing.T) {
	to := intoSQLite(t)
	missing := filepath.Join(t.TempDir(), "none.db")
	_, err := to.store.Import(t.Context(), "sqlite:///"+missing, nil)
	wantError(t, err, books.NotFound, "no_source", missing)
	if _, err := os.Stat(missing); err == nil {
		t.Error("the missing file was made")
	}
	_, err = to.store.Import(t.Context(), pgtest.New(t), nil)
	wantError(t, err, books.NotFound, "no_books")
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = to.store.Import(t.Context(), "sqlite:///"+garbage, nil)
	wantError(t, err, books.Integrity, "database_corrupt")
	to.isEmpty(t)
}

func TestAn_import_carries_the_marks_of_deposits(t *testing.T) {
	from := v4File(t, append(slices.Clone(someRows),
		"CREATE TABLE deposits (payment INTEGER PRIMARY KEY, session INTEGER, day TEXT, amount NUMERIC(10,2), marked BOOLEAN NOT NULL, month TEXT)",
		"INSERT INTO deposits (payment, session, day, amount, marked) VALUES (1, 1, '2025-10-03', 450.10, 1)")...)
	targets(t, func(t *testing.T, to target) {
		mustImport(t, to, "sqlite:///"+from)
		deposits := "deposits"
		if to.store.Postgres() {
			deposits = "extrato.deposits"
		}
		if n := number(t, to.db, "SELECT count(*) FROM "+deposits+" WHERE payment = 1 AND marked AND month IS NULL"); n != 1 {
			t.Errorf("%d marks came in, want 1", n)
		}
	})
}
