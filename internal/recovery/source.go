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
	spoolDir   string
	size       int64
	entries    []books.ChainEntry
	statements map[int64]*statement  // by entry
	restored   map[int64][]books.Row // by entry: the backup's rows, of one after the copy of the studio
	copies     []copyFound
	studio     *studio
	notes      []string // what is damaged, and not needed
	problems   []problem
	step       func(string)
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
	file            string
	check           func(context.Context, *Source) error // whether another place has it whole; nil: no place can
}

// errDamaged refuses a source with problems, and names each.
func (s *Source) errDamaged() error {
	if len(s.problems) == 0 {
		return nil
	}
	var what []string
	for _, p := range s.problems[:min(len(s.problems), maxNamed)] {
		what = append(what, p.what)
	}
	if more := len(s.problems) - len(what); more > 0 {
		what = append(what, fmt.Sprintf("and %d more", more))
	}
	return books.Integrityf("source_damaged", "%s does not hold the whole studio: %s", s.from, strings.Join(what, "; ")).
		WithHint("nothing was written; %s", s.problems[0].elsewhere)
}

// maxNamed is how many problems a message names.
const maxNamed = 20

const takeElsewhere = "take the same file from another copy of the folder or name that one with --from"

// LookElsewhere looks in other places for what is damaged or missing, and lets
// Plan's error name the first place that has it whole. Places that cannot be
// read are passed over.
func (s *Source) LookElsewhere(ctx context.Context, others []bucket.Reader) {
	for i, p := range s.problems {
		for _, other := range others {
			if p.check == nil || other.String() == s.from.String() || ctx.Err() != nil || !s.holds(ctx, other, p) {
				continue
			}
			s.problems[i].what += fmt.Sprintf(" (%s has it whole)", other)
			s.problems[i].elsewhere = fmt.Sprintf("%s has %s whole: take it from there, its manifest too, or name that place: --from %s", other, p.file, other)
			break
		}
	}
}

func (s *Source) holds(ctx context.Context, other bucket.Reader, p problem) bool {
	there, err := newSource(other, Options{SpoolDir: s.spoolDir})
	if err != nil {
		return false
	}
	defer there.Close()
	return p.check(ctx, there) == nil
}

// Options say what to take of a bucket.
type Options struct {
	Studio   string        // the copy of the studio; "": the newest
	Without  []books.Month // months that come back without their statements
	SpoolDir string        // the folder for spooled statements; "": the system's
	Step     func(string)  // gets each finished step; may be nil
}

// Open reads and checks every object of a bucket. Damaged and missing objects are
// no error here: see Plan.
func Open(ctx context.Context, from bucket.Reader, o Options) (*Source, error) {
	s, err := newSource(from, o)
	if err != nil {
		return nil, err
	}
	for _, read := range []func(context.Context) error{
		s.readEntries, func(ctx context.Context) error { return s.readStudios(ctx, o.Studio) }, s.readCopies, s.makeStatements,
	} {
		if err := read(ctx); err != nil {
			s.Close()
			return nil, err
		}
	}
	s.step("source read")
	return s, nil
}

func newSource(from bucket.Reader, o Options) (*Source, error) {
	spool, err := backup.Nameless(o.SpoolDir)
	s := &Source{
		from: from, without: o.Without, spool: spool, spoolDir: o.SpoolDir, step: o.Step,
		statements: map[int64]*statement{}, restored: map[int64][]books.Row{}, backups: &backup.Backups{Bucket: bucket.ReadOnly(from)},
	}
	if s.step == nil {
		s.step = func(string) {}
	}
	return s, err
}

// Close removes the spooled statements.
func (s *Source) Close() { _ = s.spool.Close() } // it has no name

func (s *Source) missing(elsewhere, format string, args ...any) {
	s.problems = append(s.problems, problem{what: fmt.Sprintf(format, args...), elsewhere: elsewhere})
}

// missingFile notes a problem of a file that another place may have whole.
func (s *Source) missingFile(file string, check func(context.Context, *Source) error, elsewhere, format string, args ...any) {
	s.missing(elsewhere, format, args...)
	last := &s.problems[len(s.problems)-1]
	last.file, last.check = file, check
}

func (s *Source) missingEntry(seq int64, format string, args ...any) {
	check := func(ctx context.Context, there *Source) error {
		_, err := there.readEntry(ctx, seq)
		return err
	}
	s.missingFile(entryName(seq), check, takeElsewhere, format, args...)
}

// readEntries reads the chain.
func (s *Source) readEntries(ctx context.Context) error {
	names, err := s.from.List(ctx, registerFolder)
	if err != nil {
		return unreadable(s.from, err)
	}
	var numbers []int64
	for _, name := range names {
		if strings.HasSuffix(name, bucket.EncryptedSuffix) {
			return books.Invalidf("identity_needed", "%s is encrypted", s.from).WithHint("nothing was written; name the key's file: --identity FILE")
		}
		if seq, isStatement, ok := parseRegister(name); ok && !isStatement {
			numbers = append(numbers, seq)
		}
	}
	slices.Sort(numbers)
	var previous books.ChainEntry
	broken := false
	for _, seq := range numbers {
		for gap := previous.Seq + 1; gap < seq; gap++ {
			s.missingEntry(gap, "%s, entry %d of the chain, is missing", entryName(gap), gap)
			broken = true
		}
		e, err := s.readEntry(ctx, seq)
		switch {
		case err != nil && !isDamage(err):
			return unreadable(s.from, err)
		case err != nil:
			s.missingEntry(seq, "%s, entry %d of the chain, %s", entryName(seq), seq, fault(err))
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

// fault says what is wrong with an object.
func fault(err error) string {
	if errors.Is(err, bucket.ErrNotExist) && !errors.Is(err, bucket.ErrHidden) || books.AsError(err).Kind == books.NotFound {
		return "is missing"
	}
	return fmt.Sprintf("is damaged: %s", err)
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
		read, err := s.tryStudio(ctx, name, name.String() == wanted)
		switch {
		case err != nil && !isDamage(err):
			return unreadable(s.from, err)
		case err != nil && name.String() == wanted:
			other := "what was live is not elsewhere in the folder; take the file from another copy of it"
			if whole != "" {
				other = "take that file from another copy of the folder; or go back to the copy before it, losing what was entered since: --studio " + whole
			}
			check := func(ctx context.Context, there *Source) error {
				_, err := there.readStudio(ctx, name)
				return err
			}
			s.missingFile(name.String(), check, other, "%s, the copy of the live rows made %s, is damaged: %s", name, name.At.Format("2006-01-02 15:04 UTC"), err)
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
			return books.NotFoundf("no_studio", "%s has no copy of the studio %s", s.from, wanted).WithHint("see the folder %s there", backup.StudioFolder)
		}
		s.missing("is it the right folder? Single months come back with extrato backup restore MONTH", "it has no copy of the live rows (%s/)", backup.StudioFolder)
	}
	return nil
}

// tryStudio reads a copy of the studio. One that is not wanted only has to have
// the bytes that were written.
func (s *Source) tryStudio(ctx context.Context, name studioName, wanted bool) (*studio, error) {
	if wanted {
		return s.readStudio(ctx, name)
	}
	sum, err := sumOf(ctx, s.from, name.String())
	if err == nil && sum.String() != name.Sum {
		err = damaged(errors.New("its bytes are not those that were written"))
	}
	return nil, err
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
			s.missingEntry(c.Entry, "%s", lost)
		}
	}
}
