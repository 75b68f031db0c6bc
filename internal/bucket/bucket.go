// Package bucket keeps whole objects by name. An object appears under its
// name complete and durable, or not at all; a name is never given twice and
// nothing is ever overwritten.
package bucket

import (
	"context"
	"errors"
	"io"
)

// ErrExists means the name is taken.
var ErrExists = errors.New("an object of this name exists")

// ErrNotExist means there is no object of this name.
var ErrNotExist = errors.New("there is no object of this name")

// Bucket is a place for objects. Names are relative paths with slashes.
type Bucket interface {
	// Stage begins an object. near is a name in the folder where it will be.
	Stage(ctx context.Context, near string) (Staged, error)
	// Probe fails where Stage could not begin an object or nothing could be
	// written into it, and leaves nothing behind, not even a folder.
	Probe(ctx context.Context, near string) error
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
