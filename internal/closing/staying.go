package closing

import (
	"context"
	"slices"

	"extrato/internal/books"
	"extrato/internal/store"
)

// withStaying returns a month's rows for a backup: behind the links come the
// identities of the linked sessions that stay live. A restore needs them to
// tell a linked session from another one under its id.
func withStaying(ctx context.Context, tx *store.Tx, rows books.Rows) books.Rows {
	return func(yield func(books.Row, error) bool) {
		var named named
		copied := false
		copyAll := func() bool {
			copied = true
			live, err := tx.LiveByID(ctx, books.SessionKind, named.lacking())
			if err != nil {
				return yield(nil, err) && false
			}
			for _, id := range named.lacking() {
				s, ok := live[id].(*books.Session)
				if ok && !yield(&books.StayingSession{ID: s.ID, Date: s.Date, ClientID: s.ClientID, ArtistID: s.ArtistID, CreatedAt: s.CreatedAt}, nil) {
					return false
				}
			}
			return true
		}
		for row, err := range rows {
			if err == nil && row.Kind() > books.LinkKind && !copied && !copyAll() {
				return
			}
			if err == nil {
				named.see(row)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
		if !copied {
			copyAll()
		}
	}
}

// named are the sessions referenced by rows. Rows pass in order, payments first
// and then the sessions, so the ids of a million rows take 4 MB and no more.
type named struct {
	ids    []int32
	sorted bool
	seen   int // ids up to here were compared with passing sessions
	kept   int // of those, so many are not among the sessions: they stand in front
}

func (n *named) see(row books.Row) {
	switch r := row.(type) {
	case *books.Payment:
		if r.SessionID.Valid {
			n.ids = append(n.ids, int32(r.SessionID.V))
		}
	case *books.Session:
		n.pass(r.ID)
	case *books.Link:
		n.pass(1 << 31) // no session comes any more
		n.ids = append(n.ids, int32(r.SessionID))
	}
}

// pass drops id, and keeps all lower ones: their sessions will not come.
func (n *named) pass(id books.ID) {
	if !n.sorted {
		n.sorted = true
		slices.Sort(n.ids)
	}
	for n.seen < len(n.ids) && books.ID(n.ids[n.seen]) <= id {
		if books.ID(n.ids[n.seen]) != id {
			n.ids[n.kept] = n.ids[n.seen]
			n.kept++
		}
		n.seen++
	}
}

// lacking returns the referenced ids missing among the rows, in order.
func (n *named) lacking() []books.ID {
	ids := append(slices.Clone(n.ids[:n.kept]), n.ids[n.seen:]...)
	slices.Sort(ids)
	all := make([]books.ID, 0, len(ids))
	for _, id := range slices.Compact(ids) {
		all = append(all, books.ID(id))
	}
	return all
}
