package main

type demoCommand struct {
	Dir     string `help:"Where to make it." default:"demo"`
	NoServe bool   `help:"Do not serve the pages afterwards."`
}

// Run makes the demo.
func (c *demoCommand) Run(a *app) error { return nil }
