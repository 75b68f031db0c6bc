package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"extrato/internal/pgtest"
)

// TestMain lets measure and closeInside find themselves in the tests' binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == measureArg || os.Args[1] == insideArg) {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestMonth(t *testing.T) {
	t.Run("has_the_kinds_of_rows_in_v4s_shares", func(t *testing.T) {
		for _, n := range []int{100, 1000, 10_000, 100_000, 1_000_000} {
			m := monthOf(n)
			if m.rows() != n || m.payments != n*40/100 || m.sessions != n*30/100 || m.commissions != n*25/100 {
				t.Errorf("%d rows: %+v", n, m)
			}
		}
	})
	t.Run("links_each_session_and_its_payment_both_ways_with_one_date_and_amount", func(t *testing.T) {
		rows := map[string][][]any{}
		for _, table := range monthOf(1000).tables() {
			rows[table.name] = slices.Collect(table.rows)
		}
		for i, s := range rows["sessoes"] {
			p := rows["pagamentos"][i]
			if s[8] != p[0] || p[7] != s[0] || s[1] != p[1] || s[2] != p[2] {
				t.Fatalf("session %v, payment %v", s, p)
			}
		}
	})
	t.Run("is_the_same_every_time", func(t *testing.T) {
		for i, table := range monthOf(200).tables() {
			again := monthOf(200).tables()[i]
			if fmt.Sprint(slices.Collect(table.rows)) != fmt.Sprint(slices.Collect(again.rows)) {
				t.Errorf("%s differs", table.name)
			}
		}
	})
}

func TestBench(t *testing.T) {
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			needDatabase(t, name)
			out, temporary := t.TempDir(), reachable(t)
			t.Setenv("TMPDIR", temporary)
			err := dispatch(t.Context(), []string{"-db", name, "-rows", "100,200", "-runs", "1", "-phases", "-o", out})
			if err != nil {
				t.Fatal(err)
			}
			results, err := os.ReadFile(filepath.Join(out, "results.md"))
			if err != nil || strings.Count(string(results), "\n| ") != 3 {
				t.Errorf("results: %v\n%s", err, results)
			}
			chart, err := os.ReadFile(filepath.Join(out, "chart.svg"))
			if err != nil || !strings.HasPrefix(string(chart), "<svg") || !strings.Contains(string(chart), ">200<") {
				t.Errorf("chart: %v\n%s", err, chart)
			}
			if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
				t.Errorf("it left %v behind: %v", left, err)
			}
		})
	}
}

func TestReads(t *testing.T) {
	for _, name := range []string{"sqlite", "sqlite,postgres"} { // both in one run, too
		t.Run(name, func(t *testing.T) {
			databases := strings.Split(name, ",")
			for _, each := range databases {
				needDatabase(t, each)
			}
			out := t.TempDir()
			t.Setenv("TMPDIR", reachable(t))
			if err := dispatch(t.Context(), []string{"-db", name, "-rows", "100", "-years", "1", "-reads", "1s", "-rate", "100", "-o", out}); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(out, "reads.md"))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"\n| all | 100 |", "\n| /months | ", "\n| /payments/{id} | ", "\n| /months/{month} (live) | ", "\nFailed: 0 of 100."} {
				if strings.Count(string(text), want) != len(databases) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
		})
	}
}

// reachable is a temporary folder that PostgreSQL's own user gets into, as it
// does not into a test's.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "extrato-bench-test-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCheck_finds_work_that_was_not_done(t *testing.T) {
	needDatabase(t, "sqlite")
	root, err := run(t.Context(), "", os.Environ(), "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		t.Fatal(err)
	}
	dir, m := t.TempDir(), monthOf(200)
	extrato := filepath.Join(dir, "extrato")
	if _, err := run(t.Context(), root, os.Environ(), "go", "build", "-o", extrato, "./cmd/extrato"); err != nil {
		t.Fatal(err)
	}
	d, err := newSQLite(dir, extrato)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.prepare(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]string{
		"":                           "SELECT 1",
		"no_statement":               "DELETE FROM extratos",
		"a_neighbour_is_gone":        "DELETE FROM pagamentos WHERE id = 85",
		"another_expense_is_gone":    "UPDATE gastos SET id = 1 WHERE id = 11",
		"a_commission_stayed":        "INSERT INTO comissoes (artista_id, percentual, valor) VALUES (1, 50, 10)",
		"a_session_stayed":           "INSERT INTO sessoes (data, valor, cliente_id, artista_id) VALUES ('2025-10-01', 10, 1, 1)",
		"a_payment_is_not_in_it":     "UPDATE extratos SET pagamentos = json_quote(json_remove(json_extract(pagamentos, '$'), '$[0]') || '')",
		"a_native_array_is_not_v4s":  "UPDATE extratos SET sessoes = json_extract(sessoes, '$')",
		"commissions_are_missing":    "UPDATE extratos SET comissoes = json_quote('[]')",
		"expenses_are_missing":       "UPDATE extratos SET gastos = json_quote('[]')",
		"the_revenue_is_a_cent_less": "UPDATE extratos SET totais = json_quote(json_set(json_extract(totais, '$'), '$.receita_total', json_extract(json_extract(totais, '$'), '$.receita_total') - 0.01) || '')",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := d.fresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := check(t.Context(), d, m); err == nil {
				t.Fatal("an open month passes")
			}
			if _, err := measure(t.Context(), t.TempDir(), os.Environ(), d.plain()); err != nil {
				t.Fatal(err)
			}
			err := withDB(d, func(db *sql.DB) error {
				_, err := db.ExecContext(t.Context(), "DROP TRIGGER IF EXISTS extratos_refuse_update; DROP TRIGGER IF EXISTS extratos_refuse_delete; "+spoil)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := check(t.Context(), d, m); (err != nil) != (name != "") {
				t.Errorf("check says %v", err)
			}
		})
	}
}

// needDatabase skips a test where the machine lacks what it takes, but in CI.
func needDatabase(t *testing.T, name string) {
	t.Helper()
	var err error
	if name == "sqlite" {
		_, err = newSQLite(t.TempDir(), "")
	} else {
		var c *pgtest.Cluster
		if c, err = pgtest.Launch(); err == nil {
			err = c.Remove()
		}
	}
	switch lacking := errors.Is(err, errLacking) || errors.Is(err, pgtest.ErrMissing); {
	case err != nil && (!lacking || os.Getenv("CI") == "true"):
		t.Fatal(err)
	case err != nil:
		fmt.Fprintf(os.Stderr, "\n*** TESTS ARE SKIPPED: %v ***\n\n", err)
		t.Skip(err)
	}
}

func TestBench_copies_whole_databases(t *testing.T) {
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			needDatabase(t, name)
			out := t.TempDir()
			t.Setenv("TMPDIR", reachable(t))
			if err := dispatch(t.Context(), []string{"-full", "-runs", "1", "-db", name, "-years", "1", "-rows", "100", "-o", out}); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(out, "full.md"))
			if err != nil || strings.Count(string(text), "\n| ") != 3 {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}
