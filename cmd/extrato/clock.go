//go:build !stoppoints

package main

import "time"

// clock is the only clock of the program.
func clock() time.Time { return time.Now() }

// lookEvery is the pause between two looks of the jobs; 0: their own.
func lookEvery() time.Duration { return 0 }
