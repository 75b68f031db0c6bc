package pgtest

import "syscall"

// processOf makes a process run as the account and die with this process:
// SIGQUIT is PostgreSQL's immediate shutdown, which takes its children along
// and leaves no shared memory behind, as SIGKILL would.
func processOf(a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}
