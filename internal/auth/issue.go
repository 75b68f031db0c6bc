package auth

import (
	"context"

	"extrato/internal/books"
	"extrato/internal/store"
)

// Issue makes a service token as IssueToken does, with the guard's own key.
func (g *Guard) Issue(ctx context.Context, name string, scopes []Scope, days int, by books.Actor) (string, store.Token, error) {
	return IssueToken(ctx, g.o.Store, g.o.Key, name, scopes, days, g.o.Now(), by)
}

// NewToken makes a service token; it is valid once the caller has saved its
// record.
func (g *Guard) NewToken(name string, scopes []Scope, days int, by books.Actor) (string, store.Token, error) {
	return newToken(g.o.Key, name, scopes, days, g.o.Now(), by)
}

// Sign signs a token again from its record, for the repeated answer to a
// request: the token itself is stored nowhere.
func (g *Guard) Sign(record store.Token) (string, error) { return sign(g.o.Key, record) }
