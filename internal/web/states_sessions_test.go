package web

import (
	"net/url"

	"extrato/internal/store"
)

func init() { //nolint:gochecknoinits // the states of the pages of sessions stand in a file of their own
	partials = append(partials, "session-fields")
	options := func(text string) []group { return []group{{Options: []option{{Value: "1", Text: text}}}} }
	lineOf := func(text string) sessionLine {
		return sessionLine{ID: 7, Client: text, Day: text, Artist: text, Price: text, Received: text, Owed: text, Tag: stateTag{text, "warn"}, Receive: "/caixa/2025-10-28?sessao=7"}
	}
	states["sessions.html"] = func(v *visit, text string) []any {
		wrong := v.blankForm(tabFilter, monthTab, monthFilter, text, textFilter, text, artistField, text, clientField, text)
		wrong.fault(monthFilter, text)
		full := sessionsPage{page: v.page("x", sessionsPath), Tab: monthTab, Summary: text, Filter: wrong, Artists: options(text), Narrow: true,
			Tabs:     []tab{{sessionsPath + "?x=" + url.QueryEscape(text), text, true}, {sessionsPath, text, false}},
			Sessions: []sessionLine{lineOf(text), {ID: 8}}, Sums: &store.SessionSums{Number: 2, Price: 1}, First: 1, Last: 2, Number: 3, Start: sessionsPath, Next: sessionsPath + "?x=" + url.QueryEscape(text)}
		own, reception, nothing, coming := full, full, full, full
		own.Own, reception.Sums, nothing.Sessions = true, nil, nil
		nothing.Closed = &closedDay{Text: text, Statement: link{"/extrato/2025/10", text}}
		coming.Tab, coming.Sessions, coming.Narrow = comingTab, nil, false
		month, owing := coming, coming
		month.Tab, owing.Tab, owing.Summary = monthTab, owingTab, ""
		return []any{full, own, reception, nothing, coming, month, owing}
	}
	form := func(v *visit, text string) sessionForm {
		f := v.blankForm(dayField, text, clientField, text, artistField, text, amountField, text, noteField, text, versionField, text)
		for _, name := range []string{dayField, clientField, artistField, amountField, noteField} {
			f.fault(name, text)
		}
		return sessionForm{form: f, Artists: options(text), Clients: []string{text}}
	}
	states["session.html"] = func(v *visit, text string) []any {
		full := sessionPage{page: v.page("x", sessionsPath), ID: 7, InShort: text, Line: lineOf(text), Sums: []sum{{Label: text, Value: text, Total: true}}, Entry: form(v, text), Version: text, Key: text,
			Receipts: &table{ID: "recebimentos", Title: text, Columns: []column{{Head: text, Class: "who"}, {Head: text, Class: "num sum"}}, Rows: [][]cell{{{Text: text, Link: "/x"}, {Text: text}}}, Foot: []cell{{Text: text}, {Text: text}}},
			History:  []changeLine{{Who: text, When: text, What: text, Fields: []string{text}, Undo: 7}}, Warning: text}
		full.Entry.Of = 7
		completed, own := full, full
		completed.Completed, completed.Line.Receive, completed.Receipts = true, "", &table{Title: text, Empty: text}
		own.Facts, own.Entry = []pair{{Label: text, Value: text}}, sessionForm{}
		return []any{full, completed, own}
	}
	states["newsession.html"] = func(v *visit, text string) []any {
		again, blank := form(v, text), sessionForm{form: v.blankForm().Begin(clientField), Artists: []group{{}}}
		again.Wrong = text
		var all []any
		for _, e := range []sessionForm{form(v, text), again, blank} {
			all = append(all, sessionPage{page: v.page("x", sessionsPath), Entry: e})
		}
		return all
	}
}
