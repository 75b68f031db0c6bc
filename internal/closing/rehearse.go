package closing

import (
	"context"
	"errors"

	"extrato/internal/books"
	"extrato/internal/store"
)

// errRehearsed rolls a rehearsal back.
var errRehearsed = errors.New("it was only a rehearsal")

// tryOut deletes the rows of a preview, and rehearses their way back. The
// transaction has to be rolled back.
func tryOut(ctx context.Context, tx *store.Tx, month books.Month, leaving *store.Leaving) error {
	if leaving == nil { // the month is closed already
		return nil
	}
	if err := remove(ctx, tx, month, leaving); err != nil {
		return err
	}
	return rehearse(ctx, tx, leaving)
}

// rehearse puts one row of each kind back, as a reopening would, and rolls that
// back: a trigger, a rule, a missing privilege or a generated column shows
// here, while the month is still open.
func rehearse(ctx context.Context, tx *store.Tx, leaving *store.Leaving) error {
	if err := tx.CheckPeople(ctx, leaving); err != nil {
		return err
	}
	rows := alone(leaving.First())
	if len(rows) == 0 {
		return nil
	}
	failed, err := tx.Rehearse(ctx, func() error {
		_, err := putBack(ctx, tx, rows)
		return err
	})
	if err != nil || failed == nil {
		return err
	}
	remedy := "see which trigger, rule or column of pagamentos, sessoes, comissoes or gastos stands against it, and switch it off"
	return store.ErrNotReopenable(failed.Error(), remedy).Because(failed)
}

// alone returns copies of rows with links among themselves only: all other
// linked rows have left with them.
func alone(rows []books.Row) []books.Row {
	ids := map[books.Kind]books.Ref{}
	for _, row := range rows {
		ids[row.Kind()] = books.RefTo(row.Key())
	}
	var all []books.Row
	for _, row := range rows {
		bare, link := unlinked(row)
		switch r := bare.(type) {
		case *books.Payment:
			if link.Valid {
				r.SessionID = ids[books.SessionKind]
			}
		case *books.Session:
			if link.Valid {
				r.PaymentID = ids[books.PaymentKind]
			}
		case *books.Commission:
			c := *r
			if bare = &c; c.PaymentID.Valid && !ids[books.PaymentKind].Valid {
				continue
			}
			if c.PaymentID.Valid {
				c.PaymentID = ids[books.PaymentKind]
			}
		}
		all = append(all, bare)
	}
	return all
}
