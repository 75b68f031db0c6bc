package api

import (
	"bytes"
	"context"
	"net/http"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
)

type counts struct {
	Payments    int64 `json:"payments"`
	Sessions    int64 `json:"sessions"`
	Commissions int64 `json:"commissions"`
	Expenses    int64 `json:"expenses"`
}

func countsOf(c books.Counts) counts {
	return counts{Payments: c.Payments, Sessions: c.Sessions, Commissions: c.Commissions, Expenses: c.Expenses}
}

// backed names the backup of a statement.
type backed struct {
	File   string `json:"file" example:"2025_10/backup_2025_10.csv"`
	SHA256 string `json:"sha256"`
}

func backedBy(c books.ChainEntry) *backed {
	if c.BackupFile == "" {
		return nil
	}
	return &backed{File: c.BackupFile, SHA256: c.BackupSHA256}
}

type chained struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

type month struct {
	Month      string    `json:"month" example:"2025-10"`
	State      string    `json:"state" enum:"open,due,closed,late,held"`
	Revision   int       `json:"revision" doc:"Of the statement; 0 if the month was never closed."`
	Counts     counts    `json:"counts" doc:"The statement's rows or, without one, the month's live rows."`
	Late       counts    `json:"late" doc:"Live rows of a closed month."`
	Backup     string    `json:"backup" enum:"verified,stale,corrupt,missing,unverified" doc:"The worse result of the last verification, of the newest copy and of the statement's copy."`
	Places     []inPlace `json:"places" doc:"The backup's copies elsewhere: in each place the worse one of those two; empty without EXTRATO_BACKUPS_COPY."`
	Unrecorded bool      `json:"unrecorded,omitempty" doc:"The statement is v4's, and the chain has no entry of it yet."`
}

type monthDetail struct {
	Month    string `json:"month" example:"2025-10"`
	State    string `json:"state" enum:"open,due,closed,late,held"`
	Revision int    `json:"revision"`
	Counts   counts `json:"counts"`
	Totals   totals `json:"totals" doc:"The statement's or, without one, those of the live rows."`
	Late     counts `json:"late"`
	LateRows []row  `json:"late_rows" doc:"The first 200 of them. They wait for a revision: close with force."`
	Backup   string `json:"backup" enum:"verified,stale,corrupt,missing,unverified"`

	DueAt      string    `json:"due_at" example:"2025-11-01T05:00:00.000000Z" doc:"When the schedule closes the month, unless it is held, closed, or before close_from."`
	CloseFrom  string    `json:"close_from" example:"2025-10" doc:"The schedule's first month (EXTRATO_CLOSE_FROM); older ones wait for a person."`
	Places     []inPlace `json:"places" doc:"The backup's copies elsewhere: in each place the worse one of those two; empty without EXTRATO_BACKUPS_COPY."`
	Unrecorded bool      `json:"unrecorded,omitempty" doc:"The statement is v4's, and the chain has no entry of it yet."`
}

// row is a row of a month; one of the four is set, as named in type.
type row struct {
	Type       string      `json:"type" enum:"payment,session,commission,expense"`
	Payment    *payment    `json:"payment,omitempty"`
	Session    *session    `json:"session,omitempty"`
	Commission *commission `json:"commission,omitempty"`
	Expense    *expense    `json:"expense,omitempty"`
}

func rowOf(r books.Row) row {
	switch r.Kind() {
	case books.PaymentKind:
		p := paymentOf(r)
		return row{Type: "payment", Payment: &p}
	case books.SessionKind:
		s := sessionOf(r)
		return row{Type: "session", Session: &s}
	case books.CommissionKind:
		c := commissionOf(r)
		return row{Type: "commission", Commission: &c}
	}
	e := expenseOf(r)
	return row{Type: "expense", Expense: &e}
}

type monthInput struct {
	Month monthText `path:"month"`
}

type shownMonth struct{ Body monthDetail }

type closeInput struct {
	Month monthText `path:"month"`
	Keyed
	Body *closeBody
}

type closeBody struct {
	Force bool `json:"force,omitempty" doc:"A closed month with late rows gets its next revision."`
}

type reopenInput struct {
	Month monthText `path:"month"`
	Keyed
	Body reopenBody
}

type reopenBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" example:"a payment was missing" doc:"Why. It stays in the chain for ever."`
}

// outcome is the result of a close or a reopening.
type outcome struct {
	Month         string   `json:"month" example:"2025-10"`
	Result        string   `json:"result" example:"closed" doc:"closed, revised, already_closed, reopened."`
	Revision      int      `json:"revision"`
	Counts        counts   `json:"counts"`
	Totals        totals   `json:"totals"`
	Fingerprint   string   `json:"fingerprint"`
	Backup        *backed  `json:"backup" doc:"null if none was required and none could be made."`
	Chain         chained  `json:"chain"`
	EarlierOpen   []string `json:"earlier_open" doc:"Earlier months still open."`
	Notes         []string `json:"notes"`
	CorrelationID string   `json:"correlation_id"`
	Seconds       float64  `json:"seconds"`
}

func (v *v1) registerMonths() {
	const of = "months/{month}"
	gone := []int{http.StatusNotFound}
	register(v, operation{
		method: http.MethodGet, path: "months", id: "list-months", tag: "months", needs: auth.Read,
		summary: "Every month", description: "Gaps too, newest first, from the running month, or a later one with rows, to the first one with rows or a statement, or the schedule's first.",
	}, v.listMonths)
	register(v, operation{
		method: http.MethodGet, path: of, id: "get-month", tag: "months", needs: auth.Read, errors: gone,
		summary: "One month", description: "Its state, counts and totals, and its late rows.",
	}, v.getMonth)
	register(v, operation{
		method: http.MethodPost, path: of + "/close", id: "close-month", tag: "months", needs: auth.Close,
		summary: "Close a month", description: "Backs the month up, proves the backup, and turns the rows into a statement; all of it or nothing. " +
			"409 already_closed if it is closed, month_not_ended if it is not over. With force a closed month with late rows gets its next revision.",
	}, v.closeMonth)
	register(v, operation{
		method: http.MethodPost, path: of + "/reopen", id: "reopen-month", tag: "months", needs: auth.Manage, errors: gone,
		summary: "Reopen a month", description: "Puts the rows back to live, exactly as they were. The month is then held: a person closes it.",
	}, v.reopenMonth)
	register(v, operation{
		method: http.MethodGet, path: of + "/backups", id: "list-backups", tag: "months", needs: auth.Read,
		summary: "A month's backups", description: "The record of each copy, with the result of its last verification; nothing is read back now.",
	}, v.listBackups)
	register(v, operation{
		method: http.MethodPost, path: of + "/verify", id: "verify-month", tag: "months", needs: auth.Backup,
		summary: "Verify a month", description: "Computes the stored statement's fingerprint and totals again, reads back every byte of the newest backup and of " +
			"the one that the statement rests on, and records what it finds of the backups.",
	}, v.verifyMonth)
	register(v, operation{
		method: http.MethodGet, path: of + "/statement", id: "get-statement", tag: "statements", needs: auth.SignedIn,
		errors:  []int{http.StatusNotFound, http.StatusConflict},
		summary: "A month's statement", description: "The closed month, a part of its rows at a time. An artist's login sees its own rows, and counts and totals of these.",
	}, v.getStatement)
	v.registerFiles()
}

func (v *v1) listMonths(ctx context.Context, in *listOfAll) (*listed[month], error) {
	var from string
	if in.Cursor != "" {
		if err := unpackCursor(in.Cursor, &from); err != nil {
			return nil, err
		}
		if _, err := books.ParseMonth(from); err != nil {
			return nil, errCursor
		}
	}
	infos, err := v.s.Closer.Months(ctx)
	if err != nil {
		return nil, err
	}
	items, next := []month{}, ""
	for i := len(infos) - 1; i >= 0; i-- {
		m := infos[i]
		if from != "" && m.Month.String() >= from {
			continue
		}
		if len(items) == in.Limit {
			next = packCursor(items[in.Limit-1].Month)
			break
		}
		items = append(items, month{
			Month: m.Month.String(), State: string(m.State), Revision: m.Revision, Counts: countsOf(m.Counts), Late: countsOf(m.Late), Backup: m.Backup, Places: inPlaces(m.Places), Unrecorded: m.Unrecorded,
		})
	}
	return shownPage(items, next), nil
}

func (v *v1) getMonth(ctx context.Context, in *monthInput) (*shownMonth, error) {
	m, err := in.Month.parse()
	if err != nil {
		return nil, err
	}
	whole, found, err := v.s.Closer.Month(ctx, m)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, books.NotFoundf("no_month", "nothing is recorded for %s", m).WithHint("see which months there are: GET /api/v1/months")
	}
	return shownWhole(whole)
}

func shownWhole(m closing.WholeMonth) (*shownMonth, error) {
	out := monthDetail{
		Month: m.Month.String(), State: string(m.State), Revision: m.Revision, Counts: countsOf(m.Counts), Late: countsOf(m.Late),
		Backup: m.Backup, Places: inPlaces(m.Places), Unrecorded: m.Unrecorded, LateRows: []row{}, DueAt: books.InstantOf(m.DueAt).String(), CloseFrom: m.CloseFrom.String(),
	}
	for _, r := range m.LateRows {
		out.LateRows = append(out.LateRows, rowOf(r))
	}
	var err error
	out.Totals, err = totalsOf(string(m.Totals))
	return &shownMonth{out}, err
}

func (v *v1) closeMonth(ctx context.Context, in *closeInput) (*response[outcome], error) {
	m, err := in.Month.parse()
	if err != nil {
		return nil, err
	}
	o := closing.Options{CorrelationID: books.CorrelationID(ctx), Force: in.Body != nil && in.Body.Force}
	return onMonth(ctx, v, m, in.Key, "close", o.Force, func(ctx context.Context, answer *closing.Answer) (closing.Result, error) {
		o.Answer = answer
		return v.s.Closer.Close(ctx, m, o, who(ctx).By)
	})
}

func (v *v1) reopenMonth(ctx context.Context, in *reopenInput) (*response[outcome], error) {
	m, err := in.Month.parse()
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte([]byte(in.Body.Reason), 0) >= 0 {
		return nil, books.Invalidf("invalid_text", "the reason holds a NUL character").WithHint("leave the character out: no database keeps it")
	}
	return onMonth(ctx, v, m, in.Key, "reopen", in.Body, func(ctx context.Context, answer *closing.Answer) (closing.Result, error) {
		return v.s.Closer.ReopenOnce(ctx, m, in.Body.Reason, who(ctx).By, answer)
	})
}

func outcomeOf(r closing.Result) (response[outcome], error) {
	sums, err := totalsOf(string(r.Totals))
	out := outcome{
		Month: r.Month.String(), Result: string(r.Outcome), Revision: r.Revision, Counts: countsOf(r.Counts), Totals: sums,
		Fingerprint: r.Fingerprint.String(), Chain: chained{r.Chain.Seq, r.Chain.Hash.String()}, EarlierOpen: []string{}, Notes: []string{},
		CorrelationID: r.CorrelationID, Seconds: r.Seconds,
	}
	if r.Backup.File != "" {
		out.Backup = &backed{r.Backup.File, r.Backup.SHA256}
	}
	for _, m := range r.EarlierOpen {
		out.EarlierOpen = append(out.EarlierOpen, m.String())
	}
	out.Notes = append(out.Notes, r.Notes...)
	return response[outcome]{Status: http.StatusOK, Body: out}, err
}
