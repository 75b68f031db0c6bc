package web

import (
	"slices"
	"strconv"

	"extrato/internal/books"
)

// listFilter is the form that narrows a month's lists down.
type listFilter struct {
	*form
	Artists, Methods []group // an artist has no choice of artists
	All              string  // the address of the whole month; "": it is shown
}

// filterMonth adds the form of the filter to a page, and returns what it asks for.
// What m does not know is not asked for.
func (v *visit) filterMonth(p *monthPage, m *monthView) rowFilter {
	q := v.r.URL.Query()
	form := &listFilter{form: &form{v: v, Values: q}}
	var f rowFilter
	if v.onlyArtist() == 0 {
		artists := []option{{Text: v.t("all artists")}}
		for _, e := range m.earners {
			value := strconv.FormatInt(int64(e.ID), 10)
			if e.ID == 0 {
				value = e.Name // as v4's statements have it
			}
			artists = append(artists, option{Value: value, Text: e.Name})
			if q.Get(artistField) == value && value != "" {
				f.artist, f.artistName = e.ID, e.Name
			}
		}
		form.Artists = []group{{Options: artists}}
	}
	var names []string
	for _, list := range [][]books.MethodTotal{m.totals.ByMethod, m.totals.ExpensesByMethod} {
		for _, t := range list {
			if t.Method != "" && !slices.Contains(names, t.Method) {
				names = append(names, t.Method)
			}
		}
	}
	slices.Sort(names)
	methods := []option{{Text: v.t("all methods")}}
	for _, name := range names {
		methods = append(methods, option{Value: name, Text: name})
		if q.Get(methodField) == name {
			f.method = name
		}
	}
	form.Methods = []group{{Options: methods}}
	f.text = books.SearchKey(form.text(textFilter, 255))
	if !form.OK() {
		f.text = ""
	}
	if f.isOn() {
		form.All = v.r.URL.Path
	}
	if m.counts.Total() > 0 {
		p.Filter = form
	}
	return f
}
