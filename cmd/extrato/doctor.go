package main

type doctorCommand struct{}

// Run checks.
func (c *doctorCommand) Run(a *app) error { return nil }
