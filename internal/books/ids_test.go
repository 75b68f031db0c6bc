package books_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

func TestIDs_hold_what_was_added(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		added := rapid.SliceOfDistinct(rapid.Int64Range(1, 30), rapid.ID[int64]).Draw(t, "ids")
		slices.Sort(added)
		var ids books.IDs
		for _, id := range added {
			ids.Add(books.ID(id))
		}
		for id := range int64(32) {
			if ids.Has(books.ID(id)) != slices.Contains(added, id) {
				t.Fatalf("%v has %d: %v", ids, id, ids.Has(books.ID(id)))
			}
		}
		for i := range len(ids) - 1 {
			if ids[i][1]+1 >= ids[i+1][0] {
				t.Fatalf("runs %v touch", ids)
			}
		}
	})
}
