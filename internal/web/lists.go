package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/books"
)

// listPart is how many rows of a list a page shows.
const listPart = 10

// part returns which rows of a list of so many the address asks for, and adds
// links to the others. The list's ID is its name in the address.
func (v *visit) part(t *table, number int64) (from, to int) {
	return v.partAt(t, number, -1)
}

// partAt is part for a list with a row, at an index, that the address names: without
// another wish, its part is shown.
func (v *visit) partAt(t *table, number int64, row int) (from, to int) {
	query, n := v.r.URL.Query(), int(number)
	if row >= 0 && !query.Has(t.ID) {
		query.Set(t.ID, strconv.Itoa(row/listPart+1))
	}
	query.Del(rowField)
	last := max((n+listPart-1)/listPart, 1)
	page, err := strconv.Atoi(query.Get(t.ID))
	if err != nil || page < 1 || page > last {
		page = 1
	}
	from, to = (page-1)*listPart, min(page*listPart, n)
	if last > 1 {
		t.Pager = &pager{Name: v.t("parts of", t.Title), Text: v.t("part of", from+1, to, n)}
		if page > 1 {
			t.Pager.Before = partAddress(query, t.ID, page-1)
		}
		if page < last {
			t.Pager.Next = partAddress(query, t.ID, page+1)
		}
	}
	return from, to
}

// shown returns which rows of a month's list a page shows: a part of them, that
// with the row named in the address if there is one, or all.
func (v *visit) shown(t *table, m *monthView, kind books.Kind, number int64) (from, to int) {
	if m.whole {
		return 0, int(number)
	}
	row := -1
	if id, ok := strings.CutPrefix(v.r.URL.Query().Get(rowField), kind.String()+"-"); ok && m.index != nil {
		if n, err := strconv.ParseInt(id, 10, 32); err == nil {
			row = m.index(kind, books.ID(n))
		}
	}
	return v.partAt(t, number, row)
}

func partAddress(query url.Values, id string, n int) string {
	q := url.Values{}
	for name, values := range query {
		q[name] = values
	}
	q.Set(id, strconv.Itoa(n))
	return "?" + q.Encode() + "#" + id
}

// fillLists shows a month under v4's seven headings; of an artist's own part, or of
// a filter, those of its rows.
func (v *visit) fillLists(p *monthPage, m *monthView, f rowFilter, own bool) error {
	tables := []struct {
		kind books.Kind
		of   func(*monthView, bool) *table
	}{{books.PaymentKind, v.paymentsTable}, {books.CommissionKind, v.commissionsTable}, {books.SessionKind, v.sessionsTable}}
	for _, t := range tables {
		if f.shows(t.kind) {
			p.Lists = append(p.Lists, t.of(m, own))
		}
	}
	if !own && !f.isOn() {
		p.Beside = []*table{v.byArtist(m), v.byMethod(m)}
	}
	if !own && f.shows(books.ExpenseKind) {
		p.Rest = append(p.Rest, v.expensesTable(m))
	}
	if !own && !f.isOn() {
		p.Rest = append(p.Rest, v.totalsTable(m))
	}
	return m.err
}

func (v *visit) paymentsTable(m *monthView, own bool) *table {
	t := &table{ID: "pagamentos", Title: v.t("nav payments"), Empty: v.t("no payments"), Columns: []column{
		{Head: v.t("client"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("artist")}, {Head: v.t("method")},
		{Head: v.t("commission"), Class: "num", Label: v.t("commission small")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	from, to := v.shown(t, m, books.PaymentKind, m.counts.Payments)
	payments := newestOf[*books.Payment](m, books.PaymentKind, from, to)
	ids := make([]books.ID, len(payments))
	for i, p := range payments {
		ids[i] = p.ID
	}
	shares, known, err := m.commissions(ids)
	m.err = cmp.Or(m.err, err)
	for _, p := range payments {
		share := ""
		switch amount := shares[p.ID]; {
		case amount != 0 && p.ID != 0:
			share = amount.People()
		case known:
			share = v.t("no commission")
		}
		t.Rows = append(t.Rows, []cell{{Text: v.orNobody(p.ClientName), Row: rowName(p)}, {Text: v.shortDay(p.Date)}, {Text: string(p.ArtistName.V)}, {Text: string(p.Method)}, {Text: share}, {Text: p.Amount.People()}})
	}
	commissions := m.totals.Commissions.People()
	if m.filtered { // not all of them are of these payments
		commissions = ""
	}
	t.Foot = []cell{{Text: v.totalOf(m.counts.Payments)}, {}, {}, {}, {Text: commissions}, {Text: m.totals.Revenue.People()}}
	return v.without(t, 2, own)
}

// without leaves out a column, if it says the same in every row.
func (v *visit) without(t *table, n int, same bool) *table {
	if !same {
		return t
	}
	t.Columns = slices.Delete(t.Columns, n, n+1)
	if t.Foot != nil {
		t.Foot = slices.Delete(t.Foot, n, n+1)
	}
	for i := range t.Rows {
		t.Rows[i] = slices.Delete(t.Rows[i], n, n+1)
	}
	return t
}

// totalOf begins a list's last line.
func (v *visit) totalOf(n int64) string { return v.t("total of", n) }

func (v *visit) commissionsTable(m *monthView, own bool) *table {
	t := &table{ID: "comissoes", Title: v.t("nav commissions"), Empty: v.t("no commissions"), Columns: []column{
		{Head: v.t("client"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("artist")},
		{Head: v.t("payment"), Class: "num", Label: v.t("of")}, {Head: "%", Class: "num"}, {Head: v.t("commission"), Class: "num sum"},
	}}
	from, to := v.shown(t, m, books.CommissionKind, m.counts.Commissions)
	for _, c := range newestOf[*books.Commission](m, books.CommissionKind, from, to) {
		day, paid := "", ""
		if c.PaymentDate.Valid {
			day = v.shortDay(c.PaymentDate.V)
		}
		if c.PaymentAmount.Valid {
			paid = c.PaymentAmount.V.People()
		}
		t.Rows = append(t.Rows, []cell{{Text: v.orNobody(c.ClientName), Row: rowName(c)}, {Text: day}, {Text: string(c.ArtistName.V)}, {Text: paid}, {Text: v.percent(c.Percent) + " %"}, {Text: c.Amount.People()}})
	}
	t.Foot = []cell{{Text: v.totalOf(m.counts.Commissions)}, {}, {}, {}, {}, {Text: m.totals.Commissions.People()}}
	return v.without(t, 2, own)
}

func (v *visit) sessionsTable(m *monthView, own bool) *table {
	t := &table{ID: "sessoes", Title: v.t("sessions done"), Empty: v.t("no sessions"), Columns: []column{
		{Head: v.t("client"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("artist")}, {Head: v.t("state")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	from, to := v.shown(t, m, books.SessionKind, m.counts.Sessions)
	for _, s := range newestOf[*books.Session](m, books.SessionKind, from, to) {
		state := cell{Text: v.t("done open"), Tag: "-"}
		switch s.Status.V {
		case "paid":
			state = cell{Text: v.t("done paid"), Tag: "ok"}
		case "completed":
			state = cell{Text: v.t("done completed"), Tag: "ok"}
		}
		t.Rows = append(t.Rows, []cell{{Text: v.orNobody(s.ClientName), Row: rowName(s)}, {Text: v.shortDay(s.Date)}, {Text: string(s.ArtistName.V)}, state, {Text: s.Amount.People()}})
	}
	t.Foot = []cell{{Text: v.totalOf(m.counts.Sessions)}, {}, {}, {}, {Text: m.sessions.People()}}
	return v.without(t, 2, own)
}

// byArtist lists all artists with revenue, also without a commission, so the
// list adds up to the revenue.
func (v *visit) byArtist(m *monthView) *table {
	t := &table{ID: "artistas", Title: v.t("by artist"), Empty: v.t("nothing earned"), Columns: []column{
		{Head: v.t("artist"), Class: "who"}, {Head: v.t("share")}, {Head: v.t("commission"), Class: "num", Label: v.t("commission small")}, {Head: v.t("revenue"), Class: "num sum"},
	}}
	for _, e := range m.earners {
		share := v.t("no commission")
		if e.Commission != 0 {
			share = e.Commission.People()
		}
		t.Rows = append(t.Rows, []cell{{Text: e.Name}, barOf(int64(e.Revenue), int64(m.earners[0].Revenue)), {Text: share}, {Text: e.Revenue.People()}})
	}
	t.Foot = []cell{{Text: v.t("total")}, {}, {Text: m.totals.Commissions.People()}, {Text: m.totals.Revenue.People()}}
	return t
}

func (v *visit) byMethod(m *monthView) *table {
	t := &table{ID: "formas", Title: v.t("by method"), Empty: v.t("nothing earned"), Columns: []column{
		{Head: v.t("method"), Class: "who"}, {Head: v.t("share")}, {Head: "%", Class: "num"}, {Head: v.t("revenue"), Class: "num sum"},
	}}
	list := slices.Clone(m.totals.ByMethod)
	slices.SortStableFunc(list, func(a, b books.MethodTotal) int { return cmp.Compare(b.Total, a.Total) })
	for _, e := range list {
		percent := ""
		if m.totals.Revenue > 0 {
			percent = fmt.Sprintf("%.0f %%", 100*float64(e.Total)/float64(m.totals.Revenue))
		}
		t.Rows = append(t.Rows, []cell{{Text: e.Method}, barOf(int64(e.Total), int64(list[0].Total)), {Text: percent}, {Text: e.Total.People()}})
	}
	t.Foot = []cell{{Text: v.t("total")}, {}, {}, {Text: m.totals.Revenue.People()}}
	return t
}

func (v *visit) expensesTable(m *monthView) *table {
	t := &table{ID: "gastos", Title: v.t("month's expenses"), Empty: v.t("no expenses"), Columns: []column{
		{Head: v.t("description"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("category")}, {Head: v.t("method")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	from, to := v.shown(t, m, books.ExpenseKind, m.counts.Expenses)
	for _, e := range newestOf[*books.Expense](m, books.ExpenseKind, from, to) {
		t.Rows = append(t.Rows, []cell{{Text: cmp.Or(string(e.Description.V), v.t("no description")), Row: rowName(e)}, {Text: v.shortDay(e.Date)}, {Text: string(e.Category.V)}, {Text: string(e.Method)}, {Text: e.Amount.People()}})
	}
	t.Foot = []cell{{Text: v.totalOf(m.counts.Expenses)}, {}, {}, {}, {Text: m.totals.Expenses.People()}}
	return t
}

func (v *visit) totalsTable(m *monthView) *table {
	line := func(name, amount string) []cell { return []cell{{Text: name}, {Text: amount}} }
	return &table{
		ID: "totais", Title: v.t("month's totals"), Columns: []column{{Head: v.t("what"), Class: "who"}, {Head: v.t("amount"), Class: "num sum"}},
		Rows: [][]cell{
			line(v.t("total revenue"), m.totals.Revenue.People()), line(v.t("commissions"), less(m.totals.Commissions)),
			line(v.t("total expenses"), less(m.totals.Expenses)), line(v.t("balance"), signed(m.totals.Balance)),
		},
		Foot: line(v.t("net revenue"), signed(m.totals.NetRevenue)),
	}
}
