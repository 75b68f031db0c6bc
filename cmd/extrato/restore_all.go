package main

import (
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

// restoreAll makes a new database of the objects of one place. Those of another
// place than the folder of the backups are brought there first: the statements rest
// on them.
func (a *app) restoreAll(c *backupRestoreCommand) error {
	settings, err := a.config()
	if err != nil {
		return err
	}
	from, folder, err := recoveryPlaces(settings, c)
	if err != nil {
		return err
	}
	if err := a.checkEmpty(settings); err != nil {
		return err
	}
	source, plan, err := a.recoverySource(settings, c, from)
	if err != nil {
		return err
	}
	defer func() { source.Close() }()
	if from.String() != folder.String() {
		if c.DryRun {
			err = source.CheckFolder(a.ctx, folder)
		} else {
			_, err = source.Bring(a.ctx, folder)
		}
		if err != nil {
			return err
		}
	}
	if c.DryRun {
		return a.showRebuilt(settings, c, plan, closing.Audit{})
	}
	if from.String() != folder.String() {
		source.Close()
		if source, _, err = a.recoverySource(settings, c, folder); err != nil {
			return err
		}
	}
	done, audit, err := a.rebuild(settings, source, c.Identity)
	if err != nil {
		return err
	}
	done.From = plan.From
	return a.showRebuilt(settings, c, done, audit)
}

// recoverySource opens a place, and fails if it does not hold the whole studio.
func (a *app) recoverySource(settings config.Config, c *backupRestoreCommand, from bucket.Reader) (*recovery.Source, recovery.Rebuilt, error) {
	without, err := monthsOf(c.Without)
	if err != nil {
		return nil, recovery.Rebuilt{}, err
	}
	source, err := recovery.Open(a.ctx, from, recovery.Options{Studio: c.Studio, Without: without, Step: a.progress()})
	if err != nil {
		return nil, recovery.Rebuilt{}, err
	}
	plan, err := source.Plan()
	if err != nil {
		source.LookElsewhere(a.ctx, a.otherPlaces(settings, c.Identity))
		plan, err = source.Plan()
	}
	if err != nil {
		source.Close()
		return nil, plan, err
	}
	return source, plan, nil
}

// rebuild makes the database, and verifies it.
func (a *app) rebuild(settings config.Config, source *recovery.Source, identity string) (done recovery.Rebuilt, audit closing.Audit, err error) {
	s, err := store.Open(a.ctx, store.Options{URL: settings.DatabaseURL, Zone: settings.Zone, Now: time.Now, Log: a.logger(settings)}, true)
	if err != nil {
		return done, audit, err
	}
	a.closers = append(a.closers, s.Close)
	if done, err = source.Rebuild(a.ctx, s, actor()); err != nil {
		s.RemoveIfNew()
		return done, audit, err
	}
	if err = a.bringKeys(source, s, identity, &done); err != nil {
		return done, audit, err
	}
	closer, err := a.closerOn(settings, s)
	if err == nil {
		audit, err = closer.VerifyChain(a.ctx)
	}
	return done, audit, err
}

// bringKeys puts back the keys that sign the chain's head, and notes a lost one.
func (a *app) bringKeys(source *recovery.Source, s *store.Store, identity string, done *recovery.Rebuilt) error {
	if identity != "" {
		keys, err := bucket.ReadIdentities(identity)
		if err == nil {
			_, err = source.BringKeys(a.ctx, s, keys)
		}
		if err != nil {
			return err
		}
	}
	return s.Read(a.ctx, func(tx *store.Tx) error {
		keys, err := tx.SigningKeys(a.ctx)
		if err == nil && (len(keys) == 0 || keys[0].Secret == "") {
			done.Notes = append(done.Notes, "the key that signs the chain's head did not come back: extrato audit rekey --reason TEXT makes a new one")
		}
		return err
	})
}

// checkEmpty refuses a database with a studio before the backups are read.
func (a *app) checkEmpty(settings config.Config) error {
	if err := namesFolder(settings.DatabaseURL); err != nil || store.Absent(settings.DatabaseURL) {
		return err
	}
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

// recoveryPlaces returns the place to read, and the folder of the backups.
func recoveryPlaces(settings config.Config, c *backupRestoreCommand) (from bucket.Reader, folder bucket.Bucket, err error) {
	if folder, err = bucket.Open(settings.Backups, nil); err != nil {
		return nil, nil, err
	}
	from = folder
	if c.From != "" {
		if from, err = bucket.OpenPlace(c.From, nil); err != nil {
			return nil, nil, err
		}
		if _, err := os.Stat(c.From); err != nil && !strings.Contains(c.From, "://") {
			return nil, nil, books.NotFoundf("no_place", "there is no folder %s", c.From).WithHint("name the folder of the backups, or an s3:// place: --from PLACE").Because(err)
		}
	}
	if c.Identity != "" {
		keys, err := bucket.ReadIdentities(c.Identity)
		if err != nil {
			return nil, nil, err
		}
		from = keys.Decrypting(from)
	}
	return from, folder, nil
}

// otherPlaces returns the places where a damaged file may be whole.
func (a *app) otherPlaces(settings config.Config, identity string) []bucket.Reader {
	var all []bucket.Reader
	if folder, err := bucket.Open(settings.Backups, nil); err == nil {
		all = append(all, folder)
	}
	elsewhere, err := a.openPlaces(settings)
	if err != nil {
		return all
	}
	keys, err := bucket.ReadIdentities(identity)
	for _, place := range elsewhere.All {
		if err == nil && identity != "" {
			all = append(all, keys.Decrypting(place))
		} else {
			all = append(all, place)
		}
	}
	return all
}

// showRebuilt reports a restore of everything, done or planned.
func (a *app) showRebuilt(settings config.Config, c *backupRestoreCommand, r recovery.Rebuilt, audit closing.Audit) error {
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
			if c.Identity != "" {
				a.printf("  next         extrato backup copy --identity FILE, once, so that this database knows the encrypted copies\n")
			}
			a.printf("  next         logins and tokens do not come back: extrato serve prints a link to make the first login\n")
		}
	}
	if len(audit.Problems) > 0 {
		return shown{books.Integrityf("chain_wrong", "the restored database differs from its chain: %s", audit.Problems[0]).WithHint("extrato audit verify says more")}
	}
	return nil
}
