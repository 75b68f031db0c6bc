package closing

import (
	"context"
	"errors"
	"maps"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/places"
	"extrato/internal/store"
)

// CreateBackup backs month up in any state: the live rows of an open month; of
// a closed one, the statement's rows and the late ones. If a verified copy of
// exactly these rows exists, nothing is written.
func (c *Closer) CreateBackup(ctx context.Context, month books.Month, by books.Actor) (backup.Receipt, error) {
	run := c.begin(ctx, "backup", month, by, "")
	unlock, err := c.Store.LockMonth(ctx, month, c.waits)
	if err != nil {
		return backup.Receipt{}, err
	}
	defer unlock()
	p := plan{month: month}
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		p.last, err = tx.LastEntry(ctx, month)
		if p.last.Action == books.Adopted {
			return books.Refusedf("statement_of_v4", "the statement of %s is v4's: it lacks what a backup holds", month).
				WithHint("keep v4's own backup of that month")
		}
		p.revise = p.last.HasStatement()
		return err
	})
	var receipt backup.Receipt
	if err == nil {
		receipt, err = c.writeBackup(ctx, p)
	}
	c.step("backed up")
	if err != nil {
		c.finish(ctx, run, "", err)
	}
	return receipt, err
}

// BackUpUnbacked makes a backup of each month that closed without one, from its
// statement.
func (c *Closer) BackUpUnbacked(ctx context.Context, by books.Actor) error {
	var months []books.Month
	err := c.Store.Read(ctx, func(tx *store.Tx) (err error) {
		months, err = tx.UnbackedMonths(ctx)
		return err
	})
	for _, m := range months {
		if err == nil {
			_, err = c.CreateBackup(ctx, m, by)
		}
	}
	return err
}

// writeBackup makes, proves and records a backup.
func (c *Closer) writeBackup(ctx context.Context, p plan) (backup.Receipt, error) {
	before, err := c.readyPlace(ctx, p.month)
	if err != nil {
		return backup.Receipt{}, err
	}
	var unproved *backup.Unproved
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		if err := tx.CheckColumns(ctx, p.month); err != nil {
			return err
		}
		rows, _, err := c.rowsOf(ctx, tx, p)
		if err == nil {
			unproved, err = c.Backups.Start(ctx, p.month, before, withStaying(ctx, tx, rows), nil)
		}
		return err
	})
	if err != nil {
		return backup.Receipt{}, err
	}
	defer unproved.Stop()
	receipt, err := unproved.Receipt(ctx)
	if err != nil {
		return backup.Receipt{}, err
	}
	return receipt, c.Store.Write(ctx, func(tx *store.Tx) error { return c.recordBackup(ctx, tx, receipt.Manifest) })
}

// backupMonths returns the months that may have a backup, oldest first: those
// of Months, those with a recorded backup but no rows any more, and those with
// an unrecorded copy. The database may be a new one, made because the old one
// was lost.
func (c *Closer) backupMonths(ctx context.Context) ([]books.Month, error) {
	infos, err := c.Months(ctx)
	if err != nil {
		return nil, err
	}
	var known []store.Backup
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		known, err = tx.Backups(ctx, books.Month{})
		return err
	})
	if err != nil {
		return nil, err
	}
	months := map[books.Month]bool{}
	for _, info := range infos {
		months[info.Month] = true
	}
	copied, err := c.BackupMonths(ctx, known)
	for _, m := range copied {
		months[m] = true
	}
	return inOrder(months), err
}

// BackupMonths returns the months with a recorded backup or with a copy in the
// place, oldest first.
func (c *Closer) BackupMonths(ctx context.Context, known []store.Backup) ([]books.Month, error) {
	filed, err := c.Backups.Months(ctx)
	if err != nil {
		return nil, unreadablePlace(err)
	}
	months := map[books.Month]bool{}
	for _, m := range filed {
		months[m] = true
	}
	for _, k := range known {
		months[k.Month] = true
	}
	return inOrder(months), nil
}

func inOrder(months map[books.Month]bool) []books.Month {
	return slices.SortedFunc(maps.Keys(months), func(a, b books.Month) int { return int(a.First() - b.First()) })
}

// allCopies returns the copies in the bucket and the recorded ones missing
// there.
func (c *Closer) allCopies(ctx context.Context, month books.Month, known []store.Backup) ([]backup.Copy, error) {
	copies, err := c.Backups.Copies(ctx, month)
	if err != nil {
		return nil, unreadablePlace(err)
	}
	for _, k := range known {
		if !slices.ContainsFunc(copies, func(f backup.Copy) bool { return f.Number == k.Copy }) {
			copies = append(copies, backup.Copy{Month: month, Number: k.Copy, File: k.File})
		}
	}
	slices.SortFunc(copies, func(a, b backup.Copy) int { return a.Number - b.Number })
	return copies, nil
}

// Listed is a copy as a list shows it, without reading it.
type Listed struct {
	Month      books.Month    `json:"month"`
	Copy       int            `json:"copy"`
	File       string         `json:"file"`
	State      string         `json:"state"`       // the result of the last verification
	VerifiedAt string         `json:"verified_at"` // RFC 3339 in UTC; "": never
	SHA256     string         `json:"sha256"`
	Statement  bool           `json:"statement"` // the month's statement rests on it
	Places     []places.State `json:"places,omitempty"`
}

// ListBackups lists every copy of month's backup, or of all months' if it is zero.
func (c *Closer) ListBackups(ctx context.Context, month books.Month) ([]Listed, error) {
	months := []books.Month{month}
	if month.IsZero() {
		var err error
		if months, err = c.backupMonths(ctx); err != nil {
			return nil, err
		}
	}
	list := []Listed{}
	for _, m := range months {
		var known []store.Backup
		var last books.ChainEntry
		var away inPlaces
		err := c.Store.Read(ctx, func(tx *store.Tx) error {
			var err1, err2, err3 error
			known, err1 = tx.Backups(ctx, m)
			last, err2 = tx.LastEntry(ctx, m)
			away, err3 = c.readPlaces(ctx, tx, m)
			return errors.Join(err1, err2, err3)
		})
		if err != nil {
			return nil, err
		}
		copies, err := c.allCopies(ctx, m, known)
		if err != nil {
			return nil, err
		}
		for _, k := range copies {
			l := Listed{Month: k.Month, Copy: k.Number, File: k.File, State: "unverified",
				Statement: last.HasStatement() && last.BackupFile == k.File, Places: away.of(k.File)}
			if i := slices.IndexFunc(known, func(b store.Backup) bool { return b.File == k.File }); i >= 0 {
				l.State, l.VerifiedAt, l.SHA256 = known[i].State, known[i].VerifiedAt.String(), known[i].SHA256
			}
			list = append(list, l)
		}
	}
	return list, nil
}

// recordBackup records a backup just proved.
func (c *Closer) recordBackup(ctx context.Context, tx *store.Tx, m backup.Manifest) error {
	var created books.Instant
	if err := created.Parse([]byte(m.CreatedAt)); err != nil {
		return err
	}
	return tx.SaveBackup(ctx, store.Backup{
		File: m.File, Month: m.Month, Copy: m.Copy, SHA256: m.SHA256, Size: m.Size, Fingerprint: m.Fingerprint, Manifest: m.Checksum,
		State: string(backup.OK), CreatedAt: created, VerifiedAt: books.InstantOf(c.Now()),
	})
}
