package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// The fields of an expense's form that a payment's has not.
const descriptionField, categoryField = "descricao", "categoria"

// expensesPage is the page /gastos: a month's expenses or, for the reception, a
// day's.
type expensesPage struct {
	page
	Words               string // the month, or the day
	Turn                turn
	Entry               expenseForm
	Expenses            []expenseRow
	Number              int64
	Sum                 books.Money
	Categories, Methods *table
	First, Last         int    // of the expenses shown
	Next                string // address of those behind them
	Repeat              *repeatForm
	Closed              *closedDay
	Daily               bool // one day at a time
}

// Total is how many expenses there are.
func (p expensesPage) Total() int { return int(p.Number) }

// Start is the address of the first part of the list.
func (p expensesPage) Start() string { return "/gastos?" + p.Turn.Field + "=" + p.Turn.Value }

// turn leads to the month or day before and after, and to any other.
type turn struct {
	Path, Field, Kind, Value     string // of the form
	Before, After                string // values
	BeforeName, AfterName, Label string // words
	KeptName, KeptValue          string // a filter to keep; no value, none
}

// turnMonth is a turn of the pages of months.
func (v *visit) turnMonth(path string, m books.Month) turn {
	return turn{Path: path, Field: monthFilter, Kind: "month", Value: m.String(), Before: m.Add(-1).String(), After: m.Add(1).String(),
		BeforeName: v.t("month before"), AfterName: v.t("month after"), Label: v.t("field mes")}
}

func (v *visit) turnDay(path string, d books.Day) turn {
	return turn{Path: path, Field: dayFilter, Kind: "date", Value: d.String(), Before: d.Add(-1).String(), After: d.Add(1).String(),
		BeforeName: v.t("day before"), AfterName: v.t("day after"), Label: v.t("field dia")}
}

// expenseForm is the form of an expense, with its choices.
type expenseForm struct {
	*form
	Methods    []group
	Categories []string   // suggestions
	Closed     *closedDay // its day's month is closed
	Of         books.ID   // the expense; 0: a new one
}

// Button sends the form.
func (e expenseForm) Button() string {
	if e.Of != 0 {
		return e.v.t("save")
	}
	return e.v.t("record expense")
}

// expenseRow is an expense in the list.
type expenseRow struct {
	ID                                         books.ID
	Day, Description, Category, Method, Amount string
	Key, Version, Back                         string // of the form to delete it
}

// Name is the row's name in its links.
func (r expenseRow) Name() string { return cmp.Or(r.Description, r.Amount) }

// monthAsked reads the month in the address, this one if there is none.
func (v *visit) monthAsked(f *form) books.Month {
	if f.Value(monthFilter) == "" {
		return v.today().Month()
	}
	month, err := books.ParseMonth(f.Value(monthFilter))
	if err != nil {
		f.fault(monthFilter, v.t("not a month"))
		return v.today().Month()
	}
	return month
}

// dayAsked reads the day in the address, today if there is none.
func (v *visit) dayAsked(f *form) books.Day {
	if f.Value(dayFilter) == "" {
		return v.today()
	}
	day := f.day(dayFilter)
	if !f.OK() {
		return v.today()
	}
	return day
}

func (v *visit) expensesPage() error { return v.showExpenses(http.StatusOK, nil, nil) }

// showExpenses shows a month's expenses, with the forms as they were typed or
// new ones.
func (v *visit) showExpenses(status int, e *expenseForm, repeat *repeatForm) error {
	asked := &form{v: v, Values: v.r.URL.Query()}
	p := expensesPage{page: v.page(v.t("nav expenses"), "/gastos"), Daily: !v.mayShare()}
	w := store.Wanted{Kind: books.ExpenseKind, Limit: onPage, After: after(asked, books.ExpenseKind)}
	var month books.Month
	if p.Daily {
		day := v.dayAsked(asked)
		month, w.From, w.To = day.Month(), day, day
		p.Turn, p.Words = v.turnDay("/gastos", day), v.dayInWords(day)
	} else {
		month = v.monthAsked(asked)
		w.Month = month
		p.Turn, p.Words = v.turnMonth("/gastos", month), capital(v.lang.month(month))
	}
	if !asked.OK() {
		status = http.StatusUnprocessableEntity
	}
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		if _, closed, err := tx.MonthClosed(ctx, month); err != nil {
			return err
		} else if closed {
			p.Closed = v.closedDay(month)
		}
		if err := v.fillExpenses(ctx, tx, &p, w); err != nil {
			return err
		}
		if e == nil {
			e = v.newExpense(&p, month, w.From)
		}
		if !p.Daily && p.Closed == nil {
			if repeat == nil {
				repeat = &repeatForm{form: v.blankForm()}
			}
			if err := v.offerRepeat(ctx, tx, repeat, month); err != nil {
				return err
			}
			p.Repeat = repeat
		}
		return v.offerExpense(ctx, tx, e)
	})
	if err != nil {
		return err
	}
	p.Entry = *e
	if e.Closed != nil {
		p.Closed = nil // the form says it
	}
	return v.show(status, "expenses.html", p)
}

// fillExpenses reads the rows and the sums of the list.
func (v *visit) fillExpenses(ctx context.Context, tx *store.Tx, p *expensesPage, w store.Wanted) error {
	sums, err := tx.SumExpenses(ctx, w)
	if err != nil {
		return err
	}
	p.Number, p.Sum, p.Expenses = 0, 0, nil // the transaction may run again
	for _, s := range sums {
		p.Number, p.Sum = p.Number+s.Number, p.Sum+s.Amount
	}
	if !p.Daily {
		p.Categories = v.expenseTable("categorias", v.t("by category"), v.t("category"), sums, func(s store.ExpenseSum) string { return cmp.Or(s.Category, v.t("no category")) })
		p.Methods = v.expenseTable("formas", v.t("expenses by method"), v.t("method"), sums, func(s store.ExpenseSum) string { return s.Method })
	}
	rows, more, err := tx.ListRecords(ctx, w)
	if err != nil {
		return err
	}
	seen, err := strconv.Atoi(v.r.URL.Query().Get(shownFilter))
	if err != nil || seen < 0 || w.After == (store.Position{}) {
		seen = 0
	}
	p.First, p.Last = seen+1, seen+len(rows)
	if more != (store.Position{}) {
		q := url.Values{p.Turn.Field: {p.Turn.Value}, afterFilter: {positionText(more)}, shownFilter: {strconv.Itoa(p.Last)}}
		p.Next = "/gastos?" + q.Encode()
	}
	versions, err := rowVersions(ctx, tx, books.ExpenseKind, idsOf(rows))
	key := v.blankForm().Key
	for _, row := range rows {
		x := row.(*books.Expense)
		p.Expenses = append(p.Expenses, expenseRow{
			ID: x.ID, Day: x.Date.People(), Description: string(x.Description.V), Category: string(x.Category.V), Method: string(x.Method),
			Amount: x.Amount.People(), Key: key + "-" + idText(x.ID), Version: versions[x.ID], Back: p.Start(),
		})
	}
	return err
}

// expenseTable adds expenses up by something, the largest sum first.
func (v *visit) expenseTable(id, title, head string, sums []store.ExpenseSum, by func(store.ExpenseSum) string) *table {
	type part struct {
		name string
		sum  books.Money
	}
	var parts []part
	for _, s := range sums {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == by(s) })
		if i < 0 {
			i, parts = len(parts), append(parts, part{name: by(s)})
		}
		parts[i].sum += s.Amount
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(b.sum, a.sum), strings.Compare(a.name, b.name)) })
	t := &table{ID: id, Title: title, Columns: []column{{Head: head, Class: "who"}, {Head: v.t("share")}, {Head: v.t("field valor"), Class: "num sum"}}}
	for _, p := range parts {
		t.Rows = append(t.Rows, []cell{{Text: p.name}, barOf(int64(p.sum), int64(parts[0].sum)), {Text: p.sum.People()}})
	}
	return t
}

// newExpense is the form to begin with. The address may fill it in: day and
// method stay as in the entry before.
func (v *visit) newExpense(p *expensesPage, month books.Month, day books.Day) *expenseForm {
	if day == 0 {
		day = v.today()
		if p.Closed == nil && day.Month() != month {
			day = month.Last()
		}
	}
	f := v.blankForm(dayField, day.String()).Begin(amountField)
	q := v.r.URL.Query()
	for _, name := range []string{dayField, amountField, descriptionField, categoryField, methodField} {
		if q.Has(name) {
			f.Values.Set(name, strings.ToValidUTF8(q.Get(name), "�"))
		}
	}
	return &expenseForm{form: f}
}

// offerExpense lists the choices of an expense's form.
func (v *visit) offerExpense(ctx context.Context, tx *store.Tx, e *expenseForm) error {
	terms, err := v.methodTerms(ctx, tx)
	if err != nil {
		return err
	}
	e.Methods = []group{{}}
	for _, m := range methodsOf(terms) {
		e.Methods[0].Options = append(e.Methods[0].Options, option{Value: m, Text: m})
	}
	e.Categories, err = v.Recording.AllCategories(ctx, tx)
	return err
}

// readExpense reads an expense's form.
func (v *visit) readExpense(f *form) books.Expense {
	e := books.Expense{Date: f.day(dayField), Amount: f.money(amountField), CreatedBy: v.who.UserID}
	if f.Has(todayField) {
		e.Date = v.today()
		f.Values.Set(dayField, e.Date.String())
		delete(f.errors, dayField)
	}
	e.Description = books.TextOf(f.required(descriptionField, recording.MaxNote))
	if category := f.text(categoryField, recording.MaxCategory); category != "" {
		e.Category = books.TextOf(category)
	}
	e.Method = books.String(f.required(methodField, recording.MaxMethod))
	return e
}

// expenseFaults say where the refusals of an expense belong.
var expenseFaults = faults{"invalid_day": "data", "invalid_amount": "valor", "missing_amount": "valor", "missing_description": "descricao", "missing_method": "forma"}

// refuseExpense puts the rules' faults of an expense onto its form. It returns
// nil if the form is to be shown again.
func (v *visit) refuseExpense(e *expenseForm, meant books.Expense, err error) error {
	switch {
	case err == nil || e.asks(err):
		return nil
	case books.AsError(err).Code == "month_closed":
		e.Closed = v.closedDay(meant.Date.Month())
		return nil
	}
	return e.refuse(err, expenseFaults)
}

// addExpense writes an expense down.
func (v *visit) addExpense() error {
	e := &expenseForm{form: v.form()}
	meant := v.readExpense(e.form)
	if !e.OK() {
		return v.showExpenses(http.StatusUnprocessableEntity, e, nil)
	}
	err := v.once(e.form, func(ctx context.Context, tx *store.Tx) (done, error) {
		d, err := v.Recording.AddExpense(ctx, tx, v.who.By, meant)
		text := v.t("expense recorded", meant.Amount.People(), shortened(string(meant.Description.V), 120))
		return done{To: v.expensesPath(meant), What: meant.Amount.People(), Flash: flash{Text: text, Undo: d.Change}}, err
	})
	if err == nil {
		return nil
	}
	if err := v.refuseExpense(e, meant, err); err != nil {
		return err
	}
	return v.showExpenses(http.StatusUnprocessableEntity, e, nil)
}

// expensesPath is the list with an expense, its form beginning with the
// expense's day and method.
func (v *visit) expensesPath(e books.Expense) string {
	q := url.Values{dayField: {e.Date.String()}, methodField: {string(e.Method)}}
	if v.mayShare() {
		q.Set(monthFilter, e.Date.Month().String())
	} else {
		q.Set(dayFilter, e.Date.String())
	}
	return "/gastos?" + q.Encode()
}
