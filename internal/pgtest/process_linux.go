package pgtest

import "syscall"

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
