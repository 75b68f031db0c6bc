package main

type importCommand struct {
	From string `help:"URL of the v4 database." required:"" placeholder:"URL"`
}

// Run imports.
func (c *importCommand) Run(a *app) error { return nil }
