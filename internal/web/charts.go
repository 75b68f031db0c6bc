package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/figures"
	"extrato/internal/store"
)

// fillCharts draws a month: its revenue day by day and, for who may see the
// studio's figures, the months up to it. An empty month has no days to draw.
func (v *visit) fillCharts(ctx context.Context, tx *store.Tx, p *monthPage, m *monthView, own bool) error {
	if slices.ContainsFunc(m.days, func(s books.DaySum) bool { return s.Revenue != 0 }) {
		days := v.dayPlot(m.days, p.Month, 0)
		days.Head = v.t("day by day", capital(v.lang.months[p.Month.Month]))
		if days.Label = v.t("revenue by day of", v.lang.month(p.Month)); own {
			days.Label = v.t("own by day of", v.lang.month(p.Month))
		}
		p.Charts = append(p.Charts, days)
	}
	if own || !v.who.May(auth.Manage) {
		return nil
	}
	months, err := v.monthPlot(ctx, tx, p.Month, m.totals)
	if months != nil {
		p.Charts = append(p.Charts, months)
	}
	return err
}

// dayPlot draws the revenue of each day of a month; the day marked stands out, 0:
// none does.
func (v *visit) dayPlot(f figures.Figures, month books.Month, marked int) *plot {
	amounts := make([]books.Money, month.Last().Number())
	t := &table{ID: "dias", Caption: v.t("revenue by day"), Columns: []column{{Head: v.t("date"), Class: "who"}, {Head: v.t("revenue"), Class: "num sum"}}}
	var total books.Money
	for _, d := range f.ByDay() {
		if d.Revenue != 0 {
			amounts[d.Of.Number()-1] = d.Revenue
			total += d.Revenue
			t.Rows = append(t.Rows, []cell{{Text: d.Of.People()}, {Text: d.Revenue.People()}})
		}
	}
	t.Foot = []cell{{Text: v.t("total")}, {Text: total.People()}}
	p := newPlot("", amounts, marked-1)
	for i := range amounts {
		label := ""
		if n := i + 1; n == 1 || n%7 == 0 {
			label = strconv.Itoa(n)
		}
		p.X = append(p.X, label)
	}
	if p.Table = t; len(t.Rows) == 0 {
		p.Table = nil
	}
	return p
}

// monthsDrawn is how many months a chart shows.
const monthsDrawn = 12

// monthPlot draws revenue, expenses and net of the months up to one: of closed
// months as the chain has them, of others from their live rows; here are the last
// one's totals. It is nil if there is none before.
func (v *visit) monthPlot(ctx context.Context, tx *store.Tx, last books.Month, here books.Totals) (*plot, error) {
	all, err := v.allMonths()
	if err != nil {
		return nil, err
	}
	shown := slices.DeleteFunc(slices.Clone(all), func(m closing.MonthInfo) bool {
		return last.Before(m.Month) || m.Month.Before(last.Add(1-monthsDrawn))
	})
	if len(shown) < 2 {
		return nil, nil //nolint:nilnil // there is nothing to compare with
	}
	slices.SortFunc(shown, func(a, b closing.MonthInfo) int { return cmp.Compare(a.Month.String(), b.Month.String()) })
	bars := []series{{Name: v.t("revenue key"), Class: "a"}, {Name: v.t("expenses key"), Class: "b"}, {Name: v.t("net key"), Class: "c"}}
	t := &table{ID: "doze", Caption: v.t("months so far"), Columns: []column{
		{Head: v.t("month"), Class: "who"}, {Head: v.t("revenue"), Class: "num", Label: v.t("revenue key")}, {Head: v.t("commissions"), Class: "num", Label: v.t("commissions key")},
		{Head: v.t("expenses"), Class: "num", Label: v.t("expenses key")}, {Head: v.t("net"), Class: "num sum"},
	}}
	var names []string
	for i, m := range shown {
		sums := here
		if m.Month != last {
			if sums, err = totalsOfMonth(ctx, tx, m); err != nil {
				return nil, err
			}
		}
		for n, amount := range []books.Money{sums.Revenue, sums.Expenses, sums.NetRevenue} {
			bars[n].Amounts = append(bars[n].Amounts, amount)
		}
		name := ""
		if (len(shown)-1-i)%2 == 0 { // a phone has room for every other one
			name = v.short(m.Month, false)
		}
		names = append(names, name)
		t.Rows = append(t.Rows, []cell{
			{Text: capital(v.lang.month(m.Month))}, {Text: sums.Revenue.People()}, {Text: sums.Commissions.People()}, {Text: sums.Expenses.People()}, {Text: signed(sums.NetRevenue)},
		})
	}
	p := newGroups(v.t("plot of months", v.lang.month(last)), bars...)
	p.Head, p.X, p.Table = v.t("months so far"), names, t
	return p, nil
}
