package closing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/places"
	"extrato/internal/store"
)

// Verified is the result of verifying a backup.
type Verified struct {
	Month  books.Month    `json:"month"`
	File   string         `json:"file"`
	State  backup.State   `json:"state"`
	Reason string         `json:"reason"`
	Places []places.State `json:"places,omitempty"` // as recorded: other places are not read
}

// VerifyBackups reads back every byte of the newest copy of each month and of
// the statement's copy, and records the result. A zero month means all; file,
// if set, means that copy alone.
func (c *Closer) VerifyBackups(ctx context.Context, month books.Month, file string) ([]Verified, error) {
	return c.VerifyBackupsWatched(ctx, month, file, func(int, int) {})
}

// VerifyBackupsWatched does the same. Before each month, done gets the number of
// months verified so far and of all.
func (c *Closer) VerifyBackupsWatched(ctx context.Context, month books.Month, file string, done func(verified, of int)) ([]Verified, error) {
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
	for i, m := range months {
		done(i, len(months))
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
	var away inPlaces
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		var err1, err2, err3 error
		known, err1 = tx.Backups(ctx, month)
		last, err2 = tx.LastEntry(ctx, month)
		away, err3 = c.readPlaces(ctx, tx, month)
		return errors.Join(err1, err2, err3)
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
		v := Verified{Month: month, File: finding.File, State: finding.State, Reason: finding.Reason, Places: away.of(finding.File)}
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
