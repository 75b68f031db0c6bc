package main

import (
	"text/tabwriter"

	"fmt"

	"extrato/internal/closing"
	"extrato/internal/places"
)

type monthsCommand struct{}

func (monthsCommand) Help() string {
	return `Lists every month from the first that has rows or a statement, or that the
schedule closes, to the running one.

  open    running, not yet due, or waiting for a person
  due     ended: "extrato close" closes it
  closed  has a statement
  late    closed, and rows were added since: "extrato close MONTH --force"
  held    reopened: "extrato close MONTH" closes it again

Rows with an unreadable date belong to no month and are named below the list.

Example:
  extrato months`
}

// Run lists the months.
func (c *monthsCommand) Run(a *app) error {
	closer, err := a.closer(existing)
	if err != nil {
		return err
	}
	months, err := closer.Months(a.ctx)
	if err != nil {
		return err
	}
	monthless, err := closer.Monthless(a.ctx)
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, struct {
			Months    []closing.MonthInfo `json:"months"`
			Monthless []string            `json:"in_no_month,omitempty"`
		}{months, monthless})
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MONTH\tSTATE\tREV\tPAYMENTS\tSESSIONS\tCOMMISSIONS\tEXPENSES\tLATE\tBACKUP"+elsewhereHead(closer))
	for _, m := range months {
		state := string(m.State)
		if m.Unrecorded {
			state += " (v4, not recorded yet)"
		}
		fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s", m.Month, state, m.Revision,
			m.Counts.Payments, m.Counts.Sessions, m.Counts.Commissions, m.Counts.Expenses, m.Late.Total(), m.Backup)
		fmt.Fprintln(w, elsewhereCell(m.Places))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, m := range months {
		for _, p := range m.Places {
			if places.Bad(p.State) {
				a.printf("note: the backup of %s is %s in %s; find out why with: extrato backup copy\n", m.Month, p.State, p.Place)
			}
		}
	}
	for _, note := range monthless {
		a.printf("note: %s\n", note)
	}
	return nil
}
