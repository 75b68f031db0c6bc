package store_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/v4test"
)

var update = flag.Bool("update", false, "write the tables of docs/databases.md anew")

// have is what people have, and what they are told.
type have struct {
	what  string
	v4    bool     // the database holds v4's tables
	make  []string // SQL, DATABASE standing for the database's name
	url   string   // what stands behind the database's name
	code  string   // of the refusal; "": it works
	words string   // that the answer must hold
}

// moved puts v4's tables into the schema studio.
func moved(tables ...string) []string {
	queries := []string{"CREATE SCHEMA studio"}
	for _, table := range tables {
		queries = append(queries, "ALTER TABLE "+table+" SET SCHEMA studio")
	}
	return queries
}

const (
	otherPeople  = "CREATE TABLE users (id SERIAL PRIMARY KEY, login TEXT); CREATE TABLE clients (id SERIAL PRIMARY KEY, company TEXT)"
	otherPayment = "CREATE TABLE pagamentos (id SERIAL PRIMARY KEY, valor NUMERIC); CREATE TABLE extratos (id SERIAL PRIMARY KEY)"
)

var oddSchemas = []have{
	{what: "v4's tables in a schema that `ALTER DATABASE … SET search_path` names", v4: true,
		make: append(moved(v4test.Tables...), "ALTER DATABASE DATABASE SET search_path = studio")},
	{what: "v4's tables in a schema that `?options=-csearch_path%3Dstudio` names", v4: true, make: moved(v4test.Tables...), url: "options=-csearch_path%3Dstudio"},
	{what: "v4's tables in a schema that `?search_path=studio` names", v4: true, make: moved(v4test.Tables...), url: "search_path=studio"},
	{what: "v4's tables in the schema studio, which nothing names", v4: true, make: moved(v4test.Tables...), code: "books_elsewhere", words: "studio"},
	{what: "v4's tables in two schemas", v4: true, make: append(moved("gastos"), "ALTER DATABASE DATABASE SET search_path = public, studio"), code: "table_unfit", words: "gastos is in studio"},
	{what: "a search_path of which no schema exists", make: []string{"ALTER DATABASE DATABASE SET search_path = studio"}, code: "no_schema", words: "studio"},
	{what: "another application's database, with `users` and `clients`", make: []string{otherPeople}, code: "not_v4", words: "users, clients"},
	{what: "another application's `pagamentos` and `extratos`", make: []string{otherPayment}, code: "not_v4", words: "sessoes"},
	{what: "v4 without `gastos`", v4: true, make: []string{"DROP TABLE gastos"}, code: "not_v4", words: "no gastos"},
	{what: "v4 whose `pagamentos` lacks `sessao_id`", v4: true, make: []string{"ALTER TABLE pagamentos DROP COLUMN sessao_id"}, code: "not_v4", words: "no pagamentos.sessao_id"},
	{what: "v4 without `extrato_run_logs`", v4: true, make: []string{"DROP TABLE extrato_run_logs"}},
	{what: "v4 beside another program's table `settings`", v4: true, make: []string{"CREATE TABLE settings (name TEXT)"}, code: "table_unfit", words: "public.settings"},
}

// database makes a database as people have it.
func (h have) database(t *testing.T) (to string, db *sql.DB) {
	t.Helper()
	to = pgtest.New(t)
	if h.v4 {
		to, db = v4test.Postgres(t)
	} else {
		db = v4test.Connect(t, "pgx", to)
	}
	name := strings.TrimPrefix(mustParse(t, to).Path, "/")
	for _, query := range h.make {
		v4test.Run(t, db, strings.ReplaceAll(query, "DATABASE DATABASE", "DATABASE "+name))
	}
	if h.url != "" {
		to = with(to, h.url)
	}
	return to, db
}

// relations are all that a database has, and how many rows v4's tables hold.
func relations(t *testing.T, db *sql.DB) string {
	return v4test.Lines(t, db, `SELECT relnamespace::regnamespace || '.' || relname FROM pg_class
		WHERE relnamespace::regnamespace::text NOT LIKE 'pg\_%' AND relnamespace::regnamespace::text <> 'information_schema' ORDER BY 1`) +
		v4test.Lines(t, db, "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_temp%' AND nspname NOT LIKE 'pg_toast_temp%' ORDER BY 1")
}

func TestOdd_schemas_are_taken_over_or_refused_before_anything_is_made(t *testing.T) {
	eachHave(t, "schemas", oddSchemas, func(t *testing.T, h have) string {
		to, db := h.database(t)
		before := relations(t, db)
		s := v4test.Open(t, to)
		_, err := s.Migrate(t.Context())
		if err == nil {
			h.worksIn(t, s, db)
			return h.told(t, err)
		}
		v4test.Same(t, "what the database has", before, relations(t, db))
		if err := s.Ready(t.Context()); err == nil {
			t.Error("a start goes on where migrate is refused")
		}
		v4test.Same(t, "what the database has", before, relations(t, db))
		return h.told(t, err)
	})
}

// eachHave runs a test for all that people have, and compares what they are told
// with the documented table.
func eachHave(t *testing.T, name string, all []have, test func(*testing.T, have) string) {
	t.Helper()
	table := make([]string, len(all))
	var skipped atomic.Bool // then the table is not whole
	t.Run("all", func(t *testing.T) {
		for i, h := range all {
			t.Run(h.what, func(t *testing.T) {
				t.Parallel()
				defer func() { skipped.CompareAndSwap(false, t.Skipped()) }()
				table[i] = test(t, h)
			})
		}
	})
	if !t.Failed() && !skipped.Load() {
		documented(t, name, strings.Join(table, ""))
	}
}

// worksIn asserts that nothing was made beside v4's own tables.
func (h have) worksIn(t *testing.T, s *store.Store, db *sql.DB) {
	t.Helper()
	if n := v4test.Number(t, db, "SELECT count(*) FROM pg_class WHERE relname = 'pagamentos' AND relkind = 'r'"); n != 1 {
		t.Errorf("there are %d tables pagamentos", n)
	}
	if r := v4test.CloseMonth(t, v4test.Closer(t, s), october); r.Counts != v4test.OctoberRows {
		t.Errorf("it closed %+v", r.Counts)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// told checks an answer and returns it as a line of a table.
func (h have) told(t *testing.T, err error) string {
	t.Helper()
	e := books.AsError(err)
	switch {
	case e == nil && h.code != "":
		t.Errorf("it goes on, want %s", h.code)
		return ""
	case e == nil:
		return fmt.Sprintf("| %s | works | |\n", h.what)
	case e.Code != h.code || !strings.Contains(e.Message+" "+e.Hint+" "+e.Error(), h.words):
		t.Errorf("it says %s %q, %q (%v), want %s with %q", e.Code, e.Error(), e.Hint, err, h.code, h.words)
	}
	if e.Hint == "" || rawSQL.MatchString(e.Error()+e.Hint) && !strings.Contains(e.Hint, "ALTER ") || strings.Contains(e.Error(), "SQLSTATE") {
		t.Errorf("%q with the hint %q has no remedy, or raw SQL", e.Error(), e.Hint)
	}
	text := address.ReplaceAllString(e.Error(), "…")
	return fmt.Sprintf("| %s | %s (exit %d) | %s |\n", h.what, strings.ReplaceAll(text, "|", `\|`), e.Kind.ExitCode(), strings.ReplaceAll(e.Hint, "|", `\|`))
}

var (
	rawSQL  = regexp.MustCompile(`\b(SELECT|INSERT INTO|DELETE FROM|UPDATE \w+ SET)\b`)
	address = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// documented compares a table with the one in docs/databases.md.
func documented(t *testing.T, name, table string) {
	t.Helper()
	const file = "../../docs/databases.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+": made by a test -->\n", "<!-- end of "+name+" -->"
	before, rest, ok := strings.Cut(string(text), begin)
	had, after, ok2 := strings.Cut(rest, end)
	table = "| What you have | What happens | What to do |\n|---|---|---|\n" + table
	switch {
	case !ok || !ok2:
		t.Fatalf("%s has no place for %s", file, name)
	case had == table:
	case *update:
		if err := os.WriteFile(file, []byte(before+begin+table+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the table in %s is not what happens; go test ./internal/store -update\n%s", file, table)
	}
}

const keepExpense = `CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN %s END'; CREATE TRIGGER keep BEFORE DELETE ON gastos FOR EACH ROW EXECUTE FUNCTION keep()`

var oddTables = []have{
	{what: "row-level security, and a user who is not the owner", make: []string{"ALTER TABLE pagamentos ENABLE ROW LEVEL SECURITY"}, code: "table_unfit", words: "pagamentos"},
	{what: "a view in the place of `pagamentos`", make: []string{"ALTER TABLE pagamentos RENAME TO todos; CREATE VIEW pagamentos AS SELECT * FROM todos WHERE valor > 0; GRANT ALL ON pagamentos TO PUBLIC"},
		code: "table_unfit", words: "pagamentos is a view"},
	{what: "`gastos` in partitions", make: []string{"ALTER TABLE gastos RENAME TO todos; CREATE TABLE gastos (LIKE todos) PARTITION BY RANGE (data); GRANT ALL ON gastos TO PUBLIC"},
		code: "table_unfit", words: "gastos is partitioned"},
	{what: "a table that inherits from `gastos`", make: []string{"CREATE TABLE gastos_velhos () INHERITS (gastos)"}, code: "table_unfit", words: "gastos_velhos"},
	{what: "a rule that turns deletes into something else", make: []string{"CREATE RULE soft AS ON DELETE TO gastos DO INSTEAD NOTHING"}, code: "table_unfit", words: "soft"},
	{what: "a trigger that keeps rows (soft delete)", make: []string{fmt.Sprintf(keepExpense, "RETURN NULL;")}, code: "rows_kept", words: "keep on gastos"},
	{what: "a trigger that changes rows as they go", make: []string{fmt.Sprintf(keepExpense, "UPDATE gastos SET descricao = ''gone'' WHERE id = OLD.id; RETURN OLD;")}, code: "rows_kept", words: "trigger"},
	{what: "another table that refers to payments", make: []string{"CREATE TABLE recibos (id SERIAL PRIMARY KEY, pagamento INTEGER REFERENCES pagamentos); INSERT INTO recibos (pagamento) SELECT id FROM pagamentos; GRANT ALL ON recibos TO PUBLIC"},
		code: "rows_referenced", words: "recibos"},
	{what: "a trigger that writes a log after each delete", make: []string{"CREATE TABLE apagados (id INTEGER); GRANT ALL ON apagados TO PUBLIC",
		"CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO apagados VALUES (OLD.id); RETURN NULL; END'; CREATE TRIGGER note AFTER DELETE ON gastos FOR EACH ROW EXECUTE FUNCTION note()"}},
	{what: "a column that nobody backs up, with data", make: []string{"ALTER TABLE gastos ADD fornecedor TEXT DEFAULT 'Loja'"}, code: "unknown_column", words: "gastos.fornecedor"},
	{what: "a user who may not delete", make: []string{"REVOKE DELETE ON pagamentos FROM CLERK"}, code: "database_unwritable", words: "pagamentos"},
	{what: "a user who may not see a column", make: []string{"REVOKE SELECT ON gastos FROM CLERK; GRANT SELECT (id, data, valor) ON gastos TO CLERK"}, code: "database_unwritable", words: "gastos"},
}

func TestOdd_tables_and_triggers_are_told_with_their_remedy(t *testing.T) {
	eachHave(t, "tables", oddTables, func(t *testing.T, h have) string {
		to, db := v4test.Postgres(t)
		v4test.Migrate(t, v4test.Open(t, to))
		to = asClerk(t, db, to)
		clerk := mustParse(t, to).User.Username()
		for _, query := range h.make {
			v4test.Run(t, db, strings.ReplaceAll(query, "CLERK", clerk))
		}
		before := dumpWithoutLog(t, db)
		_, err := v4test.Closer(t, v4test.Open(t, to)).Close(t.Context(), october, closing.Options{}, "test")
		if h.code != "" {
			v4test.Same(t, "the rows", before, dumpWithoutLog(t, db))
		}
		return h.told(t, err)
	})
}

// The server's address is put into the URLs.
func TestURLs_as_people_have_them_are_told(t *testing.T) {
	to := mustParse(t, pgtest.New(t))
	urls := []have{
		{what: "`postgresql+psycopg2://…`, SQLAlchemy's form", url: "postgresql+psycopg2://postgres@HOST/NAME?sslmode=disable"},
		{what: "a password with `@` and `/` as it is", url: "postgres://ana:s3cret@t0pper/w0rd@HOST/NAME", code: "invalid_database_url", words: "percent-encoded"},
		{what: "a password with `#` as it is", url: "postgres://ana:s3cret#t0pper@HOST/NAME", code: "invalid_database_url", words: "percent-encoded"},
		{what: "a password with `%` as it is", url: "postgres://ana:100%s3cret@HOST/NAME", code: "invalid_database_url", words: "%25"},
		{what: "a user whom the server does not know", url: "postgres://ana:s3cret@HOST/NAME?sslmode=disable", code: "login_refused", words: "ana"},
		{what: "a database that is not there", url: "postgres://postgres@HOST/nowhere?sslmode=disable", code: "no_database", words: "nowhere"},
		{what: "another port", url: "postgres://ana:s3cret@127.0.0.1:1/NAME", code: "database_unreachable", words: "refused"},
		{what: "`?charset=utf8`, or another program's parameter", url: "postgres://postgres@HOST/NAME?sslmode=disable&charset=utf8", code: "invalid_database_url", words: "charset"},
		{what: "`?sslmode=require`, and a server without TLS", url: "postgres://postgres@HOST/NAME?sslmode=require", code: "login_refused", words: "TLS"},
		{what: "`?sslmode=on`", url: "postgres://postgres@HOST/NAME?sslmode=on", code: "invalid_database_url", words: "verify-full"},
		{what: "`sqlite:///extrato.db?mode=ro`", url: "sqlite:///extrato.db?mode=ro", code: "invalid_database_url", words: "options"},
		{what: "`mysql://…`", url: "mysql://ana:s3cret@HOST/NAME", code: "invalid_database_url", words: "neither"},
		{what: "a file's name without `sqlite:///`", url: "data/extrato.db", code: "invalid_database_url", words: "neither"},
	}
	fill := strings.NewReplacer("HOST", to.Host, "NAME", strings.TrimPrefix(to.Path, "/"))
	eachHave(t, "urls", urls, func(t *testing.T, h have) string {
		_, err := tryOpen(t, fill.Replace(h.url), false)
		if told := fmt.Sprintf("%+v", err); slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(told, s) }) {
			t.Errorf("a part of the password is told: %s", told)
		}
		return h.told(t, err)
	})
}

func TestA_text_that_is_not_UTF8_is_named(t *testing.T) {
	admin := v4test.Connect(t, "pgx", pgtest.New(t))
	v4test.Run(t, admin, "CREATE DATABASE v4_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP DATABASE v4_ascii WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	to := mustParse(t, pgtest.New(t))
	to.Path = "/v4_ascii"
	s := v4test.Open(t, to.String())
	v4test.Migrate(t, s)
	db := v4test.Connect(t, "pgx", to.String())
	v4test.Run(t, db, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (1, 'Ana', 'artist', TRUE, FALSE)",
		`INSERT INTO gastos (id, data, valor, forma_pagamento, created_by, descricao, created_at) VALUES (7, '2025-10-03', 10, 'Pix', 1, convert_from('\x6361666520e9', 'SQL_ASCII'), '2025-10-03')`)
	_, err := v4test.Closer(t, s).Close(t.Context(), october, closing.Options{}, "test")
	v4test.WantError(t, err, books.Integrity, "text_not_utf8", "not UTF-8", "extrato doctor", "ENCODING 'UTF8'")
	v4test.Read(t, s, func(tx *store.Tx) error {
		bad, err := tx.BadTexts(t.Context(), 5)
		if len(bad) != 1 || bad[0].Row != "gasto 7" || !strings.Contains(bad[0].Why, `descricao is not UTF-8: "cafe \xe9"`) {
			t.Errorf("it names %+v", bad)
		}
		return err
	})
	if n := v4test.Number(t, db, "SELECT count(*) FROM gastos"); n != 1 {
		t.Errorf("%d expenses are left", n)
	}
}
