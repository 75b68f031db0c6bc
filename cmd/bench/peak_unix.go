//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peakOf returns the most memory that a process held, in bytes.
func peakOf(p *os.ProcessState) int64 {
	u, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	peak := int64(u.Maxrss) //nolint:unconvert // it is an int32 on some machines
	if runtime.GOOS != "darwin" {
		peak *= 1024
	}
	return peak
}

// settle has the kernel write what earlier runs left to be written.
func settle() { syscall.Sync() }
