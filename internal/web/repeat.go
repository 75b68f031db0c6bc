package web

import (
	"context"
	"net/http"

	"extrato/internal/books"
	"extrato/internal/store"
)

// repeatField is a ticked expense of last month.
const repeatField = "gasto"

// repeatForm is the list of last month's expenses, to be recorded again.
type repeatForm struct {
	*form
	Month    string // last month's name
	Offered  []repeatLine
	Recorded int // those the month has already
	Open     bool
}

// repeatLine is one of them.
type repeatLine struct {
	Key, Text, Detail string
	On                bool
}

// offerRepeat lists the expenses of the month before. All are ticked, unless the
// form was sent already.
func (v *visit) offerRepeat(ctx context.Context, tx *store.Tx, f *repeatForm, month books.Month) error {
	list, err := v.Recording.Repeatable(ctx, tx, month)
	if e := books.AsError(err); e != nil && e.Kind == books.Integrity {
		f.Wrong = v.t("repeat refused") // the rest of the page needs no statement
		return nil
	}
	f.Month, f.Offered, f.Recorded = v.name(month.Add(-1)), nil, 0 // the transaction may run again
	ticked := map[string]bool{}
	for _, key := range f.Values[repeatField] {
		ticked[key] = true
	}
	for _, e := range list {
		if e.Recorded {
			f.Recorded++
			continue
		}
		f.Offered = append(f.Offered, repeatLine{
			Key: e.Key, Text: string(e.Description.V), On: f.Wrong == "" || ticked[e.Key],
			Detail: v.t("repeat detail", e.Amount.People(), v.shortDay(e.Date), string(e.Method)),
		})
	}
	f.Open = f.Wrong != "" || f.Recorded == 0
	return err
}

// repeatExpenses records the ticked expenses of last month again.
func (v *visit) repeatExpenses() error {
	asked := &form{v: v, Values: v.r.URL.Query()}
	month := v.monthAsked(asked)
	if !asked.OK() {
		return errNoPage
	}
	f := &repeatForm{form: v.form()}
	err := v.once(f.form, func(ctx context.Context, tx *store.Tx) (done, error) {
		d, err := v.Recording.RepeatExpenses(ctx, tx, v.who.By, v.who.UserID, month, f.Values[repeatField])
		if err != nil {
			return done{}, err
		}
		n := int64(len(d.Rows))
		text := v.some(n, "expenses repeated")
		if d.Skipped > 0 {
			text += " " + v.some(int64(d.Skipped), "expenses skipped")
		}
		return done{To: "/gastos?" + monthFilter + "=" + month.String(), What: v.some(n, "expenses count"), Flash: flash{Text: text, Undo: d.Change}}, nil
	})
	switch {
	case err == nil:
		return nil
	case !f.asks(err):
		where := faults{"nothing_chosen": whole, "all_recorded": whole, "expense_not_offered": whole, "month_closed": whole, "statement_changed": whole}
		if err := f.refuse(err, where); err != nil {
			return err
		}
	}
	return v.showExpenses(http.StatusUnprocessableEntity, nil, f)
}
