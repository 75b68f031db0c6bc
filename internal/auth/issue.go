package auth

import (
	"context"
	"fmt"
	"slices"

	"github.com/golang-jwt/jwt/v5"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Issue makes a service token as IssueToken does, with the guard's own key.
func (g *Guard) Issue(ctx context.Context, name string, scopes []Scope, days int, by books.Actor) (string, store.Token, error) {
	var different []Scope
	for _, scope := range scopes {
		if !slices.Contains(different, scope) {
			different = append(different, scope)
		}
	}
	return IssueToken(ctx, g.o.Store, g.o.Key, name, different, days, g.o.Now(), by)
}

// Spell writes out a token that Issue made, from what is recorded of it: for
// the second answer to one request, so that the token itself is kept nowhere.
func (g *Guard) Spell(k store.Token) (string, error) {
	c := serviceClaims(k.ID, nil, k.CreatedAt.Time(), k.ExpiresAt.Time())
	for _, scope := range k.Scopes {
		c.Scopes = append(c.Scopes, Scope(scope))
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(g.o.Key))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return text, nil
}
