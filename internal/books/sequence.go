package books

import (
	"iter"
	"slices"
)

// Rows is a sequence of rows in the order of kind and id. It ends at the
// first error. Rows that were handed out belong to the receiver.
type Rows = iter.Seq2[Row, error]

// Collect reads all rows into memory.
func Collect(rows Rows) ([]Row, error) {
	var all []Row
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}

// Sequence returns the rows of a slice, sorted by kind and id.
func Sequence(rows []Row) Rows {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, Compare)
	return func(yield func(Row, error) bool) {
		for _, r := range sorted {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Compare orders rows by kind and id.
func Compare(a, b Row) int {
	if a.Kind() != b.Kind() {
		return int(a.Kind()) - int(b.Kind())
	}
	return int(a.Key() - b.Key())
}

// batch is what goroutines hand each other: a row at a time would cost more
// than most of what is done with it.
type batch struct {
	rows []Row
	err  error
}

const batchSize, batches = 256, 4

// Ahead reads rows in a goroutine of its own, so that reading and whatever
// the caller does with a row share the processor's cores. The goroutine ends
// before the loop over the result does.
func Ahead(rows Rows) Rows {
	return func(yield func(Row, error) bool) {
		ready := make(chan batch, batches)
		stop := make(chan struct{})
		send := func(b batch) bool {
			select {
			case ready <- b:
				return true
			case <-stop:
				return false
			}
		}
		go func() {
			defer close(ready)
			b := batch{rows: make([]Row, 0, batchSize)}
			for row, err := range rows {
				if err != nil {
					b.err = err
					break
				}
				b.rows = append(b.rows, row)
				if len(b.rows) == batchSize {
					if !send(b) {
						return
					}
					b = batch{rows: make([]Row, 0, batchSize)}
				}
			}
			send(b)
		}()
		defer func() {
			close(stop)
			for range ready { // until the goroutine has let go of what it reads from
			}
		}()
		for b := range ready {
			for _, row := range b.rows {
				if !yield(row, nil) {
					return
				}
			}
			if b.err != nil {
				yield(nil, b.err)
				return
			}
		}
	}
}

// Tee hands every row on and, in a goroutine of its own, to also, which must
// only read it. If also fails, the sequence ends with its error. The goroutine ends before the loop over the
// result does.
func Tee(rows Rows, also func(Row) error) Rows {
	return func(yield func(Row, error) bool) {
		passing := make(chan []Row, batches)
		failed := make(chan error, 1)
		go func() {
			var err error
			for rows := range passing { // to the end, so that nobody waits for it
				for i := 0; i < len(rows) && err == nil; i++ {
					err = also(rows[i])
				}
			}
			failed <- err
		}()
		whole := teeTo(passing, rows, yield)
		if err := <-failed; err != nil && whole {
			yield(nil, err)
		}
	}
}

// teeTo closes passing, and reports whether the sequence came to its end
// without an error.
func teeTo(passing chan<- []Row, rows Rows, yield func(Row, error) bool) bool {
	defer close(passing)
	b := make([]Row, 0, batchSize)
	for row, err := range rows {
		if !yield(row, err) || err != nil {
			return false
		}
		if b = append(b, row); len(b) == batchSize {
			passing <- b
			b = make([]Row, 0, batchSize)
		}
	}
	passing <- b
	return true
}
