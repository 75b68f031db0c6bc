package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"extrato/internal/books"
	"extrato/internal/store"
)

// commissionsPage is the page /comissoes: a month's commissions.
type commissionsPage struct {
	page
	Words       string // the month
	Turn        turn
	Only        string // the artist asked for
	Sums        []artistSum
	Total       books.Money
	Number      int
	Commissions []commissionRow
	First, Last int    // of the commissions shown
	Next        string // address of those behind them
	Closed      *closedDay
	Own         bool // an artist's own
}

// artistSum is the sum of an artist's commissions.
type artistSum struct{ Name, Link, Amount, Number string }

// commissionRow is a commission in the list.
type commissionRow struct {
	ID                                                  books.ID
	Client, Day, Artist, Payment, Percent, Amount, Note string
}

// Start is the address of the first part of the list.
func (p commissionsPage) Start() string { return commissionsAt(p.Turn.Value, p.Turn.KeptValue) }

// commissionsAt is the address of a month's commissions, of all artists or one.
func commissionsAt(month, artist string) string {
	q := url.Values{monthFilter: {month}}
	if artist != "" {
		q.Set(artistField, artist)
	}
	return "/comissoes?" + q.Encode()
}

func (v *visit) commissionsPage() error {
	f := &form{v: v, Values: v.r.URL.Query()}
	only := v.onlyArtist()
	month := v.monthAsked(f)
	p := commissionsPage{page: v.page(v.t("nav commissions"), "/comissoes"), Words: capital(v.lang.month(month)), Turn: v.turnMonth("/comissoes", month), Own: only != 0}
	w := store.Wanted{Kind: books.CommissionKind, Month: month, Artist: only, Limit: onPage, After: after(f, books.CommissionKind)}
	if !p.Own && f.Value(artistField) != "" {
		if w.Artist = f.id(artistField); w.Artist != 0 {
			p.Turn.KeptName, p.Turn.KeptValue = artistField, idText(w.Artist)
		}
	}
	status := http.StatusOK
	if !f.OK() {
		status = http.StatusUnprocessableEntity
	}
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		if _, closed, err := tx.MonthClosed(ctx, month); err != nil {
			return err
		} else if closed {
			p.Closed = v.closedDay(month)
		}
		return v.fillCommissions(ctx, tx, &p, w)
	})
	if err != nil {
		return err
	}
	return v.show(status, "commissions.html", p)
}

// fillCommissions reads the rows and the sums of the list.
func (v *visit) fillCommissions(ctx context.Context, tx *store.Tx, p *commissionsPage, w store.Wanted) error {
	sums, err := tx.SumCommissions(ctx, w)
	if err != nil {
		return err
	}
	p.Number, p.Total, p.Sums, p.Commissions = 0, 0, nil, nil // the transaction may run again
	for _, s := range sums {
		p.Number, p.Total = p.Number+int(s.Number), p.Total+s.Amount
		p.Sums = append(p.Sums, artistSum{s.Name, commissionsAt(p.Turn.Value, idText(s.Artist)), s.Amount.People(), v.some(s.Number, "commissions count")})
	}
	if p.Turn.KeptValue != "" {
		user, err := tx.UserByID(ctx, w.Artist)
		if err != nil {
			return err
		}
		p.Only = user.Name
	}
	rows, more, err := tx.ListRecords(ctx, w)
	if err != nil {
		return err
	}
	for _, row := range rows {
		p.Commissions = append(p.Commissions, v.commissionRow(row.(*books.Commission)))
	}
	seen, err := strconv.Atoi(v.r.URL.Query().Get(shownFilter))
	if err != nil || seen < 0 || w.After == (store.Position{}) {
		seen = 0
	}
	p.First, p.Last = seen+1, seen+len(rows)
	if more != (store.Position{}) {
		p.Next = p.Start() + "&" + url.Values{afterFilter: {positionText(more)}, shownFilter: {strconv.Itoa(p.Last)}}.Encode()
	}
	return nil
}

func (v *visit) commissionRow(c *books.Commission) commissionRow {
	r := commissionRow{
		ID: c.ID, Client: string(c.ClientName.V), Artist: string(c.ArtistName.V), Percent: v.percent(c.Percent) + " %", Amount: c.Amount.People(), Note: string(c.Note.V),
	}
	if c.PaymentDate.Valid {
		r.Day = c.PaymentDate.V.People()
	}
	if c.PaymentAmount.Valid {
		r.Payment = c.PaymentAmount.V.People()
	}
	return r
}
