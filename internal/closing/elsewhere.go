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

// elsewhere is a session that another copy holds.
type elsewhere struct {
	session *books.Session
	people  []books.Row // its client and artist
	file    string
}

// sessionsElsewhere finds the sessions that rows point at and that are neither
// among them nor live nor at rest, in the other copies: the latest month's
// first, since a session leaves with its last payment. A copy that is damaged
// is passed over.
func (c *Closer) sessionsElsewhere(ctx context.Context, from backup.Manifest, rows []books.Row) (map[books.ID]elsewhere, error) {
	wanted := map[books.ID]bool{}
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		ids, err := sessionsLacking(ctx, tx, rows)
		if err != nil || len(ids) == 0 {
			return err
		}
		resting, err := atRest(ctx, tx)
		for _, id := range ids {
			wanted[id] = resting[books.SessionKind][id].IsZero()
		}
		return err
	})
	maps.DeleteFunc(wanted, func(_ books.ID, wanted bool) bool { return !wanted })
	found := map[books.ID]elsewhere{}
	if err != nil || len(wanted) == 0 {
		return found, err
	}
	months, err := c.Backups.Months(ctx)
	if err != nil {
		return nil, unreadablePlace(err)
	}
	for _, month := range slices.Backward(months) {
		copies, err := c.Backups.Copies(ctx, month)
		if err != nil {
			return nil, unreadablePlace(err)
		}
		for _, k := range slices.Backward(copies) {
			if len(found) == len(wanted) {
				return found, nil
			}
			if !k.HasFile || !k.Manifest || k.File == from.File {
				continue
			}
			_, there, err := c.Backups.Rows(ctx, k)
			if err != nil {
				if kind := books.AsError(err).Kind; kind != books.Integrity && kind != books.NotFound {
					return nil, err
				}
				continue
			}
			addSessions(found, wanted, there, k.File)
		}
	}
	return found, nil
}

// sessionsLacking returns the sessions that rows point at and that are neither
// among them nor live.
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

// addSessions adds the wanted sessions among a copy's rows that were not found yet.
func addSessions(found map[books.ID]elsewhere, wanted map[books.ID]bool, rows []books.Row, file string) {
	for _, row := range rows {
		s, ok := row.(*books.Session)
		if !ok || !wanted[s.ID] || found[s.ID].session != nil {
			continue
		}
		e := elsewhere{session: s, file: file}
		for _, person := range rows {
			if person.Kind() == books.ClientKind && person.Key() == s.ClientID || person.Kind() == books.ArtistKind && person.Key() == s.ArtistID {
				e.people = append(e.people, person)
			}
		}
		found[s.ID] = e
	}
}

// withSessions returns rows with the sessions that they lack, as far as other
// copies hold them, and those sessions' people.
func (r *Restoration) withSessions(ctx context.Context, tx *store.Tx, rows []books.Row, others map[books.ID]elsewhere) ([]books.Row, error) {
	ids, err := sessionsLacking(ctx, tx, rows)
	all := slices.Clone(rows)
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
