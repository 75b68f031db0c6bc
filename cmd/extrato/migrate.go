package main

import "extrato/internal/store"

type migrateCommand struct {
	New bool `help:"Make a new database although EXTRATO_BACKUPS has a studio's backups."`
}

func (migrateCommand) Help() string {
	return `Makes a new database, brings an older one of extrato's to this version, or takes
over v4's on PostgreSQL, in place and while v4 runs. It only ever adds; make a dump
all the same. A v4 SQLite file comes in through "extrato import".

Example:
  DATABASE_URL=postgres://studio@localhost/v4 extrato migrate`
}

// Run migrates the database.
func (c *migrateCommand) Run(a *app) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	open := func() (s *store.Store, err error) {
		s, _, err = a.openCarefully(config, orNew)
		return s, err
	}
	if c.New {
		open = func() (*store.Store, error) { return a.openRaw(config, orNew) }
	}
	s, err := open()
	if err != nil {
		return err
	}
	done, err := s.Migrate(a.ctx)
	if err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.stdout, done)
	}
	if len(done.Applied)+len(done.Added)+len(done.Adopted) == 0 {
		a.printf("the database is of this version already\n")
	}
	for _, name := range done.Applied {
		a.printf("applied  %s\n", name)
	}
	for _, name := range done.Added {
		a.printf("added    %s\n", name)
	}
	for _, month := range done.Adopted {
		a.printf("adopted  v4's statement of %s: it stays as it is\n", month)
	}
	for _, note := range done.Notes {
		a.printf("note     %s\n", note)
	}
	return nil
}
