package store

import (
	"context"
	"database/sql"
	"errors"

	"extrato/internal/books"
)

// Login returns the saved data of an unexpired login; found is false if there
// is none. token is its key: a hash, never the cookie's value.
func (t *Tx) Login(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = t.one(ctx, "SELECT data FROM logins WHERE token = $1 AND expires_at > $2",
		[]any{token, books.InstantOf(t.s.now()).String()}, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// SaveLogin saves a login until it expires, and deletes expired ones.
func (t *Tx) SaveLogin(ctx context.Context, token string, data []byte, expires books.Instant) error {
	if _, err := t.exec(ctx, "DELETE FROM logins WHERE expires_at <= $1", books.InstantOf(t.s.now()).String()); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO logins (token, data, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at`, token, data, expires.String())
	return err
}

// DropLogin forgets a login.
func (t *Tx) DropLogin(ctx context.Context, token string) error {
	_, err := t.exec(ctx, "DELETE FROM logins WHERE token = $1", token)
	return err
}

// Logins returns the saved data of all logins, by key.
func (t *Tx) Logins(ctx context.Context) (map[string][]byte, error) {
	logins := map[string][]byte{}
	err := t.list(ctx, "SELECT token, data FROM logins ORDER BY token", nil, func(scan func(...any) error) error {
		var token string
		var data []byte
		err := scan(&token, &data)
		logins[token] = data
		return err
	})
	return logins, err
}
