//go:build stoppoints

package main

import (
	"context"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	stopsSeen atomic.Int64
	running   = context.Background()
)

// stopsWith names the context that ends when the program is interrupted.
func stopsWith(ctx context.Context) { running = ctx }

// stopAt kills the process at the step named by EXTRATO_STOP_AT, or at the n-th
// step of all if it is a number, as a power failure would. It appends each step
// to the file EXTRATO_STOP_TRACE.
func stopAt(step string) {
	trace(step)
	pause(step)
	want := os.Getenv("EXTRATO_STOP_AT")
	n, err := strconv.Atoi(want)
	if step == want || err == nil && stopsSeen.Add(1) == int64(n) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// pause stops the first of several processes at the step named by
// EXTRATO_PAUSE_AT: it writes its number into the file EXTRATO_PAUSE_FILE, and
// goes on when that file is gone. The file .interrupted beside it records an
// interruption meanwhile.
func pause(step string) {
	name := os.Getenv("EXTRATO_PAUSE_FILE")
	if name == "" || step != os.Getenv("EXTRATO_PAUSE_AT") {
		return
	}
	f, err := os.OpenFile(name+".once", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return // another was here before
	}
	_ = f.Close()
	if err := os.WriteFile(name+".tmp", []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		panic(err)
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		panic(err)
	}
	for {
		if _, err := os.Stat(name); err != nil {
			return
		}
		if running.Err() != nil {
			_ = os.WriteFile(name+".interrupted", nil, 0o600)
		}
		time.Sleep(5 * time.Millisecond)
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
