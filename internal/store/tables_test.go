package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/store/v4test"
)

// hiding is a way in which a table shows less than it holds, or keeps what is
// deleted from it. T stands for the table.
type hiding struct {
	name     string
	do, undo string
	says     string // a word of the remedy
}

var hidingOnPostgres = []hiding{
	{"row-level security without a policy", "ALTER TABLE T ENABLE ROW LEVEL SECURITY", "ALTER TABLE T DISABLE ROW LEVEL SECURITY", "ROW LEVEL SECURITY"},
	{"row-level security that shows a part", "ALTER TABLE T ENABLE ROW LEVEL SECURITY; CREATE POLICY part ON T USING (id % 2 = 0)",
		"DROP POLICY part ON T; ALTER TABLE T DISABLE ROW LEVEL SECURITY", "ROW LEVEL SECURITY"},
	{"a view", "ALTER TABLE T RENAME TO T_all; CREATE VIEW T AS SELECT * FROM T_all WHERE id % 2 = 0; GRANT ALL ON T TO PUBLIC",
		"DROP VIEW T; ALTER TABLE T_all RENAME TO T", "is a view"},
	{"a materialized view", "ALTER TABLE T RENAME TO T_all; CREATE MATERIALIZED VIEW T AS SELECT * FROM T_all; GRANT ALL ON T TO PUBLIC",
		"DROP MATERIALIZED VIEW T; ALTER TABLE T_all RENAME TO T", "is a materialized view"},
	{"partitions", "ALTER TABLE T RENAME TO T_all; CREATE TABLE T (LIKE T_all) PARTITION BY RANGE (id); GRANT ALL ON T TO PUBLIC",
		"DROP TABLE T; ALTER TABLE T_all RENAME TO T", "is partitioned"},
	{"a partition of another table", "CREATE TABLE T_whole (LIKE T ) PARTITION BY LIST (id); ALTER TABLE T_whole ATTACH PARTITION T DEFAULT",
		"ALTER TABLE T_whole DETACH PARTITION T; DROP TABLE T_whole", "DETACH PARTITION"},
	{"a child table", "CREATE TABLE T_child () INHERITS (T)", "DROP TABLE T_child", "NO INHERIT"},
	{"a parent table", "CREATE TABLE T_parent (); ALTER TABLE T INHERIT T_parent", "ALTER TABLE T NO INHERIT T_parent; DROP TABLE T_parent", "NO INHERIT"},
	{"a rule for deletes", "CREATE RULE soft AS ON DELETE TO T DO INSTEAD NOTHING", "DROP RULE soft ON T", `DROP RULE "soft" ON T`},
	{"a rule for inserts", "CREATE RULE soft AS ON INSERT TO T DO INSTEAD NOTHING", "DROP RULE soft ON T", `DROP RULE "soft" ON T`},
}

var hidingOnSQLite = []hiding{
	{"a view", "ALTER TABLE T RENAME TO T_all; CREATE VIEW T AS SELECT * FROM T_all WHERE id % 2 = 0", "DROP VIEW T; ALTER TABLE T_all RENAME TO T", "is a view"},
	{"a virtual table", "ALTER TABLE T RENAME TO T_all; CREATE VIRTUAL TABLE T USING fts5(id, data, created_at, mes, ano)", "DROP TABLE T; ALTER TABLE T_all RENAME TO T", "is a virtual table"},
}

// hideable are the tables of which a hidden row would be a lost one.
var hideable = []string{"pagamentos", "sessoes", "comissoes", "gastos", "extratos", "users", "clients", "extrato_run_logs"}

var clerks atomic.Int64

// asClerk returns the URL for a role that owns nothing and may everything.
func asClerk(t testing.TB, db *sql.DB, to string) string {
	t.Helper()
	name := fmt.Sprintf("clerk_%d", clerks.Add(1))
	v4test.Run(t, db, "CREATE ROLE "+name+" LOGIN", "GRANT ALL ON ALL TABLES IN SCHEMA public, extrato TO "+name,
		"GRANT ALL ON ALL SEQUENCES IN SCHEMA public, extrato TO "+name, "GRANT ALL ON SCHEMA public, extrato TO "+name)
	t.Cleanup(func() { dropRole(t, db, name) })
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(name)
	return u.String()
}

// dropRole removes a role, which is the whole cluster's, at the end of a test,
// whose own context is over by then.
func dropRole(t testing.TB, db *sql.DB, name string) {
	for _, query := range []string{"DROP OWNED BY " + name, "DROP ROLE " + name} {
		if _, err := db.ExecContext(context.Background(), query); err != nil {
			t.Error(err)
		}
	}
}

func TestA_table_that_shows_less_than_it_holds_closes_no_month(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		to, v4 := v4test.Postgres(t)
		v4test.Migrate(t, v4test.Open(t, to))
		s := v4test.Open(t, asClerk(t, v4, to))
		for _, h := range hidingOnPostgres {
			t.Run(h.name, func(t *testing.T) {
				for _, table := range hideable {
					h.refused(t, s, v4, table)
				}
			})
		}
		v4test.CloseMonth(t, v4test.Closer(t, s), october)
	})
	t.Run("sqlite", func(t *testing.T) {
		db := storetest.SQLite(t, now)
		v4 := v4test.Connect(t, "sqlite", "file:"+db.Path+"?_pragma=busy_timeout(15000)&_pragma=legacy_alter_table(1)")
		for _, h := range hidingOnSQLite {
			t.Run(h.name, func(t *testing.T) {
				for _, table := range hideable {
					h.refused(t, v4test.Open(t, db.URL), v4, table)
				}
			})
		}
		v4test.CloseMonth(t, v4test.Closer(t, v4test.Open(t, db.URL)), october)
	})
}

// refused hides rows of a table and asserts that whatever comes is refused and
// changes nothing.
func (h hiding) refused(t *testing.T, s *store.Store, v4 *sql.DB, table string) {
	t.Helper()
	fill := func(text string) []string { return strings.Split(strings.ReplaceAll(text, "T_", table+"_"), "; ") }
	named := func(text string) string { return replaceTable(text, table) }
	for _, query := range fill(h.do) {
		v4test.Run(t, v4, named(query))
	}
	count := func() int64 { return v4test.Number(t, v4, "SELECT count(*) FROM "+table) }
	before := count()
	for what, do := range map[string]func() error{
		"the check": func() error { return s.CheckTables(t.Context()) },
		"a start":   func() error { return s.Ready(t.Context()) },
		"a close": func() error {
			_, err := v4test.Closer(t, s).Close(t.Context(), october, closing.Options{}, "test")
			return err
		},
	} {
		err := do()
		e := books.AsError(err)
		if e == nil || e.Kind != books.Refused || e.Code != "table_unfit" {
			t.Errorf("%s: %s answers %v, want refused table_unfit", table, what, err)
		} else if what == "the check" && (!strings.Contains(e.Message+e.Hint, named(h.says)) || !strings.Contains(e.Message, table)) {
			t.Errorf("%s: %q with the hint %q names neither the table nor the remedy", table, e.Message, e.Hint)
		}
	}
	if after := count(); after != before {
		t.Errorf("%s: a refusal left %d rows of %d", table, after, before)
	}
	for _, query := range fill(h.undo) {
		v4test.Run(t, v4, named(query))
	}
	if err := s.CheckTables(t.Context()); err != nil {
		t.Errorf("%s: the remedy did not help: %v", table, err)
	}
}

// replaceTable puts a table's name where the word T stands.
func replaceTable(text, table string) string {
	words := strings.Split(text, " ")
	for i, word := range words {
		if word == "T" || word == "(T)" || word == "(T" {
			words[i] = strings.Replace(word, "T", table, 1)
		}
	}
	return strings.Join(words, " ")
}

// The check of the tables comes first; whatever asks later, or without it, gets
// no filtered answer from the server either.
func TestNo_query_is_filtered_by_a_policy(t *testing.T) {
	to, v4 := v4test.Postgres(t)
	v4test.Migrate(t, v4test.Open(t, to))
	s := v4test.Open(t, asClerk(t, v4, with(to, "options=-crow_security%3Don")))
	count := func() (n books.Counts, err error) {
		err = s.Read(t.Context(), func(tx *store.Tx) error {
			n, err = tx.CountMonth(t.Context(), october)
			return err
		})
		return n, err
	}
	if n, err := count(); err != nil || n.Payments != v4test.OctoberRows.Payments {
		t.Fatalf("%+v, %v", n, err)
	}
	v4test.Run(t, v4, "ALTER TABLE pagamentos ENABLE ROW LEVEL SECURITY", "CREATE POLICY part ON pagamentos USING (id % 2 = 0)")
	n, err := count()
	if err == nil {
		t.Fatalf("a policy filters what is counted: %+v", n)
	}
	v4test.WantError(t, err, books.Refused, "table_unfit", "pagamentos", "ROW LEVEL SECURITY")
}
