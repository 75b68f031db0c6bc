// Package auth says who a request comes from and what they may: people by a
// login, programs by a token that we signed or by the identity that GitHub
// vouches for. What is refused never says which part of it was wrong.
package auth

import (
	"context"
	"fmt"
	"slices"

	"extrato/internal/books"
)

// Role is what a user is in the studio.
type Role string

// The roles. v4 knows all but Reception.
const (
	Admin     Role = "admin"
	Reception Role = "reception" // writes down what comes in, and sees no month's totals
	Artist    Role = "artist"    // sees only what is theirs
	Client    Role = "client"    // has no way in
)

// Roles lists the roles of those who may come in.
func Roles() []Role { return []Role{Admin, Reception, Artist} }

// Scope is what a token may be used for.
type Scope string

// The scopes of tokens.
const (
	ScopeBackup Scope = "backup"
	ScopeClose  Scope = "close"
	ScopeRead   Scope = "read"
)

// Scopes lists all scopes.
func Scopes() []Scope { return []Scope{ScopeBackup, ScopeClose, ScopeRead} }

// Identity is who a request comes from.
type Identity struct {
	UserID books.ID // 0: a job that GitHub vouches for
	Email  string
	Name   string
	Role   Role
	Scopes []Scope     // of a token or a job
	Login  bool        // a person with a cookie; then Role decides, not Scopes
	By     books.Actor // for the books: user 3, token 5f3a…, github owner/repository
}

// Permission is what a way in asks for.
type Permission int

// The permissions. An admin with a login has all of them.
const (
	Public   Permission = iota
	SignedIn            // an admin's login, or an artist's, who sees only what is theirs; or scope read
	Read                // scope read
	Backup              // scope backup
	Close               // scope close
	Enter               // any login: the pages for everybody who works here
	Record              // an admin's or the reception's login: the pages of every day
	Own                 // an admin's or an artist's login: pages that show an artist only what is theirs
	Write               // an admin with a login: rows of the books
	Manage              // an admin with a login: tokens, users, reopening, the job page
)

var permissionNames = [...]string{"public", "signed in", "read", "backup", "close", "enter", "record", "own", "write", "manage"}

func (p Permission) String() string { return permissionNames[p] }

// lacking says who has the permission, to one who has not.
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

// byRole says what logins may that are not an admin's.
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

// OnlyArtist returns the artist whose rows are all that i may see, if i is one.
func (i Identity) OnlyArtist() (books.ID, bool) {
	return i.UserID, i.Login && i.Role == Artist
}

type identityKey struct{}

// With returns a context that carries who the request comes from.
func With(ctx context.Context, i Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, i)
}

// From returns what With put into ctx.
func From(ctx context.Context) (Identity, bool) {
	i, ok := ctx.Value(identityKey{}).(Identity)
	return i, ok
}
