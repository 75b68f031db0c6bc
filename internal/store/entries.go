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

// OpenSession is a session with less received than its price.
type OpenSession struct {
	ID              books.ID
	Date            books.Day
	Price, Received books.Money
	Artist, Client  books.ID // of a merged client, the survivor
	ClientName      string
}

// Owed returns the amount still to be received.
func (s OpenSession) Owed() books.Money { return s.Price - s.Received }

// OpenSessions narrows a list of open sessions down; zero values take all.
type OpenSessions struct {
	ID, Client books.ID
	Limit      int
}

// OpenSessions returns the sessions not completed and with less received than
// their price, the latest day first. Payments in statements count as received.
func (t *Tx) OpenSessions(ctx context.Context, o OpenSessions) (list []OpenSession, err error) {
	text := t.s.dialect.text
	wanted := ""
	var args []any
	for _, only := range []struct {
		column string
		id     books.ID
	}{{"s.id", o.ID}, {"coalesce(m.merged_into, s.cliente_id)", o.Client}} {
		if only.id != 0 {
			args = append(args, int64(only.id))
			wanted += " AND " + only.column + " = $" + strconv.Itoa(len(args))
		}
	}
	// Materialized, or what was received would be added up twice for each session.
	query := "WITH o AS MATERIALIZED (SELECT s.id, s.data, s.valor, s.artista_id, coalesce(m.merged_into, s.cliente_id) AS client, CAST(" + received + ` AS BIGINT) AS received
			FROM sessoes s` + joinMerge("s.cliente_id") + ` WHERE coalesce(s.status, '') <> 'completed'` + t.s.dialect.validDay("s.data") + wanted + `)
		SELECT o.id, ` + text("o.data") + ", " + text("o.valor") + `, o.received, o.artista_id, c.id, c.name FROM o JOIN clients c ON c.id = o.client
		WHERE o.received < round(o.valor * 100) ORDER BY o.data DESC, o.id DESC LIMIT ` + strconv.Itoa(o.Limit)
	err = t.list(ctx, query, args, func(scan func(...any) error) error {
		var s OpenSession
		var received int64
		err := scan(&s.ID, &column{value: &s.Date}, &column{value: &s.Price}, &received, &s.Artist, &s.Client, &s.ClientName)
		s.Received = books.Money(received)
		list = append(list, s)
		return err
	})
	return list, err
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
