package closing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// Anyone with write access to the folder can put a whole copy there, with its
// own manifest. So rows are taken from recorded copies alone, unless a person
// names another one or the month has no recorded copy.

// choice are the usable copies of one month, best first.
type choice struct {
	copies  []recordedCopy
	notes   []string // notes on the first for a person
	strange []string // whole but unrecorded copies
	legacy  string   // v4's own file, "" if there is none
}

// recordedCopy is a copy and its recorded SHA-256, "" if there is no record.
type recordedCopy struct {
	backup.Copy
	sha256 string
}

// copiesToTake returns the usable copies of month: first the statement's, then
// the other recorded ones, newest first; without any record, every whole copy,
// newest first.
func (c *Closer) copiesToTake(ctx context.Context, month books.Month) (choice, error) {
	known, last, err := c.recordedCopies(ctx, month)
	if err != nil {
		return choice{}, err
	}
	copies, err := c.Backups.Copies(ctx, month)
	if err != nil {
		return choice{}, unreadablePlace(err)
	}
	var found choice
	for _, k := range slices.Backward(copies) {
		switch {
		case known[k.File] == "" && k.Legacy():
			found.legacy = k.File
		case known[k.File] == "" && !k.HasFile:
		case known[k.File] == "":
			found.strange = append(found.strange, k.File)
		case !k.HasFile || !k.Manifest:
			found.notes = append(found.notes, k.File+" or its manifest is gone")
		case last.HasStatement() && k.File == last.BackupFile:
			found.copies = slices.Insert(found.copies, 0, recordedCopy{k, known[k.File]})
		default:
			found.copies = append(found.copies, recordedCopy{k, known[k.File]})
		}
	}
	if len(known) > 0 {
		if len(found.strange) > 0 && len(found.copies) > 0 {
			found.notes = append(found.notes, fmt.Sprintf("this database did not make %s: see what is in it, and name it with --file only if you know who made it", found.strange[0]))
		}
		return found, nil
	}
	for _, k := range slices.Backward(copies) {
		if k.HasFile && k.Manifest {
			found.copies = append(found.copies, recordedCopy{Copy: k})
		}
	}
	if len(found.copies) > 0 {
		found.notes = []string{fmt.Sprintf("this database has no record of a backup of %s: %s is the newest whole copy in the folder, and only the folder says that it is yours", month, found.copies[0].File)}
	}
	return found, nil
}

// recordedCopies returns the SHA-256 of month's recorded copies by file, and
// the month's last entry: copies made by the program, and those a person has
// restored from. The chain counts more than the table of backups, since anyone
// with access to the database can change a table.
func (c *Closer) recordedCopies(ctx context.Context, month books.Month) (map[string]string, books.ChainEntry, error) {
	known := map[string]string{}
	var last books.ChainEntry
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		recorded, err := tx.Backups(ctx, month)
		if err != nil {
			return err
		}
		for _, k := range recorded {
			known[k.File] = k.SHA256
		}
		entries, err := tx.ChainEntries(ctx)
		for _, e := range entries {
			if e.Month != month || e.Seq <= 0 {
				continue
			}
			if e.BackupFile != "" {
				known[e.BackupFile] = e.BackupSHA256
			}
			if e.Action.Decides() {
				last = e
			}
		}
		return err
	})
	return known, last, err
}

// readBackup reads the copy file of month, or the best one if file is "".
func (c *Closer) readBackup(ctx context.Context, month books.Month, file string) (backupRows, error) {
	if file != "" {
		target, err := backup.ParseFile(file)
		if err == nil && target.Month != month {
			err = books.Invalidf("invalid_file", "%s is not a backup of %s", file, month).WithHint("name the month of the file")
		}
		if err != nil {
			return backupRows{}, err
		}
		known, _, err := c.recordedCopies(ctx, month)
		if err != nil {
			return backupRows{}, err
		}
		return c.readCopy(ctx, recordedCopy{target, known[file]})
	}
	found, err := c.copiesToTake(ctx, month)
	if err != nil {
		return backupRows{}, err
	}
	none := books.NotFoundf("no_backup", "there is no backup of %s", month).WithHint("see which there are: extrato backup list")
	switch {
	case len(found.copies) == 0 && len(found.strange) > 0:
		none.Message = fmt.Sprintf("the backups of %s that this database made are gone", month)
		return backupRows{}, none.WithHint("the folder holds %s, which this database did not make: put its own copies back, or name that one if you know who made it: extrato backup restore %s --file %s",
			found.strange[0], month, found.strange[0])
	case len(found.copies) == 0 && found.legacy != "":
		return backupRows{}, backup.ErrOfV4(found.legacy)
	case len(found.copies) == 0:
		return backupRows{}, none
	}
	from, err := c.readCopy(ctx, found.copies[0])
	from.notes = found.notes
	return from, err
}

// readCopy reads a copy whole. If it is damaged, a new one would lack the rows
// missing now, but an earlier one may have them. A recorded copy must be the
// very file recorded.
func (c *Closer) readCopy(ctx context.Context, k recordedCopy) (backupRows, error) {
	manifest, rows, err := c.Backups.Rows(ctx, k.Copy)
	if k.sha256 != "" && books.AsError(err) != nil && books.AsError(err).Code == backup.OfV4 { // it is our own
		err = books.NotFoundf("no_backup", "the manifest of %s is gone", k.File).
			WithHint("put it back beside its CSV file, or take another copy: extrato backup list")
	}
	if err == nil && k.sha256 != "" && k.sha256 != manifest.SHA256 {
		err = books.Integrityf("backup_corrupt", "%s", exchanged)
	}
	var e *books.Error
	if errors.As(err, &e) && e.Kind == books.Integrity {
		err = fmt.Errorf("%s: %w", k.File, e.WithHint("nothing was changed; keep the file; put its own copy from elsewhere in its place, or name an earlier one of extrato backup list: extrato backup restore %s --file FILE", k.Month))
	}
	from := backupRows{Manifest: manifest, staying: map[books.ID]*books.Session{}}
	for _, row := range rows {
		if s, ok := row.(*books.StayingSession); ok {
			from.staying[s.ID] = &books.Session{ID: s.ID, Date: s.Date, ClientID: s.ClientID, ArtistID: s.ArtistID, CreatedAt: s.CreatedAt}
			continue
		}
		from.rows = append(from.rows, row)
	}
	return from, err
}

// exchanged is the fault of a whole copy other than the recorded one.
const exchanged = "it is not the file that was recorded: somebody exchanged it with its manifest"
