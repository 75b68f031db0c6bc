package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

// list answers with a part of the wanted live rows. An artist's own login sees
// only their own.
func (r *resource[New, In, Out]) list(ctx context.Context, month monthText, w store.Wanted, p Part) (*listed[Out], error) {
	w.Kind, w.Limit = r.kind, p.Limit
	var err error
	if w.Month, err = monthOrNone(month); err != nil {
		return nil, err
	}
	if only, limited := who(ctx).OnlyArtist(); limited {
		if w.Artist != 0 && w.Artist != only {
			return shownPage[Out](nil, ""), nil
		}
		w.Artist = only
	}
	if p.Cursor != "" {
		if w.After, err = parseCursor(r.kind, p.Cursor); err != nil {
			return nil, err
		}
	}
	var items []Out
	var more store.Position
	err = r.v.s.Store.Read(ctx, func(tx *store.Tx) error {
		items = nil
		rows, m, err := tx.ListRecords(ctx, w)
		if err != nil {
			return err
		}
		more = m
		for _, row := range rows {
			items = append(items, r.show(row))
		}
		if r.more != nil {
			return r.more(ctx, tx, rows, items)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return shownPage(items, cursorOf(r.kind, more)), nil
}

func monthOrNone(month monthText) (books.Month, error) {
	if month == "" {
		return books.Month{}, nil
	}
	return month.parse()
}

// cursor is a position as callers carry it.
type cursor struct {
	Kind int    `json:"k"`
	Day  string `json:"d,omitempty"`
	Made string `json:"m"`
	ID   int64  `json:"i"`
}

func cursorOf(kind books.Kind, p store.Position) string {
	if p == (store.Position{}) {
		return ""
	}
	return packCursor(cursor{int(kind), p.Day, p.Made, int64(p.ID)})
}

func packCursor(c any) string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // only strings and integers
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func unpackCursor(s string, to any) error {
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		return errCursor.Because(err)
	}
	return nil
}

func parseCursor(kind books.Kind, s string) (store.Position, error) {
	var c cursor
	if err := unpackCursor(s, &c); err != nil {
		return store.Position{}, err
	}
	p := store.Position{Day: c.Day, Made: c.Made, ID: books.ID(c.ID)}
	if c.Kind != int(kind) || !p.Valid(kind) {
		return store.Position{}, errCursor
	}
	return p, nil
}

// rowList is the description of a list of live rows.
func rowList(path, name, tag string, needs auth.Permission, order string) operation {
	return operation{
		method: http.MethodGet, path: path, id: "list-" + path, tag: tag, needs: needs,
		summary:     fmt.Sprintf("The live %ss", name),
		description: "Newest first: by " + order + ". Rows of a closed month are not here but in its statement.",
	}
}

// PaymentFilter selects payments.
type PaymentFilter struct {
	Month   monthText `query:"month" doc:"Only this month's."`
	From    string    `query:"from" format:"date" doc:"Only from this day on."`
	To      string    `query:"to" format:"date" doc:"Only up to this day."`
	Artist  rowID     `query:"artist" doc:"Only this artist's."`
	Client  rowID     `query:"client" doc:"Only this client's."`
	Method  string    `query:"method" maxLength:"50" doc:"Only those made this way."`
	Text    string    `query:"text" maxLength:"255" doc:"Only those with this text in the note or the client's name, blind to case and accents."`
	Without []string  `query:"without" enum:"commission,client,session" doc:"Only payments without any of these."`
}

type listOfPayments struct {
	PaymentFilter
	Part
}

// wanted reads the filter.
func (f PaymentFilter) wanted() (w store.Wanted, err error) {
	for _, text := range []string{f.Method, f.Text} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return w, books.Invalidf("invalid_text", "no row can have the text of this filter").WithHint("send all text as UTF-8, without NUL characters")
		}
	}
	w.Artist = books.ID(f.Artist)
	w.Filter = store.Filter{
		Method: f.Method, Client: books.ID(f.Client), Text: f.Text,
		WithoutCommission: slices.Contains(f.Without, "commission"), WithoutClient: slices.Contains(f.Without, "client"),
		WithoutSession: slices.Contains(f.Without, "session"),
	}
	if f.From != "" {
		w.From, err = books.ParseDay(f.From)
	}
	if f.To != "" && err == nil {
		w.To, err = books.ParseDay(f.To)
	}
	return w, err
}

type paymentSums struct {
	Count       int64  `json:"count"`
	Amount      string `json:"amount" example:"9100.00"`
	Commissions string `json:"commissions" example:"4550.00"`
}

type paymentSumsBody struct{ Body paymentSums }

// sumPayments answers with the sums of a filter's payments. An artist's own
// login gets the sums of their own.
func (v *v1) sumPayments(ctx context.Context, in *PaymentFilter) (*paymentSumsBody, error) {
	w, err := in.wanted()
	if err != nil {
		return nil, err
	}
	if w.Month, err = monthOrNone(in.Month); err != nil {
		return nil, err
	}
	w.Kind = books.PaymentKind
	out := &paymentSumsBody{}
	var sums store.PaymentSums
	if only, limited := who(ctx).OnlyArtist(); !limited || w.Artist == 0 || w.Artist == only {
		if limited {
			w.Artist, w.Share = only, only
		}
		err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
			sums, err = tx.SumPayments(ctx, w)
			return err
		})
	}
	out.Body = paymentSums{sums.Number, sums.Amount.String(), sums.Commissions.String()}
	return out, err
}

type listOfCommissions struct {
	Month   monthText `query:"month" doc:"Only rows of this month."`
	Artist  rowID     `query:"artist" doc:"Only this artist's."`
	Payment rowID     `query:"payment" doc:"Only this payment's."`
	Part
}

type listOfMonth struct {
	Month monthText `query:"month" doc:"Only this month's."`
	Part
}

type listOfAll struct{ Part }

const dayOrder = "date, created_at, id"
