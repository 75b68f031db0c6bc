package api

import (
	"context"
	"net/http"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

type categoriesBody struct {
	Body struct {
		Items []string `json:"items" example:"[\"Aluguel\",\"Material\"]"`
	}
}

type offeredExpense struct {
	Key         string  `json:"key" doc:"Names it in a POST."`
	Date        string  `json:"date" format:"date" doc:"The day it would get: the same of the month, or the last one."`
	Amount      string  `json:"amount" example:"33.33"`
	Method      string  `json:"method"`
	Description *string `json:"description"`
	Category    *string `json:"category"`
	Recorded    bool    `json:"recorded" doc:"The month has an expense with its description already."`
}

type repeatOf struct {
	Month monthText `path:"month"`
}

type repeatablesBody struct {
	Body struct {
		Items []offeredExpense `json:"items"`
	}
}

type repeatChosen struct {
	Keys []string `json:"keys" maxItems:"500" doc:"Those to record."`
}

type repeatThem struct {
	Month monthText `path:"month"`
	Keyed
	Body repeatChosen
}

type repeated struct {
	Items   []expense `json:"items" doc:"The new expenses."`
	Skipped int       `json:"skipped" doc:"How many were recorded already."`
}

func (v *v1) registerRepeat() {
	register(v, operation{
		method: http.MethodGet, path: "expenses/categories", id: "list-expense-categories", tag: "records", needs: auth.Read,
		summary: "The categories of expenses", description: "Those offered, and those in use. Any other text is taken too.",
	}, func(ctx context.Context, _ *struct{}) (*categoriesBody, error) {
		out := &categoriesBody{}
		return out, v.s.Store.Read(ctx, func(tx *store.Tx) (err error) {
			out.Body.Items, err = v.s.Recorder.AllCategories(ctx, tx)
			return err
		})
	})
	register(v, operation{
		method: http.MethodGet, path: "months/{month}/repeatable-expenses", id: "list-repeatable-expenses", tag: "records", needs: auth.Read,
		summary: "The expenses of the month before, as they would be in this month", description: "They come from the live rows and from the statement.",
	}, func(ctx context.Context, in *repeatOf) (*repeatablesBody, error) {
		month, err := books.ParseMonth(string(in.Month))
		if err != nil {
			return nil, err
		}
		out := &repeatablesBody{}
		return out, v.s.Store.Read(ctx, func(tx *store.Tx) error {
			list, err := v.s.Recorder.Repeatable(ctx, tx, month)
			out.Body.Items = []offeredExpense{}
			for _, e := range list {
				out.Body.Items = append(out.Body.Items, offeredExpense{
					Key: e.Key, Date: e.Date.String(), Amount: e.Amount.String(), Method: string(e.Method), Description: text(&e.Description),
					Category: text(&e.Category), Recorded: e.Recorded,
				})
			}
			return err
		})
	})
	register(v, operation{
		method: http.MethodPost, path: "months/{month}/repeated-expenses", id: "repeat-expenses", tag: "records", needs: auth.Write, status: http.StatusCreated,
		summary: "Record expenses of the month before again", description: "As one change. Those that the month has already are skipped.",
	}, v.repeatExpenses)
}

func (v *v1) repeatExpenses(ctx context.Context, in *repeatThem) (*response[repeated], error) {
	return onceInTx(ctx, v, in.Key, "POST /api/v1/months/"+string(in.Month)+"/repeated-expenses", in.Body, func(tx *store.Tx) (response[repeated], error) {
		out := response[repeated]{Status: http.StatusCreated}
		month, err := books.ParseMonth(string(in.Month))
		if err != nil {
			return out, err
		}
		done, err := v.s.Recorder.RepeatExpenses(ctx, tx, who(ctx).By, who(ctx).UserID, month, in.Body.Keys)
		if err != nil {
			return out, err
		}
		out.Body.Skipped = done.Skipped
		for _, id := range done.Rows {
			row, err := tx.Record(ctx, books.ExpenseKind, id)
			if err != nil {
				return out, err
			}
			out.Body.Items = append(out.Body.Items, expenseOf(row))
		}
		return out, nil
	})
}
