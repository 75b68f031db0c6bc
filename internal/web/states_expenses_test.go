package web

import "extrato/internal/books"

func init() { //nolint:gochecknoinits // the states of the pages of expenses, commissions and artists stand in a file of their own
	partials = append(partials, "turn", "expense-fields")
	options := func(text string) []group { return []group{{Options: []option{{Value: "1", Text: text}}}} }
	typedIn := func(v *visit, text string) *form {
		return v.blankForm(dayField, text, amountField, text, descriptionField, text, categoryField, text, methodField, text, versionField, text)
	}
	entry := func(v *visit, text string) expenseForm {
		return expenseForm{form: typedIn(v, text), Methods: options(text), Categories: []string{text}}
	}
	wrong := func(v *visit, text string) expenseForm {
		e := entry(v, text)
		for _, name := range []string{dayField, amountField, descriptionField, categoryField, methodField} {
			e.fault(name, text)
		}
		e.Wrong = text
		return e
	}
	history := func(text string) []changeLine {
		return []changeLine{{Who: text, When: text, What: text, Fields: []string{text}, Undo: 7}}
	}
	closed := func(text string) *closedDay {
		return &closedDay{Text: text, Reopen: link{"/meses/2025/10/reabrir", text}, Statement: link{"/extrato/2025/10", text}}
	}
	sums := func(id, text string) *table {
		return &table{ID: id, Title: text, Columns: []column{{Head: text, Class: "who"}, {Head: text}, {Head: text, Class: "num sum"}}, Rows: [][]cell{{{Text: text}, barOf(1, 2), {Text: text}}}}
	}
	month := books.Month{Year: 2025, Month: 10}
	statesOfDay["expenses.html"] = func(v *visit, text string) []any {
		row := expenseRow{ID: 7, Day: text, Description: text, Category: text, Method: text, Amount: text, Key: text, Version: text, Back: "/gastos"}
		full := expensesPage{page: v.page("x", "/gastos"), Words: text, Turn: v.turnMonth("/gastos", month), Entry: wrong(v, text), Expenses: []expenseRow{row, {ID: 8}}, Number: 2, Sum: 1,
			Categories: sums("categorias", text), Methods: sums("formas", text), First: 1, Last: 2, Next: "/gastos?depois=" + text, Closed: closed(text)}
		daily, refused, empty := full, full, full
		daily.Daily, daily.Turn, daily.First = true, v.turnDay("/gastos", 20251028), 51
		refused.Entry.Closed, refused.Closed = closed(text), nil
		refused.Repeat = &repeatForm{form: v.blankForm(), Month: text, Recorded: 1, Open: true, Offered: []repeatLine{{text, text, text, true}, {"b", text, text, false}}}
		refused.Repeat.Wrong = text
		empty.Expenses, empty.Next, empty.Closed, empty.Repeat = nil, "", nil, &repeatForm{form: v.blankForm(), Recorded: 2, Offered: []repeatLine{{text, text, text, true}}}
		return []any{full, daily, refused, empty, expensesPage{page: v.page("x", "/gastos"), Turn: v.turnMonth("/gastos", month), Entry: expenseForm{form: v.blankForm().Begin(amountField)}}}
	}
	statesOfDay["expense.html"] = func(v *visit, text string) []any {
		refused := entry(v, text)
		refused.Of, refused.Closed = 7, closed(text)
		return []any{expensePage{page: v.page("x", "/gastos"), ID: 7, InShort: text, Entry: wrong(v, text), Version: text, DeleteKey: text, History: history(text), Warning: text},
			expensePage{page: v.page("x", "/gastos"), ID: 7, InShort: text, Entry: refused}}
	}
	statesOfDay["commissions.html"] = func(v *visit, text string) []any {
		row := commissionRow{ID: 7, Client: text, Day: text, Artist: text, Payment: text, Percent: text, Amount: text, Note: text}
		full := commissionsPage{page: v.page("x", "/comissoes"), Words: text, Turn: v.turnMonth("/comissoes", month), Sums: []artistSum{{text, "/comissoes?artista=3", text, text}},
			Total: 1, Number: 2, Commissions: []commissionRow{row, {ID: 8}}, First: 1, Last: 2, Next: "/comissoes?depois=" + text, Closed: closed(text)}
		only, own := full, full
		only.Only, only.Turn.KeptName, only.Turn.KeptValue, only.First = text, artistField, text, 51
		own.Own, own.Closed = true, &closedDay{Text: text}
		return []any{full, only, own, commissionsPage{page: v.page("x", "/comissoes"), Turn: v.turnMonth("/comissoes", month)}}
	}
	statesOfDay["commission.html"] = func(v *visit, text string) []any {
		f := v.blankForm(percentField, text, artistField, text, noteField, text)
		for _, name := range []string{percentField, artistField, noteField} {
			f.fault(name, text)
		}
		f.Wrong = text
		return []any{commissionPage{page: v.page("x", "/comissoes"), ID: 7, InShort: text, Payment: 8, Form: f, Artists: options(text), Version: text, DeleteKey: text, History: history(text), Warning: text},
			commissionPage{page: v.page("x", "/comissoes"), ID: 7, Form: v.blankForm(), Artists: options(text)}}
	}
	statesOfDay["artists.html"] = func(v *visit, text string) []any {
		f := v.blankForm(nameField, text, emailField, text, percentField, text)
		for _, name := range []string{nameField, emailField, percentField} {
			f.fault(name, text)
		}
		line := artistLine{ID: 7, Name: text, Percent: text, Role: text, State: text, Class: "fail", Key: text}
		full := artistsPage{page: v.page("x", "/artistas"), Artists: []artistLine{line, {ID: 8, Name: text, State: text}}, Others: []artistLine{line}, New: f}
		same := full
		same.New, same.Same = v.blankForm(nameField, text), &line
		same.New.Wrong = text
		return []any{full, same, artistsPage{page: v.page("x", "/artistas"), New: v.blankForm()}}
	}
	statesOfDay["artist.html"] = func(v *visit, text string) []any {
		typed := func(names ...string) *form {
			f := v.blankForm()
			for _, name := range names {
				f.Values.Set(name, text)
				f.fault(name, text)
			}
			f.Wrong = text
			return f
		}
		full := artistPage{page: v.page("x", "/artistas"), Artist: artistLine{ID: 7, Name: text, Role: text, State: text, Class: "ok"}, Active: true, Key: text, Link: "http://x/convite/" + text,
			Terms: []artistTerm{{text, text, true}, {text, text, false}}, Percent: typed(percentField, fromDayField), Access: typed(emailField).On("acesso-"), Call: typed(nameField).On("nome-")}
		gone := artistPage{page: v.page("x", "/artistas"), Artist: artistLine{ID: 7, Name: text}, Percent: v.blankForm(), Access: v.blankForm().On("acesso-"), Call: v.blankForm().On("nome-")}
		also := full
		also.Also = true
		return []any{full, also, gone}
	}
}
