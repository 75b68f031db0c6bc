//go:build linux

package crashtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// systemCalls are those by which the program changes files, with the errors
// that they are given.
var systemCalls = map[string][]string{
	"fsync": {"EIO", "ENOSPC"}, "fdatasync": {"EIO"}, "pwrite64": {"EIO", "ENOSPC"}, "openat": {"EIO", "EMFILE", "EACCES"}, "linkat": {"EIO", "ENOSPC", "EPERM"},
	"ftruncate": {"EIO"}, "unlinkat": {"EIO"}, "mkdirat": {"ENOSPC"}, "fcntl": {"EIO"}, "write": {"EIO"},
}

func straced() error {
	_, err := exec.LookPath("strace")
	return err
}

// failedCall lets the n-th system call of a name fail.
func failedCall(tr *trial) {
	name, n := tr.systemCall()
	errors := systemCalls[name]
	tr.inject(name, "error="+errors[tr.random.IntN(len(errors))], n)
}

// killedCall kills the program at a system call.
func killedCall(tr *trial) {
	name, n := tr.systemCall()
	tr.inject(name, "signal=KILL", n)
}

func (tr *trial) inject(name, what string, n int) {
	s := tr.ready.prepared.clone(tr.T)
	r := tr.perform(s.under("strace", "-f", "-qq", "-o", os.DevNull, "-e", fmt.Sprintf("inject=%s:%s:when=%d", name, what, n)))
	tr.Logf("%s %s at call %d, exit %d", name, what, n, r.code)
	tr.lab.counts.add(tr, r, true)
	tr.act.check(tr, s, r, false)
}

// under returns the studio with its program started by another.
func (s *studio) under(command ...string) *studio {
	m := *s
	m.wrapped = command
	return &m
}

var callLine = regexp.MustCompile(`(?m)^\d+ +(\w+)\(`)

// systemCall draws one of the calls of an undisturbed act.
func (tr *trial) systemCall() (name string, n int) {
	tr.Helper()
	tr.ready.strace.Do(func() {
		s := tr.ready.prepared.clone(tr.T)
		log := filepath.Join(tr.TempDir(), "calls")
		var names []string
		for name := range systemCalls {
			names = append(names, name)
		}
		r := tr.perform(s.under("strace", "-f", "-qq", "-o", log, "-e", "trace="+strings.Join(names, ",")))
		text, err := os.ReadFile(log)
		if err != nil || r.code != 0 {
			tr.Fatalf("%v, %v", r, err)
		}
		tr.ready.systemCalls = map[string]int{}
		for _, line := range callLine.FindAllStringSubmatch(string(text), -1) {
			tr.ready.systemCalls[line[1]]++
		}
	})
	var names []string
	for name := range tr.ready.systemCalls {
		names = append(names, name)
	}
	slices.Sort(names)
	name = names[tr.random.IntN(len(names))]
	return name, 1 + tr.random.IntN(tr.ready.systemCalls[name])
}
