package main

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"extrato/internal/auth"
	"extrato/internal/books"
	"extrato/internal/store"
)

type userCommand struct {
	Add      userAdd      `cmd:"" help:"Give somebody a login."`
	List     userList     `cmd:"" help:"List users with a login."`
	Disable  userDisable  `cmd:"" help:"Disable a login, at once."`
	Enable   userEnable   `cmd:"" help:"Enable a login again."`
	Password userPassword `cmd:"" help:"Set somebody's password; it ends their logins."`
}

type userAdd struct {
	Email         string `arg:"" help:"Their e-mail address."`
	Name          string `help:"Their name."`
	Role          string `help:"admin (everything), reception (records rows) or artist (their own rows only); admin if not given." default:"" enum:",admin,reception,artist"`
	ArtistID      *int32 `help:"Give this login to an artist or user already in the books, by id; name and role stay unless given." placeholder:"ID"`
	PasswordStdin bool   `help:"Read the password from standard input."`
}

func (userAdd) Help() string {
	return `Asks for the password on a terminal; elsewhere one is made and printed once.

Examples:
  extrato user add ana@example.com --name Ana
  extrato user add bia@example.com --name Bia --role artist
  extrato user add caio@example.com --artist-id 12`
}

// Run adds a user.
func (c *userAdd) Run(a *app) error {
	artist, err := artistID("--artist-id", c.ArtistID)
	if err != nil {
		return err
	}
	if artist == 0 && strings.TrimSpace(c.Name) == "" { // before a password is asked for
		return books.Invalidf("invalid_name", "a name has 1 to 100 characters").
			WithHint("add --name NAME, or --artist-id ID for somebody who is in the books")
	}
	s, err := a.people()
	if err != nil {
		return err
	}
	password, made, err := a.password(c.PasswordStdin)
	if err != nil {
		return err
	}
	u, err := c.add(a, s, artist, password)
	if err != nil {
		return err
	}
	return a.showLogin(u, password, made)
}

func (c *userAdd) add(a *app, s *store.Store, artist books.ID, password string) (store.User, error) {
	u := store.User{ID: artist, Email: c.Email, Name: c.Name, Role: c.Role, Active: true}
	if artist != 0 {
		return auth.GiveLogin(a.ctx, s, u, password)
	}
	u.Role = cmp.Or(u.Role, string(auth.Admin))
	return auth.AddUser(a.ctx, s, u, password)
}

// showLogin prints a login, and its password if it was made here.
func (a *app) showLogin(u store.User, password string, made bool) error {
	if a.JSON {
		document := map[string]any{"user": u}
		if made {
			document["password"] = password
		}
		return printJSON(a.stdout, document)
	}
	if u.Active {
		a.printf("%s (%s) can sign in.\n", u.Email, u.Role)
	} else {
		a.printf("%s (%s) is disabled. To let them in: extrato user enable %s\n", u.Email, u.Role, u.Email)
	}
	if made {
		a.printf("Password, shown only now: %s\n", password)
	}
	return nil
}

// people opens the database of the users.
func (a *app) people() (*store.Store, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	return a.openStore(c, orNew)
}

// password asks for a new password, reads it, or makes one.
func (a *app) password(stdin bool) (password string, made bool, err error) {
	switch {
	case stdin:
		line, err := bufio.NewReader(io.LimitReader(os.Stdin, 1<<12)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", false, err
		}
		password := strings.TrimRight(line, "\r\n")
		return password, false, auth.CheckPassword(password)
	case !term.IsTerminal(int(os.Stdin.Fd())) || !isTerminal(a.stderr):
		return rand.Text()[:20], true, nil
	}
	ask := func(what string) (string, error) {
		fmt.Fprint(a.stderr, what)
		text, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(a.stderr)
		return string(text), err
	}
	first, err := ask("Password (10 characters or more): ")
	if err != nil {
		return "", false, err
	}
	second, err := ask("Again: ")
	if err == nil && first != second {
		err = books.Invalidf("passwords_differ", "the two passwords are not the same").WithHint("nothing was changed; try again")
	}
	if err == nil {
		err = auth.CheckPassword(first)
	}
	return first, false, err
}

type userList struct{}

func (userList) Help() string {
	return `Example:
  extrato user list`
}

// Run lists the users with a login, also disabled ones.
func (userList) Run(a *app) error {
	s, err := a.people()
	if err != nil {
		return err
	}
	var users []store.User
	err = s.Read(a.ctx, func(tx *store.Tx) error {
		users, err = tx.Users(a.ctx)
		return err
	})
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, map[string]any{"users": users})
	}
	for _, u := range users {
		state := "no login"
		switch {
		case !u.Active:
			state = "disabled"
		case u.Password:
			state = "password"
		case u.Email != "":
			state = "provider only"
		}
		a.printf("%6d  %-9s %-14s %s  %s\n", u.ID, u.Role, state, u.Email, u.Name)
	}
	return nil
}

type userDisable struct {
	Email string `arg:"" help:"Their e-mail address."`
}

func (userDisable) Help() string {
	return `Example:
  extrato user disable bia@example.com`
}

// Run disables a user.
func (c *userDisable) Run(a *app) error {
	return a.setActive(c.Email, false, "is disabled: logins and tokens of theirs end now")
}

type userEnable struct {
	Email string `arg:"" help:"Their e-mail address."`
}

func (userEnable) Help() string {
	return `Example:
  extrato user enable bia@example.com`
}

// Run enables a user.
func (c *userEnable) Run(a *app) error {
	return a.setActive(c.Email, true, "is enabled")
}

func (a *app) setActive(email string, active bool, done string) error {
	s, err := a.people()
	if err != nil {
		return err
	}
	u, err := auth.SetActive(a.ctx, s, email, active)
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, map[string]any{"user": u})
	}
	a.printf("%s %s.\n", u.Email, done)
	return nil
}

type userPassword struct {
	Email         string `arg:"" help:"Their e-mail address."`
	PasswordStdin bool   `help:"Read the password from standard input."`
}

func (userPassword) Help() string {
	return `Example:
  extrato user password ana@example.com`
}

// Run sets a password.
func (c *userPassword) Run(a *app) error {
	s, err := a.people()
	if err != nil {
		return err
	}
	password, made, err := a.password(c.PasswordStdin)
	if err != nil {
		return err
	}
	u, err := auth.SetPassword(a.ctx, s, c.Email, password)
	if err != nil {
		return err
	}
	return a.showLogin(u, password, made)
}
