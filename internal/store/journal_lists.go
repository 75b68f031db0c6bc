package store

import (
	"context"
	"math"

	"extrato/internal/books"
)

// ClosingsBefore returns at most limit entries of the chain, the newest first,
// those below number before; from the head on if that is 0. month, if it is
// not zero, leaves out those of other months.
func (t *Tx) ClosingsBefore(ctx context.Context, month books.Month, before int64, limit int) ([]books.Closing, error) {
	query, args := "SELECT "+closingColumns+" FROM closings WHERE seq < $1", []any{orLast(before), limit}
	if !month.IsZero() {
		query, args = query+" AND month = $3", append(args, month.String())
	}
	var all []books.Closing
	err := t.list(ctx, query+" ORDER BY seq DESC LIMIT $2", args, func(scan func(...any) error) error {
		var c books.Closing
		err := scanClosing(scan, &c)
		all = append(all, c)
		return err
	})
	return all, err
}

// RunsBefore returns at most limit attempts, the newest first, as
// ClosingsBefore does.
func (t *Tx) RunsBefore(ctx context.Context, month books.Month, before int64, limit int) ([]Run, error) {
	query := "SELECT id, action, month, actor, started_at, finished_at, result, code, message, correlation_id FROM runs WHERE id < $1"
	args := []any{orLast(before), limit}
	if !month.IsZero() {
		query, args = query+" AND month = $3", append(args, month.String())
	}
	var all []Run
	err := t.list(ctx, query+" ORDER BY id DESC LIMIT $2", args, func(scan func(...any) error) error {
		var r Run
		var month string
		err := scan(&r.ID, &r.Action, &month, &r.By, &column{value: &r.Started}, &column{value: &r.Finished},
			&r.Result, &r.Code, &r.Message, &r.CorrelationID)
		if err == nil {
			err = r.Month.UnmarshalText([]byte(month))
		}
		all = append(all, r)
		return err
	})
	return all, err
}

func orLast(before int64) int64 {
	if before <= 0 {
		return math.MaxInt32
	}
	return before
}
