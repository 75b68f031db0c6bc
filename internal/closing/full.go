package closing

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
)

// FullCopy copies the whole database into the place of the backups, proves the
// copy, and thins older ones. If due is true it does so only where the database
// changed since the newest copy, and returns false where nothing did. No writer
// waits for it. It fails with store.ErrNoDump and backup.ErrUnwritable.
func (c *Closer) FullCopy(ctx context.Context, due bool) (m backup.FullManifest, made bool, err error) {
	changes, err := c.Store.Changes(ctx)
	if err != nil {
		return m, false, err
	}
	if due {
		newest, err := c.Backups.NewestFull(ctx)
		if err != nil || newest.Changes == changes && c.isToday(newest) {
			return newest, false, err
		}
	}
	sweepDumps(c.spoolDir(), c.Now())
	folder, err := os.MkdirTemp(c.spoolDir(), dumpPrefix) // 0700
	if err != nil {
		return m, false, backup.NoRoom(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "copy")
	content, err := c.Store.Dump(ctx, path)
	if err != nil {
		return m, false, err
	}
	file, err := os.Open(path)
	if err != nil {
		return m, false, err
	}
	defer file.Close()
	m, err = c.Backups.KeepFull(ctx, backup.FullManifest{
		Database: c.Store.Engine(), Entries: content.Entries, Head: content.Head, Rows: content.Rows, Changes: changes,
	}, file)
	if err != nil {
		return m, false, err
	}
	// The copy is made and proved: a file that cannot be removed is no failure of it.
	err = errors.Join(backup.Thin(ctx, c.Backups.Bucket, backup.FullFolder, m.File), backup.Thin(ctx, c.Backups.Bucket, backup.StudioFolder, ""))
	if err != nil {
		c.Log.Warn("old copies not removed", "cause", err.Error())
	}
	return m, true, nil
}

// isToday: a copy is made every day, even without changes, so that its age tells
// whether copies are still made.
func (c *Closer) isToday(m backup.FullManifest) bool {
	at, err := m.At()
	return err == nil && books.DayOf(at.Time().In(c.Now().Location())) == books.DayOf(c.Now())
}

func (c *Closer) spoolDir() string {
	if c.SpoolDir == "" {
		return os.TempDir()
	}
	return c.SpoolDir
}

const dumpPrefix = ".extrato-full-"

// sweepDumps removes the copies in progress of killed processes, a day old or
// older.
func sweepDumps(folder string, now time.Time) {
	left, _ := filepath.Glob(filepath.Join(folder, dumpPrefix+"*")) // it fails for a bad pattern only
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(path)
		}
	}
}
