package books_test

import (
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"extrato/internal/books"
)

// counted returns n rows, then err, and says when it was left.
func counted(n int, err error, left *bool) books.Rows {
	return func(yield func(books.Row, error) bool) {
		defer func() { *left = true }()
		for id := range n {
			if !yield(&books.Expense{ID: books.ID(id + 1)}, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func TestReadingAheadChangesNothing(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 512, 5000} {
		for _, want := range []error{nil, io.ErrUnexpectedEOF} {
			synctest.Test(t, func(t *testing.T) { // fails if a goroutine stays behind
				var left bool
				next := books.ID(1)
				var got error
				for row, err := range books.Ahead(counted(n, want, &left)) {
					if got != nil {
						t.Fatal("something comes after the error")
					}
					if got = err; err == nil {
						if row.Key() != next {
							t.Fatalf("row %d comes as number %d", row.Key(), next)
						}
						next++
					}
				}
				if int(next) != n+1 || !errors.Is(got, want) || !left {
					t.Errorf("%d rows of %d, error %v of %v, source left: %v", next-1, n, got, want, left)
				}
			})
		}
	}
}

func TestReadingAheadEndsWithItsReader(t *testing.T) {
	for _, stop := range []int{1, 255, 256, 257, 3000} {
		synctest.Test(t, func(t *testing.T) {
			var left bool
			n := 0
			for _, err := range books.Ahead(counted(100_000, nil, &left)) {
				if n++; n == stop || err != nil {
					break
				}
			}
			// The loop is over: a database connection may be closed now.
			if n != stop || !left {
				t.Errorf("stopped at %d of %d, source left: %v", n, stop, left)
			}
		})
	}
}

func TestReadingAheadTwiceReadsTwice(t *testing.T) {
	var left bool
	ahead := books.Ahead(counted(300, nil, &left))
	if a, b := collect(t, ahead), collect(t, ahead); len(a) != 300 || !slices.Equal(texts(a), texts(b)) {
		t.Errorf("%d rows, then %d", len(a), len(b))
	}
}

func TestSequenceSortsAndLeavesTheSliceAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := anyRows.Draw(t, "rows")
		shuffled := rapid.Permutation(rows).Draw(t, "shuffled")
		before := slices.Clone(shuffled)
		sorted, err := books.Collect(books.Sequence(shuffled))
		if err != nil || !slices.Equal(sorted, rows) || !slices.Equal(shuffled, before) {
			t.Fatalf("%q became %q", texts(shuffled), texts(sorted))
		}
	})
}

func TestCollectStopsAtTheFirstError(t *testing.T) {
	var left bool
	rows, err := books.Collect(counted(3, io.ErrUnexpectedEOF, &left))
	if rows != nil || !errors.Is(err, io.ErrUnexpectedEOF) || !left {
		t.Error(rows, err, left)
	}
}
