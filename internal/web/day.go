package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"extrato/internal/books"
	"extrato/internal/figures"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// dayPage is the page /caixa/{day}.
type dayPage struct {
	page
	Day, Before, After string // as addresses have them
	Words              string
	Sums               figures.Sums
	Methods            []figures.Part[string]
	Entry              paymentForm
	Payments           []paymentLine
	Expenses           []expenseLine
	Spent              books.Money
	Closed             *closedDay
	IsClosed           bool // its rows are in a statement
}

// paymentLine is a payment in a list.
type paymentLine struct {
	ID                                    books.ID
	Client, Artist, Method, Time, Session string
	Day                                   string
	SessionID                             books.ID
	Commission, Amount                    string
	Key, Version                          string // of the form to delete it; no key, no form
	Back                                  string
}

// Name is the line's name in its links.
func (l paymentLine) Name() string { return cmp.Or(l.Client, l.Time, l.Day) }

type expenseLine struct {
	Description, Method, Amount, Name string
	ID                                books.ID
}

// mostOfDay is how many rows of one day a page shows.
const mostOfDay = 500

// dayFor redirects to a day's sheet: that of the date field, or today's.
func (v *visit) dayFor() error {
	q := v.r.URL.Query()
	day := v.today()
	if text := q.Get("dia"); text != "" {
		f := v.blankForm("dia", text)
		if d := f.day("dia"); f.OK() {
			day = d
		} else {
			v.say(flash{Text: f.Error("dia"), Warn: true})
		}
		q.Del("dia")
	}
	path := "/caixa/" + day.String()
	if rest := q.Encode(); rest != "" {
		path += "?" + rest
	}
	return v.to(path)
}

// pathDay is the day in the address.
func (v *visit) pathDay() (books.Day, error) {
	day, err := books.ParseDay(v.r.PathValue("day"))
	if err != nil || !day.Month().Valid() {
		return 0, errNoPage
	}
	return day, nil
}

func (v *visit) dayPage() error {
	day, err := v.pathDay()
	if err != nil {
		return err
	}
	return v.showDay(http.StatusOK, day, nil)
}

// showDay shows the sheet of a day, with the form as it was typed or a new one.
func (v *visit) showDay(status int, day books.Day, e *paymentForm) error {
	p := dayPage{page: v.page(v.t("day sheet"), "/caixa"), Day: day.String(), Before: day.Add(-1).String(), After: day.Add(1).String(), Words: v.dayInWords(day)}
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		f, err := figures.Days(ctx, tx, day, day)
		if err != nil {
			return err
		}
		p.Sums, p.Methods = f.Total(), f.ByMethod()
		slices.SortStableFunc(p.Methods, func(a, b figures.Part[string]) int { return cmp.Compare(b.Revenue, a.Revenue) })
		if p.Payments, err = v.paymentsOf(ctx, tx, day); err != nil {
			return err
		}
		if err := v.expensesOf(ctx, tx, day, &p); err != nil {
			return err
		}
		if _, closed, err := tx.MonthClosed(ctx, day.Month()); err != nil {
			return err
		} else if closed {
			p.Closed, p.IsClosed = v.closedDay(day.Month()), true
		}
		if e == nil {
			if e, err = v.newEntry(ctx, tx, day); err != nil {
				return err
			}
		}
		return v.offer(ctx, tx, e, day, nil)
	})
	if err != nil {
		return err
	}
	if e.Closed != nil {
		p.Closed = nil // the form says it
	}
	p.Entry = *e
	return v.show(status, "day.html", p)
}

// newEntry is the form to begin with: method and artist stay as in the last
// entry, and the address may fill more in.
func (v *visit) newEntry(ctx context.Context, tx *store.Tx, day books.Day) (*paymentForm, error) {
	f := v.blankForm(dayField, day.String()).Begin(amountField)
	last, err := tx.LastPaymentBy(ctx, v.who.By)
	if err != nil {
		return nil, err
	}
	if last != nil {
		f.Values.Set(methodField, string(last.Method))
		f.Values.Set(artistField, idText(last.ArtistID))
	}
	q := v.r.URL.Query()
	for _, name := range []string{amountField, methodField, artistField, clientField, percentField, noteField, depositField, eventField} {
		if q.Has(name) {
			f.Values.Set(name, strings.ToValidUTF8(q.Get(name), "�"))
		}
	}
	if err := v.fillFromSession(ctx, tx, f, q.Get(sessionField)); err != nil {
		return nil, err
	}
	return &paymentForm{form: f}, v.fillPercent(ctx, tx, f, day)
}

// fillFromSession fills in a session's owed amount, client and artist.
func (v *visit) fillFromSession(ctx context.Context, tx *store.Tx, f *form, id string) error {
	wanted := v.blankForm(sessionField, id)
	session := wanted.id(sessionField)
	if session == 0 || !wanted.OK() {
		return nil
	}
	list, err := tx.OpenSessions(ctx, store.OpenSessions{ID: session, Unpriced: true, Limit: 1})
	if err != nil || len(list) == 0 {
		return err
	}
	s := list[0]
	f.Values.Set(sessionField, idText(s.ID))
	f.Values.Set(clientField, s.ClientName)
	f.Values.Set(artistField, idText(s.Artist))
	if f.Value(amountField) == "" && s.Owed() > 0 {
		f.Values.Set(amountField, plainMoney(s.Owed()))
	}
	return nil
}

// fillPercent begins with the default percent of the artist, the first if none
// is chosen.
func (v *visit) fillPercent(ctx context.Context, tx *store.Tx, f *form, day books.Day) error {
	artists, err := v.artists(ctx, tx)
	if err != nil || len(artists) == 0 {
		return err
	}
	if !slices.ContainsFunc(artists, func(a artist) bool { return idText(a.ID) == f.Value(artistField) }) {
		f.Values.Set(artistField, idText(artists[0].ID))
	}
	percent, err := tx.ArtistPercent(ctx, f.id(artistField), day)
	shown := v.shownPercent(percent)
	if !f.Has(percentField) {
		f.Values.Set(percentField, shown)
	}
	f.Values.Set(defaultField, f.Value(artistField)+":"+shown)
	return err
}

// plainMoney is an amount as a field begins with it: 1.234,56.
func plainMoney(m books.Money) string { return strings.TrimPrefix(m.People(), "R$ ") }

// paymentsOf returns a day's payments, newest first.
func (v *visit) paymentsOf(ctx context.Context, tx *store.Tx, day books.Day) ([]paymentLine, error) {
	rows, _, err := tx.ListRecords(ctx, store.Wanted{Kind: books.PaymentKind, Limit: mostOfDay, Filter: store.Filter{From: day, To: day}})
	if err != nil {
		return nil, err
	}
	return v.paymentLines(ctx, tx, rows, 0, "/caixa/"+day.String())
}

// paymentLines shows payments as lines, with the commissions of one artist or,
// if that is 0, of everybody. Their delete forms lead back to a page.
func (v *visit) paymentLines(ctx context.Context, tx *store.Tx, rows []books.Row, artist books.ID, back string) ([]paymentLine, error) {
	ids := idsOf(rows)
	commissions, err := tx.CommissionsOfAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	versions, err := paymentVersions(ctx, tx, ids, commissions)
	if err != nil {
		return nil, err
	}
	key := v.blankForm().Key
	lines := make([]paymentLine, len(rows))
	for i, row := range rows {
		p := row.(*books.Payment)
		l := paymentLine{
			ID: p.ID, Day: p.Date.People(), Client: string(p.ClientName.V), Artist: string(p.ArtistName.V), Method: string(p.Method),
			Amount: p.Amount.People(), Version: versions[p.ID], Key: key + "-" + idText(p.ID), Back: back,
		}
		if p.CreatedAt.Valid {
			l.Time = p.CreatedAt.V.Time().In(v.Store.Zone()).Format("15:04")
		}
		if sum := sumOf(commissions[p.ID], artist); sum > 0 {
			l.Commission = sum.People()
		}
		switch {
		case bool(p.Deposit):
			l.Session, l.SessionID = v.t("a deposit"), p.SessionID.V
		case p.SessionID.Valid && p.SessionDate.Valid:
			l.Session, l.SessionID = v.t("session of", v.dayAndMonth(p.SessionDate.V)), p.SessionID.V
		}
		lines[i] = l
	}
	return lines, nil
}

// sumOf adds up commissions: one artist's or, if that is 0, all.
func sumOf(list []*books.Commission, artist books.ID) (sum books.Money) {
	for _, c := range list {
		if artist == 0 || c.ArtistID == artist {
			sum += c.Amount
		}
	}
	return sum
}

func (v *visit) expensesOf(ctx context.Context, tx *store.Tx, day books.Day, p *dayPage) error {
	rows, _, err := tx.ListRecords(ctx, store.Wanted{Kind: books.ExpenseKind, Limit: mostOfDay, Filter: store.Filter{From: day, To: day}})
	for _, row := range rows {
		e := row.(*books.Expense)
		p.Spent += e.Amount
		p.Expenses = append(p.Expenses, expenseLine{
			Description: string(e.Description.V), Method: string(e.Method), Amount: e.Amount.People(), Name: cmp.Or(string(e.Description.V), e.Amount.People()), ID: e.ID,
		})
	}
	return err
}

// dayInWords is a day as one speaks of it: Sexta-feira, hoje.
func (v *visit) dayInWords(d books.Day) string {
	weekday := capital(v.lang.days[d.In(v.Store.Zone()).Weekday()])
	switch today := v.today(); d {
	case today:
		return v.t("weekday today", weekday)
	case today.Add(-1):
		return v.t("weekday yesterday", weekday)
	case today.Add(1):
		return v.t("weekday tomorrow", weekday)
	}
	return v.t("weekday of month", weekday, d.Number(), v.name(d.Month()))
}

// Number is how many payments there are.
func (p dayPage) Number() int { return int(p.Sums.Number) }

// Shares reports whether commissions are shown.
func (p dayPage) Shares() bool { return p.v.mayShare() }

// MayExpense reports whether there is a page for the expenses.
func (p dayPage) MayExpense() bool { return p.v.mayGo("/gastos") }

// addPayment writes a payment down.
func (v *visit) addPayment() error {
	day, err := v.pathDay()
	if err != nil {
		return err
	}
	e := &paymentForm{form: v.form()}
	meant := v.readEntry(e.form)
	meant.GoogleEventID = e.event()
	if !e.OK() {
		return v.showDay(http.StatusUnprocessableEntity, day, e)
	}
	err = v.once(e.form, func(ctx context.Context, tx *store.Tx) (done, error) {
		n := meant
		if err := v.bySession(ctx, tx, &n, books.Ref{}); err != nil {
			return done{}, err
		}
		d, err := v.Recording.AddPayment(ctx, tx, v.who.By, n)
		if err != nil {
			return done{}, err
		}
		text, err := v.recorded(ctx, tx, d)
		return done{To: "/caixa/" + n.Date.String(), What: n.Amount.People(), Flash: flash{Text: text, Undo: d.Change}}, err
	})
	if err == nil {
		return nil
	}
	if err := v.refuseEntry(e, meant, err); err != nil {
		return err
	}
	return v.showDay(http.StatusUnprocessableEntity, day, e)
}

// recorded describes a recorded payment.
func (v *visit) recorded(ctx context.Context, tx *store.Tx, d recording.Done) (string, error) {
	row, err := tx.Record(ctx, books.PaymentKind, d.ID)
	if err != nil {
		return "", err
	}
	p := row.(*books.Payment)
	text := v.t("recorded", p.Amount.People())
	if p.ClientName.Valid {
		text = v.t("recorded of", p.Amount.People(), shortened(string(p.ClientName.V), 120))
	}
	if v.mayShare() {
		list, err := tx.CommissionsOf(ctx, d.ID)
		switch {
		case err != nil:
			return "", err
		case len(list) == 0:
			text += v.t("without commission")
		default:
			text += v.t("with commission", sumOf(list, 0).People())
		}
	}
	text += "."
	if d.Client != 0 {
		text += " " + v.t("new client")
	}
	if d.Session != 0 {
		text += " " + v.t("new session", p.SessionDate.V.People())
	}
	return text, nil
}
