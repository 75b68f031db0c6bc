//go:build !stoppoints

package main

import "context"

// stopAt does nothing in the released program. Built with the tag stoppoints,
// tests can have the process killed at any step.
func stopAt(string) {}

func stopsWith(context.Context) {}
