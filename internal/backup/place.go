package backup

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"extrato/internal/books"
)

// ErrSlow refuses a place without an answer in time.
var ErrSlow = &books.Error{Kind: books.Refused, Code: "backup_slow", Message: "the place of the backups does not answer in time",
	Hint: "nothing was changed; see what is wrong with the disk or share of EXTRATO_BACKUPS, then try again"}

// Within runs fn, a call to the place, and waits for it until timeout or the
// end of ctx. It fails with ErrSlow if fn takes longer, since a hung file
// system ignores contexts; and at once, without running fn, while an earlier
// call still hangs.
func (b *Backups) Within(ctx context.Context, timeout time.Duration, fn func() error) error {
	if b.stuck.Load() > 0 {
		return ErrSlow
	}
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = fn()
	}()
	if slow := b.await(ctx, timeout, done); slow != nil {
		return slow
	}
	return err
}

// Await is Receipt with a timeout: then it fails with ErrSlow, and so does
// Within until the place answers.
func (u *Unproved) Await(ctx context.Context, timeout time.Duration) (Receipt, error) {
	if err := u.b.await(ctx, timeout, u.done); err != nil {
		return Receipt{}, err
	}
	return u.Receipt(ctx)
}

func (b *Backups) await(ctx context.Context, timeout time.Duration, done <-chan struct{}) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, ErrSlow)
	defer cancel()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	if err := context.Cause(ctx); !errors.Is(err, ErrSlow) {
		return err
	}
	b.stuck.Add(1)
	go func() {
		<-done
		b.stuck.Add(-1)
	}()
	return ErrSlow
}

// MakeFolder makes the folder of month's copies. It fails with ErrUnwritable.
func (b *Backups) MakeFolder(ctx context.Context, month books.Month) error {
	staged, err := b.Bucket.Stage(ctx, fileName(month, 1))
	if err != nil {
		return unwritable(err)
	}
	staged.Discard()
	return nil
}

// Nameless makes a file in dir ("": the system's folder) and removes its name,
// so neither a crash nor a hung process leaves it behind.
func Nameless(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, ".extrato-*.tmp")
	if err != nil {
		return nil, NoRoom(err)
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, NoRoom(err)
	}
	return file, nil
}

// NoRoom explains a failed write to a local spool file, and names its folder:
// it may be on another disk than the database.
func NoRoom(err error) error {
	folder := os.TempDir()
	var at *fs.PathError
	if errors.As(err, &at) {
		folder = filepath.Dir(at.Path)
	}
	remedy := "let extrato write %s"
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		remedy = "free some space on the disk with %s"
	case errors.Is(err, syscall.EIO):
		remedy = "see what the system says of the disk with %s"
	}
	if folder == filepath.Clean(os.TempDir()) {
		remedy += ", or set TMPDIR to another folder"
	}
	return books.Refusedf("no_space", "the statement cannot be put together in %s", folder).
		WithHint("nothing was changed; "+remedy+", then try again", folder).Because(err)
}
