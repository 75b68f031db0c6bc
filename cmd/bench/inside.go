package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"strconv"
	"time"
	_ "time/tzdata" // as in extrato itself

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/store"
)

const studioZone = "America/Sao_Paulo"

// inside is the measurement of a close from within its process.
type inside struct {
	Seconds    float64 `json:"seconds"` // of the close alone, without opening the database
	Statements int64   `json:"statements"`
	Phases     []phase `json:"phases"`
}

// phase is the time from one of the closer's steps to the next.
type phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Peak    int64   `json:"peak"` // peak memory of the process, 0 if unknown
}

// phaseNames names the phase before each step.
var phaseNames = map[string]string{
	"locked":            "checks, the month's lock",
	"manifest staged":   "manifest written",
	"run recorded":      "run record",
	"rows spooled":      "read rows, write CSV and JSON, hash",
	"backup staged":     "CSV copied to the place",
	"manifest written":  "manifest to disk",
	"backup named":      "CSV to disk",
	"backup proved":     "read CSV back, parse, compare",
	"transaction begun": "begin",
	"rows read":         "end the statement",
	"statement stored":  "insert the statement",
	"chain grown":       "chain entry",
	"rows deleted":      "delete",
	"committed":         "commit",
}

// insideArg makes this program close the month and print an inside.
const insideArg = "close-inside"

// closeInside closes the month of the copy at url inside a process of its own.
// The profiles' names begin with prefix; without one there are none.
func closeInside(ctx context.Context, dir, url, prefix string) (inside, error) {
	self, err := os.Executable()
	if err != nil {
		return inside{}, err
	}
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, self, insideArg, url, dir, prefix) //nolint:gosec // this very program
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(dir, url), &out, &complaints
	if err := cmd.Run(); err != nil {
		return inside{}, fmt.Errorf("close inside: %w\n%s", err, complaints.String())
	}
	var in inside
	return in, json.Unmarshal(out.Bytes(), &in)
}

// closeHere is closeInside's process.
func closeHere(ctx context.Context, url, dir, prefix string) error {
	stop := func() error { return nil }
	if prefix != "" {
		f, err := os.Create(prefix + "cpu.prof") //nolint:gosec // the folder of -cpuprofile
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		stop = func() error { pprof.StopCPUProfile(); return f.Close() }
	}
	in, err := closeOnce(ctx, url, dir, false, takePeak)
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	if prefix != "" {
		if err := writeProfile("allocs", prefix+"allocs.prof"); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(in)
}

func writeProfile(name, file string) error {
	f, err := os.Create(file) //nolint:gosec // the folder of -cpuprofile
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup(name).WriteTo(f, 0), f.Close())
}

// closeOnce opens the database at url and closes the month: backup, proof and
// statement, as extrato close does it. A running process has closed an empty
// month before, as a server has. peak is called after each phase and takes time
// of its own.
func closeOnce(ctx context.Context, url, dir string, running bool, peak func() int64) (inside, error) {
	zone, err := time.LoadLocation(studioZone)
	if err != nil {
		return inside{}, err
	}
	schedule, err := books.ParseSchedule("0 2 1 * *")
	if err != nil {
		return inside{}, err
	}
	now := func() time.Time { return time.Now().In(zone) }
	s, err := store.Open(ctx, store.Options{URL: url, Zone: zone, Now: now}, false)
	if err != nil {
		return inside{}, err
	}
	defer s.Close()
	if err := s.Ready(ctx); err != nil {
		return inside{}, err
	}
	spool := s.SpoolDir()
	if spool == "" {
		spool = dir
	}
	var in inside
	at := time.Now()
	step := func(name string) {
		if known, ok := phaseNames[name]; ok {
			name = known
		}
		in.Phases = append(in.Phases, phase{Name: name, Seconds: time.Since(at).Seconds(), Peak: peak()})
		at = time.Now()
	}
	closer := &closing.Closer{
		Store: s, Schedule: schedule, RequireBackup: true, Now: now, Log: slog.New(slog.DiscardHandler), SpoolDir: spool, Step: step,
		Backups: &backup.Backups{
			Bucket: bucket.NewFolder(filepath.Join(dir, "backups"), nil), Now: now, Zone: zone, Program: "bench", Step: step,
		},
	}
	if running {
		if _, err := closer.Close(ctx, books.MonthOf(october).Add(-6), closing.Options{}, "bench"); err != nil {
			return inside{}, err
		}
		in.Phases = nil
	}
	before := s.Statements()
	peak()
	start := time.Now()
	at = start
	_, err = closer.Close(ctx, books.MonthOf(october), closing.Options{}, "bench")
	in.Seconds, in.Statements = time.Since(start).Seconds(), s.Statements()-before
	step("answer")
	return in, err
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// takePeak returns the peak memory of this process since the last call, on
// Linux.
func takePeak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	match := peakLine.FindSubmatch(status)
	if match == nil || os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) != nil {
		return 0
	}
	kilobytes, err := strconv.ParseInt(string(match[1]), 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes * 1024
}
