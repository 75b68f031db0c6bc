package web

import (
	"cmp"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"

	"extrato/internal/books"
)

// monthRows are the rows of a month on a page.
type monthRows struct {
	payments    []*books.Payment
	sessions    []*books.Session
	commissions []*books.Commission
	expenses    []*books.Expense
	totals      books.Totals
	counts      books.Counts
}

// monthRowsOf sorts rows by kind. Of an artist, only the artist's own are taken;
// name stands for the artist in a statement of v4's.
func monthRowsOf(rows books.Rows, artist books.ID, name string) (*monthRows, error) {
	m, tally := &monthRows{}, books.NewTally()
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if row.Kind() > books.ExpenseKind {
			break
		}
		if artist != 0 && !books.OwnedBy(row, artist, name) {
			continue
		}
		tally.Add(row)
		m.counts.Add(row.Kind())
		switch r := row.(type) {
		case *books.Payment:
			m.payments = append(m.payments, r)
		case *books.Session:
			m.sessions = append(m.sessions, r)
		case *books.Commission:
			m.commissions = append(m.commissions, r)
		case *books.Expense:
			m.expenses = append(m.expenses, r)
		}
	}
	m.totals = tally.Totals()
	slices.SortStableFunc(m.payments, func(a, b *books.Payment) int { return cmp.Compare(b.Date, a.Date) })
	slices.SortStableFunc(m.sessions, func(a, b *books.Session) int { return cmp.Compare(b.Date, a.Date) })
	slices.SortStableFunc(m.commissions, func(a, b *books.Commission) int { return cmp.Compare(b.PaymentDate.V, a.PaymentDate.V) })
	slices.SortStableFunc(m.expenses, func(a, b *books.Expense) int { return cmp.Compare(b.Date, a.Date) })
	return m, nil
}

// listPart is how many rows of a list a page shows.
const listPart = 10

// part returns the part of a list chosen in the address, or that with the row
// named there, and links to the others. ID is the list's name in the address.
func part[T books.Row](v *visit, t *table, all []T) iter.Seq[T] {
	query := v.r.URL.Query()
	last := max((len(all)+listPart-1)/listPart, 1)
	if i := slices.IndexFunc(all, func(r T) bool { return query.Has(rowField) && rowName(r) == query.Get(rowField) }); i >= 0 && !query.Has(t.ID) {
		query.Set(t.ID, strconv.Itoa(i/listPart+1))
	}
	query.Del(rowField)
	n, err := strconv.Atoi(query.Get(t.ID))
	if err != nil || n < 1 || n > last {
		n = 1
	}
	from, to := (n-1)*listPart, min(n*listPart, len(all))
	if last > 1 {
		t.Pager = &pager{Name: v.t("parts of", t.Title), Text: v.t("part of", from+1, to, len(all))}
		if n > 1 {
			t.Pager.Before = partAddress(query, t.ID, n-1)
		}
		if n < last {
			t.Pager.Next = partAddress(query, t.ID, n+1)
		}
	}
	return slices.Values(all[from:to])
}

func partAddress(query url.Values, id string, n int) string {
	q := url.Values{}
	for name, values := range query {
		q[name] = values
	}
	q.Set(id, strconv.Itoa(n))
	return "?" + q.Encode() + "#" + id
}

// lists shows a month under v4's seven headings; for an artist's own part, only
// the headings about the artist.
func (v *visit) lists(m *monthRows, own bool) (all, beside, rest []*table) {
	all = []*table{v.paymentsTable(m, own), v.commissionsTable(m, own), v.sessionsTable(m, own)}
	if own {
		return all, nil, nil
	}
	return all, []*table{v.byArtist(m), v.byMethod(m)}, []*table{v.expensesTable(m), v.totalsTable(m)}
}

func (v *visit) paymentsTable(m *monthRows, own bool) *table {
	t := &table{ID: "pagamentos", Title: v.t("nav payments"), Empty: v.t("no payments"), Columns: []column{
		{Head: v.t("client"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("artist")}, {Head: v.t("method")},
		{Head: v.t("commission"), Class: "num", Label: v.t("commission small")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	shares, known := map[books.ID]books.Money{}, false
	for _, c := range m.commissions {
		known = known || c.PaymentID.Valid
		shares[c.PaymentID.V] += c.Amount
	}
	for p := range part(v, t, m.payments) {
		share := ""
		switch amount := shares[p.ID]; {
		case amount != 0 && p.ID != 0:
			share = amount.People()
		case known || len(m.commissions) == 0:
			share = v.t("no commission")
		}
		t.Rows = append(t.Rows, []cell{{Text: v.orNobody(p.ClientName), Row: rowName(p)}, {Text: v.shortDay(p.Date)}, {Text: string(p.ArtistName.V)}, {Text: string(p.Method)}, {Text: share}, {Text: p.Amount.People()}})
	}
	t.Foot = []cell{{Text: v.totalOf(len(m.payments))}, {}, {}, {}, {Text: m.totals.Commissions.People()}, {Text: m.totals.Revenue.People()}}
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
func (v *visit) totalOf(n int) string { return v.t("total of", n) }

func (v *visit) commissionsTable(m *monthRows, own bool) *table {
	t := &table{ID: "comissoes", Title: v.t("nav commissions"), Empty: v.t("no commissions"), Columns: []column{
		{Head: v.t("client"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("artist")},
		{Head: v.t("payment"), Class: "num", Label: v.t("of")}, {Head: "%", Class: "num"}, {Head: v.t("commission"), Class: "num sum"},
	}}
	for c := range part(v, t, m.commissions) {
		day, paid := "", ""
		if c.PaymentDate.Valid {
			day = v.shortDay(c.PaymentDate.V)
		}
		if c.PaymentAmount.Valid {
			paid = c.PaymentAmount.V.People()
		}
		t.Rows = append(t.Rows, []cell{{Text: v.orNobody(c.ClientName), Row: rowName(c)}, {Text: day}, {Text: string(c.ArtistName.V)}, {Text: paid}, {Text: v.percent(c.Percent) + " %"}, {Text: c.Amount.People()}})
	}
	t.Foot = []cell{{Text: v.totalOf(len(m.commissions))}, {}, {}, {}, {}, {Text: m.totals.Commissions.People()}}
	return v.without(t, 2, own)
}

func (v *visit) sessionsTable(m *monthRows, own bool) *table {
	t := &table{ID: "sessoes", Title: v.t("sessions done"), Empty: v.t("no sessions"), Columns: []column{
		{Head: v.t("client"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("artist")}, {Head: v.t("state")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	var total books.Money
	for _, s := range m.sessions {
		total += s.Amount
	}
	for s := range part(v, t, m.sessions) {
		state := cell{Text: v.t("done open"), Tag: "-"}
		switch s.Status.V {
		case "paid":
			state = cell{Text: v.t("done paid"), Tag: "ok"}
		case "completed":
			state = cell{Text: v.t("done completed"), Tag: "ok"}
		}
		t.Rows = append(t.Rows, []cell{{Text: v.orNobody(s.ClientName), Row: rowName(s)}, {Text: v.shortDay(s.Date)}, {Text: string(s.ArtistName.V)}, state, {Text: s.Amount.People()}})
	}
	t.Foot = []cell{{Text: v.totalOf(len(m.sessions))}, {}, {}, {}, {Text: total.People()}}
	return v.without(t, 2, own)
}

// byArtist lists all artists with revenue, also without a commission, so the
// list adds up to the revenue.
func (v *visit) byArtist(m *monthRows) *table {
	t := &table{ID: "artistas", Title: v.t("by artist"), Empty: v.t("nothing earned"), Columns: []column{
		{Head: v.t("artist"), Class: "who"}, {Head: v.t("share")}, {Head: v.t("commission"), Class: "num", Label: v.t("commission small")}, {Head: v.t("revenue"), Class: "num sum"},
	}}
	type earner struct {
		name                books.String
		revenue, commission books.Money
	}
	type key struct {
		id   books.ID
		name books.String // of v4's, without an id
	}
	earners := map[key]*earner{}
	of := func(id books.ID, name books.String) *earner {
		k := key{id: id}
		if id == 0 {
			k.name = name
		}
		if earners[k] == nil {
			earners[k] = &earner{name: name}
		}
		return earners[k]
	}
	for _, p := range m.payments {
		of(p.ArtistID, p.ArtistName.V).revenue += p.Amount
	}
	for _, c := range m.commissions {
		of(c.ArtistID, c.ArtistName.V).commission += c.Amount
	}
	var list []*earner
	for _, e := range earners {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *earner) int { return cmp.Or(cmp.Compare(b.revenue, a.revenue), cmp.Compare(a.name, b.name)) })
	for _, e := range list {
		share := v.t("no commission")
		if e.commission != 0 {
			share = e.commission.People()
		}
		t.Rows = append(t.Rows, []cell{{Text: string(e.name)}, barOf(int64(e.revenue), int64(list[0].revenue)), {Text: share}, {Text: e.revenue.People()}})
	}
	t.Foot = []cell{{Text: v.t("total")}, {}, {Text: m.totals.Commissions.People()}, {Text: m.totals.Revenue.People()}}
	return t
}

func (v *visit) byMethod(m *monthRows) *table {
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

func (v *visit) expensesTable(m *monthRows) *table {
	t := &table{ID: "gastos", Title: v.t("month's expenses"), Empty: v.t("no expenses"), Columns: []column{
		{Head: v.t("description"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("category")}, {Head: v.t("method")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	for e := range part(v, t, m.expenses) {
		what := string(e.Description.V)
		if what == "" {
			what = v.t("no description")
		}
		t.Rows = append(t.Rows, []cell{{Text: what, Row: rowName(e)}, {Text: v.shortDay(e.Date)}, {Text: string(e.Category.V)}, {Text: string(e.Method)}, {Text: e.Amount.People()}})
	}
	t.Foot = []cell{{Text: v.totalOf(len(m.expenses))}, {}, {}, {}, {Text: m.totals.Expenses.People()}}
	return t
}

func (v *visit) totalsTable(m *monthRows) *table {
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
