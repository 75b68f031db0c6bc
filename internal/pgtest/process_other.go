//go:build !linux

package pgtest

import "syscall"

// processOf leaves the process to itself: where the kernel cannot tell it of
// our death, PostgreSQL ends within a minute of finding its folder gone.
func processOf(*account) *syscall.SysProcAttr { return nil }

// childrenOf knows of none: PostgreSQL's children end when they notice the death
// of their parent.
func childrenOf(int) []int { return nil }

func runs(int) bool { return false }
