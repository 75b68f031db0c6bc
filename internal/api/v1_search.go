package api

import (
	"context"
	"net/http"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/figures"
	"extrato/internal/store"
)

// hit is something found.
type hit struct {
	Kind       string  `json:"kind" enum:"client,artist,payment,session,commission,expense"`
	ID         *int64  `json:"id" doc:"null for a commission or an expense in a statement of v4's, which has no ids for them."`
	Month      *string `json:"month" doc:"The month of the statement with the row; null for a live row."`
	Date       *string `json:"date"`
	Amount     *string `json:"amount" example:"450.00"`
	Text       *string `json:"text" doc:"A person's name; of a row its note."`
	ClientName *string `json:"client_name"`
	ArtistName *string `json:"artist_name"`
}

type searchLive struct {
	Text  string `query:"q" required:"true" minLength:"1" maxLength:"255" doc:"A part of a name or a note, blind to case and accents; an amount (350 or 350,00); a day (28/10, 28/10/2025)."`
	Limit int    `query:"limit" minimum:"1" maximum:"50" default:"20" doc:"The most of each kind."`
}

type hitsBody struct {
	Body struct {
		Items []hit    `json:"items"`
		More  []string `json:"more" doc:"The kinds of which there are others."`
	}
}

type searchClosed struct {
	Text   string    `query:"q" required:"true" minLength:"1" maxLength:"255" doc:"As in search; a client's name finds rows as well."`
	Before monthText `query:"before" doc:"Only months before this one: next_month of the part before."`
}

type closedHitsBody struct {
	Body struct {
		Items     []hit    `json:"items"`
		NextMonth *string  `json:"next_month" doc:"What to give as before for older months; null at the end."`
		Wrong     []string `json:"wrong" doc:"Months not searched: their statement is not what was closed."`
	}
}

// How much of the closed months one request searches.
const (
	monthsSearched = 24
	closedHits     = 100
)

func (v *v1) registerSearch() {
	register(v, operation{
		method: http.MethodGet, path: "search", id: "search", tag: "records", needs: auth.SignedIn,
		summary:     "Search the live books",
		description: "Clients, artists and live rows, newest first. An artist's own login finds their own rows, by their clients' names as well, and no people.",
	}, v.search)
	register(v, operation{
		method: http.MethodGet, path: "search/closed", id: "search-closed", tag: "statements", needs: auth.SignedIn,
		summary:     "Search the closed months",
		description: "Rows of verified statements, the newest month first, up to two years at a time. An artist's own login finds their own.",
	}, v.searchClosed)
}

func (v *v1) search(ctx context.Context, in *searchLive) (*hitsBody, error) {
	out := &hitsBody{}
	out.Body.Items, out.Body.More = []hit{}, []string{}
	where := figures.Searched{Kinds: []books.Kind{books.PaymentKind, books.SessionKind, books.CommissionKind}, Limit: in.Limit}
	if only, limited := who(ctx).OnlyArtist(); limited {
		where.Artist = only
	} else {
		where.People, where.Kinds = true, append(where.Kinds, books.ExpenseKind)
	}
	var found figures.Found
	err := v.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = figures.Search(ctx, tx, figures.ParseQuery(in.Text), where)
		return err
	})
	for _, c := range found.Clients {
		out.Body.Items = append(out.Body.Items, hit{Kind: "client", ID: ref(books.RefTo(c.ID)), Text: &c.Name})
	}
	for _, a := range found.Artists {
		out.Body.Items = append(out.Body.Items, hit{Kind: "artist", ID: ref(books.RefTo(a.ID)), Text: &a.Name})
	}
	for kind, rows := range found.Rows {
		for _, row := range rows {
			out.Body.Items = append(out.Body.Items, hitOf(row))
		}
		if found.More[kind] {
			out.Body.More = append(out.Body.More, kindName(books.Kind(kind)))
		}
	}
	return out, err
}

func (v *v1) searchClosed(ctx context.Context, in *searchClosed) (*closedHitsBody, error) {
	out := &closedHitsBody{}
	out.Body.Items, out.Body.Wrong = []hit{}, []string{}
	before, err := monthOrNone(in.Before)
	if err != nil {
		return nil, err
	}
	find := closing.Find{Match: figures.ParseQuery(in.Text).Matches, Before: before, Months: monthsSearched, Limit: closedHits}
	if only, limited := who(ctx).OnlyArtist(); limited {
		find.Artist = only
	}
	var found closing.FoundRows
	err = v.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = v.s.Closer.FindRows(ctx, tx, find)
		return err
	})
	for _, f := range found.Rows {
		h, month := hitOf(f.Row), f.Month.String()
		h.Month = &month
		out.Body.Items = append(out.Body.Items, h)
	}
	for _, m := range found.Wrong {
		out.Body.Wrong = append(out.Body.Wrong, m.String())
	}
	if !found.Next.IsZero() {
		next := found.Next.String()
		out.Body.NextMonth = &next
	}
	return out, err
}

// kindName is a kind's name in this interface.
func kindName(kind books.Kind) string {
	for name, k := range rowKinds {
		if k == kind {
			return name
		}
	}
	return ""
}

func hitOf(row books.Row) hit {
	h := hit{Kind: kindName(row.Kind())}
	if row.Key() != 0 {
		h.ID = ref(books.RefTo(row.Key()))
	}
	amount := func(m books.Money) { h.Amount = text(&m) }
	day := func(d books.Day) { date := d.String(); h.Date = &date }
	switch r := row.(type) {
	case *books.Payment:
		amount(r.Amount)
		day(r.Date)
		h.Text, h.ClientName, h.ArtistName = text(&r.Note), text(&r.ClientName), text(&r.ArtistName)
	case *books.Session:
		amount(r.Amount)
		day(r.Date)
		h.Text, h.ClientName, h.ArtistName = text(&r.Note), text(&r.ClientName), text(&r.ArtistName)
	case *books.Commission:
		amount(r.Amount)
		h.Date, h.Text, h.ClientName, h.ArtistName = text(&r.PaymentDate), text(&r.Note), text(&r.ClientName), text(&r.ArtistName)
	case *books.Expense:
		amount(r.Amount)
		day(r.Date)
		h.Text = text(&r.Description)
	}
	return h
}
