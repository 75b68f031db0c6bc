package api

import (
	"context"
	"fmt"
	"net/http"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

// merge is a merge of two clients, done or planned.
type merge struct {
	ClientID int64  `json:"client_id" doc:"The client who is hidden."`
	Into     int64  `json:"into" doc:"The client who stays."`
	Payments int    `json:"payments" doc:"Live payments that change hands."`
	Sessions int    `json:"sessions" doc:"Live sessions that change hands."`
	Change   *int64 `json:"change" doc:"For POST changes/{change}/undo, within 24 hours; null in a preview."`
}

type mergeBody struct{ Body merge }

type previewMerge struct {
	ID   rowID `path:"id" doc:"The client's id."`
	Into rowID `query:"into" required:"true" doc:"The client who stays."`
}

type mergeOne struct {
	ID rowID `path:"id" doc:"The client's id."`
	Keyed
	Body struct {
		Into rowID `json:"into" example:"7" doc:"The client who stays."`
	}
}

func (v *v1) registerMerge() {
	register(v, operation{
		method: http.MethodGet, path: "clients/{id}/merge", id: "preview-merge", tag: "people", needs: auth.Read, errors: []int{http.StatusNotFound, http.StatusConflict},
		summary: "What a merge of two clients would do",
	}, func(ctx context.Context, in *previewMerge) (*mergeBody, error) {
		out := &mergeBody{}
		return out, v.s.Store.Read(ctx, func(tx *store.Tx) error {
			rows, err := v.s.Recorder.CheckMerge(ctx, tx, books.ID(in.ID), books.ID(in.Into))
			out.Body = mergeOf(in.ID, in.Into, rows)
			return err
		})
	})
	register(v, operation{
		method: http.MethodPost, path: "clients/{id}/merge", id: "merge-clients", tag: "people", needs: auth.Write, errors: []int{http.StatusNotFound},
		summary: "Merge a client into another one, who is the same person",
		description: "The client's live rows are the other's from now on; so are those that come back later, by a reopening, a restore or an undo. " +
			"Statements keep the client of their close. The client stays in the table, hidden, and shows merged_into.",
	}, v.mergeClients)
}

func mergeOf(client, into rowID, rows store.ClientRows) merge {
	return merge{ClientID: int64(client), Into: int64(into), Payments: len(rows.Payments), Sessions: len(rows.Sessions)}
}

func (v *v1) mergeClients(ctx context.Context, in *mergeOne) (*response[merge], error) {
	return onceInTx(ctx, v, in.Key, fmt.Sprintf("POST /api/v1/clients/%d/merge", in.ID), in.Body, func(tx *store.Tx) (response[merge], error) {
		out := response[merge]{Status: http.StatusOK}
		done, rows, err := v.s.Recorder.MergeClients(ctx, tx, who(ctx).By, books.ID(in.ID), books.ID(in.Body.Into))
		if err != nil {
			return out, err
		}
		out.Body = mergeOf(in.ID, in.Body.Into, rows)
		out.Body.Change = &done.Change
		return out, nil
	})
}
