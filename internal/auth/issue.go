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

// NewToken makes a service token that is good once its record is kept: in the
// transaction of whoever asks for it.
func (g *Guard) NewToken(name string, scopes []Scope, days int, by books.Actor) (string, store.Token, error) {
	return newToken(g.o.Key, name, scopes, days, g.o.Now(), by)
}

// Spell writes out a token that was made here, from what is recorded of it: for
// the second answer to one request, so that the token itself is kept nowhere.
func (g *Guard) Spell(record store.Token) (string, error) { return spell(g.o.Key, record) }
