package v4import_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	"extrato/internal/store/v4test"
	"extrato/internal/v4import"
)

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
	to := v4test.NewSQLite(t)
	s := v4test.Open(t, to.URL)
	return target{s, v4test.Connect(t, to.Driver, to.DSN)}
}

func intoPostgres(t testing.TB) target {
	t.Helper()
	url := pgtest.New(t)
	return target{v4test.Open(t, url), v4test.Connect(t, "pgx", url)}
}

// isEmpty fails the test if anything came in.
func (to target) isEmpty(t testing.TB) {
	t.Helper()
	if condition, err := to.store.Condition(t.Context()); err != nil || condition == store.New {
		return
	}
	for _, table := range append([]string{"closings", "revisions", "backups", "runs"}, v4test.Carried...) {
		if to.store.Postgres() && !slices.Contains(v4test.Carried, table) {
			table = "extrato." + table
		}
		if n := v4test.Number(t, to.db, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%d rows of %s came in", n, table)
		}
	}
}

func mustImport(t testing.TB, to target, from string) v4import.Imported {
	t.Helper()
	done, err := v4import.Import(t.Context(), to.store, from, nil)
	if err != nil {
		t.Fatalf("import %s: %v", from, err)
	}
	return done
}

func TestAn_import_carries_everything_that_v4_knows(t *testing.T) {
	url, v4 := v4test.Postgres(t)
	before, layout := v4test.Dump(t, v4), v4test.Schema(t, v4)
	targets(t, func(t *testing.T, to target) {
		done := mustImport(t, to, url)
		want := []v4import.TableRows{{Table: "users", Rows: 10}, {Table: "clients", Rows: 40}, {Table: "sessoes", Rows: 332}, {Table: "pagamentos", Rows: 396},
			{Table: "comissoes", Rows: 245}, {Table: "gastos", Rows: 69}, {Table: "extratos", Rows: 1}, {Table: "extrato_run_logs", Rows: 1}}
		if !slices.Equal(done.Tables, want) || len(done.Rounded)+len(done.Unlinked)+len(done.Doubtful)+len(done.Notes) != 0 {
			t.Errorf("import says %+v", done)
		}
		if !slices.Equal(done.Left, []v4import.TableRows{{Table: "extrato_snapshots", Rows: 1}}) || !slices.Equal(done.Adopted, []books.Month{v4test.August}) {
			t.Errorf("import says %+v", done)
		}
		if to.store.Postgres() {
			v4test.Same(t, "the rows", v4test.Dump(t, v4, v4test.Carried...), v4test.Dump(t, to.db, v4test.Carried...))
		}
		v4test.Read(t, to.store, func(tx *store.Tx) error {
			from, err := tx.Setting(t.Context(), store.CloseFrom)
			if from != "2025-12" {
				t.Errorf("the schedule closes from %q", from)
			}
			return err
		})
	})
	v4test.Same(t, "the source's schema", layout, v4test.Schema(t, v4))
	v4test.Same(t, "the source's rows", before, v4test.Dump(t, v4))
}

func TestA_v4_file_comes_in_as_the_same_rows_in_PostgreSQL_do(t *testing.T) {
	url, v4 := v4test.Postgres(t)
	path := v4test.File(t)
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
	v4test.Same(t, "from the file", v4test.Dump(t, fromPostgres.db, v4test.Carried...), v4test.Dump(t, fromFile.db, v4test.Carried...))
	v4test.Same(t, "from the file into PostgreSQL", v4test.Dump(t, v4, v4test.Carried...), v4test.Dump(t, across.db, v4test.Carried...))

	again, err := os.ReadFile(path)
	if err != nil || string(again) != string(file) {
		t.Errorf("the source was changed: %v", err)
	}
	if beside, err := filepath.Glob(path + "-*"); err != nil || len(beside) != 0 {
		t.Errorf("beside the source lie %q", beside)
	}
}

// copyAsV4Would copies the v4test.Carried tables into a file as SQLAlchemy writes them.
func copyAsV4Would(t testing.TB, v4 *sql.DB, path string) {
	t.Helper()
	file := v4test.Connect(t, "sqlite", "file:"+path)
	tx, err := file.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range v4test.Carried {
		for row := range strings.Lines(v4test.Lines(t, v4, "SELECT to_jsonb(r)::text FROM (SELECT * FROM "+table+") AS r ORDER BY id")) {
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

func TestIds_that_ever_were_do_not_come_back_after_an_import(t *testing.T) {
	url, _ := v4test.Postgres(t)
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
	url, v4 := v4test.Postgres(t)
	want := v4test.Dump(t, v4, v4test.Carried...)
	to := intoPostgres(t)
	_, err := v4import.Import(t.Context(), to.store, url, func(table string) {
		if table == "users" { // a row that refers to one which is copied already
			v4test.Run(t, v4, "WITH u AS (INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (500, 'Nova', 'artist', TRUE, TRUE) RETURNING id) SELECT 1 FROM u",
				"INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (9999, '2025-10-01', 1, 'Pix', 500)", "DELETE FROM comissoes WHERE id = 1")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	v4test.Same(t, "the rows", want, v4test.Dump(t, to.db, v4test.Carried...))
}

func TestOf_many_imports_at_once_one_comes_in(t *testing.T) {
	storetest.Concurrent(t)
	path := v4test.File(t, someRows...)
	targets(t, func(t *testing.T, to target) {
		v4test.Migrate(t, to.store)
		errs := make(chan error)
		for range 8 {
			go func() {
				_, err := v4import.Import(t.Context(), to.store, "sqlite:///"+path, nil)
				errs <- err
			}()
		}
		done := 0
		for range 8 {
			if err := <-errs; err == nil {
				done++
			} else {
				v4test.WantError(t, err, books.Refused, "not_empty")
			}
		}
		if n := v4test.Number(t, to.db, "SELECT count(*) FROM pagamentos"); done != 1 || n != 1 {
			t.Errorf("%d imports came in, and %d payments", done, n)
		}
	})
}

func TestAn_interrupted_import_leaves_nothing(t *testing.T) {
	storetest.Concurrent(t)
	url, _ := v4test.Postgres(t)
	targets(t, func(t *testing.T, to target) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := v4import.Import(ctx, to.store, url, func(table string) {
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
	url, _ := v4test.Postgres(t, "ALTER TABLE sessoes ADD hora TIME", "UPDATE sessoes SET hora = '14:30' WHERE id % 2 = 0", "UPDATE sessoes SET hora = '09:05:01.25' WHERE id = 1003",
		"ALTER TABLE sessoes ALTER status DROP NOT NULL", "UPDATE sessoes SET status = NULL WHERE id % 3 = 0", "DROP TABLE extrato_run_logs",
		"ALTER TABLE extratos ALTER pagamentos TYPE jsonb, ALTER totais TYPE jsonb")
	var prints []books.Fingerprint
	targets(t, func(t *testing.T, to target) {
		mustImport(t, to, url)
		if n := v4test.Number(t, to.db, "SELECT count(*) FROM sessoes WHERE hora IS NOT NULL"); n != 167 {
			t.Errorf("%d sessions have a time, want 167", n)
		}
		prints = append(prints, v4test.CloseMonth(t, v4test.Closer(t, to.store), october).Fingerprint)
	})
	s := v4test.Open(t, url)
	v4test.Migrate(t, s)
	prints = append(prints, v4test.CloseMonth(t, v4test.Closer(t, s), october).Fingerprint)
	if prints[0] != prints[1] || prints[0] != prints[2] {
		t.Errorf("the fingerprints are %s", prints)
	}
}

func TestNothing_that_an_import_says_holds_a_password(t *testing.T) {
	url, _ := v4test.Postgres(t)
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
		_, err := v4import.Import(t.Context(), to.store, from, nil)
		e := books.AsError(err)
		if e == nil || strings.Contains(fmt.Sprintf("%+v %s %s", err, e.Error(), e.Hint), secret) {
			t.Errorf("import says %v, hint %q", err, e.Hint)
		}
		to.isEmpty(t)
	}
}

func TestAn_import_carries_the_marks_of_deposits(t *testing.T) {
	from := v4test.File(t, append(slices.Clone(someRows),
		"CREATE TABLE deposits (payment INTEGER PRIMARY KEY, session INTEGER, day TEXT, amount NUMERIC(10,2), marked BOOLEAN NOT NULL, month TEXT)",
		"INSERT INTO deposits (payment, session, day, amount, marked) VALUES (1, 1, '2025-10-03', 450.10, 1)")...)
	targets(t, func(t *testing.T, to target) {
		mustImport(t, to, "sqlite:///"+from)
		deposits := "deposits"
		if to.store.Postgres() {
			deposits = "extrato.deposits"
		}
		if n := v4test.Number(t, to.db, "SELECT count(*) FROM "+deposits+" WHERE payment = 1 AND marked AND month IS NULL"); n != 1 {
			t.Errorf("%d marks came in, want 1", n)
		}
	})
}

func TestAn_import_carries_the_categories_of_expenses(t *testing.T) {
	from := v4test.File(t, append(slices.Clone(someRows),
		"CREATE TABLE expense_categories (expense INTEGER PRIMARY KEY, category TEXT NOT NULL)",
		"INSERT INTO expense_categories (expense, category) VALUES (1, 'Café'), (99, 'de nada')")...)
	targets(t, func(t *testing.T, to target) {
		mustImport(t, to, "sqlite:///"+from)
		categories := "expense_categories"
		if to.store.Postgres() {
			categories = "extrato.expense_categories"
		}
		if n := v4test.Number(t, to.db, "SELECT count(*) FROM "+categories+" WHERE expense = 1 AND category = 'Café'"); n != 1 {
			t.Errorf("%d categories came in, want 1", n)
		}
		if n := v4test.Number(t, to.db, "SELECT count(*) FROM "+categories); n != 1 {
			t.Errorf("%d categories in all, want 1", n)
		}
	})
}

func TestAn_import_carries_the_merges_of_clients(t *testing.T) {
	from := v4test.File(t, append(slices.Clone(someRows),
		"INSERT INTO clients (id, name) VALUES (701, 'Bia'), (702, 'Bia B.'), (703, 'Beatriz')",
		"CREATE TABLE merged_clients (client INTEGER PRIMARY KEY, into_client INTEGER NOT NULL, merged_into INTEGER NOT NULL, change BIGINT NOT NULL)",
		"INSERT INTO merged_clients VALUES (702, 701, 703, 1), (701, 703, 703, 2), (704, 703, 703, 3)")...)
	targets(t, func(t *testing.T, to target) {
		mustImport(t, to, "sqlite:///"+from)
		err := to.store.Read(t.Context(), func(tx *store.Tx) error {
			stays, err := tx.Survivors(t.Context())
			if want := map[books.ID]books.ID{701: 703, 702: 703}; !maps.Equal(stays, want) {
				t.Errorf("merged are %v, want %v", stays, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

var october = books.Month{Year: 2025, Month: time.October}
