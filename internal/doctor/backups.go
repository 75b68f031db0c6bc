package doctor

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/durable"
	"extrato/internal/store"
)

// reserve should stay free on a disk on top of a close's need.
const reserve = 64 << 20

// backupFolder checks that backups can be written, with a temporary file. known
// is false if the database cannot list backups.
func (d *Doctor) backupFolder(ctx context.Context, r *Report, known bool) {
	const name = "backup folder"
	made := 0
	if known {
		n, there, err := d.knownBackups(ctx)
		if err != nil {
			r.failed(name, err)
			return
		}
		if n > 0 && there == 0 {
			r.say("folder_empty", d.Folder, n)
			return
		}
		made = there
	}
	place := nearest(d.Folder)
	if err := probe(place); err != nil {
		code := "folder_closed"
		switch {
		case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
			code = "folder_full"
		case errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP):
			code = "folder_no_fsync"
		}
		r.say(code, d.Folder, reason(err))
		return
	}
	switch {
	case place != d.Folder:
		r.say("folder_to_come", d.Folder)
	case known:
		r.say("folder", d.Folder, made)
	default:
		r.say("folder_unknown", d.Folder)
	}
	d.backupDisk(r, place)
	d.space(ctx, r, place, known)
}

// knownBackups returns how many backups the database knows, and how many of
// their files are there.
func (d *Doctor) knownBackups(ctx context.Context) (known, there int, err error) {
	var all []store.Backup
	err = d.Store.Read(ctx, func(tx *store.Tx) error {
		all, err = tx.Backups(ctx, books.Month{})
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	for _, b := range all {
		found, err := d.isThere(ctx, b.Month, b.File)
		if err != nil {
			return len(all), 0, err
		}
		if found {
			there++
		}
	}
	return len(all), there, nil
}

func (d *Doctor) isThere(ctx context.Context, month books.Month, file string) (bool, error) {
	copies, err := d.Backups.Copies(ctx, month)
	return slices.ContainsFunc(copies, func(c backup.Copy) bool { return c.File == file && c.HasFile }), err
}

// nearest returns the folder itself, or its first existing parent.
func nearest(folder string) string {
	for {
		if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) || folder == filepath.Dir(folder) {
			return folder
		}
		folder = filepath.Dir(folder)
	}
}

// probe writes a file and removes it again.
func probe(folder string) error {
	f, err := os.CreateTemp(folder, ".extrato-doctor-*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 4096))
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()), durable.SyncFolder(folder))
}

func (d *Doctor) backupDisk(r *Report, place string) {
	if d.Store == nil || d.Store.Path() == "" {
		return // where a server keeps its files is out of sight
	}
	if same, known := sameDisk(place, filepath.Dir(d.Store.Path())); known && same {
		r.say("same_disk")
		return
	}
	r.say("other_disk")
}

// space compares the free space with the need of the largest month so far.
func (d *Doctor) space(ctx context.Context, r *Report, place string, known bool) {
	const name = "disk space"
	var largest int64
	if known {
		err := d.Store.Read(ctx, func(tx *store.Tx) error {
			var err error
			largest, err = tx.LargestStatement(ctx)
			return err
		})
		if err != nil {
			r.failed(name, err)
			return
		}
	}
	needs := []struct {
		what, folder string
		bytes        int64
	}{{"the backups", place, largest + reserve}}
	if d.Store != nil && d.Store.Path() != "" {
		needs = append(needs, struct {
			what, folder string
			bytes        int64
		}{"the database", filepath.Dir(d.Store.Path()), 3*largest + reserve})
	}
	enough := true
	for _, n := range needs {
		if free, ok := store.FreeSpace(n.folder); ok && free < n.bytes {
			enough = false
			r.say("space_short", n.what, n.folder, free>>20, n.bytes>>20)
		}
	}
	if enough {
		r.say("space")
	}
}

// statementBackups reports on the statements' backups, from their last
// verification and from their names.
func (d *Doctor) statementBackups(ctx context.Context, r *Report) {
	const name = "backups"
	var latest map[books.Month]books.ChainEntry
	var known []store.Backup
	var without []books.Month
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		var err1, err2, err3 error
		latest, err1 = tx.LatestEntries(ctx)
		known, err2 = tx.Backups(ctx, books.Month{})
		without, err3 = tx.UnbackedMonths(ctx)
		return errors.Join(err1, err2, err3)
	})
	if err != nil {
		r.failed(name, err)
		return
	}
	var good int
	var bad []books.Month
	oldest := books.Instant(0)
	for m, entry := range latest {
		if !entry.HasStatement() || entry.Action == books.Adopted || entry.BackupFile == "" {
			continue
		}
		i := slices.IndexFunc(known, func(b store.Backup) bool { return b.File == entry.BackupFile })
		there, err := d.isThere(ctx, m, entry.BackupFile)
		if err != nil {
			r.failed(name, err)
			return
		}
		if !there || i < 0 || known[i].State == string(backup.Corrupt) || known[i].State == string(backup.Missing) {
			bad = append(bad, m)
			continue
		}
		good++
		if oldest == 0 || known[i].VerifiedAt < oldest {
			oldest = known[i].VerifiedAt
		}
	}
	sortMonths(bad)
	if len(bad) > 0 {
		order := ""
		if len(bad) > 1 { // in another order a session paid in two of them moves
			order = " (reopen several newest first, close them oldest first)"
		}
		r.say("backups_bad", Months(bad), order)
	}
	if len(without) > 0 {
		r.say("backups_none", Months(without))
	}
	if good > 0 && len(bad) == 0 {
		r.say("backups", good, d.day(oldest))
	}
	if len(bad)+len(without)+good == 0 {
		r.say("backups_unused")
	}
}

// day returns the studio's day of an instant; without a zone, of UTC.
func (d *Doctor) day(at books.Instant) books.Day {
	if d.Config.Zone == nil {
		return books.DayOf(at.Time())
	}
	return books.DayOf(at.Time().In(d.Config.Zone))
}

func sortMonths(months []books.Month) {
	slices.SortFunc(months, func(a, b books.Month) int {
		return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Month, b.Month))
	})
}

// LookAtFolder reports whether backups can be written to a folder, and whether
// it is on the disk of a SQLite file; database is "" for PostgreSQL.
func LookAtFolder(folder, database string) (writable, onItsDisk bool) {
	place := nearest(folder)
	if database != "" {
		onItsDisk, _ = sameDisk(place, filepath.Dir(database))
	}
	return probe(place) == nil, onItsDisk
}
