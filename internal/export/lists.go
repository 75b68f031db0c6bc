package export

import "extrato/internal/books"

// The lists of a printed statement: a method for each of v4's headings.

func (p *printer) payments(list []*books.Payment) {
	rows := make([][]string, 0, len(list))
	for _, r := range list {
		rows = append(rows, []string{
			date(r.Date), Visible(string(r.ClientName.V)), Visible(string(r.ArtistName.V)), Visible(string(r.Method)),
			r.Amount.People(), Visible(string(r.Note.V)),
		})
	}
	p.table(p.catalogue.payments, []column{
		{title: p.date}, {title: p.client, most: nameWidth}, {title: p.artist, most: nameWidth}, {title: p.method, most: nameWidth},
		{title: p.amount, right: true}, {title: p.note, most: noteWidth},
	}, rows)
}

func (p *printer) commissions(list []*books.Commission) {
	rows := make([][]string, 0, len(list))
	for _, r := range list {
		paid := ""
		if r.PaymentAmount.Valid {
			paid = r.PaymentAmount.V.People()
		}
		rows = append(rows, []string{
			date(r.PaymentDate.V), Visible(string(r.ArtistName.V)), Visible(string(r.ClientName.V)), paid,
			comma(r.Percent.String()), r.Amount.People(), Visible(string(r.Note.V)),
		})
	}
	p.table(p.catalogue.commissions, []column{
		{title: p.paidOn}, {title: p.artist, most: nameWidth}, {title: p.client, most: nameWidth}, {title: p.paid, right: true},
		{title: p.percent, right: true}, {title: p.commission, right: true}, {title: p.note, most: noteWidth},
	}, rows)
}

func (p *printer) sessions(list []*books.Session) {
	rows := make([][]string, 0, len(list))
	for _, r := range list {
		status, ok := p.statuses[string(r.Status.V)]
		if !ok {
			status = Visible(string(r.Status.V))
		}
		rows = append(rows, []string{
			date(r.Date), Visible(string(r.ClientName.V)), Visible(string(r.ArtistName.V)), status,
			r.Amount.People(), Visible(string(r.Note.V)),
		})
	}
	p.table(p.catalogue.sessions, []column{
		{title: p.date}, {title: p.client, most: nameWidth}, {title: p.artist, most: nameWidth}, {title: p.status, most: nameWidth},
		{title: p.amount, right: true}, {title: p.note, most: noteWidth},
	}, rows)
}

func (p *printer) byArtist(list []books.ArtistTotal) {
	rows := make([][]string, 0, len(list))
	for _, t := range list {
		rows = append(rows, []string{Visible(t.Artist), t.Revenue.People(), t.Commission.People()})
	}
	p.table(p.catalogue.byArtist, []column{
		{title: p.artist, most: nameWidth}, {title: p.revenue, right: true}, {title: p.commission, right: true},
	}, rows)
}

func (p *printer) byMethod(list []books.MethodTotal) {
	rows := make([][]string, 0, len(list))
	for _, t := range list {
		rows = append(rows, []string{Visible(t.Method), t.Total.People()})
	}
	p.table(p.catalogue.byMethod, []column{{title: p.method, most: nameWidth}, {title: p.total, right: true}}, rows)
}

func (p *printer) expenses(list []*books.Expense) {
	rows := make([][]string, 0, len(list))
	for _, r := range list {
		rows = append(rows, []string{
			date(r.Date), Visible(string(r.Description.V)), Visible(string(r.Method)), r.Amount.People(),
		})
	}
	p.table(p.catalogue.expenses, []column{
		{title: p.date}, {title: p.description, most: noteWidth}, {title: p.method, most: nameWidth}, {title: p.amount, right: true},
	}, rows)
}
