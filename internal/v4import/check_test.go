package v4import_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"extrato/internal/books"
	"extrato/internal/pgtest"
	"extrato/internal/store/storetest"
	"extrato/internal/store/v4test"
	"extrato/internal/v4import"
)

func TestAn_import_into_anything_but_a_new_database_is_refused(t *testing.T) {
	path := v4test.File(t, someRows...)
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
		v4test.Migrate(t, to.store)
		for i, row := range rows {
			table := row.table
			if to.store.Postgres() && i > 3 {
				table = "extrato." + table
			}
			v4test.Run(t, to.db, "INSERT INTO "+table+" ("+row.columns+") VALUES ("+row.values+")")
			_, err := v4import.Import(t.Context(), to.store, "sqlite:///"+path, nil)
			v4test.WantError(t, err, books.Refused, "not_empty", "rows in "+row.table, "DATABASE_URL")
			(&storetest.DB{Path: to.store.Path(), SQL: to.db}).Tamper(t, "DELETE FROM "+table)
			to.isEmpty(t)
		}
		mustImport(t, to, "sqlite:///"+path)
		before := v4test.Dump(t, to.db, v4test.Carried...)
		_, err := v4import.Import(t.Context(), to.store, "sqlite:///"+path, nil)
		v4test.WantError(t, err, books.Refused, "not_empty")
		v4test.Same(t, "after a second import", before, v4test.Dump(t, to.db, v4test.Carried...))
	})
	t.Run("into v4's own", func(t *testing.T) {
		url, v4 := v4test.Postgres(t)
		before := v4test.Schema(t, v4)
		_, err := v4import.Import(t.Context(), v4test.Open(t, url), "sqlite:///"+path, nil)
		v4test.WantError(t, err, books.Refused, "not_empty", "extrato migrate")
		v4test.Same(t, "v4's schema", before, v4test.Schema(t, v4))
	})
}

func TestAn_import_from_itself_is_refused(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		path := v4test.File(t, someRows...)
		link := filepath.Join(t.TempDir(), "link.db")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		_, err := v4import.Import(t.Context(), v4test.Open(t, "sqlite:///"+path), "sqlite:///"+link, nil)
		v4test.WantError(t, err, books.Refused, "same_database", "new database")
	})
	t.Run("postgres", func(t *testing.T) {
		url, v4 := v4test.Postgres(t)
		before := v4test.Schema(t, v4)
		_, err := v4import.Import(t.Context(), v4test.Open(t, url), strings.Replace(url, "postgres://", "postgresql+psycopg2://", 1), nil)
		v4test.WantError(t, err, books.Refused, "same_database", "extrato migrate")
		v4test.Same(t, "v4's schema", before, v4test.Schema(t, v4))
		if n := v4test.Number(t, v4, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"); n != 0 {
			t.Errorf("%d locks were left", n)
		}
	})
}

func TestA_database_that_we_took_over_is_imported_only_while_it_holds_no_statement_of_ours(t *testing.T) {
	url, v4 := v4test.Postgres(t)
	s := v4test.Open(t, url)
	v4test.Migrate(t, s)
	c := v4test.Closer(t, s)
	first := v4test.CloseMonth(t, c, october)
	before := v4test.Dump(t, v4)
	targets(t, func(t *testing.T, to target) {
		_, err := v4import.Import(t.Context(), to.store, url, nil)
		v4test.WantError(t, err, books.Refused, "own_database", "2025-10", "pg_dump")
		to.isEmpty(t)
	})
	v4test.Same(t, "the source", before, v4test.Dump(t, v4))

	v4test.Reopen(t, c, october)
	targets(t, func(t *testing.T, to target) {
		done := mustImport(t, to, url)
		if len(done.Notes) != 1 || !slices.Contains(done.Left, v4import.TableRows{Table: "closings", Rows: 3}) {
			t.Errorf("import says %+v, and not that the chain stays behind", done)
		}
		if r := v4test.CloseMonth(t, v4test.Closer(t, to.store), october); r.Fingerprint != first.Fingerprint {
			t.Error("the fingerprint is another one")
		}
	})

	own := intoSQLite(t)
	v4test.Migrate(t, own.store)
	path := v4test.Lines(t, own.db, "SELECT file FROM pragma_database_list WHERE name = 'main'")
	to := intoSQLite(t)
	_, err := v4import.Import(t.Context(), to.store, "sqlite:///"+strings.TrimSpace(path), nil)
	v4test.WantError(t, err, books.Refused, "own_database", "copy the file")
	to.isEmpty(t)
}

func TestAn_import_says_when_there_is_nothing_to_import(t *testing.T) {
	to := intoSQLite(t)
	missing := filepath.Join(t.TempDir(), "none.db")
	_, err := v4import.Import(t.Context(), to.store, "sqlite:///"+missing, nil)
	v4test.WantError(t, err, books.NotFound, "no_source", missing)
	if _, err := os.Stat(missing); err == nil {
		t.Error("the missing file was made")
	}
	_, err = v4import.Import(t.Context(), to.store, pgtest.New(t), nil)
	v4test.WantError(t, err, books.NotFound, "no_books")
	garbage := filepath.Join(t.TempDir(), "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = v4import.Import(t.Context(), to.store, "sqlite:///"+garbage, nil)
	v4test.WantError(t, err, books.Integrity, "database_corrupt")
	to.isEmpty(t)
}
