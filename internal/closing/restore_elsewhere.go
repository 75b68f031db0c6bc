package closing

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// elsewhere is a session in another copy.
type elsewhere struct {
	session *books.Session
	payment books.Row   // the session's payment; nil if the copy lacks it
	people  []books.Row // its client and artist
	file    string
}

// sessionsElsewhere looks in the other months' copies for the sessions
// referenced by a copy's rows and neither among them nor live nor at rest. It
// begins with the latest month, since a session leaves with its last payment.
// It skips damaged copies, and a session with the id of another one that stayed
// when the copy was made.
func (c *Closer) sessionsElsewhere(ctx context.Context, from backupRows) (map[books.ID]elsewhere, error) {
	wanted := map[books.ID]*books.Session{}
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		ids, err := sessionsLacking(ctx, tx, from.rows)
		if err != nil || len(ids) == 0 {
			return err
		}
		resting, err := atRest(ctx, tx)
		for _, id := range ids {
			if s := from.staying[id]; s != nil && resting.home[books.SessionKind][id].IsZero() {
				wanted[id] = s
			}
		}
		return err
	})
	found := map[books.ID]elsewhere{}
	if err != nil || len(wanted) == 0 {
		return found, err
	}
	months, err := c.Backups.Months(ctx)
	if err != nil {
		return nil, unreadablePlace(err)
	}
	for _, month := range slices.Backward(months) {
		choice, err := c.copiesToTake(ctx, month)
		if err != nil {
			return nil, err
		}
		for _, k := range choice.copies {
			if len(found) == len(wanted) {
				return found, nil
			}
			if k.File == from.File {
				continue
			}
			there, err := c.readCopy(ctx, k)
			if err != nil {
				if e := books.AsError(err); e.Kind != books.Integrity && e.Kind != books.NotFound && e.Code != backup.OfV4 {
					return nil, err
				}
				continue
			}
			addSessions(found, wanted, there)
		}
	}
	return found, nil
}

// sessionsLacking returns the sessions referenced by rows and neither among
// them nor live.
func sessionsLacking(ctx context.Context, tx *store.Tx, rows []books.Row) ([]books.ID, error) {
	here, lacking := map[books.ID]bool{}, map[books.ID]bool{}
	for _, row := range rows {
		switch r := row.(type) {
		case *books.Session:
			here[r.ID] = true
		case *books.Payment:
			if r.SessionID.Valid {
				lacking[r.SessionID.V] = true
			}
		case *books.Link:
			lacking[r.SessionID] = true
		}
	}
	maps.DeleteFunc(lacking, func(id books.ID, _ bool) bool { return here[id] })
	live, err := tx.LiveByID(ctx, books.SessionKind, slices.Collect(maps.Keys(lacking)))
	maps.DeleteFunc(lacking, func(id books.ID, _ bool) bool { return live[id] != nil })
	return slices.Sorted(maps.Keys(lacking)), err
}

// addSessions adds the wanted sessions of a copy, unless found before.
func addSessions(found map[books.ID]elsewhere, wanted map[books.ID]*books.Session, from backupRows) {
	for _, row := range from.rows {
		s, ok := row.(*books.Session)
		if !ok || wanted[s.ID] == nil || !sameSession(wanted[s.ID], s) || found[s.ID].session != nil {
			continue
		}
		e := elsewhere{session: s, file: from.File}
		for _, other := range from.rows {
			switch {
			case other.Kind() == books.ClientKind && other.Key() == s.ClientID, other.Kind() == books.ArtistKind && other.Key() == s.ArtistID:
				e.people = append(e.people, other)
			case other.Kind() == books.PaymentKind && books.RefTo(other.Key()) == s.PaymentID:
				e.payment = other
			}
		}
		found[s.ID] = e
	}
}

// withSessions returns the copy's rows, with missing sessions found in other
// copies, and these sessions' people.
func (r *Restoration) withSessions(ctx context.Context, tx *store.Tx, others map[books.ID]elsewhere) ([]books.Row, error) {
	ids, err := sessionsLacking(ctx, tx, r.from.rows)
	all := slices.Clone(r.from.rows)
	for _, id := range ids {
		other, ok := others[id]
		if !ok {
			continue
		}
		all = append(all, other.session)
		r.Notes = append(r.Notes, fmt.Sprintf("sessao %d comes from %s: it is paid in another month as well, so restore that month too", id, other.file))
		for _, person := range other.people {
			if !slices.ContainsFunc(all, func(row books.Row) bool { return row.Kind() == person.Kind() && row.Key() == person.Key() }) {
				all = append(all, person)
			}
		}
	}
	return all, err
}

// noteLinked notes the sessions and payments linked in the copy and the other copies,
// and the highest ids.
func (r *Restoration) noteLinked(rows []books.Row, others map[books.ID]elsewhere) {
	r.linked = map[books.Kind]map[books.ID]books.Row{books.SessionKind: {}, books.PaymentKind: {}}
	add := func(row books.Row) {
		r.highest.Add(row)
		if of := r.linked[row.Kind()]; of != nil {
			of[row.Key()] = row
		}
	}
	for _, s := range r.from.staying {
		add(s)
	}
	for _, other := range others {
		if other.payment != nil {
			add(other.payment)
		}
	}
	for _, row := range rows {
		add(row)
	}
}

// isLinked reports whether a live session or payment is the one linked in the
// backup, and not another one under a reused id.
func (r *Restoration) isLinked(live books.Row) bool {
	meant := r.linked[live.Kind()][live.Key()]
	if meant == nil {
		return false
	}
	if s, ok := live.(*books.Session); ok {
		return sameSession(meant.(*books.Session), s)
	}
	was, _ := unlinked(meant)
	is, _ := unlinked(live)
	return books.Equal(was, is)
}
