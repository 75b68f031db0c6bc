// Package bucket keeps whole objects by name. An object appears under its
// name complete and durable, or not at all; a name is never given twice and
// nothing is ever overwritten.
package bucket

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrExists means the name is taken.
var ErrExists = errors.New("an object of this name exists")

// ErrNotExist means there is no object of this name.
var ErrNotExist = errors.New("there is no object of this name")

// ErrHidden means the object is kept, but a delete marker or a later version
// lies over its name. It is an ErrNotExist too: by its name it is not found.
var ErrHidden = fmt.Errorf("the object is hidden by a delete marker or a later version: %w", ErrNotExist)

// Reader reads objects. Names are relative paths with slashes.
type Reader interface {
	// Open reads an object from where it is kept, not from a cache. It fails
	// with ErrNotExist.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// List returns the names of the objects in a folder, sorted; none if there
	// is no such folder.
	List(ctx context.Context, folder string) ([]string, error)
	// Folders returns the names of the folders, sorted; none if there is
	// nothing yet.
	Folders(ctx context.Context) ([]string, error)
	// String names the place for people, without secrets.
	String() string
}

// Bucket is where the program writes objects first: the studio's own folder.
type Bucket interface {
	Reader
	// Stage begins an object. near is a name in the folder where it will be.
	Stage(ctx context.Context, near string) (Staged, error)
	// Probe fails where Stage could not begin an object or nothing could be
	// written into it, and leaves nothing behind, not even a folder.
	Probe(ctx context.Context, near string) error
}

// Place is where copies of whole objects go: another folder, or S3.
type Place interface {
	Reader
	// Put stores an object of size bytes with this SHA-256 and returns its
	// version there, empty in a place without versions. Where the name holds
	// exactly these bytes already, that is success; where it holds others, Put
	// fails with ErrExists; where a delete marker lies over it, Put either stores
	// the object anew or fails with ErrHidden. It never overwrites. A content that does not have
	// this size and sum is refused. retainUntil, if not zero, is the instant
	// before which the place must not let anybody remove the object; a place
	// unable to promise that keeps it all the same.
	Put(ctx context.Context, name string, content io.ReadSeeker, size int64, sum [sha256.Size]byte, retainUntil time.Time) (version string, err error)
	// OpenVersion reads the version that Put returned. It fails with
	// ErrNotExist, or with ErrHidden where the name does not lead to it.
	OpenVersion(ctx context.Context, name, version string) (io.ReadCloser, error)
	// Retain forbids the removal of a version before this instant, never
	// earlier than promised before. It does nothing in a place unable to
	// promise that.
	Retain(ctx context.Context, name, version string, until time.Time) error
	// Probe fails where Put could not store an object, or where the place would
	// overwrite one.
	Probe(ctx context.Context) error
}

// Staged is an object without a name.
type Staged interface {
	io.Writer
	// Commit makes the content durable and gives the object its name. It fails
	// with ErrExists if the name is taken; the object can then be committed
	// under another.
	Commit(ctx context.Context, name string) error
	// Discard drops the object, unless it was committed.
	Discard()
}

// WhileWanted returns a Reader that fails once ctx is over.
func WhileWanted(ctx context.Context, r io.Reader) io.Reader { return whileWanted{ctx, r} }

type whileWanted struct {
	ctx context.Context
	io.Reader
}

func (r whileWanted) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
