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

// source says how much was read of it, and that its reader let go of it.
type source struct {
	read int
	left bool
}

// rows returns n rows, then err.
func (s *source) rows(n int, err error) books.Rows {
	return func(yield func(books.Row, error) bool) {
		defer func() { s.left = true }()
		for id := range n {
			s.read++
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
				var s source
				next := books.ID(1)
				var got error
				for row, err := range books.Ahead(s.rows(n, want)) {
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
				if int(next) != n+1 || !errors.Is(got, want) || !s.left {
					t.Errorf("%d rows of %d, error %v of %v, source left: %v", next-1, n, got, want, s.left)
				}
			})
		}
	}
}

func TestReadingAheadEndsWithItsReader(t *testing.T) {
	for _, stop := range []int{1, 255, 256, 257, 3000} {
		synctest.Test(t, func(t *testing.T) {
			var s source
			n := 0
			for _, err := range books.Ahead(s.rows(100_000, nil)) {
				if n++; n == stop || err != nil {
					break
				}
			}
			// The loop is over: a database connection may be closed now.
			if n != stop || !s.left || s.read > 50_000 {
				t.Errorf("stopped at %d of %d, after %d rows of the source, left: %v", n, stop, s.read, s.left)
			}
		})
	}
}

func TestReadingAheadTwiceReadsTwice(t *testing.T) {
	ahead := books.Ahead(new(source).rows(300, nil))
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
	var s source
	rows, err := books.Collect(s.rows(3, io.ErrUnexpectedEOF))
	if rows != nil || !errors.Is(err, io.ErrUnexpectedEOF) || !s.left {
		t.Error(rows, err, s.left)
	}
}
