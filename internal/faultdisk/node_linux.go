package faultdisk

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// node is a file or a folder: as programs see it, as it is durable, and the
// changes in between.
type node struct {
	fusefs.Inode
	disk  *Disk
	isDir bool
	mode  uint32
	at    time.Time

	data    []byte
	durable []byte
	writes  []write

	names map[string]*node
	saved map[string]*node
	moves []move
}

// write is a piece of a file that was not synced, or its new size (data nil).
type write struct {
	at   int64
	data []byte
}

// move is a change of names that survives as a whole or not at all.
type move map[string]*node // nil: removed

func (d *Disk) file() *node { return &node{disk: d, mode: 0o600, at: time.Now()} }

func (d *Disk) folder() *node {
	return &node{disk: d, isDir: true, mode: 0o700, at: time.Now(), names: map[string]*node{}, saved: map[string]*node{}}
}

// sector is what a disk writes as a whole.
const sector = 512

func (w write) apply(data []byte) []byte {
	if w.data == nil {
		if w.at <= int64(len(data)) {
			return data[:w.at]
		}
		return append(data, make([]byte, w.at-int64(len(data)))...)
	}
	if end := w.at + int64(len(w.data)); end > int64(len(data)) {
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	copy(data[w.at:], w.data)
	return data
}

// survivingData applies the writes that are not lost, sector by sector.
func (n *node) survivingData(lost func() bool) []byte {
	if lost == nil {
		return n.data
	}
	data := bytes.Clone(n.durable)
	for _, w := range n.writes {
		if w.data == nil {
			if !lost() {
				data = w.apply(data)
			}
			continue
		}
		for at := 0; at < len(w.data); {
			end := min(len(w.data), at+sector-int((w.at+int64(at))%sector))
			if !lost() {
				data = write{w.at + int64(at), w.data[at:end]}.apply(data)
			}
			at = end
		}
	}
	return data
}

func (n *node) survivingNames(lost func() bool) map[string]*node {
	if lost == nil {
		return n.names
	}
	names := maps.Clone(n.saved)
	for _, m := range n.moves {
		if !lost() {
			m.apply(names)
		}
	}
	return names
}

func (m move) apply(names map[string]*node) {
	for name, child := range m {
		if child == nil {
			delete(names, name)
		} else {
			names[name] = child
		}
	}
}

func (n *node) move(m move) {
	m.apply(n.names)
	n.moves = append(n.moves, m)
	n.at = time.Now()
}

func (n *node) change(w write) {
	n.data = w.apply(n.data)
	n.writes = append(n.writes, w)
	n.at = time.Now()
}

func (n *node) sync() {
	if n.isDir {
		n.saved, n.moves = maps.Clone(n.names), nil
		return
	}
	for _, w := range n.writes {
		n.durable = w.apply(n.durable)
	}
	n.writes = nil
}

// forget is a failed sync: like Linux, it gives up the writes that it was for.
// They can be read, and no later sync makes them durable.
func (n *node) forget() { n.writes = nil }

func (n *node) attributes(out *fuse.Attr) {
	out.Mode, out.Size, out.Nlink = n.mode|syscall.S_IFREG, uint64(len(n.data)), 1
	if n.isDir {
		out.Mode, out.Size = n.mode|syscall.S_IFDIR, 4096
	}
	out.SetTimes(&n.at, &n.at, &n.at)
}

func (n *node) child(name string) string {
	if path := n.Path(nil); path != "" {
		return path + "/" + name
	}
	return name
}

func (n *node) stable() fusefs.StableAttr {
	if n.isDir {
		return fusefs.StableAttr{Mode: syscall.S_IFDIR}
	}
	return fusefs.StableAttr{Mode: syscall.S_IFREG}
}

// OnAdd shows what was loaded.
func (n *node) OnAdd(ctx context.Context) {
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		child := n.names[name]
		n.AddChild(name, n.NewPersistentInode(ctx, child, child.stable()), true)
	}
}
