package web

import (
	"net/url"

	"extrato/internal/books"
	"extrato/internal/figures"
	"extrato/internal/store"
)

// paymentTyped is a payment's form with a text in every field.
func paymentTyped(v *visit, text string) *form {
	return v.blankForm(dayField, text, amountField, text, methodField, text, artistField, text, clientField, text, percentField, text,
		sessionField, text, depositField, "1", sessionDayField, text, priceField, text, noteField, text, defaultField, text)
}

// offering is a payment's form that offers a text everywhere.
func offering(e paymentForm, text string) paymentForm {
	options := []group{{Options: []option{{Value: "1", Text: text, Default: "60"}}}, {Name: text, Options: []option{{Value: text, Text: text}}}}
	e.Artists, e.Methods, e.Sessions, e.Clients = options, options, options, []string{text}
	return e
}

// statesOfDay are the states of the pages of every day.
var statesOfDay = map[string]func(v *visit, text string) []any{
	"day.html": func(v *visit, text string) []any {
		offer := func(e paymentForm) paymentForm { return offering(e, text) }
		typedIn := func() *form { return paymentTyped(v, text) }
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
			Expenses: []expenseLine{{text, text, text, text, 7}}, Spent: 1}
		var all []any
		for _, e := range []paymentForm{
			offer(paymentForm{form: wrong}), offer(paymentForm{form: again}), offer(paymentForm{form: typedIn(), Closed: closed}), offer(paymentForm{form: typedIn(), Closed: &closedDay{Text: text}}),
			offer(paymentForm{form: typedIn(), Questions: []string{text, text}, Codes: "equal_payment far_day", Asked: text, Of: 7}), offer(paymentForm{form: typedIn(), Locked: true}),
			{form: v.blankForm().Begin(amountField), Artists: []group{{}}},
		} {
			p := full
			p.Entry = e
			all = append(all, p)
		}
		return append(all, dayPage{page: v.page("x", "/caixa"), Day: books.Day(20251028).String(), Entry: paymentForm{form: v.blankForm()}})
	},
	"payment.html": func(v *visit, text string) []any {
		shares := v.blankForm("artista1", "1", "percentual1", text, "obs1", text, "artista2", text, "percentual2", "", "obs2", "")
		shares.fault("artista1", text)
		wrongShares := v.blankForm("artista1", text)
		wrongShares.Wrong = text
		full := paymentPage{page: v.page("x", "/pagamentos"), ID: 7, InShort: text, Version: text, DeleteKey: text, Session: text, Warning: text,
			Entry:   offering(paymentForm{form: paymentTyped(v, text), Of: 7}, text),
			Split:   &splitForm{form: shares, Rows: []methodRow{{1, shares}, {2, shares}}, Artists: []group{{Options: []option{{Value: "1", Text: text}}}}},
			History: []changeLine{{Who: text, When: text, What: text, Fields: []string{text, text}, Undo: 7}, {Who: text}},
		}
		locked := full
		locked.Entry.Locked, locked.Split = true, &splitForm{form: wrongShares}
		return []any{full, locked, paymentPage{page: v.page("x", "/pagamentos"), ID: 7, InShort: text, Facts: []pair{{Label: text, Value: text}}},
			paymentPage{page: v.page("x", "/pagamentos"), ID: 7, Entry: paymentForm{form: v.blankForm(), Of: 7}}}
	},
	"payments.html": func(v *visit, text string) []any {
		wrong := v.blankForm(monthFilter, text, fromFilter, text, toFilter, text, textFilter, text, methodField, text, artistField, text, dayFilter, text, noClientFilter, "1")
		wrong.fault(monthFilter, text)
		options := []group{{Options: []option{{Value: "1", Text: text}}}}
		line := paymentLine{ID: 7, Client: text, Artist: text, Method: text, Day: text, Session: text, Commission: text, Amount: text, Key: text, Version: text, Back: text}
		full := paymentsPage{page: v.page("x", "/pagamentos"), Filter: wrong, Artists: options, Methods: options, Client: text, Sums: store.PaymentSums{Number: 2},
			Payments: []paymentLine{line, {ID: 8}}, First: 1, Last: 2, Next: "/pagamentos?" + url.QueryEscape(text), CSV: "/pagamentos.csv?" + url.QueryEscape(text),
			Closed: &closedDay{Text: text, Statement: link{"/extrato/2025/10", text}}}
		daily, own, later := full, full, full
		daily.Daily, own.Own, later.First, later.Next = true, true, 51, ""
		return []any{full, daily, own, later, paymentsPage{page: v.page("x", "/pagamentos"), Filter: v.blankForm()}}
	},
	"clients.html": func(v *visit, text string) []any {
		wrong := v.blankForm("nome", text).On("novo-")
		wrong.fault("nome", text)
		asked := v.blankForm("nome", text).On("novo-")
		asked.Wrong = text
		full := clientsPage{page: v.page("x", "/clientes"), Search: v.blankForm("q", text).On("busca-"), Clients: []store.ClientName{{ID: 7, Name: text}}, More: true, New: wrong}
		same := full
		same.New, same.Same = asked, &store.ClientName{ID: 7, Name: text}
		return []any{full, same, clientsPage{page: v.page("x", "/clientes"), Search: v.blankForm().On("busca-"), New: v.blankForm().On("novo-")}}
	},
	"versions.html": func(v *visit, text string) []any {
		rows := []versionRow{{text, text, "x"}, {text, text, text}}
		full := versionsPage{page: v.page("x", "/pagamentos"), Action: "/pagamentos/7", Text: text, Rows: rows, Mine: &keptForm{"/pagamentos/7", url.Values{noteField: {text}}, v}}
		gone, lost, closed := full, full, full
		lost.Gone, lost.Lost = true, true
		gone.Gone, closed.Closed = true, &closedDay{Text: text, Reopen: link{"/x", text}}
		return []any{full, gone, lost, closed}
	},
}

// partialsOfDay are templates of theirs that no page is.
var partialsOfDay = []string{"line-acts", "ways", "choice", "options", "suggestions", "payment-fields", "history"}
