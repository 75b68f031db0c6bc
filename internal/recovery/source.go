package recovery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"extrato/internal/backup"
	"extrato/internal/books"
	"extrato/internal/bucket"
	"extrato/internal/store"
)

// Source is everything in a bucket that makes a database again, checked. Close
// it.
type Source struct {
	from       bucket.Reader
	without    []books.Month
	backups    *backup.Backups
	spool      *os.File // the statements, one after the other
	size       int64
	entries    []books.ChainEntry
	statements map[int64]*statement  // by entry
	restored   map[int64][]books.Row // by entry: the backup's rows, of one after the copy of the studio
	copies     []copyFound
	studio     *studio
	notes      []string // what is damaged, and not needed
	problems   []problem
}

// statement is a statement made again.
type statement struct {
	stored   books.Stored // only of one that no backup holds
	spool    store.Spool
	days     []books.DaySum
	revision int
	rows     []books.Row // of those closed after the copy of the studio was made
	highest  books.Highest
}

// copyFound is a backup that was read back.
type copyFound struct {
	backup.Manifest
	state  backup.State
	reason string
}

// problem is something damaged or missing, without which the studio is not
// whole.
type problem struct {
	what, elsewhere string
}

// errDamaged refuses a source with problems, and names each.
func (s *Source) errDamaged() error {
	if len(s.problems) == 0 {
		return nil
	}
	var what []string
	for _, p := range s.problems {
		what = append(what, p.what)
	}
	return books.Integrityf("source_damaged", "%s does not hold the whole studio: %s", s.from, strings.Join(what, "; ")).
		WithHint("nothing was written; %s", s.problems[0].elsewhere)
}

const takeElsewhere = "take the same file from another copy of the folder or name that one with --from"

// Options say what to take of a bucket.
type Options struct {
	Studio   string        // the copy of the studio; "": the newest
	Without  []books.Month // months that come back without their statements
	SpoolDir string        // the folder for spooled statements; "": the system's
}

// Open reads and checks every object of a bucket. Damaged and missing objects are
// no error here: see Plan.
func Open(ctx context.Context, from bucket.Reader, o Options) (*Source, error) {
	spool, err := backup.Nameless(o.SpoolDir)
	if err != nil {
		return nil, err
	}
	s := &Source{from: from, without: o.Without, spool: spool, statements: map[int64]*statement{}, restored: map[int64][]books.Row{}, backups: &backup.Backups{Bucket: bucket.ReadOnly(from)}}
	for _, read := range []func(context.Context) error{
		s.readEntries, func(ctx context.Context) error { return s.readStudios(ctx, o.Studio) }, s.readCopies, s.makeStatements,
	} {
		if err := read(ctx); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Close removes the spooled statements.
func (s *Source) Close() { _ = s.spool.Close() } // it has no name

func (s *Source) missing(elsewhere, format string, args ...any) {
	s.problems = append(s.problems, problem{fmt.Sprintf(format, args...), elsewhere})
}

// readEntries reads the chain.
func (s *Source) readEntries(ctx context.Context) error {
	names, err := s.from.List(ctx, registerFolder)
	if err != nil {
		return unreadable(s.from, err)
	}
	var numbers []int64
	for _, name := range names {
		if seq, isStatement, ok := parseRegister(name); ok && !isStatement {
			numbers = append(numbers, seq)
		}
	}
	slices.Sort(numbers)
	var previous books.ChainEntry
	broken := false
	for _, seq := range numbers {
		for gap := previous.Seq + 1; gap < seq; gap++ {
			s.missing(takeElsewhere, "%s, entry %d of the chain, is missing", entryName(gap), gap)
			broken = true
		}
		e, err := s.readEntry(ctx, seq)
		switch {
		case err != nil && !isDamage(err):
			return unreadable(s.from, err)
		case err != nil:
			s.missing(takeElsewhere, "%s, entry %d of the chain, is damaged: %s", entryName(seq), seq, err)
			e, broken = books.ChainEntry{Seq: seq}, true
		case !broken && !e.Follows(previous):
			s.missing("two studios' files may be mixed in the folder; "+takeElsewhere, "%s does not follow the entry before it", entryName(seq))
			broken = true
		default:
			s.entries = append(s.entries, e)
		}
		previous = e
	}
	return nil
}

func (s *Source) readEntry(ctx context.Context, seq int64) (books.ChainEntry, error) {
	text, err := readAll(ctx, s.from, entryName(seq))
	if err != nil {
		return books.ChainEntry{}, err
	}
	e, err := decodeEntry(text)
	if err == nil && e.Seq != seq {
		err = fmt.Errorf("it is entry %d", e.Seq)
	}
	return e, damaged(err)
}

// damaged blames an object's content.
func damaged(err error) error {
	if err == nil {
		return nil
	}
	return books.Integrityf("object_damaged", "%s", err)
}

// isDamage reports whether an object is damaged or missing, and not the place
// to blame.
func isDamage(err error) bool {
	var e *books.Error
	return errors.Is(err, bucket.ErrNotExist) || errors.As(err, &e) && (e.Kind == books.Integrity || e.Kind == books.NotFound || e.Code == backup.OfV4)
}

func unreadable(from bucket.Reader, err error) error {
	var known *books.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return books.Refusedf("backups_unreadable", "%s cannot be read", from).WithHint("let extrato read it, or name another with --from; nothing was written").Because(err)
}

// readStudios reads the wanted copy of the studio, and checks the others.
func (s *Source) readStudios(ctx context.Context, wanted string) error {
	names, err := studioNames(ctx, s.from)
	if err != nil {
		return unreadable(s.from, err)
	}
	if wanted == "" && len(names) > 0 {
		wanted = names[len(names)-1].String()
	}
	whole := "" // the newest whole one before a damaged one
	for _, name := range names {
		read, err := s.readStudio(ctx, name)
		switch {
		case err != nil && !isDamage(err):
			return unreadable(s.from, err)
		case err != nil && name.String() == wanted:
			other := "what was live is not elsewhere in the folder; take the file from another copy of it"
			if whole != "" {
				other = "take that file from another copy of the folder; or go back to the copy before it, losing what was entered since: --studio " + whole
			}
			s.missing(other, "%s, the copy of the live rows made %s, is damaged: %s", name, name.At.Format("2006-01-02 15:04 UTC"), err)
		case err != nil:
			s.notes = append(s.notes, fmt.Sprintf("%s is damaged, and was not needed: %s", name, err))
		default:
			whole = name.String()
			if name.String() == wanted {
				s.checkHead(read)
				s.studio = read
			}
		}
	}
	if s.studio == nil && len(s.problems) == 0 {
		if wanted != "" {
			return books.NotFoundf("no_studio", "%s has no copy of the studio %s", s.from, wanted).WithHint("see the folder %s there", studioFolder)
		}
		s.missing("is it the right folder? Single months come back with extrato backup restore MONTH", "it has no copy of the live rows (%s/)", studioFolder)
	}
	return nil
}

func (s *Source) readStudio(ctx context.Context, name studioName) (*studio, error) {
	in, err := s.from.Open(ctx, name.String())
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return readStudio(name, in)
}

// checkHead compares a studio's copy with the chain: it was made after an
// entry that has to be there.
func (s *Source) checkHead(c *studio) {
	if c.Entry == 0 {
		return
	}
	i := slices.IndexFunc(s.entries, func(e books.ChainEntry) bool { return e.Seq == c.Entry })
	switch {
	case i >= 0 && s.entries[i].Hash != c.Head:
		s.missing("two studios' files may be mixed in the folder; "+takeElsewhere, "%s was made after another entry %d of the chain", c.Name, c.Entry)
	case i < 0 && (len(s.entries) == 0 || s.entries[len(s.entries)-1].Seq < c.Entry):
		lost := fmt.Sprintf("%s, entry %d of the chain, is missing: %s was made after it", entryName(c.Entry), c.Entry, c.Name)
		if !slices.ContainsFunc(s.problems, func(p problem) bool { return p.what == lost }) {
			s.missing(takeElsewhere, "%s", lost)
		}
	}
}
