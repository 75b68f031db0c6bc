//go:build !linux

package bucket

import (
	"errors"
	"os"
	"syscall"
)

func dropCache(*os.File) {}

func linksUnsupported(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported)
}

// renameNoReplace takes the name with an empty file first: only one of two
// writers goes on.
func renameNoReplace(from, to string) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return ErrExists
	}
	if err != nil {
		return err
	}
	f.Close()
	return os.Rename(from, to)
}
