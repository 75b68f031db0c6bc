//go:build linux

package crashtest

import (
	"sync"
	"testing"
)

// counts are how many trials there were of each fault and act.
type counts struct {
	lock sync.Mutex
	of   map[[2]string]int
	came map[string]int
}

func (c *counts) add(tr *trial, r *ran, struck bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.of == nil {
		c.of, c.came = map[[2]string]int{}, map[string]int{}
	}
	if !struck {
		c.came["not struck"]++
		return
	}
	c.of[[2]string{tr.kind.name, tr.act.name}]++
	switch r.code {
	case 0:
		c.came["done"]++
	case -1:
		c.came["killed"]++
	default:
		c.came["refused or failed"]++
	}
}

func (c *counts) report(t *testing.T) { t.Logf("%v\n%v", c.of, c.came) }
