package web

import (
	"context"
	"net/url"
	"strings"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// closedRows are rows found in statements: on demand only, because it takes
// reading them.
type closedRows struct {
	Table *table
	Wrong string // months not searched
	Next  string // leads to older months; "" at the end
}

// The field of an address asking for closed months, and how far one page goes.
const (
	closedField    = "fechados"
	monthsSearched = 24
	closedHits     = 100
)

// closedRows returns the rows of statements that match, if the address asks for
// them, and a link asking for them if it does not. The field's value is the
// month before which to search; any other value means all.
func (v *visit) closedRows(ctx context.Context, tx *store.Tx, here string, match func(books.Row) bool) (*closedRows, string, error) {
	q := v.r.URL.Query()
	if v.r.Method != "GET" || !q.Has(closedField) {
		q.Set(closedField, "1")
		return nil, askAddress(here, q), nil
	}
	find := closing.Find{Match: match, Artist: v.onlyArtist(), Months: monthsSearched, Limit: closedHits}
	if m, err := books.ParseMonth(q.Get(closedField)); err == nil {
		find.Before = m
	}
	found, err := v.Closer.FindRows(ctx, tx, find)
	if err != nil {
		return nil, "", err
	}
	c := &closedRows{Table: v.foundTable(found.Rows)}
	var wrong []string
	for _, m := range found.Wrong {
		wrong = append(wrong, v.lang.month(m))
	}
	if wrong != nil {
		c.Wrong = v.t("months not searched", strings.Join(wrong, ", "))
	}
	if !found.Next.IsZero() {
		q.Set(closedField, found.Next.String())
		c.Next = askAddress(here, q)
	}
	return c, "", nil
}

// askAddress keeps the question of an address beside the closed months.
func askAddress(here string, q url.Values) string {
	asked := url.Values{closedField: q[closedField]}
	if q.Has("q") {
		asked.Set("q", strings.ToValidUTF8(q.Get("q"), "�"))
	}
	return here + "?" + asked.Encode() + "#fechados"
}

// foundTable lists rows of statements, each with a link to it.
func (v *visit) foundTable(rows []closing.FoundRow) *table {
	t := &table{ID: "fechados", Title: v.t("in closed months"), Empty: v.t("nothing in closed months"), Columns: []column{
		{Head: v.t("what"), Class: "who"}, {Head: v.t("date")}, {Head: v.t("kind")}, {Head: v.t("artist")}, {Head: v.t("field obs")}, {Head: v.t("amount"), Class: "num sum"},
	}}
	for _, f := range rows {
		line := v.foundLine(f.Row)
		line[0].Link = statementPath(f.Month)
		if name := rowName(f.Row); name != "" {
			line[0].Link += "?" + url.Values{rowField: {name}}.Encode() + "#" + name
		}
		if line[1].Text == "" {
			line[1].Text = v.lang.month(f.Month)
		}
		t.Rows = append(t.Rows, line)
	}
	return v.without(t, 3, v.onlyArtist() != 0)
}

// rowField names a row of a statement in its address: the page shows the part
// of the list with it.
const rowField = "linha"

// rowName names a row in an address: pagamento-12. Some rows of v4's statements
// have no id, and no name.
func rowName(row books.Row) string {
	if row.Key() == 0 {
		return ""
	}
	return row.Kind().String() + "-" + idText(row.Key())
}

// foundLine is a row of any kind: what, day, kind, artist, note, amount.
func (v *visit) foundLine(row books.Row) []cell {
	line := func(what string, day string, kind string, artist, note books.Text, amount books.Money) []cell {
		return []cell{{Text: what}, {Text: day}, {Text: kind}, {Text: string(artist.V)}, {Text: string(note.V)}, {Text: amount.People()}}
	}
	switch r := row.(type) {
	case *books.Payment:
		return line(v.orNobody(r.ClientName), r.Date.People(), v.t("payment"), r.ArtistName, r.Note, r.Amount)
	case *books.Session:
		return line(v.orNobody(r.ClientName), r.Date.People(), v.t("field sessao"), r.ArtistName, r.Note, r.Amount)
	case *books.Commission:
		day := ""
		if r.PaymentDate.Valid {
			day = r.PaymentDate.V.People()
		}
		return line(v.orNobody(r.ClientName), day, v.t("commission"), r.ArtistName, r.Note, r.Amount)
	case *books.Expense:
		what := string(r.Description.V)
		if what == "" {
			what = v.t("no description")
		}
		return line(what, r.Date.People(), v.t("an expense"), books.Text{}, books.Text{}, r.Amount)
	}
	return make([]cell, 6)
}
