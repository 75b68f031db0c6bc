package closing

import (
	"context"
	"errors"
	"fmt"
	"os"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// freeze carries out a plan in a transaction. The backup is written and read
// back while the statement is stored; rows are deleted only after the proof.
func (c *Closer) freeze(ctx context.Context, tx *store.Tx, p plan, copies *copies, run run) (Result, error) {
	none := Result{Month: p.month}
	// No fingerprint covers an unknown column.
	if err := tx.CheckColumns(ctx, p.month); err != nil {
		return none, err
	}
	if err := tx.CheckReopenable(ctx, p.month); err != nil {
		return none, err
	}
	statement, err := c.readRows(ctx, tx, p, copies)
	if err != nil {
		return none, err
	}
	defer statement.close()
	run.enter(Copying)
	c.step("rows read")
	if err := tx.CheckSpace(statement.spool.Size()); err != nil {
		return none, err
	}
	began, at := c.Now(), books.InstantOf(c.Now())
	if p.revise {
		if err := tx.MoveToRevisions(ctx, p.month, p.last.Revision, at); err != nil {
			return none, err
		}
		c.step("statement moved to revisions")
	}
	seal, err := tx.InsertStatement(ctx, p.month, statement.spool, at)
	if err != nil {
		return none, err
	}
	if err := tx.SaveMonthSums(ctx, p.month, p.revision(), statement.header.Days); err != nil {
		return none, err
	}
	run.enter(Verifying)
	c.step("statement stored")
	proof, err := copies.prove(ctx, tx, max(proofTimeout, 3*c.Now().Sub(began)))
	if err != nil {
		return none, err
	}
	run.enter(Storing)
	entry, err := tx.AppendEntry(ctx, entryFor(p, statement.header, seal, proof, copies.without, run, at))
	if err != nil {
		return none, err
	}
	run.enter(Removing)
	c.step("chain grown")
	if err := remove(ctx, tx, p.month, statement.leaving); err != nil {
		return none, err
	}
	c.step("rows deleted")
	if err := rehearse(ctx, tx, statement.leaving); err != nil {
		return none, err
	}
	c.step("return rehearsed")
	if err := tx.AddRun(ctx, run.record(c.Now(), string(entry.Action), nil)); err != nil {
		return none, err
	}
	c.step("run recorded")
	return resultOf(entry, outcomeOf(entry)), c.announce(ctx, tx, entry)
}

// readRows reads the plan's rows, once. As they pass they become the statement
// and, unless the month closes without one, a copy.
func (c *Closer) readRows(ctx context.Context, tx *store.Tx, p plan, copies *copies) (*spooled, error) {
	if copies.without != nil {
		return c.spool(ctx, tx, p, drain)
	}
	s, err := c.spool(ctx, tx, p, func(rows books.Rows) (books.Salt, error) { return copies.start(ctx, withStaying(ctx, tx, rows)) })
	if err == nil && s.header.Fingerprint != copies.newest.Fingerprint {
		s.close()
		return nil, fmt.Errorf("the statement and the backup of the same rows differ")
	}
	return s, err
}

// rowsOf returns the rows of the plan's statement and, after they were read to
// their end, the ones leaving the live tables.
func (c *Closer) rowsOf(ctx context.Context, tx *store.Tx, p plan) (books.Rows, *store.Leaving, error) {
	leaving := &store.Leaving{}
	live := leaving.Note(tx.MonthRows(ctx, p.month))
	if !p.revise {
		return live, leaving, nil
	}
	stored, err := verifiedStatement(ctx, tx, p.month, p.last) // a revision of any other would pass for the closed one
	if err != nil {
		return nil, nil, err
	}
	late, err := books.Collect(live)
	if err != nil {
		return nil, nil, err
	}
	return books.Merge(stored.Rows(), late), leaving, nil
}

// spooled is a finished statement, in no table yet.
type spooled struct {
	file    *os.File
	spool   store.Spool
	header  books.Header
	leaving *store.Leaving // the rows leaving the live tables
}

func (s *spooled) close() { _ = s.file.Close() } // it has no name, so this is its end

// spool writes the transaction's rows as a statement into a nameless file.
// through reads them to their end and returns the salt of their copy.
func (c *Closer) spool(ctx context.Context, tx *store.Tx, p plan, through func(books.Rows) (books.Salt, error)) (_ *spooled, err error) {
	rows, leaving, err := c.rowsOf(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	file, err := backup.Nameless(c.SpoolDir)
	if err != nil {
		return nil, err
	}
	s := &spooled{file: file, leaving: leaving}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	writer := books.NewStatementWriter(file, p.month, p.revision())
	salt, err := through(books.Tee(rows, writer.Add))
	if err != nil {
		return nil, err
	}
	header, ends, err := writer.Finish(salt)
	if err != nil {
		return nil, backup.NoRoom(err)
	}
	s.header, s.spool = header, store.Spool{Data: file, Ends: ends, Lengths: writer.Lengths(), Payments: writer.Payments()}
	if p.revise && header.Fingerprint == p.last.Fingerprint {
		return nil, errNothingLate(p.month)
	}
	return s, nil
}

func drain(rows books.Rows) (books.Salt, error) {
	for _, err := range rows {
		if err != nil {
			return books.Salt{}, err
		}
	}
	return books.NewSalt(), nil
}

// errNothingLate: the counted late rows cannot be found when they are read, and
// never will be.
func errNothingLate(month books.Month) error {
	return books.Integrityf("index_wrong", "%s has late rows that cannot be read: an index of the database does not agree with its table", month).
		WithHint("nothing was changed; see which one with extrato doctor, and make it anew (REINDEX)")
}

// remove deletes the live rows; their number must be that of the rows read.
func remove(ctx context.Context, tx *store.Tx, month books.Month, leaving *store.Leaving) error {
	removed, err := tx.RemoveMonth(ctx, month, leaving)
	if err == nil && removed != leaving.Counts {
		err = fmt.Errorf("%d rows were deleted where %d were read", removed.Total(), leaving.Counts.Total())
	}
	return err
}

func entryFor(p plan, h books.Header, seal books.Fingerprint, proof *backup.Receipt, without error, run run, at books.Instant) books.ChainEntry {
	entry := books.ChainEntry{
		Action: books.Closed, Month: p.month, Revision: p.revision(), At: at, By: run.by, CorrelationID: run.id,
		Fingerprint: h.Fingerprint, Core: h.Core, Seal: seal, Counts: h.Counts, Totals: string(h.Totals.JSON()),
	}
	if p.revise {
		entry.Action = books.Revised
	}
	if proof != nil {
		entry.BackupFile, entry.BackupSHA256 = proof.File, proof.SHA256
	} else {
		entry.Notes = []string{unbackedNote(without)}
	}
	if p.note != "" {
		entry.Notes = append(entry.Notes, p.note)
	}
	entry.Notes = append(entry.Notes, p.others...)
	return entry
}

func unbackedNote(why error) string {
	return "closed without a backup (EXTRATO_REQUIRE_BACKUP=false): " + why.Error()
}

// sendAgain adds the hint for a transaction with unknown outcome.
func sendAgain(err error) error {
	if !errors.Is(err, store.ErrCommitUnknown) {
		return err
	}
	return books.AsError(err).WithHint("run the same command again: it does what is left to do, or says that it is done")
}
