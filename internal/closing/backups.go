package closing

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// checkPlace refuses a place with none of the recorded backups: a disk that is
// not mounted looks like an empty folder.
func (c *Closer) checkPlace(ctx context.Context, known []store.Backup) error {
	if len(known) == 0 || c.NewPlace {
		return nil
	}
	for _, k := range slices.Backward(known) {
		copies, err := c.Backups.Copies(ctx, k.Month)
		if err != nil {
			return backup.ErrUnwritable.WithHint("nothing was changed; check the folder in EXTRATO_BACKUPS").Because(err)
		}
		if slices.ContainsFunc(copies, func(found backup.Copy) bool { return found.File == k.File && found.HasFile }) {
			return nil
		}
	}
	return backup.ErrUnwritable.WithHint("nothing was changed; %s holds none of the %d backups that were made: mount the disk they are on, or copy them there; if they are lost for good, begin anew with extrato backup create MONTH --new-place",
		c.Backups.Bucket, len(known)).Because(errors.New("the place of the backups is not the one they were made in"))
}

// CheckPlace refuses a place with none of the recorded backups.
func (c *Closer) CheckPlace(ctx context.Context) error {
	known, err := c.knownBackups(ctx)
	if err != nil {
		return err
	}
	return c.checkPlace(ctx, known)
}

func (c *Closer) knownBackups(ctx context.Context) (known []store.Backup, err error) {
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		known, err = tx.Backups(ctx, books.Month{})
		return err
	})
	return known, err
}

// readyPlace checks the place and makes month's folder, with several syncs. It
// returns the month's recorded copies.
func (c *Closer) readyPlace(ctx context.Context, month books.Month) (before backup.Before, err error) {
	known, err := c.knownBackups(ctx)
	if err != nil {
		return before, err
	}
	for _, k := range known {
		if k.Month == month {
			before.Taken = max(before.Taken, k.Copy)
		}
	}
	newest := make(chan backup.Manifest, 1)
	err = c.Backups.Within(ctx, placeTimeout, func() error {
		if err := c.checkPlace(ctx, known); err != nil {
			return err
		}
		m, err := c.Backups.Newest(ctx, month)
		if err != nil {
			return err
		}
		newest <- m
		return c.Backups.MakeFolder(ctx, month)
	})
	if err == nil {
		before.Newest = <-newest
	}
	return before, err
}

// unreadablePlace explains a failed list of the backups.
func unreadablePlace(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return books.Refusedf("backups_unreadable", "the backups cannot be listed").Because(err).
		WithHint("make the folder in EXTRATO_BACKUPS one that extrato may read")
}

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

// Verified is the result of verifying a backup.
type Verified struct {
	Month  books.Month  `json:"month"`
	File   string       `json:"file"`
	State  backup.State `json:"state"`
	Reason string       `json:"reason"`
}

// VerifyBackups reads back every byte of the newest copy of each month and of
// the statement's copy, and records the result. A zero month means all; file,
// if set, means that copy alone.
func (c *Closer) VerifyBackups(ctx context.Context, month books.Month, file string) ([]Verified, error) {
	months := []books.Month{month}
	if file != "" {
		target, err := backup.ParseFile(file)
		if err != nil {
			return nil, err
		}
		months[0] = target.Month
	} else if month.IsZero() {
		var err error
		if months, err = c.backupMonths(ctx); err != nil {
			return nil, err
		}
	}
	found := []Verified{}
	for _, m := range months {
		of, err := c.verifyMonth(ctx, m, file)
		if err != nil {
			return found, err
		}
		found = append(found, of...)
		c.step("verified " + m.String())
	}
	return found, nil
}

func (c *Closer) verifyMonth(ctx context.Context, month books.Month, file string) ([]Verified, error) {
	var known []store.Backup
	var last books.ChainEntry
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		var err1, err2 error
		known, err1 = tx.Backups(ctx, month)
		last, err2 = tx.LastEntry(ctx, month)
		return errors.Join(err1, err2)
	})
	if err != nil {
		return nil, err
	}
	copies, err := c.allCopies(ctx, month, known)
	if err != nil {
		return nil, err
	}
	var found []Verified
	for _, k := range toVerify(copies, known, last, file) {
		finding, err := c.Backups.Check(ctx, k, isKnown(known, k.File))
		if err != nil {
			return nil, err
		}
		finding = recorded(finding, known, last)
		v := Verified{Month: month, File: finding.File, State: finding.State, Reason: finding.Reason}
		if v.State == backup.OK {
			if v.State, v.Reason, err = c.freshness(ctx, month, last, finding); err != nil {
				return nil, err
			}
			if k.File != last.BackupFile && !isKnown(known, k.File) && (len(known) > 0 || last.BackupFile != "") {
				v.Reason = strings.TrimSuffix("this database did not make it, and takes no rows from it; "+v.Reason, "; ")
			}
		}
		if err := c.remember(ctx, known, v, finding); err != nil {
			return nil, err
		}
		found = append(found, v)
	}
	if file != "" && len(found) == 0 {
		return nil, books.NotFoundf("no_backup", "there is no backup %s", file).WithHint("see which there are: extrato backup list")
	}
	return found, nil
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
	filed, err := c.Backups.Months(ctx)
	if err != nil {
		return nil, unreadablePlace(err)
	}
	months := map[books.Month]bool{}
	for _, m := range filed {
		months[m] = true
	}
	for _, info := range infos {
		months[info.Month] = true
	}
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		known, err := tx.Backups(ctx, books.Month{})
		for _, k := range known {
			months[k.Month] = true
		}
		return err
	})
	return slices.SortedFunc(maps.Keys(months), func(a, b books.Month) int { return int(a.First() - b.First()) }), err
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

// toVerify chooses the statement's copy, the newest, and the newest recorded
// one: anyone with write access to the folder can put a newer one there. It
// also names the remains of a killed backup at the end.
func toVerify(copies []backup.Copy, known []store.Backup, last books.ChainEntry, file string) []backup.Copy {
	newest, recorded := -1, -1
	for i, k := range copies {
		if k.HasFile || !k.Manifest {
			newest = i
		}
		if isKnown(known, k.File) {
			recorded = i
		}
	}
	var chosen []backup.Copy
	for i, k := range copies {
		statements := last.HasStatement() && k.File == last.BackupFile
		if k.File == file || file == "" && (i == newest || i == recorded || i == len(copies)-1 || statements) {
			chosen = append(chosen, k)
		}
	}
	return chosen
}

// recorded compares a whole copy with its record in the database and the chain:
// a file exchanged together with its manifest is whole, too.
func recorded(f backup.Finding, known []store.Backup, last books.ChainEntry) backup.Finding {
	if f.State != backup.OK {
		return f
	}
	want, m := "", f.Manifest
	if i := slices.IndexFunc(known, func(k store.Backup) bool { return k.File == f.File }); i >= 0 {
		k := known[i]
		want = k.SHA256
		if k.Manifest != m.Checksum || k.Size != m.Size || k.Fingerprint != m.Fingerprint || k.CreatedAt.String() != m.CreatedAt {
			f.State, f.Reason = backup.Corrupt, "its manifest is not the one that was recorded, or the record was changed"
		}
	}
	if last.HasStatement() && last.BackupFile == f.File {
		want = last.BackupSHA256 // the chain cannot be changed, the other record can
	}
	if want != "" && want != f.Manifest.SHA256 {
		f.State, f.Reason = backup.Corrupt, exchanged
	}
	return f
}

func isKnown(known []store.Backup, file string) bool {
	return slices.ContainsFunc(known, func(k store.Backup) bool { return k.File == file })
}

// freshness compares a whole copy with the month's rows: the statement's for a
// closed month (and the late ones, for a copy made with them), the live ones
// for an open month.
func (c *Closer) freshness(ctx context.Context, month books.Month, last books.ChainEntry, f backup.Finding) (backup.State, string, error) {
	if last.HasStatement() && f.Manifest.Fingerprint == last.Fingerprint {
		return backup.OK, "", nil
	}
	if last.Action == books.Adopted {
		return backup.Stale, "the statement is v4's and cannot be compared", nil
	}
	var now books.Fingerprint
	var counts books.Counts
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		rows, _, err := c.rowsOf(ctx, tx, plan{month: month, last: last, revise: last.HasStatement()})
		if err == nil {
			now, counts, err = books.FingerprintOf(rows)
		}
		return err
	})
	switch {
	case err != nil && books.AsError(err).Kind == books.Integrity:
		return backup.Stale, "the month's rows cannot be compared: " + err.Error(), nil
	case err != nil:
		return "", "", err
	case f.Manifest.Fingerprint == now:
		return backup.OK, "", nil
	case last.HasStatement():
		return backup.Stale, "the statement holds other rows", nil
	case counts.Total() == 0:
		return backup.Stale, fmt.Sprintf("the month has no rows now; extrato backup restore %s would put these back", month), nil
	}
	return backup.Stale, "rows changed since", nil
}

// remember records the result of verifying a recorded copy. An unrecorded copy
// is recorded only if it holds exactly the month's rows and the month has no
// recorded copy: the database may be an older dump.
func (c *Closer) remember(ctx context.Context, known []store.Backup, v Verified, f backup.Finding) error {
	if v.State == backup.OK && v.Reason == "" && len(known) == 0 {
		return c.Store.Write(ctx, func(tx *store.Tx) error { return c.recordBackup(ctx, tx, f.Manifest) })
	}
	i := slices.IndexFunc(known, func(k store.Backup) bool { return k.File == v.File })
	if i < 0 {
		return nil
	}
	k := known[i]
	k.State, k.Reason, k.VerifiedAt = string(v.State), v.Reason, books.InstantOf(c.Now())
	return c.Store.Write(ctx, func(tx *store.Tx) error { return tx.SaveBackup(ctx, k) })
}

// Listed is a copy as a list shows it, without reading it.
type Listed struct {
	Month      books.Month `json:"month"`
	Copy       int         `json:"copy"`
	File       string      `json:"file"`
	State      string      `json:"state"`       // the result of the last verification
	VerifiedAt string      `json:"verified_at"` // RFC 3339 in UTC; "": never
	SHA256     string      `json:"sha256"`
	Statement  bool        `json:"statement"` // the month's statement rests on it
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
		err := c.Store.Read(ctx, func(tx *store.Tx) error {
			var err1, err2 error
			known, err1 = tx.Backups(ctx, m)
			last, err2 = tx.LastEntry(ctx, m)
			return errors.Join(err1, err2)
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
				Statement: last.HasStatement() && last.BackupFile == k.File}
			if i := slices.IndexFunc(known, func(b store.Backup) bool { return b.File == k.File }); i >= 0 {
				l.State, l.VerifiedAt, l.SHA256 = known[i].State, known[i].VerifiedAt.String(), known[i].SHA256
			}
			list = append(list, l)
		}
	}
	return list, nil
}
