//go:build !unix

package doctor

// sameDisk cannot tell here.
func sameDisk(string, string) (same, known bool) { return false, false }
