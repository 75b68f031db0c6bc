package export

import (
	"cmp"
	"slices"

	"extrato/internal/books"
)

// The lists of a statement on paper: a method for each of v4's headings. The
// columns of each are as wide as the text.

// totalOf begins a list's last line.
func (p *pdf) totalOf(i int, n int64) string {
	return p.catalogue.total + ": " + counted(p.counted[i], n)
}

func (p *pdf) payments() {
	shares := map[books.ID]books.Money{}
	for _, c := range of[*books.Commission](p.s.Rows) {
		if c.PaymentID.Valid {
			shares[c.PaymentID.V] += c.Amount
		}
	}
	var rows []paperRow
	for _, r := range of[*books.Payment](p.s.Rows) {
		share := ""
		if amount := shares[r.ID]; amount != 0 {
			share = amount.People()
		}
		rows = append(rows, paperRow{
			[]string{date(r.Date), string(r.ClientName.V), string(r.ArtistName.V), string(r.Method), share, r.Amount.People()}, string(r.Note.V),
		})
	}
	p.list(p.catalogue.payments, []paperColumn{
		{p.date, 20, false}, {p.client, 44, false}, {p.artist, 34, false}, {p.method, 28, false}, {p.commission, 26, true}, {p.amount, 26, true},
	}, rows, []string{p.totalOf(0, p.s.Header.Counts.Payments), "", "", "", "", p.s.Header.Totals.Revenue.People()})
}

func (p *pdf) commissions() {
	var rows []paperRow
	for _, r := range of[*books.Commission](p.s.Rows) {
		rows = append(rows, paperRow{
			[]string{date(r.PaymentDate.V), string(r.ArtistName.V), string(r.ClientName.V), people(r.PaymentAmount), comma(r.Percent.String()), r.Amount.People()}, string(r.Note.V),
		})
	}
	p.list(p.catalogue.commissions, []paperColumn{
		{p.paidOn, 20, false}, {p.artist, 44, false}, {p.client, 46, false}, {p.paid, 26, true}, {p.percent, 16, true}, {p.commission, 26, true},
	}, rows, []string{p.totalOf(2, p.s.Header.Counts.Commissions), "", "", "", "", p.s.Header.Totals.Commissions.People()})
}

func (p *pdf) sessions() {
	var rows []paperRow
	var sum books.Money
	for _, r := range of[*books.Session](p.s.Rows) {
		status, ok := p.statuses[string(r.Status.V)]
		if !ok {
			status = string(r.Status.V)
		}
		sum += r.Amount
		rows = append(rows, paperRow{[]string{date(r.Date), string(r.ClientName.V), string(r.ArtistName.V), status, r.Amount.People()}, string(r.Note.V)})
	}
	p.list(p.catalogue.sessions, []paperColumn{
		{p.date, 20, false}, {p.client, 54, false}, {p.artist, 46, false}, {p.status, 32, false}, {p.amount, 26, true},
	}, rows, []string{p.totalOf(1, p.s.Header.Counts.Sessions), "", "", "", sum.People()})
}

// byArtist lists artists without a commission as well, so that it adds up to the
// revenue.
func (p *pdf) byArtist() {
	var rows []paperRow
	for _, e := range p.s.earners() {
		rows = append(rows, paperRow{cells: []string{e.Name, e.Commission.People(), e.Revenue.People()}})
	}
	t := p.s.Header.Totals
	p.list(p.catalogue.byArtist, []paperColumn{{p.artist, textWidth - 72, false}, {p.commission, 36, true}, {p.revenue, 36, true}},
		rows, []string{p.catalogue.total, t.Commissions.People(), t.Revenue.People()})
}

func (p *pdf) byMethod() {
	var rows []paperRow
	list := slices.Clone(p.s.Header.Totals.ByMethod)
	slices.SortStableFunc(list, func(a, b books.MethodTotal) int { return cmp.Compare(b.Total, a.Total) })
	for _, t := range list {
		rows = append(rows, paperRow{cells: []string{t.Method, t.Total.People()}})
	}
	p.list(p.catalogue.byMethod, []paperColumn{{p.method, textWidth - 36, false}, {p.revenue, 36, true}},
		rows, []string{p.catalogue.total, p.s.Header.Totals.Revenue.People()})
}

func (p *pdf) expenses() {
	var rows []paperRow
	for _, r := range of[*books.Expense](p.s.Rows) {
		rows = append(rows, paperRow{cells: []string{date(r.Date), string(r.Description.V), string(r.Category.V), string(r.Method), r.Amount.People()}})
	}
	p.list(p.catalogue.expenses, []paperColumn{
		{p.date, 20, false}, {p.description, 66, false}, {p.category, 30, false}, {p.method, 36, false}, {p.amount, 26, true},
	}, rows, []string{p.totalOf(3, p.s.Header.Counts.Expenses), "", "", "", p.s.Header.Totals.Expenses.People()})
}
