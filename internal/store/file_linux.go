package store

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// serveByte is the byte of SQLite's file locked by a server, far from the bytes
// SQLite itself locks.
const serveByte = 1 << 40

// lockServing locks the file itself, so another name or another mount of it
// does not help. The lock belongs to the open file, not to the process:
// SQLite's own locks stay apart, as long as the file is closed after SQLite's.
func lockServing(path string) (unlock func(), mine bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, false, err
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: serveByte, Len: 1}
	err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock)
	if err == nil {
		return func() { f.Close() }, true, nil
	}
	f.Close()
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return nil, false, nil
	}
	return nil, false, err
}

func linksOf(path string) uint64 {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return uint64(info.Sys().(*syscall.Stat_t).Nlink) //nolint:unconvert // it is 32 bits on some machines
}

// mountedAlone reports whether something is mounted on the file itself.
func mountedAlone(path string) bool {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 4 && mountPoint.Replace(fields[4]) == path {
			return true
		}
	}
	return false
}

// mountPoint undoes how the kernel writes names.
var mountPoint = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// mayWrite fails if this process may not write a file. Opened and closed, the
// file would lose SQLite's locks on it.
func mayWrite(path string) error { return unix.Access(path, unix.W_OK) }
