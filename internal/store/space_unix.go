//go:build unix

package store

import "golang.org/x/sys/unix"

// FreeSpace returns the free bytes of a folder's disk; ok is false if unknown.
func FreeSpace(folder string) (free int64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true //nolint:unconvert // the types differ between systems; no disk has 8 EiB
}
