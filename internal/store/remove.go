package store

import (
	"context"
	"encoding/json"

	"extrato/internal/books"
)

// Leaving are live rows of a month, by kind and id, as they were read.
type Leaving struct {
	Counts books.Counts
	runs   [books.LinkKind + 1][][2]books.ID // first and last of ids in a row
}

// Note hands on rows as MonthRows gives them, and notes each that passes.
func (l *Leaving) Note(rows books.Rows) books.Rows {
	return func(yield func(books.Row, error) bool) {
		for row, err := range rows {
			if err == nil && row.Kind() <= books.LinkKind {
				l.add(row.Kind(), row.Key())
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

func (l *Leaving) add(kind books.Kind, id books.ID) {
	l.Counts.Add(kind)
	runs := l.runs[kind]
	if n := len(runs); n > 0 && runs[n-1][1] == id-1 {
		runs[n-1][1] = id
		return
	}
	l.runs[kind] = append(runs, [2]books.ID{id, id})
}

// smallMonth is up to how many rows PostgreSQL is kept from walking tables.
const smallMonth = 20_000

// RemoveMonth deletes the live rows that belong to month, cuts the links of the
// sessions that stay, and returns how many it deleted and cut. The caller has
// read those rows from what this transaction sees, and hands them over.
//
// SQLite deletes them by id. PostgreSQL asks once more which they are, by the
// conditions that MonthRows reads them with: that takes no longer there, and
// lets it notice a transaction that adds a row to the month meanwhile.
func (t *Tx) RemoveMonth(ctx context.Context, month books.Month, rows *Leaving) (books.Counts, error) {
	if t.s.dialect.postgres {
		return t.removeAtOnce(ctx, month, rows.Counts.Total() <= smallMonth)
	}
	// sessoes and pagamentos refer to each other; SQLite checks at commit.
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
		runs, err := json.Marshal(rows.runs[step.kind])
		if err != nil {
			return c, err
		}
		*step.count, err = t.exec(ctx, step.query+` WHERE id IN (SELECT r.id FROM json_each($1) run
			CROSS JOIN `+tableOf(step.kind)+` r ON r.id BETWEEN run.value ->> 0 AND run.value ->> 1)`, string(runs))
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// removeAtOnce does it in one statement: all parts see the same rows, and
// foreign keys are checked when all of them are gone. PostgreSQL looks for the
// rows that refer to each deleted one; where the tables are small it would walk
// them each time, which is slower than the index from a few hundred rows on.
func (t *Tx) removeAtOnce(ctx context.Context, month books.Month, small bool) (books.Counts, error) {
	args, err := t.monthArgs(ctx, month)
	if err != nil {
		return books.Counts{}, err
	}
	_, err = t.exec(ctx, "SELECT set_config('enable_seqscan', 'off', true) WHERE $1", small)
	if err != nil {
		return books.Counts{}, err
	}
	ids := func(kind books.Kind) string {
		query, _ := t.s.dialect.monthIDs(kind)
		return query
	}
	query := `WITH cut AS (UPDATE sessoes SET payment_id = NULL WHERE id IN (` + ids(books.LinkKind) + `) RETURNING 1),
		payments AS (DELETE FROM pagamentos WHERE id IN (` + ids(books.PaymentKind) + `) RETURNING 1),
		sessions AS (DELETE FROM sessoes WHERE id IN (` + ids(books.SessionKind) + `) RETURNING 1),
		commissions AS (DELETE FROM comissoes WHERE id IN (` + ids(books.CommissionKind) + `) RETURNING 1),
		expenses AS (DELETE FROM gastos WHERE id IN (` + ids(books.ExpenseKind) + `) RETURNING 1)
		SELECT (SELECT count(*) FROM payments), (SELECT count(*) FROM sessions), (SELECT count(*) FROM commissions),
			(SELECT count(*) FROM expenses), (SELECT count(*) FROM cut)`
	var c books.Counts
	err = t.one(ctx, query, args[:], &c.Payments, &c.Sessions, &c.Commissions, &c.Expenses, &c.Links)
	return c, err
}
