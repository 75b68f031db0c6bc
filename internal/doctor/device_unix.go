//go:build unix

package doctor

import "golang.org/x/sys/unix"

// sameDisk reports whether two folders are on one disk; known is false if
// unknown.
func sameDisk(a, b string) (same, known bool) {
	var x, y unix.Stat_t
	if unix.Stat(a, &x) != nil || unix.Stat(b, &y) != nil {
		return false, false
	}
	return x.Dev == y.Dev, true
}
