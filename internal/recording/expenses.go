package recording

import (
	"context"
	"strings"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Categories are the categories of expenses offered; any other text is taken
// too.
func Categories() []string {
	return []string{"Aluguel", "Contas", "Divulgação", "Equipamento", "Impostos", "Limpeza", "Material"}
}

// noCategory is how statements call expenses without a category.
const noCategory = "Outros"

// MaxCategory is the longest category, in characters.
const MaxCategory = 50

// AllCategories returns the categories offered, and those of live expenses and
// of the last twelve statements, without those that differ in case or accents
// only.
func (r *Recorder) AllCategories(ctx context.Context, tx *store.Tx) ([]string, error) {
	used, err := tx.Categories(ctx, books.MonthOf(r.Now()).Add(-12))
	all, seen := []string{}, map[string]bool{}
	for _, name := range append(used, Categories()...) {
		if key := categoryKey(name); !seen[key] {
			seen[key], all = true, append(all, name)
		}
	}
	return all, err
}

func categoryKey(name string) string { return books.SearchKey(strings.Join(strings.Fields(name), " ")) }

// categoryNamed returns the category of a typed name: NULL for none, the known
// spelling for a name that differs in case, accents or blanks only.
func (r *Recorder) categoryNamed(ctx context.Context, tx *store.Tx, name books.Text) (books.Text, error) {
	key := categoryKey(string(name.V))
	if !name.Valid || key == "" || key == categoryKey(noCategory) {
		return books.Text{}, nil
	}
	known, err := r.AllCategories(ctx, tx)
	for _, k := range known {
		if categoryKey(k) == key {
			return books.TextOf(k), err
		}
	}
	return books.TextOf(strings.TrimSpace(string(name.V))), err
}

func checkExpense(e books.Expense) error {
	if e.Amount == 0 {
		return books.Invalidf("missing_amount", "the amount must be above 0.00").WithHint("write an amount such as 450.00")
	}
	return first(checkDay(e.Date), checkAmount(e.Amount), checkName("method", string(e.Method), MaxMethod),
		checkName("description", string(e.Description.V), MaxNote), checkText("category", string(e.Category.V), MaxCategory))
}

// AddExpense writes a new expense down, on behalf of user e.CreatedBy.
func (r *Recorder) AddExpense(ctx context.Context, tx *store.Tx, by books.Actor, e books.Expense) (Done, error) {
	if err := checkExpense(e); err != nil {
		return Done{}, err
	}
	if err := open(ctx, tx, e.Date.Month()); err != nil {
		return Done{}, err
	}
	var err error
	if e.Category, err = r.categoryNamed(ctx, tx, e.Category); err != nil {
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
	if e.Category != old.Category {
		if e.Category, err = r.categoryNamed(ctx, tx, e.Category); err != nil {
			return Done{}, err
		}
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
