package store

import (
	"context"
	"database/sql"
	"errors"

	"extrato/internal/books"
)

// User is a row of users, with the columns about access.
type User struct {
	ID     books.ID `json:"id"`
	Email  string   `json:"email"` // "" if there is none
	Name   string   `json:"name"`
	Role   string   `json:"role"` // admin, reception, artist, client
	Active bool     `json:"active"`
	// Password reports whether the user has a password of ours: v4's own are
	// in a form of v4's and stay where they are.
	Password bool `json:"password"`
	// Tattoos reports whether a user of another role works as an artist as well:
	// the studio's owner, say.
	Tattoos bool `json:"tattoos"`
}

// reception is a role unknown to v4: there such a user is a client, without
// rights.
const reception = "reception"

const userQuery = `SELECT u.id, coalesce(u.email, ''), u.name, CASE WHEN u.role = 'client' AND s.reception THEN 'reception' ELSE u.role END, u.active_flag,
	EXISTS (SELECT 1 FROM passwords p WHERE p.user_id = u.id), coalesce(s.tattoos, FALSE) FROM users u LEFT JOIN staff s ON s.user_id = u.id `

func (t *Tx) users(ctx context.Context, where string, args ...any) ([]User, error) {
	users := []User{}
	err := t.list(ctx, userQuery+where, args, func(scan func(...any) error) error {
		var u User
		err := scan(&u.ID, &u.Email, &u.Name, &u.Role, &u.Active, &u.Password, &u.Tattoos)
		users = append(users, u)
		return err
	})
	return users, err
}

// Users returns all users, by id.
func (t *Tx) Users(ctx context.Context) ([]User, error) { return t.users(ctx, "ORDER BY u.id") }

// UserByID returns a user, or the zero User if there is none.
func (t *Tx) UserByID(ctx context.Context, id books.ID) (User, error) {
	return first(t.users(ctx, "WHERE u.id = $1", int64(id)))
}

// UserByEmail returns the user of an address, in any case, or the zero User.
func (t *Tx) UserByEmail(ctx context.Context, email string) (User, error) {
	return first(t.users(ctx, "WHERE lower(u.email) = lower($1) ORDER BY u.id LIMIT 1", email))
}

func first(users []User, err error) (User, error) {
	if err != nil || len(users) == 0 {
		return User{}, err
	}
	return users[0], nil
}

// AddUser records a user, under its id if set, and returns it with its id. It
// fails with an Error of kind Conflict if the address is taken.
func (t *Tx) AddUser(ctx context.Context, u User) (User, error) {
	now := books.InstantOf(t.s.now()).SQL()
	var err error
	switch u.ID {
	case 0:
		err = t.one(ctx, `INSERT INTO users (email, name, role, active_flag, unified_flow_enabled, created_at, updated_at)
			VALUES ($1, $2, $3, $4, FALSE, $5, $5) RETURNING id`, []any{nullText(u.Email), u.Name, roleOfV4(u.Role), u.Active, now}, &u.ID)
	default:
		_, err = t.exec(ctx, `INSERT INTO users (id, email, name, role, active_flag, unified_flow_enabled, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, FALSE, $6, $6)`, int64(u.ID), nullText(u.Email), u.Name, roleOfV4(u.Role), u.Active, now)
		if err == nil {
			err = t.RaiseSequence(ctx, "users", int64(u.ID))
		}
	}
	if err == nil {
		err = t.setStaff(ctx, u)
	}
	return u, emailTaken(err)
}

// SetUser changes a user's address, name, role, and whether it is active and
// stands among the artists.
func (t *Tx) SetUser(ctx context.Context, u User) error {
	_, err := t.exec(ctx, "UPDATE users SET email = $2, name = $3, role = $4, active_flag = $5, updated_at = $6 WHERE id = $1",
		int64(u.ID), nullText(u.Email), u.Name, roleOfV4(u.Role), u.Active, books.InstantOf(t.s.now()).SQL())
	if err == nil {
		err = t.setStaff(ctx, u)
	}
	return emailTaken(err)
}

func roleOfV4(role string) string {
	if role == reception {
		return "client"
	}
	return role
}

// setStaff saves a user's data missing in v4's table.
func (t *Tx) setStaff(ctx context.Context, u User) error {
	if u.Role != reception && !u.Tattoos {
		_, err := t.exec(ctx, "DELETE FROM staff WHERE user_id = $1", int64(u.ID))
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO staff (user_id, reception, tattoos) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET reception = excluded.reception, tattoos = excluded.tattoos`, int64(u.ID), u.Role == reception, u.Tattoos)
	return err
}

func emailTaken(err error) error {
	if isDuplicate(err) {
		return books.Conflictf("email_taken", "another user has this e-mail address").WithHint("extrato user list shows who")
	}
	return err
}

func nullText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Password returns the hash of a user's password, or "".
func (t *Tx) Password(ctx context.Context, id books.ID) (hash string, err error) {
	err = t.one(ctx, "SELECT hash FROM passwords WHERE user_id = $1", []any{int64(id)}, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return hash, err
}

// SetPassword keeps the hash of a user's password; "" takes it away.
func (t *Tx) SetPassword(ctx context.Context, id books.ID, hash string) error {
	if hash == "" {
		_, err := t.exec(ctx, "DELETE FROM passwords WHERE user_id = $1", int64(id))
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO passwords (user_id, hash, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at`,
		int64(id), hash, books.InstantOf(t.s.now()).String())
	return err
}

// UsersByID returns these users.
func (t *Tx) UsersByID(ctx context.Context, ids []books.ID) (map[books.ID]User, error) {
	byID := map[books.ID]User{}
	if len(ids) == 0 {
		return byID, nil
	}
	users, err := t.users(ctx, "WHERE u.id IN ("+t.s.dialect.idList("$1")+") ORDER BY u.id", jsonIDs(ids))
	for _, u := range users {
		byID[u.ID] = u
	}
	return byID, err
}

// RemoveUser deletes a user without references, and the password.
func (t *Tx) RemoveUser(ctx context.Context, id books.ID) error {
	if _, err := t.exec(ctx, "DELETE FROM passwords WHERE user_id = $1", int64(id)); err != nil {
		return err
	}
	return t.RemoveRecord(ctx, books.ArtistKind, id)
}
