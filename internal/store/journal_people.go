package store

import (
	"context"

	"extrato/internal/books"
)

// ActiveUsers returns which of these users are active.
func (t *Tx) ActiveUsers(ctx context.Context, ids []books.ID) (map[books.ID]bool, error) {
	active := map[books.ID]bool{}
	if len(ids) == 0 {
		return active, nil
	}
	err := t.list(ctx, "SELECT id FROM users WHERE active_flag AND id IN ("+t.s.dialect.idList("$1")+") ORDER BY id",
		[]any{jsonIDs(ids)}, func(scan func(...any) error) error {
			var id books.ID
			err := scan(&id)
			active[id] = true
			return err
		})
	return active, err
}

// RemoveUser deletes a user to whom no row refers, with the password.
func (t *Tx) RemoveUser(ctx context.Context, id books.ID) error {
	if _, err := t.exec(ctx, "DELETE FROM passwords WHERE user_id = $1", int64(id)); err != nil {
		return err
	}
	return t.RemoveRecord(ctx, books.ArtistKind, id)
}
