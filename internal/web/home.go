package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/figures"
	"extrato/internal/store"
)

// homePage is the first page after the login: waiting tasks, and the month so far.
type homePage struct {
	page
	Today   string
	Tasks   []task
	Sums    []sum
	SumNote string
	Days    *plot
	DayHead string
	Months  []stripMonth
	Last    *table
	Owing   *table // an artist's own sessions
	Own     bool   // an artist's
	Empty   bool   // nothing is recorded yet
	IsAdmin bool
}

// CanPay reports whether there is a page to record payments on.
func (p homePage) CanPay() bool { return p.v.mayGo("/caixa") }

// CanSpend reports whether there is a page to record expenses on.
func (p homePage) CanSpend() bool { return p.v.mayGo("/gastos") }

// stripMonth is one of the last twelve months.
type stripMonth struct {
	Link, Name, Net string
	Tag             stateTag
	Open            bool
}

func (v *visit) home() error {
	if v.who.Role == auth.Reception && v.mayGo("/caixa") {
		return v.to("/caixa")
	}
	today := v.today()
	p := homePage{page: v.page(v.t("nav home"), "/"), Own: v.who.Role == auth.Artist, IsAdmin: v.who.May(auth.Manage)}
	p.Today = v.t("weekday of month", capital(v.lang.days[v.Now().Weekday()]), today.Number(), v.lang.month(today.Month()))
	var all []closing.MonthInfo
	if p.IsAdmin {
		tasks, months, err := v.readTasks()
		if err != nil {
			return err
		}
		p.Tasks, all = tasks, months
		if p.Empty, err = v.addSteps(&p); err != nil {
			return err
		}
	}
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		if p.IsAdmin && !p.Empty {
			if err := v.addOwing(ctx, tx, &p); err != nil {
				return err
			}
			if err := v.addStrip(ctx, tx, &p, all); err != nil {
				return err
			}
		}
		if p.Empty {
			return nil
		}
		if p.Own {
			if err := v.addToReceive(ctx, tx, &p); err != nil {
				return err
			}
		}
		return v.addMonth(ctx, tx, &p)
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "home.html", p)
}

// addSteps adds the remaining first steps, and reports whether the books are
// empty.
func (v *visit) addSteps(p *homePage) (empty bool, err error) {
	steps, err := v.steps()
	if err != nil || steps == nil {
		return false, err
	}
	if n := steps.Left(); n > 0 {
		p.Tasks = append(p.Tasks, task{Tag: stateTag{v.t("first steps"), ""}, Title: v.some(int64(n), "steps left"), Text: v.t("steps text"), Link: link{"/comecar", v.t("go on")}})
	}
	return true, nil
}

// recentDays is how long an owing session stays on Início.
const recentDays = 30

// addOwing adds the owing sessions of the last days.
func (v *visit) addOwing(ctx context.Context, tx *store.Tx, p *homePage) error {
	today := v.today()
	owing, err := tx.SumSessions(ctx, store.Wanted{Filter: store.Filter{Owing: true, From: today.Add(-recentDays), To: today}}, today)
	if err != nil || owing.Number == 0 {
		return err
	}
	p.Tasks = append(p.Tasks, task{Tag: stateTag{v.t("to receive"), ""}, Title: v.some(owing.Number, "sessions owing"), Text: v.t("owed text", owing.Owed.People()), Link: link{sessionsPath, v.t("receive")}})
	return nil
}

// addToReceive adds an artist's own owing sessions.
func (v *visit) addToReceive(ctx context.Context, tx *store.Tx, p *homePage) error {
	const most = 5
	w := store.Wanted{Kind: books.SessionKind, Artist: v.who.UserID, Limit: most, Filter: store.Filter{Owing: true}}
	sums, err := tx.SumSessions(ctx, w, v.today())
	if err != nil || sums.Number == 0 {
		return err
	}
	rows, _, err := v.owingSessions(ctx, tx, w)
	if err != nil {
		return err
	}
	lines, err := v.sessionLines(ctx, tx, rows)
	p.Owing = &table{ID: "receber", Title: v.t("owed"), Note: v.t("owing sum", v.some(sums.Number, "sessions count"), sums.Owed.People()), Columns: []column{
		{Head: v.t("client"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("state")}, {Head: v.t("owed short"), Class: "num sum"},
	}}
	for _, l := range lines {
		p.Owing.Rows = append(p.Owing.Rows, []cell{{Text: l.Client, Link: sessionPath(l.ID)}, {Text: l.Day}, {Text: l.Tag.Text, Tag: l.Tag.Class}, {Text: l.Owed}})
	}
	return err
}

// addMonth adds the month so far, and its last payments.
func (v *visit) addMonth(ctx context.Context, tx *store.Tx, p *homePage) error {
	today := v.today()
	soFar, err := figures.MonthSoFar(ctx, tx, today)
	if err != nil {
		return err
	}
	artist := books.ID(0)
	if p.Own {
		artist = v.who.UserID
		soFar.Now, soFar.LastMonth, soFar.LastYear = soFar.Now.OfArtist(artist), soFar.LastMonth.OfArtist(artist), soFar.LastYear.OfArtist(artist)
	}
	p.Sums, p.SumNote = v.soFar(soFar, p.Own), v.t("same days", today.Number())
	p.DayHead = v.t("day by day", capital(v.lang.months[today.Month().Month]))
	p.Days = v.dayPlot(soFar.Now, today.Month(), today.Number())
	p.Days.Label = v.t("plot of days", v.lang.months[today.Month().Month], sumOn(soFar.Now, today).People())
	rows, _, err := tx.ListRecords(ctx, store.Wanted{Kind: books.PaymentKind, Artist: artist, Limit: 5})
	if err != nil {
		return err
	}
	p.Last = v.lastPayments(rows, p.Own)
	return nil
}

// sumOn is the revenue of a day.
func sumOn(f figures.Figures, day books.Day) (sum books.Money) {
	for _, s := range f {
		if s.Day == day {
			sum += s.Revenue
		}
	}
	return sum
}

// soFar shows the month until today, each figure beside those of the same days
// of last month and of last year.
func (v *visit) soFar(s figures.SoFar, own bool) []sum {
	now, month, year := s.Now.Total(), s.LastMonth.Total(), s.LastYear.Total()
	today := v.today().Month()
	against := func(now, month, year books.Money) []string {
		return []string{v.compared(now, month, v.lang.months[today.Add(-1).Month]), v.compared(now, year, v.short(today.Add(-12), true))}
	}
	if own {
		return []sum{
			{Label: v.t("produced"), Value: now.Revenue.People(), Notes: against(now.Revenue, month.Revenue, year.Revenue)},
			{Label: v.t("my commission"), Value: now.Commissions.People(), Notes: against(now.Commissions, month.Commissions, year.Commissions), Total: true},
		}
	}
	return []sum{
		{Label: v.t("revenue"), Value: now.Revenue.People(), Notes: against(now.Revenue, month.Revenue, year.Revenue)},
		{Label: v.t("commissions"), Value: less(now.Commissions), Notes: against(now.Commissions, month.Commissions, year.Commissions)},
		{Label: v.t("expenses"), Value: less(now.Expenses), Notes: against(now.Expenses, month.Expenses, year.Expenses)},
		{Label: v.t("net"), Value: equals(now.Net()), Notes: against(now.Net(), month.Net(), year.Net()), Total: true},
	}
}

// compared says how much more or less an amount is than another one. An earlier
// amount of zero or less has no percentage.
func (v *visit) compared(now, before books.Money, name string) string {
	if before <= 0 {
		return v.t("was", signed(before), name)
	}
	change := 100 * float64(now-before) / float64(before)
	switch {
	case change >= 0.5:
		return v.t("more than", fmt.Sprintf("%.0f", change), name)
	case change <= -0.5:
		return v.t("less than", fmt.Sprintf("%.0f", -change), name)
	}
	return v.t("same as", name)
}

// addStrip adds the last twelve months.
func (v *visit) addStrip(ctx context.Context, tx *store.Tx, p *homePage, all []closing.MonthInfo) error {
	const most = 12
	running := v.today().Month()
	sums, err := figures.Months(ctx, tx, running, most)
	if err != nil {
		return err
	}
	info := map[books.Month]closing.MonthInfo{}
	for _, m := range all {
		info[m.Month] = m
	}
	for _, s := range sums {
		m, known := info[s.Month]
		if !known {
			continue
		}
		closed := m.State == closing.IsClosed || m.State == closing.Late
		one := stripMonth{
			Link: historyPath(s.Month), Tag: v.stateOf(m), Open: !closed, Name: v.short(s.Month, len(p.Months) == 0 || s.Month.Month == 1),
			Net: strings.TrimPrefix(strings.Replace(s.Net().People(), "-", "−", 1), "R$ "),
		}
		if closed {
			one.Link = statementPath(s.Month)
		}
		one.Net = strings.Replace(one.Net, "−R$ ", "−", 1)
		p.Months = append(p.Months, one)
	}
	return nil
}

func (v *visit) lastPayments(rows []books.Row, own bool) *table {
	t := &table{ID: "ultimos", Title: v.t("last entries"), Empty: v.t("no payments"), Columns: []column{
		{Head: v.t("client"), Class: "who"}, {Head: v.t("artist")}, {Head: v.t("method")}, {Head: v.t("when")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	if own {
		t.Title = v.t("my last entries")
	}
	for _, row := range rows {
		p := row.(*books.Payment)
		when := v.shortDay(p.Date)
		if p.Date == v.today() {
			when = v.t("today")
			if p.CreatedAt.Valid && books.DayOf(p.CreatedAt.V.Time().In(v.Store.Zone())) == p.Date {
				when += " " + p.CreatedAt.V.Time().In(v.Store.Zone()).Format("15:04")
			}
		}
		who := cell{Text: v.orNobody(p.ClientName)}
		if v.mayGo("/pagamentos") {
			who.Link = "/pagamentos/" + strconv.FormatInt(int64(p.ID), 10)
		}
		t.Rows = append(t.Rows, []cell{who, {Text: string(p.ArtistName.V)}, {Text: string(p.Method)}, {Text: when}, {Text: p.Amount.People()}})
	}
	t.Foot = make([]cell, len(t.Columns))
	t = v.without(t, 1, own)
	t.Foot = nil
	return t
}
