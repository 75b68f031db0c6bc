package store

import (
	"context"
	"errors"

	"extrato/internal/books"
)

// Invitation is a one-time link for a user to set a password.
type Invitation struct {
	ID        string
	User      books.ID
	CreatedBy books.Actor
	CreatedAt books.Instant
	ExpiresAt books.Instant
	UsedAt    books.NullInstant
}

// AddInvitation records a link and ends the user's earlier ones.
func (t *Tx) AddInvitation(ctx context.Context, i Invitation) error {
	if err := t.DropInvitations(ctx, i.User); err != nil {
		return err
	}
	_, err := t.exec(ctx, "INSERT INTO invitations (id, user_id, created_by, created_at, expires_at, used_at) VALUES ($1, $2, $3, $4, $5, '')",
		i.ID, int64(i.User), string(i.CreatedBy), i.CreatedAt.String(), i.ExpiresAt.String())
	return err
}

// DropInvitations ends all links of a user.
func (t *Tx) DropInvitations(ctx context.Context, user books.ID) error {
	_, err := t.exec(ctx, "DELETE FROM invitations WHERE user_id = $1", int64(user))
	return err
}

// Invitations returns all links, or the one with this id.
func (t *Tx) Invitations(ctx context.Context, id string) ([]Invitation, error) {
	all := []Invitation{}
	err := t.list(ctx, `SELECT id, user_id, created_by, created_at, expires_at, used_at FROM invitations
		WHERE $1 = '' OR id = $1 ORDER BY created_at DESC, id`, []any{id}, func(scan func(...any) error) error {
		var i Invitation
		var used string
		err := scan(&i.ID, &i.User, &i.CreatedBy, &column{value: &i.CreatedAt}, &column{value: &i.ExpiresAt}, &used)
		err = errors.Join(err, readIfAny(&i.UsedAt, used))
		all = append(all, i)
		return err
	})
	return all, err
}

// UseInvitation ends a link.
func (t *Tx) UseInvitation(ctx context.Context, id string) error {
	_, err := t.exec(ctx, "UPDATE invitations SET used_at = $2 WHERE id = $1", id, books.InstantOf(t.s.now()).String())
	return err
}
