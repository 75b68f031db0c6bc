//go:build !unix

package store

// FreeSpace returns the bytes that are free on a folder's disk; ok is false
// where that cannot be known.
func FreeSpace(string) (free int64, ok bool) { return 0, false }
