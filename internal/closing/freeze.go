package closing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// backedUp is what a backup leaves for the transaction of its close.
type backedUp struct {
	copy     *backup.Unproved // nil if there is no backup and none is required
	unbacked error            // why there is none
	// statement is made of the very rows that are in the copy, unless it is
	// nil. It stands for the month as long as mark does.
	statement *spooled
	mark      store.Mark
}

func (b backedUp) drop() {
	if b.copy != nil {
		b.copy.Stop()
	}
	b.statement.close()
}

// freeze is the transaction of a close. The backup is read back while the
// statement is stored; no row goes before that has proved it.
func (c *Closer) freeze(ctx context.Context, p plan, made backedUp, run run) (books.Closing, error) {
	var entry books.Closing
	err := c.Store.Write(ctx, func(tx *store.Tx) error {
		began := c.Now()
		c.step("transaction begun")
		if err := stillPlanned(ctx, tx, p); err != nil {
			return err
		}
		// No fingerprint covers a column that this program does not know.
		if err := tx.CheckColumns(ctx, p.month); err != nil {
			return err
		}
		statement, err := c.statementNow(ctx, tx, p, made)
		if err != nil {
			return err
		}
		if statement != made.statement {
			defer statement.close()
		}
		if err := tx.CheckSpace(statement.spool.Size()); err != nil {
			return err
		}
		// The backup took its time. Only rows that are in it may go.
		if made.copy != nil && statement.header.Fingerprint != made.copy.Fingerprint {
			return books.ErrRecordsChanged
		}
		c.step("rows confirmed")
		at := books.InstantOf(c.Now())
		if p.revise {
			if err := tx.ShelveStatement(ctx, p.month, p.revision-1, at); err != nil {
				return err
			}
			c.step("statement shelved")
		}
		if err := tx.InsertStatement(ctx, p.month, statement.spool, at); err != nil {
			return err
		}
		c.step("statement stored")
		if err := c.recordProved(ctx, tx, made, max(proofPatience, 3*c.Now().Sub(began))); err != nil {
			return err
		}
		entry, err = tx.AppendClosing(ctx, entryFor(p, statement.header, made, run, at))
		if err != nil {
			return err
		}
		c.step("chain grown")
		if err := remove(ctx, tx, statement.leaving); err != nil {
			return err
		}
		c.step("rows deleted")
		if err := tx.AddRun(ctx, run.record(c.Now(), string(entry.Action), nil)); err != nil {
			return err
		}
		c.step("run recorded")
		return c.announce(ctx, tx, entry)
	})
	return entry, sendAgain(err)
}

// remove ends the live rows, which must be those that were read, in number.
func remove(ctx context.Context, tx *store.Tx, leaving *store.Leaving) error {
	removed, err := tx.RemoveMonth(ctx, leaving)
	if err == nil && removed != leaving.Counts {
		err = fmt.Errorf("%d rows were deleted where %d were read", removed.Total(), leaving.Counts.Total())
	}
	return err
}

// proofPatience is how long a transaction waits for the proof of its backup once
// the statement is stored. Others must not wait to write because a disk or a
// network is slow; but where storing took long, beginning again would take
// longer than three times that, since the rows are read again.
const proofPatience = time.Second

// errProofSlow means that the proof did not come in time, and that nothing was
// changed.
var errProofSlow = errors.New("the backup is still being read back")

// recordProved waits until the backup, if there is one, is proved, and tells
// the database of it.
func (c *Closer) recordProved(ctx context.Context, tx *store.Tx, made backedUp, patience time.Duration) error {
	if made.copy == nil {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	receipt, err := made.copy.Receipt(waiting)
	switch {
	case err == nil:
		return c.recordBackup(ctx, tx, receipt.Manifest)
	case waiting.Err() != nil && ctx.Err() == nil:
		return errProofSlow
	}
	return err
}

// keepRecord tells the database of the backup of a close that failed: it is
// there, whatever became of the close. One that reads back wrong is none.
func (c *Closer) keepRecord(ctx context.Context, made backedUp) {
	if made.copy == nil {
		return
	}
	receipt, err := made.copy.Receipt(ctx) // nobody's writing waits for this
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = c.Store.Write(ctx, func(tx *store.Tx) error { return c.recordBackup(ctx, tx, receipt.Manifest) })
	}
	if err != nil {
		c.Log.Warn("backup not recorded", "cause", err.Error())
	}
}

// stillPlanned checks inside the transaction what plan found before it.
func stillPlanned(ctx context.Context, tx *store.Tx, p plan) error {
	last, err := tx.LastClosing(ctx, p.month)
	switch {
	case err != nil:
		return err
	case !p.revise && !p.gone && last.HasStatement():
		return books.ErrClosed
	case last.Revision+1 != p.revision || (p.revise || p.gone) != last.HasStatement():
		return books.ErrRecordsChanged
	}
	return nil
}

// statementNow returns the statement of what the transaction sees: the one
// that was made beside the backup, if the database says that nothing was
// committed since its rows were read, or one from rows that are read again.
func (c *Closer) statementNow(ctx context.Context, tx *store.Tx, p plan, made backedUp) (*spooled, error) {
	if made.statement != nil {
		if unchanged, err := tx.Unchanged(ctx, made.mark); err != nil || unchanged {
			return made.statement, err
		}
	}
	statement, err := c.spool(ctx, tx, p)
	if err == nil {
		c.step("rows read again")
	}
	return statement, err
}

// spooled is a statement that was written but is in no table yet.
type spooled struct {
	file   *os.File
	writer *books.StatementWriter
	spool  store.Spool
	header books.Header
	// leaving are the rows that leave the live tables for it.
	leaving *store.Leaving
}

func (s *spooled) close() {
	if s != nil {
		_ = s.file.Close() // it has no name, so this is its end
	}
}

// newSpooled begins a statement in a file that has no name, so that neither
// memory nor a crash keeps it.
func (c *Closer) newSpooled(p plan) (*spooled, error) {
	file, err := os.CreateTemp(c.SpoolDir, ".extrato-*.tmp")
	if err != nil {
		return nil, unspoolable(err)
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, unspoolable(err)
	}
	return &spooled{file: file, writer: books.NewStatementWriter(file, p.month, p.revision)}, nil
}

// finish ends the statement.
func (s *spooled) finish() error {
	header, ends, err := s.writer.Finish()
	if err != nil {
		return unspoolable(err)
	}
	s.header, s.spool = header, store.Spool{Data: s.file, Ends: ends}
	return nil
}

// spool reads the rows that the transaction sees into a statement.
func (c *Closer) spool(ctx context.Context, tx *store.Tx, p plan) (*spooled, error) {
	rows, leaving, err := c.rowsOf(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	s, err := c.newSpooled(p)
	if err != nil {
		return nil, err
	}
	s.leaving = leaving
	for row, err := range books.Ahead(rows) {
		if err == nil {
			err = s.writer.Add(row)
		}
		if err != nil {
			s.close()
			return nil, err
		}
	}
	if err := s.finish(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func unspoolable(err error) error {
	return books.Refusedf("no_space", "the statement cannot be written beside the database").
		WithHint("nothing was changed; make room there and let extrato write there, or set TMPDIR, then try again").Because(err)
}

func entryFor(p plan, h books.Header, made backedUp, run run, at books.Instant) books.Closing {
	entry := books.Closing{
		Action: books.Closed, Month: p.month, Revision: p.revision, At: at, By: run.by, CorrelationID: run.id,
		Fingerprint: h.Fingerprint, Counts: h.Counts, Totals: string(h.Totals.JSON()),
	}
	if p.revise {
		entry.Action = books.Revised
	}
	if made.copy != nil {
		entry.BackupFile, entry.BackupSHA256 = made.copy.File, made.copy.SHA256
	} else {
		entry.Notes = []string{unbackedNote(made.unbacked)}
	}
	if p.note != "" {
		entry.Notes = append(entry.Notes, p.note)
	}
	return entry
}

func unbackedNote(why error) string {
	return "closed without a backup (EXTRATO_REQUIRE_BACKUP=false): " + why.Error()
}

// sendAgain says what to do where nobody knows whether a transaction happened.
func sendAgain(err error) error {
	if !errors.Is(err, store.ErrCommitUnknown) {
		return err
	}
	return books.AsError(err).WithHint("run the same command again: it does what is left to do, or says that it is done")
}
