package books

import (
	"iter"
	"slices"
)

// Rows is a sequence of rows in the order of kind and id. It ends at the
// first error. The receiver owns the rows.
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

// batch is the number of rows per channel send: sending single rows would cost
// more than most of the work on them.
type batch struct {
	rows []Row
	err  error
}

const batchSize, batches = 256, 4

// Ahead reads rows in a goroutine of its own: reading and the caller's work on
// a row then share the processor's cores. The goroutine ends before the loop
// over the result does.
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
			for range ready { // until the goroutine has released its source
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

// Tee passes every row on and, in a goroutine of its own, to also. also must
// not change the row. If also fails, the sequence ends with its error. The
// goroutine ends before the loop over the result does.
func Tee(rows Rows, also func(Row) error) Rows {
	return func(yield func(Row, error) bool) {
		passing := make(chan []Row, batches)
		failed := make(chan error, 1)
		go func() {
			var err error
			for rows := range passing { // to the end, or the sender blocks
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
