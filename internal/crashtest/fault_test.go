//go:build linux

package crashtest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"extrato/internal/pgtest"
	"extrato/internal/store/storetest"
)

var update = flag.Bool("update", false, "write the table in docs/reliability.md anew")

// TestFaults lets the world below the program fail while it works, in trials
// that differ by a number. What was acknowledged must be there afterwards, once;
// what is damaged must be named; and the month must close in the end.
//
// FAULTS_TIME=10m goes on for that long, FAULTS_SEED=N repeats trial N alone.
func TestFaults(t *testing.T) {
	l := newLab(t)
	first, repeated := uint64(time.Now().UnixNano())/1000, os.Getenv("FAULTS_SEED")
	if repeated != "" {
		var err error
		if first, err = strconv.ParseUint(repeated, 10, 64); err != nil {
			t.Fatal(err)
		}
		l.run(t, first)
		return
	}
	end := time.Now().Add(longForm(t))
	for n := uint64(0); n < uint64(len(kinds)) || time.Now().Before(end); n += uint64(len(kinds)) {
		t.Run(fmt.Sprintf("round %d", n/uint64(len(kinds))+1), func(t *testing.T) {
			for i := range uint64(len(kinds)) {
				l.run(t, first+n+i)
			}
		})
		if t.Failed() {
			return
		}
	}
	l.counts.report(t)
}

// longForm returns the time of FAULTS_TIME, or none.
func longForm(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("FAULTS_TIME")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// kind is a way to fail. Trial N is of kind N modulo their number.
type kind struct {
	name string
	acts []act
	// on are the databases that it is for.
	on []string
	// lacks says why this machine cannot do it, or returns nil.
	lacks func() error
	try   func(*trial)
}

// trial is one act under one fault.
type trial struct {
	*testing.T
	kind   *kind
	act    act
	ready  *ready
	random *rand.Rand
	lab    *lab

	process atomic.Pointer[os.Process]
	acked   []int // the payments that were answered as recorded
}

// lab holds the prepared studios that trials copy.
type lab struct {
	t       *testing.T
	program string
	fresh   map[string]*studio
	ready   map[string]*ready
	cluster sync.Mutex      // held by the trial on server
	server  *pgtest.Cluster // one that can be killed
	counts  counts
}

// ready is a studio just before an act, and the act undisturbed.
type ready struct {
	observed
	prepared    *studio
	once        sync.Once
	calls       []call // of the disk
	strace      sync.Once
	systemCalls map[string]int // how many of each
}

func newLab(t *testing.T) *lab {
	return &lab{t: t, program: build(t, ""), fresh: map[string]*studio{}, ready: map[string]*ready{}}
}

// run draws the trial of a number and tries it, beside others.
func (l *lab) run(t *testing.T, seed uint64) {
	t.Helper()
	k := &kinds[seed%uint64(len(kinds))]
	random := rand.New(rand.NewPCG(seed, 0))
	a := k.acts[random.IntN(len(k.acts))]
	databases := k.on
	if a.on != nil {
		databases = a.on
	}
	on := databases[random.IntN(len(databases))]
	t.Run(fmt.Sprintf("FAULTS_SEED=%d %s, %s on %s", seed, k.name, a.name, on), func(t *testing.T) {
		if err := k.lacks(); err != nil {
			t.Skipf("NO TRIAL OF %s ON THIS MACHINE: %v", k.name, err)
		}
		r := l.get(t, a, on)
		t.Parallel()
		k.try(&trial{T: t, kind: k, act: a, ready: r, random: random, lab: l})
	})
}

// get prepares an act once for each database.
func (l *lab) get(t *testing.T, a act, on string) *ready {
	t.Helper()
	key := a.name + on
	if r := l.ready[key]; r != nil {
		return r
	}
	switch {
	case l.fresh[on] != nil:
	case on == "cluster":
		l.fresh[on], l.server = clusterStudio(l.t, l.program, 60)
	default:
		l.fresh[on] = newStudio(l.t, l.program, 60, map[string]func(testing.TB, func() time.Time) *storetest.DB{
			"sqlite": storetest.SQLite, "postgres": storetest.Postgres,
		}[on])
	}
	r := &ready{prepared: l.fresh[on].clone(l.t)}
	a.prepare(l.t, r.prepared)
	if a.observe != nil {
		r.observed = a.observe(l.t, r.prepared)
	}
	l.ready[key] = r
	return r
}
