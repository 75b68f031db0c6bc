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

// run is a close begun on a page. It belongs to the process, not to the
// request: closing the browser stops nothing.
type run struct {
	ID      string
	Month   books.Month
	Started time.Time
	key     string // of the form
	done    chan struct{}

	lock   sync.Mutex
	stage  closing.Stage
	result closing.Result
	err    error
}

// enter notes the next stage. A second try of the transaction goes through its
// stages again, unseen by people.
func (r *run) enter(s closing.Stage) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.stage = max(r.stage, s)
}

func (r *run) at() closing.Stage {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.stage
}

func (r *run) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// runs are the closes of this process: running ones, and those ended within
// keepRuns.
type runs struct {
	lock sync.Mutex
	all  map[string]*run
}

const keepRuns = time.Hour

// begin has a month closed, unless this process is at it already, and returns
// the run.
func (rs *runs) begin(r *run, do func(*run) (closing.Result, error)) *run {
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

// find returns a run of a month.
func (rs *runs) find(id string, month books.Month) *run {
	rs.lock.Lock()
	defer rs.lock.Unlock()
	if r := rs.all[id]; r != nil && r.Month == month {
		return r
	}
	return nil
}

// same reports whether a form with this key has closed the month as it is now:
// then a second click is no news.
func (rs *runs) same(r *run) bool {
	rs.lock.Lock()
	defer rs.lock.Unlock()
	for _, other := range rs.all {
		if other != r && other.over() && other.err == nil && other.key == r.key && other.Month == r.Month && other.result.Revision == r.result.Revision {
			return true
		}
	}
	return false
}

// Finish waits until no close begun on a page is running, at most as long as
// ctx.
func (w *Web) Finish(ctx context.Context) error {
	w.closes.lock.Lock()
	all := slices.Collect(maps.Values(w.closes.all))
	w.closes.lock.Unlock()
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

// closeIn closes a month in a run of its own.
func (v *visit) closeIn(month books.Month, force bool, key string) *run {
	r := &run{ID: books.NewCorrelationID(), Month: month, Started: v.Now(), key: key}
	return v.closes.begin(r, func(r *run) (closing.Result, error) {
		ctx, release := v.outlive()
		defer release()
		ctx = books.WithCorrelationID(ctx, r.ID)
		result, err := v.Closer.Close(ctx, month, closing.Options{Force: force, CorrelationID: r.ID, Progress: r.enter}, v.who.By)
		if errors.Is(err, books.ErrClosed) && result.Outcome == closing.AlreadyClosed {
			err = nil // closed by another, as good
		}
		return result, err
	})
}
