package closing

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

// scratch is a database for one drill, in a folder of its own, removed after it.
type scratch struct {
	*Closer
	folder string
	now    time.Time
}

// scratchPrefix begins the name of a scratch folder; a killed drill leaves one
// behind, and the next drill removes it after scratchAge.
const (
	scratchPrefix = ".extrato-drill-"
	scratchAge    = 24 * time.Hour
)

// openScratch makes an empty SQLite database. Its clock stands still, after the
// closing of entry.
func (c *Closer) openScratch(ctx context.Context, entry books.ChainEntry) (_ *scratch, err error) {
	c.removeScratch()
	folder, err := os.MkdirTemp(c.SpoolDir, scratchPrefix)
	if err != nil {
		return nil, backup.NoRoom(err)
	}
	s := &scratch{folder: folder, now: c.Now()}
	if at := entry.At.Time().In(c.Store.Zone()); s.now.Before(at) {
		s.now = at
	}
	defer func() {
		if err != nil {
			s.remove()
		}
	}()
	quiet := slog.New(slog.DiscardHandler)
	now := func() time.Time { return s.now }
	db, err := store.Open(ctx, store.Options{URL: "sqlite:///" + filepath.Join(folder, "scratch.db"), Zone: c.Store.Zone(), Now: now, Log: quiet}, true)
	if err != nil {
		return nil, fmt.Errorf("make a scratch database: %w", err)
	}
	s.Closer = &Closer{
		Store: db, Schedule: c.Schedule, RequireBackup: true, Now: now, Log: quiet, SpoolDir: folder, IgnoreServerClock: true,
		Backups: &backup.Backups{
			Bucket: bucket.NewFolder(filepath.Join(folder, "backups"), nil), Now: now, Zone: c.Backups.Zone, Program: c.Backups.Program, SpoolDir: folder,
		},
	}
	if _, err = db.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("make a scratch database: %w", err)
	}
	return s, nil
}

func (s *scratch) remove() {
	if s.Closer != nil {
		s.Store.Close()
	}
	_ = os.RemoveAll(s.folder)
}

// removeScratch removes what killed drills left behind.
func (c *Closer) removeScratch() {
	dir := c.SpoolDir
	if dir == "" {
		dir = os.TempDir()
	}
	left, err := filepath.Glob(filepath.Join(dir, scratchPrefix+"*"))
	if err != nil {
		return
	}
	for _, folder := range left {
		if info, err := os.Lstat(folder); err == nil && info.IsDir() && time.Since(info.ModTime()) > scratchAge {
			_ = os.RemoveAll(folder)
		}
	}
}

// rebuild stores the statement made of a backup's rows, reads it back, and fails
// with an Error of kind Integrity unless it is entry's, byte for byte.
func (s *scratch) rebuild(ctx context.Context, entry books.ChainEntry, m backup.Manifest, rows []books.Row) error {
	file, err := backup.Nameless(s.SpoolDir)
	if err != nil {
		return err
	}
	defer file.Close()
	writer := books.NewStatementWriter(file, entry.Month, entry.Revision)
	for _, row := range rows {
		if err := writer.Add(row); err != nil {
			return err
		}
	}
	header, ends, err := writer.Finish(m.Salt)
	if err != nil {
		return backup.NoRoom(err)
	}
	spool := store.Spool{Data: file, Ends: ends, Lengths: writer.Lengths(), Payments: writer.Payments()}
	return s.Store.Write(ctx, func(tx *store.Tx) error {
		seal, err := tx.InsertStatement(ctx, entry.Month, spool, entry.At)
		if err != nil {
			return err
		}
		if err := compareDrilled(entry, header, seal); err != nil {
			return err
		}
		if err := tx.SaveMonthSums(ctx, entry.Month, entry.Revision, header.Days); err != nil {
			return err
		}
		again := entry
		again.Fingerprint, again.Core, again.Seal, again.Counts, again.Totals = header.Fingerprint, header.Core, seal, header.Counts, string(header.Totals.JSON())
		if entry, err = tx.AppendEntry(ctx, again); err != nil {
			return err
		}
		_, err = verifiedStatement(ctx, tx, entry.Month, entry)
		return err
	})
}

// compareDrilled compares a statement made of a backup's rows with the entry of
// the statement that was closed. A statement without a backup of its own has
// another salt than a copy made later, and so another seal.
func compareDrilled(entry books.ChainEntry, header books.Header, seal books.Fingerprint) error {
	var differs string
	switch {
	case header.Counts != entry.Counts:
		differs = fmt.Sprintf("another number of rows: %s, where %s were closed", header.Counts.English(), entry.Counts.English())
	case string(header.Totals.JSON()) != entry.Totals:
		differs = "other totals"
	case header.Fingerprint != entry.Fingerprint || header.Core != entry.Core:
		differs = "other rows"
	case seal != entry.Seal && entry.BackupFile != "":
		differs = "other names or dates beside the rows"
	default:
		return nil
	}
	return books.Integrityf("drill_different", "the statement that the backup gives has %s", differs)
}

// selfContained reports whether a month alone decides which of its rows leave:
// no session stays, none is paid in another month as well. Only then does
// closing the month alone give the same rows.
func selfContained(rows []books.Row) bool {
	received, linked := map[books.ID]books.Money{}, map[books.ID]bool{}
	payments := map[books.ID]*books.Payment{}
	for _, row := range rows {
		switch r := row.(type) {
		case *books.Payment:
			payments[r.ID] = r
			if r.SessionID.Valid {
				linked[r.SessionID.V] = true
				received[r.SessionID.V] += r.Amount
			}
		case *books.Session:
			delete(linked, r.ID)
			if r.PaymentID.Valid {
				p := payments[r.PaymentID.V]
				if p == nil {
					return false
				}
				if p.SessionID != books.RefTo(r.ID) {
					received[r.ID] += p.Amount
				}
			}
			if received[r.ID] < r.Amount {
				return false
			}
		case *books.Commission:
			if r.PaymentID.Valid && payments[r.PaymentID.V] == nil {
				return false
			}
		case *books.Link, *books.StayingSession:
			return false
		}
	}
	return len(linked) == 0
}

// reopenAndClose reopens the statement in the scratch database and closes it
// again: the same rows must leave.
func (s *scratch) reopenAndClose(ctx context.Context, entry books.ChainEntry) error {
	if _, err := s.Reopen(ctx, entry.Month, "drill", "drill"); err != nil {
		return fmt.Errorf("reopen %s in the scratch database: %w", entry.Month, err)
	}
	closed, err := s.Close(ctx, entry.Month, Options{}, "drill")
	if err != nil {
		return fmt.Errorf("close %s in the scratch database: %w", entry.Month, err)
	}
	if closed.Fingerprint != entry.Fingerprint || closed.Counts != entry.Counts || string(closed.Totals) != entry.Totals {
		return books.Integrityf("drill_different", "the statement comes out of the backup as it was, but reopened and closed again it has other rows")
	}
	return nil
}
