package store

import (
	"context"
	"errors"
	"strings"

	"extrato/internal/books"
)

// Token is the record of a service token; the token itself is stored nowhere.
type Token struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Scopes    []string          `json:"scopes"`
	CreatedBy books.Actor       `json:"created_by"`
	CreatedAt books.Instant     `json:"created_at"`
	ExpiresAt books.Instant     `json:"expires_at"`
	LastUsed  books.NullInstant `json:"last_used_at"`
	RevokedAt books.NullInstant `json:"revoked_at"`
}

// AddToken records a token.
func (t *Tx) AddToken(ctx context.Context, k Token) error {
	_, err := t.exec(ctx, `INSERT INTO service_tokens (id, name, scopes, created_by, created_at, expires_at, last_used_at, revoked_at)
		VALUES ($1, $2, $3, $4, $5, $6, '', '')`,
		k.ID, k.Name, strings.Join(k.Scopes, " "), string(k.CreatedBy), k.CreatedAt.String(), k.ExpiresAt.String())
	return err
}

// Tokens returns all tokens, newest first, or the one with this id.
func (t *Tx) Tokens(ctx context.Context, id string) ([]Token, error) {
	tokens := []Token{}
	err := t.list(ctx, `SELECT id, name, scopes, created_by, created_at, expires_at, last_used_at, revoked_at FROM service_tokens
		WHERE $1 = '' OR id = $1 ORDER BY created_at DESC, id`, []any{id}, func(scan func(...any) error) error {
		var k Token
		var scopes, used, revoked string
		if err := scan(&k.ID, &k.Name, &scopes, &k.CreatedBy, &column{value: &k.CreatedAt}, &column{value: &k.ExpiresAt}, &used, &revoked); err != nil {
			return err
		}
		k.Scopes = strings.Fields(scopes)
		tokens = append(tokens, k)
		last := &tokens[len(tokens)-1]
		return errors.Join(readIfAny(&last.LastUsed, used), readIfAny(&last.RevokedAt, revoked))
	})
	return tokens, err
}

// RevokeToken ends a token at once. A second time changes nothing.
func (t *Tx) RevokeToken(ctx context.Context, id string) error {
	_, err := t.exec(ctx, "UPDATE service_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at = ''", id, books.InstantOf(t.s.now()).String())
	return err
}

// TouchToken records the use of a token now.
func (t *Tx) TouchToken(ctx context.Context, id string) error {
	_, err := t.exec(ctx, "UPDATE service_tokens SET last_used_at = $2 WHERE id = $1", id, books.InstantOf(t.s.now()).String())
	return err
}

// readIfAny reads an instant from a text; "" is none.
func readIfAny(to *books.NullInstant, text string) error {
	if text == "" {
		return nil
	}
	return to.Parse([]byte(text))
}
