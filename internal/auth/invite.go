package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/store"
)

// InviteLasts is how long a one-time link is good for.
const InviteLasts = 72 * time.Hour

// ErrInvite means: a one-time link was used, has expired or never existed.
var ErrInvite = &books.Error{
	Kind: books.Refused, Code: "invite_over", Message: "this one-time link is not valid (any more)",
	Hint: "ask the studio's owner for another",
}

// NewInvite records a one-time link for a user to set a password, in the
// caller's transaction, and returns its id. The user's previous link ends. It
// fails with an Error of kind NotFound if there is no such user, and Refused
// for the service account and for a disabled user.
func (g *Guard) NewInvite(ctx context.Context, tx *store.Tx, user books.ID, by books.Actor) (string, error) {
	u, err := tx.UserByID(ctx, user)
	switch {
	case err != nil:
		return "", err
	case u.ID == 0:
		return "", errNoUser(user)
	case u.ID == ServiceAccount:
		return "", books.Refusedf("service_account", "the service account is for programs").WithHint("make a token instead")
	case !u.Active || u.Email == "":
		return "", books.Refusedf("no_way_in", "this user is disabled or has no e-mail address").WithHint("let them in first, and give them an address")
	}
	now := g.o.Now()
	i := store.Invitation{ID: rand.Text(), User: user, CreatedBy: by, CreatedAt: books.InstantOf(now), ExpiresAt: books.InstantOf(now.Add(InviteLasts))}
	return i.ID, tx.AddInvitation(ctx, i)
}

// GiveAccess records a one-time link as NewInvite does, for a user who may get
// an e-mail address first. It fails as NewInvite does, with an Error of kind
// Invalid for a bad address, and Conflict for another user's.
func (g *Guard) GiveAccess(ctx context.Context, tx *store.Tx, user books.ID, email string, by books.Actor) (string, error) {
	u, err := tx.UserByID(ctx, user)
	if err != nil {
		return "", err
	}
	if u.ID != 0 && email != "" && email != u.Email {
		u.Email = email
		if _, err := addUser(ctx, tx, u, ""); err != nil {
			return "", err
		}
	}
	return g.NewInvite(ctx, tx, user, by)
}

// InviteKey returns the key in a link's address. It is stored nowhere, so a
// reader of the table cannot use it to sign in.
func (g *Guard) InviteKey(id string) string {
	mac := hmac.New(sha256.New, []byte(g.o.Key))
	mac.Write([]byte("invitation " + id))
	return id + "-" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:20])
}

// Invited returns the user of a link's key. It fails with ErrInvite.
func (g *Guard) Invited(ctx context.Context, key string) (u store.User, err error) {
	err = g.o.Store.Read(ctx, func(tx *store.Tx) error {
		u, err = g.invited(ctx, tx, key)
		return err
	})
	return u, err
}

func (g *Guard) invited(ctx context.Context, tx *store.Tx, key string) (store.User, error) {
	id, _, _ := strings.Cut(key, "-")
	if id == "" || !hmac.Equal([]byte(key), []byte(g.InviteKey(id))) {
		return store.User{}, ErrInvite
	}
	found, err := tx.Invitations(ctx, id)
	if err != nil {
		return store.User{}, err
	}
	if len(found) != 1 || found[0].UsedAt.Valid || g.o.Now().After(found[0].ExpiresAt.Time()) {
		return store.User{}, ErrInvite
	}
	u, err := tx.UserByID(ctx, found[0].User)
	if err == nil && !u.Active {
		err = ErrInvite
	}
	return u, err
}

// Accept sets the password of a link's user, ends the link and all logins with
// an older password, and signs in. It fails with ErrInvite, as HashPassword
// does, or as SignIn does.
func (g *Guard) Accept(ctx context.Context, key, password string) (u store.User, err error) {
	if u, err = g.Invited(ctx, key); err != nil {
		return u, err // before strangers make this hash
	}
	hash, err := HashPassword(password)
	if err != nil {
		return u, err
	}
	err = g.o.Store.Write(ctx, func(tx *store.Tx) error {
		if u, err = g.invited(ctx, tx, key); err != nil {
			return err
		}
		id, _, _ := strings.Cut(key, "-")
		if err := tx.UseInvitation(ctx, id); err != nil {
			return err
		}
		return tx.SetPassword(ctx, u.ID, hash)
	})
	if err != nil {
		return u, err
	}
	return u, g.begin(ctx, u.ID, hash, false)
}
