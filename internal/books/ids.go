package books

import (
	"slices"
)

// IDs are ids in ascending order, kept as runs: the first and the last of each
// stretch without a gap.
type IDs [][2]ID

// Add appends an id above all the others.
func (s *IDs) Add(id ID) {
	if n := len(*s); n > 0 && (*s)[n-1][1] == id-1 {
		(*s)[n-1][1] = id
		return
	}
	*s = append(*s, [2]ID{id, id})
}

// Has reports whether id is among them.
func (s IDs) Has(id ID) bool {
	_, found := slices.BinarySearchFunc(s, id, func(run [2]ID, id ID) int {
		switch {
		case run[1] < id:
			return -1
		case run[0] > id:
			return 1
		}
		return 0
	})
	return found
}
