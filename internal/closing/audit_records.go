package closing

import (
	"context"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Successful runs and the records of backups are evidence of closings too, and
// so of one cut off the end of the chain together with its statement.

// checkRuns compares the successful runs with the entries, both ways: each was
// written in one transaction with its entry.
func (a *Audit) checkRuns(ctx context.Context, tx *store.Tx, entries []books.ChainEntry) error {
	runs, err := tx.EffectiveRuns(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Action == books.Adopted || e.Action == books.Keyed {
			continue // adopted by another run; a key is evidence itself
		}
		i := slices.IndexFunc(runs, func(r store.Run) bool {
			by, _ := r.By.Anonymous()
			return r.CorrelationID == e.CorrelationID && r.Month == e.Month && r.Result == string(e.Action) && by == e.By
		})
		if i < 0 {
			a.problem("no run tells of entry %d of the chain, %s %s", e.Seq, e.Month, e.Action)
			continue
		}
		runs = slices.Delete(runs, i, i+1)
	}
	for _, r := range runs {
		a.problem("%s was %s by run %d, but the chain has no such entry: it was taken out, or the end of the chain is gone", r.Month, r.Result, r.ID)
	}
	return nil
}

// checkRecords compares the records of backups with the entries resting on
// them, and with their own names.
func (a *Audit) checkRecords(ctx context.Context, tx *store.Tx, entries []books.ChainEntry) error {
	known, err := tx.Backups(ctx, books.Month{})
	if err != nil {
		return err
	}
	rests := map[string]int64{} // the last statement's entry, by the backup's file
	for _, e := range entries {
		if e.HasStatement() && e.BackupFile != "" {
			rests[e.BackupFile] = e.Seq
		}
	}
	for _, k := range known {
		if rests[k.File] != k.Entry {
			a.problem("the record of the backup %s says that entry %d of the chain rests on it, and not entry %d: an entry was taken out, or the end of the chain is gone", k.File, k.Entry, rests[k.File])
		}
		if named, err := backup.ParseFile(k.File); err != nil || named.Month != k.Month || named.Number != k.Copy {
			a.problem("the record of the backup %s says that it is copy %d of %s", k.File, k.Copy, k.Month)
		}
	}
	for _, e := range entries {
		if e.BackupFile == "" || e.Action == books.Restored {
			continue
		}
		i := slices.IndexFunc(known, func(k store.Backup) bool { return k.File == e.BackupFile })
		switch {
		case i < 0:
			a.problem("the database has no record of %s, on which entry %d of the chain rests", e.BackupFile, e.Seq)
		case known[i].SHA256 != e.BackupSHA256 || known[i].Fingerprint != e.Fingerprint:
			a.problem("the record of the backup %s is not of the file on which entry %d of the chain rests", e.BackupFile, e.Seq)
		}
	}
	return nil
}
