package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"extrato/internal/books"
	"extrato/internal/closing"
)

// run is long work begun on a page: a close, a verification, a restore. It
// belongs to the process, not to the request: closing the browser stops nothing.
type run[T any] struct {
	ID      string
	Month   books.Month // zero: all months
	Started time.Time
	key     string // of the form
	done    chan struct{}

	lock      sync.Mutex
	stage     closing.Stage
	count, of int // of equal parts, for work without stages
	result    T
	err       error
}

// enter notes the next stage. A second try of the transaction goes through its
// stages again, unseen by people.
func (r *run[T]) enter(s closing.Stage) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.stage = max(r.stage, s)
}

func (r *run[T]) at() closing.Stage {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.stage
}

func (r *run[T]) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// counted notes how many parts are done.
func (r *run[T]) counted(count, of int) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.count, r.of = count, of
}

func (r *run[T]) parts() (count, of int) {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.count, r.of
}

// runs are one kind of work of this process: running, and ended within keepRuns.
type runs[T any] struct {
	lock sync.Mutex
	all  map[string]*run[T]
}

func newRuns[T any]() *runs[T] { return &runs[T]{all: map[string]*run[T]{}} }

const keepRuns = time.Hour

// begin starts work on a month, unless this process is at it already, and
// returns the run.
func (rs *runs[T]) begin(r *run[T], do func(*run[T]) (T, error)) *run[T] {
	rs.lock.Lock()
	defer rs.lock.Unlock()
	for id, other := range rs.all {
		if other.Month == r.Month && !other.over() {
			return other
		}
		if other.over() && r.Started.Sub(other.Started) > keepRuns {
			delete(rs.all, id)
		}
	}
	r.done = make(chan struct{})
	rs.all[r.ID] = r
	go func() {
		defer close(r.done)
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("panic: %v", p)
			}
		}()
		r.result, r.err = do(r)
	}()
	return r
}

// once is begin for a form: its second sending gets the first one's run, unless
// that failed.
func (rs *runs[T]) once(r *run[T], do func(*run[T]) (T, error)) *run[T] {
	rs.lock.Lock()
	for _, other := range rs.all {
		if other.key == r.key && other.Month == r.Month && other.over() && other.err == nil {
			rs.lock.Unlock()
			return other
		}
	}
	rs.lock.Unlock()
	return rs.begin(r, do)
}

// find returns a run of a month.
func (rs *runs[T]) find(id string, month books.Month) *run[T] {
	rs.lock.Lock()
	defer rs.lock.Unlock()
	if r := rs.all[id]; r != nil && r.Month == month {
		return r
	}
	return nil
}

// sameClose reports whether a form with this key has closed the month as it is
// now: then a second click is no news.
func sameClose(rs *runs[closing.Result], r *run[closing.Result]) bool {
	rs.lock.Lock()
	defer rs.lock.Unlock()
	for _, other := range rs.all {
		if other != r && other.over() && other.err == nil && other.key == r.key && other.Month == r.Month && other.result.Revision == r.result.Revision {
			return true
		}
	}
	return false
}

// Finish waits until no close or restore begun on a page is running, at most as
// long as ctx. Other work changes nothing and may be cut off.
func (w *Web) Finish(ctx context.Context) error {
	return errors.Join(w.closes.finish(ctx), w.restores.finish(ctx))
}

func (rs *runs[T]) finish(ctx context.Context) error {
	rs.lock.Lock()
	all := slices.Collect(maps.Values(rs.all))
	rs.lock.Unlock()
	for _, r := range all {
		select {
		case <-r.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// outlive returns a context independent of the visitor; it ends with the
// process's work.
func (v *visit) outlive() (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(v.r.Context()))
	if v.Working == nil {
		return ctx, cancel
	}
	forget := context.AfterFunc(v.Working, cancel)
	return ctx, func() { forget(); cancel() }
}

// atOnce is how long an answer waits for the end of work: most has ended by
// then. The rest is shown step by step.
const atOnce = 1500 * time.Millisecond

// ended waits a moment for a run, and reports whether it is over.
func ended[T any](v *visit, r *run[T]) bool {
	wait := time.NewTimer(atOnce)
	defer wait.Stop()
	select {
	case <-r.done:
		return true
	case <-wait.C:
	case <-v.r.Context().Done():
	}
	return false
}

// closeIn closes a month in a run of its own.
func (v *visit) closeIn(month books.Month, f *form) *run[closing.Result] {
	r := &run[closing.Result]{ID: books.NewCorrelationID(), Month: month, Started: v.Now(), key: f.Key}
	o := closing.Options{Force: f.Has("atrasados"), CorrelationID: r.ID, Progress: r.enter, Answer: v.onceOnMonth(f)}
	return v.closes.begin(r, func(r *run[closing.Result]) (closing.Result, error) {
		ctx, release := v.outlive()
		defer release()
		ctx = books.WithCorrelationID(ctx, r.ID)
		result, err := v.Closer.Close(ctx, month, o, v.who.By)
		if errors.Is(err, books.ErrClosed) && result.Outcome == closing.AlreadyClosed {
			err = nil // closed by another, as good
		}
		return result, err
	})
}
