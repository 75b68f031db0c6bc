package web

import (
	"context"
	"net/http"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/figures"
	"extrato/internal/store"
)

// searchPage is the page /buscar.
type searchPage struct {
	page
	Query      string
	People     []peopleFound
	Rows       []*table
	Nothing    bool
	Closed     *closedRows
	ClosedLink string // searches closed months
}

// peopleFound are clients or artists.
type peopleFound struct {
	Title string
	List  []link // without a path: there is no page
	More  bool
}

// mostFound is how many hits of a kind a page shows.
const mostFound = 20

// longestQuery is as long as the longest text of a row.
const longestQuery = 255

func (v *visit) searchPage() error {
	q := figures.ParseQuery(shortened(v.r.URL.Query().Get("q"), longestQuery))
	p := searchPage{page: v.page(v.t("search"), "/buscar"), Query: q.Text}
	if q.Empty() {
		return v.show(http.StatusOK, "search.html", p)
	}
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		found, err := figures.Search(ctx, tx, q, v.searched())
		if err != nil {
			return err
		}
		v.fillFound(&p, found)
		return v.searchClosed(ctx, tx, &p, q)
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "search.html", p)
}

// searched says where the visitor may search.
func (v *visit) searched() figures.Searched {
	in := figures.Searched{Kinds: []books.Kind{books.PaymentKind, books.SessionKind}, Limit: mostFound, Artist: v.onlyArtist()}
	if in.Artist == 0 {
		in.People, in.Kinds = true, append(in.Kinds, books.ExpenseKind)
	}
	if v.mayShare() || in.Artist != 0 {
		in.Kinds = append(in.Kinds, books.CommissionKind)
	}
	return in
}

// searchClosed searches statements, on demand, for those allowed to read them.
func (v *visit) searchClosed(ctx context.Context, tx *store.Tx, p *searchPage, q figures.Query) (err error) {
	if v.who.May(auth.Own) {
		p.Closed, p.ClosedLink, err = v.closedRows(ctx, tx, "/buscar", q.Matches)
	}
	return err
}

// fillFound shows the hits, each with a link to the row itself.
func (v *visit) fillFound(p *searchPage, found figures.Found) {
	p.Nothing = found.Nothing()
	people := func(title string, list []store.ClientName, path string, more bool) {
		group := peopleFound{Title: title, More: more}
		for _, c := range list {
			to := ""
			if v.mayGo(path + "/{id}") {
				to = path + "/" + idText(c.ID)
			}
			group.List = append(group.List, link{to, c.Name})
		}
		if len(list) > 0 {
			p.People = append(p.People, group)
		}
	}
	people(v.t("nav clients"), found.Clients, "/clientes", found.More[books.ClientKind])
	people(v.t("nav artists"), found.Artists, "/artistas", found.More[books.ArtistKind])
	titles := map[books.Kind]string{
		books.PaymentKind: v.t("nav payments"), books.SessionKind: v.t("nav sessions"), books.CommissionKind: v.t("nav commissions"), books.ExpenseKind: v.t("nav expenses"),
	}
	for kind := books.PaymentKind; kind <= books.ExpenseKind; kind++ {
		if len(found.Rows[kind]) > 0 {
			p.Rows = append(p.Rows, v.foundRows(kind, titles[kind], found.Rows[kind], found.More[kind]))
		}
	}
}

// foundRows lists live rows of one kind.
func (v *visit) foundRows(kind books.Kind, title string, rows []books.Row, more bool) *table {
	what := v.t("client")
	if kind == books.ExpenseKind {
		what = v.t("description")
	}
	t := &table{ID: kind.String(), Title: title, Columns: []column{
		{Head: what, Class: "who"}, {Head: v.t("date")}, {}, {Head: v.t("artist")}, {Head: v.t("field obs")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	if more {
		t.Note = v.t("first found", mostFound)
	}
	for _, row := range rows {
		line := v.foundLine(row)
		line[0].Link = v.rowPath(row)
		t.Rows = append(t.Rows, line)
	}
	expense := kind == books.ExpenseKind
	t = v.without(v.without(t, 4, expense), 3, expense || v.onlyArtist() != 0)
	return v.without(t, 2, true)
}
