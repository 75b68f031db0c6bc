package api

import (
	"context"
	"net/http"
	"strconv"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

type artistTerm struct {
	From    string      `json:"from" format:"date" example:"2025-10-01" doc:"The first day it is valid."`
	Percent percentText `json:"percent" example:"60.00" doc:"What a payment without a percent brings; 0 is none."`
}

type artistTerms struct {
	Terms []artistTerm `json:"terms" doc:"The newest first. Each holds until the day of the one before it in this list."`
}

type termsOf struct {
	ID rowID `path:"id" doc:"The artist's id."`
}

type termsOfBody struct{ Body artistTerms }

type setTerm struct {
	ID rowID `path:"id" doc:"The artist's id."`
	Keyed
	Body artistTerm
}

type methodTerms struct {
	Method  string      `json:"method" minLength:"1" maxLength:"50" example:"Cartão de Crédito"`
	From    string      `json:"from" format:"date" example:"2025-10-01" doc:"The first day they are valid."`
	Percent percentText `json:"percent" example:"3.49" doc:"The method's fee on each payment."`
	Days    int         `json:"days" minimum:"0" maximum:"366" example:"30" doc:"How many days later the money comes."`
}

type allMethodTerms struct {
	Terms []methodTerms `json:"terms" doc:"By method, the newest first."`
}

type allMethodTermsBody struct{ Body allMethodTerms }

type setMethodTerms struct {
	Keyed
	Body methodTerms
}

type tattoosToo struct {
	Tattoos bool `json:"tattoos"`
}

type setTattoos struct {
	ID   rowID `path:"id" doc:"The person's id."`
	Body tattoosToo
}

type tattoosBody struct{ Body tattoosToo }

// setTattoos puts a person of another role among the artists, or takes them out.
func (v *v1) setTattoos(ctx context.Context, in *setTattoos) (*tattoosBody, error) {
	return &tattoosBody{in.Body}, v.s.Store.Write(ctx, func(tx *store.Tx) error {
		return v.s.Recorder.SetTattoos(ctx, tx, books.ID(in.ID), in.Body.Tattoos)
	})
}

func (v *v1) registerTerms() {
	register(v, operation{
		method: http.MethodPut, path: "artists/{id}/tattoos", id: "set-tattoos", tag: "people", needs: auth.Write, errors: []int{http.StatusNotFound},
		summary: "Say whether a person of another role tattoos too", description: "Then they are among the artists.",
	}, v.setTattoos)
	register(v, operation{
		method: http.MethodGet, path: "artists/{id}/terms", id: "get-artist-terms", tag: "people", needs: auth.Read, errors: []int{http.StatusNotFound},
		summary: "An artist's default percent from each day on",
	}, func(ctx context.Context, in *termsOf) (*termsOfBody, error) {
		out := &termsOfBody{}
		return out, v.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
			if _, err = v.artists().find(ctx, tx, books.ID(in.ID)); err == nil {
				out.Body, err = termsShown(ctx, tx, books.ID(in.ID))
			}
			return err
		})
	})
	register(v, operation{
		method: http.MethodPost, path: "artists/{id}/terms", id: "set-artist-terms", tag: "people", needs: auth.Write, errors: []int{http.StatusNotFound},
		summary: "Set an artist's default percent from a day on", description: "One from the same day is replaced. Existing payments keep their commissions.",
	}, v.setArtistTerm)
	register(v, operation{
		method: http.MethodGet, path: "method-terms", id: "list-method-terms", tag: "records", needs: auth.Read,
		summary: "The cost of each payment method from each day on",
	}, func(ctx context.Context, _ *struct{}) (*allMethodTermsBody, error) {
		out := &allMethodTermsBody{}
		return out, v.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
			out.Body, err = methodTermsShown(ctx, tx)
			return err
		})
	})
	register(v, operation{
		method: http.MethodPost, path: "method-terms", id: "set-method-terms", tag: "records", needs: auth.Write,
		summary: "Set the cost of a payment method from a day on", description: "Terms of the same method and day are replaced.",
	}, v.setMethodTerms)
}

func (v *v1) setArtistTerm(ctx context.Context, in *setTerm) (*response[artistTerms], error) {
	return onceInTx(ctx, v, in.Key, "POST /api/v1/artists/"+strconv.FormatInt(int64(in.ID), 10)+"/terms", in.Body, func(tx *store.Tx) (response[artistTerms], error) {
		out := response[artistTerms]{Status: http.StatusOK}
		artist := books.ID(in.ID)
		if _, err := v.artists().find(ctx, tx, artist); err != nil {
			return out, err
		}
		from, err := books.ParseDay(in.Body.From)
		if err != nil {
			return out, err
		}
		percent, err := percentOf(in.Body.Percent)
		if err != nil {
			return out, err
		}
		if err := v.s.Recorder.SetArtistPercent(ctx, tx, artist, from, percent); err != nil {
			return out, err
		}
		out.Body, err = termsShown(ctx, tx, artist)
		return out, err
	})
}

func (v *v1) setMethodTerms(ctx context.Context, in *setMethodTerms) (*response[allMethodTerms], error) {
	return onceInTx(ctx, v, in.Key, "POST /api/v1/method-terms", in.Body, func(tx *store.Tx) (response[allMethodTerms], error) {
		out := response[allMethodTerms]{Status: http.StatusOK}
		from, err := books.ParseDay(in.Body.From)
		if err != nil {
			return out, err
		}
		percent, err := percentOf(in.Body.Percent)
		if err != nil {
			return out, err
		}
		if err := v.s.Recorder.SetMethodTerms(ctx, tx, store.MethodTerms{Method: in.Body.Method, From: from, Percent: percent, Days: in.Body.Days}); err != nil {
			return out, err
		}
		out.Body, err = methodTermsShown(ctx, tx)
		return out, err
	})
}

func termsShown(ctx context.Context, tx *store.Tx, artist books.ID) (artistTerms, error) {
	out := artistTerms{Terms: []artistTerm{}}
	list, err := tx.ArtistTerms(ctx, artist)
	for _, t := range list {
		out.Terms = append(out.Terms, artistTerm{t.From.String(), percentText(t.Percent.String())})
	}
	return out, err
}

func methodTermsShown(ctx context.Context, tx *store.Tx) (allMethodTerms, error) {
	out := allMethodTerms{Terms: []methodTerms{}}
	list, err := tx.MethodTerms(ctx)
	for _, t := range list {
		out.Terms = append(out.Terms, methodTerms{t.Method, t.From.String(), percentText(t.Percent.String()), t.Days})
	}
	return out, err
}
