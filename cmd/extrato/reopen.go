package main

import "extrato/internal/books"

type reopenCommand struct {
	Month  string `arg:"" help:"The month, such as 2025-10."`
	Reason string `help:"Why; the chain keeps it." required:"" placeholder:"TEXT"`
}

func (reopenCommand) Help() string {
	return `Puts the month's rows back to the live tables with their ids and links, in one
transaction. The month is then held: nothing closes it until you do.

Example:
  extrato reopen 2025-10 --reason "the deposit of 3 October was missing"`
}

// Run reopens a month.
func (c *reopenCommand) Run(a *app) error {
	month, err := books.ParseMonth(c.Month)
	if err != nil {
		return err
	}
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	r, err := closer.Reopen(a.ctx, month, c.Reason, actor())
	if err != nil {
		return withRun{err, r.CorrelationID}
	}
	if a.JSON {
		return printJSON(a.stdout, r)
	}
	a.printResult(r)
	return nil
}
