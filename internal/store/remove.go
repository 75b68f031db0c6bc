package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"extrato/internal/books"
)

// Leaving are live rows of a month, by kind and id, as they were read.
type Leaving struct {
	Counts  books.Counts
	ids     [books.LinkKind + 1]books.IDs // by kind; of links, the sessions'
	links   [][2]books.ID                 // of payments and sessions, in either direction
	first   [books.LinkKind]books.Row     // of each kind
	missing *missingPerson
}

// First returns the first row of each kind, links left out.
func (l *Leaving) First() []books.Row {
	return slices.DeleteFunc(slices.Clone(l.first[:]), func(row books.Row) bool { return row == nil })
}

// Note passes the rows of MonthRows on, and notes each of them.
func (l *Leaving) Note(rows books.Rows) books.Rows {
	return func(yield func(books.Row, error) bool) {
		for row, err := range rows {
			if err == nil && row.Kind() <= books.LinkKind {
				l.add(row)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

func (l *Leaving) add(row books.Row) {
	l.Counts.Add(row.Kind())
	l.ids[row.Kind()].Add(row.Key())
	if row.Kind() < books.LinkKind && l.first[row.Kind()] == nil {
		l.first[row.Kind()] = row
	}
	if l.missing == nil {
		l.missing = missingPersonOf(row)
	}
	switch r := row.(type) {
	case *books.Payment:
		if r.SessionID.Valid {
			l.links = append(l.links, [2]books.ID{r.ID, r.SessionID.V})
		}
	case *books.Link:
		l.links = append(l.links, [2]books.ID{r.PaymentID, r.SessionID})
	}
}

// staying returns each payment that leaves before its session, with the
// session: the one named by the payment, if it stays, or else the first to name
// the payment.
func (l *Leaving) staying() [][2]books.ID {
	seen := map[books.ID]bool{}
	return slices.DeleteFunc(slices.Clone(l.links), func(link [2]books.ID) bool {
		if seen[link[0]] || l.ids[books.SessionKind].Has(link[1]) {
			return true
		}
		seen[link[0]] = true
		return false
	})
}

// smallMonth is up to how many rows PostgreSQL is kept from walking tables.
const smallMonth = 20_000

// RemoveMonth deletes a month's rows, read before in the same transaction, by
// their ids. It cuts the links of staying sessions, keeps their received
// amounts in deposits, and returns the numbers of deleted rows and cut links.
// It fails with an Error of kind Refused if the database kept some rows.
func (t *Tx) RemoveMonth(ctx context.Context, month books.Month, rows *Leaving) (books.Counts, error) {
	if err := t.closeDeposits(ctx, month, rows); err != nil {
		return books.Counts{}, err
	}
	args := make([]any, len(rows.ids))
	for kind, runs := range rows.ids {
		text, err := json.Marshal(append(books.IDs{}, runs...)) // never null
		if err != nil {
			return books.Counts{}, err
		}
		args[kind] = string(text)
	}
	if err := t.removeCategories(ctx, args[books.ExpenseKind]); err != nil {
		return books.Counts{}, err
	}
	remove := t.removeInTurn
	if t.s.dialect.postgres {
		remove = func(ctx context.Context, runs []any) (books.Counts, error) {
			return t.removeAtOnce(ctx, runs, rows.Counts.Total() <= smallMonth)
		}
	}
	removed, err := remove(ctx, args)
	if err == nil && removed != rows.Counts {
		err = t.errRowsKept(ctx, removed, rows.Counts)
	}
	return removed, err
}

// removeInTurn deletes on SQLite. Foreign keys are checked at commit there:
// sessoes and pagamentos refer to each other.
func (t *Tx) removeInTurn(ctx context.Context, runs []any) (books.Counts, error) {
	if _, err := t.exec(ctx, "PRAGMA defer_foreign_keys = ON"); err != nil {
		return books.Counts{}, err
	}
	var c books.Counts
	steps := []struct {
		kind  books.Kind
		query string
		count *int64
	}{
		{books.CommissionKind, "DELETE FROM comissoes", &c.Commissions},
		{books.LinkKind, "UPDATE sessoes SET payment_id = NULL", &c.Links},
		{books.SessionKind, "DELETE FROM sessoes", &c.Sessions},
		{books.PaymentKind, "DELETE FROM pagamentos", &c.Payments},
		{books.ExpenseKind, "DELETE FROM gastos", &c.Expenses},
	}
	for _, step := range steps {
		var err error
		*step.count, err = t.exec(ctx, step.query+` WHERE id IN (SELECT r.id FROM json_each($1) run
			CROSS JOIN `+tableOf(step.kind)+` r ON r.id BETWEEN run.value ->> 0 AND run.value ->> 1)`, runs[step.kind])
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// removeAtOnce deletes on PostgreSQL, in one statement, since foreign keys are
// checked at the end of each.
func (t *Tx) removeAtOnce(ctx context.Context, runs []any, small bool) (books.Counts, error) {
	// The planner looks for rows referring to each deleted one. If it takes the
	// tables for small, it scans them every time.
	if small {
		if _, err := t.exec(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
			return books.Counts{}, err
		}
	}
	in := func(kind books.Kind) string {
		return fmt.Sprintf("json_array_elements(CAST($%d AS JSON)) run WHERE r.id BETWEEN CAST(run ->> 0 AS INTEGER) AND CAST(run ->> 1 AS INTEGER) RETURNING 1", kind+1)
	}
	query := `WITH cut AS (UPDATE sessoes r SET payment_id = NULL FROM ` + in(books.LinkKind) + `),
		payments AS (DELETE FROM pagamentos r USING ` + in(books.PaymentKind) + `),
		sessions AS (DELETE FROM sessoes r USING ` + in(books.SessionKind) + `),
		commissions AS (DELETE FROM comissoes r USING ` + in(books.CommissionKind) + `),
		expenses AS (DELETE FROM gastos r USING ` + in(books.ExpenseKind) + `)
		SELECT (SELECT count(*) FROM payments), (SELECT count(*) FROM sessions), (SELECT count(*) FROM commissions),
			(SELECT count(*) FROM expenses), (SELECT count(*) FROM cut)`
	var c books.Counts
	err := t.one(ctx, query, runs, &c.Payments, &c.Sessions, &c.Commissions, &c.Expenses, &c.Links)
	return c, err
}
