package store

import (
	"context"
	"strconv"

	"extrato/internal/books"
)

// LastPaymentBy returns the last payment recorded by an actor, as it was then;
// nil if there is none among the newest changes of the books.
func (t *Tx) LastPaymentBy(ctx context.Context, by books.Actor) (*books.Payment, error) {
	ids, err := t.ids(ctx, `SELECT h.id FROM (SELECT id, action, kind, actor FROM changes ORDER BY id DESC LIMIT 500) AS h
		WHERE h.action = 'add' AND h.kind = $1 AND h.actor = $2 ORDER BY h.id DESC LIMIT 1`, books.PaymentKind.String(), string(by))
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	c, err := t.ChangesetByID(ctx, ids[0])
	if err != nil {
		return nil, err
	}
	for _, r := range c.Rows {
		if p, ok := r.After.(*books.Payment); ok && r.ID == c.Row {
			return p, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none
}

// NewestClients returns the clients recorded last, newest first.
func (t *Tx) NewestClients(ctx context.Context, limit int) (list []ClientName, err error) {
	err = t.list(ctx, "SELECT c.id, c.name FROM clients c"+joinMerge("c.id")+" WHERE m.client IS NULL ORDER BY c.id DESC LIMIT "+strconv.Itoa(limit), nil, func(scan func(...any) error) error {
		var c ClientName
		err := scan(&c.ID, &c.Name)
		list = append(list, c)
		return err
	})
	return list, err
}
