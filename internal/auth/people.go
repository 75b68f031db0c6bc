package auth

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/alexedwards/scs/v2"

	"extrato/internal/books"
	"extrato/internal/store"
)

// GiveLogin lets an existing user sign in, by u.ID: an artist recorded by v4 or
// a person. Empty fields of u stay unchanged. It fails with an Error of kind
// NotFound if there is no such user, Refused for the service account, Conflict
// if they have a login or another address, or as AddUser does.
func GiveLogin(ctx context.Context, s *store.Store, u store.User, password string) (store.User, error) {
	hash, err := HashPassword(password)
	if err != nil {
		return u, err
	}
	given := u
	err = s.Write(ctx, func(tx *store.Tx) error {
		known, err := tx.UserByID(ctx, given.ID)
		if err != nil {
			return err
		}
		if err := mayGetLogin(known, given); err != nil {
			return err
		}
		known.Email, known.Active = cmp.Or(given.Email, known.Email), true
		known.Name, known.Role = cmp.Or(given.Name, known.Name), cmp.Or(given.Role, known.Role)
		u, err = addUser(ctx, tx, known, hash)
		return err
	})
	return u, err
}

func mayGetLogin(known, given store.User) error {
	switch {
	case known.ID == 0:
		return errNoUser(given.ID)
	case known.ID == ServiceAccount:
		return books.Refusedf("service_account", "the service account is for programs").WithHint("make a token: extrato token create NAME --scope close")
	case known.Password:
		return books.Conflictf("has_login", "this user has a login already").WithHint("extrato user password EMAIL sets another password")
	case known.Email != "" && given.Email != "" && !strings.EqualFold(known.Email, given.Email):
		return books.Conflictf("has_email", "this user has another e-mail address").WithHint("extrato user list shows it")
	}
	return nil
}

// SetPassword gives the user of an address a password, and ends all their
// logins. It fails with an Error of kind NotFound if nobody has the address, and
// Invalid if the password is too short or too long.
func SetPassword(ctx context.Context, s *store.Store, email, password string) (store.User, error) {
	hash, err := HashPassword(password)
	if err != nil {
		return store.User{}, err
	}
	return changeUser(ctx, s, email, func(tx *store.Tx, u *store.User) error {
		u.Password = true
		return tx.SetPassword(ctx, u.ID, hash)
	})
}

// SetActive enables the user of an address, or disables them and ends all their
// logins permanently. It fails with an Error of kind NotFound if nobody has the
// address. It disables the last admin too: its caller is at the server, and can
// add another.
func SetActive(ctx context.Context, s *store.Store, email string, active bool) (store.User, error) {
	return changeUser(ctx, s, email, func(tx *store.Tx, u *store.User) error { return setActive(ctx, tx, u, active) })
}

// SetActiveIn is SetActive for a user's id, in the caller's transaction, for a
// request from elsewhere. It fails with an Error of kind NotFound if there is
// no such user, and Refused for the service account and for the last admin who
// can sign in: nobody could enable anyone again.
func SetActiveIn(ctx context.Context, tx *store.Tx, id books.ID, active bool) error {
	u, err := tx.UserByID(ctx, id)
	switch {
	case err != nil:
		return err
	case u.ID == 0:
		return errNoUser(id)
	case u.ID == ServiceAccount:
		return books.Refusedf("service_account", "the service account is for programs").WithHint("revoke the tokens instead: extrato token revoke")
	}
	if !active {
		if err := othersMay(ctx, tx, u.ID); err != nil {
			return err
		}
	}
	return setActive(ctx, tx, &u, active)
}

func setActive(ctx context.Context, tx *store.Tx, u *store.User, active bool) error {
	u.Active = active
	if err := tx.SetUser(ctx, *u); err != nil || active {
		return err
	}
	return EndAccess(ctx, tx, u.ID)
}

// EndAccess ends all logins and one-time links of a user who was disabled.
func EndAccess(ctx context.Context, tx *store.Tx, id books.ID) error {
	if err := tx.DropInvitations(ctx, id); err != nil {
		return err
	}
	return EndLogins(ctx, tx, id)
}

// othersMay refuses to disable the last admin able to sign in.
func othersMay(ctx context.Context, tx *store.Tx, id books.ID) error {
	users, err := tx.Users(ctx)
	if err != nil {
		return err
	}
	taken, left := false, false
	for _, u := range users {
		admin := Role(u.Role) == Admin && u.Active && u.ID != ServiceAccount && (u.Password || u.Email != "")
		taken = taken || admin && u.ID == id
		left = left || admin && u.ID != id && u.Password
	}
	if taken && !left {
		return books.Refusedf("last_admin", "this is the last admin who can sign in").
			WithHint("give another person the role admin and a password first")
	}
	return nil
}

func errNoUser(id books.ID) error {
	return books.NotFoundf("no_user", "nobody in the books has the id %d", id).WithHint("extrato user list shows who is there")
}

func changeUser(ctx context.Context, s *store.Store, email string, change func(*store.Tx, *store.User) error) (u store.User, err error) {
	err = s.Write(ctx, func(tx *store.Tx) error {
		if u, err = tx.UserByEmail(ctx, email); err != nil {
			return err
		}
		if u.ID == 0 {
			return books.NotFoundf("no_user", "nobody has this e-mail address").WithHint("extrato user list shows who is there")
		}
		return change(tx, &u)
	})
	return u, err
}

// EndLogins deletes all logins of a user, so enabling them later does not
// revive a cookie in other hands.
func EndLogins(ctx context.Context, tx *store.Tx, id books.ID) error {
	logins, err := tx.Logins(ctx)
	if err != nil {
		return err
	}
	for token, data := range logins {
		_, values, err := scs.GobCodec{}.Decode(data)
		if err != nil {
			return fmt.Errorf("read a login: %w", err)
		}
		if values[loginUser] != int64(id) {
			continue
		}
		if err := tx.DropLogin(ctx, token); err != nil {
			return err
		}
	}
	return nil
}
