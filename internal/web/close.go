package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// closePage is the page to close a month, in all its states: preview, refusal,
// closed, late rows.
type closePage struct {
	page
	Month     books.Month
	Tag       stateTag
	Form      *form
	Refused   *refusal
	Sentence  string
	Sums      []sum // the statement's figures, or its preview's
	Before    []sum // the figures before late rows change them
	Late      *table
	LateCount int
	Checks    []checkLine
	Place     *Place
	Proof     *proof
	CanClose  bool
	Available string // room on the disk of the backups
}

// Where the page leads.
func (p closePage) Action() string    { return closePath(p.Month) }
func (p closePage) Statement() string { return statementPath(p.Month) }
func (p closePage) Reopen() string    { return reopenPath(p.Month) }

func (v *visit) closePage() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	return v.showClose(http.StatusOK, month, v.blankForm(), nil)
}

// showClose shows the preview or the result of closing month.
func (v *visit) showClose(status int, month books.Month, f *form, refused *refusal) error {
	p := closePage{page: v.page(v.t("close month", v.lang.month(month)), "/extrato"), Month: month, Form: f, Refused: refused}
	info, err := v.info(month)
	if err != nil {
		return err
	}
	p.Tag = v.stateOf(info)
	switch info.State {
	case closing.IsClosed, closing.Late:
		err = v.fillClosed(&p, info)
	default:
		err = v.fillOpen(&p)
	}
	if err != nil {
		return err
	}
	return v.show(status, "close.html", p)
}

// fillOpen shows the preview for an open month.
func (v *visit) fillOpen(p *closePage) error {
	ctx := v.r.Context()
	place := v.lookAtPlace(ctx)
	r, checks, err := v.Closer.PreviewChecked(ctx, p.Month, false)
	if err != nil {
		if e := books.AsError(err); e.Kind == books.Internal {
			return err
		}
		if p.Refused == nil {
			p.Refused = v.refused(err, p.Month, books.CorrelationID(ctx))
		}
		p.CanClose = books.AsError(err).Code != books.ErrNotEnded.Code
		return nil
	}
	totals, err := totalsIn(r.Totals)
	if err != nil {
		return err
	}
	p.CanClose = true
	p.Sentence = v.t("becomes a statement", capital(v.name(p.Month)), v.counts(r.Counts))
	p.Sums = v.sumsOf(totals, r.Counts)
	for _, c := range checks {
		p.Checks = append(p.Checks, v.checkLine(p.Month, c))
	}
	if p.Place = <-place; p.Place != nil && p.Place.Free > 0 {
		p.Available = v.bytes(p.Place.Free)
	}
	return nil
}

// lookAtPlace looks at where backups go while the page is put together: it waits
// for the disk.
func (v *visit) lookAtPlace(ctx context.Context) <-chan *Place {
	seen := make(chan *Place, 1)
	go func() {
		if v.Backups == nil {
			seen <- nil
			return
		}
		place := v.Backups(ctx)
		seen <- &place
	}()
	return seen
}

// fillClosed shows the proof of a closed month, and the effect of its late
// rows. It shows nothing of a changed statement.
func (v *visit) fillClosed(p *closePage, info closing.MonthInfo) error {
	ctx := v.r.Context()
	var last books.ChainEntry
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		_, last, err = v.Closer.StoredStatement(ctx, tx, p.Month)
		return err
	})
	if wrong := v.wrongStatement(err, p.Month); wrong != nil {
		p.Refused, p.Tag = wrong, stateTag{v.t("statement wrong"), "fail"}
		return nil
	}
	if err != nil {
		return err
	}
	p.Proof = v.proofOf(last, info.Backup, true)
	p.Proof.Away = v.away(info.Places)
	totals, err := totalsIn(json.RawMessage(last.Totals))
	if err != nil {
		return err
	}
	p.Sums = v.sumsOf(totals, last.Counts)
	if info.State != closing.Late {
		return nil
	}
	whole, _, err := v.Closer.Month(ctx, p.Month)
	if err != nil {
		return err
	}
	p.Late, p.LateCount = v.lateTable(whole), int(whole.Late.Total())
	after, err := v.Closer.Preview(ctx, p.Month, true)
	if err != nil {
		if e := books.AsError(err); e.Kind == books.Internal {
			return err
		}
		if p.Refused == nil {
			p.Refused = v.refused(err, p.Month, books.CorrelationID(ctx))
		}
		p.CanClose = books.AsError(err).Code != "statement_of_v4"
		return nil
	}
	if totals, err = totalsIn(after.Totals); err != nil {
		return err
	}
	p.Before, p.Sums, p.CanClose = p.Sums, v.sumsOf(totals, after.Counts), true
	return nil
}

func totalsIn(text json.RawMessage) (t books.Totals, err error) {
	if len(text) == 0 {
		return t, nil
	}
	err = json.Unmarshal(text, &t)
	return t, err
}

// lateTable lists rows added after the close.
func (v *visit) lateTable(whole closing.WholeMonth) *table {
	t := &table{ID: "atrasados", Title: v.t("late rows"), Columns: []column{
		{Head: v.t("what"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("recorded at")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	for _, row := range whole.LateRows {
		t.Rows = append(t.Rows, v.rowCells(row))
	}
	return t
}

// rowCells says what a row is, its day, when it was recorded, and its amount.
func (v *visit) rowCells(row books.Row) []cell {
	var what, day, made, amount string
	switch r := row.(type) {
	case *books.Payment:
		what, day, amount = v.t("late payment", v.orNobody(r.ClientName)), r.Date.People(), r.Amount.People()
		made = v.made(r.CreatedAt)
	case *books.Session:
		what, day, amount, made = v.t("late session", v.orNobody(r.ClientName)), r.Date.People(), r.Amount.People(), v.made(r.CreatedAt)
	case *books.Commission:
		what, amount, made = v.t("late commission", string(r.ArtistName.V)), r.Amount.People(), v.made(r.CreatedAt)
		if r.PaymentDate.Valid {
			day = r.PaymentDate.V.People()
		}
	case *books.Expense:
		what, day, amount, made = v.t("late expense", string(r.Description.V)), r.Date.People(), r.Amount.People(), v.made(r.CreatedAt)
	case *books.Client:
		what = v.t("back client", r.Name)
	case *books.Artist:
		what = v.t("back artist", r.Name)
	case *books.Link:
		what = v.t("back link", r.SessionID, r.PaymentID)
	}
	return []cell{{Text: what}, {Text: day}, {Text: made}, {Text: amount}}
}

func (v *visit) made(at books.NullInstant) string {
	if !at.Valid {
		return ""
	}
	return v.moment(at.V)
}

func (v *visit) orNobody(name books.Text) string {
	if !name.Valid || name.V == "" {
		return v.t("nobody")
	}
	return string(name.V)
}

func (v *visit) closeMonth() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	f := v.form()
	r := v.closeIn(month, f)
	if ended(v, r) {
		return v.closeEnded(r, http.StatusUnprocessableEntity, f)
	}
	return v.to(closePath(month) + "/" + r.ID)
}

// closeEnded shows the result of a run. status is that of a refusal.
func (v *visit) closeEnded(r *run[closing.Result], status int, f *form) error {
	name := capital(v.name(r.Month))
	if errors.Is(r.err, store.ErrAnswered) {
		return v.closedBefore(r, f)
	}
	if r.err != nil {
		return v.showClose(status, r.Month, f, v.refused(r.err, r.Month, r.ID))
	}
	switch {
	case r.result.Outcome != closing.AlreadyClosed || sameClose(v.closes, r):
		v.say(flash{Text: v.t("closed now", name)})
	default:
		v.say(flash{Text: v.t("closed already", name)})
	}
	return v.to(closePath(r.Month))
}

// closedBefore answers a form that closed the month before. If it is no longer
// closed, closing it once more is asked about.
func (v *visit) closedBefore(r *run[closing.Result], f *form) error {
	info, err := v.info(r.Month)
	if err != nil {
		return err
	}
	name := capital(v.name(r.Month))
	if info.State == closing.IsClosed || info.State == closing.Late {
		v.say(flash{Text: v.t("closed now", name)})
		return v.to(closePath(r.Month))
	}
	f.ask(v.t("closed before", name))
	return v.showClose(http.StatusUnprocessableEntity, r.Month, f, nil)
}

// stageNames are the names of the steps, in the order of closing.Stage.
var stageNames = []string{"stage reading", "stage copying", "stage verifying", "stage storing", "stage removing", "stage finished"}

// steps of a run: it goes on to the result once there is one.
func (v *visit) closeSteps() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	id := v.r.PathValue("run")
	p := v.progress(v.t("close month", v.lang.month(month)), "/extrato", id, link{closePath(month), v.t("see month", v.name(month))})
	p.UnknownText = v.t("run unknown")
	r := v.closes.find(id, month)
	if r == nil {
		return v.closedElsewhere(p, month)
	}
	if r.over() {
		return v.closeEnded(r, http.StatusOK, v.blankForm())
	}
	at := r.at()
	for i, name := range stageNames {
		s := closing.Stage(i + 1)
		p.Stages = append(p.Stages, stage{Name: v.t(name), Done: s < at, Now: s == max(at, closing.Reading)})
	}
	return v.showSteps(p, r.Started, v.t("close text"))
}

// closedElsewhere answers for a run of another process, from the books, once
// they have its result.
func (v *visit) closedElsewhere(p stepsPage, month books.Month) error {
	ctx := v.r.Context()
	var found *store.Run
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		list, err := tx.Runs(ctx, store.WantedRuns{Month: month, CorrelationID: p.Run, Limit: 1})
		if len(list) > 0 {
			found = &list[0]
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case found == nil:
		p.Unknown, p.Text = true, v.t("run elsewhere")
		return v.show(http.StatusOK, "steps.html", p)
	case found.Result == "failed":
		return v.showClose(http.StatusOK, month, v.blankForm(), v.refused(&books.Error{Kind: books.Refused, Code: found.Code, Message: found.Message}, month, p.Run))
	}
	return v.to(closePath(month))
}

// bytes returns how much room there is, as people say it.
func (v *visit) bytes(n int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"GB", 1e9}, {"MB", 1e6}} {
		if n >= unit.size {
			return strconv.FormatInt(n/unit.size, 10) + " " + unit.name
		}
	}
	return strconv.FormatInt(n/1000, 10) + " KB"
}
