package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// offline is exits in a network namespace of its own, where not even the loopback
// answers. Without such namespaces the command runs all the same, with a loud
// line; in CI it fails.
func offline(t *testing.T) func(*testscript.TestScript, bool, []string) {
	t.Helper()
	possible := exec.CommandContext(t.Context(), "unshare", "-n", "true").Run() == nil
	return func(ts *testscript.TestScript, neg bool, args []string) {
		switch {
		case possible:
			args = append([]string{args[0], "unshare", "-n"}, args[1:]...)
		case os.Getenv("CI") != "":
			ts.Fatalf("there are no network namespaces on this machine: unshare -n true")
		default:
			ts.Logf("*** NO NETWORK NAMESPACES ON THIS MACHINE: nothing shows that %v needs no network ***", args[1:])
		}
		exits(ts, neg, args)
	}
}
