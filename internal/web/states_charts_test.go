package web

import (
	"net/url"

	"extrato/internal/books"
)

// chartStates are a month with charts, narrowed down, to be printed, and compared
// with an earlier revision.
func chartStates(p monthPage, list *table, v *visit, text string) []any {
	drawn, narrow, whole, compared := p, p, p, p
	of := []series{{Name: text, Class: "a", Amounts: []books.Money{5, -3}}, {Name: text, Class: "b", Amounts: []books.Money{0, 9_00}}}
	months := newGroups(text, of...)
	months.Head, months.X, months.Table = text, []string{text, text}, list
	empty := newGroups(text, series{Name: text, Class: "a", Amounts: make([]books.Money, 2)})
	drawn.Charts = []*plot{months, empty}
	fields := url.Values{"artista": {text}, "forma": {text}, "texto": {text}}
	options := []group{{Options: []option{{Text: text}, {Value: text, Text: text}}}}
	narrow.Filter = &listFilter{form: &form{v: v, Values: fields}, Artists: options, Methods: options, All: "/x"}
	whole.Printing = "/x"
	compared.Changes = list
	return []any{drawn, narrow, whole, compared}
}
