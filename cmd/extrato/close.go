package main

import (
	"errors"
	"fmt"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
)

type closeCommand struct {
	Month     *string `arg:"" optional:"" name:"month" help:"The month, such as 2025-10. Without it, all due months."`
	Year      *int    `help:"The year, with --month: v4's way to name a month." placeholder:"Y"`
	MonthFlag *int    `name:"month" help:"The month's number, with --year." placeholder:"M"`
	Force     bool    `help:"Take a closed month's late rows into its next revision."`
	DryRun    bool    `help:"Show the result, and change nothing."`
}

func (closeCommand) Help() string {
	return `Backs the month's rows up and turns them into the month's statement, in one
transaction that deletes no row before the backup is read back and proved. If
anything is in doubt, nothing changes.

Examples:
  extrato close                    all due months, oldest first
  extrato close 2025-10            that month, due or not, if it has ended
  extrato close 2025-10 --dry-run  the result, tried out and rolled back
  extrato close 2025-10 --force    late rows become revision 2`
}

// month returns the named month, or none. An empty name, as from a script's
// empty variable, does not mean all months.
func (c *closeCommand) month() (books.Month, error) {
	switch {
	case c.Month == nil && c.Year == nil && c.MonthFlag == nil:
		return books.Month{}, nil
	case c.Month != nil && c.Year == nil && c.MonthFlag == nil:
		return books.ParseMonth(*c.Month)
	case c.Month == nil && c.Year != nil && c.MonthFlag != nil:
		return books.ParseMonth(fmt.Sprintf("%04d-%02d", *c.Year, *c.MonthFlag))
	}
	return books.Month{}, books.Invalidf("usage", "a month is named once: as 2025-10, or with both --year and --month").
		WithHint("extrato close 2025-10")
}

// Run closes one month, or all due ones.
func (c *closeCommand) Run(a *app) error {
	month, err := c.month()
	if err != nil {
		return err
	}
	if month.IsZero() && c.Force {
		return books.Invalidf("usage", "--force needs a month").WithHint("extrato close 2025-10 --force")
	}
	need := orNew
	if c.DryRun {
		need = existing
	}
	closer, err := a.closer(need)
	if err != nil {
		return err
	}
	switch {
	case c.DryRun && month.IsZero():
		row, err := closer.PreviewDue(a.ctx)
		return a.showDue(row, err, "would not be closed")
	case c.DryRun:
		return a.showClose(closer.Rehearse(a.ctx, month, c.Force))
	case month.IsZero():
		row, err := closer.CloseDue(a.ctx, actor())
		err = a.showDue(row, err, "was not closed")
		if err != nil || len(row.Closed) > 0 || a.JSON {
			return err
		}
		return a.nameWaiting(closer)
	}
	result, err := closer.Close(a.ctx, month, closing.Options{Force: c.Force}, actor())
	return a.showClose(result, err)
}

// showClose prints the result of one close, even of a month already closed.
func (a *app) showClose(r closing.Result, err error) error {
	if err != nil && !(errors.Is(err, books.ErrClosed) && r.Revision > 0) {
		return withRun{err, r.CorrelationID}
	}
	if a.JSON {
		if e := printJSON(a.stdout, r); e != nil {
			return e
		}
		if err != nil {
			return shown{err}
		}
		return nil
	}
	if err == nil {
		a.printResult(r)
	}
	return err
}

func (a *app) printResult(r closing.Result) {
	done := map[closing.Outcome]string{
		closing.Closed: "closed", closing.Revised: "revised", closing.AlreadyClosed: "already closed, nothing late",
		closing.WouldClose: "would be closed", closing.WouldRevise: "would be revised",
		closing.Outcome(books.Reopened): "reopened",
	}[r.Outcome]
	a.printf("%s %s (revision %d): %s\n", r.Month, done, r.Revision, r.Counts.English())
	if r.Counts.Total() == 0 && (r.Outcome == closing.Closed || r.Outcome == closing.WouldClose) {
		a.printf("  empty        nothing was recorded in this month\n")
	}
	if t, err := books.ParseTotals(string(r.Totals)); err == nil {
		a.printf("  revenue      %s\n  commissions  %s\n  expenses     %s\n  net revenue  %s\n",
			t.Revenue.People(), t.Commissions.People(), t.Expenses.People(), t.NetRevenue.People())
	}
	a.printf("  fingerprint  %s\n", r.Fingerprint)
	if r.Backup.File != "" {
		a.printf("  backup       %s, sha256 %s\n", r.Backup.File, r.Backup.SHA256)
	}
	if r.Chain.Seq > 0 {
		a.printf("  chain        entry %d, %s\n", r.Chain.Seq, r.Chain.Hash)
	}
	for _, n := range r.Notes {
		a.printf("  note         %s\n", n)
	}
	if r.Outcome == closing.Outcome(books.Reopened) {
		a.printf("  held         nothing closes it but a person: extrato close %s\n", r.Month)
	}
	for _, m := range r.EarlierOpen {
		a.printf("  still open   %s, an earlier month; a session paid in both leaves with it\n", m)
	}
}

// dueDocument is the output of close --json without a month.
type dueDocument struct {
	Closed  []closing.Result `json:"closed"`
	Failed  *failedMonth     `json:"failed,omitempty"`
	Waiting []books.Month    `json:"waiting,omitempty"`
}

type failedMonth struct {
	Month books.Month   `json:"month"`
	Error failureDetail `json:"error"`
}

// showDue prints the result, or preview, of closing the due months.
func (a *app) showDue(row closing.DueResult, err error, failed string) error {
	if err != nil {
		return err
	}
	if a.JSON {
		document := dueDocument{Closed: row.Closed, Waiting: row.Waiting}
		if row.Err != nil {
			document.Failed = &failedMonth{row.Failed, detail(explained(brokenOff(a.ctx, row.Err)))}
		}
		if err := printJSON(a.stdout, document); err != nil {
			return err
		}
	} else {
		for _, r := range row.Closed {
			a.printResult(r)
		}
	}
	switch {
	case row.Err == nil && len(row.Closed) == 0 && !a.JSON:
		a.printf("nothing is due\n")
		return nil
	case row.Err == nil:
		return nil
	}
	e := *explained(brokenOff(a.ctx, row.Err))
	e.Message = fmt.Sprintf("%s %s: %s", row.Failed, failed, e.Error())
	e.Err = nil
	if len(row.Waiting) > 0 {
		e.Message += fmt.Sprintf("; waiting behind it: %v", row.Waiting)
	}
	return shown{&e}
}

// nameWaiting names ended months with rows left for a person to close.
func (a *app) nameWaiting(closer *closing.Closer) error {
	months, err := closer.Months(a.ctx)
	if err != nil {
		return err
	}
	for _, m := range months {
		if !m.Month.EndedBy(closer.Now().Add(-24 * time.Hour)) {
			continue
		}
		if m.State == closing.Held || m.State == closing.Open && m.Counts.Total() > 0 {
			a.printf("%s is %s and waits for a person: extrato close %s\n", m.Month, m.State, m.Month)
		}
	}
	return nil
}
