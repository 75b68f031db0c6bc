package bucket

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"extrato/internal/durable"
)

// Folder is a Bucket in a local folder. Files are for their owner only (0600).
type Folder struct {
	root    string
	warn    func(string)
	durable sync.Map // the folders whose own names are durable
}

// NewFolder returns a Folder; the folder is made when the first object is.
// warn gets messages about the place for a person.
func NewFolder(root string, warn func(string)) *Folder {
	if warn == nil {
		warn = func(string) {}
	}
	return &Folder{root: root, warn: warn}
}

func (f *Folder) String() string { return f.root }

func (f *Folder) path(name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("%q is no name inside the folder", name)
	}
	return filepath.Join(f.root, filepath.FromSlash(name)), nil
}

// stagedSuffix marks files without a final name.
const stagedSuffix = ".tmp"

// Stage makes a temporary file in the folder of near.
func (f *Folder) Stage(ctx context.Context, near string) (Staged, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, err := f.path(near)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(path)
	if err := durable.MakeFolder(dir); err != nil {
		return nil, err
	}
	sweep(dir)
	file, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*"+stagedSuffix) // 0600
	if err != nil {
		return nil, err
	}
	return &stagedFile{folder: f, file: file, buffer: bufio.NewWriterSize(file, 1<<20)}, nil
}

// Probe makes a temporary file where Stage would, or in the nearest existing
// folder.
func (f *Folder) Probe(ctx context.Context, near string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path, err := f.path(near)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	for !exists(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	file, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*"+stagedSuffix)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString("probe")
	return errors.Join(err, file.Sync(), file.Close(), durable.SyncFolder(dir))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// sweep removes staged files of killed processes, a day old or older.
func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && strings.HasPrefix(e.Name(), ".") && strings.HasSuffix(e.Name(), stagedSuffix) && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

type stagedFile struct {
	folder *Folder
	file   *os.File
	buffer *bufio.Writer
	synced bool
	failed error // of the first sync
	gone   bool
}

func (s *stagedFile) Write(p []byte) (int, error) { return s.buffer.Write(p) }

// Commit writes, syncs, and links the file to its name: unlike a rename, a
// link fails where the name exists. A failed sync is never tried again: the
// kernel may have dropped the unwritten pages.
func (s *stagedFile) Commit(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path, err := s.folder.path(name)
	if err != nil {
		return err
	}
	if err := s.sync(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil { // the sync took too long for the caller
		return err
	}
	err = os.Link(s.file.Name(), path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return ErrExists
	case linksUnsupported(err):
		s.folder.warn("the backup folder's file system has no hard links; files are renamed instead")
		if err := renameNoReplace(s.file.Name(), path); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	if err := s.folder.syncNames(filepath.Dir(path)); err != nil {
		return err
	}
	s.Discard()
	return nil
}

// syncNames makes the names in a folder durable, and the folder's own name: a
// process killed right after it made the folder has not.
func (f *Folder) syncNames(dir string) error {
	if err := durable.SyncFolder(dir); err != nil {
		return err
	}
	if _, known := f.durable.Load(dir); known || dir == filepath.Clean(f.root) {
		return nil
	}
	if err := durable.SyncFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	f.durable.Store(dir, true)
	return nil
}

func (s *stagedFile) sync() error {
	if !s.synced {
		s.synced = true
		s.failed = s.buffer.Flush()
		if s.failed == nil {
			s.failed = s.file.Sync()
		}
	}
	return s.failed
}

// Discard closes and removes the temporary file.
func (s *stagedFile) Discard() {
	if s.gone {
		return
	}
	s.gone = true
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}

// Open opens a file and drops it from the page cache: reads then come from the
// disk.
func (f *Folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	path, err := f.path(name)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() { // a pipe would be waited for
		return nil, ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	dropCache(file)
	return file, nil
}

// List returns the names of the files in a folder.
func (f *Folder) List(_ context.Context, folder string) ([]string, error) {
	path, err := f.path(folder)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !e.Type().IsRegular() && e.Type() != fs.ModeSymlink || strings.HasSuffix(e.Name(), stagedSuffix) {
			continue
		}
		names = append(names, strings.TrimPrefix(folder+"/"+e.Name(), "./"))
	}
	slices.Sort(names)
	return names, nil
}

// Folders returns the names of the folders.
func (f *Folder) Folders(context.Context) ([]string, error) {
	entries, err := os.ReadDir(f.root) // sorted
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Remover is a place whose objects can be removed. Thinning old copies of the
// whole database is the only caller.
type Remover interface {
	// Remove removes an object. It fails with ErrNotExist.
	Remove(ctx context.Context, name string) error
}

// Remove removes a file.
func (f *Folder) Remove(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path, err := f.path(name)
	if err != nil {
		return err
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotExist
	}
	if err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(path))
}
