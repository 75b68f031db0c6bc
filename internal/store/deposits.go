package store

import (
	"context"
	"encoding/json"
	"strconv"

	"extrato/internal/books"
)

// The table deposits holds each payment marked as a deposit, and each payment
// that left the live tables before its session. Session, amount and month are
// set for payments at rest alone; live payments have rows of their own.

// isMarked is the mark in deposits e as books.Mark reads it.
const isMarked = "CASE WHEN e.marked THEN 'true' END"

// Deposit is a row of deposits with its payment at rest in a statement.
type Deposit struct {
	Payment books.ID
	Session books.Ref
	Day     books.NullDay
	Amount  books.NullMoney
	Marked  bool
	Month   string
}

// DepositsAtRest returns those rows, by payment.
func (t *Tx) DepositsAtRest(ctx context.Context) ([]Deposit, error) {
	var all []Deposit
	err := t.list(ctx, "SELECT payment, session, "+t.s.dialect.text("day")+", "+t.s.dialect.text("amount")+", CASE WHEN marked THEN TRUE ELSE FALSE END, month FROM deposits WHERE month IS NOT NULL ORDER BY payment",
		nil, func(scan func(...any) error) error {
			var d Deposit
			err := scan(&d.Payment, &column{value: &d.Session}, &column{value: &d.Day}, &column{value: &d.Amount}, &d.Marked, &d.Month)
			all = append(all, d)
			return err
		})
	return all, err
}

// ReopenDeposits makes the deposits of live payments agree with the rows, and
// deletes those of unmarked payments.
func (t *Tx) ReopenDeposits(ctx context.Context, payments []books.Row) error {
	ids, marked := make([]books.ID, len(payments)), [][2]string{}
	for i, row := range payments {
		p := row.(*books.Payment)
		if ids[i] = p.ID; p.Deposit {
			marked = append(marked, [2]string{strconv.FormatInt(int64(p.ID), 10), p.Date.String()})
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if _, err := t.exec(ctx, "DELETE FROM deposits WHERE payment IN ("+t.s.dialect.idList("$1")+")", jsonIDs(ids)); err != nil || len(marked) == 0 {
		return err
	}
	list, err := json.Marshal(marked)
	if err != nil {
		return err
	}
	query := "SELECT CAST(value ->> 0 AS INTEGER), value ->> 1, TRUE FROM json_each($1)"
	if t.s.dialect.postgres {
		query = "SELECT CAST(value ->> 0 AS INTEGER), CAST(value ->> 1 AS DATE), TRUE FROM json_array_elements(CAST($1 AS JSON))"
	}
	_, err = t.exec(ctx, "INSERT INTO deposits (payment, day, marked) "+query, string(list))
	return err
}

// closeDeposits keeps session, amount and month of the payments that leave
// before their session. It runs before they are deleted.
func (t *Tx) closeDeposits(ctx context.Context, month books.Month, leaving *Leaving) error {
	args := []any{month.First().String(), month.Last().String(), month.String()}
	_, err := t.exec(ctx, `UPDATE deposits SET (session, day, amount, month) = (SELECT p.sessao_id, p.data, p.valor, $3 FROM pagamentos p WHERE p.id = deposits.payment)
		WHERE EXISTS (SELECT 1 FROM pagamentos p WHERE p.id = deposits.payment AND `+t.s.dialect.in("p.data")+")", args...)
	if err != nil {
		return err
	}
	staying := leaving.staying()
	if len(staying) == 0 {
		return nil
	}
	list, err := json.Marshal(staying)
	if err != nil {
		return err
	}
	pairs := "SELECT value ->> 0 AS payment, value ->> 1 AS session FROM json_each($1)"
	if t.s.dialect.postgres {
		pairs = "SELECT CAST(value ->> 0 AS INTEGER) AS payment, CAST(value ->> 1 AS INTEGER) AS session FROM json_array_elements(CAST($1 AS JSON))"
	}
	_, err = t.exec(ctx, `INSERT INTO deposits (payment, session, day, amount, marked, month)
		SELECT p.id, g.session, p.data, p.valor, FALSE, $2 FROM (`+pairs+`) AS g JOIN pagamentos p ON p.id = g.payment WHERE TRUE
		ON CONFLICT (payment) DO UPDATE SET session = excluded.session, day = excluded.day, amount = excluded.amount, month = excluded.month`,
		string(list), month.String())
	return err
}
