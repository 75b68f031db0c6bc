package pgtest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { Main(m) }

func TestNew(t *testing.T) {
	for _, name := range []string{"gives_each_test_an_empty_database", "even_when_they_run_at_the_same_time"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := New(t)
			execute(t, url, "CREATE TABLE t AS SELECT 1 AS n") // fails if there is one
		})
	}
}

func TestNew_drops_the_database(t *testing.T) {
	needPostgreSQL(t)
	var url string
	t.Run("that_somebody_still_uses", func(t *testing.T) {
		url = New(t)
		connect(t, url)
	})
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		t.Errorf("the database is still there: %v", conn.Close(t.Context()))
	}
}

func TestCluster_keeps_defaults(t *testing.T) {
	url := New(t)
	for name, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "server_encoding": "UTF8",
	} {
		if got := query[string](t, url, "SHOW "+name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestCluster_keeps_its_data_across_a_restart(t *testing.T) {
	c := Start(t)
	url := c.URL()
	execute(t, url, "CREATE TABLE t AS SELECT 42 AS n")
	c.Stop(t)
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		t.Errorf("a stopped cluster answers: %v", conn.Close(t.Context()))
	}
	c.Stop(t)
	c.Start(t)
	if n := query[int](t, c.URL(), "SELECT n FROM t"); n != 42 {
		t.Errorf("n = %d after a restart, want 42", n)
	}
}

func TestCluster_is_gone_after_its_test(t *testing.T) {
	needPostgreSQL(t)
	var c *Cluster
	t.Run("that_ends", func(t *testing.T) { c = Start(t) })
	if _, err := os.Stat(c.dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	select {
	case <-c.ended:
	default:
		t.Error("the server still runs")
	}
}

func TestLoad(t *testing.T) {
	url := New(t)
	dump := filepath.Join(t.TempDir(), "dump.sql")
	sql := "\\restrict 4fR\nCREATE TABLE t (s text);\nCOPY t (s) FROM stdin;\n\\\\restrict 4fR\n\\.\n\\unrestrict 4fR\n"
	if err := os.WriteFile(dump, []byte(sql), 0o600); err != nil {
		t.Fatal(err)
	}
	Load(t, url, dump)
	if s := query[string](t, url, "SELECT s FROM t"); s != `\restrict 4fR` {
		t.Errorf("loaded %q", s)
	}
}

func needPostgreSQL(t *testing.T) {
	t.Helper()
	if _, err := findBinaries(); err != nil {
		giveUp(t, err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	if _, err := connect(t, url).Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	var v T
	if err := connect(t, url).QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}
