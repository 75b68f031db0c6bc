package web

import (
	"net/url"

	"extrato/internal/books"
	"extrato/internal/closing"
)

// statesOfClients are the states of one client's page, of merging and of searching.
var statesOfClients = map[string]func(v *visit, text string) []any{
	"client.html": func(v *visit, text string) []any {
		wrong, others := v.blankForm("nome", text, versionField, text), v.blankForm(clientField, text).On("junta-")
		wrong.fault("nome", text)
		others.fault(clientField, text)
		asked := v.blankForm().On("junta-")
		asked.Wrong = text
		line := paymentLine{ID: 7, Artist: text, Method: text, Day: text, Session: text, Amount: text}
		full := clientPage{page: v.page("x", "/clientes"), ID: 7, Name: text, Also: []string{text, text}, Form: wrong, Merge: others, Others: []string{text},
			Sums: []sum{{Label: text, Value: text, Notes: []string{text}}}, Sessions: v.foundTable(foundOf(text)),
			Payments: []paymentLine{line}, More: true, ClosedLink: "/clientes/7?fechados=1",
			History: []changeLine{{Who: text, When: text, What: text, Fields: []string{text}, Undo: 7}}, Warning: text}
		closed := full
		closed.Sessions, closed.Merge, closed.ClosedLink, closed.Closed = nil, asked, "", closedOf(v, text)
		return []any{full, closed, clientPage{page: v.page("x", "/clientes"), ID: 7, Name: text, Form: v.blankForm(), Merge: v.blankForm().On("junta-")}}
	},
	"merge.html": func(v *visit, text string) []any {
		return []any{mergePage{page: v.page(text, "/clientes"), ID: 7, Name: text, Into: text, Payments: 1, Sessions: 2, Form: v.blankForm(clientField, text), Seen: text}}
	},
	"search.html": func(v *visit, text string) []any {
		full := searchPage{page: v.page("x", "/buscar"), Query: text, People: []peopleFound{{text, []link{{"/clientes/7", text}, {"", text}}, true}},
			Rows: []*table{v.foundRows(books.PaymentKind, text, rowsOf(foundOf(text)), true), v.foundRows(books.ExpenseKind, text, rowsOf(foundOf(text)), false)}, ClosedLink: "/buscar?q=" + url.QueryEscape(text)}
		nothing := searchPage{page: v.page("x", "/buscar"), Query: text, Nothing: true, Closed: closedOf(v, text)}
		return []any{full, nothing, searchPage{page: v.page("x", "/buscar")}}
	},
}

// foundOf are a row of each kind with a text everywhere, in a statement.
func foundOf(text string) (found []closing.FoundRow) {
	t := books.TextOf(text)
	month := books.Month{Year: 2025, Month: 10}
	for _, row := range []books.Row{
		&books.Payment{ID: 1, Date: month.First(), Note: t, ClientName: t, ArtistName: t}, &books.Payment{},
		&books.Session{ID: 2, Date: month.First(), Note: t, ClientName: t, ArtistName: t},
		&books.Commission{ID: 3, Note: t, ClientName: t, ArtistName: t}, &books.Expense{ID: 4, Date: month.First(), Description: t}, &books.Expense{},
	} {
		found = append(found, closing.FoundRow{Month: month, Row: row})
	}
	return found
}

func rowsOf(found []closing.FoundRow) (rows []books.Row) {
	for _, f := range found {
		rows = append(rows, f.Row)
	}
	return rows
}

func closedOf(v *visit, text string) *closedRows {
	return &closedRows{Table: v.foundTable(foundOf(text)), Wrong: text, Next: "/buscar?fechados=2025-10&q=" + url.QueryEscape(text)}
}
