//go:build !unix

package store

// FreeSpace returns the free bytes of a folder's disk; ok is false if unknown.
func FreeSpace(string) (free int64, ok bool) { return 0, false }
