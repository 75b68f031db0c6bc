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

func TestReading_ahead_changes_nothing(t *testing.T) {
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

func TestReading_ahead_ends_with_its_reader(t *testing.T) {
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

func TestReading_ahead_twice_reads_twice(t *testing.T) {
	ahead := books.Ahead(new(source).rows(300, nil))
	if a, b := collect(t, ahead), collect(t, ahead); len(a) != 300 || !slices.Equal(texts(a), texts(b)) {
		t.Errorf("%d rows, then %d", len(a), len(b))
	}
}

func TestTee_gives_both_every_row(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 5000} {
		for _, want := range []error{nil, io.ErrUnexpectedEOF} {
			synctest.Test(t, func(t *testing.T) { // fails if a goroutine stays behind
				var s source
				var also []books.Row
				rows, err := books.Collect(books.Tee(s.rows(n, want), func(row books.Row) error {
					also = append(also, row)
					return nil
				}))
				if !errors.Is(err, want) || !s.left {
					t.Errorf("error %v of %v, source left: %v", err, want, s.left)
				}
				if want == nil && (len(rows) != n || !slices.Equal(rows, also)) {
					t.Errorf("of %d rows, one got %d and the other %d", n, len(rows), len(also))
				}
			})
		}
	}
}

func TestTee_ends_with_the_error_of_the_second_reader(t *testing.T) {
	for _, n := range []int{1, 256, 5000} {
		synctest.Test(t, func(t *testing.T) {
			var s source
			calls := 0
			_, err := books.Collect(books.Tee(s.rows(n, nil), func(books.Row) error {
				calls++
				return io.ErrShortWrite
			}))
			if !errors.Is(err, io.ErrShortWrite) || calls != 1 || !s.left {
				t.Errorf("error %v after %d calls, source left: %v", err, calls, s.left)
			}
		})
	}
}

func TestTee_ends_with_its_reader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s source
		for _, err := range books.Tee(s.rows(5000, nil), func(books.Row) error { return nil }) {
			if s.read == 300 || err != nil {
				break
			}
		}
		if s.read != 300 || !s.left {
			t.Errorf("%d rows were read, source left: %v", s.read, s.left)
		}
	})
}

func TestSequence_sorts_and_leaves_the_slice_alone(t *testing.T) {
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

func TestCollect_stops_at_the_first_error(t *testing.T) {
	var s source
	rows, err := books.Collect(s.rows(3, io.ErrUnexpectedEOF))
	if rows != nil || !errors.Is(err, io.ErrUnexpectedEOF) || !s.left {
		t.Error(rows, err, s.left)
	}
}
