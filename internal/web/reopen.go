package web

import (
	"context"
	"errors"
	"net/http"

	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/store"
)

// reopenPage is the page to reopen a month.
type reopenPage struct {
	page
	Month   books.Month
	Form    *form
	Refused *refusal
	Return  *closing.Return // nil: it cannot be reopened
	Counts  string
}

// longestReason is how long a reason may be, in characters: it stays in the chain.
const longestReason = 500

// Action is where the form goes, Back the statement.
func (p reopenPage) Action() string { return reopenPath(p.Month) }
func (p reopenPage) Back() string   { return statementPath(p.Month) }

func (v *visit) reopenPage() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	return v.showReopen(http.StatusOK, month, v.blankForm().Begin("motivo"), nil)
}

func (v *visit) showReopen(status int, month books.Month, f *form, refused *refusal) error {
	ctx := v.r.Context()
	p := reopenPage{page: v.page(v.t("reopen month", v.lang.month(month)), "/extrato"), Month: month, Form: f, Refused: refused}
	r, err := v.Closer.PreviewReopen(ctx, month)
	switch e := books.AsError(err); {
	case e == nil:
		p.Return, p.Counts = &r, v.counts(r.Counts)
	case e.Kind == books.Internal:
		return err
	case p.Refused == nil:
		p.Refused = v.notReopened(err, month, books.CorrelationID(ctx))
	}
	return v.show(status, "reopen.html", p)
}

// notReopened explains why a month cannot be reopened; where another one has to
// be reopened first, it leads there.
func (v *visit) notReopened(err error, month books.Month, id string) *refusal {
	r := v.refused(err, month, id)
	var first *closing.ReopenFirst
	if errors.As(err, &first) {
		r.Link = &link{reopenPath(first.Month), v.t("reopen month", v.name(first.Month))}
	}
	return r
}

func (v *visit) reopenMonth() error {
	month, err := v.pathMonth()
	if err != nil {
		return err
	}
	f := v.form()
	reason := f.required("motivo", longestReason)
	if !f.OK() {
		return v.showReopen(http.StatusUnprocessableEntity, month, f, nil)
	}
	ctx, release := v.outlive()
	defer release()
	_, err = v.Closer.ReopenOnce(ctx, month, reason, v.who.By, v.onceOnMonth(f))
	if errors.Is(err, store.ErrAnswered) {
		return v.reopenedBefore(ctx, month, f)
	}
	if err != nil && books.AsError(err).Code == "month_held" {
		err = v.unlessReopened(ctx, month, reason, err)
	}
	switch e := books.AsError(err); {
	case e == nil:
		v.say(flash{Text: v.t("reopened now", capital(v.name(month)))})
		return v.to(historyPath(month))
	case e.Code == "internal":
		return err
	}
	return v.showReopen(http.StatusUnprocessableEntity, month, f, v.notReopened(err, month, books.CorrelationID(ctx)))
}

// reopenedBefore answers a form that reopened the month before. If it is closed
// again, reopening it once more is asked about.
func (v *visit) reopenedBefore(ctx context.Context, month books.Month, f *form) error {
	name := capital(v.name(month))
	_, err := v.Closer.PreviewReopen(ctx, month)
	if e := books.AsError(err); e != nil && e.Code == "month_held" {
		v.say(flash{Text: v.t("reopened now", name)})
		return v.to(historyPath(month))
	}
	f.ask(v.t("reopened before", name))
	return v.showReopen(http.StatusUnprocessableEntity, month, f, nil)
}

// unlessReopened returns held, unless the same person has just reopened the month
// for the same reason: then this is the second click of two.
func (v *visit) unlessReopened(ctx context.Context, month books.Month, reason string, held error) error {
	return v.Store.Read(ctx, func(tx *store.Tx) error {
		last, err := tx.LastEntry(ctx, month)
		if err == nil && (last.By != v.who.By || last.Reason != reason) {
			err = held
		}
		return err
	})
}
