package closing_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"extrato/internal/doctest"
)

var update = flag.Bool("update", false, "add the histories to those in docs/reliability.md")

// longHistories returns the time of HISTORIES_TIME, or none.
func longHistories(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("HISTORIES_TIME")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// reportHistories adds the numbers of histories, of those with a kill, of kills and of audits to those in
// docs/reliability.md, if that is wanted. It is called by a test that passes.
func reportHistories(t *testing.T, runs int, came map[string]int) {
	t.Helper()
	if t.Failed() || !*update {
		return
	}
	kills := 0
	for what, n := range came {
		if strings.HasPrefix(what, "killed at ") {
			kills += n
		}
	}
	database := map[bool]string{true: "SQLite", false: "PostgreSQL"}[strings.HasSuffix(t.Name(), "/sqlite")]
	row := regexp.MustCompile(`(?m)^\| ` + database + ` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$`)
	text := doctest.Part(t, "histories")
	found := row.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no row of %s in\n%s", database, text)
	}
	var sums []any
	for i, n := range []int{runs, came["histories with a kill"], kills, came["audit"]} {
		before, err := strconv.Atoi(found[i+1])
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, before+n)
	}
	doctest.Replace(t, "histories", strings.Replace(text, found[0], fmt.Sprintf("| "+database+" | %d | %d | %d | %d |", sums...), 1))
}
