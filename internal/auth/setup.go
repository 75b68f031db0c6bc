package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"extrato/internal/books"
	"extrato/internal/store"
)

// setupSetting keeps the digest of the set-up link's key and when it ends.
const (
	setupSetting = "setup_link"
	setupLasts   = 24 * time.Hour
)

// ErrSetup means: a set-up link was used, has expired or never existed.
var ErrSetup = &books.Error{
	Kind: books.Refused, Code: "setup_over", Message: "this set-up link is not valid (any more)",
	Hint: "restart extrato serve to get another, or use extrato user add",
}

// SetupLink returns a link below base for the first person to make a login,
// once and within a day; offered is false if somebody can sign in already. A
// new link ends the previous one.
func (g *Guard) SetupLink(ctx context.Context, base string) (link string, offered bool, err error) {
	key := rand.Text()
	err = g.o.Store.Write(ctx, func(tx *store.Tx) error {
		offered = false
		someone, err := someoneMay(ctx, tx)
		if err != nil || someone || g.provider != nil && len(g.o.Emails) > 0 {
			return err
		}
		offered = true
		return tx.SetSetting(ctx, setupSetting, digest(key)+" "+books.InstantOf(g.o.Now().Add(setupLasts)).String())
	})
	return base + "/setup?key=" + url.QueryEscape(key), offered && err == nil, err
}

// someoneMay reports whether an active admin has a password.
func someoneMay(ctx context.Context, tx *store.Tx) (bool, error) {
	users, err := tx.Users(ctx)
	for _, u := range users {
		if u.Active && u.Password && Role(u.Role) == Admin {
			return true, err
		}
	}
	return false, err
}

// SetUp makes the first login with a set-up link's key, for a new admin or for
// v4's user of the address. It fails with ErrSetup or as AddUser does.
func (g *Guard) SetUp(ctx context.Context, key string, email, name, password string) error {
	if err := g.CheckSetup(ctx, key); err != nil {
		return err // before strangers make this hash
	}
	hash, err := HashPassword(password)
	if err != nil {
		return err
	}
	return g.o.Store.Write(ctx, func(tx *store.Tx) error {
		if err := g.checkSetup(ctx, tx, key); err != nil {
			return err
		}
		if err := tx.SetSetting(ctx, setupSetting, ""); err != nil {
			return err
		}
		u := store.User{Email: strings.TrimSpace(email), Name: name, Role: string(Admin), Active: true}
		if err := checkUser(u); err != nil {
			return err
		}
		known, err := tx.UserByEmail(ctx, u.Email)
		if err != nil {
			return err
		}
		if known.ID != ServiceAccount {
			u.ID = known.ID
		}
		_, err = addUser(ctx, tx, u, hash)
		return err
	})
}

// CheckSetup fails with ErrSetup unless the key is the link's.
func (g *Guard) CheckSetup(ctx context.Context, key string) error {
	return g.o.Store.Read(ctx, func(tx *store.Tx) error { return g.checkSetup(ctx, tx, key) })
}

func (g *Guard) checkSetup(ctx context.Context, tx *store.Tx, key string) error {
	text, err := tx.Setting(ctx, setupSetting)
	if err != nil {
		return err
	}
	want, ends, _ := strings.Cut(text, " ")
	var until books.Instant
	if until.Parse([]byte(ends)) != nil || subtle.ConstantTimeCompare([]byte(want), []byte(digest(key))) != 1 || g.o.Now().After(until.Time()) {
		return ErrSetup
	}
	someone, err := someoneMay(ctx, tx)
	if err == nil && someone {
		err = ErrSetup
	}
	return err
}

// AddUser records a user with a password; it may be empty for sign-in with a
// provider. It fails with an Error of kind Invalid for a bad address, name or
// role, and Conflict if the address is taken.
func AddUser(ctx context.Context, s *store.Store, u store.User, password string) (store.User, error) {
	hash := ""
	if password != "" {
		var err error
		if hash, err = HashPassword(password); err != nil {
			return u, err
		}
	}
	err := s.Write(ctx, func(tx *store.Tx) error {
		var err error
		u, err = addUser(ctx, tx, u, hash)
		return err
	})
	return u, err
}

// AddUserIn records a user without a password, as AddUser does, in the caller's
// transaction.
func AddUserIn(ctx context.Context, tx *store.Tx, u store.User) (store.User, error) {
	return addUser(ctx, tx, u, "")
}

func addUser(ctx context.Context, tx *store.Tx, u store.User, hash string) (store.User, error) {
	u.Email, u.Name = strings.TrimSpace(u.Email), strings.TrimSpace(u.Name)
	if err := checkUser(u); err != nil {
		return u, err
	}
	taken, err := tx.UserByEmail(ctx, u.Email)
	switch {
	case err != nil:
		return u, err
	case taken.ID != 0 && taken.ID != u.ID:
		return u, books.Conflictf("email_taken", "another user has this e-mail address").
			WithHint("extrato user list shows who; extrato user password EMAIL lets them sign in")
	case u.ID != 0:
		err = tx.SetUser(ctx, u)
	default:
		u, err = tx.AddUser(ctx, u)
	}
	if err != nil || hash == "" {
		return u, err
	}
	u.Password = true
	return u, tx.SetPassword(ctx, u.ID, hash)
}

func checkUser(u store.User) error {
	local, domain, ok := strings.Cut(u.Email, "@")
	switch {
	case !ok || local == "" || !strings.Contains(domain, ".") || len(u.Email) > 100 || !isLine(u.Email) || strings.ContainsAny(u.Email, " <>,"):
		return books.Invalidf("invalid_email", "that is not an e-mail address of at most 100 characters").WithHint("such as ana@example.com")
	case !isName(u.Name):
		return books.Invalidf("invalid_name", "a name has 1 to 100 characters").WithHint("write one on one line")
	case !slices.Contains(Roles(), Role(u.Role)):
		return books.Invalidf("invalid_role", "the role %q is neither admin, reception nor artist", u.Role).WithHint("choose one of them: an artist sees their own rows only")
	}
	return nil
}

func isName(s string) bool { return isLine(s) && utf8.RuneCountInString(s) <= 100 }

// isLine reports whether s is a line of text, not blank, safe for a database
// and a terminal.
func isLine(s string) bool {
	return utf8.ValidString(s) && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, unicode.IsControl)
}
