package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"extrato/internal/backup"
	"extrato/internal/books"
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
			r.fail(name, "mount the disk they are on, or copy them there; if they are lost for good: extrato backup create MONTH --new-place", "%s holds none of the %d backups that were made: no month can be closed", d.Folder, n)
			return
		}
		made = there
	}
	place := nearest(d.Folder)
	if err := probe(place); err != nil {
		fix := "make the folder in EXTRATO_BACKUPS a folder that extrato may write"
		switch {
		case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
			fix = "free some space on the disk with the backups"
		case errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP):
			fix = "set EXTRATO_BACKUPS to a folder on a local disk: this file system refuses fsync"
		}
		r.fail(name, fix, "%s cannot be written: %s", d.Folder, reason(err))
		return
	}
	switch {
	case place != d.Folder:
		r.ok(name, "%s does not exist yet; the first backup makes it", d.Folder)
	case known:
		r.ok(name, "%s can be written and holds %d of the backups that the database knows", d.Folder, made)
	default:
		r.ok(name, "%s can be written", d.Folder)
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
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()), syncFolder(folder))
}

// syncFolder makes a folder's names durable, as every backup does.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d *Doctor) backupDisk(r *Report, place string) {
	const name = "backup disk"
	if d.Store == nil || d.Store.Path() == "" {
		return // where a server keeps its files is out of sight
	}
	if same, known := sameDisk(place, filepath.Dir(d.Store.Path())); known && same {
		r.warn(name, "set EXTRATO_BACKUPS to a folder on another disk, or copy the folder elsewhere every month",
			"the backups are on the same disk as the database: whoever loses one loses both")
		return
	}
	r.ok(name, "the backups are on another disk than the database")
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
			r.fail(name, "free some space on the disk with "+n.folder, "the disk with %s has %d MB free, a close may need %d MB", n.what, free>>20, n.bytes>>20)
		}
	}
	if enough {
		r.ok(name, "there is room for a close")
	}
}

// statementBackups reports on the statements' backups, from their last
// verification and from their names.
func (d *Doctor) statementBackups(ctx context.Context, r *Report) {
	const name = "backups"
	var latest map[books.Month]books.ChainEntry
	var known []store.Backup
	err := d.Store.Read(ctx, func(tx *store.Tx) error {
		var err1, err2 error
		latest, err1 = tx.LatestEntries(ctx)
		known, err2 = tx.Backups(ctx, books.Month{})
		return errors.Join(err1, err2)
	})
	if err != nil {
		r.failed(name, err)
		return
	}
	var good int
	var bad, without []books.Month
	oldest := books.Instant(0)
	for m, entry := range latest {
		if !entry.HasStatement() || entry.Action == books.Adopted {
			continue
		}
		if entry.BackupFile == "" {
			without = append(without, m)
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
	sortMonths(without)
	if len(bad) > 0 {
		order := ""
		if len(bad) > 1 { // in another order a session paid in two of them moves
			order = " (reopen several newest first, close them oldest first)"
		}
		r.fail(name, "put them back as they were, from a copy of the folder, then extrato backup verify; where there is none, extrato backup create MONTH makes a new copy from the statement, and reopen and close let the month rest on it"+order,
			"the backups that these statements rest on are gone or corrupt: %s", some(bad))
	}
	if len(without) > 0 {
		r.warn(name, "extrato backup create MONTH makes one from the statement", "closed without a backup: %s", some(without))
	}
	if good > 0 && len(bad) == 0 {
		r.ok(name, "%d statements rest on backups that were whole when they were last read, %s or later", good, d.day(oldest))
	}
	if len(bad)+len(without)+good == 0 {
		r.ok(name, "no statement needs one yet")
	}
}

func (d *Doctor) day(at books.Instant) string {
	if d.Config.Zone == nil {
		return fmt.Sprint(at)
	}
	return at.Time().In(d.Config.Zone).Format("2006-01-02")
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
