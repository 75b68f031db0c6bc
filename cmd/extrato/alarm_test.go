package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"extrato/internal/doctest"
)

var update = flag.Bool("update", false, "write the number of checks into docs/reliability.md")

// A studio at which nothing is wrong is never said to have a fault, whatever was
// done last. EXTRATO_ALARMS=1000 looks that often.
func TestNothing_is_found_where_nothing_is_wrong(t *testing.T) {
	rounds := 4
	if n, err := strconv.Atoi(os.Getenv("EXTRATO_ALARMS")); err == nil {
		rounds = n
	}
	t.Chdir(t.TempDir())
	t.Setenv("JWT_SECRET_KEY", strings.Repeat("k", 32))
	must := func(args ...string) {
		t.Helper()
		if code, out, problems := answer(t, args...); code != 0 {
			t.Fatalf("extrato %s exits with %d: %s%s", strings.Join(args, " "), code, problems, out)
		}
	}
	must("demo", "--no-serve")
	t.Setenv("DATABASE_URL", "sqlite:///demo/extrato.db")
	t.Setenv("EXTRATO_BACKUPS", "demo/backups")
	months := lastMonths(t, 13)
	for n := range rounds {
		month := months[n%len(months)]
		switch n % 4 {
		case 0:
			must("reopen", month, "--reason", "test")
		case 1:
			for _, held := range months {
				if code, _, _ := answer(t, "close", held); code != 0 && code != 3 {
					t.Fatalf("close %s exits with %d", held, code)
				}
			}
		case 2:
			must("backup", "create", month)
		default:
			must("backup", "full")
		}
		must("audit", "verify")
		must("backup", "verify")
		must("doctor")
	}
	if *update {
		doctest.Replace(t, "alarms", fmt.Sprintf("`audit verify`, `backup verify` and `doctor` ran %d times each on a demo in which months were reopened, closed, backed up and copied in between: 0 false alarms.", rounds))
	}
}

// lastMonths are the closed months of a demo, newest first.
func lastMonths(t *testing.T, n int) []string {
	t.Helper()
	_, out, _ := answer(t, "months")
	var months []string
	for line := range strings.Lines(out) {
		if month, rest, _ := strings.Cut(line, " "); strings.Contains(rest, "closed") {
			months = append([]string{month}, months...)
		}
	}
	if len(months) != n {
		t.Fatalf("%d closed months in\n%s", len(months), out)
	}
	return months
}
