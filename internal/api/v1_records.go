package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

// resource is one kind of live row with its five operations. New is the input
// of a POST, In of a PUT, Out the output.
type resource[New, In, Out any] struct {
	v         *v1
	kind      books.Kind
	path, tag string
	name      string // one of them, in English
	about     string // for the page
	read      auth.Permission
	show      func(books.Row) Out
	more      func(context.Context, *store.Tx, []books.Row, []Out) error // adds values from elsewhere; may be nil
	with      func(context.Context, *store.Tx, books.ID) (any, error)    // other values changed by an edit or delete, for the tag; may be nil
	owner     func(books.Row) books.ID                                   // the row's artist; nil: none
	hidden    func(Out) bool                                             // rows of the table outside this resource; may be nil
	add       func(context.Context, *store.Tx, New) (books.ID, error)
	change    func(context.Context, *store.Tx, books.ID, In, func(books.Row) error) error
	remove    func(context.Context, *store.Tx, books.ID, func(books.Row) error) error
}

type readOne struct {
	ID rowID `path:"id" doc:"The row's id."`
	Read
}

type addOne[New any] struct {
	Keyed
	Body New
}

type changeOne[In any] struct {
	ID rowID `path:"id" doc:"The row's id."`
	Conditional
	Body In
}

type removeOne struct {
	ID rowID `path:"id" doc:"The row's id."`
	Conditional
}

type nothing struct{}

func registerResource[New, In, Out any](r *resource[New, In, Out]) {
	one := r.path + "/{id}"
	register(r.v, operation{
		method: http.MethodPost, path: r.path, id: "add-" + r.name, tag: r.tag, needs: auth.Write, status: http.StatusCreated,
		summary: "Record a new " + r.name, description: r.about,
	}, r.post)
	register(r.v, operation{
		method: http.MethodGet, path: one, id: "get-" + r.name, tag: r.tag, needs: r.read, errors: []int{http.StatusNotFound},
		summary: "One live " + r.name, description: "An edit needs the ETag of the answer. Rows of a closed month are not here but in its statement.",
	}, r.get)
	register(r.v, operation{
		method: http.MethodPut, path: one, id: "change-" + r.name, tag: r.tag, needs: auth.Write,
		errors:  []int{http.StatusNotFound, http.StatusPreconditionFailed, http.StatusPreconditionRequired},
		summary: "Change a live " + r.name, description: "Send all values: any value left out is cleared. " + r.about,
	}, r.put)
	register(r.v, operation{
		method: http.MethodDelete, path: one, id: "delete-" + r.name, tag: r.tag, needs: auth.Write, status: http.StatusNoContent,
		errors:  []int{http.StatusNotFound, http.StatusPreconditionFailed, http.StatusPreconditionRequired},
		summary: "Delete a live " + r.name,
	}, r.delete)
}

// shown is the row as it is shown.
func (r *resource[New, In, Out]) shown(ctx context.Context, tx *store.Tx, row books.Row) (Out, error) {
	list := []Out{r.show(row)}
	if r.more == nil {
		return list[0], nil
	}
	err := r.more(ctx, tx, []books.Row{row}, list)
	return list[0], err
}

func (r *resource[New, In, Out]) find(ctx context.Context, tx *store.Tx, id books.ID) (out Out, err error) {
	row, err := tx.Record(ctx, r.kind, id)
	if err != nil {
		return out, err
	}
	only, limited := who(ctx).OnlyArtist()
	isOthers := limited && (r.owner == nil || r.owner(row) != only)
	if out, err = r.shown(ctx, tx, row); err == nil && (isOthers || r.hidden != nil && r.hidden(out)) {
		var none Out
		return none, books.NotFoundf("no_"+r.name, "there is no live %s %d", r.name, id).
			WithHint("a row of a closed month rests in that month's statement")
	}
	return out, err
}

func (r *resource[New, In, Out]) get(ctx context.Context, in *readOne) (*one[Out], error) {
	var out Out
	var tag string
	err := r.v.s.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		if out, err = r.find(ctx, tx, books.ID(in.ID)); err == nil {
			tag, err = r.etag(ctx, tx, books.ID(in.ID), out)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return shownOne(in.Read, out, tag), nil
}

// etag returns the strong tag of a row as shown, and of the values from with.
func (r *resource[New, In, Out]) etag(ctx context.Context, tx *store.Tx, id books.ID, out Out) (string, error) {
	if r.with == nil {
		return etagOf(out)
	}
	more, err := r.with(ctx, tx, id)
	if err != nil {
		return "", err
	}
	return etagOf([]any{out, more})
}

func (r *resource[New, In, Out]) post(ctx context.Context, in *addOne[New]) (*response[Out], error) {
	path := "/api/v1/" + r.path
	return onceInTx(ctx, r.v, in.Key, "POST "+path, in.Body, func(tx *store.Tx) (response[Out], error) {
		out := response[Out]{Status: http.StatusCreated}
		id, err := r.add(ctx, tx, in.Body)
		if err != nil {
			return out, err
		}
		if out.Body, err = r.find(ctx, tx, id); err != nil {
			return out, err
		}
		out.Location = path + "/" + strconv.FormatInt(int64(id), 10)
		out.ETag, err = r.etag(ctx, tx, id, out.Body)
		return out, err
	})
}

func (r *resource[New, In, Out]) put(ctx context.Context, in *changeOne[In]) (*one[Out], error) {
	return r.edit(ctx, books.ID(in.ID), in.Conditional, func(tx *store.Tx, match func(books.Row) error) error {
		return r.change(ctx, tx, books.ID(in.ID), in.Body, match)
	})
}

// edit changes a row, if its tag is unchanged, and answers with it.
func (r *resource[New, In, Out]) edit(ctx context.Context, id books.ID, seen Conditional, change func(*store.Tx, func(books.Row) error) error) (*one[Out], error) {
	wanted := tags(seen.IfMatch)
	if len(wanted) == 0 {
		return nil, errNoMatch
	}
	out := &one[Out]{Status: http.StatusOK}
	err := r.v.s.Store.Write(ctx, func(tx *store.Tx) error {
		err := change(tx, r.match(ctx, tx, id, wanted))
		if err == nil {
			out.Body, err = r.find(ctx, tx, id)
		}
		if err == nil {
			out.ETag, err = r.etag(ctx, tx, id, out.Body)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (r *resource[New, In, Out]) delete(ctx context.Context, in *removeOne) (*nothing, error) {
	wanted := tags(in.IfMatch)
	if len(wanted) == 0 {
		return nil, errNoMatch
	}
	return nil, r.v.s.Store.Write(ctx, func(tx *store.Tx) error {
		id := books.ID(in.ID)
		return r.remove(ctx, tx, id, r.match(ctx, tx, id, wanted))
	})
}

// match refuses a stored row with a tag other than these.
func (r *resource[New, In, Out]) match(ctx context.Context, tx *store.Tx, id books.ID, wanted []string) func(books.Row) error {
	return func(row books.Row) error {
		out, err := r.shown(ctx, tx, row)
		if err != nil {
			return err
		}
		tag, err := r.etag(ctx, tx, id, out)
		if err == nil && !slices.Contains(wanted, tag) {
			err = errStale
		}
		return err
	}
}

func (v *v1) registerRecords() {
	payments := v.payments()
	register(v, rowList(payments.path, payments.name, payments.tag, payments.read, dayOrder),
		func(ctx context.Context, in *listOfPayments) (*listed[payment], error) {
			w, err := in.wanted()
			if err != nil {
				return nil, err
			}
			return payments.list(ctx, in.Month, w, in.Part)
		})
	register(v, operation{
		method: http.MethodGet, path: "payments/sums", id: "sum-payments", tag: "records", needs: auth.SignedIn,
		summary: "The sums of a filter's live payments",
	}, v.sumPayments)
	registerResource(payments)
	sessions := v.sessions()
	register(v, rowList(sessions.path, sessions.name, sessions.tag, sessions.read, dayOrder),
		func(ctx context.Context, in *listOfSessions) (*listed[session], error) {
			w, err := in.wanted()
			if err != nil {
				return nil, err
			}
			return sessions.list(ctx, in.Month, w, in.Part)
		})
	register(v, operation{
		method: http.MethodGet, path: "sessions/sums", id: "sum-sessions", tag: "records", needs: auth.SignedIn,
		summary: "The sums of a filter's live sessions",
	}, v.sumSessions)
	registerResource(sessions)
	v.registerSplit(payments, sessions)
	commissions := v.commissions()
	register(v, rowList(commissions.path, commissions.name, commissions.tag, commissions.read, "created_at, id"),
		func(ctx context.Context, in *listOfCommissions) (*listed[commission], error) {
			return commissions.list(ctx, in.Month, store.Wanted{Artist: books.ID(in.Artist), Payment: books.ID(in.Payment)}, in.Part)
		})
	registerResource(commissions)
	expenses := v.expenses()
	register(v, rowList(expenses.path, expenses.name, expenses.tag, expenses.read, dayOrder),
		func(ctx context.Context, in *listOfMonth) (*listed[expense], error) {
			return expenses.list(ctx, in.Month, store.Wanted{}, in.Part)
		})
	registerResource(expenses)
	clients := v.clients()
	register(v, rowList(clients.path, clients.name, clients.tag, clients.read, "created_at, id"),
		func(ctx context.Context, in *listOfAll) (*listed[client], error) {
			return clients.list(ctx, "", store.Wanted{}, in.Part)
		})
	registerResource(clients)
	v.registerMerge()
	v.registerSearch()
	artists := v.artists()
	register(v, rowList(artists.path, artists.name, artists.tag, artists.read, "created_at, id"),
		func(ctx context.Context, in *listOfAll) (*listed[artist], error) {
			return artists.list(ctx, "", store.Wanted{}, in.Part)
		})
	registerResource(artists)
}
