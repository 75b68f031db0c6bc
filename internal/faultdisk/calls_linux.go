package faultdisk

import (
	"bytes"
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

// What the kernel calls. Each call asks first what happens to it.

func (n *node) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.attributes(&out.Attr)
	return 0
}

func (n *node) Setattr(_ context.Context, _ fusefs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	size, resized := in.GetSize()
	f := Fault{}
	if resized {
		f = n.disk.begin(Size, n.Path(nil))
	} else {
		n.disk.mu.Lock()
	}
	defer n.disk.mu.Unlock()
	if f.Errno != 0 {
		return f.Errno
	}
	if resized {
		n.change(write{at: int64(size)})
	}
	if mode, ok := in.GetMode(); ok {
		n.mode = mode & 0o7777
	}
	n.attributes(&out.Attr)
	return 0
}

func (n *node) Open(context.Context, uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	f := n.disk.begin(Open, n.Path(nil))
	defer n.disk.mu.Unlock()
	return nil, 0, f.Errno
}

func (n *node) Read(_ context.Context, _ fusefs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	f := n.disk.begin(Read, n.Path(nil))
	defer n.disk.mu.Unlock()
	if f.Errno != 0 {
		return nil, f.Errno
	}
	off = min(off, int64(len(n.data)))
	read := bytes.Clone(n.data[off:min(int64(len(n.data)), off+int64(len(dest)))])
	if f.Flip {
		flip(read)
	}
	return fuse.ReadResultData(read), 0
}

// flip changes one bit in the middle.
func flip(data []byte) {
	if len(data) > 0 {
		data[len(data)/2] ^= 4
	}
}

func (n *node) Write(_ context.Context, _ fusefs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	f := n.disk.begin(Write, n.Path(nil))
	defer n.disk.mu.Unlock()
	data = bytes.Clone(data)
	if f.Torn {
		n.change(write{off, data[:len(data)/2]})
	}
	if f.Errno != 0 {
		return 0, f.Errno
	}
	if f.Flip {
		flip(data)
	}
	n.change(write{off, data})
	return uint32(len(data)), 0
}

func (n *node) Fsync(context.Context, fusefs.FileHandle, uint32) syscall.Errno {
	kind := Sync
	if n.isDir {
		kind = SyncDir
	}
	f := n.disk.begin(kind, n.Path(nil))
	defer n.disk.mu.Unlock()
	switch {
	case f.Errno != 0:
		n.forget()
	case !f.Lie:
		n.sync()
	}
	return f.Errno
}

func (n *node) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	f := n.disk.begin(Create, n.child(name))
	defer n.disk.mu.Unlock()
	if f.Errno != 0 {
		return nil, nil, 0, f.Errno
	}
	child := n.disk.file()
	child.mode = mode & 0o7777
	n.move(move{name: child})
	child.attributes(&out.Attr)
	return n.NewPersistentInode(ctx, child, child.stable()), nil, 0, 0
}

func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	f := n.disk.begin(Mkdir, n.child(name))
	defer n.disk.mu.Unlock()
	if f.Errno != 0 {
		return nil, f.Errno
	}
	child := n.disk.folder()
	child.mode = mode & 0o7777
	n.move(move{name: child})
	child.attributes(&out.Attr)
	return n.NewPersistentInode(ctx, child, child.stable()), 0
}

func (n *node) Link(_ context.Context, target fusefs.InodeEmbedder, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	f := n.disk.begin(Link, n.child(name))
	defer n.disk.mu.Unlock()
	if f.Errno != 0 {
		return nil, f.Errno
	}
	if n.names[name] != nil {
		return nil, syscall.EEXIST
	}
	linked := target.(*node)
	n.move(move{name: linked})
	linked.attributes(&out.Attr)
	return linked.EmbeddedInode(), 0
}

func (n *node) Rename(_ context.Context, name string, parent fusefs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	to := parent.(*node)
	f := n.disk.begin(Rename, to.child(newName))
	defer n.disk.mu.Unlock()
	switch {
	case f.Errno != 0:
		return f.Errno
	case flags&unix.RENAME_EXCHANGE != 0:
		return syscall.EINVAL
	case flags&unix.RENAME_NOREPLACE != 0 && to.names[newName] != nil:
		return syscall.EEXIST
	case to == n:
		n.move(move{newName: n.names[name], name: nil})
	default:
		to.move(move{newName: n.names[name]})
		n.move(move{name: nil})
	}
	return 0
}

func (n *node) Unlink(_ context.Context, name string) syscall.Errno {
	f := n.disk.begin(Remove, n.child(name))
	defer n.disk.mu.Unlock()
	if f.Errno == 0 {
		n.move(move{name: nil})
	}
	return f.Errno
}

func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno { return n.Unlink(ctx, name) }

func (n *node) Readdir(context.Context) (fusefs.DirStream, syscall.Errno) {
	f := n.disk.begin(List, n.Path(nil))
	defer n.disk.mu.Unlock()
	var list []fuse.DirEntry
	for name, child := range n.names {
		list = append(list, fuse.DirEntry{Name: name, Mode: child.stable().Mode, Ino: child.StableAttr().Ino})
	}
	return fusefs.NewListDirStream(list), f.Errno
}

// Statfs answers that there is room.
func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	out.Bsize, out.Frsize, out.NameLen = 4096, 4096, 255
	out.Blocks, out.Bfree, out.Bavail = 1<<22, 1<<21, 1<<21
	out.Files, out.Ffree = 1<<20, 1<<19
	return 0
}
