//go:build !linux

package doctor

// fileSystem cannot tell here.
func fileSystem(string) (kind string, isRemote bool) { return "", false }
