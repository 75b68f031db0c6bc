//go:build stoppoints

package main

import (
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
)

var stopsSeen atomic.Int64

// stopAt kills the process at the step that EXTRATO_STOP_AT names, or at the
// n-th step of all if it is a number, as if the machine had lost power. It
// appends each step to the file that EXTRATO_STOP_TRACE names.
func stopAt(step string) {
	trace(step)
	want := os.Getenv("EXTRATO_STOP_AT")
	n, err := strconv.Atoi(want)
	if step == want || err == nil && stopsSeen.Add(1) == int64(n) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func trace(step string) {
	name := os.Getenv("EXTRATO_STOP_TRACE")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close() //nolint:errcheck // a test reads the file and would miss the line
	if _, err := f.WriteString(step + "\n"); err != nil {
		panic(err)
	}
}
