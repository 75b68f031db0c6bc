// Package backup writes a month's rows into files, reads them back and proves
// that they hold exactly those rows.
//
// In order: the rows are written as CSV to a spool, a local file without a
// name. A goroutine does all work on the place: it copies the spool to a file
// without a name there; makes a manifest with the file's required content
// durable; makes the file durable and gives it its name; reads the file back
// from the place, hashes it, parses it to rows, and compares it with the
// manifest. Only then is there a Receipt. A kill at any instant leaves at most
// a manifest without a file, which is no backup and no obstacle. Nothing is
// ever overwritten.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"extrato/internal/books"
	"extrato/internal/bucket"
)

// Backups writes and reads the backups in one bucket.
type Backups struct {
	Bucket   bucket.Bucket
	Now      func() time.Time
	Zone     *time.Location
	Program  string            // version, for the manifest
	SpoolDir string            // the folder of the spool; "": the system's
	Step     func(string)      // gets each finished step, from several goroutines; may be nil
	Salt     func() books.Salt // of a new copy; nil: a random one

	stuck atomic.Int32 // calls to the place still hanging after their timeout
}

// Receipt is the proof that a backup holds certain rows: its manifest, after
// the file was read back and matched.
type Receipt struct {
	Manifest
	Reused bool // an earlier copy held exactly these rows, nothing was written
}

func (b *Backups) step(name string) {
	if b.Step != nil {
		b.Step(name)
	}
}

func (b *Backups) salt() books.Salt {
	if b.Salt == nil {
		return books.NewSalt()
	}
	return b.Salt()
}

// maxCopies bounds the search for a free name.
const maxCopies = 10_000

// Probe fails as a copy would where the place cannot be written, and leaves
// nothing there.
func (b *Backups) Probe(ctx context.Context, month books.Month) error {
	err := b.Bucket.Probe(ctx, fileName(month, 1))
	if err == nil {
		_, err = b.copies(ctx, month)
	}
	if err != nil {
		return unwritable(err)
	}
	return nil
}

// Unproved is a copy in progress. Manifest describes its content; its number
// and name are known from the Receipt only.
type Unproved struct {
	Manifest
	b      *Backups
	cancel context.CancelFunc
	done   chan struct{}
	told   bool // its proof was reported
	proof  Receipt
	err    error
}

// Before is the knowledge of a month's copies before another one is made.
type Before struct {
	Taken  int      // copies up to this number were made; their names stay theirs even if they are gone
	Newest Manifest // as Newest returned it
	Only   string   // the SHA-256 of the only file that may be made; "": any
}

// ErrOther means the rows are others than those of Before.Only.
var ErrOther = errors.New("the rows are others than those backed up before")

// Newest returns the manifest of a month's newest copy, the zero Manifest if
// there is none or it is corrupt. The copy itself is not proved. It fails with
// ErrUnwritable if the place cannot be read.
func (b *Backups) Newest(ctx context.Context, month books.Month) (Manifest, error) {
	copies, err := b.copies(ctx, month)
	if err != nil {
		return Manifest{}, unwritable(err)
	}
	n := newestWhole(copies)
	if n == 0 {
		return Manifest{}, nil
	}
	m, err := b.manifest(ctx, month, n)
	var known *books.Error
	switch {
	case errors.As(err, &known) && known.Kind == books.Integrity, errors.Is(err, bucket.ErrNotExist):
		return Manifest{}, nil
	case err != nil:
		return Manifest{}, unwritable(err)
	}
	return m, nil
}

// Start reads the rows, and makes a copy of them in the background; the caller
// calls Stop in the end. Start never waits for the place. If the newest copy
// there holds the same bytes, nothing is written and that copy is proved again;
// it needs its salt in before. If earlier, optional, is a copy of the same
// bytes, Start returns it. It fails with ErrOther.
func (b *Backups) Start(ctx context.Context, month books.Month, before Before, rows books.Rows, earlier *Unproved) (*Unproved, error) {
	spool, manifest, err := b.spool(month, rows)
	if err != nil {
		return nil, err
	}
	b.step("rows spooled")
	if before.Only != "" && before.Only != manifest.SHA256 {
		_ = spool.Close()
		return nil, ErrOther
	}
	if earlier != nil && earlier.SHA256 == manifest.SHA256 {
		_ = spool.Close()
		return earlier, nil
	}
	if before.Newest.SHA256 == manifest.SHA256 {
		manifest.Salt = before.Newest.Salt
	}
	ctx, cancel := context.WithCancel(ctx)
	u := &Unproved{Manifest: manifest, b: b, cancel: cancel, done: make(chan struct{}), err: errUnfinished}
	go func() {
		defer close(u.done)
		defer spool.Close()
		u.proof, u.err = b.keep(ctx, spool, manifest, before.Taken)
	}()
	return u, nil
}

var errUnfinished = errors.New("the backup was not finished")

// keep makes a copy of the spool, and reads it back. If the newest copy holds
// the same bytes, it reads that one back instead.
func (b *Backups) keep(ctx context.Context, spool io.ReaderAt, m Manifest, taken int) (Receipt, error) {
	copies, err := b.copies(ctx, m.Month)
	if err != nil {
		return Receipt{}, unwritable(err)
	}
	if earlier, ok := b.provedAlready(ctx, newestWhole(copies), m); ok {
		return Receipt{Manifest: earlier, Reused: true}, nil
	}
	if len(copies) > 0 {
		taken = max(taken, copies[len(copies)-1].Number)
	}
	staged, err := b.Bucket.Stage(ctx, fileName(m.Month, 1))
	if err != nil {
		return Receipt{}, unwritable(err)
	}
	defer staged.Discard()
	if _, err := io.Copy(staged, bucket.WhileWanted(ctx, io.NewSectionReader(spool, 0, m.Size))); err != nil {
		return Receipt{}, unwritable(err)
	}
	b.step("backup staged")
	if m, err = b.commit(ctx, staged, m, taken); err != nil {
		return Receipt{}, err
	}
	m, err = b.readBack(ctx, m)
	return Receipt{Manifest: m}, err
}

// Receipt waits until the copy was read back, and returns the proof that it
// holds the rows, or an explaining Error. It waits no longer than ctx: a hung
// place, such as a share with its server gone, cannot be made to answer. It may
// be called again, by the same goroutine.
func (u *Unproved) Receipt(ctx context.Context) (Receipt, error) {
	select {
	case <-u.done:
	case <-ctx.Done():
		select {
		case <-u.done: // as well
		default:
			return Receipt{}, ctx.Err()
		}
	}
	if u.err != nil {
		return Receipt{}, u.err
	}
	if !u.told {
		u.told = true
		u.b.step("backup proved")
	}
	return u.proof, nil
}

// Stop cancels an unfinished copy; a file with its name stays. It does not wait
// for a hung place.
func (u *Unproved) Stop() { u.cancel() }

// spool writes the rows into a local file without a name.
func (b *Backups) spool(month books.Month, rows books.Rows) (*os.File, Manifest, error) {
	file, err := Nameless(b.SpoolDir)
	if err != nil {
		return nil, Manifest{}, err
	}
	out := &sink{to: file, hash: sha256.New()}
	found, err := writeRows(out, rows)
	if err != nil {
		_ = file.Close()
		return nil, Manifest{}, err
	}
	return file, Manifest{
		Format: manifestFormat, Month: month, SHA256: hex.EncodeToString(out.hash.Sum(nil)), Size: out.size,
		Fingerprint: found.digest.Sum(), Rows: found.rows, Sums: found.sums,
		CreatedAt: books.InstantOf(b.Now()).String(), Program: b.Program, Zone: b.Zone.String(), Salt: b.salt(),
	}, nil
}

func writeRows(out io.Writer, rows books.Rows) (*contents, error) {
	found := newContents()
	csv := newCSVWriter(out)
	for row, err := range books.Ahead(rows) {
		if err != nil {
			return nil, err
		}
		if err := found.add(row); err != nil {
			return nil, err
		}
		if err := csv.add(row); err != nil {
			return nil, NoRoom(err)
		}
	}
	if err := csv.flush(); err != nil {
		return nil, NoRoom(err)
	}
	return found, nil
}

type sink struct {
	to   io.Writer
	hash hash.Hash
	size int64
}

func (s *sink) Write(p []byte) (int, error) {
	s.hash.Write(p)
	n, err := s.to.Write(p)
	s.size += int64(n)
	return n, err
}

// commit gives manifest and file the first free names above number taken.
func (b *Backups) commit(ctx context.Context, staged bucket.Staged, m Manifest, taken int) (Manifest, error) {
	for m.Copy = taken + 1; m.Copy < maxCopies; m.Copy++ {
		m.File = fileName(m.Month, m.Copy)
		err := b.commitManifest(ctx, m.File, m.encode)
		if err == nil {
			b.step("manifest written")
			err = staged.Commit(ctx, m.File)
		}
		if errors.Is(err, bucket.ErrExists) {
			continue // another writer took this number
		}
		if err != nil {
			return m, unwritable(err)
		}
		b.step("backup named")
		return m, nil
	}
	return m, unwritable(fmt.Errorf("%s has %d copies", m.Month, maxCopies))
}

// commitManifest gives the manifest of a file its name.
func (b *Backups) commitManifest(ctx context.Context, file string, encode func() ([]byte, error)) error {
	text, err := encode()
	if err != nil {
		return err
	}
	staged, err := b.Bucket.Stage(ctx, file)
	if err != nil {
		return err
	}
	defer staged.Discard()
	if _, err := staged.Write(text); err != nil {
		return err
	}
	b.step("manifest staged")
	return staged.Commit(ctx, ManifestOf(file))
}

// ErrUnwritable is the code of every failure to write a backup.
var ErrUnwritable = &books.Error{Kind: books.Refused, Code: "backup_unwritable", Message: "the backup cannot be written"}

func unwritable(err error) error {
	var known *books.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err // the place is not to blame
	}
	hint := "the month is untouched; make the folder in EXTRATO_BACKUPS writable, and try again"
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		hint = "the month is untouched; the disk with the backups is full: free some space, and try again"
	case errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS):
		hint = "the month is untouched; this file system cannot promise that a file outlives a power cut (it refuses fsync): set EXTRATO_BACKUPS to a folder on a local disk, and try again"
	case errors.Is(err, syscall.EIO):
		hint = "the month is untouched; the disk with the backups fails: see what the system says of it, or set EXTRATO_BACKUPS to a folder on another one, and try again"
	case errors.Is(err, syscall.ENOTDIR):
		hint = "the month is untouched; a file stands where the folder should be: name a folder in EXTRATO_BACKUPS, and try again"
	case errors.Is(err, syscall.EROFS):
		hint = "the month is untouched; the disk with the backups is mounted read-only: mount it writable, and try again"
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTCONN) || errors.Is(err, syscall.ESTALE):
		hint = "the month is untouched; is the disk with the backups mounted? Then try again"
	}
	return ErrUnwritable.WithHint("%s", hint).Because(err)
}
