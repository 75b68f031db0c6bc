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
	var history []books.ChainEntry
	err = v.Store.Read(ctx, func(tx *store.Tx) error {
		if err := v.fillHistory(ctx, tx, &p, info); err != nil {
			return err
		}
		history, err = tx.EntriesBefore(ctx, month, 0, 100)
		return err
	})
	if wrong := v.wrongStatement(err, month); wrong != nil {
		return v.showWrong(p, wrong, p.Tag)
	}
	if err != nil {
		return err
	}
	if len(history) > 0 { // a single event as well: the month was reopened
		p.Revisions = v.revisions(month, append(history[:1:1], history...)[1:])
	}
	if month.EndedBy(v.Now()) {
		p.Actions = append([]action{{link{closePath(month), v.t("check and close")}, "go"}}, p.Actions...)
	}
	return v.show(http.StatusOK, "month.html", p)
}

// fillHistory shows the live rows of a month.
func (v *visit) fillHistory(ctx context.Context, tx *store.Tx, p *monthPage, info closing.MonthInfo) error {
	p.Charts, p.Lists, p.Beside, p.Rest = nil, nil, nil, nil // a read may be tried again
	m, err := liveView(ctx, tx, info.Month)
	if err != nil {
		return err
	}
	p.Sums = v.sumsOf(m.totals, m.counts)
	if n := m.counts.Total(); n > 0 && n <= mostPrinted {
		p.Actions = []action{{link{historyPath(info.Month) + "?" + printed, v.t("print")}, ""}}
	}
	f := v.filterMonth(p, m)
	if f.isOn() {
		if m, err = rowsView(info.Month, tx.MonthRows(ctx, info.Month), f.keeps); err != nil {
			return err
		}
		m.filtered = true
	} else if err := v.fillCharts(ctx, tx, p, m, false); err != nil {
		return err
	}
	m.whole = v.printing(p, m)
	return v.fillLists(p, m, f, false)
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
	for i := range p.Years {
		p.Years[i].Here = p.Years[i].Year == shown
	}
	all = slices.DeleteFunc(all, func(m closing.MonthInfo) bool { return strconv.Itoa(m.Month.Year) != shown })
	if len(all) > 0 {
		err = v.Store.Read(v.r.Context(), func(tx *store.Tx) (err error) {
			p.Months, err = v.yearTable(v.r.Context(), tx, shown, all, address)
			return err
		})
	}
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "months.html", p)
}

// yearTable lists the months of a year; their figures are for who may see the
// studio's.
func (v *visit) yearTable(ctx context.Context, tx *store.Tx, year string, months []closing.MonthInfo, address func(books.Month) string) (*table, error) {
	t := &table{ID: "meses", Caption: year, Columns: []column{{Head: v.t("month"), Class: "who"}, {Head: v.t("state")}}}
	whole := v.who.May(auth.Manage)
	if whole {
		t.Columns = append(t.Columns, column{Head: v.t("nav payments")}, column{Head: v.t("revenue"), Class: "num", Label: v.t("revenue")}, column{Head: v.t("net"), Class: "num sum"})
	}
	var payments int64
	var revenue, net books.Money
	for _, m := range months {
		tag := v.stateOf(m)
		row := []cell{{Text: capital(v.lang.months[m.Month.Month]), Link: address(m.Month)}, {Text: tag.Text, Tag: orPlain(tag.Class)}}
		if whole {
			sums, err := totalsOfMonth(ctx, tx, m)
			if err != nil {
				return nil, err
			}
			payments, revenue, net = payments+m.Counts.Payments, revenue+sums.Revenue, net+sums.NetRevenue
			row = append(row, cell{Text: v.some(m.Counts.Payments, "payments count")}, cell{Text: sums.Revenue.People()}, cell{Text: signed(sums.NetRevenue)})
		}
		t.Rows = append(t.Rows, row)
	}
	if whole && len(months) > 1 {
		t.Foot = []cell{{Text: v.t("total of year", year)}, {}, {Text: v.some(payments, "payments count")}, {Text: revenue.People()}, {Text: signed(net)}}
	}
	return t, nil
}

// totalsOfMonth returns the totals of a statement as the chain has them, or of
// the live rows.
func totalsOfMonth(ctx context.Context, tx *store.Tx, m closing.MonthInfo) (books.Totals, error) {
	if m.Totals != "" {
		return totalsIn([]byte(m.Totals))
	}
	if !m.WithRows {
		return books.Totals{}, nil
	}
	return tx.MonthTotals(ctx, m.Month)
}

func orPlain(class string) string {
	if class == "" {
		return "-"
	}
	return class
}
