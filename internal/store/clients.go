package store

import (
	"cmp"
	"context"

	"extrato/internal/books"
)

// ClientName is a client as people look for one.
type ClientName struct {
	ID     books.ID
	Name   string
	Merged books.ID // the client this one was merged into; 0: none
}

// Shown returns the client shown in place of this one.
func (c ClientName) Shown() books.ID { return cmp.Or(c.Merged, c.ID) }

// ClientNames returns all clients, by id.
func (t *Tx) ClientNames(ctx context.Context) (list []ClientName, err error) {
	err = t.list(ctx, "SELECT c.id, c.name, coalesce(m.merged_into, 0) FROM clients c"+joinMerge("c.id")+" ORDER BY c.id", nil,
		func(scan func(...any) error) error {
			var c ClientName
			err := scan(&c.ID, &c.Name, &c.Merged)
			list = append(list, c)
			return err
		})
	return list, err
}
