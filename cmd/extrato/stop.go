//go:build !stoppoints

package main

// stopAt does nothing in the released program. Built with the tag stoppoints,
// tests can have the process killed at any step.
func stopAt(string) {}
