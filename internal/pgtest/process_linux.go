package pgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// processOf makes a process run as the account and die with this process:
// SIGQUIT is PostgreSQL's immediate shutdown. It ends the children too and,
// unlike SIGKILL, leaves no shared memory behind.
func processOf(a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(pid int) (children []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // it fails for a bad pattern only
	for _, path := range stats {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if _, parent := stateOf(child); err == nil && parent == strconv.Itoa(pid) {
			children = append(children, child)
		}
	}
	return children
}

// runs reports whether a process has not ended, even if nobody waited for it yet.
func runs(pid int) bool {
	state, _ := stateOf(pid)
	return state != "" && !slices.Contains([]string{"Z", "X"}, state)
}

// stateOf returns a process's state and its parent, as in proc_pid_stat(5); "" if
// it is gone.
func stateOf(pid int) (state, parent string) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if err != nil || len(fields) < 2 {
		return "", ""
	}
	return fields[0], fields[1]
}
