package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"extrato/internal/auth"
	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/closing"
	"extrato/internal/config"
	"extrato/internal/demo"
	"extrato/internal/export"
	"extrato/internal/places"
	"extrato/internal/store"
)

type demoCommand struct {
	Dir     string `help:"Where to make it." default:"demo" placeholder:"DIR"`
	NoServe bool   `help:"Do not serve the pages afterwards."`
}

func (demoCommand) Help() string {
	return `Makes a believable tattoo studio in a folder of its own: thirteen months that ended
and the running one. Closes those that ended, with real backups, shows the last
statement and the proofs. Run again, it closes the months ended since.

Example:
  extrato demo --dir /tmp/studio --no-serve`
}

// demoDocument is the output of demo --json.
type demoDocument struct {
	Dir    string           `json:"dir"`
	Closed []closing.Result `json:"closed"`
	Chain  closing.Audit    `json:"chain"`
}

// Run makes the demo, or continues with the existing one.
func (c *demoCommand) Run(a *app) error {
	if a.Database != "" || a.Backups != "" {
		return books.Invalidf("usage", "the demo has a database and a folder of backups of its own").
			WithHint("extrato demo --dir DIR")
	}
	if strings.Contains(c.Dir, "?") {
		return books.Invalidf("usage", "%q cannot be the demo's folder: a question mark ends the name of a SQLite file", c.Dir).
			WithHint("name another folder: extrato demo --dir DIR")
	}
	settings, err := c.settings(a)
	if err != nil {
		return err
	}
	isNew, err := c.make(a, settings)
	if err != nil {
		return err
	}
	closer, first, err := c.open(a, settings)
	if err != nil {
		return err
	}
	closed, err := closeEnded(a.ctx, closer)
	if err != nil {
		return err
	}
	backups, err := closer.VerifyBackups(a.ctx, books.Month{}, "")
	if err != nil {
		return err
	}
	chain, err := closer.VerifyChain(a.ctx)
	if err != nil {
		return err
	}
	if a.JSON {
		if err := printJSON(a.stdout, demoDocument{c.Dir, closed, chain}); err != nil {
			return err
		}
		return demoProved(backups, chain)
	}
	if err := a.printLastStatement(closer); err != nil {
		return err
	}
	if err := demoProved(backups, chain); err != nil {
		return err
	}
	switch {
	case isNew:
		a.printf("\nA studio was made in %s: %d months from %s on, and the running one.\n", c.Dir, demo.Months, first)
	case len(closed) == 0:
		a.printf("\nThe studio in %s is there, and nothing is left to close.\n", c.Dir)
	}
	c.printProof(a, closed, backups, chain)
	c.printNext(a, books.MonthOf(closer.Now()).Add(-1))
	if c.NoServe || !isTerminal(a.stdout) {
		return nil
	}
	return c.serve(a, settings, closer.Store)
}

// serve answers HTTP for the demo, with a key and a login of its own.
func (c *demoCommand) serve(a *app, settings config.Config, s *store.Store) error {
	const email = "demo@example.com"
	settings.JWTKey = rand.Text() + rand.Text()
	password := rand.Text()[:12]
	var u store.User
	err := s.Read(a.ctx, func(tx *store.Tx) error {
		var err error
		u, err = tx.UserByEmail(a.ctx, email)
		return err
	})
	if err != nil {
		return err
	}
	u.Email, u.Name, u.Role, u.Active = email, "Demo", string(auth.Admin), true
	if _, err := auth.AddUser(a.ctx, s, u, password); err != nil {
		return err
	}
	if settings.Values["PORT"].Source == "default" {
		settings.Port = "0" // a demo must not fail because another program has the usual port
	}
	return a.serve(settings, s, time.Second, func(address string) {
		a.printf("\nServing until Ctrl-C\n  %s\n  login %s, password %s\n", address, email, password)
	})
}

// settings are those of the environment, except for the demo's own.
func (c *demoCommand) settings(a *app) (config.Config, error) {
	settings, err := a.config()
	settings.DatabaseURL = "sqlite:///" + filepath.Join(c.Dir, "extrato.db")
	settings.Backups = filepath.Join(c.Dir, "backups")
	settings.CloseFrom, settings.RequireBackup = "", true
	settings.Copies, a.places = config.Copies{}, &places.Places{} // else invented months would take the names of real ones there
	return settings, err
}

// make makes the studio beside its place and moves it there when complete, so
// an interrupted demo leaves nothing like one.
func (c *demoCommand) make(a *app, settings config.Config) (isNew bool, err error) {
	place := filepath.Join(c.Dir, "extrato.db")
	if _, err := os.Stat(place); err == nil {
		return false, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, cannotMake(err)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return false, cannotMake(err)
	}
	unfinished, err := os.MkdirTemp(c.Dir, ".making-*")
	if err != nil {
		return false, cannotMake(err)
	}
	defer func() { _ = os.RemoveAll(unfinished) }()
	settings.DatabaseURL = "sqlite:///" + filepath.Join(unfinished, "extrato.db")
	if err := a.fillDemo(settings); err != nil {
		return false, err
	}
	// A link, unlike a move, never replaces a studio made meanwhile by another
	// demo.
	switch err := os.Link(filepath.Join(unfinished, "extrato.db"), place); {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case err != nil: // not every disk has links
		err = os.Rename(filepath.Join(unfinished, "extrato.db"), place)
		if err != nil {
			return false, cannotMake(err)
		}
	}
	return true, nil
}

func cannotMake(err error) error {
	return books.Refusedf("folder_unwritable", "the demo cannot be made").
		WithHint("name a folder that you may write: extrato demo --dir DIR").Because(err)
}

func (a *app) fillDemo(settings config.Config) error {
	s, err := store.Open(a.ctx, store.Options{URL: settings.DatabaseURL, Zone: settings.Zone, Now: clock, Log: a.logger(settings)}, true)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Ready(a.ctx); err != nil {
		return err
	}
	return demo.Fill(a.ctx, s, clock().In(settings.Zone))
}

// open opens the demo, and refuses any other database.
func (c *demoCommand) open(a *app, settings config.Config) (*closing.Closer, books.Month, error) {
	foreign := books.Refusedf("not_a_demo", "%s holds a database that is not a demo", c.Dir).
		WithHint("nothing was changed; name another folder: extrato demo --dir DIR")
	look, err := store.OpenUntouched(a.ctx, store.Options{URL: settings.DatabaseURL, Zone: settings.Zone, Now: clock})
	if err != nil {
		return nil, books.Month{}, err
	}
	defer look.Close()
	condition, err := look.Condition(a.ctx)
	if err != nil {
		return nil, books.Month{}, err
	}
	if condition == store.New || condition == store.V4 {
		return nil, books.Month{}, foreign
	}
	first, err := demo.FirstOf(a.ctx, look)
	if err == nil && first.IsZero() {
		err = foreign
	}
	if err != nil {
		return nil, first, err
	}
	s, err := a.openStore(settings, existing)
	if err != nil {
		return nil, first, err
	}
	closer, err := a.closerOn(settings, s)
	return closer, first, err
}

// closeEnded closes every ended month, due or not, except held ones.
func closeEnded(ctx context.Context, closer *closing.Closer) ([]closing.Result, error) {
	months, err := closer.Months(ctx)
	if err != nil {
		return nil, err
	}
	closed := []closing.Result{}
	for _, m := range months {
		if !m.Month.EndedBy(closer.Now()) || m.State != closing.Open && m.State != closing.Due {
			continue
		}
		result, err := closer.Close(ctx, m.Month, closing.Options{}, actor())
		if errors.Is(err, books.ErrClosed) { // by another demo, meanwhile
			continue
		}
		if err != nil {
			return closed, err
		}
		closed = append(closed, result)
	}
	return closed, nil
}

func demoProved(backups []closing.Verified, chain closing.Audit) error {
	for _, b := range backups {
		if b.State == backup.Corrupt || b.State == backup.Missing {
			return shown{books.Integrityf("backup_corrupt", "the backup %s is %s", b.File, b.State).WithHint("a demo can be removed and made again")}
		}
	}
	if !chain.OK {
		return shown{books.Integrityf("chain_broken", "%s", strings.Join(chain.Problems, "; ")).WithHint("a demo can be removed and made again")}
	}
	return nil
}

func (c *demoCommand) printProof(a *app, closed []closing.Result, backups []closing.Verified, chain closing.Audit) {
	a.printf("\nWhat was proved\n")
	rows, empty := int64(0), 0
	for _, r := range closed {
		rows += r.Counts.Total()
		if r.Counts.Total() == 0 {
			empty++
		}
	}
	if len(closed) > 0 {
		a.printf("  %s closed now, %s to %s, %s in all; %d of them empty, and closed all the same\n",
			countOf(len(closed), "month"), closed[0].Month, closed[len(closed)-1].Month, countOf(rows, "row"), empty)
	}
	whole := 0
	for _, b := range backups {
		if b.State == backup.OK {
			whole++
		}
	}
	a.printf("  %s read back, every byte: each holds exactly the rows of its month\n", countOf(whole, "backup"))
	a.printf("  %d entries in the chain of closings, every statement recomputed\n  head %s\n", chain.Entries, chain.Head)
}

func (c *demoCommand) printNext(a *app, last books.Month) {
	program := "extrato"
	if strings.Contains(os.Args[0], "/") {
		program = shellQuoted(os.Args[0])
	}
	if path, err := os.Executable(); err == nil && strings.Contains(path, "go-build") { // go run
		program = "go run ./cmd/extrato"
	}
	a.printf("\nWhere it is\n  %s, %s\n", filepath.Join(c.Dir, "extrato.db"), filepath.Join(c.Dir, "backups"))
	a.printf("\nLook on\n  export DATABASE_URL=%s EXTRATO_BACKUPS=%s\n",
		shellQuoted("sqlite:///"+filepath.Join(c.Dir, "extrato.db")), shellQuoted(filepath.Join(c.Dir, "backups")))
	for _, try := range []string{"months", "statement " + last.String() + " --format csv", "backup list", "audit show",
		"reopen " + last.String() + ` --reason "to see it"`, "close " + last.String(), "doctor"} {
		a.printf("  %s %s\n", program, try)
	}
}

// shellQuoted returns s as a shell takes it as one word.
func shellQuoted(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._:-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// printLastStatement prints the newest statement for people.
func (a *app) printLastStatement(closer *closing.Closer) error {
	months, err := closer.Months(a.ctx)
	if err != nil {
		return err
	}
	for _, m := range slices.Backward(months) {
		if m.State != closing.IsClosed && m.State != closing.Late {
			continue
		}
		s, err := closer.Statement(a.ctx, m.Month)
		if err != nil {
			return err
		}
		return export.WriteText(a.stdout, exported(closer, s), export.PT)
	}
	return nil
}
