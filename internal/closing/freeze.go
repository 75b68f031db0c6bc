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

// freeze is the transaction of a close. receipt is nil if there is no backup
// and none is required.
func (c *Closer) freeze(ctx context.Context, p plan, receipt *backup.Receipt, unbacked error, run run) (books.Closing, error) {
	var entry books.Closing
	err := c.Store.Write(ctx, func(tx *store.Tx) error {
		c.step("transaction begun")
		if err := stillPlanned(ctx, tx, p); err != nil {
			return err
		}
		// No fingerprint covers a column that this program does not know.
		if err := tx.CheckColumns(ctx, p.month); err != nil {
			return err
		}
		statement, err := c.spool(ctx, tx, p)
		if err != nil {
			return err
		}
		defer statement.close()
		// The backup took its time. Only rows that are in it may go.
		if receipt != nil && statement.header.Fingerprint != receipt.Fingerprint {
			return books.ErrRecordsChanged
		}
		c.step("rows read again")
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
		entry, err = tx.AppendClosing(ctx, entryFor(p, statement.header, receipt, unbacked, run, at))
		if err != nil {
			return err
		}
		c.step("chain grown")
		removed, err := tx.RemoveMonth(ctx, p.month)
		if err != nil {
			return err
		}
		if removed != statement.live {
			return fmt.Errorf("%d rows were deleted where %d were read", removed.Total(), statement.live.Total())
		}
		c.step("rows deleted")
		if err := tx.AddRun(ctx, run.record(c.Now(), string(entry.Action), nil)); err != nil {
			return err
		}
		c.step("run recorded")
		if c.Announce != nil {
			return c.Announce(ctx, tx, entry)
		}
		return nil
	})
	if errors.Is(err, store.ErrCommitUnknown) {
		return c.lookUp(ctx, run, err)
	}
	return entry, err
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

// spooled is a statement that was written but is in no table yet.
type spooled struct {
	file   *os.File
	spool  store.Spool
	header books.Header
	live   books.Counts // the rows that leave the live tables for it
}

func (s *spooled) close() { _ = s.file.Close() }

// spool reads the rows again and writes the statement into a file that has no
// name, so that neither memory nor a crash keeps it.
func (c *Closer) spool(ctx context.Context, tx *store.Tx, p plan) (*spooled, error) {
	rows, late, err := rowsOf(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(c.SpoolDir, ".extrato-*.tmp")
	if err != nil {
		return nil, books.Refusedf("no_space", "the statement cannot be written beside the database").
			WithHint("nothing was changed; make room and let extrato write there, or set TMPDIR").Because(err)
	}
	s := &spooled{file: file, live: late}
	if err = os.Remove(file.Name()); err == nil {
		err = s.write(rows, p)
	}
	if err == nil {
		err = tx.CheckSpace(s.spool.Size())
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *spooled) write(rows books.Rows, p plan) error {
	w := books.NewStatementWriter(s.file, p.month, p.revision)
	for row, err := range books.Ahead(rows) {
		if err == nil {
			err = w.Add(row)
		}
		if err != nil {
			return err
		}
	}
	header, ends, err := w.Finish()
	if err != nil {
		return books.Refusedf("no_space", "the statement cannot be written beside the database").
			WithHint("nothing was changed; make room there, then try again").Because(err)
	}
	s.header, s.spool = header, store.Spool{Data: s.file, Ends: ends}
	if !p.revise {
		s.live = header.Counts
	}
	return nil
}

func entryFor(p plan, h books.Header, receipt *backup.Receipt, unbacked error, run run, at books.Instant) books.Closing {
	entry := books.Closing{
		Action: books.Closed, Month: p.month, Revision: p.revision, At: at, By: run.by, CorrelationID: run.id,
		Fingerprint: h.Fingerprint, Counts: h.Counts, Totals: string(h.Totals.JSON()),
	}
	if p.revise {
		entry.Action = books.Revised
	}
	if receipt != nil {
		entry.BackupFile, entry.BackupSHA256 = receipt.File, receipt.SHA256
	} else {
		entry.Notes = []string{"closed without a backup (EXTRATO_REQUIRE_BACKUP=false): " + unbacked.Error()}
	}
	return entry
}

// lookUp answers after a connection was lost at COMMIT: if our entry is in the
// chain, it happened.
func (c *Closer) lookUp(ctx context.Context, run run, lost error) (books.Closing, error) {
	// Whoever interrupts still wants to know whether it happened.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var entry books.Closing
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		var err error
		entry, err = tx.ClosingBy(ctx, run.id)
		return err
	})
	if err != nil || entry.Seq == 0 {
		return entry, (&books.Error{Kind: books.Internal, Code: "outcome_unknown", Message: "the connection was lost during the commit"}).
			WithHint("run the same command again: it closes the month, or says that it is closed").Because(lost)
	}
	return entry, nil
}
