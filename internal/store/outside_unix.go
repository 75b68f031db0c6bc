//go:build unix

package store

import "golang.org/x/sys/unix"

// outsideHeap returns n bytes outside Go's heap: on the heap, a statement would
// let as much garbage grow beside it.
func outsideHeap(n int) (b []byte, free func(), err error) {
	if n == 0 {
		return nil, func() {}, nil
	}
	b, err = unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, err
	}
	return b, func() { _ = unix.Munmap(b) }, nil // unmapping Mmap's own result cannot fail
}
