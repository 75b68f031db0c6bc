package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// folderPlace is a folder as a Place. It has no versions and no locks.
type folderPlace struct{ *Folder }

// NewFolderPlace returns a folder as a place for copies; the folder is made
// when the first object is. warn gets messages about the place for a person; it
// may be nil.
func NewFolderPlace(root string, warn func(string)) Place {
	return folderPlace{NewFolder(root, warn)}
}

// Put copies into a temporary file and gives it the name when size and sum are
// right.
func (p folderPlace) Put(ctx context.Context, name string, content io.ReadSeeker, size int64, sum [sha256.Size]byte, _ time.Time) (string, error) {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	staged, err := p.Stage(ctx, name)
	if err != nil {
		return "", err
	}
	defer staged.Discard()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(staged, hash), contextReader{ctx, content})
	if err != nil {
		return "", err
	}
	if n != size || !bytes.Equal(hash.Sum(nil), sum[:]) {
		return "", errChanged(name)
	}
	err = staged.Commit(ctx, name)
	if errors.Is(err, ErrExists) {
		return "", sameOrExists(ctx, p, name, size, sum)
	}
	return "", err
}

// sameOrExists returns nil where the object of this name has this size and sum,
// and ErrExists where it has not.
func sameOrExists(ctx context.Context, r Reader, name string, size int64, sum [sha256.Size]byte) error {
	there, err := r.Open(ctx, name)
	if err != nil {
		return fmt.Errorf("compare with the object there: %w", err)
	}
	defer there.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, contextReader{ctx, there})
	if err != nil {
		return fmt.Errorf("compare with the object there: %w", err)
	}
	if n != size || !bytes.Equal(hash.Sum(nil), sum[:]) {
		return ErrExists
	}
	return nil
}

// OpenVersion opens the object: a folder's only version is "".
func (p folderPlace) OpenVersion(ctx context.Context, name, version string) (io.ReadCloser, error) {
	if version != "" {
		return nil, fmt.Errorf("version %q: %w", version, ErrNotExist)
	}
	return p.Open(ctx, name)
}

// Retain does nothing: a folder's owner can remove any file.
func (p folderPlace) Retain(context.Context, string, string, time.Time) error { return nil }

// Probe writes a file as Put would and removes it.
func (p folderPlace) Probe(ctx context.Context) error {
	return p.Folder.Probe(ctx, "probe")
}

// errChanged is the refusal of a content without the promised size and sum.
func errChanged(name string) error {
	return fmt.Errorf("%s changed while it was copied: its size or SHA-256 is not as announced", name)
}

// contextReader fails once its context has ended.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

var _ Place = folderPlace{}

// ReadOnly returns r as a Bucket for code that only reads: Stage and Probe
// fail.
func ReadOnly(r Reader) Bucket { return readOnly{r} }

type readOnly struct{ Reader }

func (b readOnly) Stage(context.Context, string) (Staged, error) {
	return nil, fmt.Errorf("%s is read only here: %w", b, os.ErrPermission)
}

func (b readOnly) Probe(context.Context, string) error {
	return fmt.Errorf("%s is read only here: %w", b, os.ErrPermission)
}
