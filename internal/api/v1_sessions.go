package api

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

// SessionFilter selects sessions.
type SessionFilter struct {
	Month  monthText `query:"month" doc:"Only those on this month's days."`
	From   string    `query:"from" format:"date" doc:"Only from this day on."`
	To     string    `query:"to" format:"date" doc:"Only up to this day."`
	Artist rowID     `query:"artist" doc:"Only this artist's."`
	Client rowID     `query:"client" doc:"Only this client's."`
	Text   string    `query:"text" maxLength:"255" doc:"Only those with this text in the note or the client's name, blind to case and accents."`
	Only   string    `query:"only" enum:"owing,not_completed" doc:"owing: not completed, and less received than the price."`
}

type listOfSessions struct {
	SessionFilter
	Part
}

// wanted reads the filter.
func (f SessionFilter) wanted() (store.Wanted, error) {
	w, err := PaymentFilter{From: f.From, To: f.To, Artist: f.Artist, Client: f.Client, Text: f.Text}.wanted()
	w.Owing, w.NotCompleted = f.Only == "owing", f.Only == "not_completed"
	return w, err
}

type sessionSums struct {
	Count    int64  `json:"count"`
	Amount   string `json:"amount" example:"4950.00" doc:"Of their prices."`
	Received string `json:"received" example:"1350.00" doc:"Over all months."`
	Owed     string `json:"owed" example:"3600.00"`
	Due      string `json:"due" example:"2600.00" doc:"The part owed for days until today."`
}

type sessionSumsBody struct{ Body sessionSums }

// sumSessions answers with the sums of a filter's sessions. An artist's own
// login gets the sums of their own.
func (v *v1) sumSessions(ctx context.Context, in *SessionFilter) (*sessionSumsBody, error) {
	w, err := in.wanted()
	if err != nil {
		return nil, err
	}
	if w.Month, err = monthOrNone(in.Month); err != nil {
		return nil, err
	}
	var sums store.SessionSums
	if only, limited := who(ctx).OnlyArtist(); !limited || w.Artist == 0 || w.Artist == only {
		if limited {
			w.Artist = only
		}
		err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
			sums, err = tx.SumSessions(ctx, w, books.DayOf(v.s.Now()))
			return err
		})
	}
	return &sessionSumsBody{sessionSums{sums.Number, sums.Price.String(), sums.Received.String(), sums.Owed.String(), sums.Due.String()}}, err
}
