package recording

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

func checkExpense(e books.Expense) error {
	return first(checkDay(e.Date), checkAmount(e.Amount), checkName("method", string(e.Method), MaxMethod),
		checkText("description", string(e.Description.V), MaxNote))
}

// AddExpense writes a new expense down, on behalf of user e.CreatedBy.
func (r *Recorder) AddExpense(ctx context.Context, tx *store.Tx, by books.Actor, e books.Expense) (Done, error) {
	if err := checkExpense(e); err != nil {
		return Done{}, err
	}
	if err := open(ctx, tx, e.Date.Month()); err != nil {
		return Done{}, err
	}
	e.CreatedAt, e.UpdatedAt = r.now(), r.now()
	return r.addRow(ctx, tx, by, &e)
}

// ChangeExpense gives the expense e.ID the values of e; its author stays. A
// late one may go to an open month.
func (r *Recorder) ChangeExpense(ctx context.Context, tx *store.Tx, by books.Actor, e books.Expense, match Match) (Done, error) {
	if err := checkExpense(e); err != nil {
		return Done{}, err
	}
	old, err := record[*books.Expense](ctx, tx, books.ExpenseKind, e.ID, match)
	if err != nil {
		return Done{}, err
	}
	if err := open(ctx, tx, e.Date.Month()); err != nil {
		return Done{}, err
	}
	if err := leaves(ctx, tx, old, old.Date.Month(), e.Date.Month()); err != nil {
		return Done{}, err
	}
	e.CreatedBy, e.CreatedAt, e.UpdatedAt = old.CreatedBy, old.CreatedAt, r.now()
	return r.changeRow(ctx, tx, by, &e)
}

// RemoveExpense deletes an expense.
func (r *Recorder) RemoveExpense(ctx context.Context, tx *store.Tx, by books.Actor, id books.ID, match Match) (Done, error) {
	if _, err := record[*books.Expense](ctx, tx, books.ExpenseKind, id, match); err != nil {
		return Done{}, err
	}
	return r.removeRow(ctx, tx, by, books.ExpenseKind, id)
}
