//go:build linux

package crashtest

import (
	"database/sql"
	"strconv"
	"syscall"
	"testing"
	"time"

	"extrato/internal/pgtest"
)

// killedServer kills PostgreSQL with all its processes, and starts it again.
func killedServer(tr *trial) {
	tr.whileKilling(func(_ *studio, c *pgtest.Cluster) {
		c.Kill(tr)
		c.Start(tr)
	})
}

// killedConnection kills the processes of the program's connections;
// PostgreSQL then ends all others and recovers.
func killedConnection(tr *trial) {
	tr.whileKilling(func(s *studio, _ *pgtest.Cluster) {
		for _, pid := range s.backends(tr.T) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
		}
	})
}

// whileKilling does the act and kills at a random instant of it. Trials on one
// cluster wait for each other.
func (tr *trial) whileKilling(kill func(*studio, *pgtest.Cluster)) {
	tr.lab.cluster.Lock()
	tr.Cleanup(tr.lab.cluster.Unlock) // after the clone's own
	s := tr.ready.prepared.clone(tr.T)
	took := max(tr.ready.took, 100*time.Millisecond)
	if tr.act.perform != nil {
		took = time.Second
	}
	wait := time.Duration(tr.random.Int64N(int64(took)))
	killed := make(chan struct{})
	time.AfterFunc(wait, func() {
		defer close(killed)
		kill(s, tr.lab.server)
	})
	r := tr.perform(s)
	<-killed
	await(tr.T, time.Minute, "PostgreSQL has recovered", func() bool {
		db := s.connect(tr.T)
		defer db.Close()
		return db.PingContext(tr.Context()) == nil
	})
	tr.Logf("killed after %s, exit %d", wait, r.code)
	tr.lab.counts.add(tr, r, true)
	tr.act.check(tr, s, r, false)
}

// backends are the processes that serve the studio's connections.
func (s *studio) backends(t *testing.T) (pids []int) {
	t.Helper()
	db := open(t, "pgx", withDatabase(t, s.url, "postgres"))
	defer db.Close()
	each(t, db, "SELECT pid FROM pg_stat_activity WHERE datname = '"+databaseOf(t, s.url)+"'", func(values []sql.NullString) {
		pid, err := strconv.Atoi(values[0].String)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	})
	return pids
}
