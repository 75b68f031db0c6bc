package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// usage is the cost of one run of a program.
type usage struct {
	Seconds float64 `json:"seconds"` // of the clock on the wall
	CPU     float64 `json:"cpu"`     // seconds of processor, its own
	Server  float64 `json:"-"`       // the same of the database server
	Peak    int64   `json:"peak"`    // bytes of memory
}

// measureArg makes this program run another one and print its usage.
const measureArg = "measure-a-program"

// measure runs a program in a folder and returns its cost. A child's peak
// begins with its parent's memory at the fork, so a second, small process of
// this program stands in between.
func measure(ctx context.Context, dir string, env, command []string) (usage, error) {
	self, err := os.Executable()
	if err != nil {
		return usage{}, err
	}
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, self, append([]string{measureArg}, command...)...) //nolint:gosec // this very program
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &complaints
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, complaints.String())
	}
	var u usage
	return u, json.Unmarshal(out.Bytes(), &u)
}

// measureHere is measure's second process. The program's output goes to
// stderr.
func measureHere(command []string) error {
	cmd := exec.CommandContext(context.Background(), command[0], command[1:]...) //nolint:gosec // measure chose the command
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return err
	}
	u := usage{Seconds: time.Since(start).Seconds(), Peak: peakOf(cmd.ProcessState)}
	u.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return json.NewEncoder(os.Stdout).Encode(u)
}

// environment is a program's whole environment: nothing of the user's, and
// every file in dir.
func environment(dir, url string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + dir, "TMPDIR=" + dir,
		"DATABASE_URL=" + url, "EXTRATO_BACKUPS=" + dir + "/backups", "TZ=" + studioZone,
	}
}
