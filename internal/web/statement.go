package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/export"
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
	Charts        []*plot
	Filter        *listFilter
	Lists, Rest   []*table
	Beside        []*table
	Revisions     *table
	Changes       *table
	Before, After *link // the months beside it
	Actions       []action
	Printing      string // lists are whole, for a printer: the address of the page in parts
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

// statementPage shows a statement, or answers with it as a file: /extrato/2025/10
// and /extrato/2025/10.pdf.
func (v *visit) statementPage() error {
	if name, format, isFile := strings.Cut(v.r.PathValue("month"), "."); isFile {
		v.r.SetPathValue("month", name)
		return v.statementFile(format)
	}
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	info, err := v.info(month)
	if err != nil {
		return err
	}
	p := monthPage{Month: month, Tag: v.stateOf(info)}
	p.page = v.page(v.t("statement of", v.lang.month(month)), "/extrato")
	v.monthLinks(&p)
	if info.State != closing.IsClosed && info.State != closing.Late {
		if v.mayGo("/historico") {
			return v.to(historyPath(month))
		}
		p.Text = v.t("not closed yet", capital(v.name(month)))
		return v.show(http.StatusOK, "month.html", p)
	}
	ctx := v.r.Context()
	verified, err := v.Closer.OpenStatement(ctx, month)
	if err == nil {
		err = v.Store.Read(ctx, func(tx *store.Tx) error { return v.fillStatement(ctx, tx, &p, verified) })
	}
	if wrong := v.wrongStatement(err, month); wrong != nil {
		return v.showWrong(p, wrong, stateTag{v.t("statement wrong"), "fail"})
	}
	if err != nil {
		return err
	}
	whole := v.who.May(auth.Manage)
	p.Proof = v.proofOf(verified.Entry, info.Backup, whole)
	if err := v.addDrill(p.Proof, verified.Entry, whole); err != nil {
		return err
	}
	p.Actions = v.statementActions(info, whole)
	if whole {
		p.Proof.Away = v.away(info.Places)
		if err := v.fillRevisions(&p, verified); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "month.html", p)
}

// showWrong shows what is wrong with the rows of a month, and no figure of them.
func (v *visit) showWrong(p monthPage, wrong *refusal, tag stateTag) error {
	return v.show(http.StatusOK, "month.html", monthPage{page: p.page, Month: p.Month, Before: p.Before, After: p.After, Refused: wrong, Tag: tag})
}

func (v *visit) statementActions(info closing.MonthInfo, manages bool) (actions []action) {
	path := statementPath(info.Month)
	if manages && info.State == closing.Late {
		actions = append(actions, action{link{closePath(info.Month), v.t("take late rows")}, "go"})
	}
	for _, f := range export.Formats() {
		actions = append(actions, action{link{path + "." + f.Name, strings.ToUpper(f.Name)}, ""})
	}
	whole := path + "?" + printed
	if info.Counts.Total() > mostPrinted {
		whole = path + ".pdf"
	}
	actions = append(actions, action{link{whole, v.t("print")}, ""})
	if manages {
		actions = append(actions, action{link{reopenPath(info.Month), v.t("reopen")}, "bare"})
	}
	return actions
}

// fillStatement shows a statement; an artist sees only the artist's part.
func (v *visit) fillStatement(ctx context.Context, tx *store.Tx, p *monthPage, s closing.OpenedStatement) error {
	p.Charts, p.Lists, p.Beside, p.Rest = nil, nil, nil, nil // a read may be tried again
	artist, own := v.who.OnlyArtist()
	opened := s.Opened
	if own {
		name, err := closing.ArtistName(ctx, tx, s.Stored, artist)
		if err != nil {
			return err
		}
		if opened, err = s.Only(func(row books.Row) bool { return books.OwnedBy(row, artist, name) }); err != nil {
			return err
		}
	}
	m := openedView(opened)
	if own {
		p.Sums = v.ownSums(m.totals.Revenue, m.totals.Commissions, m.counts)
	} else {
		totals, err := totalsIn([]byte(s.Entry.Totals)) // v4's sums are its own, and may be of binary fractions
		if err != nil {
			return err
		}
		p.Sums, m.totals = v.sumsOf(totals, m.counts), totals
	}
	f := v.filterMonth(p, m)
	if f.isOn() {
		some, err := opened.Only(f.keeps)
		if err != nil {
			return err
		}
		m = openedView(some)
		m.filtered = true
	} else if err := v.fillCharts(ctx, tx, p, m, own); err != nil {
		return err
	}
	m.whole = v.printing(p, m)
	return v.fillLists(p, m, f, own)
}

// printed asks in an address for whole lists, as a printer wants them; mostPrinted
// is how many rows a month may have for that.
const (
	printed     = "imprimir"
	mostPrinted = 2_500
)

// printing reports whether the page is to show whole lists, and marks it.
func (v *visit) printing(p *monthPage, m *monthView) bool {
	if v.r.URL.Query().Has(printed) && m.counts.Total() <= mostPrinted {
		p.Printing = v.r.URL.Path
	}
	return p.Printing != ""
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
	ctx := v.r.Context()
	verified, err := v.Closer.OpenRevision(ctx, month, n)
	if err == nil {
		err = v.Store.Read(ctx, func(tx *store.Tx) error { return v.fillStatement(ctx, tx, &p, verified) })
	}
	if wrong := v.wrongStatement(err, month); wrong != nil {
		return v.showWrong(p, wrong, stateTag{v.t("statement wrong"), "fail"})
	}
	if err != nil {
		return err
	}
	p.Proof = v.proofOf(verified.Entry, "", true)
	if err := v.fillRevisions(&p, verified); err != nil {
		return err
	}
	return v.show(http.StatusOK, "month.html", p)
}
