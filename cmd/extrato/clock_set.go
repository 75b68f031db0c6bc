//go:build stoppoints

package main

import (
	"os"
	"time"
)

// clock reads the time from the file EXTRATO_CLOCK (RFC 3339), so that a test can
// let hours pass. Without that variable it is the machine's clock.
func clock() time.Time {
	name := os.Getenv("EXTRATO_CLOCK")
	if name == "" {
		return time.Now()
	}
	text, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		panic(err)
	}
	return at
}

// lookEvery lets the jobs look often where the clock is a test's.
func lookEvery() time.Duration {
	if os.Getenv("EXTRATO_CLOCK") == "" {
		return 0
	}
	return 20 * time.Millisecond
}
