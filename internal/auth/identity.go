// Package auth identifies the sender of a request and checks permissions:
// people have a login, programs a token signed here or GitHub's OIDC identity.
// A refusal never gives the reason.
package auth

import (
	"context"
	"fmt"
	"slices"

	"extrato/internal/books"
)

// Role is a user's role in the studio.
type Role string

// The roles. v4 knows all but Reception.
const (
	Admin     Role = "admin"
	Reception Role = "reception" // records rows, and sees no month's totals
	Artist    Role = "artist"    // sees only their own rows
	Client    Role = "client"    // has no way in
)

// Roles lists the roles of users with access.
func Roles() []Role { return []Role{Admin, Reception, Artist} }

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

// Permission is the permission needed by a route.
type Permission int

// The permissions. An admin with a login has all of them.
const (
	Public   Permission = iota
	SignedIn            // an admin's login, or an artist's for their own rows; or scope read
	Read                // scope read
	Backup              // scope backup
	Close               // scope close
	Enter               // any login: the pages for the whole staff
	Record              // an admin's or the reception's login: the pages of every day
	Own                 // an admin's or an artist's login: pages limited to an artist's own rows
	Write               // an admin with a login: rows of the books
	Manage              // an admin with a login: tokens, users, reopening, the job page
)

var permissionNames = [...]string{"public", "signed in", "read", "backup", "close", "enter", "record", "own", "write", "manage"}

func (p Permission) String() string { return permissionNames[p] }

// lacking tells a caller without the permission how to get it.
func (p Permission) lacking() string {
	switch p {
	case Write, Manage:
		return "this needs an admin's login, with its cookie; no token may do it"
	case Enter:
		return "this needs a login, with its cookie; no token may do it"
	case Record:
		return "this needs an admin's or the reception's login, with its cookie; no token may do it"
	case Own:
		return "this needs an admin's or an artist's login, with its cookie; no token may do it"
	case SignedIn:
		return "this needs a login, or a token with the scope read"
	}
	return fmt.Sprintf("this needs a token with the scope %s, or an admin's login", p)
}

// byRole are the permissions of logins other than an admin's.
var byRole = map[Role][]Permission{Reception: {Enter, Record}, Artist: {Enter, Own, SignedIn}}

// May reports whether i has the permission.
func (i Identity) May(p Permission) bool {
	switch {
	case p == Public || i.Login && i.Role == Admin:
		return true
	case i.Login:
		return slices.Contains(byRole[i.Role], p)
	}
	switch p {
	case SignedIn, Read:
		return slices.Contains(i.Scopes, ScopeRead)
	case Backup:
		return slices.Contains(i.Scopes, ScopeBackup)
	case Close:
		return slices.Contains(i.Scopes, ScopeClose)
	}
	return false
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
