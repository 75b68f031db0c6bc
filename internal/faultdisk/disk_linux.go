package faultdisk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Kinds of calls.
const (
	Open    = "open"
	Read    = "read"
	Write   = "write"
	Size    = "truncate"
	Sync    = "sync" // of a file
	Create  = "create"
	Link    = "link"
	Rename  = "rename"
	Remove  = "remove"
	Mkdir   = "mkdir"
	List    = "list"
	SyncDir = "sync of a folder"
)

// Op is a call of the program.
type Op struct {
	Kind string
	Path string // within the disk; for a new name, that name
	N    int    // the how many-th call of all, from 1
}

// Changes reports whether the call changes the disk or makes a change durable.
func (op Op) Changes() bool { return op.Kind != Open && op.Kind != Read && op.Kind != List }

// Fault is what happens instead of the call. The zero Fault lets it through.
type Fault struct {
	Errno syscall.Errno
	Torn  bool          // of a write, half happens before Errno
	Flip  bool          // one bit of what is read or written is another
	Lie   bool          // a sync answers that it happened
	Slow  time.Duration // before the call
	Hang  bool          // no answer until Release, then Errno
	Cut   func()        // the power is cut before the call; Cut kills the program
	Kill  func()        // kills the program before the call; the disk goes on
}

// Disk is the file system.
type Disk struct {
	mu     sync.Mutex
	root   *node
	strike func(Op) Fault
	ops    int
	dark   bool // the power is cut
	over   chan struct{}
	once   sync.Once
	server *fuse.Server
}

// New returns a disk that holds a folder's files, all durable.
func New(from string) (*Disk, error) {
	d := &Disk{over: make(chan struct{}), strike: func(Op) Fault { return Fault{} }}
	d.root = d.folder()
	return d, d.load(d.root, from)
}

func (d *Disk) load(into *node, from string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(from, e.Name())
		if e.IsDir() {
			child := d.folder()
			into.names[e.Name()], into.saved[e.Name()] = child, child
			if err := d.load(child, path); err != nil {
				return err
			}
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		child := d.file()
		child.data, child.durable = slices.Clone(text), text
		into.names[e.Name()], into.saved[e.Name()] = child, child
	}
	return nil
}

// Mount shows the disk at an empty folder until Unmount. It takes root.
func (d *Disk) Mount(at string) error {
	server, err := fusefs.Mount(at, d.root, &fusefs.Options{MountOptions: fuse.MountOptions{
		DirectMountStrict: true, FsName: "faultdisk", Name: "faultdisk", MaxWrite: 1 << 17,
	}})
	d.server = server
	return err
}

// Unmount releases what hangs and ends the mount. Processes that used it must
// have ended.
func (d *Disk) Unmount() error {
	d.Release()
	var err error
	for range 100 { // a killed process lets go of its files a moment later
		if err = d.server.Unmount(); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// Release answers the calls that hang.
func (d *Disk) Release() { d.once.Do(func() { close(d.over) }) }

// Strike sets who decides about each call. It is called once at a time.
// Calls for SQLite's -shm files are not asked about: they come when the kernel
// likes.
func (d *Disk) Strike(decide func(Op) Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.strike, d.ops = decide, 0
}

// Ops is how many calls there were since Strike.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// begin asks what happens to a call. It returns with the disk locked; the
// caller unlocks it.
func (d *Disk) begin(kind, path string) Fault {
	d.mu.Lock()
	if strings.HasSuffix(path, "-shm") {
		return Fault{}
	}
	if d.dark {
		return Fault{Errno: syscall.EIO}
	}
	d.ops++
	f := d.strike(Op{Kind: kind, Path: path, N: d.ops})
	if f.Cut != nil {
		d.dark = true
		f.Cut()
		return Fault{Errno: syscall.EIO}
	}
	if f.Kill != nil {
		f.Kill()
	}
	if f.Slow > 0 || f.Hang {
		d.mu.Unlock()
		if f.Hang {
			<-d.over
		} else {
			time.Sleep(f.Slow)
		}
		d.mu.Lock()
		if d.dark {
			return Fault{Errno: syscall.EIO}
		}
	}
	return f
}

// Save writes the disk into an empty folder: as programs see it, or what
// survives a power cut. Then lost decides about each change that was not made
// durable; nil is no power cut.
func (d *Disk) Save(into string, lost func() bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.root.save(into, lost)
}

func (n *node) save(into string, lost func() bool) error {
	if err := os.MkdirAll(into, 0o700); err != nil {
		return err
	}
	for name, child := range n.survivingNames(lost) {
		path := filepath.Join(into, name)
		switch {
		case child.isDir:
			if err := child.save(path, lost); err != nil {
				return err
			}
		case !strings.HasSuffix(name, "-shm"): // SQLite makes it anew
			if err := os.WriteFile(path, child.survivingData(lost), fs.FileMode(child.mode&0o777)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Available says why a disk cannot be mounted here, or returns nil.
func Available() error {
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return errors.New("there is no /dev/fuse")
	}
	if os.Geteuid() != 0 {
		return errors.New("only root can mount")
	}
	return nil
}
