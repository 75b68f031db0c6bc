//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peakOf returns the peak memory of a process, in bytes.
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

// settle flushes the writes of earlier runs.
func settle() { syscall.Sync() }
