//go:build !linux

package store

import (
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// lockServing locks a file beside SQLite's.
func lockServing(path string) (unlock func(), mine bool, err error) {
	lock := flock.New(path+".serve-lock", flock.SetPermissions(0o600))
	mine, err = lock.TryLock()
	return func() { _ = lock.Unlock() }, mine, err
}

func linksOf(string) uint64 { return 1 }

func mountedAlone(string) bool { return false }

// mayWrite fails if a file's mode forbids writing it.
func mayWrite(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o200 == 0 {
		err = fs.ErrPermission
	}
	return err
}
