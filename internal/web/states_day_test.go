package web

import (
	"extrato/internal/books"
	"extrato/internal/figures"
)

// statesOfDay are the states of the pages of every day.
var statesOfDay = map[string]func(v *visit, text string) []any{
	"day.html": func(v *visit, text string) []any {
		offer := func(e paymentForm) paymentForm {
			options := []group{{Options: []option{{Value: "1", Text: text, Default: "60"}}}, {Name: text, Options: []option{{Value: text, Text: text}}}}
			e.Artists, e.Methods, e.Sessions, e.Clients = options, options, options, []string{text}
			return e
		}
		typedIn := func() *form {
			return v.blankForm(dayField, text, amountField, text, methodField, text, artistField, text, clientField, text, percentField, text,
				sessionField, text, depositField, "1", sessionDayField, text, priceField, text, noteField, text, defaultField, text)
		}
		wrong := typedIn()
		for _, name := range []string{dayField, amountField, methodField, artistField, clientField, percentField, sessionField, sessionDayField, priceField, noteField} {
			wrong.fault(name, text)
		}
		again := typedIn()
		again.Wrong = text
		closed := &closedDay{Text: text, Reopen: link{"/meses/2025/10/reabrir", text}, Statement: link{"/extrato/2025/10", text}}
		line := paymentLine{ID: 7, Client: text, Artist: text, Method: text, Time: text, Session: text, SessionID: 3, Commission: text, Amount: text, Key: text, Version: text, Back: "/caixa"}
		full := dayPage{page: v.page("x", "/caixa"), Day: "2025-10-28", Before: "2025-10-27", After: "2025-10-29", Words: text, Closed: closed,
			Sums: figures.Sums{Revenue: 1, Number: 2}, Methods: []figures.Part[string]{{Of: text}}, Payments: []paymentLine{line, {ID: 8}},
			Expenses: []expenseLine{{text, text, text, text}}, Spent: 1}
		var all []any
		for _, e := range []paymentForm{
			offer(paymentForm{form: wrong}), offer(paymentForm{form: again}), offer(paymentForm{form: typedIn(), Closed: closed}), offer(paymentForm{form: typedIn(), Closed: &closedDay{Text: text}}),
			offer(paymentForm{form: typedIn(), Questions: []string{text, text}, Codes: "equal_payment far_day", Asked: text, Of: 7}), offer(paymentForm{form: typedIn(), Locked: true}),
			{form: v.blankForm().Begin(amountField)},
		} {
			p := full
			p.Entry = e
			all = append(all, p)
		}
		return append(all, dayPage{page: v.page("x", "/caixa"), Day: books.Day(20251028).String(), Entry: paymentForm{form: v.blankForm()}})
	},
}

// partialsOfDay are templates of theirs that no page is.
var partialsOfDay = []string{"line-acts", "ways", "choice", "options", "suggestions", "payment-fields"}
