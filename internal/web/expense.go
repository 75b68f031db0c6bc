package web

import (
	"context"
	"errors"
	"net/http"

	"extrato/internal/books"
	"extrato/internal/store"
)

// expensePage is the page /gastos/{id}.
type expensePage struct {
	page
	ID        books.ID
	InShort   string
	Entry     expenseForm
	Version   string
	DeleteKey string
	History   []changeLine
	Warning   string // somebody was faster
}

func (v *visit) expensePage() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	return v.showExpense(http.StatusOK, id, expensePage{})
}

// showExpense shows an expense. A form set in p stays unchanged.
func (v *visit) showExpense(status int, id books.ID, p expensePage) error {
	p.page, p.ID, p.DeleteKey = v.page(v.t("nav expenses"), "/gastos"), id, v.blankForm().Key
	ctx := v.r.Context()
	err := v.Store.Read(ctx, func(tx *store.Tx) error {
		row, err := tx.Record(ctx, books.ExpenseKind, id)
		if err != nil {
			return err
		}
		versions, err := rowVersions(ctx, tx, books.ExpenseKind, []books.ID{id})
		if err != nil {
			return err
		}
		e := row.(*books.Expense)
		p.Version, p.InShort = versions[id], v.expenseInShort(e)
		if p.Entry.form == nil {
			p.Entry.form = v.formOfExpense(e)
			p.Entry.Values.Set(versionField, p.Version)
		}
		p.Entry.Of = id
		if err := v.offerExpense(ctx, tx, &p.Entry); err != nil {
			return err
		}
		p.History, err = v.historyOf(ctx, tx, books.ExpenseKind, id)
		return err
	})
	if err != nil {
		return err
	}
	return v.show(status, "expense.html", p)
}

// expenseInShort names an expense: R$ 64,80, Agulhas, 28/10/2025.
func (v *visit) expenseInShort(e *books.Expense) string {
	what := string(e.Description.V)
	if what == "" {
		what = v.t("no description")
	}
	return v.t("expense in short", e.Amount.People(), what, e.Date.People())
}

// formOfExpense is the form of an expense as it is.
func (v *visit) formOfExpense(e *books.Expense) *form {
	return v.blankForm(dayField, e.Date.String(), amountField, plainMoney(e.Amount), descriptionField, string(e.Description.V),
		categoryField, string(e.Category.V), methodField, string(e.Method))
}

// expenseFacts lists the fields of an expense's form, in order.
func (v *visit) expenseFacts(f *form) []pair {
	var facts []pair
	for _, name := range []string{dayField, amountField, descriptionField, categoryField, methodField} {
		facts = append(facts, pair{Name: name, Label: v.t("field " + name), Value: f.Value(name)})
	}
	amount, day := v.blankForm(amountField, f.Value(amountField)), v.blankForm(dayField, f.Value(dayField))
	if m := amount.money(amountField); amount.OK() {
		facts[1].Value = m.People()
	}
	if d := day.day(dayField); day.OK() {
		facts[0].Value = d.People()
	}
	return facts
}

// saveExpense corrects an expense.
func (v *visit) saveExpense() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	e := expenseForm{form: v.form(), Of: id}
	meant := v.readExpense(e.form)
	meant.ID = id
	if !e.OK() {
		return v.showExpense(http.StatusUnprocessableEntity, id, expensePage{Entry: e})
	}
	err = v.once(e.form, func(ctx context.Context, tx *store.Tx) (done, error) {
		if err := v.bringRowBack(ctx, tx, books.ExpenseKind, id, e.form); err != nil {
			return done{}, err
		}
		old, err := tx.Record(ctx, books.ExpenseKind, id)
		if err != nil {
			return done{}, err
		}
		x := meant                                                                                     // the transaction may run again
		if was := old.(*books.Expense).Description; sameLine(string(x.Description.V), string(was.V)) { // a field of one line shows no line ends
			x.Description = was
		}
		d, err := v.Recording.ChangeExpense(ctx, tx, v.who.By, x, rowUnchanged(ctx, tx, e.Value(versionField)))
		return done{To: "/gastos/" + idText(id), What: x.Amount.People(), Flash: flash{Text: v.t("corrected", x.Amount.People()), Undo: d.Change}}, err
	})
	switch {
	case err == nil:
		return nil
	case isOvertaken(err, "no_expense"):
		return v.overtaken(books.ExpenseKind, id, v.page(v.t("nav expenses"), "/gastos"), v.expenseFacts(e.form),
			func(_ context.Context, _ *store.Tx, row books.Row) ([]pair, error) {
				return v.expenseFacts(v.formOfExpense(row.(*books.Expense))), nil
			})
	}
	if err := v.refuseExpense(&e, meant, err); err != nil {
		return err
	}
	return v.showExpense(http.StatusUnprocessableEntity, id, expensePage{Entry: e})
}

// deleteExpense deletes an expense, with an undo.
func (v *visit) deleteExpense() error {
	id, err := v.pathID()
	if err != nil {
		return err
	}
	f := v.form()
	err = v.once(f, func(ctx context.Context, tx *store.Tx) (done, error) {
		row, err := tx.Record(ctx, books.ExpenseKind, id)
		if err != nil {
			return done{}, err
		}
		e := row.(*books.Expense)
		d, err := v.Recording.RemoveExpense(ctx, tx, v.who.By, id, rowUnchanged(ctx, tx, f.Value(versionField)))
		to := v.expensesPath(*e)
		if f.Has(backField) {
			to = local(f.Value(backField))
		}
		return done{To: to, What: e.Amount.People(), Flash: flash{Text: v.t("deleted", v.expenseInShort(e)), Undo: d.Change}}, err
	})
	switch e := books.AsError(err); {
	case f.asks(err):
		return v.showExpense(http.StatusUnprocessableEntity, id, expensePage{Warning: f.Wrong})
	case errors.Is(err, errFaster):
		return v.showExpense(http.StatusUnprocessableEntity, id, expensePage{Warning: v.t("row changed before deleting")})
	case e != nil && e.Code == "no_expense" && v.deletedBefore(books.ExpenseKind, id):
		v.say(flash{Text: v.t("row already deleted"), Warn: true})
		return v.to("/gastos")
	}
	return err
}

// deletedBefore reports whether a row's last change was its deletion.
func (v *visit) deletedBefore(kind books.Kind, id books.ID) (deleted bool) {
	ctx := v.r.Context()
	_ = v.Store.Read(ctx, func(tx *store.Tx) error { // a word less
		changes, err := tx.ChangesOf(ctx, kind, id, 0, 1)
		deleted = len(changes) > 0 && changes[0].Action == "delete"
		return err
	})
	return deleted
}
