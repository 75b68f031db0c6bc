package store

import (
	"context"
	"encoding/json"
	"strconv"

	"extrato/internal/books"
)

// The table expense_categories holds the category of each live expense with
// one. Statements hold those of their expenses: a close deletes the rows here,
// a reopening writes them again.

// ofCategory joins the category k of expenses r.
const ofCategory = " LEFT JOIN expense_categories k ON k.expense = r.id"

// SetCategories makes the categories of live expenses agree with the rows.
func (t *Tx) SetCategories(ctx context.Context, expenses []books.Row) error {
	ids, kept := make([]books.ID, len(expenses)), [][2]string{}
	for i, row := range expenses {
		e := row.(*books.Expense)
		if ids[i] = e.ID; e.Category.Valid {
			kept = append(kept, [2]string{strconv.FormatInt(int64(e.ID), 10), string(e.Category.V)})
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if _, err := t.exec(ctx, "DELETE FROM expense_categories WHERE expense IN ("+t.s.dialect.idList("$1")+")", jsonIDs(ids)); err != nil || len(kept) == 0 {
		return err
	}
	list, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	query := "SELECT CAST(value ->> 0 AS INTEGER), value ->> 1 FROM json_each($1)"
	if t.s.dialect.postgres {
		query = "SELECT CAST(value ->> 0 AS INTEGER), value ->> 1 FROM json_array_elements(CAST($1 AS JSON))"
	}
	_, err = t.exec(ctx, "INSERT INTO expense_categories (expense, category) "+query, string(list))
	return err
}

// removeCategories deletes the categories of leaving expenses, by runs of ids.
func (t *Tx) removeCategories(ctx context.Context, runs any) error {
	from := "json_each($1) run CROSS JOIN expense_categories k ON k.expense BETWEEN run.value ->> 0 AND run.value ->> 1"
	if t.s.dialect.postgres {
		from = "json_array_elements(CAST($1 AS JSON)) run JOIN expense_categories k ON k.expense BETWEEN CAST(run ->> 0 AS INTEGER) AND CAST(run ->> 1 AS INTEGER)"
	}
	_, err := t.exec(ctx, "DELETE FROM expense_categories WHERE expense IN (SELECT k.expense FROM "+from+")", runs)
	return err
}

// Categories returns the categories of live expenses, and of those closed since
// a month.
func (t *Tx) Categories(ctx context.Context, since books.Month) (names []string, err error) {
	err = t.list(ctx, `SELECT category FROM expense_categories UNION SELECT category FROM month_sums WHERE month >= $1 AND category <> '' ORDER BY 1`,
		[]any{since.String()}, func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			names = append(names, name)
			return err
		})
	return names, err
}

// ExpenseSum is the sum of the expenses of a category and a method.
type ExpenseSum struct {
	Category, Method string // no category: ""
	Number           int64
	Amount           books.Money
}

// SumExpenses returns the sums of all expenses wanted, regardless of limit and
// position.
func (t *Tx) SumExpenses(ctx context.Context, w Wanted) (list []ExpenseSum, err error) {
	w = w.whole(books.ExpenseKind)
	where, args, err := t.whereWanted(ctx, w)
	if err != nil {
		return nil, err
	}
	query := "SELECT coalesce(k.category, ''), r.forma_pagamento, count(*), CAST(sum(" + centavos("r.valor") + ") AS BIGINT) FROM gastos r" + ofCategory + where +
		" GROUP BY k.category, r.forma_pagamento ORDER BY 1, 2"
	err = t.list(ctx, query, args, func(scan func(...any) error) error {
		var s ExpenseSum
		var amount int64
		err := scan(&s.Category, &s.Method, &s.Number, &amount)
		s.Amount = books.Money(amount)
		list = append(list, s)
		return err
	})
	return list, err
}
