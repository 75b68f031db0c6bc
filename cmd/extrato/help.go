package main

import (
	"strings"

	"github.com/alecthomas/kong"
)

type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command to explain, such as: backup verify."`
}

func (helpCommand) Help() string {
	return `Example:
  extrato help backup verify`
}

// Run explains a command, or lists all.
func (c *helpCommand) Run(a *app) error {
	trace, err := kong.Trace(a.parser, append(c.Command, "--help"))
	if err != nil {
		return err
	}
	if trace.Error != nil {
		return usageError(trace.Error)
	}
	if !a.JSON {
		return trace.PrintUsage(false)
	}
	var text strings.Builder
	a.parser.Stdout = &text
	if err := trace.PrintUsage(false); err != nil {
		return err
	}
	return printJSON(a.stdout, map[string]string{"help": text.String()})
}
