package export

import "context"

// filesAtOnce is how many files are made at the same time: each takes a core, and
// the memory of a whole statement.
const filesAtOnce = 2

var turns = make(chan struct{}, filesAtOnce)

// Turn waits until a file may be made for a visitor, and returns the function to
// call when it is. It fails with ctx's error if ctx ends first.
func Turn(ctx context.Context) (end func(), err error) {
	select {
	case turns <- struct{}{}:
		return func() { <-turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
