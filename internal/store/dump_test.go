package store_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/logtest"
	"extrato/internal/pgtest"
	"extrato/internal/store"
	"extrato/internal/store/storetest"
)

func options(t *testing.T, url string) store.Options {
	return store.Options{URL: url, Zone: storetest.Zone, Now: time.Now, Log: logtest.Quiet(t)}
}

// elsewhere returns the URL of a new, missing or empty database of db's kind.
func elsewhere(t *testing.T, db *storetest.DB) string {
	if db.Path == "" {
		return pgtest.New(t)
	}
	return "sqlite:///" + filepath.Join(t.TempDir(), "new", "extrato.db")
}

func fetching(text []byte) func(*os.File) error {
	return func(to *os.File) error {
		_, err := to.Write(text)
		return err
	}
}

func dumped(t *testing.T, db *storetest.DB) (store.Content, []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy")
	content, err := db.Store.Dump(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content, text
}

func recordSome(t *testing.T, db *storetest.DB) {
	db.Exec(t, "INSERT INTO users (id, name, role, active_flag, unified_flow_enabled) VALUES (1, 'Ana', 'artist', TRUE, FALSE)")
	db.Exec(t, "INSERT INTO pagamentos (id, data, valor, forma_pagamento, artista_id) VALUES (7, '2025-10-03', 450, 'Pix ✂', 1)")
}

func TestDump_comes_back_with_Load(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		recordSome(t, db)
		before, err := db.Store.Changes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		content, text := dumped(t, db)
		if content.Rows["pagamentos"] != 1 {
			t.Fatalf("the copy holds %v", content.Rows)
		}
		to := elsewhere(t, db)
		if err := store.Load(t.Context(), options(t, to), db.Store.Engine(), content, fetching(text)); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), options(t, to), false)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		after, err := s.Changes(t.Context())
		if err != nil || db.Path != "" && after != before {
			t.Errorf("the restored rows differ: %v", err)
		}
		if missing, err := s.MissingGuards(t.Context()); err != nil || len(missing) > 0 {
			t.Errorf("guards are missing: %v, %v", missing, err)
		}
		err = store.Load(t.Context(), options(t, to), db.Store.Engine(), content, fetching(text))
		refused(t, err, "database_exists")
		if again, err := s.Changes(t.Context()); err != nil || db.Path != "" && again != after {
			t.Errorf("a refusal changed the database: %v", err)
		}
	})
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	if e := books.AsError(err); err == nil || e.Code != code {
		t.Errorf("the answer is %v, want %s", err, code)
	}
}

func TestLoad_changes_nothing_if_the_copy_is_wrong(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		recordSome(t, db)
		content, text := dumped(t, db)
		wrong := store.Content{Entries: content.Entries, Head: content.Head, Rows: map[string]int64{"pagamentos": 2}}
		failed := errors.New("the disk failed")
		for name, try := range map[string]func(string) error{
			"the_other_kind": func(to string) error {
				return store.Load(t.Context(), options(t, to), map[string]string{"sqlite": "postgres", "postgres": "sqlite"}[db.Store.Engine()], content, fetching(text))
			},
			"cut_off": func(to string) error {
				return store.Load(t.Context(), options(t, to), db.Store.Engine(), content, fetching(text[:len(text)/2]))
			},
			"cut_off_in_its_rows": func(to string) error {
				end := len(text) * 49 / 50 // behind a dump's table of contents
				return store.Load(t.Context(), options(t, to), db.Store.Engine(), content, fetching(text[:end]))
			},
			"unread": func(to string) error {
				return store.Load(t.Context(), options(t, to), db.Store.Engine(), content, func(*os.File) error { return failed })
			},
			"another": func(to string) error {
				if db.Path == "" {
					return failed // PostgreSQL's rows are counted when they are there
				}
				return store.Load(t.Context(), options(t, to), db.Store.Engine(), wrong, fetching(text))
			},
		} {
			t.Run(name, func(t *testing.T) {
				to := elsewhere(t, db)
				if err := try(to); err == nil {
					t.Fatal("it was restored")
				}
				if path, ok := strings.CutPrefix(to, "sqlite:///"); ok {
					left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
					hidden, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
					if len(left)+len(hidden) > 0 {
						t.Errorf("left behind: %q %q", left, hidden)
					}
					return
				}
				s, err := store.Open(t.Context(), options(t, to), false)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if is, err := s.Condition(t.Context()); err != nil || is != store.New {
					t.Errorf("the database is %v, %v", is, err)
				}
			})
		}
	})
}

func TestLoad_refuses_beside_a_log_left_behind(t *testing.T) {
	db := storetest.SQLite(t, time.Now)
	content, text := dumped(t, db)
	path := filepath.Join(t.TempDir(), "extrato.db")
	if err := os.WriteFile(path+"-wal", []byte("newest rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, store.Load(t.Context(), options(t, "sqlite:///"+path), "sqlite", content, fetching(text)), "database_log_left")
	if _, err := os.Stat(path); err == nil {
		t.Error("a database was made")
	}
	if left, err := os.ReadFile(path + "-wal"); err != nil || string(left) != "newest rows" {
		t.Errorf("the log is %q, %v", left, err)
	}
}

func TestChanges_sees_a_change_of_anybody(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		recordSome(t, db)
		last := ""
		changed := func(query string) {
			t.Helper()
			db.Exec(t, query)
			// PostgreSQL's counts come a moment after the commit.
			for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
				now, err := db.Store.Changes(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if now != last {
					last = now
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("not seen: %s", query)
				}
			}
		}
		changed("UPDATE pagamentos SET valor = 451")
		if db.Path != "" { // on PostgreSQL the counts of one statement may come in two parts
			same, err := db.Store.Changes(context.Background())
			if err != nil || same != last {
				t.Errorf("a change is seen where there is none: %v", err)
			}
		}
		changed("UPDATE pagamentos SET observacoes = ''")
		changed("UPDATE pagamentos SET observacoes = NULL")
		changed("DELETE FROM pagamentos")
		changed("UPDATE " + db.Own("settings") + " SET value = '2020-01' WHERE name = 'close_from'")
	})
}

func TestChanges_overlooks_the_records_of_copies(t *testing.T) {
	storetest.Both(t, time.Now, func(t *testing.T, db *storetest.DB) {
		before, err := db.Store.Changes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = db.Store.Write(t.Context(), func(tx *store.Tx) error {
			return tx.SaveObjectCopy(context.Background(), store.ObjectCopy{Object: "inteiro/x", Place: "/mnt", State: "ok"})
		})
		if err != nil {
			t.Fatal(err)
		}
		// Else each copy of the database would call for the next one.
		if after, err := db.Store.Changes(t.Context()); err != nil || after != before && db.Path != "" {
			t.Errorf("a record of a copy counts as a change: %v", err)
		}
	})
}

func TestDump_says_no_password(t *testing.T) {
	if _, err := store.Open(t.Context(), options(t, "postgres://u@127.0.0.1:1/x"), false); err == nil {
		t.Fatal("somebody answers at port 1")
	}
	target, environment, err := store.ForPrograms("postgresql+psycopg2://ana:s%40cret@127.0.0.1:5433/books?sslmode=disable&sslpassword=s%40cret&pool_max_conns=4&connect_timeout=3")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(target)
	if err != nil || strings.Contains(target, "cret") || u.User.Username() != "ana" || u.Host != "127.0.0.1:5433" || u.Path != "/books" {
		t.Errorf("the target is %s, %v", target, err)
	}
	if q := u.Query(); len(q) != 2 || q.Get("sslmode") != "disable" || q.Get("connect_timeout") != "3" {
		t.Errorf("the parameters are %v", q)
	}
	if len(environment) == 0 || environment[0] != "PGPASSWORD=s@cret" {
		t.Errorf("the environment is %q", environment)
	}
}

// A statement-long sleep stands for a restore of gigabytes.
func TestLoad_interrupted_in_the_middle_leaves_nothing(t *testing.T) {
	db := storetest.Postgres(t, time.Now)
	recordSome(t, db)
	content, text := dumped(t, db)
	to := pgtest.New(t)
	beside, err := sql.Open("pgx", to)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	for _, query := range []string{
		"CREATE SCHEMA watch",
		`CREATE FUNCTION watch.stop() RETURNS event_trigger LANGUAGE plpgsql AS
			'BEGIN IF to_regclass(''public.sessoes'') IS NOT NULL THEN PERFORM pg_sleep(600); END IF; END'`,
		"CREATE EVENT TRIGGER stop ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION watch.stop()",
	} {
		if _, err := beside.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- store.Load(ctx, options(t, to), "postgres", content, fetching(text)) }()
	asleep := "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
	for deadline, n := time.Now().Add(time.Minute), 0; n == 0; time.Sleep(10 * time.Millisecond) {
		if err := beside.QueryRowContext(t.Context(), "SELECT count(*) "+asleep).Scan(&n); err != nil || time.Now().After(deadline) {
			t.Fatalf("pg_restore does not come to the table: %v", err)
		}
	}
	interrupt()
	if err := <-ended; err == nil {
		t.Error("it was restored")
	}
	// The server notices that pg_restore is gone at its next answer.
	if _, err := beside.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) "+asleep); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), options(t, to), false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var tables int
	if err := beside.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'extrato')").Scan(&tables); err != nil || tables > 0 {
		t.Errorf("%d tables are left, %v", tables, err)
	}
	if is, err := s.Condition(t.Context()); err != nil || is != store.New {
		t.Errorf("the database is %v, %v", is, err)
	}
}
