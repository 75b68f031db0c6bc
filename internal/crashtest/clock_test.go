package crashtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// handClock is the clock of a program built with the tag stoppoints. It stands
// still until a test moves it.
type handClock struct {
	file string
	at   atomic.Int64
}

func newHandClock(t *testing.T) *handClock {
	c := &handClock{file: filepath.Join(t.TempDir(), "clock")}
	c.at.Store(time.Now().UnixMicro())
	c.forward(t, 0)
	return c
}

func (c *handClock) now() time.Time { return time.UnixMicro(c.at.Load()) }

// forward is for one goroutine.
func (c *handClock) forward(t *testing.T, d time.Duration) {
	t.Helper()
	at := c.now().Add(d)
	err := os.WriteFile(c.file+".new", []byte(at.UTC().Format(time.RFC3339Nano)), 0o600)
	if err == nil {
		err = os.Rename(c.file+".new", c.file)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.at.Store(at.UnixMicro())
}

// What the promise of 15 minutes rests on: a look for changes every 10 minutes, at
// most one until the look begins, at most three for the copy.
const (
	looks   = 10 * time.Minute
	copying = 3 * time.Minute
)

// pass lets so many minutes pass over a server, no faster than it copies the
// database: its machine has a second where the clock has an hour. Without copies
// it fails.
func (m *runningMonth) pass(t *testing.T, minutes int) {
	t.Helper()
	for range minutes {
		since := m.clock.now().Sub(m.looked)
		if since >= looks {
			await(t, time.Minute, "a look for changes", func() bool { return m.sees(t) })
			since = 0
		}
		if since >= copying {
			await(t, time.Minute, "the end of a copy", func() bool { return m.count(t, " AND finalized_at IS NULL") == 0 })
		}
		if since+time.Minute >= looks && m.s.path == "" {
			// PostgreSQL counts a write up to ten seconds after it, less than a look.
			await(t, time.Minute, "the count of a write", func() bool { return m.counted(t) > m.written })
		}
		m.clock.forward(t, time.Minute)
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
	}
}

// sees reports whether the server has looked for changes once more.
func (m *runningMonth) sees(t *testing.T) bool {
	n := m.count(t, "")
	if n <= m.seen {
		return false
	}
	m.seen, m.looked = n, m.clock.now()
	if m.s.path == "" {
		m.written = m.counted(t)
	}
	return true
}

// count counts this server's looks for changes. A restored database has the one
// that copied it, which never ends.
func (m *runningMonth) count(t *testing.T, and string) int {
	return m.number(t, fmt.Sprintf("SELECT count(*) FROM %s WHERE kind = 'full_copy' AND id > %d%s", m.s.own("river_job"), m.restored, and))
}

// counted is the number of writes known to the server's statistics.
func (m *runningMonth) counted(t *testing.T) int {
	return m.number(t, "SELECT n_tup_ins FROM pg_stat_all_tables WHERE relname = 'pagamentos'")
}

func (m *runningMonth) number(t *testing.T, query string) (n int) {
	t.Helper()
	if err := m.db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
