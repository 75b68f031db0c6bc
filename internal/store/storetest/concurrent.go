package storetest

import (
	"strings"
	"sync"
	"testing"
)

// OnlyConcurrent skips all tests with a database unless Concurrent marks them.
// Packages too slow for the race detector as a whole set it in a file with the
// build constraint "race".
var OnlyConcurrent bool

var concurrent sync.Map // names of tests

// Concurrent marks a test in which several goroutines work at once: the tests
// worth the race detector's time. It is called before a database is opened.
func Concurrent(t *testing.T) {
	t.Helper()
	concurrent.Store(t.Name(), true)
}

// SkipSequential skips a test with a database of its own making, unless it may run.
func SkipSequential(t testing.TB) {
	t.Helper()
	test, _, _ := strings.Cut(t.Name(), "/")
	if _, marked := concurrent.Load(test); OnlyConcurrent && !marked {
		t.Skip("one goroutine alone: nothing for the race detector")
	}
}
