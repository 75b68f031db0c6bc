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
	if err := copySame(ctx, staged, content, name, size, sum); err != nil {
		return "", err
	}
	err = staged.Commit(ctx, name)
	if !errors.Is(err, ErrExists) {
		return "", err
	}
	there, err := p.Open(ctx, name)
	if err != nil {
		return "", fmt.Errorf("compare with the object there: %w", err)
	}
	defer there.Close()
	return "", sameOrExists(ctx, there, size, sum)
}

// checkContent reads the content to its end and back to its start, and refuses
// one without this size and sum.
func checkContent(ctx context.Context, name string, content io.ReadSeeker, size int64, sum [sha256.Size]byte) error {
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := copySame(ctx, io.Discard, content, name, size, sum); err != nil {
		return err
	}
	_, err := content.Seek(0, io.SeekStart)
	return err
}

// copySame copies, and fails where the content has not this size and sum.
func copySame(ctx context.Context, to io.Writer, content io.Reader, name string, size int64, sum [sha256.Size]byte) error {
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, hash), WhileWanted(ctx, content))
	if err == nil && (n != size || !bytes.Equal(hash.Sum(nil), sum[:])) {
		err = fmt.Errorf("%s: %w", name, errChanged)
	}
	return err
}

// sameOrExists returns nil where the object there has this size and sum, and
// ErrExists where it has not.
func sameOrExists(ctx context.Context, there io.Reader, size int64, sum [sha256.Size]byte) error {
	err := copySame(ctx, io.Discard, there, "the object there", size, sum)
	if errors.Is(err, errChanged) {
		return ErrExists
	}
	return err
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

var errChanged = errors.New("its size or SHA-256 is not as announced")

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
