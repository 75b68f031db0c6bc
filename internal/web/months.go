package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// fillStatement shows the rows of a statement, which rests on an entry; an artist
// sees only the artist's.
func (v *visit) fillStatement(ctx context.Context, tx *store.Tx, p *monthPage, stored books.Stored, last books.ChainEntry) error {
	artist, own := v.who.OnlyArtist()
	name := ""
	var err error
	if !own {
		artist = 0
	} else if name, err = closing.ArtistName(ctx, tx, stored, artist); err != nil {
		return err
	}
	rows, err := monthRowsOf(listed(stored), artist, name)
	if err != nil {
		return err
	}
	if !own { // v4's sums are its own, and may be of binary fractions
		if rows.totals, err = totalsIn([]byte(last.Totals)); err != nil {
			return err
		}
	}
	v.fillRows(p, rows, own)
	return nil
}

// listed returns the rows of a statement's lists, without those behind them.
func listed(stored books.Stored) books.Rows {
	return func(yield func(books.Row, error) bool) {
		for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
			for row, err := range stored.List(kind) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

func (v *visit) fillRows(p *monthPage, rows *monthRows, own bool) {
	p.Sums = v.sumsOf(rows.totals, rows.counts)
	if own {
		p.Sums = v.ownSums(rows.totals.Revenue, rows.totals.Commissions, rows.counts)
	}
	p.Lists, p.Beside, p.Rest = v.lists(rows, own)
}

// ownSums are an artist's earnings.
func (v *visit) ownSums(revenue, commission books.Money, c books.Counts) []sum {
	return []sum{
		{Label: v.t("produced"), Value: revenue.People(), Notes: []string{v.some(c.Payments, "payments count")}},
		{Label: v.t("my commission"), Value: commission.People(), Notes: []string{v.some(c.Commissions, "commissions count")}, Total: true},
	}
}

// historyPage shows a month without a statement: its live rows.
func (v *visit) historyPage() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	ctx := v.r.Context()
	info, err := v.info(month)
	switch {
	case err != nil:
		return err
	case info.State == closing.IsClosed || info.State == closing.Late:
		return v.to(statementPath(month))
	}
	p := monthPage{page: v.page(v.t("history month", v.lang.month(month)), "/historico"), Month: month, Tag: v.stateOf(info)}
	v.monthLinks(&p)
	err = v.Store.Read(ctx, func(tx *store.Tx) error {
		rows, err := monthRowsOf(tx.MonthRows(ctx, month), 0, "")
		if err != nil {
			return err
		}
		v.fillRows(&p, rows, false)
		history, err := tx.EntriesBefore(ctx, month, 0, 100)
		if len(history) > 0 {
			p.Revisions = v.revisions(month, append(history[:1:1], history...)[1:])
		}
		return err
	})
	if wrong := v.wrongStatement(err, month); wrong != nil {
		p.Refused = wrong
		return v.show(http.StatusOK, "month.html", p)
	}
	if err != nil {
		return err
	}
	if month.EndedBy(v.Now()) {
		p.Actions = []action{{link{closePath(month), v.t("check and close")}, "go"}}
	}
	return v.show(http.StatusOK, "month.html", p)
}

// monthsPage lists the months of a year: those with a statement, or those
// without.
type monthsPage struct {
	page
	Text   string
	Empty  string
	Years  []yearLink
	Months *table
}

// yearLink leads to the months of another year.
type yearLink struct {
	Year, Path string
	Here       bool
}

// yearField is the year in the address of a list of months.
const yearField = "ano"

// statementsPage lists the statements.
func (v *visit) statementsPage() error {
	p := monthsPage{page: v.page(v.t("nav statements"), "/extrato"), Empty: v.t("no statements")}
	return v.showMonths(p, statementPath, func(m closing.MonthInfo) bool { return m.State == closing.IsClosed || m.State == closing.Late })
}

// historiesPage lists the months without a statement.
func (v *visit) historiesPage() error {
	p := monthsPage{page: v.page(v.t("nav history"), "/historico"), Text: v.t("history text"), Empty: v.t("no open months")}
	return v.showMonths(p, historyPath, func(m closing.MonthInfo) bool { return m.State != closing.IsClosed && m.State != closing.Late })
}

// showMonths shows the months of the year that the address names, or of the
// newest that has some.
func (v *visit) showMonths(p monthsPage, address func(books.Month) string, which func(closing.MonthInfo) bool) error {
	all, err := v.Closer.Months(v.r.Context())
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(m closing.MonthInfo) bool { return !which(m) })
	slices.Reverse(all)
	asked, shown := v.r.URL.Query().Get(yearField), ""
	for _, m := range all {
		year := strconv.Itoa(m.Month.Year)
		if shown == "" || year == asked {
			shown = year
		}
		if n := len(p.Years); n == 0 || p.Years[n-1].Year != year {
			p.Years = append(p.Years, yearLink{Year: year, Path: "?" + yearField + "=" + year})
		}
	}
	whole := v.who.May(auth.Manage)
	for i := range p.Years {
		p.Years[i].Here = p.Years[i].Year == shown
	}
	for _, m := range all {
		if strconv.Itoa(m.Month.Year) != shown {
			continue
		}
		if p.Months == nil {
			p.Months = v.yearTable(shown, whole)
		}
		tag := v.stateOf(m)
		row := []cell{{Text: capital(v.lang.months[m.Month.Month]), Link: address(m.Month)}, {Text: tag.Text, Tag: orPlain(tag.Class)}}
		if whole {
			totals, err := v.totalsOfMonth(m)
			if err != nil {
				return err
			}
			row = append(row, cell{Text: v.some(m.Counts.Payments, "payments count")}, cell{Text: totals.Revenue.People()}, cell{Text: signed(totals.NetRevenue)})
		}
		p.Months.Rows = append(p.Months.Rows, row)
	}
	return v.show(http.StatusOK, "months.html", p)
}

// totalsOfMonth returns the totals of a statement as the chain has them, or of
// the live rows.
func (v *visit) totalsOfMonth(m closing.MonthInfo) (t books.Totals, err error) {
	if m.Totals != "" {
		return totalsIn([]byte(m.Totals))
	}
	if m.Counts.Total() == 0 {
		return t, nil
	}
	err = v.Store.Read(v.r.Context(), func(tx *store.Tx) error {
		t, err = tx.MonthTotals(v.r.Context(), m.Month)
		return err
	})
	return t, err
}

func orPlain(class string) string {
	if class == "" {
		return "-"
	}
	return class
}

func (v *visit) yearTable(year string, whole bool) *table {
	t := &table{ID: "meses", Caption: year, Columns: []column{{Head: v.t("month"), Class: "who"}, {Head: v.t("state")}}}
	if whole {
		t.Columns = append(t.Columns, column{Head: v.t("nav payments")}, column{Head: v.t("revenue"), Class: "num", Label: v.t("revenue")}, column{Head: v.t("net"), Class: "num sum"})
	}
	return t
}
