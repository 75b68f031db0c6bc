package main

import (
	"context"
	"os"
	"strings"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/closing"
	"extrato/internal/config"
	"extrato/internal/recovery"
	"extrato/internal/store"
)

// keeper writes beside the backups what restore --all needs.
func keeper(closer *closing.Closer) *recovery.Keeper {
	return &recovery.Keeper{
		Store: closer.Store, Backups: closer.Backups, CheckPlace: closer.CheckPlace, Now: closer.Now, SpoolDir: closer.SpoolDir,
	}
}

// keepEntries is Closer.Keep: a failure is a warning, and a job of extrato serve
// mends it.
func keepEntries(closer *closing.Closer) func(context.Context) {
	k := keeper(closer)
	return func(ctx context.Context) {
		if _, err := k.Keep(ctx); err != nil {
			warnKept(closer, err)
		}
	}
}

func warnKept(closer *closing.Closer, err error) {
	e := books.AsError(err)
	closer.Log.Warn("not written beside the backups", "cause", e.Error(), "hint", e.Hint)
}

// keepAfter makes a command write the entries of the chain that it made and, in
// the end, a copy of the live rows.
func (a *app) keepAfter(closer *closing.Closer) {
	entries, changed := keepEntries(closer), false
	closer.Keep = func(ctx context.Context) {
		changed = true
		entries(ctx)
	}
	a.closers = append(a.closers, func() {
		if !changed {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), time.Minute)
		defer cancel()
		if _, err := keeper(closer).KeepStudio(ctx, 0); err != nil {
			warnKept(closer, err)
		}
	})
}

// restoreAllFlags are those of backup restore --all.
type restoreAllFlags struct {
	All     bool     `help:"Make a new database of the backups alone."`
	From    string   `help:"With --all: take this folder or s3:// place; default: EXTRATO_BACKUPS." placeholder:"PLACE"`
	Studio  string   `help:"With --all: take this copy of the live rows, not the newest." placeholder:"FILE"`
	Without []string `help:"With --all: leave out the statement of this month, since its backup is lost." placeholder:"MONTH"`
}

func (c *backupRestoreCommand) checkAll() error {
	switch {
	case c.All && (c.Month != "" || c.File != "" || c.Full != ""):
		return books.Invalidf("invalid_usage", "--all takes neither a month nor --file nor --full").WithHint("extrato backup restore --all")
	case !c.All && (c.From != "" || c.Studio != "" || len(c.Without) > 0):
		return books.Invalidf("invalid_usage", "--from, --studio and --without belong to --all").WithHint("extrato backup restore --all --from PLACE")
	}
	return nil
}

// restoreAll makes a new database of the objects of one place.
func (a *app) restoreAll(c *backupRestoreCommand) error {
	settings, err := a.config()
	if err != nil {
		return err
	}
	if err := namesFolder(settings.DatabaseURL); err != nil {
		return err
	}
	from, err := recoverySource(settings, c.From, c.Identity)
	if err != nil {
		return err
	}
	without, err := monthsOf(c.Without)
	if err != nil {
		return err
	}
	if !store.Absent(settings.DatabaseURL) {
		if err := a.checkEmpty(settings); err != nil {
			return err
		}
	}
	source, err := recovery.Open(a.ctx, from, recovery.Options{Studio: c.Studio, Without: without})
	if err != nil {
		return err
	}
	defer source.Close()
	plan, err := source.Plan()
	if err != nil {
		return err
	}
	if c.DryRun {
		return a.showRebuilt(settings, plan, closing.Audit{})
	}
	s, err := store.Open(a.ctx, store.Options{URL: settings.DatabaseURL, Zone: settings.Zone, Now: time.Now, Log: a.logger(settings)}, true)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, s.Close)
	done, err := source.Rebuild(a.ctx, s, actor())
	if err != nil {
		s.RemoveIfNew()
		return err
	}
	closer, err := a.closerOn(settings, s)
	if err != nil {
		return err
	}
	audit, err := closer.VerifyChain(a.ctx)
	if err != nil {
		return err
	}
	return a.showRebuilt(settings, done, audit)
}

// checkEmpty refuses a database with a studio before the backups are read.
func (a *app) checkEmpty(settings config.Config) error {
	s, err := store.OpenUntouched(a.ctx, store.Options{URL: settings.DatabaseURL, Zone: settings.Zone, Now: time.Now})
	if err != nil {
		return err
	}
	defer s.Close()
	return recovery.CheckEmpty(a.ctx, s)
}

func monthsOf(names []string) ([]books.Month, error) {
	var months []books.Month
	for _, name := range names {
		month, err := books.ParseMonth(name)
		if err != nil {
			return nil, err
		}
		months = append(months, month)
	}
	return months, nil
}

// recoverySource returns the place to read: the folder of the backups, or another.
func recoverySource(settings config.Config, place, identity string) (from bucket.Reader, err error) {
	if place == "" {
		from, err = bucket.Open(settings.Backups, nil)
	} else {
		from, err = bucket.OpenPlace(place, nil)
	}
	if err != nil {
		return nil, err
	}
	if place != "" && !strings.Contains(place, "://") {
		if _, err := os.Stat(place); err != nil {
			return nil, books.NotFoundf("no_place", "there is no folder %s", place).WithHint("name the folder of the backups, or an s3:// place: --from PLACE").Because(err)
		}
	}
	if identity == "" {
		return from, nil
	}
	keys, err := bucket.ReadIdentities(identity)
	if err != nil {
		return nil, err
	}
	return keys.Decrypting(from), nil
}

// showRebuilt reports a restore of everything, done or planned.
func (a *app) showRebuilt(settings config.Config, r recovery.Rebuilt, audit closing.Audit) error {
	if a.JSON {
		if err := printJSON(a.stdout, struct {
			recovery.Rebuilt
			Problems []string `json:"problems"`
		}{r, append([]string{}, audit.Problems...)}); err != nil {
			return err
		}
	} else {
		done := map[bool]string{true: "would be restored", false: "restored"}[r.DryRun]
		a.printf("%s: %s, from %s\n", done, store.Place(settings.DatabaseURL), r.From)
		a.printf("  chain        %d entries, head %s\n", r.Entries, r.Head)
		a.printf("  statements   %d, and %d earlier revisions\n", r.Statements, r.Revisions)
		a.printf("  live rows    %s, as they were at %s\n", r.Live.English(), when(r.StudioAt, settings.Zone))
		a.printf("  people       %d clients, %d users\n", r.Clients, r.Users)
		for _, n := range r.Notes {
			a.printf("  note         %s\n", n)
		}
		if !r.DryRun {
			a.printf("  next         what was recorded after that moment is not in it: compare with your calendar and your bank\n")
			a.printf("  next         logins and tokens do not come back: extrato serve prints a link to make the first login\n")
		}
	}
	if len(audit.Problems) > 0 {
		return shown{books.Integrityf("chain_wrong", "the restored database differs from its chain: %s", audit.Problems[0]).WithHint("extrato audit verify says more")}
	}
	return nil
}
