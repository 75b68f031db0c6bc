package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
	"extrato/internal/store/v4test"
)

// notV4s is the one index that every database of v4 lacks.
const notV4s = "index extrato_sessoes_data"

func TestMigrate_only_adds_to_a_v4_database(t *testing.T) {
	url, v4 := v4test.Postgres(t)
	rows, before := v4test.Dump(t, v4), v4test.Schema(t, v4)
	done := v4test.Migrate(t, v4test.Open(t, url))
	if len(done.Applied) != 1 || !slices.Equal(done.Added, []string{notV4s}) || len(done.Notes) != 0 || !slices.Equal(done.Adopted, []books.Month{v4test.August}) {
		t.Errorf("migrate says %+v", done)
	}
	v4test.Run(t, v4, "DROP INDEX "+strings.TrimPrefix(notV4s, "index "))
	v4test.Same(t, "v4's schema", before, v4test.Schema(t, v4))
	v4test.Same(t, "v4's rows", rows, v4test.Dump(t, v4))
}

func TestMigrate_twice_does_nothing_the_second_time(t *testing.T) {
	url, v4 := v4test.Postgres(t, "DROP INDEX ix_pagamentos_data")
	v4test.Migrate(t, v4test.Open(t, url))
	rows, before := v4test.Dump(t, v4), v4test.Schema(t, v4)
	again := v4test.Migrate(t, v4test.Open(t, url))
	if len(again.Applied)+len(again.Added)+len(again.Adopted) != 0 {
		t.Errorf("the second migrate says %+v", again)
	}
	v4test.Same(t, "schema", before, v4test.Schema(t, v4))
	v4test.Same(t, "rows", rows, v4test.Dump(t, v4))
}

func TestReady_leaves_a_v4_database_to_a_person(t *testing.T) {
	url, v4 := v4test.Postgres(t)
	before := v4test.Schema(t, v4)
	v4test.WantError(t, v4test.Open(t, url).Ready(t.Context()), books.Refused, "v4_database", "extrato migrate")
	v4test.Same(t, "v4's schema", before, v4test.Schema(t, v4))
	if n := v4test.Number(t, v4, "SELECT count(*) FROM pg_namespace WHERE nspname = 'extrato'"); n != 0 {
		t.Error("our schema was made")
	}
}

func TestA_later_versions_database_is_left_alone(t *testing.T) {
	for _, target := range []v4test.Target{v4test.NewSQLite(t), v4test.NewPostgres(t)} {
		t.Run(target.Name, func(t *testing.T) {
			s := v4test.Open(t, target.URL)
			v4test.Migrate(t, s)
			table, dsn := "goose_db_version", target.DSN
			if dsn == "" {
				table, dsn = "extrato.goose_db_version", target.URL
			}
			db := v4test.Connect(t, target.Driver, dsn)
			v4test.Run(t, db, "INSERT INTO "+table+" (version_id, is_applied) VALUES (9999, TRUE)")
			before := v4test.Number(t, db, "SELECT count(*) FROM "+table)
			v4test.WantError(t, s.Ready(t.Context()), books.Refused, "newer_database", "install that version")
			_, err := s.Migrate(t.Context())
			v4test.WantError(t, err, books.Refused, "newer_database")
			if after := v4test.Number(t, db, "SELECT count(*) FROM "+table); after != before {
				t.Errorf("%d versions are recorded, %d were", after, before)
			}
		})
	}
}

func TestOlder_v4_databases_close_and_come_back_byte_for_byte(t *testing.T) {
	jsonb := "ALTER TABLE extratos ALTER pagamentos TYPE jsonb, ALTER sessoes TYPE jsonb, ALTER comissoes TYPE jsonb, ALTER gastos TYPE jsonb, ALTER totais TYPE jsonb"
	for _, older := range []struct {
		name    string
		queries []string
		added   []string
		notes   int
	}{
		{name: "status that may be NULL", queries: []string{
			"ALTER TABLE sessoes ALTER status DROP NOT NULL", "UPDATE sessoes SET status = NULL WHERE id % 3 = 0"}},
		{name: "sessions with a time", queries: []string{
			"ALTER TABLE sessoes ADD hora TIME", "UPDATE sessoes SET hora = '14:30' WHERE id % 2 = 0", "UPDATE sessoes SET hora = '23:59:59.123456' WHERE id = 1003"}},
		{name: "jsonb", queries: []string{jsonb}},
		{name: "the time, the status and jsonb", queries: []string{jsonb, "ALTER TABLE sessoes ADD hora TIME", "UPDATE sessoes SET hora = '08:00'",
			"ALTER TABLE sessoes ALTER status DROP NOT NULL", "UPDATE sessoes SET status = NULL"}},
		{name: "missing indexes", queries: []string{
			"DROP INDEX ix_pagamentos_data, ix_pagamentos_sessao_id, ix_sessoes_payment_id, ix_comissoes_pagamento_id, ix_gastos_data"},
			added: []string{"index extrato_pagamentos_data", "index extrato_pagamentos_sessao_id", "index extrato_sessoes_payment_id",
				"index extrato_comissoes_pagamento_id", "index extrato_gastos_data"}},
		{name: "double indexes", queries: []string{"CREATE INDEX again ON pagamentos (data)", "CREATE INDEX more ON pagamentos (data, id)"}},
		{name: "missing unique keys", queries: []string{
			"ALTER TABLE extratos DROP CONSTRAINT uq_extratos_mes_ano", "DROP INDEX ix_pagamentos_google_event_id",
			"ALTER TABLE sessoes DROP CONSTRAINT sessoes_google_event_id_key"},
			added: []string{"unique index extrato_extratos_mes_ano", "unique index extrato_pagamentos_google_event_id",
				"unique index extrato_sessoes_google_event_id"}},
		{name: "an index that is not unique where one should be", queries: []string{
			"ALTER TABLE extratos DROP CONSTRAINT uq_extratos_mes_ano", "CREATE INDEX uq_extratos_mes_ano ON extratos (mes, ano)"},
			added: []string{"unique index extrato_extratos_mes_ano"}},
		{name: "a partial index", queries: []string{
			"DROP INDEX ix_gastos_data", "CREATE INDEX ix_gastos_data ON gastos (data) WHERE valor > 0"},
			added: []string{"index extrato_gastos_data"}},
		{name: "an index that a crash left invalid", queries: []string{
			"DROP INDEX ix_gastos_data", "CREATE INDEX extrato_gastos_data ON gastos (data)",
			"UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'extrato_gastos_data'::regclass"},
			added: []string{"index extrato_gastos_data"}},
		{name: "a missing foreign key", queries: []string{"ALTER TABLE comissoes DROP CONSTRAINT comissoes_pagamento_id_fkey"}, notes: 1},
		{name: "a foreign key that was never validated", queries: []string{
			"ALTER TABLE sessoes DROP CONSTRAINT " + sessionsKey,
			"ALTER TABLE sessoes ADD CONSTRAINT late FOREIGN KEY (payment_id) REFERENCES pagamentos (id) NOT VALID"}, notes: 1},
		{name: "an unknown column without data", queries: []string{"ALTER TABLE pagamentos ADD cor TEXT"}},
		{name: "no log of runs", queries: []string{"DROP TABLE extrato_run_logs"}},
	} {
		t.Run(older.name, func(t *testing.T) {
			t.Parallel()
			url, v4 := v4test.Postgres(t, older.queries...)
			s := v4test.Open(t, url)
			done := v4test.Migrate(t, s)
			added := slices.Sorted(slices.Values(append([]string{notV4s}, older.added...)))
			if slices.Sort(done.Added); !slices.Equal(done.Added, added) || len(done.Notes) != older.notes {
				t.Errorf("migrate says %+v, want added %q and %d notes", done, added, older.notes)
			}
			if n := v4test.Number(t, v4, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"); n != 0 {
				t.Errorf("%d indexes are invalid", n)
			}
			exactlyClosedAndBack(t, s, v4, v4test.Tables...)
		})
	}
}

// sessionsKey is the name of the key from sessions to payments in testdata/v4.sql.
const sessionsKey = "sessoes_payment_id_fkey"

func TestA_sessions_time_is_part_of_the_statement(t *testing.T) {
	s, _ := v4test.TakenOver(t, "ALTER TABLE sessoes ADD hora TIME", "UPDATE sessoes SET hora = '14:30'")
	v4test.CloseMonth(t, v4test.Closer(t, s), october)
	v4test.Read(t, s, func(tx *store.Tx) error {
		stored, err := tx.Statement(t.Context(), october)
		if err != nil {
			return err
		}
		for row, err := range stored.Rows() {
			if err != nil {
				return err
			}
			if session, ok := row.(*books.Session); ok && session.Time != books.TextOf("14:30:00") {
				t.Fatalf("session %d has time %+v", session.ID, session.Time)
			}
		}
		return nil
	})
}

func TestMigrate_refuses_duplicates_and_breaks_nothing(t *testing.T) {
	url, v4 := v4test.Postgres(t, "ALTER TABLE extratos DROP CONSTRAINT uq_extratos_mes_ano",
		"INSERT INTO extratos (mes, ano, pagamentos, sessoes, comissoes, totais) SELECT mes, ano, pagamentos, sessoes, comissoes, totais FROM extratos")
	s := v4test.Open(t, url)
	rows, before := v4test.Dump(t, v4), v4test.Schema(t, v4)
	_, err := s.Migrate(t.Context())
	v4test.WantError(t, err, books.Refused, "duplicates", "extratos", "mes,ano", "extrato migrate again")
	v4test.Same(t, "v4's schema", before, v4test.Schema(t, v4))
	v4test.Same(t, "v4's rows", rows, v4test.Dump(t, v4))
	// Whoever comes next must not take it for a database that is ready.
	v4test.WantError(t, s.Ready(t.Context()), books.Refused, "v4_database")

	v4test.Run(t, v4, "DELETE FROM extratos WHERE id = (SELECT max(id) FROM extratos)")
	if done := v4test.Migrate(t, s); !slices.Contains(done.Added, "unique index extrato_extratos_mes_ano") {
		t.Errorf("migrate says %+v", done)
	}
}

func TestReady_puts_a_unique_key_back_that_was_lost_since(t *testing.T) {
	s, v4 := v4test.TakenOver(t)
	v4test.Run(t, v4, "ALTER TABLE extratos DROP CONSTRAINT uq_extratos_mes_ano")
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := v4test.Number(t, v4, "SELECT count(*) FROM pg_indexes WHERE indexname = 'extrato_extratos_mes_ano'"); n != 1 {
		t.Error("a month could be closed twice")
	}
}

func TestEvery_write_keeps_writers_out_only_where_a_foreign_key_is_missing(t *testing.T) {
	storetest.Concurrent(t)
	held := func(t *testing.T, s *store.Store, v4 *sql.DB) (locks int64) {
		t.Helper()
		err := s.Write(t.Context(), func(*store.Tx) error {
			locks = v4test.Number(t, v4, "SELECT count(*) FROM pg_locks WHERE relation = 'pagamentos'::regclass AND mode = 'ShareRowExclusiveLock' AND granted")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return locks
	}
	url, v4 := v4test.Postgres(t)
	s := v4test.Open(t, url)
	v4test.Migrate(t, s)
	if n := held(t, s, v4); n != 0 {
		t.Error("writers are kept out although all keys are there")
	}
	v4test.Run(t, v4, "ALTER TABLE comissoes DROP CONSTRAINT comissoes_pagamento_id_fkey")
	for _, look := range []func(*store.Store) error{
		func(s *store.Store) error { _, err := s.Migrate(t.Context()); return err },
		func(s *store.Store) error { return s.Ready(t.Context()) },
	} {
		again := v4test.Open(t, url)
		if err := look(again); err != nil {
			t.Fatal(err)
		}
		if n := held(t, again, v4); n != 1 {
			t.Errorf("%d locks are held, want one", n)
		}
	}
}

func TestA_close_refuses_a_column_that_it_does_not_know(t *testing.T) {
	for table, id := range map[string]int{"pagamentos": 480, "sessoes": 1320, "comissoes": 240, "gastos": 60} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			s, v4 := v4test.TakenOver(t, "ALTER TABLE "+table+` ADD "Cor ""Favorita""" TEXT`,
				fmt.Sprintf(`UPDATE %s SET "Cor ""Favorita""" = 'azul' WHERE id = %d`, table, id))
			before := v4test.Dump(t, v4)
			c := v4test.Closer(t, s)
			_, err := c.Close(t.Context(), october, closing.Options{}, "test")
			v4test.WantError(t, err, books.Refused, "unknown_column", fmt.Sprintf(" %d ", id), table, `Cor "Favorita"`)
			v4test.Same(t, "the books", before, dumpWithoutLog(t, v4))
			// A month in which no row holds anything there loses nothing.
			v4test.CloseMonth(t, c, v4test.September)
		})
	}
}

// dumpWithoutLog is dump, but for the line in v4's log that every failed
// attempt leaves.
func dumpWithoutLog(t testing.TB, db *sql.DB) string {
	t.Helper()
	v4test.Run(t, db, "DELETE FROM extrato_run_logs WHERE status = 'error'")
	return v4test.Dump(t, db)
}

func TestMigrate_waits_for_a_person_who_holds_the_tables(t *testing.T) {
	dropped := []string{"DROP INDEX ix_gastos_data", "DROP INDEX ix_pagamentos_data"}
	added := []string{"index extrato_pagamentos_data", notV4s, "index extrato_gastos_data"}
	for _, holder := range []struct {
		name, lock     string
		dropped, added []string
	}{
		{"all of a table", "LOCK TABLE sessoes, pagamentos IN ACCESS EXCLUSIVE MODE", dropped, added},
		{"all of a table that lacks no index", "LOCK TABLE comissoes IN ACCESS EXCLUSIVE MODE", nil, []string{notV4s}},
		{"a row", "UPDATE gastos SET valor = valor WHERE id = 1", dropped, added},
		{"a snapshot", "SELECT count(*) FROM gastos", dropped, added},
	} {
		t.Run(holder.name, func(t *testing.T) {
			t.Parallel()
			url, v4 := v4test.Postgres(t, holder.dropped...)
			tx, err := v4.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(t.Context(), holder.lock); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(4500*time.Millisecond, func() { tx.Rollback() })
			done := v4test.Migrate(t, v4test.Open(t, url))
			if !slices.Equal(done.Added, holder.added) || len(done.Applied) != 1 {
				t.Errorf("migrate says %+v", done)
			}
			if n := v4test.Number(t, v4, "SELECT count(*) FROM pg_index WHERE NOT indisvalid"); n != 0 {
				t.Errorf("%d indexes are invalid", n)
			}
		})
	}
}

func TestMany_migrates_at_once_are_one(t *testing.T) {
	storetest.Concurrent(t)
	url, v4 := v4test.Postgres(t, "DROP INDEX ix_gastos_data", "DROP INDEX ix_pagamentos_data", "ALTER TABLE extratos DROP CONSTRAINT uq_extratos_mes_ano")
	before := v4test.Dump(t, v4)
	var mu sync.Mutex
	var all store.Migration
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			done, err := v4test.Open(t, url).Migrate(t.Context())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			all.Applied, all.Added, all.Adopted = append(all.Applied, done.Applied...), append(all.Added, done.Added...), append(all.Adopted, done.Adopted...)
		})
	}
	wg.Wait()
	if len(all.Applied) != 1 || len(all.Added) != 4 || len(all.Adopted) != 1 {
		t.Errorf("together they did %+v", all)
	}
	v4test.Same(t, "v4's rows", before, v4test.Dump(t, v4))
}

func TestV4_writes_on_while_it_is_taken_over(t *testing.T) {
	storetest.Concurrent(t)
	url, v4 := v4test.Postgres(t, "DROP INDEX ix_gastos_data", "DROP INDEX ix_pagamentos_data", "DROP INDEX ix_sessoes_payment_id")
	ctx, cancel := context.WithCancel(t.Context())
	written, begun := make(chan int64), make(chan struct{})
	go func() {
		n := int64(0)
		for ctx.Err() == nil {
			_, err := v4.ExecContext(ctx, `WITH s AS (INSERT INTO sessoes (data, valor, cliente_id, artista_id, status, created_at)
					VALUES ('2025-10-09', 1, 1, 1, 'paid', '2025-10-09') RETURNING id)
				INSERT INTO pagamentos (data, valor, forma_pagamento, artista_id, sessao_id, created_at)
					SELECT '2025-10-09', 1, 'Pix', 1, id, '2025-10-09' FROM s`)
			if err == nil {
				if n++; n == 1 {
					close(begun)
				}
			} else if ctx.Err() == nil {
				t.Error(err)
			}
		}
		written <- n
	}()
	<-begun
	s := v4test.Open(t, url)
	v4test.Migrate(t, s)
	cancel()
	n := <-written
	if live := v4test.Number(t, v4, "SELECT count(*) FROM pagamentos") - 396; n == 0 || live < n || live > n+1 {
		t.Errorf("v4 wrote %d payments, %d are there", n, live)
	}
	r := v4test.CloseMonth(t, v4test.Closer(t, s), october)
	if r.Counts.Payments < v4test.OctoberRows.Payments+n {
		t.Errorf("closed %+v, want %d payments more than %+v", r.Counts, n, v4test.OctoberRows)
	}
}

func TestText_in_another_encoding_has_the_same_fingerprint(t *testing.T) {
	inUTF8, _ := v4test.TakenOver(t, plainLetters)
	want := v4test.CloseMonth(t, v4test.Closer(t, inUTF8), october).Fingerprint

	url := pgtest.New(t)
	admin := v4test.Connect(t, "pgx", url)
	name := "latin_" + filepath.Base(t.TempDir()) + strings.ToLower(t.Name()[:5])
	v4test.Run(t, admin, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
	t.Cleanup(func() { _, _ = admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)") })
	latin := url[:strings.LastIndex(url, "/")+1] + name
	if _, query, ok := strings.Cut(url, "?"); ok {
		latin += "?" + query
	}
	path := filepath.Join(t.TempDir(), "latin.sql")
	withoutEmoji(t, path)
	pgtest.Load(t, latin, path)
	v4test.Run(t, v4test.Connect(t, "pgx", latin), plainLetters)
	s := v4test.Open(t, latin)
	v4test.Migrate(t, s)
	if got := v4test.CloseMonth(t, v4test.Closer(t, s), october).Fingerprint; got != want {
		t.Errorf("the fingerprint is %s, in UTF-8 %s", got, want)
	}
}

// plainLetters replaces the texts that LATIN1 cannot hold.
const plainLetters = `UPDATE pagamentos SET observacoes = 'x' WHERE observacoes LIKE '%rotativa%' OR observacoes LIKE 'cafe_';
	UPDATE sessoes SET observacoes = 'x' WHERE observacoes LIKE '%rotativa%' OR observacoes LIKE 'cafe_';
	UPDATE comissoes SET observacoes = 'x' WHERE observacoes LIKE '%rotativa%' OR observacoes LIKE 'cafe_';
	UPDATE gastos SET descricao = 'x' WHERE descricao LIKE '%rotativa%' OR descricao LIKE 'cafe_'`

// withoutEmoji writes testdata/v4.sql without what LATIN1 cannot hold.
func withoutEmoji(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(v4test.Script("v4.sql"))
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.NewReplacer("💉", "x", "🖤", "x", `cafe\u0301`, "cafe_").Replace(string(text))
	if err := os.WriteFile(path, []byte(plain), 0o600); err != nil {
		t.Fatal(err)
	}
}
