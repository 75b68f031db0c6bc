package api

import (
	"context"
	"net/http"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/figures"
	"extrato/internal/recording"
	"extrato/internal/store"
)

type share struct {
	ArtistID rowID       `json:"artist_id" example:"3"`
	Percent  percentText `json:"percent" example:"40.00" doc:"Above 0; all shares together are at most 100."`
	Note     *string     `json:"note,omitempty" nullable:"true" maxLength:"255"`
}

type split struct {
	Commissions []share `json:"commissions" maxItems:"20" doc:"One for each artist. Their amounts add up to the centavo; an artist's existing commission keeps its id, and others go."`
}

type splitOne struct {
	ID rowID `path:"id" doc:"The payment's id."`
	Conditional
	Body split
}

type completeOne struct {
	ID rowID `path:"id" doc:"The session's id."`
	Conditional
}

type clientSearch struct {
	Text  string `query:"q" maxLength:"255" doc:"A part of the name, blind to case and accents."`
	Limit int    `query:"limit" minimum:"1" maximum:"50" default:"10"`
}

type suggestion struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type suggestionsBody struct {
	Body struct {
		Items []suggestion `json:"items"`
	}
}

func (v *v1) registerSplit(payments *resource[paymentInput, paymentInput, payment], sessions *resource[sessionInput, sessionInput, session]) {
	register(v, operation{
		method: http.MethodPut, path: "payments/{id}/commissions", id: "split-payment", tag: "records", needs: auth.Write,
		errors:  []int{http.StatusNotFound, http.StatusPreconditionFailed, http.StatusPreconditionRequired},
		summary: "Split a payment's commission between artists", description: "Needs the payment's ETag, which covers its commissions.",
	}, func(ctx context.Context, in *splitOne) (*one[payment], error) {
		shares := make([]recording.Share, len(in.Body.Commissions))
		for i, s := range in.Body.Commissions {
			percent, err := percentOf(s.Percent)
			if err != nil {
				return nil, err
			}
			shares[i] = recording.Share{Artist: books.ID(s.ArtistID), Percent: percent, Note: textOf(s.Note)}
		}
		return payments.edit(ctx, books.ID(in.ID), in.Conditional, func(tx *store.Tx, match func(books.Row) error) error {
			return done(v.s.Recorder.SplitPayment(ctx, tx, who(ctx).By, books.ID(in.ID), shares, match))
		})
	})
	register(v, operation{
		method: http.MethodPut, path: "sessions/{id}/completed", id: "complete-session", tag: "records", needs: auth.Write,
		errors:  []int{http.StatusNotFound, http.StatusPreconditionFailed, http.StatusPreconditionRequired},
		summary: "Say that a session was held", description: "Nothing more is expected for it, however much was received.",
	}, func(ctx context.Context, in *completeOne) (*one[session], error) {
		return sessions.edit(ctx, books.ID(in.ID), in.Conditional, func(tx *store.Tx, match func(books.Row) error) error {
			return done(v.s.Recorder.CompleteSession(ctx, tx, who(ctx).By, books.ID(in.ID), match))
		})
	})
	register(v, operation{
		method: http.MethodDelete, path: "sessions/{id}/completed", id: "resume-session", tag: "records", needs: auth.Write,
		errors:  []int{http.StatusNotFound, http.StatusPreconditionFailed, http.StatusPreconditionRequired},
		summary: "Say that a session was not held", description: "Its price is expected again.",
	}, func(ctx context.Context, in *completeOne) (*one[session], error) {
		return sessions.edit(ctx, books.ID(in.ID), in.Conditional, func(tx *store.Tx, match func(books.Row) error) error {
			return done(v.s.Recorder.ResumeSession(ctx, tx, who(ctx).By, books.ID(in.ID), match))
		})
	})
	register(v, operation{
		method: http.MethodGet, path: "clients/search", id: "search-clients", tag: "people", needs: auth.Read,
		summary: "Clients by a part of their name",
	}, func(ctx context.Context, in *clientSearch) (*suggestionsBody, error) {
		out := &suggestionsBody{}
		return out, v.s.Store.Read(ctx, func(tx *store.Tx) error {
			list, err := figures.Clients(ctx, tx, in.Text, in.Limit)
			out.Body.Items = []suggestion{}
			for _, c := range list {
				out.Body.Items = append(out.Body.Items, suggestion{int64(c.ID), c.Name})
			}
			return err
		})
	})
}
