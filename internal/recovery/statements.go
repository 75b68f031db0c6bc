package recovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/store"
)

// readCopies proves the backups on which no statement rests: those are read
// when it is made again.
func (s *Source) readCopies(ctx context.Context) error {
	rests := map[string]bool{}
	for _, e := range s.entries {
		rests[e.BackupFile] = e.HasStatement() || rests[e.BackupFile]
	}
	months, err := s.backups.Months(ctx)
	if err != nil {
		return unreadable(s.from, err)
	}
	for _, month := range months {
		copies, err := s.backups.Copies(ctx, month)
		if err != nil {
			return unreadable(s.from, err)
		}
		for _, c := range copies {
			if rests[c.File] || !c.HasFile || !c.Manifest {
				continue
			}
			found, err := s.backups.Check(ctx, c, true)
			if err != nil {
				return unreadable(s.from, err)
			}
			if found.State != backup.OK {
				s.notes = append(s.notes, fmt.Sprintf("%s is %s, and was not needed: %s", c.File, found.State, found.Reason))
				continue
			}
			s.copies = append(s.copies, copyFound{found.Manifest, found.State, ""})
		}
	}
	return nil
}

// makeStatements makes each statement again, and compares it with its entry.
func (s *Source) makeStatements(ctx context.Context) error {
	since := int64(math.MaxInt64)
	if s.studio != nil {
		since = s.studio.Entry
	}
	for i, e := range s.entries {
		var made *statement
		var err error
		switch {
		case isAlone(e):
			made, err = s.readStatement(ctx, e)
		case e.HasStatement():
			// Its rows come back with a reopening after the copy of the studio.
			later := slices.ContainsFunc(s.entries[i:], func(l books.ChainEntry) bool { return l.Month == e.Month && l.Seq > since })
			made, err = s.makeStatement(ctx, e, later)
		case e.Action == books.Restored && e.Seq > since:
			s.restored[e.Seq], err = s.restoredRows(ctx, e)
		default:
			continue
		}
		switch {
		case err == nil && made != nil:
			s.statements[e.Seq] = made
		case err == nil:
		case isDamage(err) && slices.Contains(s.without, e.Month):
			s.notes = append(s.notes, fmt.Sprintf("revision %d of %s comes back without its statement: %s is damaged or missing", e.Revision, e.Month, sourceOf(e)))
		case isDamage(err):
			s.missingFile(sourceOf(e), func(ctx context.Context, there *Source) error { return there.tryStatement(ctx, e) }, s.holders(e),
				"%s, revision %d of %s, %s", sourceOf(e), e.Revision, e.Month, fault(err))
		default:
			return unreadable(s.from, err)
		}
	}
	return nil
}

// tryStatement fails unless this place has what an entry needs, whole.
func (s *Source) tryStatement(ctx context.Context, e books.ChainEntry) (err error) {
	switch {
	case isAlone(e):
		_, err = s.readStatement(ctx, e)
	case e.HasStatement():
		_, err = s.makeStatement(ctx, e, false)
	default:
		_, err = s.restoredRows(ctx, e)
	}
	return err
}

func (s *Source) restoredRows(ctx context.Context, e books.ChainEntry) ([]books.Row, error) {
	c, err := backup.ParseFile(e.BackupFile)
	if err != nil {
		return nil, damaged(err)
	}
	_, rows, err := s.backups.Rows(ctx, c)
	return rows, err
}

func sourceOf(e books.ChainEntry) string {
	if isAlone(e) {
		return statementName(e.Seq)
	}
	return e.BackupFile
}

// holders says what else may hold a statement's rows.
func (s *Source) holders(e books.ChainEntry) string {
	for _, c := range s.copies {
		if c.Month == e.Month {
			return fmt.Sprintf("%s; %s holds rows of %s as well", takeElsewhere, c.File, e.Month)
		}
	}
	return takeElsewhere + "; the whole copies in inteiro/ made after that closing hold its rows as well"
}

// readStatement reads a statement that no backup holds.
func (s *Source) readStatement(ctx context.Context, e books.ChainEntry) (*statement, error) {
	text, err := readAll(ctx, s.from, statementName(e.Seq))
	if err != nil {
		return nil, err
	}
	stored, err := decodeStatement(text, e)
	if err != nil {
		return nil, damaged(err)
	}
	made := &statement{stored: stored, days: stored.DaySums(), revision: e.Revision, highest: books.Highest{}}
	for row, err := range stored.Rows() {
		if err != nil {
			break // one of v4's may be broken: it was kept as it was
		}
		made.note(row, e.Action != books.Adopted)
	}
	return made, nil
}

// note keeps what others need to know of a row.
func (m *statement) note(row books.Row, keep bool) {
	m.highest.Add(row)
	if keep {
		m.rows = append(m.rows, row)
	}
}

// makeStatement makes a statement again from its backup.
func (s *Source) makeStatement(ctx context.Context, e books.ChainEntry, keep bool) (*statement, error) {
	c, err := backup.ParseFile(e.BackupFile)
	if err != nil {
		return nil, damaged(err)
	}
	made := &statement{revision: e.Revision, highest: books.Highest{}}
	start := s.size
	out := io.NewOffsetWriter(s.spool, start)
	w := books.NewStatementWriter(out, e.Month, e.Revision)
	var failed error
	m, err := s.backups.Read(ctx, c, func(row books.Row) {
		if failed == nil {
			failed = w.Add(row)
		}
		if row.Kind() != books.StayingKind {
			made.note(row, keep)
		} else {
			made.highest.Add(row)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case failed != nil:
		return nil, failed
	case m.SHA256 != e.BackupSHA256:
		return nil, damaged(errors.New("it is not the file that the chain's entry names"))
	}
	header, ends, err := w.Finish(m.Salt)
	if err != nil {
		return nil, backup.NoRoom(err)
	}
	s.size += ends[books.PartCount-1]
	made.days = header.Days
	made.spool = store.Spool{Data: io.NewSectionReader(s.spool, start, s.size-start), Ends: ends, Lengths: w.Lengths(), Payments: w.Payments()}
	sealer := books.NewSealer(made.spool.Lengths)
	if _, err := io.Copy(sealer, io.NewSectionReader(s.spool, start, s.size-start)); err != nil {
		return nil, err
	}
	if header.Fingerprint != e.Fingerprint || header.Counts != e.Counts || sealer.Sum() != e.Seal {
		return nil, damaged(errors.New("it does not give the statement that the chain's entry seals"))
	}
	s.copies = append(s.copies, copyFound{m, backup.OK, ""})
	return made, nil
}
