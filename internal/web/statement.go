package web

import (
	"net/http"
	"strconv"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// monthPage is a month: its statement, or its live rows without one.
type monthPage struct {
	page
	Month         books.Month
	Tag           stateTag
	Refused       *refusal
	Text          string
	Sums          []sum
	Proof         *proof
	Lists, Rest   []*table
	Beside        []*table
	Revisions     *table
	Before, After *link // the months beside it
	Actions       []action
}

// action is a button to another page.
type action struct {
	link
	Class string // go, bare
}

// monthLinks adds the way to the months beside a month.
func (v *visit) monthLinks(p *monthPage) {
	if m := p.Month.Add(-1); m.Valid() {
		p.Before = &link{statementPath(m), capital(v.name(m))}
	}
	if m := p.Month.Add(1); !books.MonthOf(v.Now()).Before(m) {
		p.After = &link{statementPath(m), capital(v.name(m))}
	}
}

func (v *visit) statementPage() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	info, err := v.info(month)
	if err != nil {
		return err
	}
	p := monthPage{Month: month, Tag: v.stateOf(info)}
	if info.State != closing.IsClosed && info.State != closing.Late {
		if v.mayGo("/historico") {
			return v.to(historyPath(month))
		}
		p.page = v.page(v.t("statement of", v.lang.month(month)), "/extrato")
		p.Text = v.t("not closed yet", capital(v.name(month)))
		v.monthLinks(&p)
		return v.show(http.StatusOK, "month.html", p)
	}
	p.page = v.page(v.t("statement of", v.lang.month(month)), "/extrato")
	v.monthLinks(&p)
	var stored books.Stored
	var last books.ChainEntry
	var history []books.ChainEntry
	err = v.Store.Read(v.r.Context(), func(tx *store.Tx) error {
		if stored, last, err = v.Closer.StoredStatement(v.r.Context(), tx, month); err != nil {
			return err
		}
		if err = v.fillStatement(v.r.Context(), tx, &p, stored, last); err != nil {
			return err
		}
		history, err = tx.EntriesBefore(v.r.Context(), month, 0, 100)
		return err
	})
	if wrong := v.wrongStatement(err, month); wrong != nil {
		return v.showWrong(p, wrong)
	}
	if err != nil {
		return err
	}
	whoever := v.who.May(auth.Manage)
	p.Proof = v.proofOf(last, info.Backup, whoever)
	if whoever {
		p.Revisions = v.revisions(month, history)
		p.Actions = v.statementActions(info)
	}
	return v.show(http.StatusOK, "month.html", p)
}

// showWrong shows the fault of a statement, and no figure of it.
func (v *visit) showWrong(p monthPage, wrong *refusal) error {
	p.Refused, p.Tag = wrong, stateTag{v.t("statement wrong"), "fail"}
	return v.show(http.StatusOK, "month.html", p)
}

func (v *visit) statementActions(info closing.MonthInfo) []action {
	m := info.Month
	actions := []action{{link{"/api/v1/months/" + m.String() + "/statement.csv", "CSV"}, ""}, {link{reopenPath(m), v.t("reopen")}, "bare"}}
	if info.State == closing.Late {
		actions = append([]action{{link{closePath(m), v.t("take late rows")}, "go"}}, actions...)
	}
	return actions
}

// revisionPage shows a statement as an earlier revision had it.
func (v *visit) revisionPage() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.r.PathValue("n"))
	if err != nil || n < 1 {
		return errNoPage
	}
	p := monthPage{
		page: v.page(v.t("revision of", n, v.lang.month(month)), "/extrato"), Month: month, Tag: stateTag{v.t("earlier revision"), ""},
		Actions: []action{{link{statementPath(month), v.t("newest revision")}, "go"}},
	}
	var entry books.ChainEntry
	err = v.Store.Read(v.r.Context(), func(tx *store.Tx) error {
		stored, found, err := v.Closer.StoredRevision(v.r.Context(), tx, month, n)
		if err != nil {
			return err
		}
		entry = found
		return v.fillStatement(v.r.Context(), tx, &p, stored, entry)
	})
	if wrong := v.wrongStatement(err, month); wrong != nil {
		return v.showWrong(p, wrong)
	}
	if err != nil {
		return err
	}
	p.Proof = v.proofOf(entry, "", true)
	return v.show(http.StatusOK, "month.html", p)
}

// revisions lists the events of a month, newest first; nil if it was only
// closed once.
func (v *visit) revisions(month books.Month, history []books.ChainEntry) *table {
	if len(history) < 2 {
		return nil
	}
	t := &table{ID: "revisoes", Title: v.t("revisions"), Columns: []column{
		{Head: v.t("what"), Class: "who"}, {Head: v.t("when")}, {Head: v.t("proof by")}, {Head: v.t("reason")}, {Head: v.t("net"), Class: "num sum"},
	}}
	newest := true
	for _, c := range history {
		what := cell{Text: v.t("revision n", c.Revision)}
		switch {
		case c.Action == books.Reopened:
			what = cell{Text: v.t("reopened n", c.Revision)}
		case !c.HasStatement():
			continue
		case !newest:
			what.Link = statementPath(month) + "/revisao/" + strconv.Itoa(c.Revision)
		}
		net := ""
		if totals, err := totalsIn([]byte(c.Totals)); err == nil && c.HasStatement() {
			net, newest = signed(totals.NetRevenue), false
		}
		t.Rows = append(t.Rows, []cell{what, {Text: v.instant(c.At)}, {Text: v.actor(c.By)}, {Text: c.Reason}, {Text: net}})
	}
	return t
}
