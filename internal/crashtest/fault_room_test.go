//go:build linux

package crashtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

func root() error {
	if os.Geteuid() != 0 {
		return errors.New("only root can mount")
	}
	return nil
}

// fullRoom puts the studio on a tmpfs with little room left, and makes more
// after the act.
func fullRoom(tr *trial) {
	s := tr.ready.prepared.clone(tr.T)
	at := tr.TempDir()
	used := size(tr, s.dir)
	left := int64(tr.random.IntN(2 << 20))
	options := func(room int64) string { return fmt.Sprintf("size=%dk,mode=700", (used+room)>>10) }
	if err := unix.Mount("tmpfs", at, "tmpfs", 0, options(left)); err != nil {
		tr.Skipf("NO TRIAL OF %s ON THIS MACHINE: %v", tr.kind.name, err)
	}
	tr.Cleanup(func() {
		if err := unix.Unmount(at, unix.MNT_DETACH); err != nil {
			tr.Error(err)
		}
	})
	if err := os.CopyFS(at, os.DirFS(s.dir)); err != nil {
		tr.Fatal(err)
	}
	moved := s.moved(tr.T, at)
	moved.home = tr.TempDir()
	r := tr.perform(moved)
	tr.Logf("%d KB left, exit %d", left>>10, r.code)
	tr.lab.counts.add(tr, r, true)
	if err := unix.Mount("tmpfs", at, "tmpfs", unix.MS_REMOUNT, options(64<<20)); err != nil {
		tr.Fatal(err)
	}
	tr.act.check(tr, moved, r, false)
}

// size is how much room a folder's files take on a tmpfs.
func size(tr *trial, dir string) (bytes int64) {
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			bytes += (info.Size()/4096 + 1) * 4096
		}
		return err
	})
	if err != nil {
		tr.Fatal(err)
	}
	return bytes
}
