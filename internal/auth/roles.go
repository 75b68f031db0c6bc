package auth

import (
	"fmt"
	"slices"
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
