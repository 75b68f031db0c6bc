package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/recording"
	"extrato/internal/store"
)

// question is one question about a payment.
type question struct {
	Code      string  `json:"code" enum:"equal_payment,far_day,unusual_amount" doc:"What to give in confirm."`
	Detail    string  `json:"detail" doc:"What is unusual, for people."`
	PaymentID *int64  `json:"payment_id,omitempty" doc:"equal_payment: the newest equal one."`
	CreatedAt *string `json:"created_at,omitempty" doc:"equal_payment: the time that payment was recorded."`
	Usual     *string `json:"usual_amount,omitempty" doc:"unusual_amount: the artist's usual amount."`
}

func questionsIn(err error) []question {
	var asked *recording.Asked
	if !errors.As(err, &asked) {
		return nil
	}
	var list []question
	for _, q := range asked.Questions {
		shown := question{Code: q.Code, Detail: q.Message}
		if q.Equal != nil {
			shown.PaymentID, shown.CreatedAt = ref(books.RefTo(q.Equal.ID)), text(&q.Equal.CreatedAt)
		}
		if q.Usual > 0 {
			usual := q.Usual.String()
			shown.Usual = &usual
		}
		list = append(list, shown)
	}
	return list
}

// versions are the states of a row; each is null where there is none.
type versions struct {
	Row    string   `json:"row" example:"payment:12"`
	Before rowState `json:"before" doc:"As it was before the change."`
	After  rowState `json:"after" doc:"As the change left it."`
	Now    rowState `json:"now" doc:"As it is now."`
}

func versionsIn(err error) []versions {
	var changed *recording.Changed
	if !errors.As(err, &changed) {
		return nil
	}
	var list []versions
	for _, v := range changed.Rows {
		list = append(list, versions{rowName(v.Kind, v.ID), shownRow(v.Before), shownRow(v.After), shownRow(v.Now)})
	}
	return list
}

// rowKinds are the kinds of rows by their names in changes.
var rowKinds = map[string]books.Kind{
	"payment": books.PaymentKind, "session": books.SessionKind, "commission": books.CommissionKind,
	"expense": books.ExpenseKind, "client": books.ClientKind, "artist": books.ArtistKind,
}

func rowName(kind books.Kind, id books.ID) string {
	for name, k := range rowKinds {
		if k == kind {
			return name + ":" + strconv.FormatInt(int64(id), 10)
		}
	}
	return ""
}

func parseRowName(name string) (books.Kind, books.ID, error) {
	kind, id, _ := strings.Cut(name, ":")
	k, known := rowKinds[kind]
	n, err := strconv.ParseInt(id, 10, 32)
	if !known || err != nil || n < 1 {
		return 0, 0, books.Invalidf("invalid_row", "this is not the name of a row").WithHint("write a kind and an id, such as payment:12")
	}
	return k, books.ID(n), nil
}

// rowState is a row of any kind as its own resource shows it, or null.
type rowState struct{ json.RawMessage }

// Schema makes rowState a huma.SchemaProvider.
func (rowState) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true}
}

func shownRow(row books.Row) rowState {
	text, err := json.Marshal(stateOf(row))
	if err != nil {
		panic(err) // texts and numbers
	}
	return rowState{text}
}

func stateOf(row books.Row) any {
	switch r := row.(type) {
	case *books.Payment:
		return paymentOf(r)
	case *books.Session:
		return sessionRowOf(r)
	case *books.Commission:
		return commissionOf(r)
	case *books.Expense:
		return expenseOf(r)
	case *books.Client:
		return clientOf(r)
	case *books.Artist:
		return changedArtist{int64(r.ID), string(r.Name), text(&r.Email)}
	}
	return nil
}

// changedArtist is an artist as saved in changes.
type changedArtist struct {
	ID    int64   `json:"id"`
	Name  string  `json:"name"`
	Email *string `json:"email"`
}

type changedRow struct {
	Row    string   `json:"row" example:"payment:12"`
	Before rowState `json:"before" doc:"As it was, without copies of other rows; null if there was none."`
	After  rowState `json:"after" doc:"As it became; null if it was deleted."`
}

type change struct {
	ID     int64        `json:"id"`
	Action string       `json:"action" enum:"add,change,delete,undo,merge"`
	Row    string       `json:"row" example:"payment:12" doc:"What it was about."`
	By     string       `json:"by" example:"user 3"`
	At     string       `json:"at" format:"date-time"`
	Undoes *int64       `json:"undoes" doc:"The change undone by this one."`
	Rows   []changedRow `json:"rows" doc:"Every row it changed."`
}

func changeOf(c store.Changeset) change {
	out := change{ID: c.ID, Action: c.Action, Row: rowName(c.Kind, c.Row), By: string(c.By), At: c.At.String(), Rows: []changedRow{}}
	if c.Undoes != 0 {
		out.Undoes = &c.Undoes
	}
	for _, r := range c.Rows {
		out.Rows = append(out.Rows, changedRow{rowName(r.Kind, r.ID), shownRow(r.Before), shownRow(r.After)})
	}
	return out
}

type changesOf struct {
	Row string `query:"row" required:"true" maxLength:"24" example:"payment:12" doc:"A kind (payment, session, commission, expense, client, artist) and an id. A payment's changes are also those of its commissions."`
	Part
}

type changeCursor struct {
	Before int64 `json:"b"`
}

type undoOne struct {
	ID int64 `path:"id" minimum:"1" doc:"The change's id."`
	Keyed
}

func (v *v1) registerChanges() {
	register(v, operation{
		method: http.MethodGet, path: "changes", id: "list-changes", tag: "records", needs: auth.Read,
		summary: "Who changed a row, when and how", description: "Newest first, also of rows deleted or in statements by now.",
	}, v.listChanges)
	register(v, operation{
		method: http.MethodPost, path: "changes/{id}/undo", id: "undo-change", tag: "records", needs: auth.Write, errors: []int{http.StatusNotFound},
		summary: "Take a change back",
		description: "Within 24 hours, while the month is open: every row it changed is as before, with id, links and commissions. " +
			"If one was changed since, the answer is 409 changed_since with its versions. An undo is a change, and can be undone.",
	}, v.undo)
}

func (v *v1) listChanges(ctx context.Context, in *changesOf) (*listed[change], error) {
	kind, id, err := parseRowName(in.Row)
	if err != nil {
		return nil, err
	}
	var from changeCursor
	if in.Cursor != "" {
		if err := unpackCursor(in.Cursor, &from); err != nil || from.Before < 1 {
			return nil, errCursor
		}
	}
	var list []store.Changeset
	err = v.s.Store.Read(ctx, func(tx *store.Tx) error {
		list, err = tx.ChangesOf(ctx, kind, id, from.Before, in.Limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	next := ""
	if len(list) > in.Limit {
		list = list[:in.Limit]
		next = packCursor(changeCursor{list[in.Limit-1].ID})
	}
	var items []change
	for _, c := range list {
		items = append(items, changeOf(c))
	}
	return shownPage(items, next), nil
}

func (v *v1) undo(ctx context.Context, in *undoOne) (*response[change], error) {
	path := "/api/v1/changes/" + strconv.FormatInt(in.ID, 10) + "/undo"
	return onceInTx(ctx, v, in.Key, "POST "+path, nil, func(tx *store.Tx) (response[change], error) {
		out := response[change]{Status: http.StatusOK}
		done, err := v.s.Recorder.Undo(ctx, tx, who(ctx).By, in.ID)
		if err != nil {
			return out, err
		}
		c, err := tx.ChangesetByID(ctx, done.Change)
		if err != nil {
			return out, err
		}
		out.Body = changeOf(c)
		return out, nil
	})
}
