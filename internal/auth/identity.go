// Package auth identifies the sender of a request and checks permissions:
// people have a login, programs a token signed here or GitHub's OIDC identity.
// A refusal never gives the reason.
package auth

import (
	"context"

	"extrato/internal/books"
)

// Scope is a right of a token.
type Scope string

// The scopes of tokens.
const (
	ScopeBackup Scope = "backup"
	ScopeClose  Scope = "close"
	ScopeRead   Scope = "read"
)

// Scopes lists all scopes.
func Scopes() []Scope { return []Scope{ScopeBackup, ScopeClose, ScopeRead} }

// Identity is the sender of a request.
type Identity struct {
	UserID books.ID // 0: a job identified by GitHub
	Email  string
	Name   string
	Role   Role
	Scopes []Scope     // of a token or a job
	Login  bool        // a person with a cookie; then Role decides, not Scopes
	By     books.Actor // for the books: user 3, token 5f3a…, github owner/repository
}

// OnlyArtist returns i's artist if i may see that artist's rows alone.
func (i Identity) OnlyArtist() (books.ID, bool) {
	return i.UserID, i.Login && i.Role == Artist
}

type identityKey struct{}

// With returns a context with the request's Identity.
func With(ctx context.Context, i Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, i)
}

// From returns the Identity put into ctx by With.
func From(ctx context.Context) (Identity, bool) {
	i, ok := ctx.Value(identityKey{}).(Identity)
	return i, ok
}
