//go:build linux

package crashtest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"extrato/internal/faultdisk"
)

// call is a call of an undisturbed act.
type call = faultdisk.Op

// diskFault is a way in which a disk fails.
type diskFault struct {
	hits  func(call) bool // the calls that it can strike: nil: it comes after the act
	fault faultdisk.Fault
	stays bool // it strikes every later call as well
	cut   bool // the power is cut at the call
	kill  bool // the program is killed at the call
	after bool // the power is cut after the act, and takes all that was not synced
	// damages allows backups to be bad if they are named: the disk lies.
	damages bool
}

func changes(op call) bool { return op.Changes() }

func isKind(kinds ...string) func(call) bool {
	return func(op call) bool { return slices.Contains(kinds, op.Kind) }
}

// inBackups narrows to the folder of the backups.
func inBackups(hits func(call) bool) func(call) bool {
	return func(op call) bool { return strings.HasPrefix(op.Path, "backups/") && hits(op) }
}

var (
	takesRoom = isKind(faultdisk.Write, faultdisk.Create, faultdisk.Mkdir, faultdisk.Link)
	syncs     = isKind(faultdisk.Sync, faultdisk.SyncDir)
)

// onDisk returns what tries a fault of a disk.
func onDisk(f diskFault) func(*trial) {
	return func(tr *trial) {
		f := f // again changes it
		s := tr.ready.prepared.clone(tr.T)
		disk, mounted := mount(tr.T, s)
		target := tr.target(f)
		seen, struck := 0, false
		disk.Strike(func(op call) faultdisk.Fault {
			if f.hits == nil || !f.hits(op) {
				return faultdisk.Fault{}
			}
			if seen++; seen < target || seen > target && !f.stays {
				return faultdisk.Fault{}
			}
			struck = true
			fault := f.fault
			switch {
			case f.cut:
				fault.Cut = tr.kill
			case f.kill:
				fault.Kill = tr.kill
			}
			return fault
		})
		release := time.AfterFunc(3*time.Second, disk.Release)
		defer release.Stop()
		r := tr.perform(mounted)
		tr.Logf("call %d, struck: %v, exit %d", target, struck, r.code)
		tr.lab.counts.add(tr, r, struck || f.hits == nil)
		disk.Strike(func(call) faultdisk.Fault { return faultdisk.Fault{} })
		if again := tr.again(f, mounted, r); again != nil {
			r, f.after = again, true
		}
		if err := disk.Unmount(); err != nil {
			tr.Fatal(err)
		}
		left := tr.TempDir()
		if err := disk.Save(left, tr.lost(f)); err != nil {
			tr.Fatal(err)
		}
		tr.act.check(tr, s.moved(tr.T, left), r, f.damages)
	}
}

// again does the act once more on the same disk, now without faults, after it
// failed or was killed: what the first try left unsynced is not durable by that.
func (tr *trial) again(f diskFault, s *studio, r *ran) *ran {
	if r.code == 0 || f.cut || tr.act.perform != nil || tr.random.IntN(2) == 0 {
		return nil
	}
	again := tr.perform(s)
	tr.Logf("done again, exit %d, then a power cut", again.code)
	return again
}

// kill ends the program, also one that is just being started.
func (tr *trial) kill() {
	for tr.process.Load() == nil {
		time.Sleep(time.Millisecond)
	}
	_ = tr.process.Load().Kill() // it may have ended
}

// start starts the program so that it can be killed.
func (tr *trial) start(s *studio, env []string, args ...string) *ran {
	tr.Helper()
	r := s.start(tr.T, env, args...)
	tr.process.Store(r.cmd.Process)
	return r
}

// perform does the act and waits for its end.
func (tr *trial) perform(s *studio) *ran {
	tr.Helper()
	if tr.act.perform != nil {
		return tr.act.perform(tr, s)
	}
	r := tr.start(s, nil, tr.act.args...)
	late := time.AfterFunc(2*time.Minute, func() { _ = r.cmd.Process.Kill() })
	r.wait(tr.T)
	if !late.Stop() {
		tr.Fatalf("%v\ntakes longer than two minutes", r)
	}
	return r
}

// lost draws what a power cut takes.
func (tr *trial) lost(f diskFault) func() bool {
	all := func() bool { return true }
	some := rand.New(rand.NewPCG(tr.random.Uint64(), 0))
	half := func() bool { return some.IntN(2) == 0 }
	choices := []func() bool{nil, all, half}
	switch {
	case f.after:
		return all
	case f.cut:
		choices[0] = func() bool { return false }
	}
	return choices[tr.random.IntN(3)]
}

// target draws the call that is struck: one kind of calls is as likely as
// another, however many there are of each.
func (tr *trial) target(f diskFault) int {
	tr.Helper()
	if f.hits == nil {
		return 0
	}
	places, n := map[string][]int{}, 0
	for _, op := range tr.ready.observeCalls(tr) {
		if f.hits(op) {
			n++
			places[op.Kind] = append(places[op.Kind], n)
		}
	}
	if n == 0 {
		tr.Fatalf("%s makes no call for it", tr.act.name)
	}
	var kinds []string
	for kind := range places {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	of := places[kinds[tr.random.IntN(len(kinds))]]
	return of[tr.random.IntN(len(of))]
}

// observeCalls records the calls of an undisturbed act once.
func (r *ready) observeCalls(tr *trial) []call {
	tr.Helper()
	r.once.Do(func() {
		disk, mounted := mount(tr.T, r.prepared.clone(tr.T))
		disk.Strike(func(op call) faultdisk.Fault {
			r.calls = append(r.calls, op)
			return faultdisk.Fault{}
		})
		ran := tr.perform(mounted)
		if err := disk.Unmount(); err != nil || ran.code != 0 && tr.act.perform == nil {
			tr.Fatalf("%v, %v", ran, err)
		}
	})
	return r.calls
}

// mount puts a studio's files on a disk.
func mount(t *testing.T, s *studio) (*faultdisk.Disk, *studio) {
	t.Helper()
	disk, err := faultdisk.New(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	at := t.TempDir()
	if err := disk.Mount(at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := disk.Unmount(); err != nil {
			t.Error(err)
		}
	})
	mounted := s.moved(t, at)
	// A new process that enters the mount before its program runs would wait for
	// this process, which waits for it.
	mounted.home = t.TempDir()
	return disk, mounted
}

var errno = struct{ io, full, quota faultdisk.Fault }{
	faultdisk.Fault{Errno: syscall.EIO}, faultdisk.Fault{Errno: syscall.ENOSPC}, faultdisk.Fault{Errno: syscall.EDQUOT},
}
