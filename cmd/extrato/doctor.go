package main

import (
	"context"
	"fmt"
	"time"

	"extrato/internal/auth"
	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/config"
	"extrato/internal/doctor"
	"extrato/internal/notify"
	"extrato/internal/store"
)

type doctorCommand struct{}

func (doctorCommand) Help() string {
	return `Checks the settings, the database, the clock, the rows, the backups and the chain,
one line each, with a remedy for each fault. It changes nothing.

  ok    as it should be
  warn  closes go on, but you should know
  fail  a close fails, or stored data is damaged                      (exit code 1)

Example:
  extrato doctor`
}

// Run checks.
func (c *doctorCommand) Run(a *app) error {
	found, err := a.examine()
	if err != nil {
		return err
	}
	if a.JSON {
		if err := printJSON(a.stdout, found); err != nil {
			return err
		}
	} else {
		for _, check := range found.Checks {
			a.printf("%-4s  %s: %s\n", check.State, check.Name, check.Message)
			if check.Fix != "" {
				a.printf("      fix: %s\n", check.Fix)
			}
		}
	}
	if failed := found.Failed(); failed > 0 {
		return shown{(&books.Error{Kind: books.Internal, Code: "checks_failed", Message: countOf(failed, "check") + " failed"}).
			WithHint("each line that says fail has its fix below it")}
	}
	return nil
}

// examine opens the parts read-only and runs doctor.
func (a *app) examine() (doctor.Report, error) {
	c, _ := config.Load(a.flags()) // doctor tells of its problems
	zone := c.Zone
	if zone == nil {
		zone = time.UTC // checks of the zone are skipped
	}
	place, err := bucket.Open(c.Backups, nil)
	if err != nil {
		return doctor.Report{}, err
	}
	now := func() time.Time { return clock().In(zone) }
	closer := &closing.Closer{Now: now, Backups: &backup.Backups{Bucket: place, Now: now, Zone: zone, Program: programVersion()}}
	if elsewhere, err := a.openPlaces(c); err == nil { // else doctor tells of the setting
		closer.Places = elsewhere
	}
	d := doctorOf(c, closer)
	if d.OpenErr = namesFolder(c.DatabaseURL); d.OpenErr == nil {
		d.Store, d.OpenErr = store.OpenUntouched(a.ctx, store.Options{URL: c.DatabaseURL, Zone: zone, Now: clock, Log: a.logger(c)})
	}
	if d.OpenErr == nil {
		defer d.Store.Close()
	}
	closer.Store = d.Store
	if closer.Places != nil {
		closer.Places.Local, closer.Places.Store, closer.Places.Now = place, d.Store, now
	}
	report := d.Run(a.ctx)
	return report, a.ctx.Err()
}

// doctorOf returns the doctor of a closer's books and backups.
func doctorOf(c config.Config, closer *closing.Closer) *doctor.Doctor {
	return &doctor.Doctor{
		Config: c, Now: closer.Now, Store: closer.Store, Folder: fmt.Sprint(closer.Backups.Bucket), Backups: closer.Backups, Places: closer.Places, CheckKey: auth.CheckKey,
		CheckPlaces: func(urls []string) error { _, err := notify.NewNotifier(urls); return err },
		Audit: func(ctx context.Context) (doctor.Audited, error) {
			found, err := closer.VerifyChain(ctx)
			return doctor.Audited{Entries: found.Entries, Head: found.Head, Problems: found.Problems}, err
		},
	}
}
