//go:build !linux

package pgtest

import "syscall"

// processOf leaves the process to itself: where the kernel cannot tell it of
// our death, PostgreSQL ends within a minute of finding its folder gone.
func processOf(*account) *syscall.SysProcAttr { return nil }
